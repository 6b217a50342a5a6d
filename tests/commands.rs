//! The commands as people type them: exit codes, refusals on one line, filters, JSON, secrets, pipes and colour.

#[path = "support/needs.rs"]
mod needs;
#[path = "commands/pieces.rs"]
mod pieces;
#[path = "commands/refusals.rs"]
mod refusals;
#[path = "commands/secrets.rs"]
mod secrets;
mod support;

use dumplens_synth::{KUSER_SHARED_DATA, PAGE_NOACCESS, Process, presets};
use serde_json::Value;
use support::{acts, run, str, write};

const COMMANDS: [&str; 10] =
    ["why", "summary", "regions", "heaps", "census", "allocations", "info", "threads", "stack", "report"];
const X64: presets::Addresses = presets::tiny::X64;

/// The small processes and what tells them apart.
fn dumps() -> Vec<(&'static str, Process)> {
    let linux = |mut process: Process| {
        process.system.as_mut().unwrap().platform_id = 0x8201;
        (process.regions, process.misc) = (None, None);
        process
    };
    vec![
        ("tiny", presets::tiny()),
        ("tiny_x86", presets::tiny_x86()),
        ("tiny_wow64", presets::tiny_wow64()),
        ("linux", linux(presets::tiny())),
    ]
}

fn file(process: &Process) -> (tempfile::TempDir, std::path::PathBuf) {
    write("a.dmp", &process.to_bytes().0)
}

#[test]
fn every_command_answers_on_every_dump() {
    for (name, process) in dumps() {
        let (_directory, path) = file(&process);
        for command in COMMANDS {
            let text = run(&[command, str(&path), "--format", "text"]);
            assert!(!text.text().is_empty() && text.text().ends_with('\n'), "{command} {name}");
            assert!(!text.stdout.contains(acts), "{command} {name}");
            let json = run(&[command, str(&path), "--format", "json"]).json();
            assert_eq!(json["schema_version"], 2, "{command} {name}");
            let warned = json["warnings"].as_array().unwrap().iter().any(|w| w["code"] == "not_windows");
            assert_eq!(warned, name == "linux", "{command} {name}");
        }
        let at = run(&["at", str(&path), &format!("{:x}", process.modules[0].base + 0x1000)]);
        assert!(at.text().contains(&process.modules[0].path), "{name}");
    }
}

#[test]
fn text_is_the_default_but_for_report() {
    let (_directory, path) = file(&presets::tiny());
    for command in COMMANDS {
        let default = run(&[command, str(&path)]).stdout;
        let format = if command == "report" { "json" } else { "text" };
        assert_eq!(default, run(&[command, str(&path), "--format", format]).stdout, "{command}");
    }
}

/// The names that other programs rely on.
#[test]
fn report_has_the_fields_of_the_contract() {
    let (_directory, path) = file(&presets::tiny());
    let report = run(&["report", str(&path), "--format", "json"]).json();
    assert_eq!(report["dump"]["path"], str(&path));
    assert_eq!(report["dump"]["arch"], "x86_64");
    assert_eq!(report["dump"]["flags"], "0x461826");
    assert_eq!(report["dump"]["created"], "2023-11-14T22:23:20Z");
    assert_eq!((&report["dump"]["truncated"], &report["dump"]["missing_bytes"]), (&false.into(), &0.into()));
    assert_eq!(report["dump"]["streams"].as_array().unwrap().len(), 14);
    assert_eq!(report["system"]["build"], 19045);
    assert_eq!(report["system"]["uptime_seconds"], 258_600.0);
    assert_eq!(report["system"]["memory"]["commit_limit_bytes"], 40_u64 << 30);
    assert_eq!((&report["process"]["id"], &report["process"]["wow64"]), (&4242.into(), &false.into()));
    assert_eq!(report["process"]["created"], "2023-11-14T22:13:20Z");
    assert_eq!(report["process"]["uptime_seconds"], 600);
    assert!(report["process"]["counters"]["private_bytes"].is_u64());
    assert_eq!(report["exception"]["code"], "0xc0000005");
    assert_eq!(report["exception"]["name"], "STATUS_ACCESS_VIOLATION");
    assert_eq!(report["exception"]["address"], format!("{:#x}", X64.crashed_frames()[0]));
    assert_eq!(report["exception"]["parameters"], serde_json::json!(["0x0", "0x10"]));
    assert_eq!(report["threads"][0]["teb"], format!("{:#x}", X64.tebs[0]));
    assert_eq!(report["threads"][0]["stack"]["base"], format!("{:#x}", X64.stack_base(0)));
    assert_eq!(
        report["threads"][0]["last_error"],
        serde_json::json!({"code": "0x8", "name": "ERROR_NOT_ENOUGH_MEMORY"})
    );
    assert_eq!(report["threads"][0]["last_status"]["name"], "STATUS_NO_MEMORY");
    assert_eq!(report["memory"]["total_bytes"], X64.top);
    assert_eq!(report["verdict"]["kind"], "access_violation");
    let nulls = ["/verdict/allocation", "/exception/cpp", "/process/command_line"];
    assert!(nulls.iter().all(|at| report.pointer(at) == Some(&Value::Null)));
    assert_eq!(
        (report["findings"][0]["id"].as_str(), &report["warnings"]),
        (Some("access_violation"), &serde_json::json!([]))
    );
}

