//! A process that heaps are put into.

use crate::address_space::{AddressSpace, Part, TOP_X86_4GB};
use crate::bytes::len32;
use crate::constants::{MEM_RESERVE, PAGE, PAGE_READONLY};
use crate::heap::{Descriptor, HeapTruth, NtHeap, OtherTruth, PageHeap, SegmentHeap, Truth, put_chain};
use crate::kuser::{KUSER_SHARED_DATA, Kuser};
use crate::presets::common::finish;
use crate::presets::small::Addresses;
use crate::presets::{tiny, wow64};
use crate::process::Process;
use crate::{Arch, Misc, Peb, SystemInfo, Width};

/// Where the array of heap handles lies, counted from [`Addresses::heap`], which is no heap here.
const PROCESS_HEAPS: u64 = 0x400;
/// The same of the 64-bit PEB of a WOW64 process.
const PROCESS_HEAPS64: u64 = 0x480;
/// Where heap descriptors lie (24H2), likewise.
const DESCRIPTORS: u64 = 0x500;
/// Where the head of their list lies, likewise; in a process it is in ntdll's data.
const DESCRIPTOR_HEAD: u64 = 0x4E0;

/// A process under construction.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) process: Process,
    pub(super) space: AddressSpace,
    pub(super) truth: Truth,
    pub(super) peb: Peb,
    pub(super) at: Addresses,
    /// The 64-bit PEB of a WOW64 process.
    peb64: Option<Peb>,
}

/// Windows versions: major, minor, build.
pub(super) const WINDOWS_7: [u16; 3] = [6, 1, 7601];
pub(super) const WINDOWS_8_1: [u16; 3] = [6, 3, 9600];
pub(super) const WINDOWS_10: [u16; 3] = [10, 0, 19045];
pub(super) const WINDOWS_11_24H2: [u16; 3] = [10, 0, 26100];

impl Scene {
    /// A process of either width on a version of Windows.
    pub(super) fn new(width: Width, windows: [u16; 3]) -> Self {
        let (at, arch) = match width {
            Width::W32 => (Addresses { top: TOP_X86_4GB, ..tiny::X86 }, Arch::X86),
            Width::W64 => (tiny::X64, Arch::X64),
        };
        let (process, space) = at.begin(Process { arch, ..Process::default() });
        let mut scene = Scene { process, space, truth: Truth::default(), peb: peb(&at), at, peb64: None };
        scene.version(windows);
        scene.others(if width == Width::W32 { 0x0100_0000 } else { 0x1F2_0000_0000 });
        scene
    }

    /// A 32-bit process on 64-bit Windows 10, seen by a 64-bit writer.
    pub(super) fn wow64() -> Self {
        let (at, (process, space)) = (wow64::VIEW32, wow64::begin());
        let mut scene = Scene { process, space, truth: Truth::default(), peb: peb(&at), at, peb64: None };
        scene.version(WINDOWS_10);
        scene.others(0x0100_0000);
        scene.peb64 = Some(Peb { process_heaps: at.heap + PROCESS_HEAPS64, ..scene.peb });
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
        // NtBuildNumber is 0 before Windows 10.
        let number = if major >= 10 { u32::from(build) } else { 0 };
        let kuser = Kuser { build: number, major: major.into(), minor: minor.into(), ..Kuser::default() };
        self.process.put(KUSER_SHARED_DATA, &kuser.to_bytes());
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
                parts.push(Part { state: MEM_RESERVE, protect: 0, ..rest });
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

    /// The same for a segment heap.
    pub(super) fn segment(&mut self, heap: &SegmentHeap) {
        heap.allocate(&mut self.space);
        heap.put(&mut self.process);
        self.listed(heap.truth());
    }

    /// Adds a segment heap that no list has.
    pub(super) fn hidden(&mut self, heap: &SegmentHeap) {
        heap.allocate(&mut self.space);
        heap.put(&mut self.process);
        // What is in it is not the program's.
        self.truth.heaps.push(HeapTruth { blocks: Vec::new(), ..heap.truth() });
    }

    /// The same for a page heap.
    pub(super) fn page(&mut self, heap: &PageHeap) {
        heap.allocate(&mut self.space);
        heap.put(&mut self.process);
        self.listed(heap.truth());
    }

    /// The next heap in the ProcessHeaps of its width.
    fn listed(&mut self, mut truth: HeapTruth) {
        truth.index = Some(len32(self.listed_handles(truth.width).len()));
        self.truth.heaps.push(truth);
    }

    fn listed_handles(&self, width: Width) -> Vec<u64> {
        let heaps = self.truth.heaps.iter();
        heaps.filter(|heap| heap.width == width && heap.index.is_some()).map(|heap| heap.handle).collect()
    }

    /// Address of the descriptor of the heap that is added as number `number`.
    pub(super) fn descriptor(&self, number: u64) -> u64 {
        self.at.heap + DESCRIPTORS + 0x20 * number
    }

    /// Leaves only the first heap in ProcessHeaps, as 24H2 does, and links all of them by descriptors.
    pub(super) fn chain(&mut self) {
        let heaps = (0..).zip(&self.truth.heaps);
        let chain: Vec<_> = heaps
            .map(|(number, heap)| Descriptor { address: self.descriptor(number), heap: heap.handle })
            .collect();
        put_chain(&mut self.process, self.at.width, self.at.heap + DESCRIPTOR_HEAD, &chain);
        self.truth.heaps.iter_mut().skip(1).for_each(|heap| heap.index = None);
    }

    /// Writes PEB and handles, regions and kept memory.
    pub(super) fn finish(mut self) -> (Process, Truth) {
        let handles = self.listed_handles(self.at.width);
        put_handles(&mut self.process, &mut self.peb, self.at.peb, self.at.width, &handles);
        if let Some(mut peb64) = self.peb64 {
            let handles = self.listed_handles(Width::W64);
            put_handles(&mut self.process, &mut peb64, wow64::VIEW64.peb, Width::W64, &handles);
        }
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
    peb.number_of_heaps = len32(handles.len());
    let array: Vec<u8> =
        handles.iter().flat_map(|handle| handle.to_le_bytes()[..width.bytes()].to_vec()).collect();
    process.put(peb.process_heaps, &array);
    process.put(address, &peb.to_bytes(width));
}
