//! Decorated names as people write them.

use undname::Flags;

/// Longest name that is undecorated. The compilers cut names at 4,096 bytes; `undname` recurses on its input, and
/// overflows the stack at some 100,000 nested pointers.
const MOST_INPUT: usize = 4096;
/// Bytes that undecorating may produce or be at fault for in one session. A name can refer to its own parts over and
/// over: 124 bytes keep `undname` busy until it gives up, for more than a second in a debug build. A stack of 1,000
/// frames with long template names makes 300 kB.
const MOST_OUTPUT: usize = 4 << 20;
/// What a name is counted as on which `undname` gave up, which it does at 1 MiB of output: the third is the last.
const GAVE_UP: usize = 2 << 20;

/// The name of a function without its parameters, return type and access: `?f@N@@YAXH@Z` is `N::f`. `None` if the
/// name is not a decorated one, is longer than 4 KiB, or cannot be read.
pub fn undecorate(decorated: &str) -> Option<String> {
    decorated.starts_with('?').then(|| demangle(decorated, Flags::NAME_ONLY).ok().flatten())?
}

fn demangle(decorated: &str, flags: Flags) -> Result<Option<String>, undname::Error> {
    if decorated.len() > MOST_INPUT {
        return Ok(None);
    }
    Ok(Some(undname::demangle(decorated, flags)?).filter(|name| !name.is_empty()))
}

/// Undecorates the names of one dump, and stops when they have cost too much.
#[derive(Debug, Default)]
pub struct Undecorator {
    spent: usize,
}

impl Undecorator {
    /// As [`undecorate`]; on x86 also C names of `__stdcall` and `__fastcall` functions: `_f@8` and `@f@8` are `f`.
    pub fn undecorate(&mut self, name: &str, x86: bool) -> Option<String> {
        match name.starts_with('?') {
            true => self.within_budget(name, Flags::NAME_ONLY),
            false if x86 => c_name(name).map(str::to_owned),
            false => None,
        }
    }

    /// A type's name as it is written in C++, out of its type descriptor: `.?AVbad_alloc@std@@` is `std::bad_alloc`.
    /// The decorated name if it cannot be undecorated.
    pub fn type_name(&mut self, decorated: &str) -> String {
        let Some(name) = self.within_budget(decorated, Flags::empty()) else {
            return decorated.to_owned();
        };
        // Behind a pointer's `*` no space stands before the suffix.
        let name = name.split("`RTTI").next().unwrap_or_default().trim_end();
        let kind = ["class ", "struct ", "union ", "enum "].iter().find_map(|kind| name.strip_prefix(kind));
        kind.unwrap_or(name).to_owned()
    }

    fn within_budget(&mut self, name: &str, flags: Flags) -> Option<String> {
        if self.spent > MOST_OUTPUT {
            return None;
        }
        match demangle(name, flags) {
            Ok(shown) => {
                self.spent = self.spent.saturating_add(shown.as_ref().map_or(0, String::len));
                shown
            }
            Err(error) => {
                let gave_up = matches!(error, undname::Error::Io(_));
                self.spent = self.spent.saturating_add(if gave_up { GAVE_UP } else { name.len() });
                None
            }
        }
    }
}

/// A leading underscore alone is left: whether the program's author wrote it cannot be told.
fn c_name(name: &str) -> Option<&str> {
    let (bare, bytes) = name.strip_prefix(['_', '@'])?.rsplit_once('@')?;
    let counted = !bytes.is_empty() && bytes.len() <= 5 && bytes.bytes().all(|b| b.is_ascii_digit());
    (counted && !bare.is_empty()).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_as_they_are_written() {
        let mut names = Undecorator::default();
        assert_eq!(names.type_name(".?AVbad_alloc@std@@"), "std::bad_alloc");
        assert_eq!(names.type_name(".?AUError@app@@"), "app::Error");
        assert_eq!(names.type_name(".H"), "int");
        assert_eq!(names.type_name(".PEAVCMemoryException@@"), "CMemoryException *");
        assert_eq!(names.type_name(".no such thing"), ".no such thing");
        let longest = format!(".{}", "PEA".repeat(1364));
        assert!(!names.type_name(&longest).is_empty(), "it does not overflow the stack");
    }

    #[test]
    fn names_as_their_authors_wrote_them() {
        assert_eq!(undecorate("?push@?$Vec@H@app@@QEAAXH@Z").as_deref(), Some("app::Vec<int>::push"));
        assert_eq!(undecorate("??0exception@std@@QEAA@XZ").as_deref(), Some("std::exception::exception"));
        assert_eq!(undecorate("main"), None);
        assert_eq!(undecorate("?"), None);
        let mut names = Undecorator::default();
        assert_eq!(names.undecorate("_RaiseException@16", true).as_deref(), Some("RaiseException"));
        assert_eq!(
            names.undecorate("@__security_check_cookie@4", true).as_deref(),
            Some("__security_check_cookie")
        );
        for plain in ["_main", "_a@b", "_@4", "f@4", "__imp__f@", "_f@123456"] {
            assert_eq!(names.undecorate(plain, true), None, "{plain}");
        }
        assert_eq!(names.undecorate("_RaiseException@16", false), None);
    }

    #[test]
    fn long_names_stay_as_they_are() {
        let deep = |times: usize| format!("?f@@YAX{}H@Z", "PEA".repeat(times));
        assert_eq!(undecorate(&deep(1300)).as_deref(), Some("f"));
        assert_eq!(undecorate(&deep(1400)), None);
        assert_eq!(undecorate(&deep(1 << 20)), None);
    }

    /// Each parameter is a function whose parameters are all the one before it: eight to the seventh in all.
    #[test]
    fn names_that_multiply_stop_being_undecorated() {
        let mut parameters = "P6AXPEAH".to_owned();
        for n in 0..7 {
            parameters += &format!("P6AX{}@Z", n.to_string().repeat(8));
        }
        let name = format!("?g@?$T@{parameters}@Z@@QEAAXXZ");
        let mut names = Undecorator::default();
        assert_eq!(names.undecorate(&name, false), None);
        assert_eq!(names.spent, GAVE_UP);
        assert_eq!(names.undecorate("?f@@YAXXZ", false).as_deref(), Some("f"));
        names.spent = 3 * GAVE_UP;
        assert_eq!(names.undecorate("?f@@YAXXZ", false), None, "nothing more is undecorated");
    }
}