#[test]
fn threads_of_a_wow64_process_are_the_32_bit_ones() {
    let (_directory, path) = file(&presets::tiny_wow64());
    let threads = run(&["threads", str(&path), "--format", "json"]).json();
    let thread = &threads["threads"][1];
    assert_eq!(thread["teb32"], format!("{:#x}", presets::wow64::VIEW32.tebs[1]));
    assert_eq!(thread["stack"]["base"], format!("{:#x}", presets::wow64::VIEW32.stack_base(1)));
    assert_eq!(thread["stack64"]["base"], format!("{:#x}", presets::wow64::VIEW64.stack_base(1)));
    let text = run(&["summary", str(&path)]);
    for row in ["TEB32 ", "TEB64 ", "PEB32 ", "PEB64 ", "Stack32 ", "Stack64 "] {
        assert!(text.text().lines().any(|line| line.starts_with(row)), "{row}");
    }
}

/// Bases of the regions that a filter lets through.
fn bases(path: &str, filter: &[&str]) -> Vec<u64> {
    let json = run(&[&["regions", path, "--format", "json"], filter].concat()).json();
    let base = |region: &Value| u64::from_str_radix(&region["base"].as_str().unwrap()[2..], 16).unwrap();
    json["list"].as_array().unwrap().iter().map(base).collect()
}

#[test]
fn filters_of_regions() {
    let process = presets::tiny();
    let (_directory, path) = file(&process);
    let path = str(&path);
    let listed = process.regions.unwrap();
    let wanted = |holds: fn(&dumplens_synth::Region) -> bool| {
        listed.iter().filter(|r| holds(r)).map(|r| r.base).collect::<Vec<_>>()
    };
    assert_eq!(bases(path, &["--usage", "free"]), wanted(|r| r.state == 0x1_0000));
    assert_eq!(bases(path, &["--state", "MEM_FREE"]), wanted(|r| r.state == 0x1_0000));
    assert_eq!(bases(path, &["--usage", "TEB,peb"]), [X64.peb, X64.tebs[0], X64.tebs[1]]);
    assert_eq!(bases(path, &["--usage", "other"]), [KUSER_SHARED_DATA]);
    assert_eq!(bases(path, &["--type", "mapped"]), [X64.mapped]);
    assert_eq!(
        bases(path, &["--type", "image", "--protect", "execute_read"]),
        [X64.app + 0x1000, X64.ntdll + 0x1000]
    );
    assert_eq!(bases(path, &["--protect", "PAGE_GUARD"]), wanted(|r| r.protect & 0x100 != 0));
    assert_eq!(bases(path, &["--usage", "stack", "--state", "reserve"]), X64.stacks);
    assert_eq!(bases(path, &["--usage", "free", "--min-size", "64TiB"]), wanted(|r| r.size >= 64 << 40));
    assert_eq!(bases(path, &["--usage", "image", "--max-size", "4096", "--min-size", "0x1000"]).len(), 6);
    // A free region has no type, and its protection is nobody's.
    assert!(!listed.iter().any(|r| r.protect == PAGE_NOACCESS && r.state != 0x1_0000));
    assert_eq!(bases(path, &["--protect", "noaccess"]), [0; 0]);
    assert_eq!(bases(path, &["--usage", "unknown", "--type", "image"]), [0; 0]);
}

