//! Processors whose code is not disassembled: what the debugger says of them.

mod support;

use dumplens_synth::{Arch, Context, Exception, Module, Process, Range, Thread};

const APP: u64 = 0x7ff6_5c20_0000;

fn arm64() -> Process {
    let context = Context {
        general: vec![(0, 0x1234), (28, 0x2828)],
        lr: APP + 0x1500,
        ..Context::at(APP + 0x1000, 0x10_0080, 0x10_0100)
    };
    Process {
        arch: Arch::Arm64,
        memory: vec![Range { start: APP, size: 0x2000 }, Range { start: 0x10_0000, size: 0x1000 }],
        modules: vec![Module { base: APP, size: 0x2000, path: "C:\\app.exe".into(), ..Module::default() }],
        threads: vec![Thread { id: 1, context: Some(context.clone()), ..Thread::default() }],
        exception: Some(Exception {
            thread_id: 1,
            code: 0xc000_0005,
            address: APP + 0x1000,
            parameters: vec![8, 0],
            context: Some(context),
            ..Exception::default()
        }),
        ..Process::default()
    }
}

#[test]
fn registers_and_the_name_of_arm64() {
    let said = support::run_synth(&arm64(), &["vertarget", "r", ".ecxr", "u", "uf app+1000", "ub app+1008"]);
    assert!(said[0].contains("Free ARM 64-bit (AArch64)"), "{}", said[0]);
    for shown in &said[1..3] {
        assert!(shown.starts_with(" x0=0000000000001234   x1=0000000000000000 "), "{shown}");
        let last = "x28=0000000000002828   fp=0000000000100100   lr=00007ff65c201500   sp=0000000000100080\n \
                    pc=00007ff65c201000\n";
        assert!(shown.ends_with(last), "{shown}");
    }
    for shown in &said[3..] {
        assert!(shown.starts_with("Unable to disassemble: this is code of arm64"), "{shown}");
    }
}

/// What could not be executed was not read.
#[test]
fn the_kind_of_access_in_an_analysis() {
    let said = support::run_synth(&arm64(), &["!analyze -v"]);
    assert!(said[0].contains("EXECUTE_ADDRESS:  0"), "{}", said[0]);
}
