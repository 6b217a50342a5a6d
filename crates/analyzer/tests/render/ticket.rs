//! The ticket: what it says, and that strings out of the dump cannot change its shape, by a reader of Markdown that
//! has no part in writing it.

use dumplens_analyzer::Report;
use dumplens_analyzer::facts::ThreadReport;
use dumplens_analyzer::render::markdown;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::handmade::{self, report, report_without_map};
use crate::hostile::{self, END, HARMLESS, HOSTILE, acts};

fn events(text: &str) -> Vec<Event<'_>> {
    Parser::new_ext(
        text,
        Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_MATH,
    )
    .collect()
}

/// Blocks, tables, cells, emphasis, links: everything but text and code in a line.
fn shape(text: &str) -> Vec<String> {
    let name = |tag: Tag<'_>| format!("{tag:?}");
    events(text)
        .into_iter()
        .filter_map(|e| if let Event::Start(tag) = e { Some(name(tag)) } else { None })
        .collect()
}

#[test]
fn strings_of_the_dump_do_not_change_the_shape() {
    let harmless = markdown::report(&hostile::report(HARMLESS));
    let text = markdown::report(&hostile::report(HOSTILE));
    assert!(!text.contains(acts), "{:?}", text.chars().find(|c| acts(*c)));
    let (wanted, found) = (shape(&harmless), shape(&text));
    assert!(wanted.iter().filter(|tag| tag.starts_with("TableCell")).count() > 60);
    for (n, (wanted, found)) in wanted.iter().zip(&found).enumerate() {
        assert_eq!(wanted, found, "element {n} of\n{text}");
    }
    assert_eq!(wanted.len(), found.len());
    // And nothing is lost: a cell that ends early would hide the rest of the string.
    let ends = |text: &str| -> usize {
        events(text).iter().map(|event| format!("{event:?}").matches(END).count()).sum()
    };
    assert!(ends(&harmless) > 60);
    assert_eq!(ends(&harmless), ends(&text));
    assert!(!found.iter().any(|tag| tag.starts_with("Link") || tag.starts_with("Image")));
}

/// HTML in it is ours: a name in it holds nothing but letters and entities.
#[test]
fn no_html_comes_from_the_dump() {
    let text = markdown::report(&hostile::report(HOSTILE));
    let mut seen = 0;
    for event in events(&text) {
        let (Event::Html(html) | Event::InlineHtml(html)) = event else { continue };
        seen += 1;
        for tag in html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default()) {
            let tag = tag.trim_start_matches('/');
            assert!(["code", "br", "details", "summary", "sub"].contains(&tag), "<{tag}> in {html}");
        }
        assert!(!html.contains("alert(1)"), "{html}");
    }
    assert!(seen > 10, "{seen}");
    // Nobody is called, and no address is made a link: sites look for both in text, but not in code.
    let mut code = false;
    for event in events(&text) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::InlineHtml(html) if &*html == "<code>" => code = true,
            Event::InlineHtml(html) if &*html == "</code>" => code = false,
            Event::Text(text) if !code => {
                assert!(!["@", "http://", "www."].iter().any(|mark| text.contains(mark)), "{text}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_ticket_says_what_matters() {
    let text = markdown::report(&report());
    let first: Vec<&str> = text.lines().take(6).collect();
    assert_eq!(
        first,
        [
            "## An allocation of 923.778 MB failed because the machine's commit limit was reached.",
            "",
            "`allocation_failure` · `commit_limit` · `confidence high`",
            "",
            "- Program: `app.exe 1.2.3.4, dump of 2023-11-14T22:23:20Z`",
            "- Place: `thread 0x1a2c, app+0x1042, grow\\u{1b}[2J`",
        ]
    );
    for line in [
        "- Signature: `v2-0123456789ab`",
        "1. std::bad\\_alloc was thrown in thread 0x3e8.",
        "   - exception at `0x7ffb12345678`: `0xe06d7363\\u{202e}`",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
    for wanted in [
        "   - WinDbg: `.exr -1`",
        "2. A vector of 16-byte elements was growing by half",
        "   - nothing known of it\n",
        "**What to do**\n\n- Reserve once what it will need.",
        "| Commit | 5.000 GB charged to the process (peak 6.000 GB) |",
        "| Exception | e06d7363 (Visual C++ exception: std::bad\\_alloc) in thread 0x3e8 |",
        "| Private commit | 5.000 GB |",
        "### Stack of the exception's thread 0x3e8",
        "| `<unknown>` | 20 | 4.551 GB | 99.50% | 4.000 GB at `0x7fff00000000` |",
        "- `memory_cut` the dump is cut off",
        "- 968,651,191 bytes (0x39bc71b7)",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert!(text.contains("app.exe --serve 8080"), "the report holds it only if it was asked for");
    let bare = markdown::report(&report_without_map());
    assert!(
        bare.starts_with("## The dump contains no exception.\n") && bare.contains("no memory map"),
        "{bare}"
    );
}

/// A ticket has an end: GitHub takes 65,536 characters.
#[test]
fn stacks_beyond_measure_are_left_out_and_counted() {
    let mut report: Report = report();
    let deep: Vec<_> = handmade::frames().into_iter().cycle().take(1024).collect();
    let thread = ThreadReport {
        frames: Some(deep),
        stopped: Some("end".into()),
        exceptions: None,
        ..report.facts.threads[0].clone()
    };
    report.facts.threads =
        (0..300).map(|n| ThreadReport { id: 1000 + n, index: n as usize, ..thread.clone() }).collect();
    let text = markdown::report(&report);
    assert!(text.len() < 65_536, "{}", text.len());
    let folded = text.matches("<details><summary>Stack of thread").count();
    assert!((1..299).contains(&folded), "{folded}");
    assert!(text.contains(&format!("The stacks of {} more threads", 299 - folded)), "{text}");
    assert!(text.contains("200 more are not shown."));
    // 1,024 frames, a heading for the thread, one for the columns, and why it ended; 72 are shown.
    assert!(text.contains("    … 955 rows …"), "{text}");
}
