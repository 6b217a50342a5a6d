//! Lists in pieces, lists with nothing in them, and what people type in place of the full words.

use std::path::Path;

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
        let piece = json.pointer(list).and_then(Value::as_array).expect("a list").clone();
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
        (&["regions", path][..], "/list"),
        (&["regions", path, "--usage", "free", "--sort", "size"], "/list"),
        (&["modules", path], "/modules"),
        (&["threads", path], "/threads"),
        (&["stack", path, "--thread", "all"], "/threads"),
        (&["heaps", path, "--blocks"], "/list"),
        (&["waits", path], "/threads"),
    ] {
        let whole = run(&[args, &["--json"]].concat()).json();
        let whole = whole.pointer(list).and_then(Value::as_array).unwrap();
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
    assert_eq!(Value::from(in_pieces(&args, "/list", 3)), whole["list"]);
    let csv = run(&[&args[..], &["--format=csv", "--limit=3"]].concat());
    assert_eq!((csv.stdout.lines().count(), csv.stderr.contains("--offset 3")), (4, true), "{}", csv.stderr);
}

/// Without a limit these are cut to the largest; with one they go on to the last.
#[test]
fn pieces_go_beyond_the_largest() {
    let (_directory, path) = file(&presets::full(120, 1 << 24, 7, 9));
    let path = str(&path);
    let short = run(&["allocations", path, "--json"]).json();
    let (all, list) = (&short["memory"]["allocations"], "/memory/allocations/list");
    let count = usize::try_from(all["count"].as_u64().unwrap()).unwrap();
    let whole = in_pieces(&["allocations", path], list, 7);
    assert_eq!((whole.len(), Value::from(&whole[..10])), (count, all["list"].clone()));
    let bases: std::collections::HashSet<&str> =
        whole.iter().filter_map(|one| one["base"].as_str()).collect();
    assert_eq!(bases.len(), count);
    assert!(whole.is_sorted_by_key(|one| std::cmp::Reverse(one["size_bytes"].as_u64())));
    let text = run(&["allocations", path, "--limit=2", "--offset=1"]).stdout;
    assert!(
        text.contains(&format!("\n2 of {count} allocations, from offset 1; --offset 3 shows the next\n")),
        "{text}"
    );

    let sizes: Vec<_> = (1..30).map(|n| dumplens_synth::heap::NtBlock { size: 16 * n, busy: true }).collect();
    let heap = presets::heaps::filled::Filling { blocks: sizes, ..Default::default() };
    let heap = presets::heaps::filled::filled(dumplens_synth::Width::W64, &heap).process;
    let (_directory, path) = file(&heap);
    let args = ["census", str(&path)];
    let short = run(&[&args[..], &["--json"]].concat()).json();
    let whole = run(&[&args[..], &["--json", "--all"]].concat()).json();
    assert!(short["sizes_left_out"].as_u64() > Some(0) && whole["sizes_left_out"] == 0);
    assert_eq!(Value::from(in_pieces(&args, "/sizes", 12)), whole["sizes"]);
    // Shares are added up from the first row, whichever is the first shown.
    let table = |more: &[&str]| run(&[&args[..], more].concat()).stdout;
    let last = whole["sizes"].as_array().unwrap().len() - 1;
    let (all, last) = (table(&["--all"]), table(&["--limit=1", &format!("--offset={last}")]));
    let row = last.lines().skip_while(|line| !line.contains("Heap blocks of")).nth(1).unwrap();
    assert!(row.trim_end().ends_with("100.00") && all.lines().any(|line| line == row), "{row}");
}

/// Types, objects of one type, and signatures: lists with counts of their own.
#[test]
fn pieces_of_types_objects_and_signatures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let path = folder.join("managed-exception/dump.dmp");
    let args = ["managed", str(&path)];
    let whole = run(&[&args[..], &["--json", "--all"]].concat()).json();
    let types = whole["types"].as_array().unwrap();
    assert!(types.len() > 2, "{types:?}");
    assert_eq!(in_pieces(&args, "/types", 2), *types);
    let most = types.iter().max_by_key(|one| one["count"].as_u64()).unwrap();
    let args = ["managed", str(&path), "--type", most["name"].as_str().unwrap()];
    let whole = run(&[&args[..], &["--json"]].concat()).json();
    let objects = whole["objects"].as_array().unwrap();
    assert!(objects.len() > 1 && most["count"] == objects.len());
    assert_eq!(in_pieces(&args, "/objects", 1), *objects);
    let text = run(&[&args[..], &["--limit=1"]].concat()).stdout;
    assert!(
        text.ends_with("\nmore objects: --offset 1 shows the next\n") && text.lines().count() == 3,
        "{text}"
    );

    let args = ["scan", str(&folder)];
    let whole = run(&[&args[..], &["--json"]].concat()).json();
    assert_eq!(Value::from(in_pieces(&args, "/signatures", 5)), whole["signatures"]);
    let text = run(&[&args[..], &["--limit=2"]].concat()).stdout;
    assert!(text.ends_with(" signatures, from offset 0; --offset 2 shows the next\n"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains(".dmp")).count(), 2, "{text}");
    assert_eq!(run(&[&args[..], &["--csv", "--limit=2"]].concat()).code, Some(2));
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
