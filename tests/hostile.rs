//! Strings that a dump's maker chose, through every command and format of the binary: nothing acts on a terminal, on a
//! reader, on a browser or on a spreadsheet, and every output that holds such a string holds it escaped.

#[path = "support/many.rs"]
mod many;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use dumplens_synth::presets::tiny::{self, X64, throw};
use dumplens_synth::{CodeView, Handle, Misc, Process, ProcessParameters, SystemInfo, UnloadedModule, Width};
use many::{Running, age, at};
use pulldown_cmark::{Event, Options as MarkdownOptions, Parser, Tag};
use rusqlite::Connection;
use support::{run, str};

/// Every character of Unicode's categories Cc, Cf, Zl and Zp that does anything but join or count letters, and no line
/// break. Written out of the standard's tables, not out of the program's own list.
fn acts(c: char) -> bool {
    matches!(c,
        '\0'..='\t' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

/// What a string of a dump can be up to. No `/` and no `\`, so that all of it can be the name of a file.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}gpj\u{2066}\u{200f}\u{2028}\u{2029}\u{feff}\u{ad}\u{61c}\
                     <script>alert(1)<img src=x onerror=y>\"'&|`@all*_[a](b)\r\n# h\n- l\u{e0041}";
/// Stands for a lone surrogate, which no string of Rust can hold.
const LONE: &str = "\u{e123}";

/// A string at one place of the dump: `=` in front, for spreadsheets.
fn nasty(place: &str) -> String {
    format!("={place}{NASTY}{LONE}")
}

/// Places of which every dump shows the string somewhere, in text and in JSON.
const SHOWN: [&str; 9] =
    ["Pmodule", "Pthread", "Pcomment", "Ppdb", "Pexp", "Ptype", "Pwhat", "Pcommand", "Pfile"];

fn process() -> Process {
    let mut process = tiny::tiny();
    process.modules[0].path = format!("C:\\..\\..\\{}.exe", nasty("Pmodule"));
    process.modules[0].code_view =
        Some(CodeView { pdb: format!("..\\..\\{}.pdb", nasty("Ppdb")), ..CodeView::default() });
    process.modules[1].path = format!("\\\\server\\{}\\a|b`c.dll", nasty("Pother"));
    process.threads[0].name = Some(nasty("Pthread"));
    process.comment = Some(format!("{}\r\n\u{1b}[1mline", nasty("Pcomment")));
    process.system = Some(SystemInfo { csd_version: nasty("Pcsd"), ..SystemInfo::default() });
    process.misc = Some(Misc { build_string: nasty("Pb"), ..Misc::default() });
    process.unloaded = vec![UnloadedModule {
        base: 0x1000_0000,
        size: 0x1000,
        name: nasty("Pun"),
        ..UnloadedModule::default()
    }];
    process.handles = vec![Handle {
        handle: 4,
        type_name: Some(nasty("Ptypename")),
        object_name: Some(nasty("Pobject")),
        ..Handle::default()
    }];
    let parameters = ProcessParameters {
        address: X64.parameters(),
        image_path: format!("C:\\{}.exe", nasty("Pimage")),
        command_line: nasty("Pcommand"),
        ..ProcessParameters::default()
    };
    process.put(X64.parameters(), &[0; 0x800]);
    process.put(X64.parameters(), &parameters.to_bytes(Width::W64));
    let what = format!("=Pwhat{NASTY}\0");
    throw(&mut process, ".?AVPtype\u{9b}2J\u{202e}<img src=x>|`@@", what.as_bytes());
    process
}

/// The dump's bytes, with lone surrogates, and an export's name that acts.
fn bytes() -> Vec<u8> {
    let mut bytes = process().to_bytes().0;
    let lone = replace(&mut bytes, &0xe123_u16.to_le_bytes(), &0xd800_u16.to_le_bytes());
    assert!(lone >= 8, "{lone} lone surrogates");
    assert_eq!(replace(&mut bytes, b"AppWork\0", b"Pexp\x1b[2\0"), 1);
    bytes
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from).map(|(at, _)| at).collect();
    for place in &places {
        bytes[*place..][..to.len()].copy_from_slice(to);
    }
    places.len()
}

/// What may be a file's name: everywhere a formula with a direction, on Unix anything.
fn name() -> &'static str {
    if cfg!(unix) { "=Pfile\u{1b}[2J\u{202e}<img src=x>|`\n\"'&.dmp" } else { "=Pfile\u{202e}&'.dmp" }
}

fn dump(folder: &Path) -> PathBuf {
    let path = folder.join(name());
    fs::write(&path, bytes()).expect("a dump");
    age(&path);
    path
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Text,
    Json,
    Html,
    Markdown,
    Table(u8),
}

