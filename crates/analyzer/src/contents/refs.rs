//! Who holds a pointer to a block, or into it: level by level, up to a module's data, a thread's stack, or a class.
//!
//! What proves it: a word, on a pointer's boundary, whose value lies in the block.
//! What fools it: a number may look like an address, the more likely the fuller a 32-bit address space is; what was freed
//! still points; a pointer into a block from itself is left out.

use std::collections::HashSet;

use dumplens_core::process::heap::{BlockReader, BlockState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes;
use super::lookup::Lookup;
use super::pointers::{Wanted, pointers};
use crate::process::Process;
use crate::process::module_names::module_name;
use crate::space::{Hex, Owner, Usage, words};

/// Levels that are followed.
const LEVELS: u64 = 3;
words! {
    /// Where a pointer lies.
    pub enum HolderKind {
        /// Data of a module: a global variable, as a rule.
        Module = "module",
        /// A thread's stack.
        Stack = "stack",
        /// A block of a heap that is in use.
        Block = "block",
        /// A block of a heap that nobody has any more.
        FreeBlock = "free_block",
        /// Any other private memory.
        Memory = "memory",
    }
}

/// Who points at a block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RefsReport {
    /// The address that was asked about.
    pub address: Hex,
    /// The block or allocation that holds it.
    pub target: Target,
    /// The pointers, level by level, those of each in order of address.
    pub holders: Vec<Holder>,
    /// Pointers of all levels that are left out.
    pub left_out: u64,
}

/// What pointers are looked for to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// First address.
    pub base: Hex,
    /// Bytes.
    pub size_bytes: u64,
    /// Whether it is a block of a heap; else an allocation.
    pub is_block: bool,
}

/// A pointer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// 1 for those that point to the block itself, 2 for those that point to one of these, and so on.
    pub level: u64,
    /// Where the pointer lies.
    pub at: Hex,
    /// What it points to.
    pub to: Hex,
    /// What lies there.
    pub kind: HolderKind,
    /// In words: module and offset, the thread, or the block with its class.
    pub place: String,
}

/// Looks for who points to the block, or into the allocation, that holds an address. `None` where the map shows no memory
/// there.
pub fn refs(process: &Process<'_>, address: u64) -> Option<RefsReport> {
    all(process, &[address]).pop()?
}

/// The same for several addresses, whose levels are looked for together.
fn all(process: &Process<'_>, addresses: &[u64]) -> Vec<Option<RefsReport>> {
    let memory = process.dump.memory().unnoted();
    let search = Search {
        process,
        lookup: Lookup::new(&process.space),
        reader: BlockReader::new(memory, &process.heaps.list),
    };
    let mut reports: Vec<Option<RefsReport>> = addresses.iter().map(|at| search.start(*at)).collect();
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut known: HashSet<(usize, u64)> = HashSet::new();
    for (asked, report) in reports.iter().enumerate() {
        let Some(RefsReport { target, .. }) = report else { continue };
        known.insert((asked, target.base.0));
        wanted.push(Wanted {
            base: target.base.0,
            end: target.base.0.saturating_add(target.size_bytes),
            asked,
        });
    }
    for level in 1..=LEVELS {
        if wanted.is_empty() {
            break;
        }
        let mut found = pointers(process, &mut wanted, addresses.len()).into_iter();
        wanted.clear();
        for (asked, report) in reports.iter_mut().enumerate() {
            let (Some(report), Some(found)) = (report, found.next()) else { continue };
            report.left_out += found.more;
            for (at, to) in found.list {
                let (kind, place, around) = search.place(at);
                report.holders.push(Holder { level, at: at.into(), to: to.into(), kind, place });
                if let Some((base, size)) = around.filter(|(base, _)| known.insert((asked, *base))) {
                    wanted.push(Wanted { base, end: base.saturating_add(size), asked });
                }
            }
        }
    }
    reports
}

/// Who holds what begins at each of these addresses, as [`holder`] tells it.
pub(super) fn holders(process: &Process<'_>, addresses: &[u64]) -> Vec<Option<String>> {
    all(process, addresses).iter().map(|found| holder(found.as_ref()?)).collect()
}

