//! Regions and addresses written by hand.

use dumplens_analyzer::facts::{
    AddressReport, BlockBackend, BlockPlace, BlockState, HeapKind, HeapPlace, ModulePlace, RegionReport,
    ThreadPlace,
};
use dumplens_analyzer::facts::{Hex, SiteReport};
use dumplens_analyzer::symbols::Source;

use super::text;

/// A committed region of an image.
pub(crate) fn image_region() -> RegionReport {
    RegionReport {
        base: Hex(0x7ff6_4000_1000),
        end: Hex(0x7ff6_4009_3000),
        size_bytes: 0x9_2000,
        begins_allocation: false,
        allocation_base: Some(Hex(0x7ff6_4000_0000)),
        allocation_protect: text("PAGE_EXECUTE_WRITECOPY"),
        kind: text("MEM_IMAGE"),
        state: "MEM_COMMIT".into(),
        protect: text("PAGE_EXECUTE_READ"),
        state_raw: 0x1000,
        protect_raw: 0x20,
        type_raw: 0x100_0000,
        allocation_protect_raw: 0x80,
        usage: "Image".into(),
        detail: text("app; \"C:\\Program Files\\Acme\\app.exe\""),
        fact: text("base and size in the module list"),
    }
}

/// From 0 on.
pub(crate) fn free_region() -> RegionReport {
    RegionReport {
        base: Hex(0),
        end: Hex(0x53_0000),
        size_bytes: 0x53_0000,
        begins_allocation: true,
        allocation_base: None,
        allocation_protect: None,
        kind: None,
        state: "MEM_FREE".into(),
        protect: text("PAGE_NOACCESS"),
        state_raw: 0x1_0000,
        protect_raw: 1,
        type_raw: 0,
        allocation_protect_raw: 0,
        usage: "Free".into(),
        detail: None,
        fact: None,
    }
}

/// Nothing is known of it but that it is reserved.
pub(crate) fn reserved_region() -> RegionReport {
    RegionReport {
        base: Hex(0x7b77_088c_0000),
        end: Hex(0x7b78_0000_0000),
        size_bytes: 0xf774_0000,
        allocation_base: Some(Hex(0x7b77_0000_0000)),
        allocation_protect: text("PAGE_NOACCESS"),
        kind: text("MEM_PRIVATE"),
        state: "MEM_RESERVE".into(),
        protect: None,
        state_raw: 0x2000,
        protect_raw: 0,
        type_raw: 0x2_0000,
        allocation_protect_raw: 1,
        usage: "<unknown>".into(),
        detail: None,
        fact: None,
        ..image_region()
    }
}

/// Guard pages of a stack.
pub(crate) fn guard_region() -> RegionReport {
    RegionReport {
        base: Hex(0x40_002f_c000),
        end: Hex(0x40_002f_f000),
        size_bytes: 0x3000,
        allocation_base: Some(Hex(0x40_0020_0000)),
        allocation_protect: text("PAGE_READWRITE"),
        kind: text("MEM_PRIVATE"),
        protect: text("PAGE_READWRITE | PAGE_GUARD"),
        protect_raw: 0x104,
        type_raw: 0x2_0000,
        allocation_protect_raw: 4,
        usage: "Stack".into(),
        detail: text("~0; 1092.3e8"),
        fact: text("DeallocationStack to StackBase of the TEB at 0x4000011000"),
        ..image_region()
    }
}

/// An address of which the dump has no byte.
pub(crate) fn address(address: u64, bits: u32, region: Option<RegionReport>, absent: &str) -> AddressReport {
    AddressReport {
        address: Hex(address),
        pointer_bits: bits,
        region,
        module: None,
        symbol: Vec::new(),
        thread: None,
        heap: None,
        object: None,
        block: None,
        kept_bytes: 0,
        in_image_file: false,
        absent: text(absent),
        warnings: Vec::new(),
    }
}

/// An address in code that the dump keeps.
pub(crate) fn address_in_image() -> AddressReport {
    AddressReport {
        module: Some(ModulePlace {
            path: "C:\\Program Files\\Acme\\app.exe".into(),
            base: Hex(0x7ff6_4000_0000),
            offset: Hex(0x1234),
            section: text(".text"),
        }),
        symbol: vec![inline_site(), site()],
        kept_bytes: 0x9_1dcc,
        absent: None,
        ..address(0x7ff6_4000_1234, 64, Some(image_region()), "")
    }
}

/// An address in a large block of a heap.
pub(crate) fn address_in_heap() -> AddressReport {
    let block = RegionReport {
        base: Hex(0x1f2_0000_0000),
        end: Hex(0x1f2_0010_1000),
        size_bytes: 0x10_1000,
        usage: "Heap".into(),
        detail: text("ID: 0; Handle: 000001f100000000; Type: Large Block"),
        fact: text("the large block's entry at 0x1f200000000"),
        ..guard_region()
    };
    AddressReport {
        heap: Some(HeapPlace {
            index: 0,
            handle: Hex(0x1f1_0000_0000),
            kind: HeapKind::Nt,
            part: "Large Block".into(),
        }),
        block: Some(BlockPlace {
            address: Hex(0x1f2_0000_0040),
            size_bytes: 0x10_0000,
            offset: 0xf_ffc0,
            taken_bytes: 0x10_1000,
            state: BlockState::Busy,
            backend: BlockBackend::Large,
        }),
        kept_bytes: 0x1000,
        absent: None,
        ..address(0x1f2_0010_0000, 64, Some(block), "")
    }
}

/// A function of a PDB, with a name that would act on a terminal.
fn site() -> SiteReport {
    SiteReport {
        module: "app".into(),
        function: text("app::Alloc<app::Tile>::grow\u{1b}[2J"),
        offset: Some(Hex(0x34)),
        file: text("C:\\src\\alloc.cpp"),
        line: Some(12),
        inline: false,
        source: Some(Source::Pdb),
    }
}

/// What was put into it.
fn inline_site() -> SiteReport {
    SiteReport { function: text("app::grown"), offset: None, line: Some(7), inline: true, ..site() }
}

/// An address in a guard page.
pub(crate) fn address_in_stack() -> AddressReport {
    AddressReport {
        thread: Some(ThreadPlace { index: 0, id: 1000, name: text("main") }),
        ..address(0x40_002f_d000, 64, Some(guard_region()), "a guard page")
    }
}
