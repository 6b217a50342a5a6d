//! Lists in pieces, lists with nothing in them, and what people type in place of the full words.

use dumplens_synth::presets;
use serde_json::Value;

use crate::support::{dumplens, run, run_command, str};
use crate::{file, strip};

/// A list asked for in pieces: all entries, none twice.
fn in_pieces(args: &[&str], list: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut offset) = (Vec::new(), Some(0));
    while let Some(from) = offset {
        let more = [format!("--limit={limit}"), format!("--offset={from}")];
        let json = run(&[args, &["--json", &more[0], &more[1]]].concat()).json();
        let piece = json[list].as_array().expect("a list").clone();
        assert!(piece.len() <= limit && !piece.is_empty(), "{args:?} from {from}");
        all.extend(piece);
        offset = json.get("next_offset").map(|next| usize::try_from(next.as_u64().unwrap()).unwrap());
    }
    all
}

#[test]
fn pieces_of_a_list_are_the_whole() {
    let (_directory, path) = file(&presets::full(120, 1 << 24, 7, 9));
    let path = str(&path);
    for (args, list) in [
        (&["regions", path][..], "list"),
        (&["regions", path, "--usage", "free", "--sort", "size"], "list"),
        (&["modules", path], "modules"),
        (&["threads", path], "threads"),
        (&["stack", path, "--thread", "all"], "threads"),
        (&["heaps", path, "--blocks"], "list"),
    ] {
        let whole = run(&[args, &["--json"]].concat()).json();
        let whole = whole[list].as_array().unwrap();
        assert!(args[0] == "heaps" || whole.len() > 4, "{args:?}");
        if !whole.is_empty() {
            assert_eq!(in_pieces(args, list, 4), *whole, "{args:?}");
        }
    }
    let heap = presets::heaps::filled::Filling {
        blocks: vec![dumplens_synth::heap::NtBlock { size: 100, busy: true }; 11],
        ..Default::default()
    };
    let heap = presets::heaps::filled::filled(dumplens_synth::Width::W64, &heap).process;
    let (_directory, path) = file(&heap);
    let args = ["heaps", str(&path), "--blocks"];
    let whole = run(&[&args[..], &["--json"]].concat()).json();
    assert!(whole["list"].as_array().unwrap().len() >= 11);
    assert_eq!(Value::from(in_pieces(&args, "list", 3)), whole["list"]);
    let csv = run(&[&args[..], &["--format=csv", "--limit=3"]].concat());
    assert_eq!((csv.stdout.lines().count(), csv.stderr.contains("--offset 3")), (4, true), "{}", csv.stderr);
}

#[test]
fn a_piece_says_of_how_many_it_is() {
    let (_directory, path) = file(&presets::full(120, 1 << 24, 7, 9));
    let path = str(&path);
    for (command, what) in [("regions", "regions"), ("modules", "modules"), ("threads", "threads")] {
        let whole = run(&[command, path]).stdout;
        let piece = run(&[command, path, "--limit", "2", "--offset", "1"]).stdout;
        assert!(piece.contains("\n2 of ") && piece.contains(what), "{piece}");
        assert!(piece.contains("from offset 1; --offset 3 shows the next"), "{piece}");
        assert!(piece.len() < whole.len() && !whole.contains("--offset"), "{piece}");
        // All that is shown of the list stands in the whole one.
        let rows = |text: &str| {
            text.lines()
                .take_while(|line| !line.is_empty())
                .filter(|line| line.contains('`'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (rows, all) = (rows(&piece), rows(&whole));
        assert_eq!(rows.len(), 2, "{command}: {piece}");
        assert!(rows[0].split_whitespace().eq(all[1].split_whitespace()), "{command}: {rows:?}");
        assert!(run(&[command, path, "--limit", "0"]).code == Some(2));
        assert!(run(&[command, path, "--offset", "3"]).code == Some(2), "an offset without a limit");
    }
}

#[test]
fn a_list_with_nothing_in_it_says_so() {
    let (_directory, path) = file(&presets::tiny());
    let count = run(&["regions", str(&path), "--json"]).json()["list"].as_array().unwrap().len();
    let none = run(&["regions", str(&path), "--usage", "pageheap"]);
    assert_eq!(none.text(), format!("0 of {count} regions match\n"));
    let blocks = run(&["heaps", str(&path), "--blocks", "--heap", "1"]);
    assert!(blocks.stdout.ends_with("\n0 blocks in use are known, in 0 heaps\n"), "{}", blocks.stdout);
    assert!(!run(&["heaps", str(&path), "--blocks"]).stdout.contains("0 blocks"));
}

#[test]
fn json_is_a_format_where_there_is_one() {
    let (directory, path) = file(&presets::tiny_bad_alloc());
    assert_eq!(run(&[str(&path), "--json"]).json(), run(&["why", str(&path), "--format", "json"]).json());
    let refused = run(&["explain", "commit_limit", "--json"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("'--json'") && !refused.stderr.contains("--format"),
        "{}",
        refused.stderr
    );
    let scan = run(&["scan", str(directory.path()), "--json"]).json();
    let signature = &scan["signatures"][0];
    assert_eq!((&scan["dumps"], &signature["count"]), (&1.into(), &1.into()));
    assert_eq!(signature["fingerprint"], serde_json::json!(["dumplens", signature["signature"]]));
    assert_eq!(signature["first_seen"], signature["last_seen"]);
    assert!(signature["last_seen"].as_str().unwrap().starts_with("20"), "{signature}");
    let typo = directory.path().join("no-such-name");
    assert_eq!(run(&["scan", str(&typo)]).code, Some(1));
}

/// The variables that programs agree on: <https://no-color.org>, <https://bixense.com/clicolors>.
#[test]
fn variables_decide_about_colour() {
    let (_directory, path) = file(&presets::tiny_bad_alloc());
    let asked = |command: &str, variables: &[(&str, &str)]| {
        let mut program = dumplens(&[command, str(&path)]);
        program.envs(variables.iter().copied());
        run_command(program).stdout
    };
    for command in ["why", "stack", "regions", "heaps"] {
        let plain = asked(command, &[]);
        assert!(!plain.contains('\u{1b}'));
        let forced = asked(command, &[("CLICOLOR_FORCE", "1")]);
        assert!(forced.contains('\u{1b}'), "{command}");
        assert_eq!(strip(&forced), plain, "{command}");
        assert_eq!(asked(command, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), plain, "{command}");
    }
}