/// Who holds what was asked for, as far as the first bytes of it are pointed to: data of a module if that is at the end of
/// the way, else a stack. A pointer farther in may be a number that looks like one.
fn holder(found: &RefsReport) -> Option<String> {
    /// Bytes of headers before what the program was given.
    const HEADER: u64 = 0x60;
    let begins = |to: u64, base: u64| to.wrapping_sub(base) <= HEADER;
    let direct = |holder: &&Holder| holder.level == 1 && begins(holder.to.0, found.target.base.0);
    let first: Vec<&Holder> = found.holders.iter().filter(direct).collect();
    let module = |of: &[&Holder]| {
        of.iter().find(|holder| holder.kind == HolderKind::Module).map(|of| of.place.clone())
    };
    module(&first)
        .or_else(|| {
            // Through blocks that hold it: the words before their own offset are the block's place.
            let through = first.iter().any(|holder| holder.kind == HolderKind::Block);
            let next: Vec<&Holder> = found.holders.iter().filter(|holder| holder.level > 1).collect();
            module(&next).filter(|_| through)
        })
        .or_else(|| first.iter().find(|holder| holder.kind == HolderKind::Stack).map(|of| of.place.clone()))
}

fn allocation(process: &Process<'_>, base: u64) -> Target {
    let regions = (process.space.regions.first_behind(base)..).map_while(|n| process.space.regions.get(n));
    let of = regions.take_while(|region| region.allocation_base == base && !region.state.is_free());
    let end = of.last().and_then(|region| region.end()).unwrap_or(base);
    Target { base: base.into(), size_bytes: end.saturating_sub(base), is_block: false }
}

struct Search<'p, 'd> {
    process: &'p Process<'d>,
    lookup: Lookup,
    reader: BlockReader<'d, 'p>,
}

impl Search<'_, '_> {
    /// The block in use that holds an address.
    fn block(&self, address: u64) -> Option<(u64, u64)> {
        let block = self.reader.at(address).filter(|block| block.state == BlockState::Busy)?;
        Some((block.address, block.size))
    }

    /// The report before anything was looked for.
    fn start(&self, address: u64) -> Option<RefsReport> {
        let region = self.process.space.region_at(address).filter(|region| !region.state.is_free())?;
        let target = self.block(address).map_or_else(
            || allocation(self.process, region.allocation_base),
            |(base, size)| Target { base: base.into(), size_bytes: size, is_block: true },
        );
        Some(RefsReport { address: address.into(), target, holders: Vec::new(), left_out: 0 })
    }

    /// What lies at an address; where a block does, its extent.
    fn place(&self, at: u64) -> (HolderKind, String, Option<(u64, u64)>) {
        let process = self.process;
        if let Some(index) = process.module_at(at) {
            let module = &process.modules[index];
            let place = format!("{}+{:#x}", module_name(&module.name), at - module.base);
            return (HolderKind::Module, place, None);
        }
        let span = process.space.span_at(at).copied();
        if let Some((Owner::Thread(index), Usage::Stack(_))) = span.map(|span| (span.owner, span.usage)) {
            return (
                HolderKind::Stack,
                format!("stack of thread {index} ({:x})", process.threads[index].id),
                None,
            );
        }
        let Some(block) = self.reader.at(at) else { return (HolderKind::Memory, self.elsewhere(at), None) };
        match block.state {
            BlockState::Busy => {
                let width = process.dump.width();
                let first = process.dump.memory().unnoted().pointer(block.address, width).ok();
                let class = first.filter(|word| self.lookup.is_constant(*word));
                let class = class.and_then(|word| classes::name(process, &self.lookup, word));
                let of = class.map(|name| format!(" of {name}")).unwrap_or_default();
                let place = format!(
                    "block {:#x}+{:#x}, {} bytes{of}",
                    block.address,
                    at.wrapping_sub(block.address),
                    block.size
                );
                (HolderKind::Block, place, Some((block.address, block.size)))
            }
            BlockState::Free => (HolderKind::FreeBlock, format!("free block {:#x}", block.address), None),
            BlockState::Internal => (HolderKind::Memory, self.elsewhere(at), None),
        }
    }

    fn elsewhere(&self, at: u64) -> String {
        let base = self.process.space.region_at(at).map_or(at, |region| region.allocation_base);
        format!("allocation {base:#x}+{:#x}", at.wrapping_sub(base))
    }
}
