//! A process that heaps are put into.

use crate::address_space::{AddressSpace, Part, TOP_X86_4GB};
use crate::constants::{PAGE, PAGE_READONLY};
use crate::heap::{HeapTruth, NtHeap, OtherTruth, Truth};
use crate::kuser::KUSER_SHARED_DATA;
use crate::presets::common::finish;
use crate::presets::small::Addresses;
use crate::presets::tiny;
use crate::process::Process;
use crate::{Arch, Misc, Peb, SystemInfo, Width};

/// Where the array of heap handles lies, counted from [`Addresses::heap`], which is no heap here.
const PROCESS_HEAPS: u64 = 0x400;

/// A process under construction.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) process: Process,
    pub(super) space: AddressSpace,
    pub(super) truth: Truth,
    pub(super) peb: Peb,
    pub(super) at: Addresses,
}

/// Windows versions: major, minor, build.
pub(super) const WINDOWS_7: [u16; 3] = [6, 1, 7601];
pub(super) const WINDOWS_8_1: [u16; 3] = [6, 3, 9600];
pub(super) const WINDOWS_10: [u16; 3] = [10, 0, 19045];

impl Scene {
    /// A process of either width on a version of Windows.
    pub(super) fn new(width: Width, windows: [u16; 3]) -> Self {
        let (at, arch) = match width {
            Width::W32 => (Addresses { top: TOP_X86_4GB, ..tiny::X86 }, Arch::X86),
            Width::W64 => (tiny::X64, Arch::X64),
        };
        let (process, space) = at.begin(Process { arch, ..Process::default() });
        let mut scene = Scene { process, space, truth: Truth::default(), peb: peb(&at), at };
        scene.version(windows);
        scene.others(if width == Width::W32 { 0x0100_0000 } else { 0x1F2_0000_0000 });
        scene
    }

    fn version(&mut self, [major, minor, build]: [u16; 3]) {
        self.peb.os_major = major.into();
        self.peb.os_minor = minor.into();
        self.peb.os_build = build;
        self.process.system = Some(SystemInfo {
            major: major.into(),
            minor: minor.into(),
            build: build.into(),
            ..SystemInfo::default()
        });
        self.process.misc = Some(Misc { build_string: format!("{build}.1.synth"), ..Misc::default() });
    }

    /// Regions that the PEB points to, from `base` on.
    fn others(&mut self, base: u64) {
        let others = &mut self.truth.others;
        let name = "User Shared Data";
        let (start, end) = (KUSER_SHARED_DATA, KUSER_SHARED_DATA + PAGE);
        others.push(OtherTruth { name, field: "", start, end });
        let peb = &mut self.peb;
        // Name, field, where it is, pages, distance of the pointer from the region's base.
        let table = [
            ("API Set Map", "ApiSetMap", &mut peb.api_set_map, 0x1D, 0),
            ("Read Only Shared Memory", "ReadOnlySharedMemoryBase", &mut peb.read_only_shared_memory, 5, 0),
            ("NLS Tables", "AnsiCodePageData", &mut peb.ansi_code_page_data, 0x22, 0x230),
            ("GDI Shared Handle Table", "GdiSharedHandleTable", &mut peb.gdi_shared_handle_table, 0x81, 0),
            ("Activation Context Data", "ActivationContextData", &mut peb.activation_context_data, 3, 0),
            (
                "System Default Activation Context Data",
                "SystemDefaultActivationContextData",
                &mut peb.system_default_activation_context_data,
                4,
                0,
            ),
        ];
        let mut start = base;
        for (name, field, pointer, pages, inside) in table {
            let end = start + pages * PAGE;
            let mut parts = vec![Part::mapped(pages * PAGE, PAGE_READONLY)];
            if field == "ReadOnlySharedMemoryBase" {
                let rest = Part { size: 0xFB * PAGE, ..parts[0] };
                parts.push(Part { state: crate::constants::MEM_RESERVE, protect: 0, ..rest });
            }
            self.space.allocate(start, &parts);
            self.process.put(start, name.as_bytes());
            *pointer = start + inside;
            others.push(OtherTruth { name, field, start, end });
            start = (start + parts.iter().map(|part| part.size).sum::<u64>()).next_multiple_of(0x1_0000);
        }
    }

    /// Adds a heap to ProcessHeaps; its ProcessHeapsListIndex must say so.
    pub(super) fn nt(&mut self, heap: &NtHeap) {
        heap.allocate(&mut self.space);
        heap.put(&mut self.process);
        self.listed(heap.truth());
    }

    /// The next heap of ProcessHeaps.
    pub(super) fn listed(&mut self, mut truth: HeapTruth) {
        truth.index = Some(u32::try_from(self.truth.heaps.len()).expect("a few"));
        self.truth.heaps.push(truth);
    }

    /// Writes PEB and handles, regions and kept memory.
    pub(super) fn finish(mut self) -> (Process, Truth) {
        let handles: Vec<u64> =
            self.truth.heaps.iter().filter(|heap| heap.index.is_some()).map(|heap| heap.handle).collect();
        put_handles(&mut self.process, &mut self.peb, self.at.peb, self.at.width, &handles);
        finish(&mut self.process, &self.space, self.at.top);
        let regions = self.process.regions.as_deref().unwrap_or_default();
        for heap in &mut self.truth.heaps {
            heap.measure(regions);
        }
        (self.process.touched(), self.truth)
    }
}

/// The PEB of a process at these addresses, without heaps.
pub(super) fn peb(at: &Addresses) -> Peb {
    Peb {
        image_base: at.app,
        process_parameters: at.parameters(),
        process_heaps: at.heap + PROCESS_HEAPS,
        ..Peb::default()
    }
}

/// Writes a PEB with these heaps, and the array of their handles.
pub(super) fn put_handles(process: &mut Process, peb: &mut Peb, address: u64, width: Width, handles: &[u64]) {
    peb.process_heap = handles.first().copied().unwrap_or_default();
    peb.number_of_heaps = u32::try_from(handles.len()).expect("a few");
    let array: Vec<u8> =
        handles.iter().flat_map(|handle| handle.to_le_bytes()[..width.bytes()].to_vec()).collect();
    process.put(peb.process_heaps, &array);
    process.put(address, &peb.to_bytes(width));
}
