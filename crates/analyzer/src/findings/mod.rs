//! Findings: evidence for what happened, and how strong it is. One detector per file; the [`DETECTORS`] are in the
//! order in which an engineer would check.
//!
//! A detector looks at the facts (`Crash`) and returns one [`Finding`] or none. Detectors are independent of each
//! other; the verdict decides what they mean together.

pub(crate) mod abort;
mod absurd_size;
mod access_violation;
mod address_space_exhausted;
mod address_space_fragmented;
mod address_space_room;
mod address_space_unknown;
mod assertion;
mod bad_alloc;
mod breakpoint;
pub(crate) mod census_words;
mod commit_charge;
pub(crate) mod commit_limit;
pub(crate) mod commit_unknown;
pub(crate) mod container_call;
mod cpp_exception;
mod crash;
pub(crate) mod deadlock;
mod delay_load;
pub(crate) mod earlier_bad_alloc;
mod ended_handles;
pub(crate) mod ending;
pub(crate) mod fail_fast;
mod gc_refused;
mod hang;
mod heap_corruption;
pub(crate) mod job_limit;
pub(crate) mod largest_owners;
pub(crate) mod last_error;
mod loader_lock;
pub(crate) mod managed_exception;
mod memory_filled_by;
pub(crate) mod memory_pressure;
mod on_request;
mod open_handles;
mod orphaned_lock;
pub(crate) mod out_of_memory_code;
mod out_of_memory_function;
pub(crate) mod raising;
pub(crate) mod refused_pointer;
mod requested_size;
mod reservations;
mod stack_overflow;
mod stack_pointer;
mod string_growth;
pub(crate) mod unreal_crash;
mod vector_growth;
mod wait_chain;
mod waiting;
mod wrapped_exception;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use crash::Crash;
pub(crate) use memory_filled_by::is_asked as asks_what_fills;
pub(crate) use wrapped_exception::stands_for_lost;

use crate::exceptions::code;
use crate::facts::Hex;
use crate::space::words;

words! {
    /// How certain something is.
    pub enum Confidence {
        /// Other explanations fit as well.
        Low = "low",
        /// It fits, but something that would prove it is not in the dump.
        Medium = "medium",
        /// Independent facts agree.
        High = "high",
    }
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Its id, which does not change between versions.
    pub id: Cow<'static, str>,
    /// One sentence.
    pub title: String,
    /// How certain it is.
    pub confidence: Confidence,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// The WinDbg command that shows the same; empty if there is none.
    pub windbg: String,
}

/// One piece of evidence for a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What it is.
    pub what: String,
    /// Its address, if it has one.
    pub at: Option<Hex>,
    /// The value.
    pub value: Option<String>,
}

/// What a detector found: a [`Finding`] without the name of its detector.
#[derive(Debug)]
struct Found {
    title: String,
    confidence: Confidence,
    evidence: Vec<Evidence>,
    /// The frame that it is about, inline functions not counted.
    frame: Option<usize>,
}

impl Found {
    fn new(confidence: Confidence, title: impl Into<String>) -> Found {
        Found { title: title.into(), confidence, evidence: Vec::new(), frame: None }
    }

    fn of_frame(self, frame: usize) -> Found {
        Found { frame: Some(frame), ..self }
    }

    fn with(mut self, what: impl Into<String>, value: impl Into<String>) -> Found {
        self.evidence.push(Evidence { what: what.into(), at: None, value: Some(value.into()) });
        self
    }

    fn with_at(mut self, what: impl Into<String>, at: u64, value: impl Into<String>) -> Found {
        self.evidence.push(Evidence { what: what.into(), at: Some(Hex(at)), value: Some(value.into()) });
        self
    }
}

