//! `!dh`, `!dlls`: images.

use dumplens_core::pe::Image;
use dumplens_core::process::{LoaderList, PebFields};

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) fn headers(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    _: At,
    out: &mut Out<'_>,
) -> Result<()> {
    line.blanks();
    while line.peek() == b'-' {
        line.word();
        line.blanks();
    }
    let base = expr::address(session, line)?;
    let module = session.process.modules.iter().find(|m| m.base == base);
    let image = module.map(|m| Image::read(session.memory, m.base, m.size));
    let Some(Ok(image)) = image else {
        out.line(format!("{} is not an image that the dump keeps", session.address(base)));
        return Ok(());
    };
    out.line(format!("\nFILE HEADER VALUES\n{:>8X} machine", image.machine()));
    out.line(format!("{:>8X} number of sections", image.sections().len()));
    out.line(format!("\nOPTIONAL HEADER VALUES\n{:>8X} address of entry point", image.entry_point()));
    for (n, section) in image.sections().iter().enumerate() {
        out.line(format!("\nSECTION HEADER #{:X}\n{:>8} name", n + 1, section.name));
        out.line(format!("{:>8X} virtual size\n{:>8X} virtual address", section.size, section.rva));
        if section.executable {
            out.line("         Execute");
        }
        if section.writable {
            out.line("         Write");
        }
    }
    Ok(())
}

pub(super) fn dlls(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let width = session.width();
    let peb = PebFields::read(session.memory, session.peb(), width);
    let Ok(list) = peb.and_then(|peb| LoaderList::read(session.memory, peb.ldr, width)) else {
        out.line("The loader's list is not in the dump: see lm");
        return Ok(());
    };
    for module in &list.modules {
        out.line(format!("{}: {}", session.address(module.base), module.name));
        if out.stopped() {
            break;
        }
    }
    Ok(())
}
