//! A process whose memory somebody fills with what is known: blocks of a heap, allocations, and a DLL with vftables.

use super::scene::{Scene, WINDOWS_10};
use crate::Width;
use crate::address_space::{Part, TOP_X64, TOP_X86_4GB};
use crate::constants::PAGE_READWRITE;
use crate::heap::{LargeBlock, NtBlock, NtHeap, NtLayout, NtSegment};
use crate::pe::{Function, Image, TEXT_RVA};
use crate::presets::common::{finish, map};
use crate::process::Process;

/// Where things lie.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The process; its memory is kept whole, zeros too.
    pub process: Process,
    /// The program's address of each block, free ones too.
    pub blocks: Vec<u64>,
    /// The same of each large block.
    pub large: Vec<u64>,
    /// The base of each allocation.
    pub allocations: Vec<u64>,
    /// The DLL's vftables, by what they are.
    pub tables: Tables,
    /// The width of pointers.
    pub width: Width,
}

/// Addresses in the DLL's read-only data.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// Of `app::Widget`, whose deleting destructor passes 0x30 bytes.
    pub widget: u64,
    /// Of the base of `app::Widget` that begins 8 bytes behind.
    pub widget_base: u64,
    /// A table without type information, whose first entry is code.
    pub nameless: u64,
    /// `app::Gadget`, as the GNU compiler writes it.
    pub gadget: u64,
    /// A text: no table.
    pub text: u64,
}

/// Where the DLL lies.
fn dll(width: Width) -> u64 {
    if width == Width::W32 { 0x6A00_0000 } else { 0x7FFA_5000_0000 }
}

/// What a process is filled with.
#[derive(Clone, Debug, Default)]
pub struct Filling {
    /// Blocks of the process heap; at most some 400 kB together.
    pub blocks: Vec<NtBlock>,
    /// Large blocks, by what was asked for.
    pub large: Vec<u64>,
    /// Allocations of VirtualAlloc, all committed.
    pub allocations: Vec<u64>,
}

/// The process, empty.
pub fn filled(width: Width, filling: &Filling) -> Filled {
    let layout = if width == Width::W32 { NtLayout::Win10X86 } else { NtLayout::Win10X64 };
    let mut scene = Scene::new(width, WINDOWS_10);
    let base = super::nt::base(width);
    let mut at = base + 0x100_0000;
    let mut next = |size: u64| {
        let here = at;
        at += (size + 0x2_0000).next_multiple_of(0x1_0000);
        here
    };
    let large: Vec<LargeBlock> =
        filling.large.iter().map(|size| LargeBlock::new(width, next(*size), 2, *size)).collect();
    let segments = vec![NtSegment::new(base, 0xFF, 0x7F)];
    let heap = NtHeap { segments, large, further: filling.blocks.clone(), ..NtHeap::new(layout, base) };
    scene.nt(&heap);
    let allocations: Vec<u64> = filling.allocations.iter().map(|size| next(*size)).collect();
    for (at, size) in allocations.iter().zip(&filling.allocations) {
        scene.space.allocate(*at, &[Part::private(*size, PAGE_READWRITE)]);
    }
    let (image, tables) = image(width);
    map(&mut scene.process, &mut scene.space, &image, "C:\\Program Files\\Acme\\shapes.dll", [1, 0, 0, 0]);
    let top = if width == Width::W32 { TOP_X86_4GB } else { TOP_X64 };
    let space = scene.space.clone();
    let (mut process, _) = scene.finish();
    finish(&mut process, &space, top);
    let user = |block: &LargeBlock| block.entry() + LargeBlock::header(width);
    let large = heap.large.iter().map(user).collect();
    Filled { process, blocks: heap.further_addresses(), large, allocations, tables, width }
}

