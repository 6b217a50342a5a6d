//! The region list of `!address`, in the layout of the debugger.

use crate::facts::RegionReport;
use crate::facts::number::hex;
use crate::render::escape;

/// The two lines above the list.
pub fn region_header(pointer_bits: u32) -> String {
    let columns = "     Type       State                 Protect             Usage";
    if pointer_bits == 32 {
        format!("  BaseAddr EndAddr+1 RgnSize{columns}\n{}\n", "-".repeat(95))
    } else {
        format!("        BaseAddress      EndAddress+1        RegionSize{columns}\n{}\n", "-".repeat(122))
    }
}

/// One line of the list. `marker` shows `+` where an allocation begins; WinDbg leaves it out of filtered lists.
pub fn region_row(region: &RegionReport, marker: bool, pointer_bits: u32) -> String {
    let width = if pointer_bits == 32 { 9 } else { 18 };
    let mark = if marker && region.begins_allocation { '+' } else { ' ' };
    let [base, end, size] = [region.base.0, region.end.0, region.size_bytes].map(|n| hex(n, pointer_bits));
    let kind = region.kind.as_deref().unwrap_or_default();
    let protect = match region.state.as_str() {
        "MEM_RESERVE" => "",
        _ => region.protect.as_deref().unwrap_or_default(),
    };
    let detail = region.detail.as_deref().map(|d| format!("[{}]", escape::line(d))).unwrap_or_default();
    format!(
        "{mark}{base:>width$}{end:>width$}{size:>width$} {kind:<11} {:<11} {}{}{detail}",
        region.state,
        column(protect, 35),
        column(&region.usage, 11)
    )
}

/// A value in a column of this width; one that is longer keeps a blank before the next.
fn column(value: &str, width: usize) -> String {
    format!("{:<width$}", format!("{value} "))
}
