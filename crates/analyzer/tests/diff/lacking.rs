//! Dumps that lack something, are damaged, or hostile.

use dumplens_analyzer::diff::Kind;
use dumplens_analyzer::render::{json, markdown, text};
use dumplens_synth::presets::heaps::leak::{AFTER, BEFORE, leak};
use dumplens_synth::{Process, Width};

use super::{between, bytes, codes, row};

fn old() -> Process {
    leak(Width::W64, BEFORE)
}

fn new() -> Process {
    leak(Width::W64, AFTER)
}

#[test]
fn without_a_map_what_needs_one_is_unknown() {
    let bare = Process { regions: None, ..new() };
    let d = between(bytes(&old()), bytes(&bare));
    assert_eq!(d.identity.kind, Kind::SameProcess);
    assert_eq!(codes(&d), ["diff_map_missing"]);
    assert!(d.new.warnings.iter().any(|w| w.code == "no_memory_map"), "{:?}", d.new.warnings);
    for name in ["committed", "reserved", "free", "largest free region", "regions", "allocations"] {
        let change = row(&d.memory, name);
        assert_eq!((change.new, change.delta, change.per_hour), (None, None, None), "{name}");
    }
    assert!(d.usage.is_none() && d.heaps.is_none() && d.sizes.is_none() && d.allocations.is_none());
    // Counters, threads and handles need none.
    assert!(row(&d.counters, "commit charge").delta.is_some_and(|delta| delta > 40 << 20));
    let threads = d.threads.as_ref().expect("threads");
    assert_eq!((threads.count.delta, threads.stacks_committed.delta), (Some(3), None));
    assert!(text::diff(&d).contains("unknown"));
}

/// Heaps that only one of the dumps shows did not become memory of unknown use.
#[test]
fn usage_that_one_dump_does_not_show_is_not_compared() {
    let bare = Process { threads: Vec::new(), ..new() };
    for (before, after, which) in [(bytes(&old()), bytes(&bare), "new"), (bytes(&bare), bytes(&old()), "old")]
    {
        let d = between(before, after);
        let warning = d.warnings.iter().find(|warning| warning.code == "diff_usage_lost").expect("a warning");
        assert!(warning.message.contains(which), "{}", warning.message);
        assert!(d.usage.is_none() && d.sizes.is_none());
        assert!(d.fastest.iter().all(|grower| !grower.name.contains("<unknown>")), "{:?}", d.fastest);
        assert!(row(&d.memory, "committed").delta.is_some());
    }
    assert!(between(bytes(&bare), bytes(&bare)).usage.is_some());
}

#[test]
fn a_stream_that_is_not_there_is_not_zero() {
    let bare = Process { vm_counters: None, system_memory: None, handles: Vec::new(), ..new() };
    let d = between(bytes(&old()), bytes(&bare));
    assert_eq!(d.handles, None);
    let charge = row(&d.counters, "commit charge");
    assert_eq!((charge.new, charge.delta), (None, None));
    // The map still tells what grew, but no limit is known.
    assert!(row(&d.memory, "private commit by the map").delta.is_some_and(|delta| delta > 40 << 20));
    assert!(d.projections.is_empty());
}

/// Cut anywhere: it answers what it can, and never what it cannot.
#[test]
fn cut_off_dumps_are_compared() {
    let (old, new) = (bytes(&old()), bytes(&new()));
    let mut opened = 0;
    for part in 1..40 {
        let end = new.len() * part / 40;
        let cut = new[..end].to_vec();
        if dumplens_core::Dump::open(cut.clone()).is_err() {
            continue;
        }
        opened += 1;
        let d = between(old.clone(), cut);
        assert!(!d.new.warnings.is_empty(), "{part}");
        let committed = row(&d.memory, "committed");
        assert_eq!(committed.delta.is_some(), committed.new.is_some(), "{part}");
        text::diff(&d);
    }
    assert!(opened > 10, "{opened}");
}

/// Nothing of a hostile dump acts on a terminal or in Markdown.
#[test]
fn hostile_names_are_escaped() {
    let mut hostile = new();
    let name = "\u{1b}[2J\u{202e}evil|`<b>@all\n# x";
    hostile.modules[0].path = format!("C:\\{name}.exe");
    hostile.handles[0].type_name = Some(name.into());
    let path = format!("C:\\{name}.dll");
    hostile.modules.push(dumplens_synth::Module {
        base: 0x7FFC_0000_0000,
        path,
        ..hostile.modules[1].clone()
    });
    let d = between(bytes(&old()), bytes(&hostile));
    let (text, ticket) = (text::diff(&d), markdown::diff(&d));
    for out in [&text, &ticket] {
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out}");
        assert!(!out.contains("\n# x"), "{out}");
    }
    assert!(text.contains("\\u{1b}[2J"), "{text}");
    assert!(!ticket.contains("<b>") && !ticket.contains("@all"), "{ticket}");
    let back: serde_json::Value = serde_json::from_str(&json::compact(&d)).expect("JSON");
    assert_eq!(back["new"]["image"], format!("C:\\{name}.exe"));
}
