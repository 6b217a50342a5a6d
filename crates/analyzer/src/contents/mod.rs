//! What fills the memory: the census.
//!
//! ```text
//! pieces ─ ledger ─> every byte of the private commit under one use     map alone
//!        └ groups ─> allocations and large blocks of equal size         map and heaps' lists
//! heaps' blocks ─ blocks ─> by size, in use or free, by class           read forward, once
//! page runs ─ plan ─ pass ─> kinds of pages, vftables' addresses        all, or a sample with its 95% interval
//! the largest of these ─ shape ─> what their words are                  16 runs each
//! ```
//!
//! The core gives blocks, bytes and type information; each file here judges one thing, and says what proves it and what
//! fools it. Nothing here shows a byte of what was read: names of classes, sizes and counts only.

mod blocks;
mod classes;
mod committed;
mod draw;
mod estimate;
mod groups;
mod kinds;
mod ledger;
mod looked_at;
mod lookup;
mod measure;
mod model;
mod options;
mod pages;
mod pass;
mod plan;
mod pointers;
mod record;
mod refs;
mod rows;
mod scripts;
mod shape;
mod sizeof;
mod tally;
mod vftables;

use std::cell::OnceCell;
use std::time::Duration;

use dumplens_core::Width;

use self::groups::Grouped;
pub use self::kinds::{ClassProof, Extent, GroupKind, PageKind, ShapeKind, Use};
use self::ledger::charged;
use self::lookup::Lookup;
#[doc(hidden)]
pub use self::measure::vftable_pass;
pub use self::model::{
    BlockSizeRow, CensusReport, ClassReport, DuplicatesReport, GroupReport, PageRow, ReadingReport,
    RepeatedImageReport, ShapeReport, UseReport,
};
pub use self::options::{CensusOptions, Reading};
use self::pass::{Found, Task};
use self::plan::{Plan, Wish};
pub(crate) use self::record::{read as recorded, to_json};
pub use self::refs::{Holder, HolderKind, RefsReport, Target, refs};
use self::vftables::Candidates;
use crate::process::Process;

/// How much is read.
struct Budget {
    /// Bytes of private memory up to which all is read.
    whole_below: u64,
    /// Units of a sample.
    units: u64,
    /// Committed bytes of heap segments.
    segments: u64,
    /// How long it may take to get the units' bytes: a sample that has to wait longer is given up.
    patience: Option<Duration>,
}

/// The sample of a census: 25 MiB of units, and 48 of the largest segments, so that there are enough for an interval.
const ENOUGH: Budget = Budget { whole_below: 1 << 30, units: 400, segments: 768 << 20, patience: None };
/// What `why` reads: with the groups' runs less than 64 MB.
const BRIEF: Budget = Budget {
    whole_below: 16 << 20,
    units: 240,
    segments: 32 << 20,
    patience: Some(Duration::from_millis(200)),
};

/// Bytes of private memory up to which it is looked for who holds the largest groups, and how many of them: each costs a pass.
const HOLDER_BELOW: u64 = 256 << 20;
const HELD: usize = 3;

/// Bytes that are read ahead at most where blocks are followed.
const AHEAD: u64 = 256 << 10;

/// Takes the census of a process; `None` where the dump has no memory map to say what is private, and where
/// [`Reading::Brief`] reads nothing.
pub fn census(process: &Process<'_>, options: &CensusOptions<'_>) -> Option<CensusReport> {
    Ground::of(process)?.census(options)
}

/// What a census begins with: what the memory map says, without a look at the memory. Each part is made when it is asked
/// for, and once.
pub(crate) struct Ground<'p, 'd> {
    process: &'p Process<'d>,
    groups: OnceCell<Grouped>,
    lookup: OnceCell<Lookup>,
}

impl<'p, 'd> Ground<'p, 'd> {
    /// That of a process; `None` where the dump has no memory map to say what is private.
    pub(crate) fn of(process: &'p Process<'d>) -> Option<Ground<'p, 'd>> {
        let new = || Ground { process, groups: OnceCell::new(), lookup: OnceCell::new() };
        process.space.is_mapped().then(new)
    }

    fn groups(&self) -> &Grouped {
        self.groups.get_or_init(|| groups::of(self.process))
    }

    fn lookup(&self) -> &Lookup {
        self.lookup.get_or_init(|| Lookup::new(&self.process.space))
    }

    /// The private commit.
    pub(crate) fn private_bytes(&self) -> u64 {
        self.groups().places.private
    }

