//! The module: exports, RuntimeInfo, contract descriptor, `GcDacVars` and the variables behind; sync blocks.

use super::{Clr, HEAP, LOADER, MODULE, VERSION, code, heap, loader};
use crate::bytes::{Fields, len32};
use crate::pe::{Export, Image};
use crate::process::Process;

/// RVA of the module's data.
const DATA: u32 = 0x2000;

/// Where the parts of the data stand in it.
const DESCRIPTOR: usize = 0x80;
const POINTERS: usize = 0x100;
const DAC_TABLE: usize = 0x180;
const VARIABLES: usize = 0x200;
const VARS: usize = 0x300;
const GENERATIONS: usize = 0x500;
const SEGMENTS: usize = 0xA00;
const FIELDS: usize = 0xC00;
const OOM: usize = 0xC80;
const JSON: usize = 0xD00;

/// The contract: a part of that of .NET 10.0.9.
const CONTRACT: &str = r#"{"version":0,"baseline":"empty","types":{
"Thread":{"Id":16,"OSId":304,"RuntimeThreadLocals":32,"ExceptionTracker":360,"LastThrownObject":[344,"GCHandle"],"LinkNext":[120,"pointer"]},
"ThreadStore":{"FirstThreadLink":64,"ThreadCount":88},"RuntimeThreadLocals":{"AllocContext":0},
"EEAllocContext":{"GCAllocationContext":8},"GCAllocContext":{"Pointer":0,"Limit":8},
"MethodTable":{"!":64,"MTFlags":0,"BaseSize":4,"MTFlags2":8,"EEClassOrCanonMT":40,"Module":24,"ParentMethodTable":16,"PerInstInfo":48,"AuxiliaryData":32},
"EEClass":{"MethodTable":16,"FieldDescList":24,"NumInstanceFields":66,"NumStaticFields":70},
"DynamicStaticsInfo":{"!":24,"GCStatics":0,"NonGCStatics":8},"ModuleLookupMap":{"TableData":8,"Next":0,"Count":16},
"Module":{"PEAssembly":192,"TypeDefToMethodTableMap":344},"PEAssembly":{"PEImage":8},
"PEImage":{"LoadedImageLayout":128},"PEImageLayout":{"Base":8},
"Exception":{"_message":16,"_innerException":32,"_stackTrace":48,"_HResult":108},"ExceptionInfo":{"ThrownObject":8},
"RangeSectionFragment":{"RangeBegin":8,"RangeEndOpen":16,"RangeSection":24,"Next":0},
"RangeSection":{"RangeBegin":0,"RangeEndOpen":8,"HeapList":40,"R2RModule":32},
"RealCodeHeader":{"MethodDesc":24,"NumUnwindInfos":32,"UnwindInfos":36},
"CodeHeapListNode":{"Next":0,"StartAddress":16,"EndAddress":24,"MapBase":32,"HeaderMap":40}},
"globals":{"StaticsPointerMask":["0xfffffffffffffffe","uintptr_t"],"MethodDescTokenRemainderBitCount":["0xc","uint8"],"ThreadStore":[[0],"pointer"],"GCThread":[[1],"pointer"],
"FreeObjectMethodTable":[[2],"pointer"],"SyncTableEntries":[[3],"pointer"],"ExecutionManagerCodeRangeMapAddress":[[4],"pointer"]},"contracts":{"Thread":1}}"#;

/// The n-th `Thread`.
pub(super) fn thread(n: usize) -> u64 {
    LOADER + 0x3000 + 0x400 * n as u64
}

/// The n-th sync block.
pub(super) fn sync_block(n: usize) -> u64 {
    LOADER + 0x5000 + 0x80 * n as u64
}

/// ThreadStore, and the table of sync blocks.
const STORE: u64 = LOADER + 0x2800;
const SYNC_TABLE: u64 = LOADER + 0x5800;

fn data(at: usize) -> u64 {
    MODULE + u64::from(DATA) + at as u64
}

/// A node is locked by a sync block, for which one thread waits.
pub(super) fn lock(process: &mut Process, n: usize, owner: u32) {
    let index = len32(n) + 1;
    let mut block = Fields::flat(0x60);
    block.u32(0, 1 | 1 << 6);
    block.u32(4, 1);
    block.u64(16, owner.into());
    block.u32(28, index);
    process.put(sync_block(n), &block.bytes);
    let entry = [sync_block(n), heap::node(n)].map(u64::to_le_bytes).concat();
    process.put(SYNC_TABLE + 16 * u64::from(index), &entry);
    process.put(heap::node(n) - 4, &(0x0800_0000 | index).to_le_bytes());
}

