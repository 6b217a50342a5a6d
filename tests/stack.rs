//! `dumplens stack` as people type it, and the frames of the report.

mod support;

use dumplens_synth::pe::{Function, Image, Unwind};
use dumplens_synth::{Context, Exception, Module, Process, Range, Thread, Width, presets};
use serde_json::Value;
use support::{run, str, write};

const X64: presets::Addresses = presets::tiny::X64;

fn file(process: &Process) -> (tempfile::TempDir, std::path::PathBuf) {
    write("a.dmp", &process.to_bytes().0)
}

fn ids(json: &Value) -> Vec<u64> {
    json["threads"].as_array().unwrap().iter().map(|t| t["id"].as_u64().unwrap()).collect()
}

#[test]
fn the_thread_is_chosen() {
    let (_directory, path) = file(&presets::tiny());
    let json = |args: &[&str]| run(&[&["stack", str(&path), "--format", "json"], args].concat()).json();
    assert_eq!(ids(&json(&[])), [1000], "the exception's");
    assert_eq!(ids(&json(&["--thread", "1"])), [1004]);
    assert_eq!(ids(&json(&["--thread", "0x3ec"])), [1004]);
    assert_eq!(ids(&json(&["--thread", "all"])), [1000, 1004]);
    let mut without = presets::tiny();
    without.exception = None;
    without.threads.swap(0, 1);
    let (_directory, path) = file(&without);
    assert_eq!(ids(&run(&["stack", str(&path), "--format", "json"]).json()), [1004], "the first");
}

#[test]
fn a_thread_that_is_not_there_is_refused() {
    let (_directory, path) = file(&presets::tiny());
    for (thread, code) in [("2", 1), ("0x1", 1), ("first", 2), ("-1", 2), ("0x100000000", 2)] {
        let run = run(&["stack", str(&path), "--thread", thread]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(code), ""), "{thread}");
        assert!(!run.stderr.is_empty());
    }
}

#[test]
fn rows_as_k_prints_them() {
    let (_directory, path) = file(&presets::tiny());
    let text = run(&["stack", str(&path)]).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "#  0  Id: 3e8 \"main\"");
    assert_eq!(lines[1], "  # Child-SP          RetAddr           Call Site");
    // Each row: stack pointer, where it returns to, module and offset. `crash` is in app.exe, so it is to blame.
    let sp = presets::tiny().threads[0].context.as_ref().unwrap().sp;
    let [crash, work, ..] = X64.crashed_frames();
    let quoted = |n: u64| format!("{:08x}`{:08x}", n >> 32, n & 0xffff_ffff);
    assert_eq!(lines[2], format!(">00 {} {} app+{:#x}", quoted(sp), quoted(work), crash - X64.app));
    assert_eq!(lines[6], "    stopped: end of the stack");
}

/// With the frames, with the event in the long report, and nowhere where stacks are not searched.
#[test]
fn earlier_exceptions_are_shown() {
    let mut process = presets::tiny();
    let earlier = Exception { code: 0xc000_0094, address: X64.app + 0x1004, ..Exception::default() };
    let place = X64.stack_base(0) - 0x400;
    process.put(place, &earlier.record_bytes(Width::W64));
    let (_directory, path) = file(&process);
    let line = format!(
        "c0000094 STATUS_INTEGER_DIVIDE_BY_ZERO at app+0x1004, record at {:x}`{:08x}, below the stack pointer",
        place >> 32,
        place & 0xffff_ffff
    );
    let stack = run(&["stack", str(&path)]);
    assert!(stack.text().contains(&format!("found on the stack:\n      {line}\n")), "{}", stack.stdout);
    assert!(stack.stdout.contains("secondary evidence"));
    let report = run(&["report", str(&path), "--format", "text"]);
    assert!(report.text().contains(&format!("Earlier:    ~0: {line}\n")), "{}", report.stdout);
    for quiet in [&["info"][..], &["threads"], &["stack", "--thread", "1"]] {
        let run = run(&[quiet, &[str(&path)]].concat());
        assert!(!run.text().contains("DIVIDE_BY_ZERO"), "{}", run.stdout);
    }
}

#[test]
fn the_report_holds_every_stack() {
    let (_directory, path) = file(&presets::tiny());
    let report = run(&["report", str(&path)]).json();
    let frames = |thread: usize| report["threads"][thread]["frames"].as_array().unwrap().clone();
    let ips: Vec<String> = X64.crashed_frames().iter().map(|ip| format!("{ip:#x}")).collect();
    assert_eq!(frames(0).iter().map(|f| f["ip"].as_str().unwrap()).collect::<Vec<_>>(), ips);
    assert_eq!(frames(1).len(), 3);
    let first = serde_json::json!({
        "ip": ips[0], "sp": format!("{:#x}", presets::tiny().threads[0].context.as_ref().unwrap().sp),
        "inline": false, "module": "app", "function": null, "offset": "0x1004", "file": null, "line": null,
        "source": null, "trust": "context",
    });
    assert_eq!(frames(0)[0], first);
    assert_eq!(report["threads"][0]["stopped"], "end of the stack");
    assert_eq!(
        report["threads"][1]["blame"],
        serde_json::json!({"frame": 1, "module": "app", "function": null, "offset": "0x108a"})
    );
    assert_eq!(report["threads"][0]["top"], "app+0x1004");
}

/// A function that calls itself, and 200 threads on one stack that is full of its frames.
fn recursion() -> Process {
    let (base, stack, size) = (0x7ff6_0000_0000, 0x1000_0000, 0x1_0000_u64);
    // sub rsp,8; call itself; nop; int3
    let code = vec![0x48, 0x83, 0xec, 0x08, 0xe8, 0xf7, 0xff, 0xff, 0xff, 0x90, 0xcc];
    let unwind = Some(Unwind { prolog: 4, codes: vec![4 | 2 << 8], ..Unwind::default() });
    let functions = vec![Function { rva: 0x1000, code, unwind }];
    let image = Image { width: Width::W64, base, functions, ..Image::default() }.to_bytes();
    let length = u32::try_from(image.len()).unwrap();
    let module = Module { base, size: length, path: "C:\\recursion.exe".into(), ..Module::default() };
    let ranges = vec![Range { start: base, size: length.into() }, Range { start: stack, size }];
    let mut process = Process { memory: ranges, modules: vec![module], ..Process::default() };
    process.put(base, &image);
    process.put(stack, &(base + 0x1009_u64).to_le_bytes().repeat(usize::try_from(size / 8).unwrap()));
    let thread = |id| Thread { id, context: Some(Context::at(base + 0x1009, stack, 0)), ..Thread::default() };
    process.threads = (1..=200).map(thread).collect();
    process
}

#[test]
fn many_long_stacks_are_bounded() {
    let (_directory, path) = file(&recursion());
    let run = run(&["report", str(&path)]);
    assert_eq!(run.code, Some(0));
    assert!(run.peak <= 160 << 20, "{} KiB", run.peak >> 10);
    assert!(run.stdout.contains("more than 1024 frames"));
    assert!(run.stdout.contains("frames in all threads"));
}
