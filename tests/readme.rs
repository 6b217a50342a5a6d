//! The README's transcripts are what the program prints.

mod support;

use std::path::Path;

use support::run;

/// What is shown is what was printed; for a line `…` any number of lines may stand.
fn agree(printed: &str, shown: &str, command: &str) {
    let parts: Vec<&str> = shown.trim_end().split("\n…\n").collect();
    let Some((last, before)) = parts.split_last().filter(|(_, before)| !before.is_empty()) else {
        assert_eq!(printed.trim_end(), shown.trim_end(), "dumplens {command}");
        return;
    };
    assert!(printed.starts_with(&format!("{}\n", before[0])), "dumplens {command}: {printed}");
    let mut rest = printed;
    for part in before {
        let at = rest.find(part).unwrap_or_else(|| panic!("dumplens {command} prints no {part}:\n{rest}"));
        rest = &rest[at + part.len()..];
    }
    assert!(rest.trim_end().ends_with(&format!("\n{last}")), "dumplens {command}: {rest}");
}

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file| std::fs::read_to_string(root.join(file)).expect(file);
    let readme = read("README.md") + &read("docs/diff.md");
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
        agree(&printed, shown, command);
        compared += 1;
    }
    assert!(compared >= 2, "the README has lost its transcripts");
}
