//! The words of a census: uses, kinds of pages and of shapes, proofs.

use crate::space::words;

words! {
    /// What private memory is used for.
    pub enum Use {
        /// Private pages of images: written, or copied when they are written to.
        Images = "images",
        /// Threads' stacks.
        Stacks = "stacks",
        /// TEBs and PEBs.
        Environment = "teb_peb",
        /// Heap blocks in use: the requested bytes.
        HeapBusy = "heap_busy",
        /// Free heap blocks.
        HeapFree = "heap_free",
        /// Heap overhead: headers, rounding, tables.
        HeapOverhead = "heap_overhead",
        /// Heaps whose blocks were not read.
        HeapUnread = "heap_not_read",
        /// Page heaps.
        PageHeap = "page_heap",
        /// Heaps of .NET's garbage collector.
        Managed = "managed_heap",
        /// Allocations in groups of equal size.
        Groups = "allocation_groups",
        /// Other memory whose purpose is known.
        Other = "other",
        /// The rest.
        Unexplained = "not_explained",
    }
}

words! {
    /// How much memory was read.
    pub enum Extent {
        /// The memory map alone.
        Map = "map",
        /// A random sample of 64 KiB units from each use.
        Sample = "sample",
        /// Everything that is in the dump.
        Whole = "whole",
    }
}

words! {
    /// The contents of a page.
    pub enum PageKind {
        /// Zeros.
        Zero = "zero",
        /// One repeated word, not zero.
        Fill = "fill",
        /// ASCII text.
        Ascii = "text_ascii",
        /// UTF-8 text with characters beyond ASCII.
        Utf8 = "text_utf8",
        /// UTF-16 text.
        Utf16 = "text_utf16",
        /// Randomly distributed bytes: compressed or encrypted.
        Random = "compressed_or_encrypted",
        /// Anything else.
        Mixed = "mixed",
    }
}

words! {
    /// What the layout of memory proves.
    pub enum ShapeKind {
        /// Only zeros.
        Zero = "zero",
        /// One repeated word.
        Fill = "fill",
        /// ASCII text.
        Ascii = "text_ascii",
        /// UTF-8 text with characters beyond ASCII.
        Utf8 = "text_utf8",
        /// UTF-16 text.
        Utf16 = "text_utf16",
        /// Compressed or encrypted.
        Random = "compressed_or_encrypted",
        /// Pixels of four bytes.
        Pixels = "pixels",
        /// Numbers of type `double`.
        Doubles = "doubles",
        /// Numbers of type `float`.
        Floats = "floats",
        /// Elements or blocks of a type whose layout is known.
        Named = "named",
        /// Objects of a class: the first word is its vftable.
        Objects = "objects",
        /// Elements of one size, whose columns are described in words.
        Columns = "columns",
        /// Words of one kind.
        Words = "words",
        /// Nothing repeats.
        Mixed = "mixed",
        /// The dump does not contain it.
        NotKept = "not_kept",
    }
}

words! {
    /// What is counted in a group.
    pub enum GroupKind {
        /// Allocations of `VirtualAlloc`.
        Allocation = "allocation",
        /// Heap blocks with an allocation of their own.
        LargeBlock = "large_heap_block",
        /// Other heap blocks.
        Block = "heap_block",
    }
}

words! {
    /// Where the name of a class comes from.
    pub enum ClassProof {
        /// The compiler's type information in the image.
        Rtti = "rtti",
        /// A PDB.
        Pdb = "pdb",
        /// It has no name: the first entry of the table is code.
        Code = "code",
        /// It has no name, and the dump does not contain the image: only the memory map shows that constants of an
        /// image are there.
        Address = "address",
    }
}
