//! Every stream: what synth wrote into a dump is what the core reads out of it, and a stream that is damaged
//! costs that stream only.
//!
//! The expected values are those that were put in; none is taken from the reader.

mod counters;
mod crashpad;
mod exception;
mod handles;
mod memory_info;
mod memory_lists;
mod modules;
mod system;
mod text;
mod threads;
mod trim_record;

use dumplens_core::{Damage, Dump, StreamType};
use dumplens_synth::{Layout, Process};

/// Opens the dump of a process, which must be sound.
fn open(process: &Process) -> Dump {
    let dump = Dump::open(process.to_bytes().0).expect("a dump that opens");
    assert_eq!(dump.damage(), [], "a sound dump");
    dump
}

/// Opens the dump of a process after a change to its bytes.
fn open_changed(process: &Process, change: impl FnOnce(&mut Vec<u8>, &Layout)) -> Dump {
    let (mut bytes, layout) = process.to_bytes();
    change(&mut bytes, &layout);
    Dump::open(bytes).expect("a dump that opens")
}

/// File offset of a stream.
fn rva(layout: &Layout, stream: StreamType) -> usize {
    layout.stream(stream.0).expect("a stream that was written").rva as usize
}

/// The bytes of a stream.
fn contents(bytes: &[u8], layout: &Layout, stream: StreamType) -> Vec<u8> {
    let place = layout.stream(stream.0).expect("a stream that was written");
    bytes[place.rva as usize..][..place.size as usize].to_vec()
}

/// Gives a stream other contents, at the end of the file.
fn replace(bytes: &mut Vec<u8>, layout: &Layout, stream: StreamType, contents: &[u8]) {
    let entry = usize::try_from(layout.stream(stream.0).expect("a stream that was written").entry).unwrap();
    let end = u32::try_from(bytes.len()).unwrap();
    put(bytes, entry + 4, &u32::try_from(contents.len()).unwrap().to_le_bytes());
    put(bytes, entry + 8, &end.to_le_bytes());
    bytes.extend_from_slice(contents);
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes[at..at + new.len()].copy_from_slice(new);
}

/// The codes of all damage met while opening.
fn codes(dump: &Dump) -> Vec<&'static str> {
    dump.damage().iter().map(Damage::code).collect()
}
