//! Who holds a pointer to a block, or into it: level by level, up to a module's data, a thread's stack, or a class.
//!
//! What proves it: a word, on a pointer's boundary, whose value lies in the block.
//! What fools it: a number may look like an address, the more likely the fuller a 32-bit address space is; what was freed
//! still points; a pointer into a block from itself is left out.

use std::collections::HashSet;

use dumplens_core::process::heap::{BlockReader, BlockState};
use dumplens_core::{Memory, Width};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::classes;
use super::ledger::charged;
use super::lookup::Lookup;
use super::plan;
use crate::process::Process;
use crate::process::module_names::module_name;
use crate::space::{Hex, Owner, Usage, words};

/// Levels that are followed.
const LEVELS: u64 = 3;
/// Holders of a level that are listed, and followed.
const HOLDERS: usize = 32;
/// Pointers of a level that are held at one time.
const HELD: usize = 1 << 16;
/// Bytes that are read at once.
const CHUNK: u64 = 256 << 10;

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
    let region = process.space.region_at(address).filter(|region| !region.state.is_free())?;
    let memory = process.dump.memory().unnoted();
    let search = Search {
        process,
        lookup: Lookup::new(&process.space),
        reader: BlockReader::new(memory, &process.heaps.list),
    };
    let target = search.block(address).map_or_else(
        || allocation(process, region.allocation_base),
        |(base, size)| Target { base: base.into(), size_bytes: size, is_block: true },
    );
    let mut report = RefsReport { address: address.into(), target, holders: Vec::new(), left_out: 0 };
    let mut targets = vec![(target.base.0, target.base.0.saturating_add(target.size_bytes))];
    let mut known: HashSet<u64> = targets.iter().map(|(base, _)| *base).collect();
    for level in 1..=LEVELS {
        let (found, left_out) = search.pointers(&mut targets);
        report.left_out += left_out;
        targets.clear();
        for (at, to) in found {
            let (kind, place, around) = search.place(at);
            report.holders.push(Holder { level, at: at.into(), to: to.into(), kind, place });
            if let Some((base, size)) = around.filter(|(base, _)| known.insert(*base)) {
                targets.push((base, base.saturating_add(size)));
            }
        }
        if targets.is_empty() {
            break;
        }
    }
    Some(report)
}

/// Who holds what begins at an address, as far as the first bytes of it are pointed to: data of a module if that is at the end
/// of the way, else a stack. A pointer farther in may be a number that looks like one.
pub(super) fn holder(process: &Process<'_>, address: u64) -> Option<String> {
    /// Bytes of headers before what the program was given.
    const HEADER: u64 = 0x60;
    let found = refs(process, address)?;
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

    /// Words of the private memory that point into one of the targets, and lie in none; how many more there are.
    fn pointers(&self, targets: &mut [(u64, u64)]) -> (Vec<(u64, u64)>, u64) {
        targets.sort_unstable();
        let (Some(low), Some(high)) = (targets.first(), targets.iter().map(|target| target.1).max()) else {
            return (Vec::new(), 0);
        };
        let (low, span) = (low.0, high - low.0);
        let inside = |word: u64| {
            let behind = targets.partition_point(|(base, _)| *base <= word);
            behind > 0 && word < targets[behind - 1].1
        };
        let memory = self.process.dump.memory().unnoted();
        let exact = |word: u64| targets.binary_search_by_key(&word, |target| target.0).is_ok();
        let (mut found, mut more) = (Vec::new(), 0u64);
        for run in plan::kept(memory, charged(self.process)) {
            let width = classes::width_at(self.process, run.base);
            each(memory, run.base, run.end, width, |at, word| {
                if word.wrapping_sub(low) >= span || !inside(word) || inside(at) {
                    return;
                }
                if found.len() < HELD { found.push((at, word)) } else { more += 1 }
            });
        }
        // Pointers to a block's first byte come first, then those of modules: what ends the search.
        found.sort_by_key(|(at, word)| (!exact(*word), self.process.module_at(*at).is_none()));
        more += found.len().saturating_sub(HOLDERS) as u64;
        found.truncate(HOLDERS);
        found.sort_unstable();
        (found, more)
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

/// Every word of a run of memory that the dump keeps.
fn each(memory: Memory<'_>, base: u64, end: u64, width: Width, mut tell: impl FnMut(u64, u64)) {
    let (mut at, mut buffer) = (base, Vec::new());
    while at < end {
        let wanted = CHUNK.min(end - at);
        buffer.resize(usize::try_from(wanted).unwrap_or(0), 0);
        if memory.read(at, &mut buffer).is_ok() {
            let word = width.bytes();
            for (n, bytes) in buffer.chunks_exact(word).enumerate() {
                let value = bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
                tell(at + (n * word) as u64, value);
            }
        }
        at += wanted;
    }
}
