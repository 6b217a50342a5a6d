//! The transcripts in README.md and docs/ are what the program prints. A line of `…` stands for any lines left out. A
//! transcript that nobody can repeat stands below a comment `<!-- not repeatable: WHY -->`.

mod support;

use std::path::{Path, PathBuf};

use support::{dumplens, run_command, str};

/// The PDB of fixtures/imit64-append; its dump names it imit.pdb.
const PDB: &[u8] = include_bytes!("../crates/analyzer/tests/symbols/files/imit-x64.pdb");
const NOT_REPEATABLE: &str = "<!-- not repeatable: ";

#[test]
fn transcripts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut compared, mut wrong) = (0, Vec::new());
    for page in pages(&root) {
        let text = std::fs::read_to_string(&page).expect("a page");
        for transcript in transcripts_of(&text) {
            let checked = transcript.and_then(|transcript| match transcript {
                Transcript::Marked => Ok(()),
                Transcript::Run { command, shown } => {
                    compared += 1;
                    compare(&root, command, &shown)
                }
            });
            wrong.extend(checked.err().map(|why| format!("{}: {why}", page.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(compared >= 14, "the documentation has lost its transcripts: {compared}");
}

/// README.md, docs/*.md and docs/dev/*.md.
fn pages(root: &Path) -> Vec<PathBuf> {
    let folders = ["docs", "docs/dev"].map(|folder| root.join(folder));
    let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let pages = entries.map(|entry| entry.expect("an entry").path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain([root.join("README.md")]).collect()
}

/// Links to files lead to files of the project, and no page names a folder outside of it.
#[test]
fn links_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let others = ["SECURITY.md", "CONTRIBUTING.md", "examples/README.md", "fuzz/README.md"];
    let (mut followed, mut wrong) = (0, Vec::new());
    for page in pages(&root).into_iter().chain(others.map(|page| root.join(page))) {
        let text = std::fs::read_to_string(&page).expect("a page");
        if text.contains("../shared") {
            wrong.push(format!("{} names a folder outside the project", page.display()));
        }
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            followed += 1;
            if !page.parent().expect("a folder").join(file).exists() {
                wrong.push(format!("{}: {link} does not exist", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(followed > 60, "few links are found: {followed}");
}

/// A fenced block that shows a prompt, `$ `.
#[derive(Debug, PartialEq)]
enum Transcript<'t> {
    /// What stands behind `$ dumplens `, and the lines below.
    Run { command: &'t str, shown: Vec<&'t str> },
    /// It says above itself why it cannot be run.
    Marked,
}

/// Every transcript of a page; an error for one that is not run, and does not say why.
fn transcripts_of(page: &str) -> Vec<Result<Transcript<'_>, String>> {
    let mut found = Vec::new();
    let mut lines = page.lines();
    let mut above = "";
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("```") {
            let block: Vec<&str> =
                lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).collect();
            if block.iter().any(|line| line.trim_start().starts_with("$ ")) {
                found.push(transcript(above, line, &block));
            }
        }
        if !line.trim().is_empty() {
            above = line;
        }
    }
    found
}

fn transcript<'t>(above: &str, fence: &str, block: &[&'t str]) -> Result<Transcript<'t>, String> {
    if let Some(why) = above.trim().strip_prefix(NOT_REPEATABLE) {
        return if why.len() > 20 { Ok(Transcript::Marked) } else { Err(format!("no reason: {above}")) };
    }
    let command = block[0].strip_prefix("$ dumplens ").filter(|_| fence == "```text");
    let prompts = block.iter().filter(|line| line.trim_start().starts_with("$ ")).count();
    match command {
        Some(command) if prompts == 1 => Ok(Transcript::Run { command, shown: block[1..].to_vec() }),
        _ => {
            Err(format!("neither one run of dumplens as ```text, nor marked as not repeatable: {}", block[0]))
        }
    }
}

/// The words of a command line; one in double quotes may hold blanks.
fn words_of(command: &str) -> Vec<&str> {
    let quoted = command.split('"').enumerate();
    let mut words = Vec::new();
    for (n, part) in quoted {
        match n % 2 {
            1 => words.push(part),
            _ => words.extend(part.split(' ').filter(|word| !word.is_empty())),
        }
    }
    words
}

/// Runs the command in the folder of the project, with the PDB in a folder `pdbs`, and compares.
fn compare(root: &Path, command: &str, shown: &[&str]) -> Result<(), String> {
    let pdbs = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(pdbs.path().join("imit.pdb"), PDB).expect("a PDB");
    let words: Vec<&str> = words_of(command)
        .into_iter()
        .map(|word| if word == "pdbs" { str(pdbs.path()) } else { word })
        .collect();
    let mut dumplens = dumplens(&words);
    dumplens.current_dir(root);
    let run = run_command(dumplens);
    if (run.code, run.stderr.as_str()) != (Some(0), "") {
        return Err(format!("dumplens {command}\nended with {:?}: {}", run.code, run.stderr));
    }
    // `scan` finds dumps by the system's own paths.
    let printed = if cfg!(windows) {
        run.stdout.replace("fixtures\\", "fixtures/").replace("\\dump.dmp", "/dump.dmp")
    } else {
        run.stdout
    };
    match differs(shown, &printed) {
        None => Ok(()),
        Some(gap) => Err(format!("dumplens {command}\nnot printed there:\n{gap}\nprinted:\n{printed}")),
    }
}

/// The part of a transcript that does not stand in what was printed, behind the part before it.
fn differs(shown: &[&str], printed: &str) -> Option<String> {
    // Spaces at the end of a line are not seen.
    let printed: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
    let shown: Vec<&str> = shown.iter().map(|line| line.trim_end()).collect();
    let mut rest = printed.as_slice();
    for (number, part) in shown.split(|line| *line == "…").enumerate() {
        let found = rest
            .windows(part.len().max(1))
            .position(|lines| lines == part)
            .filter(|at| number > 0 || *at == 0);
        let Some(at) = found.or(part.is_empty().then_some(0)) else { return Some(part.join("\n")) };
        rest = &rest[at + part.len()..];
    }
    let open = shown.last().is_some_and(|line| *line == "…");
    (!open && !rest.is_empty()).then(|| rest.join("\n"))
}

#[test]
fn a_transcript_is_compared_line_by_line() {
    let printed = "a\nb\nc\nd\n";
    let differs = |shown: &str| differs(&shown.lines().collect::<Vec<_>>(), printed);
    for same in ["a\nb\nc\nd", "a\n…", "…\nc\nd", "…\nb\n…", "a\n…\nd", "a\n…\nc\n…"] {
        assert_eq!(differs(same), None, "{same:?}");
    }
    for other in ["a\nb\nc", "b\n…", "…\nc", "…\nx\n…", "a\n…\nc", "a\nc\n…", "…\nc\n…\nb\n…"]
    {
        assert!(differs(other).is_some(), "{other:?}");
    }
}

#[test]
fn no_transcript_is_passed_over() {
    let block = |above: &str, fence: &str, text: &str| format!("{above}\n\n```{fence}\n{text}\n```\n");
    let run = block("Words.", "text", "$ dumplens scan fixtures\na\nb");
    let shown = vec!["a", "b"];
    assert_eq!(transcripts_of(&run), [Ok(Transcript::Run { command: "scan fixtures", shown })]);
    let why = "<!-- not repeatable: the server of the example does not exist -->";
    assert_eq!(transcripts_of(&block(why, "console", "$ curl x")), [Ok(Transcript::Marked)]);
    assert_eq!(transcripts_of(&block("Words.", "sh", "cargo test")), []);
    for refused in [
        block("<!-- not repeatable: -->", "text", "$ dumplens summary a.dmp"),
        block("Words.", "console", "$ dumplens scan fixtures"),
        block("Words.", "text", "$ cat a.dmp"),
        block("Words.", "text", "$ dumplens why a.dmp\nb\n$ dumplens info a.dmp"),
    ] {
        assert!(matches!(transcripts_of(&refused)[..], [Err(_)]), "{refused}");
    }
    // The mark is for the next block alone.
    let two = block(why, "text", "$ curl x") + &run;
    assert!(matches!(transcripts_of(&two)[..], [Ok(Transcript::Marked), Ok(Transcript::Run { .. })]));
}
