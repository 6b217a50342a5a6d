//! The C++ side of the exception: demangled names, and what cannot be known.

use dumplens_core::process::{CppException, cpp_exception};
use schemars::JsonSchema;
use serde::Serialize;

use crate::process::Process;
use crate::symbols::Undecorator;

/// A C++ exception of MSVC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CppReport {
    /// The thrown type, such as `std::bad_alloc`; `None` if it cannot be known.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// The type's decorated name.
    pub decorated: Option<String>,
    /// What else it can be caught as, nearest base first.
    pub bases: Vec<String>,
    /// What `what()` would return, at most 512 bytes; `None` if the object is no `std::exception`, or the text cannot be read.
    pub what: Option<String>,
    /// Why type or text is not known, or not complete.
    pub problem: Option<String>,
}

/// The C++ exception behind a code and its parameters; `None` for every other code.
pub(super) fn cpp(process: &Process<'_>, code: u32, parameters: &[u64]) -> Option<CppReport> {
    if code != cpp_exception::CODE {
        return None;
    }
    let memory = process.dump.memory();
    let thrown = match CppException::read(memory, parameters) {
        Ok(thrown) => thrown,
        Err(why) => {
            let problem = Some(why.to_string());
            return Some(CppReport {
                type_name: None,
                decorated: None,
                bases: Vec::new(),
                what: None,
                problem,
            });
        }
    };
    let mut problem =
        (thrown.types_left > 0).then(|| format!("{} more bases were not read", thrown.types_left));
    let what = match thrown.what(memory) {
        Some(Ok(what)) if what.cut => Some(what.text + "…"),
        Some(Ok(what)) => Some(what.text),
        Some(Err(why)) => {
            problem.get_or_insert(format!("what() cannot be read at {why}"));
            None
        }
        None => None,
    };
    let mut undecorator = Undecorator::default();
    let mut names = thrown.types.iter().map(|t| undecorator.type_name(&t.decorated));
    Some(CppReport {
        type_name: names.next(),
        bases: names.collect(),
        decorated: thrown.types.first().map(|t| t.decorated.clone()),
        what,
        problem,
    })
}