/// `!address`'s own spellings, and the orders of the list.
#[test]
fn filters_of_the_debugger_and_orders() {
    let (_directory, path) = file(&presets::tiny());
    let path = str(&path);
    assert_eq!(bases(path, &["-f:Free"]), bases(path, &["--usage", "free"]));
    assert_eq!(bases(path, &["-f:Heap,MEM_RESERVE"]), [X64.heap + 0x1000]);
    assert_eq!(bases(path, &["-f:VAR", "-f:PAGE_READONLY"]), [X64.mapped]);
    assert_eq!(bases(path, &["-f:Stack", "--protect", "guard"]), bases(path, &["--protect", "guard"]));
    let by_size = run(&["regions", path, "--sort", "size", "--format", "json"]).json();
    let sizes: Vec<u64> = by_size["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|region| {
            region["size_bytes"].as_u64().unwrap_or_else(|| {
                u64::from_str_radix(&region["size_hex"].as_str().unwrap()[2..], 16).unwrap()
            })
        })
        .collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.len() > 20, "{sizes:?}");
    let by_usage = run(&["regions", path, "--sort", "usage", "--format", "json"]).json();
    let usages: Vec<&str> =
        by_usage["list"].as_array().unwrap().iter().map(|region| region["usage"].as_str().unwrap()).collect();
    assert!(usages.is_sorted() && usages.len() == sizes.len(), "{usages:?}");
    for wrong in ["-f:FileMap", "-f:nothing"] {
        assert_eq!(run(&["regions", path, wrong]).code, Some(2), "{wrong}");
    }
}

/// A header and a line for each region, in as many columns each; warnings do not disturb them.
#[test]
fn regions_for_spreadsheets() {
    let (_directory, path) = file(&Process { regions: None, ..presets::tiny() });
    let (_other, mapped) = file(&presets::tiny());
    for (format, delimiter) in [("csv", ','), ("tsv", '\t')] {
        let table = run(&["regions", str(&mapped), "--format", format]);
        let lines: Vec<&str> = table.text().lines().collect();
        assert!(lines[0].starts_with(&format!("BaseAddress{delimiter}EndAddress+1{delimiter}RegionSize")));
        let regions = run(&["regions", str(&mapped), "--format", "json"]).json();
        assert_eq!(lines.len() - 1, regions["list"].as_array().unwrap().len());
        let teb = lines.iter().find(|line| line.starts_with(&format!("{:#x}{delimiter}", X64.tebs[1])));
        assert_eq!(teb.unwrap().split(delimiter).nth(6), Some("TEB"), "{teb:?}");
        let warned = run(&["regions", str(&path), "--format", format]);
        assert!(warned.stderr.contains("[no_memory_map]") && !warned.stdout.contains("no_memory_map"));
    }
}

