//! The report: facts, what was found in them, and what that means together. Plain data, in the shape that
//! `dumplens report --format json` prints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contents::{CensusOptions, CensusReport, Ground, Reading};
use crate::facts::{Facts, Options, Question};
use crate::findings::{self, Crash, Finding};
use crate::process::Process;
use crate::symbols::Search;
use crate::verdict::signature::{self, SignatureReport};
use crate::verdict::{self, VerdictReport};

/// Version of the shape: raised when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 2;

/// Everything known about a dump.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this format.
    pub schema_version: u32,
    /// The program that made the report.
    pub tool: Tool,
    /// What is known before it is judged.
    #[serde(flatten)]
    pub facts: Facts,
    /// What happened, and why; `None` if it was not requested.
    pub verdict: Option<VerdictReport>,
    /// The signature, which identifies the cause; `None` without a verdict.
    pub signature: Option<SignatureReport>,
    /// The findings, in the order in which an engineer would check them; empty without a verdict.
    pub findings: Vec<Finding>,
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `dumplens`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This one.
    pub fn this() -> Tool {
        Tool { name: "dumplens".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

impl Report {
    /// Answers a question about a process. Never fails: what cannot be known is `None`, empty, or a warning.
    pub fn answer(process: &Process<'_>, question: Question, options: &Options) -> Report {
        let facts = Facts::gather(process, question, options);
        let mut report = Report {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            facts,
            verdict: None,
            signature: None,
            findings: Vec::new(),
        };
        if question.is_judged() {
            report.facts.census = report.census(process, options);
            // The signature is the same with and without PDBs.
            let bare = || {
                let options = Options { search: Search::default(), ..options.clone() };
                let census = report.facts.census.clone();
                Facts { census, ..Facts::gather(process, question, &options) }
            };
            let unaided = report.facts.needed_pdbs().then(bare);
            report.judge(unaided.as_ref());
        }
        // Texts are made of the report, which can be large itself.
        process.dump.forget_blocks();
        report
    }

    /// What fills the memory. Where it was short, a sample tells: the map alone knows no small blocks.
    fn census(&self, process: &Process<'_>, options: &Options) -> Option<Box<CensusReport>> {
        let ground = Ground::of(process)?;
        let take = |reading| {
            let wanted = CensusOptions { reading, ..CensusOptions::default() };
            ground.census(&wanted).map(Box::new)
        };
        let is_asked = options.census == Reading::Leader
            && findings::asks_what_fills(&Crash::new(&self.facts), ground.private_bytes());
        let sampled = if is_asked { take(Reading::Brief) } else { None };
        sampled.or_else(|| take(options.census))
    }

    /// Finds what there is to find, and weighs it. What the signature rests on is weighed without names, so that it is
    /// the same with and without PDBs: by the facts without them, where these led to frames.
    fn judge(&mut self, unaided: Option<&Facts>) {
        let bare = unaided.unwrap_or(&self.facts);
        let (crash, nameless) = (Crash::new(&self.facts), Crash::nameless(bare));
        let findings = findings::all(&crash);
        self.verdict = Some(verdict::of(&crash, &findings));
        self.signature = Some(signature::of(bare, &verdict::of(&nameless, &findings::all(&nameless))));
        self.findings = findings;
    }
}
