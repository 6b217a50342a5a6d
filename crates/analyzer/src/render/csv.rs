//! Regions and blocks as comma- or tab-separated values.

use std::io::{self, Write};

use super::escape;
use crate::facts::{BlockReport, RegionReport};

/// The columns: WinDbg's names. Addresses are `0x` hex; sizes bytes in decimal, as spreadsheets add them up.
const COLUMNS: [&str; 10] = [
    "BaseAddress",
    "EndAddress+1",
    "RegionSize",
    "Type",
    "State",
    "Protect",
    "Usage",
    "Detail",
    "AllocationBase",
    "KnownBy",
];

/// Writes a line of column names, then one for each region, quoted where needed. `delimiter` is `,` or a tab.
pub fn regions(
    out: impl Write,
    delimiter: u8,
    regions: impl Iterator<Item = RegionReport>,
) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(out);
    writer.write_record(COLUMNS)?;
    for region in regions {
        writer.write_record(record(&region))?;
    }
    writer.flush()
}

/// Writes a line of column names, then one for each block.
pub fn blocks(out: impl Write, blocks: impl Iterator<Item = BlockReport>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().from_writer(out);
    writer.write_record(["Heap", "Address", "Size", "Taken", "Backend"])?;
    for block in blocks {
        let numbers = [block.size_bytes.to_string(), block.taken_bytes.to_string()];
        let [size, taken] = &numbers;
        let (heap, address) = (block.heap.to_string(), block.address.to_string());
        writer.write_record([&heap, &address, size, taken, block.backend.name()])?;
    }
    writer.flush()
}

fn record(region: &RegionReport) -> [String; 10] {
    let text = |text: &Option<String>| text.as_deref().map(cell).unwrap_or_default();
    [
        region.base.to_string(),
        region.end.to_string(),
        region.size_bytes.to_string(),
        text(&region.kind),
        region.state.clone(),
        text(&region.protect.clone().filter(|_| region.state != "MEM_RESERVE")),
        region.usage.clone(),
        text(&region.detail),
        region.allocation_base.map(|base| base.to_string()).unwrap_or_default(),
        text(&region.fact),
    ]
}

/// Without control characters, and not a formula: a module's name may begin with `=`, and spreadsheets would compute it.
/// Some look past spaces, and take wide forms of the signs for the signs; an apostrophe in front makes it text for all.
pub fn cell(text: &str) -> String {
    let line = escape::line(text);
    let formula = line.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula { format!("'{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\u{3000}=1", "＝1", "－1"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        assert_eq!(cell("\t=1\r\n@x"), "\\u{9}=1\\u{d}\\u{a}@x");
        assert_eq!(cell("C:\\a=b-c.exe"), "C:\\a=b-c.exe");
    }
}
