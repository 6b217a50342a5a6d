//! The house has one direction: a room imports only rooms that are named before it.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `src`, each a folder or a file, in the order in which they may import each other. `contents`, `waits` and
/// `managed` have their place though they are not built yet.
const ROOMS: [&str; 16] = [
    "space",
    "process",
    "symbols",
    "stack",
    "exceptions",
    "request",
    "contents",
    "waits",
    "managed",
    "facts",
    "findings",
    "verdict",
    "report",
    "diff",
    "trim",
    "render",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The names that stand behind `crate::` in a line, but for those behind another crate's name.
fn imported(line: &str) -> Vec<&str> {
    let name = |rest: &'_ str| rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let code = line.split("//").next().unwrap_or_default();
    let own = |(at, _): &(usize, &str)| {
        !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$')
    };
    let found = code.match_indices("crate::").filter(own);
    found.map(|(at, word)| &code[at + word.len()..]).map(|rest| &rest[..name(rest)]).collect()
}

/// Each import of a room that does not stand before the importing one, as `file: room`.
fn against_the_direction(source: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    files(source, &mut paths);
    let mut wrong = Vec::new();
    for path in paths {
        let inside = path.strip_prefix(source).expect("below src");
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let Some(own) = ROOMS.iter().position(|name| *name == room) else {
            wrong.push(format!("{}: {room} is no room", inside.display()));
            continue;
        };
        for name in fs::read_to_string(&path).expect("source").lines().flat_map(imported) {
            let before = ROOMS.iter().position(|room| *room == name).is_some_and(|used| used <= own);
            if !before {
                wrong.push(format!("{}: {name}", inside.display()));
            }
        }
    }
    wrong
}

#[test]
fn rooms_import_only_what_stands_before_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let wrong = against_the_direction(&source);
    assert!(wrong.is_empty(), "a room imports one that is not named before it:\n{}", wrong.join("\n"));
}

#[test]
fn the_test_sees_what_is_wrong() {
    assert_eq!(imported("use crate::facts::Facts; // crate::render"), ["facts"]);
    assert_eq!(
        imported("    let a = crate::render::escape::line(crate::space::words);"),
        ["render", "space"]
    );
    assert!(imported("use dumplens_core::Dump; pub(crate) fn f() {}").is_empty());
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    put("space/mod.rs", "use crate::process::Process;\n");
    put("verdict/mod.rs", "use crate::findings::Finding;\n");
    put("loose.rs", "");
    let mut wrong = against_the_direction(folder.path());
    wrong.sort();
    let file = Path::new("space").join("mod.rs");
    assert_eq!(wrong, ["loose.rs: loose is no room".to_owned(), format!("{}: process", file.display())]);
}
