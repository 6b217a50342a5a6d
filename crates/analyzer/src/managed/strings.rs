//! Strings of equal text: how much memory they repeat. The texts themselves are neither kept nor shown.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use dumplens_core::clr::{Object, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Duplicate strings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StringsReport {
    /// Strings.
    pub count: u64,
    /// Their bytes.
    pub size_bytes: u64,
    /// Different texts that occur more than once.
    pub repeated_texts: u64,
    /// Strings that are copies of another one.
    pub duplicate_count: u64,
    /// Their bytes.
    pub duplicate_bytes: u64,
    /// Whether all strings were compared.
    pub complete: bool,
}

/// Texts that are counted separately: 2 million take some 100 MB.
const TEXTS: usize = 1 << 21;

/// The strings that were seen.
#[derive(Debug, Default)]
pub(super) struct Strings {
    /// By a number made of the text: how many have it.
    texts: HashMap<u64, u64>,
    report: StringsReport,
    missed: bool,
    /// The method table of strings.
    table: Option<u64>,
    text: Vec<u8>,
}

impl Strings {
    /// Counts an object, if it is a string.
    pub(super) fn see(&mut self, runtime: &Runtime<'_>, object: &Object) {
        if !self.is_string(runtime, object) {
            return;
        }
        self.report.count += 1;
        self.report.size_bytes = self.report.size_bytes.saturating_add(object.size);
        if runtime.text_bytes(object, &mut self.text).is_none() {
            self.missed = true;
            return;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.text);
        let hash = hasher.finish();
        if self.texts.len() >= TEXTS && !self.texts.contains_key(&hash) {
            self.missed = true;
            return;
        }
        let times = self.texts.entry(hash).or_default();
        *times += 1;
        if *times > 1 {
            self.report.repeated_texts += u64::from(*times == 2);
            self.report.duplicate_count += 1;
            self.report.duplicate_bytes = self.report.duplicate_bytes.saturating_add(object.size);
        }
    }

    fn is_string(&mut self, runtime: &Runtime<'_>, object: &Object) -> bool {
        if self.table.is_none() && &*runtime.type_name(object.table) == "System.String" {
            self.table = Some(object.table);
        }
        self.table == Some(object.table)
    }

    /// The sums.
    pub(super) fn report(&self) -> StringsReport {
        StringsReport { complete: !self.missed, ..self.report }
    }
}
