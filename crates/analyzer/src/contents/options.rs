//! How a census is taken: how much is read, and what is listed.

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Nothing: the map and the heaps' own lists.
    #[default]
    Map,
    /// The same, and 128 KiB of each of the two groups that hold most, for their shape. What is read is recorded
    /// ([`dumplens_core::Dump::record_reads`]).
    Leader,
    /// A sample of less than 64 MB, or all where there is no more than 16 MiB; nothing where the disk or server takes more
    /// than 200 ms for that, and of a dump that keeps less than half of the private memory. Of a trimmed copy, what `trim`
    /// kept.
    Brief,
    /// All where the private memory is below 1 GiB, else a sample. Of a trimmed copy, what `trim` kept.
    Enough,
    /// A sample, whatever the size: for measurements.
    Sample,
    /// All that the dump keeps.
    Whole,
}

impl Reading {
    /// Whether a trimmed copy answers with what `trim` kept.
    pub(crate) fn takes_record(self) -> bool {
        matches!(self, Reading::Brief | Reading::Enough)
    }
}

/// How a census is taken.
#[derive(Clone, Copy)]
pub struct CensusOptions<'o> {
    /// How much is read.
    pub reading: Reading,
    /// The seed of the sample; `None` for one from the dump, which gives the same sample each time.
    pub seed: Option<u64>,
    /// Classes and sizes of blocks that are listed.
    pub rows: usize,
    /// Whether text that was found may be shown: a few characters of what is all text.
    pub strings: bool,
    /// Called with the number of bytes that were read, and the number of bytes to read.
    pub progress: Option<&'o (dyn Fn(u64, u64) + Sync)>,
    /// The name that symbols have for an address, of vftables that carry none themselves.
    pub symbol: Option<&'o dyn Fn(u64) -> Option<String>>,
}

impl std::fmt::Debug for CensusOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CensusOptions")
            .field("reading", &self.reading)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for CensusOptions<'_> {
    fn default() -> Self {
        CensusOptions {
            reading: Reading::Map,
            seed: None,
            rows: 20,
            strings: false,
            progress: None,
            symbol: None,
        }
    }
}
