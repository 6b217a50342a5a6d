//! `.effmach`, `!sw`: the two halves of a WOW64 process.

mod support;

use dumplens_synth::presets::tiny;
use dumplens_synth::presets::wow64::{VIEW32, VIEW64, tiny_wow64};
use support::run_synth;

#[test]
fn the_32_bit_half_has_its_registers_stack_and_teb() {
    let lines =
        [".effmach x86", "r $ip", "k", "? @$teb", "? @$peb", "? @$ptrsize", ".effmach amd64", "? @$teb"];
    let said = run_synth(&tiny_wow64(), &lines);
    let frames = VIEW32.crashed_frames();
    assert_eq!(said[0], "Effective machine: x86 compatible (x86)\n");
    assert_eq!(said[1], format!("$ip={:08x}\n", frames[0]));
    let rows: Vec<&str> = said[2].lines().filter(|line| !line.contains("WARNING")).collect();
    assert_eq!(rows[0].trim_end(), "ChildEBP RetAddr");
    assert!(rows[1].contains(&format!(" {:08x} app", frames[1])), "{}", said[2]);
    let value = |said: &str| said.trim_end().rsplit(" = ").next().unwrap_or_default().to_owned();
    assert_eq!(value(&said[3]), format!("{:08x}", VIEW32.tebs[0]));
    assert_eq!(value(&said[4]), format!("{:08x}", VIEW32.peb));
    assert_eq!(value(&said[5]), "00000004");
    assert_eq!(said[6], "Effective machine: x64 (AMD64)\n");
    let teb = VIEW64.tebs[0];
    assert_eq!(value(&said[7]), format!("{:08x}`{:08x}", teb >> 32, teb & 0xffff_ffff));
}

/// The prompt says so, and carets stand under it.
#[test]
fn errors_stand_under_the_longer_prompt() {
    let said = run_synth(&tiny_wow64(), &["!sw", "g", "!wow64exts.sw", "g"]);
    assert_eq!(said[0], "Switched to Guest (WoW) mode\n");
    assert_eq!(said[1], "           ^ No runnable debuggees error in 'g'\n");
    assert_eq!(said[2], "Switched to Host mode\n");
    assert_eq!(said[3], "       ^ No runnable debuggees error in 'g'\n");
}

/// The engine takes the other machine too, and shows the low halves of the registers.
#[test]
fn a_process_without_wow64_has_no_code_for_the_other_machine() {
    let said =
        run_synth(&tiny(), &["!sw", ".effmach arm", "r rip", ".effmach x86", "r", ".effmach .", "r rip"]);
    assert_eq!(said[0], "The process has no WOW64 threads\n");
    assert_eq!(said[1], "Unknown machine 'arm'\n");
    assert_eq!(said[3], "Effective machine: x86 compatible (x86)\n");
    let rip = said[2].trim_start_matches("rip=").trim_end();
    assert!(said[4].contains(&format!("\neip={} ", &rip[8..])), "{}", said[4]);
    let why = "<Effective machine and debuggee state conflict, disassembly not possible>\n";
    assert!(said[4].ends_with(why), "{}", said[4]);
    assert_eq!(said[5], "Effective machine: x64 (AMD64)\n");
    assert_eq!(said[6], said[2]);
}
