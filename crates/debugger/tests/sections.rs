//! `!locks`, `!cs`, `!critsec`, in the words of Microsoft's documentation, on sections that synth writes.

mod support;

use dumplens_synth::presets::waits::{DATA, Waiter, id, waiting};
use dumplens_synth::{Arch, CriticalSection, Process, SectionDebug, Width};
use support::run_synth;

/// The loader's lock, which is free, and one that thread 0 holds: of those that wait for it one is being woken.
fn process() -> Process {
    let mut process = waiting(Arch::X64, &[Waiter::running(), Waiter::running()]);
    let width = Width::W64;
    let debugs = [DATA + 0x200, DATA + 0x240];
    let links = debugs.map(|at| at + SectionDebug::links(width));
    let free = CriticalSection { debug_info: debugs[0], ..CriticalSection::default() };
    let held = CriticalSection {
        debug_info: debugs[1],
        lock_count: -8,
        spin_count: 0x0200_07d0,
        ..CriticalSection::held(id(0), 1)
    };
    process.put(DATA + 0xF000, &free.to_bytes(width));
    process.put(DATA + 0x100, &held.to_bytes(width));
    for (n, section) in [(0, DATA + 0xF000), (1, DATA + 0x100)] {
        let debug = SectionDebug {
            section,
            next: links[1 - n],
            previous: links[1 - n],
            contention_count: 0x1b * u32::try_from(n).expect("few"),
            ..SectionDebug::default()
        };
        process.put(debugs[n], &debug.to_bytes(width));
    }
    process
}

#[test]
fn locks_that_are_held_are_told() {
    let said = run_synth(&process(), &["!locks", "!locks -v", "!critsec 10000100"]);
    let held = format!(
        "CritSec  at 0000000010000100\nWaiterWoken        Yes\nLockCount          1\nRecursionCount     1\nOwningThread       {:x}\nEntryCount         0\nContentionCount    1b\n*** Locked\n\n",
        id(0)
    );
    assert_eq!(said[0], format!("\n{held}Scanned 2 critical sections\n"));
    assert!(
        said[1]
            .contains("CritSec  at 000000001000f000\nWaiterWoken        No\nLockCount          NOT LOCKED\n")
    );
    assert!(
        said[2].contains("LockCount          1\n") && !said[2].contains("ContentionCount"),
        "{}",
        said[2]
    );
}

#[test]
fn cs_tells_each_field() {
    let said = run_synth(&process(), &["!cs -l", "!cs 10000100", "!cs", "!cs 1000f000"]);
    let line = "-".repeat(41);
    let rest = format!(
        "LOCKED\nLockCount          = 0x1\nWaiterWoken        = Yes\nOwningThread       = 0x{:016x}\nRecursionCount     = 0x1\nLockSemaphore      = 0xFFFFFFFF\nSpinCount          = 0x00000000020007d0\n",
        id(0)
    );
    let debug = "DebugInfo          = 0x0000000010000240\n";
    let section = "Critical section   = 0x0000000010000100\n";
    assert_eq!(said[0], format!("{line}\n{debug}{section}{rest}"));
    assert_eq!(said[1], format!("{line}\n{section}{debug}{rest}"));
    assert_eq!(said[2].matches(&line).count(), 2);
    assert!(said[3].contains("\nNOT LOCKED\nLockSemaphore      = 0x0\n"), "{}", said[3]);
}

#[test]
fn a_list_that_is_not_kept_is_no_list_without_locks() {
    let mut process = process();
    process.put(DATA + 0xF000, &[0; 0x28]);
    let said = run_synth(&process, &["!locks", "!cs -l"]);
    assert_eq!(said, ["The dump does not keep the list of critical sections\n"; 2]);
}