/// What must hold of an output.
fn check(what: &str, form: Form, output: &str) {
    let raw = output.chars().find(|c| acts(*c) && !(form == Form::Table(b'\t') && *c == '\t'));
    assert_eq!(raw, None, "{what}");
    match form {
        Form::Text => {}
        Form::Json => {
            for line in if what.contains("jsonl") { output.lines().collect() } else { vec![output] } {
                serde_json::from_str::<serde_json::Value>(line).expect(what);
            }
        }
        Form::Html => assert!(!output.contains("<img") && !output.contains("<script>alert"), "{what}"),
        Form::Markdown => ticket(what, output),
        Form::Table(delimiter) => cells(what, delimiter, output),
    }
}

/// As a reader of Markdown understands it: no HTML that is not the renderer's, no link, no picture.
fn ticket(what: &str, output: &str) {
    for event in Parser::new_ext(output, MarkdownOptions::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => {
                assert!(!html.contains("<img") && !html.contains("<script"), "{what}: {html}");
            }
            Event::Start(tag) => {
                assert!(!matches!(tag, Tag::Link { .. } | Tag::Image { .. }), "{what}: {tag:?}");
            }
            _ => {}
        }
    }
}

/// No cell is a formula, and every row has as many.
fn cells(what: &str, delimiter: u8, output: &str) {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(output.as_bytes());
    let rows: Vec<_> = reader.records().map(|row| row.expect("as many cells as the head")).collect();
    assert!(!rows.is_empty(), "{what}");
    for cell in rows.iter().flat_map(csv::StringRecord::iter) {
        assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '＝']), "{what}: {cell:?}");
    }
}

/// Every output of a file, with what it is.
fn outputs(path: &Path) -> Vec<(String, Form, String)> {
    let path = str(path);
    let (app, stack) = (format!("{:x}", X64.app + 0x1004), format!("{:x}", X64.stack_base(0) - 8));
    let mut asked: Vec<Vec<&str>> = vec![
        vec!["at", path, &app],
        vec!["at", path, &stack],
        vec!["at", path, "10000010"],
        vec!["stack", path, "--thread", "all"],
        vec!["info", path, "--include-secrets"],
        vec!["report", path, "--include-secrets"],
    ];
    for command in
        ["why", "summary", "regions", "heaps", "census", "allocations", "info", "threads", "stack", "report"]
    {
        asked.push(vec![command, path]);
    }
    let mut all = Vec::new();
    let mut take = |args: &[&str], form: Form| {
        let run = run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
        let what = format!("{args:?}");
        assert!(!run.stderr.contains(acts), "{what}: {:?}", run.stderr);
        all.push((what, form, run.stdout));
    };
    for args in &asked {
        take(&[args, &["--format", "text"][..]].concat(), Form::Text);
        take(&[args, &["--format", "json"][..]].concat(), Form::Json);
    }
    for secrets in [&[][..], &["--include-secrets"]] {
        take(&[&["report", path, "--format", "markdown"], secrets].concat(), Form::Markdown);
        take(&[&["report", path, "--format", "html"], secrets].concat(), Form::Html);
    }
    take(&["regions", path, "--format", "csv"], Form::Table(b','));
    take(&["regions", path, "--format", "tsv"], Form::Table(b'\t'));
    take(&["scan", path], Form::Text);
    take(&["scan", path, "--jsonl"], Form::Json);
    take(&["scan", path, "--csv"], Form::Table(b','));
    all
}

#[test]
fn nothing_acts_in_any_command_and_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = outputs(&dump(folder.path()));
    for (what, form, output) in &all {
        check(what, *form, output);
    }
    // Nothing was tested of a string that was not shown.
    for place in SHOWN {
        for form in [Form::Text, Form::Json, Form::Html, Form::Markdown] {
            let shown = all.iter().filter(|(_, f, output)| *f == form && output.contains(place)).count();
            assert!(shown > 0, "{place} is in no {form:?}");
        }
    }
    let tables = all.iter().filter(|(_, f, output)| *f == Form::Table(b',') && output.contains("Pmodule"));
    assert_eq!(tables.count(), 2, "regions and scan");
}

/// In JSON nothing is lost: a reader gets back what was in the dump.
#[test]
fn json_gives_the_strings_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = dump(folder.path());
    let report = run(&["report", str(&path), "--include-secrets"]).json();
    let whole = |place: &str| format!("={place}{NASTY}\u{fffd}");
    assert_eq!(report["threads"][0]["name"], whole("Pthread"));
    assert_eq!(report["process"]["command_line"], whole("Pcommand"));
    assert_eq!(report["modules"][0]["path"], format!("C:\\..\\..\\{}.exe", whole("Pmodule")));
    assert_eq!(report["dump"]["comment"], format!("{}\r\n\u{1b}[1mline", whole("Pcomment")));
    assert_eq!(report["exception"]["cpp"]["what"], format!("=Pwhat{NASTY}"));
}

