//! `.imgscan`: images in memory.

use dumplens_core::last_name;
use dumplens_core::pe::Image;

use super::{At, Command};
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    ".imgscan",
    ".imgscan",
    "images in memory, also those that are not in the module list",
    scan,
)];

/// `.imgscan`: regions that begin with an image's header.
fn scan(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    for piece in session.process.space.pieces() {
        let region = &piece.region;
        let head = region.state.is_commit() && region.base == piece.base;
        if !head || session.unit(region.base, 2) != Some(0x5a4d) {
            continue;
        }
        if out.stopped() {
            break;
        }
        // Without a map of the memory the engine takes what is kept for private data.
        let mapped = session.process.space.is_mapped();
        let (protect, kind) = if mapped { (region.protect.0, region.kind.0) } else { (0x4, 0x2_0000) };
        let at = session.address(region.base);
        let text = format!("MZ at {at}, prot {protect:08x}, type {kind:08x}");
        let Ok(image) = Image::read(session.memory, region.base, u32::MAX) else {
            out.line(text);
            continue;
        };
        out.line(format!("{text} - size {:x}", image.size()));
        if let Some(name) = image.export_directory_name().or_else(|| by_pdb(&image)) {
            out.line(format!("  Name: {name}"));
        }
    }
    Ok(())
}

/// The name of an image without exports: that of its PDB, with the extension that its header asks for.
fn by_pdb(image: &Image<'_>) -> Option<String> {
    let path = image.codeview().ok()??.path;
    let file = last_name(&path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    Some(format!("{stem}.{}", if image.is_dll() { "dll" } else { "exe" }))
}