    /// Takes a census, as [`census`] does.
    pub(crate) fn census(&self, options: &CensusOptions<'_>) -> Option<CensusReport> {
        let process = self.process;
        if options.reading.takes_record()
            && let Ok(Some(census)) = recorded(process)
        {
            return Some(census);
        }
        let groups = self.groups();
        let budget = match options.reading {
            Reading::Map => return Some(rows::report(process, groups, None, &[], options)),
            Reading::Leader => {
                let shapes = looked_at::leaders(process, groups, self.lookup());
                return Some(rows::report(process, groups, None, &shapes, options));
            }
            Reading::Brief => BRIEF,
            Reading::Enough => ENOUGH,
            Reading::Sample => Budget { whole_below: 0, ..ENOUGH },
            Reading::Whole => Budget { whole_below: u64::MAX, segments: u64::MAX, ..ENOUGH },
        };
        let seed = options.seed.unwrap_or_else(|| seed(process));
        let least = if options.reading == Reading::Brief { self.private_bytes() / 2 } else { 0 };
        let wish = Wish { least, whole_below: budget.whole_below, units: budget.units, seed };
        let plan = plan::of(process, wish)?;
        let lookup = self.lookup();
        let candidates = Candidates::new(lookup);
        let found = scan(process, &plan, &candidates, options, budget.patience)?;
        let heaps =
            blocks::read(&blocks::Reading { process, candidates: &candidates, most: budget.segments, seed });
        let read = rows::Contents { lookup, plan: &plan, found: &found, heaps: &heaps };
        let shapes = looked_at::of(process, groups, &read, &candidates);
        let mut report = rows::report(process, groups, Some(&read), &shapes, options);
        if options.reading != Reading::Brief && plan.is_whole() && plan.kept() <= HOLDER_BELOW {
            held(process, &mut report);
        }
        if options.strings {
            let texts = looked_at::texts(process, groups, &read, &candidates, &shapes);
            for (group, text) in report.groups.iter_mut().zip(texts) {
                group.text = text;
            }
        }
        Some(report)
    }
}

/// The private commit, by the map.
fn private_bytes(process: &Process<'_>) -> u64 {
    let mut sum = 0;
    charged(process, |run| sum += run.end - run.base);
    sum
}

/// Looks for who holds the largest groups.
fn held(process: &Process<'_>, report: &mut CensusReport) {
    let is_alone = |group: &GroupReport| matches!(group.kind, GroupKind::Allocation | GroupKind::LargeBlock);
    let mut held: Vec<&mut GroupReport> =
        report.groups.iter_mut().take(HELD).filter(|group| is_alone(group)).collect();
    let examples: Vec<u64> = held.iter().map(|group| group.example.0).collect();
    for (group, holder) in held.iter_mut().zip(refs::holders(process, &examples)) {
        group.holder = holder;
    }
}

/// A seed from the dump itself.
fn seed(process: &Process<'_>) -> u64 {
    let header = process.dump.header();
    let mut state = process.dump.size() ^ u64::from(header.time_date_stamp) << 32 ^ process.id.unwrap_or(0);
    draw::next(&mut state)
}

/// Reads the units of a plan; `None` where the bytes are too long in coming.
fn scan(
    process: &Process<'_>,
    plan: &Plan,
    candidates: &Candidates<'_>,
    options: &CensusOptions<'_>,
    patience: Option<Duration>,
) -> Option<Found> {
    let (narrow, width) = (process.wow64 == Some(true), process.dump.width());
    let width = move |at: u64| if narrow && at < 1 << 32 { Width::Bits32 } else { width };
    let wanted: u64 = plan.units.iter().map(|unit| unit.bytes).sum();
    let done = std::sync::atomic::AtomicU64::new(0);
    let progress = options.progress;
    let tell = |bytes: u64| {
        let so_far = done.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed) + bytes;
        if let Some(progress) = progress {
            progress(so_far, wanted);
        }
    };
    let task = Task {
        memory: process.dump.memory().unnoted(),
        candidates,
        width: &width,
        progress: progress.map(|_| &tell as &(dyn Fn(u64) + Sync)),
        compares: plan.is_whole(),
        patience,
    };
    pass::read(plan, &task)
}

/// How much was read.
fn reading(read: Option<&rows::Contents<'_>>) -> ReadingReport {
    let Some(read) = read else { return ReadingReport::default() };
    let segments = &read.heaps.segments.read;
    let units: u64 = read.found.read.iter().map(|stratum| stratum.done).sum();
    let whole = read.plan.is_whole() && read.heaps.is_whole();
    ReadingReport {
        extent: if whole { Extent::Whole } else { Extent::Sample },
        units,
        units_of: read.plan.all(),
        kept_bytes: read.plan.kept(),
        segments_read_bytes: segments.read_bytes(),
        segments_bytes: segments.bytes,
        of_original: false,
    }
}

/// A group without its shape.
fn bare(kind: GroupKind, usage: String, size_bytes: u64, example: u64) -> GroupReport {
    let exact = Some(0);
    GroupReport {
        kind,
        usage,
        size_bytes,
        count: 0,
        count_margin: exact,
        bytes: 0,
        bytes_margin: exact,
        example: example.into(),
        shape: None,
        holder: None,
        text: None,
    }
}
