//! The census as plain data, in the shape of the report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kinds::{ClassProof, Extent, GroupKind, PageKind, ShapeKind, Use};
use crate::space::Hex;

/// What fills the private memory of a process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CensusReport {
    /// Private commit according to the memory map, in bytes: the sum of `uses`.
    pub private_bytes: u64,
    /// What was read.
    pub reading: ReadingReport,
    /// The uses, the largest first; every byte is counted under one of them.
    pub uses: Vec<UseReport>,
    /// Large allocations, large heap blocks and heap blocks of equal size, those with the most bytes first.
    pub groups: Vec<GroupReport>,
    /// Blocks of all heaps by requested size, those with the most bytes first.
    pub sizes: Vec<BlockSizeRow>,
    /// Sizes that are left out of `sizes`.
    pub sizes_left_out: u64,
    /// Classes whose objects are in heap blocks, recognized by their vftables; those with the most bytes first.
    pub classes: Vec<ClassReport>,
    /// Classes that are left out of `classes`.
    pub classes_left_out: u64,
    /// Vftables whose addresses occur outside the heaps whose blocks were read: pointers, not objects.
    pub vftables: Vec<ClassReport>,
    /// Vftables that are left out of `vftables`.
    pub vftables_left_out: u64,
    /// The contents of the pages.
    pub pages: Vec<PageRow>,
    /// Pages with the same contents as another page, except zeros; `None` if not everything was read.
    pub duplicates: Option<DuplicatesReport>,
    /// Images that are loaded more than once.
    pub repeated_images: Vec<RepeatedImageReport>,
    /// Faults in the heaps' blocks; some blocks are not counted.
    pub faults: Vec<String>,
}

/// What was read for a census.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingReport {
    /// How much.
    pub extent: Extent,
    /// Units of 64 KiB that were read.
    pub units: u64,
    /// Number of units in total.
    pub units_of: u64,
    /// Bytes of private memory in the dump.
    pub kept_bytes: u64,
    /// Committed bytes of heap segments whose blocks were read.
    pub segments_read_bytes: u64,
    /// Committed bytes of all heap segments.
    pub segments_bytes: u64,
    /// Whether this is the census of the original, which `trim` kept in this copy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_original: bool,
}

impl Default for ReadingReport {
    fn default() -> Self {
        let (units, units_of, kept_bytes, segments_read_bytes, segments_bytes) = (0, 0, 0, 0, 0);
        let (extent, of_original) = (Extent::Map, false);
        ReadingReport {
            extent,
            units,
            units_of,
            kept_bytes,
            segments_read_bytes,
            segments_bytes,
            of_original,
        }
    }
}

/// A use of private memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UseReport {
    /// The use.
    #[serde(rename = "use")]
    pub of: Use,
    /// Committed bytes.
    pub bytes: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub bytes_margin: Option<u64>,
}

/// Allocations or blocks of one size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupReport {
    /// What they are.
    pub kind: GroupKind,
    /// Usage class by WinDbg's name.
    pub usage: String,
    /// Bytes of each: for an allocation from its base to its end, for a block the requested size.
    pub size_bytes: u64,
    /// How many.
    pub count: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub count_margin: Option<u64>,
    /// Their committed bytes.
    pub bytes: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub bytes_margin: Option<u64>,
    /// One of them.
    pub example: Hex,
    /// The kind of data in them; `None` if they were not read.
    pub shape: Option<ShapeReport>,
    /// What holds a pointer to one of them; `None` if none was found, or it was not searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Some characters of it, if it consists of text and they were requested; of an array of strings, some strings in
    /// quotation marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// The kind of data in a piece of memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShapeReport {
    /// What the layout proves.
    pub kind: ShapeKind,
    /// The type, where its layout proves it, or the class.
    pub name: Option<String>,
    /// Bytes of an element.
    pub element_bytes: Option<u64>,
    /// The share of the elements, words or non-zero pages that match, 0 to 1.
    pub share: f64,
    /// The share of words that would match by chance, without elements.
    pub share_by_chance: Option<f64>,
    /// The kinds of the words of an element, in order; equal neighbours are combined.
    pub columns: Vec<String>,
    /// The share of pages that are not all zero.
    pub used_share: f64,
    /// Bytes that were read.
    pub read_bytes: u64,
}

/// Blocks of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockSizeRow {
    /// What was requested.
    pub size_bytes: u64,
    /// How many.
    pub blocks: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub blocks_margin: Option<u64>,
    /// Their bytes.
    pub bytes: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub bytes_margin: Option<u64>,
}

/// A class, identified by its vftable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClassReport {
    /// The name as in C++; without type information, the PDB's name, or module and offset.
    pub name: String,
    /// The module's file name without its extension; `None` outside modules.
    pub module: Option<String>,
    /// Address of the vftable.
    pub vftable: Hex,
    /// Where its name comes from.
    pub proof: ClassProof,
    /// Heap blocks in use that begin with the vftable's address.
    pub objects: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub objects_margin: Option<u64>,
    /// Requested bytes of these blocks.
    pub bytes: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    #[serde(default)]
    pub bytes_margin: Option<u64>,
    /// Words anywhere in private memory, stacks and images apart, that hold the vftable's address. Those in free memory
    /// are left over.
    pub pointers: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub pointers_margin: Option<u64>,
    /// Bytes of an object, from its deleting destructor; `None` if the code does not show it.
    pub size_bytes: Option<u64>,
}

/// Pages of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageRow {
    /// The kind.
    pub kind: PageKind,
    /// Their bytes.
    pub bytes: u64,
    /// For a sample, half of the 95% interval; zero if the figure is exact, `None` if the interval is not known.
    pub bytes_margin: Option<u64>,
}

/// Duplicate pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DuplicatesReport {
    /// Bytes of all copies beyond the first.
    pub bytes: u64,
    /// One in this many bytes was compared: 1 if all were.
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
