//! The census as plain data, in the shape of the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::space::{Hex, words};

words! {
    /// What private memory is used for.
    pub enum Use {
        /// Pages of images that the process has for itself: written, or to be copied when they are.
        Images = "images",
        /// Threads' stacks.
        Stacks = "stacks",
        /// TEBs and PEBs.
        Environment = "teb_peb",
        /// Blocks of heaps that the program has: the bytes that it asked for.
        HeapBusy = "heap_busy",
        /// Blocks of heaps that nobody has.
        HeapFree = "heap_free",
        /// What heaps need themselves: headers, rounding, tables.
        HeapOverhead = "heap_overhead",
        /// Heaps whose blocks were not read.
        HeapUnread = "heap_not_read",
        /// Page heaps.
        PageHeap = "page_heap",
        /// Heaps of .NET's garbage collector.
        Managed = "managed_heap",
        /// Allocations that are listed in groups of equal size.
        Groups = "allocation_groups",
        /// What else is known by name.
        Other = "other",
        /// The rest.
        Unexplained = "not_explained",
    }
}

words! {
    /// How much of memory was read.
    pub enum Extent {
        /// The memory map alone.
        Map = "map",
        /// Units of 64 KiB, drawn at random from each use.
        Sample = "sample",
        /// Everything that the dump keeps.
        Whole = "whole",
    }
}

words! {
    /// What a page holds.
    pub enum PageKind {
        /// Zeros.
        Zero = "zero",
        /// One word over and over, not zero.
        Fill = "fill",
        /// Characters of ASCII.
        Ascii = "text_ascii",
        /// Characters of UTF-16.
        Utf16 = "text_utf16",
        /// Bytes as even as chance makes them: compressed or encrypted.
        Random = "compressed_or_encrypted",
        /// Anything else.
        Mixed = "mixed",
    }
}

words! {
    /// What the layout of memory proves it to be.
    pub enum ShapeKind {
        /// Only zeros.
        Zero = "zero",
        /// One word over and over.
        Fill = "fill",
        /// Text in ASCII.
        Ascii = "text_ascii",
        /// Text in UTF-16.
        Utf16 = "text_utf16",
        /// Compressed or encrypted.
        Random = "compressed_or_encrypted",
        /// Pixels of four bytes.
        Pixels = "pixels",
        /// Numbers of type `double`.
        Doubles = "doubles",
        /// Numbers of type `float`.
        Floats = "floats",
        /// Elements, or blocks, of a type whose layout is known.
        Named = "named",
        /// Objects of a class: the first word is its vftable.
        Objects = "objects",
        /// Elements of a size, whose columns are told in words.
        Columns = "columns",
        /// Words of one kind.
        Words = "words",
        /// Nothing repeats.
        Mixed = "mixed",
        /// The dump does not keep it.
        NotKept = "not_kept",
    }
}

words! {
    /// What is counted together.
    pub enum GroupKind {
        /// Allocations of `VirtualAlloc`.
        Allocation = "allocation",
        /// Blocks of heaps that have an allocation of their own.
        LargeBlock = "large_heap_block",
        /// Other blocks of heaps.
        Block = "heap_block",
    }
}

words! {
    /// By what a class got its name.
    pub enum ClassProof {
        /// The compiler's type information in the image.
        Rtti = "rtti",
        /// A PDB.
        Pdb = "pdb",
        /// None: the table's first entry is code, and nothing names it.
        Code = "code",
        /// None, and the dump does not keep the image: only the map says that constants of an image lie there.
        Address = "address",
    }
}

/// A figure, and how far off it may be: of a sample, the half of its 95% interval; `None` where too few units were read to
/// tell. Zero where all was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) value: u64,
    pub(crate) margin: Option<u64>,
}

impl Figure {
    pub(crate) fn exact(value: u64) -> Figure {
        Figure { value, margin: Some(0) }
    }
}

/// What fills the private memory of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CensusReport {
    /// Private commit by the memory map, in bytes: what `uses` adds up to.
    pub private_bytes: u64,
    /// What was read.
    pub reading: ReadingReport,
    /// Every byte of it under one use, the largest first.
    pub uses: Vec<UseReport>,
    /// Large allocations, large heap blocks and heap blocks of equal size, those of most bytes first.
    pub groups: Vec<GroupReport>,
    /// Blocks of all heaps by the size that was asked for, those of most bytes first.
    pub sizes: Vec<BlockSizeRow>,
    /// Sizes that are left out of `sizes`.
    pub sizes_left_out: u64,
    /// Classes of which blocks of heaps are objects, by their vftables; those of most bytes first.
    pub classes: Vec<ClassReport>,
    /// Classes that are left out of `classes`.
    pub classes_left_out: u64,
    /// Vftables whose addresses are in memory beyond the heaps whose blocks were read: pointers, not objects.
    pub vftables: Vec<ClassReport>,
    /// Vftables that are left out of `vftables`.
    pub vftables_left_out: u64,
    /// What the pages hold.
    pub pages: Vec<PageRow>,
    /// Pages that equal another, zeros apart; `None` where not all was read.
    pub duplicates: Option<DuplicatesReport>,
    /// Images that are loaded more than once.
    pub repeated_images: Vec<RepeatedImageReport>,
    /// What was wrong on the way along the heaps' blocks; some of them are not counted.
    pub faults: Vec<String>,
}

