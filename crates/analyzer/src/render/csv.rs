//! Regions as comma- or tab-separated values.

use std::io::{self, Write};

use super::escape;
use crate::report::region::RegionReport;

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
pub fn cell(text: &str) -> String {
    let line = escape::line(text);
    if line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
}
