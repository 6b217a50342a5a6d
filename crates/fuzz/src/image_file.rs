//! Image files, which stand for what a dump left out.

use std::hint::black_box;

use dumplens_core::pe::Image;
use dumplens_core::{Dump, ImageFile, ImageFiles};
use dumplens_synth::{Module, Process};

use crate::MOST_BYTES;

/// Bytes of an image that are read.
const MOST_READ: u64 = 1 << 20;

/// A PE file for a module that lies where it was linked, and for one that was moved: what it gives is the same by the piece
/// and as a whole, and never more than there is.
///
/// # Panics
///
/// If it is not.
pub fn image_file(bytes: &[u8]) {
    if bytes.len() > MOST_BYTES {
        return;
    }
    let read = || ImageFile::read(bytes.to_vec(), "a.exe".into()).ok();
    let Some(file) = read() else { return };
    // ImageBase of PE32+ and of PE32, where the file says that it stands.
    let pe = bytes.get(0x3c..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b) as usize);
    let linked = bytes
        .get(pe.saturating_add(48)..)
        .and_then(|b| b.first_chunk())
        .map_or(0, |b| u64::from_le_bytes(*b));
    for base in [linked & !0xfff, 0x7ff6_4000_0000, 0x40_0000] {
        let module = Module {
            base,
            size: file.size(),
            time_date_stamp: file.time_date_stamp(),
            path: "a.exe".into(),
            ..Module::default()
        };
        let process = Process { modules: vec![module], ..Process::default() };
        let Ok(dump) = Dump::open(process.to_bytes().0) else { continue };
        let (Ok(Some(modules)), Some(file)) = (dump.modules(), read()) else { continue };
        let mut images = ImageFiles::default();
        // The list leaves out what lies beyond the address space.
        let Some(module) = modules.first().filter(|module| images.add(module, file).is_ok()) else {
            continue;
        };
        dump.supply_images(images);
        served(&dump, base, module.size);
    }
}

fn served(dump: &Dump, base: u64, size: u32) {
    let memory = dump.memory();
    let end = base.saturating_add(MOST_READ.min(size.into()));
    let mut at = base;
    while at < end {
        let have = memory.available(at, end - at);
        assert_eq!(memory.of_dump().available(at, 1), 0);
        if let Ok(whole) = memory.bytes(at, have) {
            for (n, piece) in whole.chunks(7).enumerate().take(64) {
                let from = at + 7 * n as u64;
                assert_eq!(memory.bytes(from, piece.len() as u64).as_deref(), Ok(piece), "at {from:#x}");
            }
        }
        at = (at + have + 1).max((at | 0xff) + 1);
    }
    if let Ok(image) = Image::read(memory, base, size) {
        let _ = black_box((image.codeview(), image.exports(), image.functions(), image.function_at(0x1000)));
    }
    let _ = black_box(dump.image_files().map(|files| files.used().count()));
}
