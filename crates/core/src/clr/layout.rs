//! Where the runtime's structures have their fields, by version. Plain data.
//!
//! Versions with a contract bring their own numbers. The others were measured on dumps whose programs wrote down what
//! they held (8.0.28, 3.1.23, 2.1.8 x86); the private structures of a release do not change while it is serviced.

use super::contract::Contract;

/// Offsets of one version, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) table: TableLayout,
    pub(crate) thread: ThreadLayout,
    /// From `Module` over `PEAssembly` and `PEImage` and its layout to the image's base: an offset for each step.
    pub(crate) image: [u64; 4],
    pub(crate) exception: ExceptionLayout,
    pub(crate) sync: SyncLayout,
    /// Low bits of a MethodDef's row that its `MethodDesc` holds; the others are in its chunk.
    pub(crate) token_bits: u32,
    /// `Thread`'s identity in a thin lock: its bits, and those of the recursion above them.
    pub(crate) thin_lock: (u32, u32),
    /// `None` where code is not found by sections, but by EBP.
    pub(crate) code: Option<CodeLayout>,
}

/// `MethodTable` and what it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableLayout {
    pub(crate) parent: u64,
    pub(crate) module: u64,
    /// `EEClass`, or the canonical table of a generic instance.
    pub(crate) class: u64,
    /// `PerInstInfo`, or the type of an array's elements.
    pub(crate) instance: u64,
    /// Which module the field names.
    pub(crate) owner: Owner,
    /// The tag of a class word that is a canonical table.
    pub(crate) canonical_tag: u64,
    /// `EEClass.MethodTable`, which leads back.
    pub(crate) class_table: u64,
    /// `EEClass.FieldDescList`.
    pub(crate) fields: u64,
}

/// How a method table tells its TypeDef and its module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The row is `flags2 >> 8`; the field is the defining module.
    Defining,
    /// The row is a u16 behind flags2; the field is the module of the loader, unless an optional slot names another.
    Loader,
    /// The same, and pointers hold distances from their own addresses.
    LoaderRelative,
}

/// `Thread`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThreadLayout {
    pub(crate) link: u64,
    pub(crate) os_id: u64,
    pub(crate) managed_id: Option<u64>,
    /// A handle to the exception that it threw last.
    pub(crate) last_thrown: Option<u64>,
    /// The exception that is being handled, and where that has its handle.
    pub(crate) tracker: Option<(u64, u64)>,
    pub(crate) context: ContextPlace,
}

/// Where a thread has its allocation context: a pointer, and a limit behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextPlace {
    Inline(u64),
    /// Behind a pointer.
    Locals(u64, u64),
}

/// `System.Exception`: `_message`, `_innerException`, `_stackTrace` and `_HResult`, from the object's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExceptionLayout {
    pub(crate) message: u64,
    pub(crate) inner: u64,
    pub(crate) trace: u64,
    pub(crate) hresult: u64,
}

/// `SyncBlock`: state at 0, recursion at 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncLayout {
    pub(crate) owner: LockOwner,
    /// Its own index.
    pub(crate) index: u64,
    /// The threads in `Monitor.Wait`.
    pub(crate) wait_list: u64,
}

/// How a sync block names the thread that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockOwner {
    /// The operating system's id, as a word.
    OsId(u64),
    /// The address of its `Thread`.
    Thread(u64),
}

/// How code that the runtime compiled or loaded is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodeLayout {
    pub(crate) map: CodeMap,
    pub(crate) section: SectionLayout,
    /// `HeapList`: first and last address of its code, what the map counts from, and the map.
    pub(crate) heap: [u64; 4],
    /// `RealCodeHeader`: the method, how many RUNTIME_FUNCTIONs, and the first of them.
    pub(crate) header: [u64; 3],
}

/// How a `RangeSection` is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeMap {
    /// A tree of five levels of 256 pointers, to fragments: next, begin, end and section.
    Tree([u64; 4]),
    /// A chain of sections: where each has the next, and its flags, by which one field is a list of heaps or a `Module`.
    Chain { next: u64, flags: u64 },
}

/// `RangeSection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SectionLayout {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// The list of code heaps; 0 of code that was compiled in advance.
    pub(crate) heaps: u64,
    /// The `Module` of code that was compiled in advance.
    pub(crate) module: u64,
}

/// Code of 8.0.
const CODE8: CodeLayout = CodeLayout {
    map: CodeMap::Tree([0, 8, 16, 24]),
    section: SectionLayout { begin: 0, end: 8, heaps: 40, module: 32 },
    heap: [16, 24, 32, 40],
    header: [24, 32, 36],
};

/// 8.0.
const NET8: Layout = Layout {
    table: TableLayout {
        parent: 16,
        module: 24,
        class: 40,
        instance: 48,
        owner: Owner::Loader,
        canonical_tag: 1,
        class_table: 16,
        fields: 24,
    },
    thread: ThreadLayout {
        link: 0xf8,
        os_id: 0x1b8,
        managed_id: Some(0x20),
        last_thrown: Some(0x1e0),
        tracker: Some((0x1f0, 40)),
        context: ContextPlace::Inline(0x58),
    },
    image: [176, 8, 120, 8],
    exception: ExceptionLayout { message: 16, inner: 32, trace: 48, hresult: 116 },
    sync: SyncLayout { owner: LockOwner::OsId(16), index: 28, wait_list: 72 },
    token_bits: 12,
    thin_lock: (16, 6),
    code: Some(CODE8),
};

