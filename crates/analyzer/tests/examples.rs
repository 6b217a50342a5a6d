//! The examples answer what the fixtures are known to hold (their truth.toml).
#![allow(dead_code, reason = "their main functions")]

#[path = "../examples/requested.rs"]
mod requested;
#[path = "../examples/why.rs"]
mod why;

use std::path::{Path, PathBuf};

fn dump() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/story-commit-limit/dump.dmp")
}

#[test]
fn requested_is_a_number() {
    let answer = requested::answer(&dump()).expect("an answer");
    assert!(answer.starts_with("968651191 bytes were asked for\n"), "{answer}");
}

#[test]
fn why_is_what_the_command_prints() {
    let answer = why::answer(&dump()).expect("an answer");
    let begins = "A vector could not grow to 60,540,697 elements of 16 bytes";
    assert!(answer.starts_with(begins) && answer.contains("the machine's commit limit was"), "{answer}");
}
