//! What a module is called. A dump can give it a path of 32,767 characters, and the name is repeated in every frame and
//! every region of the module: there it is as long as Windows' file systems let it be, and no longer.

use std::borrow::Cow;

use dumplens_core::{Module, last_name};

use super::ProcessWarning;

/// Most characters of one part of a path: NTFS, FAT and SMB all end there.
const MOST_OF_NAME: usize = 255;
/// Most characters of a path in a list; Windows' own MAX_PATH is 260.
const MOST_OF_PATH: usize = 520;

/// The module's name as the debugger knows it: the file name without its extension. The last 255 characters of it.
pub(crate) fn module_name(path: &str) -> &str {
    let file = file_name(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if stem.is_empty() { file } else { stem }
}

/// The file name of a module, with its extension. The last 255 characters of it.
pub(crate) fn file_name(path: &str) -> &str {
    let path = last(path, MOST_OF_NAME);
    last_name(path)
}

/// The path as lists show it: of one longer than 520 characters, the last 520 behind an ellipsis.
pub(crate) fn listed_path(path: &str) -> Cow<'_, str> {
    match last(path, MOST_OF_PATH) {
        short if short.len() < path.len() => Cow::Owned(format!("…{short}")),
        whole => Cow::Borrowed(whole),
    }
}

/// Says how many of the modules are not called by their whole names.
pub(crate) fn check(modules: &[Module]) -> Option<ProcessWarning> {
    let long = |module: &&Module| {
        let path = &module.name;
        let file = last_name(path);
        last(path, MOST_OF_PATH).len() < path.len() || last(file, MOST_OF_NAME).len() < file.len()
    };
    let count = modules.iter().filter(long).count() as u64;
    (count > 0).then_some(ProcessWarning::ModuleNamesCut { count })
}

/// The last characters of a text, without looking at the others.
fn last(text: &str, most: usize) -> &str {
    let start = text.char_indices().rev().nth(most - 1).map_or(0, |(start, _)| start);
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_file_names_without_extension() {
        assert_eq!(module_name(r"C:\Windows\System32\ntdll.dll"), "ntdll");
        assert_eq!(module_name("/usr/lib/libc.so.6"), "libc.so");
        assert_eq!(module_name(r"C:\.dll"), ".dll");
        assert_eq!(module_name(""), "");
        assert_eq!(file_name(r"C:\Old\plug-in.dll"), "plug-in.dll");
        assert_eq!(file_name(&format!(r"C:\{}.dll", "a".repeat(300))).len(), MOST_OF_NAME);
    }

    #[test]
    fn long_ones_are_cut_between_characters() {
        let long = "ä".repeat(300);
        assert_eq!(module_name(&long), "ä".repeat(255));
        assert_eq!(module_name(&format!("C:\\{}.dll", "ä".repeat(251))), "ä".repeat(251));
        assert_eq!(listed_path(&long), long);
        assert_eq!(listed_path(&"ä".repeat(521)), "…".to_owned() + &"ä".repeat(520));
    }
}
