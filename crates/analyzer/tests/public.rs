//! The libraries' public items name no types of other crates: whose next release breaks nobody but us.
//!
//! Derived traits of serde and schemars are public too; they come with the data, and are named here as what is allowed.

use std::fs;
use std::path::{Path, PathBuf};

/// Crates whose traits are implemented for the report's types.
const ALLOWED: [&str; 2] = ["serde", "schemars"];
const LIBRARIES: [&str; 3] = ["core", "analyzer", "scan"];

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a library depends on, as it is written in code.
fn dependencies(library: &str) -> Vec<String> {
    let text = fs::read_to_string(crates().join(library).join("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Table = text.parse().expect("a manifest");
    let names = manifest["dependencies"].as_table().expect("dependencies").keys();
    let foreign = names.filter(|name| !name.starts_with("dumplens") && !ALLOWED.contains(&name.as_str()));
    foreign.map(|name| name.replace('-', "_")).collect()
}

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

/// Names that a file takes over from another crate: `Name` of `use minidump::Name;`.
fn taken<'s>(source: &'s str, foreign: &[String]) -> Vec<&'s str> {
    let uses = source.split("use ").skip(1).filter_map(|rest| rest.split_once(';')).map(|(path, _)| path);
    let of_others = uses.filter(|path| {
        let root = path.trim_start_matches("::").split("::").next().unwrap_or_default();
        foreign.iter().any(|name| name == root.trim())
    });
    let parts = of_others.flat_map(|path| path.split(['{', '}', ',']));
    // `A as B` takes over only B, and `A as _` nothing.
    let names = parts.filter_map(|part| part.rsplit([':', ' ']).find(|name| !name.is_empty()));
    names.filter(|name| name.starts_with(char::is_uppercase)).collect()
}

/// The public signatures of a file: from `pub` to the body or the end of the item, and what `From` is implemented for.
fn signatures(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut lines = code.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    while let Some(line) = lines.next() {
        if line.starts_with("pub ") || line.starts_with("impl From<") {
            let mut item = line.to_owned();
            while !item.contains(['{', ';']) && !item.ends_with(',') {
                let Some(more) = lines.next() else { break };
                item += more;
            }
            found.push(item);
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// Public signatures that name another crate, or a type that was taken over from one.
fn exposed(source: &str, foreign: &[String]) -> Vec<String> {
    let taken = taken(source, foreign);
    let names = |item: &String| {
        foreign
            .iter()
            .any(|name| item.contains(&format!("{name}::")) || item.starts_with(&format!("pub use {name}")))
            || words(item).any(|word| taken.contains(&word))
    };
    signatures(source).into_iter().filter(names).collect()
}

/// Files all of whose public items stay inside: their module is private and nothing of it is exported, or what looks
/// public is of a type that only this crate sees.
const INSIDE: [&str; 1] = ["broken.rs"];

#[test]
fn public_items_name_no_types_of_other_crates() {
    let mut wrong = Vec::new();
    for library in LIBRARIES {
        let foreign = dependencies(library);
        let mut paths = Vec::new();
        files(&crates().join(library).join("src"), &mut paths);
        for path in paths {
            if path.file_name().is_some_and(|name| INSIDE.iter().any(|inside| name == *inside)) {
                continue;
            }
            let source = fs::read_to_string(&path).expect("source");
            wrong.extend(
                exposed(&source, &foreign).into_iter().map(|item| format!("{}: {item}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "types of other crates in public items:\n{}", wrong.join("\n"));
}

#[test]
fn the_test_sees_what_is_wrong() {
    let foreign = ["minidump".to_owned()];
    let wrong = |source: &str| !exposed(source, &foreign).is_empty();
    assert!(wrong("pub use minidump;"));
    assert!(wrong("pub fn f() -> minidump::Module {}"));
    assert!(wrong("use minidump::{Module, Minidump};\npub struct A {\n    pub list: Vec<Module>,\n}"));
    assert!(wrong("use minidump::Error;\nimpl From<Error> for A {}"));
    assert!(!wrong("use minidump::Module;\npub(crate) fn f(module: &Module) {}\nfn g(module: &Module) {}"));
    assert!(!wrong("use minidump::Module as _;\npub fn f() -> Module {}"));
}
