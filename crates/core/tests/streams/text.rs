//! CommentStreamA and CommentStreamW.

use dumplens_core::{Comment, StreamType};
use dumplens_synth::Process;

use super::{open, open_changed, put};

fn comment(process: &Process) -> Option<Comment> {
    open(process).comment().unwrap()
}

fn wide(units: &[u16]) -> Process {
    let bytes = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    Process { extra_streams: vec![(StreamType::COMMENT_W.0, bytes)], ..Process::default() }
}

#[allow(clippy::unnecessary_wraps)] // as what it is compared with
fn text(text: &str) -> Option<Comment> {
    Some(Comment { text: text.into(), repaired: false })
}

#[test]
fn wide_comment() {
    let procdump = "\r\n*** procdump64.exe -ma 4242\r\n*** Manual dump, ä 日本";
    assert_eq!(comment(&Process { comment: Some(procdump.into()), ..Process::default() }), text(procdump));
}

#[test]
fn narrow_comment() {
    let process = Process { comment_ansi: Some(b"caf\xe9 1\0behind".to_vec()), ..Process::default() };
    assert_eq!(comment(&process), text("café 1"));
}

#[test]
fn of_both_the_wide_one_is_given() {
    let process = Process {
        comment: Some("wide".into()),
        comment_ansi: Some(b"narrow\0".to_vec()),
        ..Process::default()
    };
    assert_eq!(comment(&process), text("wide"));
}

#[test]
fn absent() {
    assert_eq!(comment(&Process::default()), None);
}

#[test]
fn a_terminator_may_be_missing_and_ends_the_text_if_not() {
    assert_eq!(comment(&wide(&[0x61, 0x62])), text("ab"));
    assert_eq!(comment(&wide(&[0x61, 0, 0x62, 0])), text("a"));
}

#[test]
fn half_a_character_at_the_end_is_dropped() {
    let process =
        Process { extra_streams: vec![(StreamType::COMMENT_W.0, b"a\0b".to_vec())], ..Process::default() };
    assert_eq!(comment(&process), text("a"));
}

#[test]
fn invalid_utf16_is_replaced_and_said() {
    let repaired = Some(Comment { text: "A\u{fffd}B".into(), repaired: true });
    assert_eq!(comment(&wide(&[0x41, 0xd800, 0x42, 0])), repaired);
}

#[test]
fn damaged() {
    let process = Process { comment: Some("lost".into()), ..Process::default() };
    let dump = open_changed(&process, |bytes, layout| {
        let entry = usize::try_from(layout.stream(StreamType::COMMENT_W.0).unwrap().entry).unwrap();
        put(bytes, entry + 8, &0xffff_ff00_u32.to_le_bytes());
    });
    assert_eq!(dump.comment().unwrap_err().code(), "stream_outside_file");
}