/// Every block in every format, sizes added up, and the block at an address.
#[test]
fn blocks_of_heaps() {
    let (process, truth) = presets::heaps::nt_win10_x64();
    let (_directory, path) = file(&process);
    let mut wanted: Vec<(String, u64)> = truth
        .heaps
        .iter()
        .flat_map(|heap| &heap.blocks)
        .map(|block| (format!("{:#x}", block.address), block.size))
        .collect();
    wanted.sort();
    let lines = run(&["heaps", str(&path), "--blocks", "--format", "jsonl"]);
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        (row["address"].as_str().unwrap().to_owned(), row["size_bytes"].as_u64().unwrap())
    };
    let mut found: Vec<_> = lines.text().lines().map(row).collect();
    found.sort();
    assert_eq!(found, wanted);
    let json = run(&["heaps", str(&path), "--blocks", "--format", "json"]).json();
    assert_eq!(json["list"].as_array().unwrap().len(), wanted.len());
    for (format, head) in [("csv", "Heap,Address,Size,Taken,Backend"), ("text", "Heap ")] {
        let rows = run(&["heaps", str(&path), "--blocks", "--format", format]);
        assert!(rows.text().starts_with(head), "{}", rows.stdout);
        assert_eq!(rows.text().lines().count(), wanted.len() + 1, "{format}");
    }
    let second = format!("{:x}", truth.heaps[1].handle);
    let one = run(&["heaps", str(&path), "--blocks", "--heap", &second]);
    assert_eq!(one.text().lines().count(), truth.heaps[1].blocks.len() + 1);

    let stat = run(&["heaps", str(&path), "--stat", "--format", "json"]).json();
    let bytes: u64 = wanted.iter().map(|(_, size)| size).sum();
    assert_eq!(
        (&stat["all"]["busy_blocks"], &stat["all"]["busy_bytes"]),
        (&wanted.len().into(), &bytes.into())
    );
    let largest = &stat["all"]["sizes"][0];
    assert_eq!((&largest["size_bytes"], &largest["blocks"]), (&0x12_3456.into(), &1.into()));
    let text = run(&["heaps", str(&path), "--stat"]);
    assert!(text.text().contains("1,193,046"), "{}", text.stdout);
    assert_eq!(run(&["heaps", str(&path), "--format", "csv"]).code, Some(2));

    let block = truth.heaps[0].blocks[1];
    let at = run(&["at", str(&path), &format!("{:x}", block.address + 5), "--format", "json"]).json();
    assert_eq!(at["block"]["address"], format!("{:#x}", block.address));
    assert_eq!((&at["block"]["offset"], &at["block"]["state"]), (&5.into(), &"busy".into()));
    assert_eq!(at["block"]["size_bytes"], block.size);
    let text = run(&["at", str(&path), &format!("{:x}", block.address - 3)]);
    assert!(text.text().contains("0x3 before it, in its header"), "{}", text.stdout);
}

