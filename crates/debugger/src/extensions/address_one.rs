//! `!address ADDR`, `!vprot`: one region.

use dumplens_core::last_name;
use std::fmt::Write as _;

use dumplens_analyzer::facts::RegionReport;

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

/// What stands in place of a field that has no meaning.
const ABSENT: &str = "<info not present at the target>";

pub(super) fn show(session: &mut Session<'_, '_>, address: u64, out: &mut Out<'_>) {
    let process = session.process;
    let Some(piece) = process.space.piece_at(address) else {
        out.line(format!("No region of the dump holds {}", session.address(address)));
        return;
    };
    let region = RegionReport::new(process, &piece);
    let mut text = String::from("\n");
    let mut field = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<24}{value}");
    };
    let (number, unit) = dumplens_analyzer::facts::number::size(piece.size);
    field("Usage:", &region.usage);
    field("Base Address:", &session.address(piece.base));
    field("End Address:", &session.address(piece.end()));
    field("Region Size:", &format!("{} ({number:>8} {unit})", session.address(piece.size)));
    let named = |raw: u32, name: &str| format!("{raw:08x}          {name}");
    field("State:", &named(region.state_raw, &region.state));
    let protect = region.protect.as_deref().filter(|_| region.state != "MEM_RESERVE");
    field("Protect:", &protect.map_or(ABSENT.into(), |name| named(region.protect_raw, name)));
    field("Type:", &region.kind.as_deref().map_or(ABSENT.into(), |name| named(region.type_raw, name)));
    if let Some(base) = region.allocation_base {
        field("Allocation Base:", &session.address(base.0));
    }
    if let Some(protect) = &region.allocation_protect {
        field("Allocation Protect:", &named(region.allocation_protect_raw, protect));
    }
    more(session, address, &region, &mut text);
    out.text(&text);
    let readable = session.memory.available(address, piece.end() - address);
    let (source, length) = match readable {
        0 => ("0 (invalid)", piece.end() - address),
        readable if session.memory.is_of_image_file(address) => ("2 (mapped)", readable),
        readable => ("1 (target)", readable),
    };
    out.line(format!("\n\nContent source: {source}, length: {length:x}"));
}

/// The lines that lead on, by usage.
fn more(session: &Session<'_, '_>, address: u64, region: &RegionReport, text: &mut String) {
    let mut field = |label: &str, value: &str| {
        let _ = writeln!(text, "{label:<24}{value}");
    };
    if let Some(index) = session.module_at(address).filter(|_| region.usage == "Image") {
        let module = &session.process.modules[index];
        let name = session.module_name(index);
        let file = last_name(&module.name);
        field("Image Path:", &module.name);
        field("Module Name:", &name);
        field("Loaded Image Name:", file);
        field("Mapped Image Name:", "");
        field("More info:", &format!("lmv m {name}"));
        field("More info:", &format!("!lmi {name}"));
        field("More info:", &format!("ln {address:#x}"));
        field("More info:", &format!("!dh {:#x}", module.base));
    } else if region.usage.starts_with("Stack") || region.usage.starts_with("TEB") {
        if let Some(thread) = region.detail.as_deref().and_then(|d| d.split([';', ' ']).next()) {
            field("More info:", &format!("{thread}k"));
        }
    } else if region.usage.starts_with("Heap") {
        field("More info:", &format!("heap entry containing the address: !heap -x {address:#x}"));
    }
    if let Some(detail) = &region.detail {
        field("Additional info:", detail);
    }
}

pub(super) fn vprot(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let address = if line.is_end() {
        session.state().map_or(0, |state| state.ip)
    } else {
        expr::address(session, line)?
    };
    let Some(region) = session.process.space.region_at(address) else {
        out.line(format!("!vprot: No containing memory region found for {}", session.address(address)));
        return Ok(());
    };
    let named = |raw: u32, name: String| format!("{raw:08x}  {name}");
    out.line(format!("BaseAddress:       {}", session.pointer(region.base)));
    if !region.state.is_free() {
        out.line(format!("AllocationBase:    {}", session.pointer(region.allocation_base)));
        let protect = region.allocation_protect;
        out.line(format!("AllocationProtect: {}", named(protect.0, protect.to_string())));
    }
    out.line(format!("RegionSize:        {}", session.pointer(region.size)));
    out.line(format!("State:             {}", named(region.state.0, region.state.to_string())));
    if region.state.is_commit() {
        out.line(format!("Protect:           {}", named(region.protect.0, region.protect.to_string())));
    }
    if !region.state.is_free() {
        out.line(format!("Type:              {}", named(region.kind.0, region.kind.to_string())));
    }
    Ok(())
}
