//! The C++ exception, or the object that Delphi raised: its type, its bases and its text.

use dumplens_core::Width;
use dumplens_core::process::cpp_exception::What;
use dumplens_core::process::{
    CppException, DelphiException, GnuException, cpp_exception, delphi, gnu_exception,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CodeReport;
use crate::exceptions::{judge, names, results};
use crate::process::Process;
use crate::stack;
use crate::symbols::{Undecorator, itanium};

/// A C++ exception of MSVC, or of the GNU runtime on x64; or an object that Delphi or C++Builder raised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CppReport {
    /// The thrown type, such as `std::bad_alloc`; `None` if it is not known.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// The type's decorated name.
    pub decorated: Option<String>,
    /// Its other base types, nearest first.
    pub bases: Vec<String>,
    /// The text that `what()` returns, at most 512 bytes; `None` if the object is not a `std::exception`, or the text
    /// cannot be read. For Delphi's `Exception`, its `Message`.
    pub what: Option<String>,
    /// Its HRESULT, for classes that have one: `winrt::hresult_error`, `_com_error`, `ATL::CAtlException`,
    /// `wil::ResultException`.
    pub result: Option<CodeReport>,
    /// The debugger's name of the module that threw it, if the exception names it (64-bit programs of MSVC).
    pub thrown_by: Option<String>,
    /// Why the type or text is not known or incomplete.
    pub problem: Option<String>,
}

/// The C++ exception behind a code and its parameters; `None` for every other code.
pub(super) fn of(process: &Process<'_>, code: u32, parameters: &[u64]) -> Option<CppReport> {
    let unknown = |problem: String| CppReport { problem: Some(problem), ..CppReport::default() };
    if code == gnu_exception::CODE {
        let thrown = GnuException::read(process.dump.memory(), *parameters.first()?);
        return Some(thrown.map_or_else(
            || unknown("the object and its type_info are not in the dump".to_owned()),
            |thrown| gnu(process, &thrown),
        ));
    }
    if matches!(code, delphi::CODE | delphi::CODE_AGAIN) {
        return Some(
            raised_by_delphi(process, parameters)
                .unwrap_or_else(|| unknown("the object and its class are not in the dump".to_owned())),
        );
    }
    if code != cpp_exception::CODE {
        return None;
    }
    let memory = process.dump.memory();
    let thrown_by = parameters.get(3).and_then(|image| stack::site_of(process, *image)).map(|site| site.name);
    let read = if judge::is_throw_info(process, parameters) {
        CppException::read(memory, parameters).map_err(|why| why.to_string())
    } else {
        Err("ThrowInfo lies in no image".to_owned())
    };
    Some(match read {
        Ok(thrown) => CppReport { thrown_by, ..visual(process, &thrown, parameters) },
        Err(why) => match CppException::by_object(memory, parameters) {
            Ok(thrown) => {
                let told = visual(process, &thrown, parameters);
                let problem = Some(format!("{why}; the type is that of the object's vftable"));
                CppReport { thrown_by, problem, ..told }
            }
            Err(_) => CppReport { thrown_by, what: text(process, parameters), ..unknown(why) },
        },
    })
}

/// The class and the message of the object that Delphi raised. A 64-bit dump may be of a 32-bit program.
fn raised_by_delphi(process: &Process<'_>, parameters: &[u64]) -> Option<CppReport> {
    let (memory, object) = (process.dump.memory(), *parameters.get(1)?);
    let own = process.dump.width();
    let thrown = DelphiException::read(memory, object, own)
        .or_else(|| DelphiException::read(memory, object, Width::Bits32))?;
    let what = thrown.message(memory).map(shown);
    let mut classes = thrown.classes.into_iter();
    Some(CppReport { type_name: classes.next(), bases: classes.collect(), what, ..CppReport::default() })
}

/// What `what()` of an object may be whose type is not known, if its vftable is a module's.
fn text(process: &Process<'_>, parameters: &[u64]) -> Option<String> {
    let (object, width) = cpp_exception::thrown_object(parameters)?;
    let memory = process.dump.memory();
    process.module_at(memory.pointer(object, width).ok()?)?;
    cpp_exception::text_of(memory, object, width).map(shown)
}

fn shown(what: What) -> String {
    if what.cut { what.text + "…" } else { what.text }
}

fn gnu(process: &Process<'_>, thrown: &GnuException) -> CppReport {
    let mut names = thrown.types.iter().map(|name| itanium::class_name(name));
    CppReport {
        type_name: names.next(),
        bases: names.collect(),
        decorated: thrown.types.first().cloned(),
        what: thrown.what(process.dump.memory()).map(shown),
        ..CppReport::default()
    }
}

fn visual(process: &Process<'_>, thrown: &CppException, parameters: &[u64]) -> CppReport {
    let memory = process.dump.memory();
    let mut problem =
        (thrown.types_left > 0).then(|| format!("{} more bases were not read", thrown.types_left));
    let what = match thrown.what(memory) {
        Some(Ok(what)) => Some(shown(what)),
        Some(Err(why)) => {
            problem.get_or_insert(format!("what() cannot be read at {why}"));
            None
        }
        None => None,
    };
    let mut undecorator = Undecorator::default();
    let mut names = thrown.types.iter().map(|t| undecorator.type_name(&t.decorated));
    let type_name = names.next();
    let bases: Vec<String> = names.collect();
    let classes = || type_name.iter().chain(&bases).map(String::as_str);
    let result = cpp_exception::thrown_object(parameters)
        .and_then(|(object, width)| results::of(memory, classes(), object, width))
        .map(|code| CodeReport { code: code.into(), name: names::result(code) });
    CppReport {
        decorated: thrown.types.first().map(|t| t.decorated.clone()),
        what,
        problem,
        result,
        type_name,
        bases,
        thrown_by: None,
    }
}
