//! The README's transcripts are what the program prints.

mod support;

use std::path::Path;

use support::run;

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let blocks = readme.split("```text\n$ dumplens ").skip(1).filter_map(|rest| rest.split("\n```").next());
    let mut compared = 0;
    for block in blocks {
        let (command, shown) = block.split_once('\n').expect("a command, and what it prints");
        let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let Some(path) = words.iter_mut().find(|word| word.starts_with("fixtures/")) else { continue };
        let relative = path.clone();
        *path = root.join(&relative).to_string_lossy().into_owned();
        let absolute = path.clone();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = run(&words).text().replace(&absolute, &relative);
        assert_eq!(printed.trim_end(), shown.trim_end(), "dumplens {command}");
        compared += 1;
    }
    assert!(compared >= 2, "the README has lost its transcripts");
}
