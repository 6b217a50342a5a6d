//! 140 to 163: text that a terminal must not see as it is, and text that is cut short.

use super::{Base, Recipe};
use crate::bytes::{utf16, utf16_nul};
use crate::constants::{COMMENT_STREAM_A, COMMENT_STREAM_W};
use crate::process::Process;
use crate::system::SystemInfo;

/// Clears the screen, sets the window title, rings the bell, goes back over the line.
pub const ESCAPES: &str = "a\u{1B}[2J\u{1B}]0;owned\u{7}\u{9B}31m\r\u{8}b";
/// Right-to-left override, isolate, zero-width space, byte order mark: "gpj.exe" turned round.
pub const BIDI: &str = "a\u{202E}gpj.exe\u{2066}\u{200B}\u{FEFF}b";

pub(super) const RECIPES: &[Recipe] = &[
    ("140_comment_escapes", |base| comment(base, utf16_nul(ESCAPES))),
    ("141_comment_bidi", |base| comment(base, utf16_nul(BIDI))),
    ("142_comment_no_terminator", |base| comment(base, utf16("no terminator"))),
    ("143_comment_odd_length", |base| {
        let mut bytes = utf16("odd");
        bytes.push(0x41);
        comment(base, bytes)
    }),
    ("144_comment_empty", |base| comment(base, Vec::new())),
    ("145_comment_only_terminator", |base| comment(base, vec![0, 0])),
    ("146_comment_unpaired_surrogates", |base| comment(base, vec![0x41, 0, 0, 0xD8, 0x42, 0, 0, 0xDC, 0, 0])),
    ("147_comment_1M", |base| comment(base, utf16_nul(&"long ".repeat(100_000)))),
    ("148_comment_ansi_not_utf8", |base| comment_ansi(base, b"caf\xE9 \x80\xFF\0")),
    ("149_comment_ansi_escapes_no_terminator", |base| comment_ansi(base, ESCAPES.as_bytes())),
    ("150_comment_both", |base| base.tiny.remake(|p| p.comment_ansi = Some(b"*** ansi\0".to_vec()))),
    ("151_comment_rva_outside", |base| {
        base.tiny.patch(|p| p.u32(base.tiny.entry(COMMENT_STREAM_W) + 8, 0xFFFF_FF00))
    }),
    ("152_module_name_escapes", |base| named(base, |p, text| p.modules[1].path = text.into(), ESCAPES)),
    ("153_module_name_bidi", |base| named(base, |p, text| p.modules[1].path = text.into(), BIDI)),
    ("154_thread_name_escapes", |base| named(base, |p, text| p.threads[0].name = Some(text.into()), ESCAPES)),
    ("155_thread_name_bidi", |base| named(base, |p, text| p.threads[0].name = Some(text.into()), BIDI)),
    ("156_handle_names_escapes", |base| named(base, handle_names, ESCAPES)),
    ("157_unloaded_name_escapes", |base| named(base, |p, text| p.unloaded[0].name = text.into(), ESCAPES)),
    ("158_csd_version_escapes", |base| {
        named(
            base,
            |p, text| {
                p.system = Some(SystemInfo { csd_version: text.into(), ..SystemInfo::default() });
            },
            ESCAPES,
        )
    }),
    ("159_build_string_escapes", |base| {
        named(base, |p, text| p.misc.as_mut().expect("tiny has one").build_string = text.into(), ESCAPES)
    }),
    ("160_pdb_name_escapes", |base| named(base, pdb_names, ESCAPES)),
    ("161_names_empty", |base| named(base, every_name, "")),
    ("162_names_32K", |base| named(base, every_name, &"x".repeat(32_768))),
    ("163_names_html", |base| named(base, every_name, "<script>alert(1)</script>&\"'|`*_\n# x")),
];

fn comment(base: &Base, bytes: Vec<u8>) -> Vec<u8> {
    stream(base, COMMENT_STREAM_W, bytes)
}

fn comment_ansi(base: &Base, bytes: &[u8]) -> Vec<u8> {
    stream(base, COMMENT_STREAM_A, bytes.to_vec())
}

fn stream(base: &Base, stream_type: u32, bytes: Vec<u8>) -> Vec<u8> {
    let mut process = base.tiny.process.clone();
    process.comment = None;
    process.extra_streams.push((stream_type, bytes));
    process.to_bytes().0
}

fn named(base: &Base, set: fn(&mut Process, &str), text: &str) -> Vec<u8> {
    base.tiny.remake(|process| set(process, text))
}

fn handle_names(process: &mut Process, text: &str) {
    for handle in &mut process.handles {
        handle.type_name = Some(text.into());
        handle.object_name = Some(text.into());
    }
}

fn pdb_names(process: &mut Process, text: &str) {
    for record in process.modules.iter_mut().filter_map(|module| module.code_view.as_mut()) {
        record.pdb = text.into();
    }
}

fn every_name(process: &mut Process, text: &str) {
    handle_names(process, text);
    pdb_names(process, text);
    process.modules.iter_mut().for_each(|module| module.path = text.into());
    process.unloaded.iter_mut().for_each(|module| module.name = text.into());
    process.threads.iter_mut().for_each(|thread| thread.name = Some(text.into()));
    process.comment = Some(text.into());
}
