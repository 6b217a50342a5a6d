//! Who holds a pointer to a block.

use super::warnings;
use crate::contents::{HolderKind, RefsReport};
use crate::facts::WarningReport;
use crate::facts::number::hex;
use crate::findings::{census_words as words, grouped};
use crate::render::escape;

/// The whole answer of `dumplens census --refs`.
pub fn refs(refs: Option<&RefsReport>, warned: &[WarningReport], bits: u32) -> String {
    let mut out = String::new();
    match refs {
        None => out.push_str("the map shows no memory there\n"),
        Some(refs) => holders(&mut out, refs, bits),
    }
    warnings(&mut out, warned);
    out
}

fn holders(out: &mut String, refs: &RefsReport, bits: u32) {
    let what = if refs.target.is_block { "block" } else { "allocation" };
    let (base, size) = (hex(refs.target.base.0, bits), words::size(refs.target.size_bytes));
    out.push_str(&format!("{} is in the {what} at {base} of {size}.\n", hex(refs.address.0, bits)));
    if refs.holders.is_empty() {
        out.push_str("The private memory in the dump contains no pointer to it or into it.\n");
        return;
    }
    let width = if bits == 32 { 8 } else { 17 };
    out.push_str(&format!("\n{:<9}{:<width$}  {:<width$}  Where\n", "--- Level", "At", "To"));
    for holder in &refs.holders {
        let kind = match holder.kind {
            HolderKind::Module => "data of ",
            HolderKind::Stack | HolderKind::Block | HolderKind::FreeBlock | HolderKind::Memory => "",
        };
        let (at, to) = (hex(holder.at.0, bits), hex(holder.to.0, bits));
        let place = escape::line(&holder.place);
        out.push_str(&format!("{:>9}{at:>width$}  {to:>width$}  {kind}{place}\n", holder.level));
    }
    if refs.left_out > 0 {
        out.push_str(&format!("  and {} other pointers\n", grouped(refs.left_out)));
    }
}