/// 3.1.
const NET31: Layout = Layout {
    table: TableLayout { canonical_tag: 2, ..NET8.table },
    thread: ThreadLayout {
        link: 0x110,
        os_id: 0x1d8,
        managed_id: Some(0x24),
        last_thrown: Some(0x208),
        tracker: Some((0x218, 40)),
        context: ContextPlace::Inline(0x58),
    },
    image: [16, 16, 88, 8],
    exception: NET8.exception,
    sync: SyncLayout { owner: LockOwner::Thread(8), index: 20, wait_list: 64 },
    token_bits: 14,
    thin_lock: (10, 6),
    code: Some(CodeLayout {
        map: CodeMap::Chain { next: 24, flags: 40 },
        section: SectionLayout { begin: 0, end: 8, heaps: 48, module: 48 },
        ..CODE8
    }),
};

/// 2.1, x86.
const NET21_X86: Layout = Layout {
    table: TableLayout {
        parent: 16,
        module: 20,
        class: 28,
        instance: 32,
        owner: Owner::LoaderRelative,
        canonical_tag: 2,
        class_table: 8,
        fields: 12,
    },
    thread: ThreadLayout {
        link: 0xdc,
        os_id: 0x148,
        managed_id: None,
        last_thrown: None,
        tracker: None,
        context: ContextPlace::Inline(0xdc - 156),
    },
    image: [8, 8, 60, 4],
    exception: ExceptionLayout { message: 12, inner: 20, trace: 28, hresult: 56 },
    sync: SyncLayout { owner: LockOwner::Thread(8), index: 16, wait_list: 40 },
    token_bits: 14,
    thin_lock: (10, 6),
    code: None,
};

/// The layout of a version that brings no contract: by its major and minor number, and bits of a pointer.
pub(crate) fn of_version(major: u16, minor: u16, bits: u32) -> Option<Layout> {
    match (major, minor, bits) {
        (8, 0, 64) => Some(NET8),
        (3, 1, 64) => Some(NET31),
        (2, 1, 32) => Some(NET21_X86),
        _ => None,
    }
}

impl Layout {
    /// The layout that a contract gives; `None` if it leaves out what is needed. What no contract of version 0 has,
    /// sync blocks above all, is as it was in .NET 10.
    pub(crate) fn of_contract(contract: &Contract) -> Option<Layout> {
        let of = |name, field| contract.offset(name, field);
        let locals = of("Thread", "RuntimeThreadLocals")?;
        let context = of("RuntimeThreadLocals", "AllocContext")?
            .wrapping_add(of("EEAllocContext", "GCAllocationContext")?)
            .wrapping_add(of("GCAllocContext", "Pointer")?);
        let tracker = of("Thread", "ExceptionTracker").zip(of("ExceptionInfo", "ThrownObject"));
        Some(Layout {
            table: TableLayout {
                parent: of("MethodTable", "ParentMethodTable")?,
                module: of("MethodTable", "Module")?,
                class: of("MethodTable", "EEClassOrCanonMT")?,
                instance: of("MethodTable", "PerInstInfo")?,
                owner: Owner::Defining,
                canonical_tag: 1,
                class_table: of("EEClass", "MethodTable")?,
                fields: of("EEClass", "FieldDescList").unwrap_or(NET8.table.fields),
            },
            thread: ThreadLayout {
                link: of("Thread", "LinkNext")?,
                os_id: of("Thread", "OSId")?,
                managed_id: of("Thread", "Id"),
                last_thrown: of("Thread", "LastThrownObject"),
                tracker,
                context: ContextPlace::Locals(locals, context),
            },
            image: [
                of("Module", "PEAssembly")?,
                of("PEAssembly", "PEImage")?,
                of("PEImage", "LoadedImageLayout")?,
                of("PEImageLayout", "Base")?,
            ],
            exception: ExceptionLayout {
                message: of("Exception", "_message")?,
                inner: of("Exception", "_innerException")?,
                trace: of("Exception", "_stackTrace")?,
                hresult: of("Exception", "_HResult")?,
            },
            sync: NET8.sync,
            token_bits: u32::try_from(contract.number("MethodDescTokenRemainderBitCount")?)
                .ok()
                .filter(|bits| (8..24).contains(bits))?,
            thin_lock: NET8.thin_lock,
            code: Some(CodeLayout::of_contract(contract).unwrap_or(CODE8)),
        })
    }
}

impl CodeLayout {
    fn of_contract(contract: &Contract) -> Option<CodeLayout> {
        let of = |name, fields: [&str; 4]| {
            let [a, b, c, d] = fields.map(|field| contract.offset(name, field));
            Some([a?, b?, c?, d?])
        };
        let [begin, end, heaps, module] =
            of("RangeSection", ["RangeBegin", "RangeEndOpen", "HeapList", "R2RModule"])?;
        let header = |field| contract.offset("RealCodeHeader", field);
        Some(CodeLayout {
            map: CodeMap::Tree(of(
                "RangeSectionFragment",
                ["Next", "RangeBegin", "RangeEndOpen", "RangeSection"],
            )?),
            section: SectionLayout { begin, end, heaps, module },
            heap: of("CodeHeapListNode", ["StartAddress", "EndAddress", "MapBase", "HeaderMap"])?,
            header: [header("MethodDesc")?, header("NumUnwindInfos")?, header("UnwindInfos")?],
        })
    }
}
