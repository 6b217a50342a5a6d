//! Damaged, hostile and merely unlucky dumps: what a reader must survive without crash, hang or huge allocation.
//!
//! Names begin with a number; 00 to 45, 48 and 49 are the variants that other readers were measured with. Every
//! variant is the same in every run.

mod containers;
mod directory;
mod files;
mod heaps;
mod images;
mod in_process;
mod memory;
mod module_list;
mod numbered;
mod random;
mod regions;
mod stacks;
mod text;
mod thread_list;

pub use heaps::{HeapVariant, Lost, heaps};
pub use random::Random;
pub use text::{BIDI, ESCAPES};

use crate::bytes::{Fields, len32, to_usize};
use crate::layout::{Layout, StreamPlace};
use crate::presets;
use crate::process::Process;

/// One dump file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// "31_modname_len_fffffffe"; fit for a file name.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A name and how to make the bytes.
type Recipe = (&'static str, fn(&Base) -> Vec<u8>);

const TABLES: &[&[Recipe]] = &[
    files::RECIPES,
    numbered::RECIPES,
    containers::RECIPES,
    directory::RECIPES,
    module_list::RECIPES,
    memory::RECIPES,
    thread_list::RECIPES,
    text::RECIPES,
    in_process::RECIPES,
    images::RECIPES,
    stacks::RECIPES,
    regions::RECIPES,
];

/// Every variant, made one at a time: a few MiB at most.
pub fn variants() -> impl Iterator<Item = Variant> {
    let base = Base::new();
    recipes().map(move |&(name, make)| Variant { name, bytes: make(&base) })
}

/// The names of [`variants`], in the same order.
pub fn names() -> impl Iterator<Item = &'static str> {
    recipes().map(|(name, _)| *name)
}

fn recipes() -> impl Iterator<Item = &'static Recipe> {
    TABLES.iter().copied().flatten()
}

/// The sound dumps that damage starts from.
#[derive(Debug)]
struct Base {
    /// 150 regions, 640 KiB, 3 threads, 4 modules.
    full: Dump,
    /// [`presets::tiny`].
    tiny: Dump,
}

impl Base {
    fn new() -> Self {
        Base { full: Dump::new(presets::full(150, 640 << 10, 3, 4)), tiny: Dump::new(presets::tiny()) }
    }
}

/// A sound dump: what it was made from, its bytes, and where they are.
#[derive(Debug)]
struct Dump {
    process: Process,
    bytes: Vec<u8>,
    layout: Layout,
}

impl Dump {
    fn new(process: Process) -> Self {
        let (bytes, layout) = process.to_bytes();
        Dump { process, bytes, layout }
    }

    fn stream(&self, stream_type: u32) -> StreamPlace {
        self.layout.stream(stream_type).expect("sound dumps have every stream")
    }

    /// File offset of a stream.
    fn rva(&self, stream_type: u32) -> usize {
        self.stream(stream_type).rva as usize
    }

    /// File offset of a stream's directory entry.
    fn entry(&self, stream_type: u32) -> usize {
        to_usize(self.stream(stream_type).entry)
    }

    /// File offset of a kept byte.
    fn at(&self, va: u64) -> usize {
        to_usize(self.layout.offset_of(va).expect("kept memory"))
    }

    fn u32(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.bytes[offset..offset + 4].try_into().expect("4 bytes"))
    }

    /// The bytes with a change.
    fn patch(&self, change: impl Fn(&mut Fields)) -> Vec<u8> {
        let mut fields = Fields::of(self.bytes.clone());
        change(&mut fields);
        fields.bytes
    }

    /// The first `length` bytes.
    fn cut(&self, length: usize) -> Vec<u8> {
        self.bytes[..length].to_vec()
    }

    /// The bytes of a stream.
    fn contents(&self, stream_type: u32) -> &[u8] {
        let place = self.stream(stream_type);
        &self.bytes[place.rva as usize..(place.rva + place.size) as usize]
    }

    /// The bytes, with other contents for a stream at the end of the file.
    fn replaced(&self, stream_type: u32, contents: &[u8]) -> Vec<u8> {
        let entry = self.entry(stream_type);
        let mut bytes = self.patch(|p| {
            p.u32(entry + 4, len32(contents.len()));
            p.u32(entry + 8, len32(self.bytes.len()));
        });
        bytes.extend_from_slice(contents);
        bytes
    }

    /// The bytes, with 4 bytes of padding after the count of a list, as some writers align entries to 8.
    fn padded(&self, stream_type: u32) -> Vec<u8> {
        let (count, entries) = self.contents(stream_type).split_at(4);
        self.replaced(stream_type, &[count, &[0; 4], entries].concat())
    }

    /// The dump of a changed process.
    fn remake(&self, change: impl Fn(&mut Process)) -> Vec<u8> {
        let mut process = self.process.clone();
        change(&mut process);
        process.to_bytes().0
    }
}