/// Code of a deleting destructor that passes 0x30 bytes to `operator delete`.
fn destructor(width: Width) -> Vec<u8> {
    match width {
        // test dl,1; je +0ah; mov edx,30h; call +0; ret
        Width::W64 => {
            [&[0xF6, 0xC2, 1, 0x74, 0x0A, 0xBA, 0x30, 0, 0, 0, 0xE8, 0, 0, 0, 0, 0xC3][..]].concat()
        }
        // push ebp; mov ebp,esp; push esi; mov esi,ecx; test byte ptr [ebp+8],1; je +8; push 30h; push esi; call +0;
        // mov eax,esi; pop esi; pop ebp; ret 4
        Width::W32 => [
            &[0x55, 0x8B, 0xEC, 0x56, 0x8B, 0xF1, 0xF6, 0x45, 8, 1, 0x74, 8][..],
            &[0x6A, 0x30, 0x56, 0xE8, 0, 0, 0, 0, 0x8B, 0xC6, 0x5E, 0x5D, 0xC2, 4, 0],
        ]
        .concat(),
    }
}

/// Read-only data under construction.
struct Data {
    width: Width,
    base: u64,
    rva: u32,
    bytes: Vec<u8>,
}

impl Data {
    /// Appends bytes at a multiple of 16; their RVA.
    fn put(&mut self, bytes: &[u8]) -> u32 {
        self.bytes.resize(self.bytes.len().next_multiple_of(16), 0);
        let rva = self.rva + u32::try_from(self.bytes.len()).expect("small");
        self.bytes.extend_from_slice(bytes);
        rva
    }

    fn words(&self, words: &[u64]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()[..self.width.bytes()].to_vec()).collect()
    }

    fn at(&self, rva: u32) -> u64 {
        self.base + u64::from(rva)
    }

    /// A reference in MSVC's structures: an RVA on x64, an address on x86.
    fn reference(&self, rva: u32) -> u32 {
        match self.width {
            Width::W64 => rva,
            Width::W32 => u32::try_from(self.at(rva)).expect("32 bits"),
        }
    }

    /// A CompleteObjectLocator for the part `offset` bytes from the object's start.
    fn locator(&mut self, offset: u32, descriptor: u32) -> u32 {
        let here = self.put(&[]);
        let wide = self.width == Width::W64;
        let mut words =
            vec![u32::from(wide), offset, 0, self.reference(descriptor), self.reference(descriptor)];
        words.extend(wide.then_some(here));
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(&bytes)
    }

    /// A table with what stands before it; its address.
    fn table(&mut self, before: &[u64], entries: &[u64]) -> u64 {
        let bytes = self.words(&[before, entries].concat());
        let rva = self.put(&bytes);
        self.at(rva) + (before.len() * self.width.bytes()) as u64
    }
}

fn image(width: Width) -> (Image, Tables) {
    let base = dll(width);
    let functions = vec![Function { rva: TEXT_RVA, code: destructor(width), unwind: None }];
    let image = Image {
        width,
        base,
        time_date_stamp: 0x6550_0003,
        name: "shapes.dll".into(),
        functions,
        ..Image::default()
    };
    let code = base + u64::from(TEXT_RVA);
    let mut data = Data { width, base, rva: image.data_rva(), bytes: Vec::new() };
    let header = data.words(&[0, 0]);
    let descriptor = data.put(&[header, b".?AVWidget@app@@\0".to_vec()].concat());
    let locators = [data.locator(0, descriptor), data.locator(8, descriptor)].map(|rva| data.at(rva));
    let widget = data.table(&[locators[0]], &[code, code]);
    let widget_base = data.table(&[locators[1]], &[code]);
    let nameless = data.table(&[0], &[code]);
    let name = data.put(b"N3app6GadgetE\0");
    let info = data.words(&[0, data.at(name)]);
    let info = data.put(&info);
    let info = data.at(info);
    let gadget = data.table(&[0, info], &[code]);
    let text = data.put(b"a text, and no table of functions at all\0");
    let text = data.at(text);
    let tables = Tables { widget, widget_base, nameless, gadget, text };
    (Image { data: vec![(0, data.bytes)], ..image }, tables)
}
