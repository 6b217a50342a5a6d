//! Rules of Microsoft's engine that show in what commands print: synth writes what they read.

mod support;

use dumplens_debugger::Options;
use dumplens_synth::presets::tiny::{X64, X86};
use dumplens_synth::presets::{tiny, tiny_x86};
use dumplens_synth::{Context, Process};
use support::{run_on, run_synth};

/// Lines without the blanks at their ends.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).collect()
}

/// Thread 0 stands at `ip`, with these words at its stack pointer, in a process without an exception.
fn standing(mut process: Process, ip: u64, fp: u64, words: &[u64]) -> (Process, u64) {
    let x86 = process.arch == dumplens_synth::Arch::X86;
    let addresses = if x86 { &X86 } else { &X64 };
    let sp = addresses.stack_base(0) - 0x200;
    let size = if x86 { 4 } else { 8 };
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..size].to_vec()).collect();
    process.put(sp, &vec![0; 0x200]);
    process.put(sp, &bytes);
    let context = process.threads[0].context.clone().expect("registers");
    process.threads[0].context = Some(Context { ip, sp, fp, ..context });
    process.exception = None;
    (process, sp)
}

/// A function without unwind data is a leaf: its return address lies at rsp, until that is 0.
#[test]
fn x64_code_without_unwind_data_is_a_leaf() {
    let (process, sp) = standing(tiny(), X64.mapped, 0, &[0x1234, 0x5678_0000_0001, 0]);
    let said = run_synth(&process, &["k", "r $ra", "kn 1"]);
    let tick = |value: u64| format!("{:08x}`{:08x}", value >> 32, value & 0xffff_ffff);
    let at = |n: u64| tick(sp + 8 * n);
    assert_eq!(
        lines(&said[0]),
        [
            "Child-SP          RetAddr           Call Site",
            &format!("{} 00000000`00001234 0x{}", at(0), tick(X64.mapped)),
            &format!("{} 00005678`00000001 0x1234", at(1)),
            &format!("{} 00000000`00000000 0x00005678`00000001", at(2)),
        ]
    );
    assert_eq!(said[1], "$ra=0000000000001234\n");
    assert_eq!(lines(&said[2])[1], format!("00 {} 00000000`00001234 0x{}", at(0), tick(X64.mapped)));
}

/// Where memory must not be shown, words of the stack are not either.
#[test]
fn leaves_are_not_followed_where_memory_must_not_be_read() {
    let (process, _) = standing(tiny(), X64.mapped, 0, &[0x1234, 0]);
    let dump = dumplens_core::Dump::open(process.to_bytes().0).expect("a dump");
    let said = run_on(&dump, Options { no_memory: true, ..Options::default() }, &["k"]);
    assert!(!said[0].contains("1234"), "{}", said[0]);
}

/// Without a PDB the engine follows EBP, whatever the function does with it.
#[test]
fn x86_stacks_follow_ebp() {
    let (app, base) = (X86.app, X86.stack_base(0) - 0x200);
    // Frames at +10h and +20h; the first word of the stack looks like a return address too.
    let words = [app + 0x1100, 0, 0, 0, base + 0x20, app + 0x1200, 0, 0, 0, 0];
    let (process, sp) = standing(tiny_x86(), app + 0x1000, base + 0x10, &words);
    assert_eq!(sp, base);
    let said = run_synth(&process, &["k"]).remove(0);
    let rows: Vec<&str> = lines(&said).into_iter().skip(2).map(|row| &row[..17]).collect();
    assert_eq!(
        rows,
        [format!("{:08x} {:08x}", base + 0x10, app + 0x1200), format!("{:08x} 00000000", base + 0x20),]
    );
}

/// From the second frame on a return address outside of all modules sends the engine up the stack.
#[test]
fn x86_stacks_skip_what_is_no_return_address() {
    let (app, base) = (X86.app, X86.stack_base(0) - 0x200);
    let words = [0, 0, 0, 0, base + 0x20, app + 0x1200, 0, 0, 0, X86.mapped, 0, app + 0x1300, 0];
    let (process, _) = standing(tiny_x86(), app + 0x1000, base + 0x10, &words);
    let said = run_synth(&process, &["k"]).remove(0);
    let rows: Vec<&str> = lines(&said).into_iter().skip(2).map(|row| &row[..17]).collect();
    assert_eq!(rows[1], format!("{:08x} {:08x}", base + 0x28, app + 0x1300));
}

