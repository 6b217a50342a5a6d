//! The commands that the story's engineer typed (docs/tutorial.md), on the story's dump.

mod support;

use support::run;

const STORY: &str = "story-commit-limit";

#[test]
fn the_stack_ends_in_the_throw() {
    let text = run(STORY, "k");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "Child-SP          RetAddr           Call Site");
    assert!(lines[1].ends_with("KERNELBASE!RaiseException+0x42"), "{}", lines[1]);
    assert!(lines[2].contains("VCRUNTIME140!"), "{}", lines[2]);
    assert!(lines.last().unwrap().ends_with("ntdll!RtlUserThreadStart+0x12"));
}

#[test]
fn the_count_of_elements_is_shown_in_every_form() {
    let text = run(STORY, ".formats 0x039bc719");
    assert!(text.contains("  Decimal: 60540697\n"), "{text}");
    assert!(text.contains("  Time:    Thu Dec  2 16:51:37 1971\n"), "{text}");
    let bytes = run(STORY, "? 0x039bc719*10");
    assert_eq!(bytes, "Evaluate expression: 968651152 = 00000000`39bc7190\n");
}

#[test]
fn the_address_space_is_summed_up_as_the_debugger_does() {
    let text = run(STORY, "!address -summary");
    assert!(
        text.contains("--- Usage Summary ---------------- RgnCount ----------- Total Size -------- %ofBusy")
    );
    let free = text.lines().find(|line| line.starts_with("Free ")).expect("a row of free space");
    assert!(free.contains("127.982 TB"), "{free}");
}

#[test]
fn free_regions_of_more_than_two_gigabytes_are_told_by_a_command_for_each() {
    let text = run(STORY, "!address -f:Free -c:\".if(%3 > 0x80000000) {.echo %1 %2 %3}\"");
    let told = |line: &&str| line.starts_with("*** Executing: .if(0x") && line.ends_with('}');
    let (told, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(told);
    assert!(told.len() > rows.len() && told[0].contains(") {.echo 0x"), "{text}");
    let rows: Vec<Vec<u64>> = rows
        .into_iter()
        .map(|line| line.split(' ').map(|n| u64::from_str_radix(&n[2..], 16).expect("hex")).collect())
        .collect();
    assert!(rows.iter().all(|row| row[1] - row[0] == row[2] && row[2] > 0x8000_0000), "{text}");
    assert!(rows.iter().any(|row| row[2] == 0x77f5_ab6d_1000), "the largest is among them: {text}");
}

#[test]
fn memory_code_times_and_registers() {
    assert!(run(STORY, "dq rsp+78 L1").starts_with("0000007c`112ffc98  "));
    let text = run(STORY, "ub 00007ff6`5c20104f L3");
    assert_eq!(text.lines().filter(|line| line.starts_with("00007ff6`5c20")).count(), 3, "{text}");
    assert!(text.trim_end().lines().last().unwrap().contains(" call "), "{text}");
    assert!(
        run(STORY, ".time").starts_with("Debug session time: Tue Nov 14 22:23:20.000 2023 (UTC + 0:00)\n")
    );
    assert!(run(STORY, "r").starts_with("rax=0000000000000004 rbx=00007ff65c202080 rcx="));
    assert_eq!(run(STORY, "q"), "quit:\n");
}

#[test]
fn the_thread_says_what_refused_the_memory() {
    assert_eq!(
        run(STORY, "!gle"),
        "LastErrorValue: (Win32) 0x5af (1455) - ERROR_COMMITMENT_LIMIT\n\
         LastStatusValue: (NTSTATUS) 0xc000012d - STATUS_COMMITMENT_LIMIT\n"
    );
}

/// The whole machine's memory and the sizes are those of docs/tutorial.md's story.
#[test]
fn our_own_commands_answer_here_too() {
    assert!(run(STORY, "!why").contains("A vector could not grow to 60,540,697 elements"));
    assert!(run(STORY, "!census").contains("283 allocations of 64 MB"));
    assert!(run(STORY, "!waits").contains("worker"));
    assert!(!run(STORY, "!dumpheap -stat").is_empty());
    let managed = run("managed-exception", "!dumpheap -stat");
    assert!(managed.contains("System.InvalidOperationException"), "{managed}");
}
