//! `!gle`, `!error`: errors and statuses by name.

use dumplens_analyzer::{nt_status, win32_error};
use dumplens_core::process::TebFields;

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

/// `0x5 (5) - ERROR_ACCESS_DENIED`.
fn win32(code: u32) -> String {
    let name = win32_error(code).unwrap_or_else(|| "<Unable to get error code text>".into());
    if code == 0 {
        "0 (0) - The operation completed successfully.".into()
    } else {
        format!("{code:#x} ({code}) - {name}")
    }
}

/// `0xc0000022 - STATUS_ACCESS_DENIED`.
fn status(code: u32) -> String {
    let name = nt_status(code).unwrap_or_else(|| "<Unable to get error code text>".into());
    if code == 0 { "0 - STATUS_SUCCESS".into() } else { format!("{code:#x} - {name}") }
}

pub(super) fn gle(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let all = line.rest().eq_ignore_ascii_case("-all");
    let count = session.process.threads.len();
    let threads = if all { (0..count).collect() } else { vec![session.thread] };
    for index in threads {
        if all {
            out.line(format!("Last error for thread {index:X}:"));
        }
        show(session, index, out);
        if all {
            out.text("\n");
        }
        if out.stopped() {
            break;
        }
    }
    Ok(())
}

fn show(session: &Session<'_, '_>, index: usize, out: &mut Out<'_>) {
    let Some(thread) = session.process.threads.get(index) else { return };
    let width = session.process.dump.width();
    match TebFields::read(session.memory, thread.teb_address, width) {
        Ok(teb) => {
            out.line(format!("LastErrorValue: (Win32) {}", win32(teb.last_error)));
            let text = teb.last_status.map_or_else(|| "not kept by the dump".into(), status);
            out.line(format!("LastStatusValue: (NTSTATUS) {text}"));
        }
        Err(_) => out.line("Unable to read TEB"),
    }
    if let Some(teb32) = &thread.teb32 {
        out.line("\nWow64 TEB status:");
        out.line(format!("LastErrorValue: (Win32) {}", win32(teb32.last_error)));
        if let Ok(code) = teb32.last_status() {
            out.line(format!("LastStatusValue: (NTSTATUS) {}", status(code)));
        }
    }
}

pub(super) fn error(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let code = (expr::number(session, line)? & 0xffff_ffff) as u32;
    line.blanks();
    let forced = !line.is_end() && expr::number(session, line)? == 1;
    // Codes of an error's severity are statuses or HRESULTs to the debugger.
    if forced || code >= 0x4000_0000 {
        let hresult = code & 0xffff_0000 == 0x8007_0000 && !forced;
        if hresult {
            let name = win32_error(code & 0xffff).unwrap_or_else(|| "<Unable to get error code text>".into());
            out.line(format!("Error code: (HRESULT) {code:#x} ({code}) - {name}"));
            return Ok(());
        }
        let name = nt_status(code).unwrap_or_else(|| "<Unable to get error code text>".into());
        out.line(format!("Error code: (NTSTATUS) {code:#x} ({code}) - {name}"));
        return Ok(());
    }
    out.line(format!("Error code: (Win32) {}", win32(code)));
    Ok(())
}