/// `?? @$ip`: text up to the first character that is none.
#[test]
fn pointers_to_bytes_are_shown_with_their_text() {
    let (mut process, _) = standing(tiny(), X64.mapped, 0, &[0]);
    process.put(X64.mapped, b"Hm\x81\xc4\xc8\0");
    assert_eq!(lines(&run_synth(&process, &["?? @$ip"])[0])[1], " \"Hm???\"");
    process.put(X64.mapped, b"Hm\0");
    assert_eq!(lines(&run_synth(&process, &["?? @$ip"])[0])[1], " \"Hm\"");
    process.put(X64.mapped, b"\x81\0");
    assert_eq!(lines(&run_synth(&process, &["?? @$ip"])[0])[1], " \"???\"");
}

/// Letters and punctuation are printed, marks and symbols are points.
#[test]
fn wide_characters_are_printed_or_points() {
    let (mut process, sp) = standing(tiny(), X64.mapped, 0, &[0]);
    // Chinese, an unassigned one, a combining mark, a black circle, a bullet, a private one.
    let units = [0x41, 0x4e2d, 0x0378, 0x0301, 0x25cf, 0x2022, 0xe06d, 0x42, 0];
    process.put(sp, &units.map(u16::to_le_bytes).concat());
    assert_eq!(lines(&run_synth(&process, &["du @rsp"])[0])[0][17..], *"  \"A?...?.B\"");
}

/// An address that was understood is where the next dump begins, though its length was not; the engine's own words.
#[test]
fn a_bad_length_keeps_the_address() {
    let (process, sp) = standing(tiny(), X64.mapped, 0, &[1, 2, 3]);
    let said = run_synth(&process, &["dq @rsp L1", "dq @rsp I2 4", "dq"]);
    assert_eq!(said[1], "Couldn't resolve error at 'I2 4'\n");
    assert!(said[2].starts_with(&format!("{:08x}`{:08x}  00000000`00000001", sp >> 32, sp & 0xffff_ffff)));
}

#[test]
fn an_error_in_one_thread_leaves_the_others_their_turn() {
    let said = run_synth(&tiny(), &["~*e .echo a;foo"]).remove(0);
    assert_eq!(said, "a\nCouldn't resolve error at 'oo'\na\nCouldn't resolve error at 'oo'\n");
}

/// `.cxr` says that it goes back only where there is something to go back from.
#[test]
fn cxr_without_a_scope_says_nothing() {
    let said = run_synth(&tiny(), &[".cxr", ".ecxr", ".cxr", ".frame 1", ".cxr"]);
    assert_eq!(said[0], "");
    assert_eq!([&said[2], &said[4]], ["Resetting default scope\n"; 2]);
    assert_eq!(run_synth(&tiny(), &[".f-"])[0], "         ^ Current frame index underflow '.f-'\n");
}

/// `.pcmd`: what it sets is run before a prompt, not behind each line of a script.
#[test]
fn a_prompt_command_waits_for_the_prompt() {
    let said = run_synth(&tiny(), &[".pcmd -s \".echo P\"", ".echo after"]);
    assert_eq!(said, ["Set prompt command\nPer-prompt command is '.echo P'\n", "after\n"]);
    let dump = dumplens_core::Dump::open(tiny().to_bytes().0).expect("a dump");
    let process = dumplens_analyzer::Process::gather(&dump);
    let mut debugger = dumplens_debugger::Debugger::new(&process, Options::default());
    let (mut out, stop) = (Vec::new(), std::sync::atomic::AtomicBool::new(false));
    debugger.run(".pcmd -s \".echo P\"", &mut Vec::new(), &stop).expect("memory takes everything");
    debugger.before_prompt(&mut out, &stop).expect("memory takes everything");
    assert_eq!(out, b"P\n");
}
