//! What shells and manuals are told of the command line: every command, and options that are there.

mod support;

use support::run;

const COMMANDS: &[&str] = &[
    "why",
    "explain",
    "summary",
    "regions",
    "at",
    "heaps",
    "census",
    "allocations",
    "modules",
    "managed",
    "info",
    "threads",
    "stack",
    "cdb",
    "waits",
    "report",
    "diff",
    "trim",
    "scan",
    "history",
    "watch",
    "mcp",
    "schema",
    "completions",
    "man",
];

/// The list above is what the program itself offers.
#[test]
fn the_commands_are_those_of_the_help() {
    let help = run(&["--help"]);
    let listed: Vec<&str> = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]);
        let script = script.text();
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("include-secrets"), "{shell}");
        // Two of them complete no values.
        let values = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(script.contains("markdown"), values, "{shell}");
    }
    assert_eq!(run(&["completions", "tcsh"]).code, Some(2));
}

#[test]
fn the_man_page_knows_every_command() {
    let page = run(&["man"]);
    let page = page.text();
    assert!(page.lines().any(|line| line.starts_with(".TH dumplens 1")), "{page}");
    for command in COMMANDS {
        assert!(page.contains(&format!("dumplens\\-{command}(1)")), "{command}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dir = folder.path().join("man1");
    assert_eq!(run(&["man", "--dir", support::str(&dir)]).text(), "");
    assert!(dir.join("dumplens.1").is_file());
    for command in COMMANDS {
        let page = std::fs::read_to_string(dir.join(format!("dumplens-{command}.1"))).expect(command);
        assert!(page.contains(".SH SYNOPSIS") && page.contains(command), "{command}");
    }
    let report = std::fs::read_to_string(dir.join("dumplens-report.1")).expect("a page");
    assert!(report.contains("\\-\\-include\\-secrets"), "{report}");
    // Again, over those that are there; and not into a file.
    assert_eq!(run(&["man", "--dir", support::str(&dir)]).code, Some(0));
    let refused = run(&["man", "--dir", support::str(&dir.join("dumplens.1"))]);
    assert_eq!((refused.code, refused.stderr.lines().count()), (Some(1), 1));
}

/// A dump alone asks why; `--json` is `--format json`; a name that is not there fails.
#[test]
fn what_people_type_in_short() {
    let (_directory, path) = support::write("a.dmp", &dumplens_synth::presets::tiny().to_bytes().0);
    let (short, long) = (run(&[support::str(&path)]), run(&["why", support::str(&path)]));
    assert_eq!((short.code, &short.stdout), (Some(0), &long.stdout));
    let (short, long) = (
        run(&["info", support::str(&path), "--json"]),
        run(&["info", support::str(&path), "--format", "json"]),
    );
    assert_eq!((short.code, &short.stdout), (Some(0), &long.stdout));
    assert!(run(&["absent.dmp"]).stderr.starts_with("dumplens: absent.dmp: "));
    assert_eq!(run(&["absnt"]).code, Some(2));
    assert_eq!(run(&["scan", "absent"]).code, Some(1));
}
