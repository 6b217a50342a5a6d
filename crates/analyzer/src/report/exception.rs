//! The C++ side of the exception: demangled names, and what cannot be known.

use dumplens_core::process::{CppException, cpp_exception};
use serde::Serialize;

use crate::process::Process;

/// A C++ exception of MSVC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    let mut names = thrown.types.iter().map(|t| type_name(&t.decorated));
    Some(CppReport {
        type_name: names.next(),
        bases: names.collect(),
        decorated: thrown.types.first().map(|t| t.decorated.clone()),
        what,
        problem,
    })
}

/// A type's name as it is written in C++; the decorated one if it cannot be undecorated.
fn type_name(decorated: &str) -> String {
    // Core bounds names at 4 KiB, which the demangler, being recursive, needs.
    let Ok(name) = undname::demangle(decorated, undname::Flags::empty()) else {
        return decorated.to_owned();
    };
    // Behind a pointer's `*` no space stands before the suffix.
    let name = name.split("`RTTI").next().unwrap_or_default().trim_end();
    let kind = ["class ", "struct ", "union ", "enum "].iter().find_map(|kind| name.strip_prefix(kind));
    kind.unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::type_name;

    #[test]
    fn names_as_they_are_written() {
        assert_eq!(type_name(".?AVbad_alloc@std@@"), "std::bad_alloc");
        assert_eq!(type_name(".?AUError@app@@"), "app::Error");
        assert_eq!(type_name(".H"), "int");
        assert_eq!(type_name(".PEAVCMemoryException@@"), "CMemoryException *");
        assert_eq!(type_name(".no such thing"), ".no such thing");
    }

    #[test]
    fn the_longest_name_does_not_overflow_the_stack() {
        let name = format!(".{}", "PEA".repeat(1364));
        assert!(!type_name(&name).is_empty());
    }
}