/// Rows of a store, what `watch` tells, what `trim` says, and a file that is no dump.
#[test]
fn nothing_acts_in_what_is_kept_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = tempfile::tempdir().expect("a folder");
    let (path, store) = (dump(folder.path()), at(&home, "store.db"));
    fs::write(folder.path().join(name().replace("Pfile", "Pbad")), "no dump").expect("a file");
    for form in [&[][..], &["--jsonl"], &["--csv"]] {
        for _ in ["read", "known"] {
            let scan = run(&[&["scan", str(folder.path()), "--store", str(&store)], form].concat());
            assert_eq!(scan.code, Some(0), "{}", scan.stderr);
            assert!(scan.stdout.contains("Pfile") && scan.stdout.contains("Pbad"), "{}", scan.stdout);
            let form = match form {
                ["--jsonl"] => Form::Json,
                ["--csv"] => Form::Table(b','),
                _ => Form::Text,
            };
            check("scan jsonl", form, &scan.stdout);
            check("scan", Form::Text, &scan.stderr);
        }
    }
    histories(&store);
    for (what, form) in [("", Form::Text), ("--jsonl", Form::Json), ("--csv", Form::Table(b','))] {
        let mut args = vec!["scan", str(folder.path()), "--store", str(&store)];
        args.extend(Some(what).filter(|what| !what.is_empty()));
        let scan = run(&args);
        assert!(
            scan.stdout.contains("2J\\u{202e}=1v2-") || scan.stdout.contains("2J\\u202e=1v2-"),
            "{}",
            scan.stdout
        );
        check(&format!("poisoned {what}"), form, &scan.stdout);
    }
    let watch = ["watch", str(folder.path()), "--existing", "--settle", "0.1"];
    for (form, args) in [(Form::Text, &[][..]), (Form::Json, &["--jsonl"])] {
        let watch = Running::start(&[&watch, args].concat());
        check("watch", Form::Text, &watch.complaint());
        for _ in ["a dump", "no dump"] {
            check("watch", form, &watch.line());
        }
    }
    let small = home.path().join(name());
    let trim = run(&["trim", str(&path), str(&small), "--redact"]);
    check("trim", Form::Text, trim.text());
    check("trim again", Form::Text, &run(&["trim", str(&path), str(&small)]).stderr);
    for (what, form, output) in outputs(&small) {
        check(&what, form, &output);
    }
}

/// A store may come from elsewhere too.
fn histories(store: &Path) {
    let history = |format: &str| run(&["history", "--store", str(store), "--format", format]);
    check("history", Form::Text, history("text").text());
    check("history", Form::Json, history("json").text());
    let connection = Connection::open(store).expect("a database");
    let poison = "UPDATE results SET path = ?1, time = ?1, signature = CASE WHEN signature IS NULL THEN NULL
                  ELSE ?1 END, row = replace(row, '\"v2-', '\"' || ?2 || 'v2-')";
    connection
        .execute(poison, ["\u{1b}[2J\u{202e}\n=1", "\u{9b}2J\u{202e}=1"].map(String::from))
        .expect("rows");
    drop(connection);
    check("poisoned history", Form::Text, history("text").text());
    check("poisoned history", Form::Json, history("json").text());
}

/// A file's name can look like an option, and a mistyped option is repeated in the complaint.
#[test]
fn nothing_acts_in_complaints_about_the_command_line() {
    let hostile = "--\u{9b}2J\u{202e}\u{2066}x\u{1b}[2J";
    for args in [
        vec!["summary", hostile],
        vec!["summary", "a.dmp", "--format", "\u{202e}\u{9b}2J"],
        vec!["at", "a.dmp", "12\u{202e}\u{9b}2J"],
        vec!["regions", "a.dmp", "-f:\u{202e}"],
        vec!["\u{202e}\u{9b}2J"],
        vec!["explain", "\u{202e}\u{9b}2J"],
        vec!["watch", "\u{202e}\u{9b}2J"],
        vec!["history", "--store", "\u{202e}\u{9b}2J"],
        vec!["trim", "\u{202e}\u{9b}2J", "\u{202e}"],
    ] {
        let refused = run(&args);
        assert!(matches!(refused.code, Some(1 | 2)), "{args:?}: {:?}", refused.code);
        assert!(!refused.stderr.is_empty());
        check(&format!("{args:?}"), Form::Text, &refused.stderr);
    }
}
