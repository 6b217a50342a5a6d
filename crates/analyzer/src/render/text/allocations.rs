//! Who has the memory beyond WinDbg's tables: allocations, sizes, modules, stacks, private commit.

use super::{field, warnings};
use crate::facts::number::{hex, size_text};
use crate::facts::{AllocationReport, ModuleReport, SizeClassReport, StackReport};
use crate::process::module_names::module_name;
use crate::render::escape;
use crate::report::Report;

/// Modules that are named.
const MODULES: usize = 10;

/// The whole answer of `dumplens allocations`.
pub fn allocations(report: &Report) -> String {
    let mut out = String::new();
    let bits = report.facts.dump.pointer_bits;
    private_commit(&mut out, report);
    match &report.facts.memory.allocations {
        None => out.push_str("allocations are not known: the dump has no memory map\n"),
        Some(all) => {
            let private: u64 = all.private_sizes.iter().map(|class| class.allocations).sum();
            out.push_str(&format!("\n{} allocations, {private} of them private\n", all.count));
            largest(&mut out, &all.largest, bits);
            histogram(&mut out, &all.private_sizes);
        }
    }
    modules(&mut out, &report.facts.modules);
    stacks(&mut out, report);
    warnings(&mut out, &report.facts.warnings);
    out
}

/// What the process is charged for: by its own counter, and by the map.
fn private_commit(out: &mut String, report: &Report) {
    let counted = report.facts.process.counters.as_ref().map(|c| c.private_bytes.unwrap_or(c.pagefile_bytes));
    let by_map = report.facts.memory.private_commit_estimate_bytes;
    field(out, "Charged", &[counted.map_or_else(|| "not recorded in the dump".to_owned(), size_text)]);
    let estimate = by_map.map_or_else(|| "not known".to_owned(), size_text);
    field(out, "By the map", &[format!("{estimate}: private pages, and copied or copy-on-write pages")]);
    if let Some((counted, by_map)) = counted.zip(by_map) {
        let why = if counted >= by_map {
            "page tables, AWE pages, and changes while the dump was written are not in the map"
        } else {
            "the map was made at another moment, or contains private pages that are not charged to this process"
        };
        field(out, "Difference", &[format!("{} ({why})", size_text(counted.abs_diff(by_map)))]);
    }
}

fn largest(out: &mut String, largest: &[AllocationReport], bits: u32) {
    let width = if bits == 32 { 9 } else { 18 };
    out.push_str("\n--- Largest allocations\n");
    out.push_str(&format!(
        "{:>width$}{:>13}{:>13}{:>13}{:>8}  {:<12}{:<10}\n",
        "Base", "Size", "Committed", "Reserved", "Regions", "Type", "Usage"
    ));
    for a in largest {
        let hint = a.hint.as_deref().map(|hint| format!("  ({hint})")).unwrap_or_default();
        let sizes = [a.size_bytes, a.committed_bytes, a.reserved_bytes].map(size_text);
        let line = format!(
            "{:>width$}{:>13}{:>13}{:>13}{:>8}  {:<12}{:<10}{hint}",
            hex(a.base.0, bits),
            sizes[0],
            sizes[1],
            sizes[2],
            a.regions,
            a.kind,
            a.usage
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn histogram(out: &mut String, classes: &[SizeClassReport]) {
    out.push_str("\n--- Private allocations by size\n");
    out.push_str(&format!(
        "{:<26}{:>12}{:>13}{:>13}\n",
        "From ... below", "Allocations", "Size", "Committed"
    ));
    for c in classes {
        let below = c.below_bytes.map_or_else(String::new, |below| format!(" ... {}", size_text(below)));
        let range = format!("{}{below}", size_text(c.from_bytes));
        let (size, committed) = (size_text(c.size_bytes), size_text(c.committed_bytes));
        out.push_str(&format!("{range:<26}{:>12}{size:>13}{committed:>13}\n", c.allocations));
    }
}

fn modules(out: &mut String, modules: &[ModuleReport]) {
    let mut by_private: Vec<&ModuleReport> =
        modules.iter().filter(|m| m.private_bytes.is_some_and(|bytes| bytes > 0)).collect();
    by_private.sort_by_key(|m| std::cmp::Reverse(m.private_bytes));
    if by_private.is_empty() {
        return;
    }
    out.push_str("\n--- Modules by private pages (copied because they were written to)\n");
    out.push_str(&format!("{:<26}{:>13}{:>16}\n", "Module", "Private", "Copy on write"));
    for m in by_private.iter().take(MODULES) {
        let name = escape::line(module_name(&m.path));
        let sizes = [m.private_bytes, m.write_copy_bytes].map(|bytes| size_text(bytes.unwrap_or(0)));
        out.push_str(&format!("{name:<26}{:>13}{:>16}\n", sizes[0], sizes[1]));
    }
}

/// The stacks that have most committed.
fn stacks(out: &mut String, report: &Report) {
    let mut stacks: Vec<(usize, u32, &StackReport)> =
        report.facts.threads.iter().filter_map(|t| Some((t.index, t.id, t.stack.as_deref()?))).collect();
    stacks.retain(|(_, _, stack)| stack.committed_bytes.is_some());
    stacks.sort_by_key(|(index, _, stack)| (std::cmp::Reverse(stack.committed_bytes), *index));
    if stacks.is_empty() {
        return;
    }
    out.push_str("\n--- Stacks by committed bytes\n");
    out.push_str(&format!(
        "   ~{:>10}{:>13}{:>13}{:>13}{:>13}{:>13}\n",
        "Id", "Committed", "Guard", "Reserved", "Deepest", "In use"
    ));
    for (index, id, stack) in stacks.iter().take(MODULES) {
        let columns = [
            stack.committed_bytes,
            stack.guard_bytes,
            stack.reserved_bytes,
            stack.deepest_bytes,
            stack.in_use_bytes,
        ]
        .map(|bytes| bytes.map_or_else(|| "?".to_owned(), size_text));
        let [committed, guard, reserved, deepest, in_use] = columns;
        out.push_str(&format!(
            "{index:>4}{id:>10x}{committed:>13}{guard:>13}{reserved:>13}{deepest:>13}{in_use:>13}\n"
        ));
    }
}