/// What was read for a census.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingReport {
    /// How much.
    pub extent: Extent,
    /// Units of 64 KiB that were read.
    pub units: u64,
    /// Units that there are.
    pub units_of: u64,
    /// Bytes of private memory that the dump keeps.
    pub kept_bytes: u64,
    /// Committed bytes of heap segments whose blocks were read.
    pub segments_read_bytes: u64,
    /// Committed bytes of heap segments that there are.
    pub segments_bytes: u64,
}

impl Default for ReadingReport {
    fn default() -> Self {
        let (units, units_of, kept_bytes, segments_read_bytes, segments_bytes) = (0, 0, 0, 0, 0);
        let extent = Extent::Map;
        ReadingReport { extent, units, units_of, kept_bytes, segments_read_bytes, segments_bytes }
    }
}

/// A use of private memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UseReport {
    /// What for.
    #[serde(rename = "use")]
    pub of: Use,
    /// Committed bytes.
    pub bytes: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    pub bytes_margin: Option<u64>,
}

/// Allocations or blocks of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupReport {
    /// What they are.
    pub kind: GroupKind,
    /// Usage class by WinDbg's name.
    pub usage: String,
    /// Bytes of each: of an allocation from its base to its end, of a block what was asked for.
    pub size_bytes: u64,
    /// How many.
    pub count: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    pub count_margin: Option<u64>,
    /// Their committed bytes.
    pub bytes: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    pub bytes_margin: Option<u64>,
    /// One of them.
    pub example: Hex,
    /// What they look like; `None` if they were not looked at.
    pub shape: Option<ShapeReport>,
    /// Who holds a pointer to one of them; `None` if that was not looked for, or nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Some characters of it, where it is all text and they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a run of memory looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShapeReport {
    /// What the layout proves.
    pub kind: ShapeKind,
    /// The type, where its layout proves it, or the class.
    pub name: Option<String>,
    /// Bytes of an element.
    pub element_bytes: Option<u64>,
    /// The share of what was looked at that is so, 0 to 1: of elements, words or pages that are not zero.
    pub share: f64,
    /// The share of words that would fit by chance, without elements.
    pub share_by_chance: Option<f64>,
    /// The kinds of the words of an element, in order; neighbours that are alike are one.
    pub columns: Vec<String>,
    /// The share of pages that are not all zero.
    pub used_share: f64,
    /// Bytes that were looked at.
    pub read_bytes: u64,
}

/// Blocks of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockSizeRow {
    /// What was asked for.
    pub size_bytes: u64,
    /// How many.
    pub blocks: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    pub blocks_margin: Option<u64>,
    /// Their bytes.
    pub bytes: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    pub bytes_margin: Option<u64>,
}

/// A class, by its vftable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassReport {
    /// As it is written in C++; the PDB's name, or module and offset, where no type information is.
    pub name: String,
    /// The module's file name without its extension; `None` outside modules.
    pub module: Option<String>,
    /// Address of the vftable.
    pub vftable: Hex,
    /// By what it got its name.
    pub proof: ClassProof,
    /// Blocks of heaps in use that begin with the vftable's address.
    pub objects: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told.
    pub objects_margin: Option<u64>,
    /// Bytes that were asked for in these blocks.
    pub bytes: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    #[serde(default)]
    pub bytes_margin: Option<u64>,
    /// Words anywhere in private memory, stacks and images apart, that hold the vftable's address. Those in free memory
    /// are left over.
    pub pointers: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told.
    pub pointers_margin: Option<u64>,
    /// Bytes of an object, by its deleting destructor; `None` where the code does not tell.
    pub size_bytes: Option<u64>,
}

/// Pages of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageRow {
    /// The kind.
    pub kind: PageKind,
    /// Their bytes.
    pub bytes: u64,
    /// Of a sample, the half of the 95% interval; `None` where it cannot be told. Zero where it is exact.
    pub bytes_margin: Option<u64>,
}

/// Pages that are there more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DuplicatesReport {
    /// Bytes of pages beyond the first of each content.
    pub bytes: u64,
    /// Of so many bytes of pages one was compared: 1 if all were.
    pub one_in: u64,
}

/// An image that is loaded more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RepeatedImageReport {
    /// Its file name.
    pub name: String,
    /// How often.
    pub count: u64,
    /// Bytes of one image.
    pub size_bytes: u64,
}