/// One way to find something.
#[derive(Debug)]
pub struct Detector {
    /// Its name, which stays the same.
    pub id: &'static str,
    /// WinDbg's command that shows the same; `{at}` stands for the place of the first evidence, `{frame}` for the number
    /// of the frame that it is about.
    windbg: &'static str,
    source: &'static str,
    detect: fn(&Crash<'_>) -> Option<Found>,
}

impl Detector {
    /// What it detects, what proves it, what fools it, an example, and where that is known from: the head of its file.
    pub fn explanation(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
    }
}

macro_rules! detectors {
    ($($name:ident: $windbg:literal,)*) => {
        /// Every detector, in the order in which a person would check.
        pub const DETECTORS: &[Detector] = &[$(Detector {
            id: stringify!($name),
            windbg: $windbg,
            source: include_str!(concat!(stringify!($name), ".rs")),
            detect: $name::detect,
        }),*];
    };
}

detectors! {
    wrapped_exception: ".exr -1",
    assertion: ".lastevent",
    unreal_crash: ".exr -1",
    deadlock: "!locks; ~*k",
    on_request: ".lastevent; k",
    hang: "~*k",
    bad_alloc: ".exr -1",
    out_of_memory_code: ".exr -1",
    out_of_memory_function: "k",
    managed_exception: "!pe",
    gc_refused: "!ao",
    cpp_exception: ".exr -1",
    delay_load: ".exr -1",
    access_violation: ".exr -1; !address",
    refused_pointer: "u {at}; r; !gle",
    stack_overflow: "!teb; k",
    stack_pointer: "r; !teb",
    fail_fast: ".exr -1",
    heap_corruption: ".exr -1; !heap -s -v",
    abort: "k",
    breakpoint: ".lastevent",
    ending: "~*k",
    raising: ".exr {at}; k",
    orphaned_lock: "!cs {at}",
    loader_lock: "!cs {at}",
    wait_chain: "!locks; ~*k",
    waiting: "~*k",
    earlier_bad_alloc: ".exr {at}; k",
    requested_size: "k; .frame /r {frame}",
    container_call: "k",
    vector_growth: "dps {at} L3",
    string_growth: "dps {at} L4",
    absurd_size: "!address -summary",
    address_space_exhausted: "!address -summary",
    address_space_fragmented: "!address -f:Free",
    address_space_room: "!address -summary",
    address_space_unknown: ".dumpdebug",
    reservations: "!address",
    last_error: "!gle",
    memory_pressure: "!vm (kernel); !gle",
    job_limit: "!job (kernel)",
    commit_limit: "!vm (kernel)",
    commit_unknown: "!vm (kernel)",
    commit_charge: "!address -summary",
    largest_owners: "!heap -s; !address",
    memory_filled_by: "!heap -stat; dp {at}",
    open_handles: "!handle 0 0",
    ended_handles: "!handle 0 f Thread",
}

/// Everything that is found.
pub(crate) fn all(crash: &Crash<'_>) -> Vec<Finding> {
    let find = |detector: &Detector| {
        let Found { title, confidence, evidence, frame } = (detector.detect)(crash)?;
        let at = evidence.iter().find_map(|e| e.at).unwrap_or(Hex(0));
        // The debugger reads numbers of frames in its radix, which is 16 unless it was changed.
        let windbg = detector.windbg.replace("{at}", &format!("{:x}", at.0));
        let windbg = match frame {
            Some(frame) => windbg.replace("{frame}", &format!("{frame:x}")),
            None => windbg.replace("; .frame /r {frame}", ""),
        };
        Some(Finding { id: Cow::Borrowed(detector.id), title, confidence, evidence, windbg })
    };
    DETECTORS.iter().filter_map(find).collect()
}

/// A size for people, rounded.
pub(crate) fn short(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ => crate::facts::number::size_text(bytes),
    }
}

/// A number with its thousands apart: `968,651,191`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{DETECTORS, grouped};

    #[test]
    fn every_detector_explains_itself() {
        let headings = ["# What it detects", "# What proves it", "# What fools it", "# Example", "# Source"];
        for detector in DETECTORS {
            let text = detector.explanation();
            let found: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
            assert_eq!(found, headings, "{}", detector.id);
            assert!(text.lines().count() > 2 * headings.len(), "{}: headings without text", detector.id);
        }
        let ids: BTreeSet<&str> = DETECTORS.iter().map(|detector| detector.id).collect();
        assert_eq!(ids.len(), DETECTORS.len());
    }

    #[test]
    fn thousands() {
        assert_eq!((grouped(0), grouped(999), grouped(1000)), ("0".into(), "999".into(), "1,000".into()));
        assert_eq!(grouped(968_651_191), "968,651,191");
    }
}
