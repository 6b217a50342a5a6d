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
        let fixtures: Vec<&mut String> =
            words.iter_mut().filter(|word| word.starts_with("fixtures/")).collect();
        if fixtures.is_empty() {
            continue;
        }
        let mut places = Vec::new();
        for path in fixtures {
            let absolute = root.join(&*path).to_string_lossy().into_owned();
            places.push((absolute.clone(), std::mem::replace(path, absolute)));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let printed = run(&words).text().to_owned();
        let printed = places.iter().fold(printed, |text, (absolute, path)| text.replace(absolute, path));
        assert_eq!(printed.trim_end(), shown.trim_end(), "dumplens {command}");
        compared += 1;
    }
    assert!(compared >= 2, "the README has lost its transcripts");
}
