//! The transcripts in README.md and docs/ are what the program prints. A line of `…` stands for any lines left out.

mod support;

use std::path::{Path, PathBuf};

use support::run;

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let compared: usize = pages(&root).iter().map(|page| compare(&root, page)).sum();
    assert!(compared >= 10, "the documentation has lost its transcripts: {compared}");
}

/// README.md and docs/*.md.
fn pages(root: &Path) -> Vec<PathBuf> {
    let docs =
        std::fs::read_dir(root.join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain([root.join("README.md")]).collect()
}

/// How many transcripts of a page were compared: those of fixtures, and those that need no dump.
fn compare(root: &Path, page: &Path) -> usize {
    let text = std::fs::read_to_string(page).expect("a page");
    let blocks = text.split("```text\n$ dumplens ").skip(1).filter_map(|rest| rest.split("\n```").next());
    let mut compared = 0;
    for block in blocks {
        let (command, shown) = block.split_once('\n').expect("a command, and what it prints");
        let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let mut replaced = Vec::new();
        for word in words.iter_mut().filter(|word| word.starts_with("fixtures/")) {
            let absolute = root.join(&word).to_string_lossy().into_owned();
            replaced.push((absolute.clone(), std::mem::replace(word, absolute)));
        }
        if replaced.is_empty() && !command.starts_with("explain ") {
            continue;
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut printed = run(&words).text().to_owned();
        for (absolute, relative) in &replaced {
            printed = printed.replace(absolute, relative);
        }
        let gap = differs(shown, &printed);
        assert!(
            gap.is_none(),
            "{}: dumplens {command}\nnot printed there:\n{}\nprinted:\n{printed}",
            page.display(),
            gap.unwrap_or_default()
        );
        compared += 1;
    }
    compared
}

/// The part of a transcript that does not stand in what was printed, behind the part before it.
fn differs(shown: &str, printed: &str) -> Option<String> {
    let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>();
    let (shown, printed) = (lines(shown), lines(printed));
    let mut rest = printed.as_slice();
    for (number, part) in shown.split(|line| line == "…").enumerate() {
        let found = rest
            .windows(part.len().max(1))
            .position(|lines| lines == part)
            .filter(|at| number > 0 || *at == 0);
        let Some(at) = found.or(part.is_empty().then_some(0)) else { return Some(part.join("\n")) };
        rest = &rest[at + part.len()..];
    }
    let open = shown.last().is_some_and(|line| line == "…");
    (!open && !rest.is_empty()).then(|| rest.join("\n"))
}

#[test]
fn a_transcript_is_compared_line_by_line() {
    let printed = "a\nb\nc\nd\n";
    for same in ["a\nb\nc\nd", "a\n…", "…\nc\nd", "…\nb\n…", "a\n…\nd", "a\n…\nc\n…"] {
        assert_eq!(differs(same, printed), None, "{same:?}");
    }
    for other in ["a\nb\nc", "b\n…", "…\nc", "…\nx\n…", "a\n…\nc", "a\nc\n…", "…\nc\n…\nb\n…"]
    {
        assert!(differs(other, printed).is_some(), "{other:?}");
    }
}
