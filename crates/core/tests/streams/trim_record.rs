//! TrimRecord, dumplens' own.

use dumplens_core::{Absence, Dump, StreamType};
use dumplens_synth::presets::{self, tiny::X64};

/// Header, then descriptors, as `streams/trim_record.rs` lays them out.
fn record(flags: u32, counts: (u64, u64), missing: u64, spans: &[(u64, u64)]) -> Vec<u8> {
    let mut bytes = [32u32, flags].map(u32::to_le_bytes).concat();
    bytes.extend([counts.0, counts.1, missing].map(u64::to_le_bytes).concat());
    bytes.extend(spans.iter().flat_map(|(start, size)| [start.to_le_bytes(), size.to_le_bytes()].concat()));
    bytes
}

fn dump(record: Vec<u8>) -> Dump {
    let mut process = presets::tiny();
    process.extra_streams.push((StreamType::TRIM_RECORD.0, record));
    Dump::open(process.to_bytes().0).expect("a minidump")
}

#[test]
fn absent() {
    let dump = Dump::open(presets::tiny().to_bytes().0).expect("a minidump");
    assert_eq!(dump.trimmed(), Ok(None));
    assert!(!dump.memory().is_redacted(X64.app));
}

#[test]
fn what_is_not_kept_is_redacted() {
    let (app, lost) = (X64.app, 0x1234_0000);
    let dump = dump(record(3, (2, 1), 0x800, &[(app, 8), (app + 0x10, 4), (lost, 0x800)]));
    let found = dump.trimmed().expect("sound").expect("there");
    assert_eq!((found.truncated, found.missing_bytes), (true, 0x800));
    assert_eq!(found.cut.runs().collect::<Vec<_>>(), [(lost, lost + 0x800)]);
    let memory = dump.memory();
    assert!(memory.u64(app).is_ok() && memory.u32(app + 0x10).is_ok());
    for (at, first) in [(app + 1, app + 8), (app + 8, app + 8), (app + 0x10, app + 0x14)] {
        let unread = memory.u64(at).expect_err("redacted");
        assert_eq!((unread.address, unread.why), (first, Absence::Redacted));
    }
    assert_eq!((memory.available(app, 0x100), memory.next_kept(app + 8, app + 0x100)), (8, Some(app + 0x10)));
    assert_eq!(memory.why_absent(lost), Absence::CutOff);
}

/// Without the flag nothing is redacted; with it and no list, everything is.
#[test]
fn flags() {
    let plain = dump(record(0, (0, 0), 0, &[]));
    assert!(plain.trimmed().is_ok_and(|found| found.is_some_and(|found| found.kept.is_none())));
    assert!(plain.memory().u64(X64.app).is_ok());
    let all = dump(record(2, (0, 0), 0, &[]));
    assert_eq!(all.memory().u64(X64.app).map_err(|unread| unread.why), Err(Absence::Redacted));
}

/// Counts are no more than the bytes that are there; what is missing of the list is not kept.
#[test]
fn damaged() {
    let cut = dump(record(2, (u64::MAX, u64::MAX), 0, &[(X64.app, 8)]));
    let found = cut.trimmed().expect("sound").expect("there");
    assert_eq!(
        found.kept.as_ref().map(|kept| kept.runs().collect::<Vec<_>>()),
        Some(vec![(X64.app, X64.app + 8)])
    );
    let wild = dump(record(2, (2, 0), 0, &[(u64::MAX - 1, u64::MAX), (0, u64::MAX)]));
    assert!(wild.memory().u64(X64.app).is_ok());
    for short in [0, 4, 31] {
        let dump = dump(record(2, (0, 0), 0, &[])[..short].to_vec());
        assert!(dump.trimmed().is_err() || short == 0, "{short} bytes");
    }
}
