//! What is true of a process, by what went into it.

/// What a verdict may say about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<T: 'static> {
    /// Just this.
    Is(T),
    /// One of these: the evidence goes no further.
    OneOf(&'static [T]),
    /// One of these, or nothing.
    OneOfOrAbsent(&'static [T]),
    /// Nothing: the dump does not tell, or there is no such thing.
    Absent,
    /// Anything.
    Open,
}

/// How sure a verdict may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Other explanations fit as well.
    Low,
    /// It fits, and something that would prove it is missing.
    Medium,
    /// Independent facts agree.
    High,
}

/// Bounds of how sure a verdict may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sure {
    /// No less and no more.
    Exactly(Level),
    /// It must not claim more.
    AtMost(Level),
    /// There is evidence for so much.
    AtLeast(Level),
    /// Not said.
    Open,
}

/// What is true of a process. Kinds, causes and origins are the report's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// What happened.
    pub kind: Wanted<&'static str>,
    /// Why memory was refused.
    pub cause: Wanted<&'static str>,
    /// How sure that may be said.
    pub confidence: Sure,
    /// Who asked.
    pub origin: Wanted<&'static str>,
    /// Bytes.
    pub requested_bytes: Wanted<u64>,
    /// Bytes of one element.
    pub element_size: Wanted<u64>,
    /// Elements.
    pub element_count: Wanted<u64>,
    /// What `std::_Allocate` added, bytes.
    pub padding: Wanted<u64>,
    /// Address of the container's three pointers.
    pub container: Wanted<u64>,
}

impl Truth {
    /// Of an end that has nothing to do with memory.
    pub(super) fn other(kind: &'static str) -> Truth {
        Truth {
            kind: Wanted::Is(kind),
            cause: Wanted::Absent,
            confidence: Sure::Open,
            origin: Wanted::Absent,
            requested_bytes: Wanted::Absent,
            element_size: Wanted::Absent,
            element_count: Wanted::Absent,
            padding: Wanted::Absent,
            container: Wanted::Absent,
        }
    }

    /// Of memory that was refused, with nothing known of who asked for it.
    pub(super) fn refused(cause: &'static str, requested_bytes: u64) -> Truth {
        Truth {
            cause: Wanted::Is(cause),
            origin: Wanted::Open,
            requested_bytes: Wanted::Is(requested_bytes),
            ..Truth::other("allocation_failure")
        }
    }

    /// The same of a container that wanted room for so many elements.
    pub(super) fn container(
        cause: &'static str,
        origin: &'static str,
        (count, size): (u64, u64),
        padding: u64,
    ) -> Truth {
        Truth {
            origin: Wanted::Is(origin),
            element_size: Wanted::Is(size),
            element_count: Wanted::Is(count),
            padding: Wanted::Is(padding),
            container: Wanted::Open,
            ..Truth::refused(cause, count.wrapping_mul(size).wrapping_add(padding))
        }
    }

    pub(super) fn at(self, container: u64) -> Truth {
        Truth { container: Wanted::Is(container), ..self }
    }

    pub(super) fn sure(self, confidence: Sure) -> Truth {
        Truth { confidence, ..self }
    }
}
