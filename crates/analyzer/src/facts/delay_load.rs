//! What a delay-load helper could not load: the DLL, what was called in it, and the error.

use dumplens_core::process::cpp_exception::What;
use dumplens_core::process::delay_load::{self, DelayLoad, Procedure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CodeReport;
use crate::exceptions::names;
use crate::process::Process;
use crate::stack;

/// What a delay-load helper could not load, as its `DelayLoadInfo` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DelayLoadReport {
    /// The DLL, as the code that imports it names it; `None` if the name is not in the dump.
    pub dll: Option<String>,
    /// The procedure that was called; `None` if it is imported by ordinal, or its name is not in the dump.
    pub procedure: Option<String>,
    /// The ordinal of the procedure; `None` if it is imported by name, or not known.
    pub ordinal: Option<u32>,
    /// The Win32 error with which loading failed; `None` if it is not known.
    pub last_error: Option<CodeReport>,
    /// The debugger's name of the module that imports the DLL.
    pub imported_by: Option<String>,
    /// Path of the module that was loaded as the DLL; `None` if none was.
    pub loaded: Option<String>,
    /// Why the DLL or the procedure is not known.
    pub problem: Option<String>,
}

/// What the parameters of a delay-load helper's exception lead to; `None` for every other code.
pub(super) fn of(process: &Process<'_>, code: u32, parameters: &[u64]) -> Option<DelayLoadReport> {
    if !matches!(code, delay_load::NO_MODULE | delay_load::NO_PROCEDURE) {
        return None;
    }
    let problem = |why: String| DelayLoadReport { problem: Some(why), ..DelayLoadReport::default() };
    let Some(at) = parameters.first() else {
        return Some(problem("the exception has no parameter".to_owned()));
    };
    Some(match DelayLoad::read(process.dump.memory(), *at) {
        Ok(found) => report(process, found),
        Err(why) => problem(why.to_string()),
    })
}

fn report(process: &Process<'_>, found: DelayLoad) -> DelayLoadReport {
    let mut problem = None;
    let mut named = |what: &str, name: Result<Option<What>, _>| match name {
        Ok(Some(name)) => Some(if name.cut { name.text + "…" } else { name.text }),
        Ok(None) => None,
        Err(why) => {
            problem.get_or_insert(format!("the name of the {what} cannot be read at {why}"));
            None
        }
    };
    let dll = named("DLL", found.dll);
    let (procedure, ordinal) = match found.procedure {
        Procedure::Name(name) => (named("procedure", name), None),
        Procedure::Ordinal(ordinal) => (None, Some(ordinal)),
    };
    let loaded = found.module.and_then(|base| process.modules.get(process.module_at(base)?));
    DelayLoadReport {
        dll,
        procedure,
        ordinal,
        last_error: Some(CodeReport {
            code: found.last_error.into(),
            name: names::last_error(found.last_error),
        }),
        imported_by: stack::site_of(process, found.descriptor).map(|site| site.name),
        loaded: loaded.map(|module| module.name.clone()),
        problem,
    }
}