impl Clr {
    /// The module's image, as it is mapped.
    pub fn module(&self) -> Vec<u8> {
        let mut d = Fields::flat(0x2000);
        d.put(0, b"DotNetRuntimeInfo\0");
        for (n, part) in VERSION.iter().enumerate() {
            d.u32(96 + 4 * n, *part);
        }
        self.contract(&mut d);
        self.vars(&mut d);
        let exports = [
            ("DotNetRuntimeInfo", 0),
            ("DotNetRuntimeContractDescriptor", DESCRIPTOR),
            ("g_dacTable", DAC_TABLE),
        ];
        let export = |(name, at): (&str, usize)| Export::At(name.to_owned(), DATA + len32(at));
        let image = Image {
            base: MODULE,
            name: "coreclr.dll".into(),
            exports: exports.into_iter().map(export).collect(),
            data: vec![(0, d.bytes)],
            ..Image::default()
        };
        image.to_bytes()
    }

    fn contract(&self, d: &mut Fields) {
        d.u64(DESCRIPTOR, 0x0043_4144_4343_4E44);
        d.u32(DESCRIPTOR + 12, len32(CONTRACT.len()));
        d.u64(DESCRIPTOR + 16, data(JSON));
        d.u32(DESCRIPTOR + 24, 5);
        d.u64(DESCRIPTOR + 32, data(POINTERS));
        d.put(JSON, CONTRACT.as_bytes());
        let collecting = if self.collecting { thread(0) } else { 0 };
        for (n, value) in [STORE, collecting, loader::FREE, SYNC_TABLE].into_iter().enumerate() {
            d.u64(POINTERS + 8 * n, data(VARIABLES + 8 * n));
            d.u64(VARIABLES + 8 * n, value);
        }
        d.u64(POINTERS + 8 * 4, code::MAP);
    }

    fn vars(&self, d: &mut Fields) {
        // The DAC table: something else, and the variable that holds the address of GcDacVars.
        d.u64(DAC_TABLE, data(VARIABLES));
        d.u64(DAC_TABLE + 8, data(VARIABLES + 0x40));
        d.u64(VARIABLES + 0x40, data(VARS));
        d.u8(VARS, 2);
        d.u8(VARS + 1, 4);
        d.u64(VARS + 8, 256);
        d.u64(VARS + 16, 5);
        let mut pointer = |index: usize, at: usize| d.u64(VARS + 24 + 8 * index, data(at));
        for index in [0, 1, 2] {
            pointer(index, VARIABLES + 0x48);
        }
        pointer(3, GENERATIONS);
        pointer(7, VARIABLES + 0x50);
        pointer(12, VARIABLES + 0x58);
        pointer(14, OOM);
        pointer(27, FIELDS);
        pointer(28, FIELDS + 0x60);
        d.u64(VARIABLES + 0x50, data(SEGMENTS));
        d.u64(VARIABLES + 0x58, heap::gen0_end());
        for (n, offset) in [0, 56, -1_i32].into_iter().enumerate() {
            d.put(FIELDS + 0x60 + 4 * n, &offset.to_le_bytes());
        }
        for g in 0..5 {
            let segment = SEGMENTS + 0x40 * g;
            d.u64(GENERATIONS + 256 * g + 56, data(segment));
            let (start, end) = heap::extent(g);
            let first = start + 0x28;
            for (n, word) in
                [end, start + super::REGION, start + 0x4_0000, end, first].into_iter().enumerate()
            {
                d.u64(segment + 8 * n, word);
            }
        }
        if let Some(bytes) = self.refused {
            d.u32(OOM, 4);
            d.u64(OOM + 8, bytes + 32);
            d.u64(OOM + 32, 3);
            d.u64(OOM + 56, 512);
        }
    }
}

/// ThreadStore with the first link and the count.
pub(super) fn put_store(process: &mut Process, threads: usize) {
    let first = if threads == 0 { 0 } else { thread(0) + 120 };
    process.put(STORE + 64, &first.to_le_bytes());
    process.put(STORE + 88, &len32(threads).to_le_bytes());
}

/// That regions lie inside the range of the heap.
const _: () = assert!(super::HEAP_SIZE >= 4 * 0x4_0000 && HEAP > 0);