/// The heap of the small process: one segment of 0xFF pages, one of them committed, as its counters say too.
#[test]
fn heaps_and_allocations() {
    let (_directory, path) = file(&presets::tiny());
    let heaps = run(&["heaps", str(&path), "--format", "json"]).json();
    let heap = &heaps["heaps"][0];
    assert_eq!((&heap["handle"], &heap["kind"]), (&format!("{:#x}", X64.heap).into(), &"nt".into()));
    assert_eq!((&heap["segments"], &heap["large_blocks"]), (&1.into(), &0.into()));
    assert_eq!((&heap["committed_bytes"], &heap["reserved_bytes"]), (&0x1000.into(), &0xF_E000.into()));
    assert_eq!(heap["counters"]["agree"], true);
    let text = run(&["heaps", str(&path)]);
    assert!(text.text().contains("Windows 8 to 11, x64"), "{}", text.stdout);

    // Three blocks, of which each preset says what was asked for: "first block", "second block", "third block".
    assert_eq!(
        (&heap["block_use"]["busy_blocks"], &heap["block_use"]["busy_bytes"]),
        (&3.into(), &34.into())
    );
    assert!(text.text().contains("3 blocks in use"), "{}", text.stdout);

    let found = run(&["allocations", str(&path), "--format", "json"]).json();
    let allocations = &found["memory"]["allocations"];
    // Two images, two stacks, the heap, the mapped page, the shared page, the block of PEB and TEBs.
    assert_eq!(allocations["count"], 8);
    let sizes: Vec<u64> =
        allocations["list"].as_array().unwrap().iter().map(|a| a["size_bytes"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.len() == 8, "{sizes:?}");
    let private: u64 =
        allocations["private_sizes"].as_array().unwrap().iter().map(|c| c["count"].as_u64().unwrap()).sum();
    assert_eq!(private, 5);
    let stack = &found["threads"][0]["stack"];
    assert_eq!((&stack["guard_bytes"], &stack["committed_bytes"]), (&0x3000.into(), &0x4000.into()));
}

#[test]
fn markers_are_left_out_of_filtered_lists() {
    let (_directory, path) = file(&presets::tiny());
    assert!(run(&["regions", str(&path)]).text().lines().any(|line| line.starts_with('+')));
    let filtered = run(&["regions", str(&path), "--usage", "free"]);
    assert_eq!(filtered.text().lines().filter(|line| line.starts_with('+')).count(), 0);
}

#[test]
fn at_an_address() {
    let (_directory, path) = file(&presets::tiny());
    let at = |address: u64| run(&["at", str(&path), &format!("{address:x}")]);
    let has = |run: &support::Run, label: &str, value: &str| {
        assert!(run.text().contains(&format!("{label:<24}{value}")), "{label} {value}: {}", run.stdout);
    };
    let image = at(X64.app + 0x1004);
    has(&image, "Usage:", "Image\n");
    has(&image, "Module Offset:", "00007ff6`40000000 + 0x1004 in section .text\n");
    has(&image, "Kept in dump:", "yes, 0xffc bytes");
    let stack = at(X64.stack_base(1) - 8);
    has(&stack, "Usage:", "Stack\n");
    has(&stack, "Thread:", "~1 id 0x3ec \"worker\"\n");
    let guard = at(X64.stack_base(1) - 0x1008);
    has(&guard, "Protect:", "00000104          PAGE_READWRITE | PAGE_GUARD\n");
    has(&guard, "Kept in dump:", "no: a guard or no-access page");
    let free = at(0x10);
    has(&free, "Usage:", "Free\n");
    has(&free, "Kept in dump:", "no: the process had no memory there");
    let beyond = at(u64::MAX);
    has(&beyond, "Usage:", "not known");

    // As the debugger writes addresses, and as people copy them.
    for form in ["7ff640001004", "0x7FF640001004", "7ff6`40001004", "00007ff6`40001004"] {
        assert_eq!(run(&["at", str(&path), form]).stdout, image.stdout, "{form}");
    }
    let json = run(&["at", str(&path), "7ff640001004", "--format", "json"]).json();
    assert_eq!((&json["address"], &json["region"]["usage"]), (&"0x7ff640001004".into(), &"Image".into()));
    assert_eq!((&json["module"]["offset"], &json["absent"]), (&"0x1004".into(), &Value::Null));
}

/// A 32-bit process has its addresses above 2 GiB under either form.
#[test]
fn at_a_sign_extended_address() {
    let (_directory, path) = file(&Process { sign_extend: true, ..presets::tiny_x86() });
    let plain = run(&["at", str(&path), "a0000000"]);
    assert!(plain.text().contains("a0000000") && plain.stdout.contains("MEM_MAPPED"), "{}", plain.stdout);
    assert_eq!(run(&["at", str(&path), "ffffffffa0000000"]).stdout, plain.stdout);
}

#[test]
fn colour_only_when_asked_for() {
    let (_directory, path) = file(&Process { regions: None, ..presets::tiny() });
    for command in COMMANDS {
        let plain = run(&[command, str(&path)]).stdout;
        assert!(!plain.contains('\u{1b}'), "{command} into a pipe");
        assert_eq!(run(&[command, str(&path), "--color", "never"]).stdout, plain);
        let coloured = run(&[command, str(&path), "--color", "always"]).stdout;
        // JSON is for programs: never in colour.
        assert_eq!(coloured.contains('\u{1b}'), command != "report", "{command}");
        let stripped: String = strip(&coloured);
        assert_eq!(stripped, plain, "{command}: colour changes nothing else");
    }
}

/// Without `ESC [ … m`.
fn strip(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// `dumplens regions … | head`: whoever reads stops reading, and nothing is said of it.
#[test]
fn a_closed_pipe_is_no_error() {
    let (_directory, path) = file(&presets::full(5000, 64 << 20, 3, 4));
    for format in ["text", "json"] {
        for command in ["regions", "report", "summary"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut closed = support::dumplens(&[command, str(&path), "--format", format]);
            closed.stdout(writer);
            let run = support::run_command(closed);
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{command} {format}");
        }
    }
}

/// Anything else that goes wrong with the output is said, and is not a success.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let (_directory, path) = file(&presets::tiny());
    for command in COMMANDS {
        let mut full = support::dumplens(&[command, str(&path)]);
        full.stdout(std::fs::File::options().write(true).open("/dev/full").unwrap());
        let run = support::run_command(full);
        assert_eq!((run.code, run.stderr.lines().count()), (Some(1), 1), "{command}: {}", run.stderr);
    }
}
