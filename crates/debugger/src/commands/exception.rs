//! `.exr`, `.lastevent`.

use std::fmt::Write as _;

use dumplens_core::Width;

use super::{At, Command};
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;
use crate::{clock, codes, expr};

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".exr", ".exr -1 | ADDR", "an exception record; -1 is the one of the dump", exr),
    Command::new(".lastevent", ".lastevent", "why the dump was written", last_event),
    Command::new(".eventlog", "", "", event_log),
];

/// What the engine has for a dump that was written without an exception.
const NO_EVENT: Record = Record { code: 0x8000_0003, flags: 0, address: 0, count: 0, parameters: Vec::new() };

/// An EXCEPTION_RECORD.
pub(crate) struct Record {
    pub(crate) code: u32,
    pub(crate) flags: u32,
    pub(crate) address: u64,
    /// `NumberParameters`, which need not be true.
    pub(crate) count: u32,
    pub(crate) parameters: Vec<u64>,
}

fn exr(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let address = expr::number(session, line)?;
    if address != u64::MAX {
        match read(session, address) {
            Some(record) => show(session, &record, out),
            None => out.line(format!("Cannot read Exception record @ {}", session.pointer(address))),
        }
        return Ok(());
    }
    let record = session.event_record().unwrap_or(NO_EVENT);
    show(session, &record, out);
    Ok(())
}

impl Session<'_, '_> {
    /// The exception that the dump was written for.
    pub(crate) fn event_record(&self) -> Option<Record> {
        let of = self.exception.as_ref()?;
        let (code, flags, address) = (of.code, of.flags, of.address);
        let count = u32::try_from(of.parameters.len()).unwrap_or(0);
        Some(Record { code, flags, address, count, parameters: of.parameters.clone() })
    }
}

/// Reads an EXCEPTION_RECORD (winnt.h) of the target's width.
fn read(session: &Session<'_, '_>, at: u64) -> Option<Record> {
    let pointer = session.pointer_bytes();
    let wide = session.width() == Width::Bits64;
    let word = |offset: u64, size: u64| session.unit(at.wrapping_add(offset), size);
    let (code, flags) = (word(0, 4)? as u32, word(4, 4)? as u32);
    let address = word(8 + pointer, pointer)?;
    let count = word(8 + 2 * pointer, 4)?;
    let first = if wide { 0x20 } else { 0x14 };
    let parameters: Option<Vec<u64>> =
        (0..count.min(15)).map(|n| word(first + n * pointer, pointer)).collect();
    Some(Record { code, flags, address, count: count as u32, parameters: parameters? })
}

pub(super) fn show(session: &mut Session<'_, '_>, record: &Record, out: &mut Out<'_>) {
    let site = site(session, record.address);
    let mut text = format!("ExceptionAddress: {}{site}\n", session.pointer(record.address));
    let name = codes::exception(record.code).map_or(String::new(), |name| format!(" ({name})"));
    let _ = writeln!(text, "   ExceptionCode: {:08x}{name}", record.code);
    let _ = writeln!(text, "  ExceptionFlags: {:08x}", record.flags);
    let _ = writeln!(text, "NumberParameters: {}", record.count.cast_signed());
    for (n, parameter) in record.parameters.iter().enumerate() {
        let _ = writeln!(text, "   Parameter[{n}]: {}", session.pointer(*parameter));
    }
    text.push_str(&codes::access(record.code, &record.parameters, &|address| session.pointer(address)));
    out.text(&text);
}

/// ` (mod!sym+0x000000000000006f)`.
fn site(session: &mut Session<'_, '_>, address: u64) -> String {
    if session.module_at(address).is_none() {
        return String::new();
    }
    let Some((name, offset)) = session.nearest(address) else { return String::new() };
    let offset = session.pointer(offset);
    format!(" ({name}+0x{offset})")
}

fn last_event(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let id = session.process.threads.get(session.event_thread).map_or(0, |thread| thread.id);
    out.line(format!("Last event: {:x}.{id:x}: {}", session.process_id(), event(session)));
    out.line(format!("  debugger time: {}", clock::file_time(clock::now(), 0).unwrap_or_default()));
    line.expect_end()
}

/// `C++ EH exception - code e06d7363 (first/second chance not available)`.
pub(crate) fn event(session: &Session<'_, '_>) -> String {
    let code = session.exception.as_ref().map_or(NO_EVENT.code, |of| of.code);
    let name = codes::exception(code).unwrap_or("Unknown exception");
    format!("{name} - code {code:08x} (first/second chance not available)")
}

fn event_log(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.line(format!("Event log is empty\nLast event: {}", event(session)));
    Ok(())
}
