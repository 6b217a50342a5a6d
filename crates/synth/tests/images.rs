//! Images as they lie in memory, with literal offsets of the PE format.

use dumplens_synth::pe::{Export, Image};
use dumplens_synth::{CodeView, Layout, Process, Width, presets};

struct Memory {
    bytes: Vec<u8>,
    layout: Layout,
    base: u64,
}

impl Memory {
    fn of(process: &Process, base: u64) -> Self {
        let (bytes, layout) = process.to_bytes();
        Memory { bytes, layout, base }
    }

    fn at(&self, rva: u64) -> &[u8] {
        let offset = self.layout.offset_of(self.base + rva).unwrap();
        &self.bytes[usize::try_from(offset).unwrap()..]
    }

    fn u16(&self, rva: u64) -> u16 {
        u16::from_le_bytes(self.at(rva)[..2].try_into().unwrap())
    }

    fn u32(&self, rva: u64) -> u64 {
        u32::from_le_bytes(self.at(rva)[..4].try_into().unwrap()).into()
    }

    fn text(&self, rva: u64) -> String {
        let bytes = self.at(rva);
        let end = bytes.iter().position(|&byte| byte == 0).unwrap();
        String::from_utf8(bytes[..end].to_vec()).unwrap()
    }

    /// RVA of the first data directory.
    fn directories(&self) -> u64 {
        let optional = self.u32(0x3C) + 24;
        optional + if self.u16(optional) == 0x20B { 112 } else { 96 }
    }
}

#[test]
fn headers_agree_with_the_module_list() {
    for process in [presets::tiny(), presets::tiny_x86(), presets::tiny_wow64()] {
        for module in &process.modules {
            let image = Memory::of(&process, module.base);
            let nt = image.u32(0x3C);
            assert_eq!(
                (image.at(0)[..2].to_vec(), image.at(nt)[..4].to_vec()),
                (b"MZ".to_vec(), b"PE\0\0".to_vec())
            );
            assert_eq!(image.u32(nt + 8), module.time_date_stamp.into());
            assert_eq!(image.u32(nt + 24 + 56), module.size.into());
            let debug = image.u32(image.directories() + 48);
            let (size, record) = (image.u32(debug + 16), image.u32(debug + 20));
            let view = module.code_view.as_ref().unwrap().to_bytes();
            assert_eq!(&image.at(record)[..usize::try_from(size).unwrap()], view);
        }
    }
}

#[test]
fn exports_are_sorted_and_one_is_forwarded() {
    let image = Memory::of(&presets::tiny(), presets::tiny::X64.app);
    let (start, size) = (image.u32(image.directories()), image.u32(image.directories() + 4));
    assert_eq!(image.text(image.u32(start + 12)), "app.exe");
    assert_eq!((image.u32(start + 20), image.u32(start + 24)), (3, 3));
    let names: Vec<_> = (0..3).map(|n| image.text(image.u32(image.u32(start + 32) + 4 * n))).collect();
    assert_eq!(names, ["AppAlloc", "AppMain", "AppWork"]);
    let forwarder = image.u32(image.u32(start + 28));
    assert!(forwarder >= start && forwarder < start + size);
    assert_eq!(image.text(forwarder), "NTDLL.RtlAllocateHeap");
    assert_eq!(image.u32(image.u32(start + 28) + 4), 0x1050);
}

#[test]
fn pdata_is_sorted_and_ends_with_a_chain() {
    let image = Memory::of(&presets::tiny(), presets::tiny::X64.app);
    let (table, size) = (image.u32(image.directories() + 24), image.u32(image.directories() + 28));
    let begins: Vec<_> = (0..size / 12).map(|n| image.u32(table + 12 * n)).collect();
    assert_eq!(begins, [0x1000, 0x1020, 0x1050, 0x1080, 0x10A0]);
    let main = image.u32(table + 24 + 8);
    assert_eq!(&image.at(main)[..10], &[1, 10, 3, 0x25, 10, 3, 5, 0x72, 1, 0x50]);
    let cold = image.u32(table + 48 + 8);
    assert_eq!(image.at(cold)[0], 0x21);
    assert_eq!(image.u32(cold + 4), 0x1020);
}

/// Frame sizes by hand: crash 0x28, work 0x20 + rbx, main 0x40 + rbp, thread start 0x78.
#[test]
fn return_addresses_lie_where_the_unwind_data_says() {
    let (process, x64) = (presets::tiny(), presets::tiny::X64);
    let stack = Memory::of(&process, 0);
    let mut sp = process.threads[0].context.as_ref().unwrap().sp;
    let mut frames = vec![process.threads[0].context.as_ref().unwrap().ip];
    for size in [0x28, 0x28, 0x48] {
        sp += size;
        frames.push(u64::from_le_bytes(stack.at(sp)[..8].try_into().unwrap()));
        sp += 8;
    }
    assert_eq!(frames, x64.crashed_frames());
    assert_eq!(sp + 0x78 + 0x28, x64.stack_base(0));
}

#[test]
fn an_image_can_be_made_alone() {
    let image = Image {
        width: Width::W32,
        base: 0x1000_0000,
        code_view: Some(CodeView { pdb: "a.pdb".into(), ..CodeView::default() }),
        exports: vec![Export::At("f".into(), 0x1000)],
        ..Image::default()
    };
    let bytes = image.to_bytes();
    assert_eq!(bytes.len(), 0x3000);
    assert_eq!(image.parts().iter().map(|part| part.size).sum::<u64>(), 0x3000);
    assert_eq!(bytes[0x98..0x9A], [0x0B, 0x01]);
}
