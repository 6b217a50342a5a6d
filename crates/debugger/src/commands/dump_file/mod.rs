//! `.dumpdebug`: the header of the file, its directory, and the contents of its streams.

mod names;
mod part;

use self::names::{NAMES, flag_names};
use self::part::Part;
use super::{At, Command};
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    ".dumpdebug",
    ".dumpdebug",
    "the header and the streams of the dump, in the order of the file",
    show,
)];

/// A stream whose type is not one of the format.
const UNKNOWN: &str = "???";
/// Entries of the directory.
const MOST_STREAMS: u32 = 1024;

fn show(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let header = Part { session, at: 0, size: 32 };
    let (version, count, directory) = (header.u32(4), header.u32(8), header.u32(12));
    out.line("----- User Mini Dump Analysis\n\nMINIDUMP_HEADER:");
    out.line(format!("Version         {:X} ({:X})", version & 0xffff, version >> 16));
    out.line(format!("NumberOfStreams {count}"));
    let flags = header.u64(24);
    out.line(format!("Flags           {flags:X}"));
    out.text(&flag_names(flags));
    out.line("\nStreams:");
    for n in 0..count.min(MOST_STREAMS) {
        let entry = Part { session, at: u64::from(directory) + 12 * u64::from(n), size: 12 };
        let (kind, size, at) = (entry.u32(0), entry.u32(4), entry.u32(8));
        let name = NAMES.iter().find(|(known, _)| *known == kind).map_or(UNKNOWN, |(_, name)| name);
        out.line(format!("Stream {n}: type {name} ({kind}), size {size:08X}, RVA {at:08X}"));
        if name == UNKNOWN {
            out.line(format!("Dir entry {n}, {UNKNOWN} stream has unknown stream type {kind}"));
        }
        let part = Part { session, at: at.into(), size };
        for row in part.rows(kind) {
            out.line(row);
            if out.stopped() {
                return Ok(());
            }
        }
    }
    Ok(())
}
