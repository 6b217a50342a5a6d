//! Every renderer, from one report that was written by hand: snapshots of what a reader sees, and the columns of
//! `!address` as numbers.

mod handmade;
#[path = "render/hostile.rs"]
mod hostile;
#[path = "render/page.rs"]
mod page;
#[path = "render/ticket.rs"]
mod ticket;

use dumplens_analyzer::facts::BlameReport;
use dumplens_analyzer::facts::RegionReport;
use dumplens_analyzer::render::{csv, json, text};
use handmade::regions::{
    address, address_in_heap, address_in_image, address_in_stack, free_region, guard_region, image_region,
    reserved_region,
};
use handmade::{report, report_without_map};

#[test]
fn summary() {
    insta::assert_snapshot!(text::summary(&report()));
}

#[test]
fn summary_without_a_map() {
    insta::assert_snapshot!(text::summary(&report_without_map()));
}

#[test]
fn info() {
    insta::assert_snapshot!(text::info(&report()));
}

/// What `info` says of the event, of each kind of exception.
#[test]
fn exceptions() {
    let mut report = report();
    let mut out = String::new();
    for exception in handmade::exceptions::all() {
        report.facts.exception = Some(exception);
        let text = text::info(&report);
        let event = text.lines().skip_while(|line| !line.starts_with("Last event:"));
        out.extend(event.take_while(|line| !line.starts_with("Earlier:")).map(|line| line.to_owned() + "\n"));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn info_without_a_map() {
    insta::assert_snapshot!(text::info(&report_without_map()));
}

#[test]
fn threads() {
    insta::assert_snapshot!(text::threads(&report()));
}

#[test]
fn stacks() {
    let mut report = report();
    report.facts.threads.truncate(2);
    report.facts.threads[0].frames = Some(handmade::frames());
    report.facts.threads[0].stopped = Some("end of the stack".into());
    let offset = dumplens_analyzer::facts::Hex(0x32);
    report.facts.threads[0].blame =
        Some(Box::new(BlameReport { frame: 2, module: "app".into(), function: None, offset }));
    report.facts.threads[1].frames = Some(Vec::new());
    report.facts.threads[1].stopped = Some("the dump has no registers of the thread".into());
    insta::assert_snapshot!(text::stacks(&report));
    report.facts.dump.pointer_bits = 32;
    report.facts.dump.arch = Some("x86".into());
    report.facts.threads[0].frames.iter_mut().flatten().for_each(|frame| frame.ip.0 &= 0x7fff_ffff);
    report.facts.threads[0].frames.iter_mut().flatten().for_each(|frame| frame.sp.0 &= 0x7fff_ffff);
    insta::assert_snapshot!("stacks_of_32_bits", text::stacks(&report));
}

#[test]
fn threads_of_a_dump_without_any() {
    insta::assert_snapshot!(text::threads(&report_without_map()));
}

#[test]
fn json() {
    insta::assert_snapshot!(json::pretty(&report()));
}

#[test]
fn addresses() {
    let all = [
        address_in_image(),
        address_in_stack(),
        address_in_heap(),
        address(0x1000, 32, Some(free_region()), "free"),
        address(0x7b77_088c_0000, 64, Some(reserved_region()), "reserved"),
        address(0xffff_ffff_ffff_f000, 64, None, "unknown"),
    ];
    insta::assert_snapshot!(all.map(|a| text::address(&a)).join("\n"));
}

#[test]
fn why() {
    insta::assert_snapshot!(text::why(&report()));
    assert_eq!(text::why(&report_without_map()).lines().count(), 0);
}

#[test]
fn heaps() {
    insta::assert_snapshot!(text::heaps(&report()));
    assert!(text::heaps(&report_without_map()).starts_with("  ID"));
}

#[test]
fn allocations() {
    insta::assert_snapshot!(text::allocations(&report()));
    assert!(text::allocations(&report_without_map()).contains("the dump has no memory map"));
}

/// Names that act on a terminal or in a spreadsheet reach neither; a quote and a delimiter are quoted.
#[test]
fn regions_as_values() {
    let hostile =
        RegionReport { detail: Some("=cmd|'/c calc'!A1,\"x\"\u{1b}[31m\nnext".into()), ..image_region() };
    let mut out = Vec::new();
    csv::regions(&mut out, b',', [free_region(), hostile].into_iter()).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "BaseAddress,EndAddress+1,RegionSize,Type,State,Protect,Usage,Detail,AllocationBase,KnownBy"
    );
    assert_eq!(lines[1], "0x0,0x530000,5439488,,MEM_FREE,PAGE_NOACCESS,Free,,,");
    assert!(lines[2].contains(r#","'=cmd|'/c calc'!A1,""x""#), "{}", lines[2]);
    assert!(!text.contains('\u{1b}') && lines.len() == 3, "{text}");

    let mut out = Vec::new();
    csv::regions(&mut out, b'\t', std::iter::once(reserved_region())).unwrap();
    let row = String::from_utf8(out).unwrap();
    let row: Vec<&str> = row.lines().nth(1).unwrap().split('\t').collect();
    assert_eq!(
        row[..7],
        ["0x7b77088c0000", "0x7b7800000000", "4151574528", "MEM_PRIVATE", "MEM_RESERVE", "", "<unknown>"]
    );
}

fn small(region: RegionReport) -> RegionReport {
    let low = |hex: dumplens_analyzer::facts::Hex| (hex.0 & 0xfff_ffff).into();
    let size_bytes = region.size_bytes & 0xfff_ffff;
    RegionReport { base: low(region.base), end: low(region.end), size_bytes, ..region }
}

#[test]
fn regions() {
    let mut out = text::region_header(64);
    let mut first = image_region();
    first.begins_allocation = true;
    let all = [free_region(), reserved_region(), guard_region(), first, image_region()];
    for region in &all {
        out += &(text::region_row(region, true, 64) + "|\n");
    }
    out += &(text::region_row(&free_region(), false, 64) + "|\n");
    out += &text::region_header(32);
    for region in all.map(small) {
        out += &(text::region_row(&region, true, 32) + "|\n");
    }
    insta::assert_snapshot!(out);
}

/// Column of each field of a row: marker, ends of base, end and size, starts of the rest (A.4).
#[test]
fn columns_of_the_region_list() {
    for (bits, ends, starts) in
        [(64, [19, 37, 55], [56, 68, 80, 115, 126]), (32, [10, 19, 28], [29, 41, 53, 88, 99])]
    {
        let region = if bits == 32 { small(guard_region()) } else { guard_region() };
        let row = text::region_row(&region, true, bits);
        let numbers = [region.base.0, region.end.0, region.size_bytes]
            .map(|n| dumplens_analyzer::render::number::hex(n, bits));
        for (end, number) in ends.into_iter().zip(&numbers) {
            assert!(row[..end].ends_with(number.as_str()), "{number} does not end at {end} in {row:?}");
        }
        let fields = ["MEM_PRIVATE", "MEM_COMMIT", "PAGE_READWRITE | PAGE_GUARD", "Stack", "[~0; 1092.3e8]"];
        for (start, field) in starts.into_iter().zip(fields) {
            assert!(row[start..].starts_with(field), "{field} does not start at {start} in {row:?}");
        }
        // Blanks up to the detail's column for a free region, and where it has no type.
        let free = text::region_row(&free_region(), true, bits);
        assert_eq!(free.len(), starts[4]);
        assert_eq!(&free[starts[0]..starts[1]], " ".repeat(12));
        assert!(free.starts_with('+') && free[starts[2]..].starts_with("PAGE_NOACCESS"));
        // No protection, and two blanks at the end, for a reserved one.
        let reserved = text::region_row(&reserved_region(), true, bits);
        if bits == 64 {
            assert_eq!(&reserved[starts[2]..], format!("{:35}<unknown>  ", ""));
        }
        // Never a marker in a filtered list.
        assert!(text::region_row(&free_region(), false, bits).starts_with(' '));
        let header = text::region_header(bits);
        let lines: Vec<_> = header.lines().map(str::len).collect();
        assert_eq!(lines, if bits == 64 { [118, 122] } else { [91, 95] });
    }
}

/// Widths of the summary: 92 for the first four tables, 84 for the last (A.2).
#[test]
fn columns_of_the_summary() {
    let summary = text::summary(&report());
    let mut table = None;
    let mut rows = 0;
    for line in summary.lines() {
        if line.starts_with("--- ") {
            table = Some(line);
            assert_eq!(line.len(), if line.starts_with("--- Largest") { 84 } else { 92 });
            continue;
        }
        if line.is_empty() {
            table = None;
        }
        let Some(table) = table else { continue };
        rows += 1;
        if table.starts_with("--- Largest") {
            assert_eq!(line.len(), 84, "{line}");
            continue;
        }
        assert_eq!(line.len(), 92, "{line}");
        assert_eq!(&line[61..63], " (", "{line}");
        assert_eq!(&line[71..72], " ", "{line}");
        assert_eq!(&line[74..75], ")", "{line}");
        let free = line.starts_with("Free") || line.starts_with("MEM_FREE");
        assert_eq!(&line[75..83] == "        ", free, "{line}");
        assert!(line.ends_with('%'));
    }
    assert_eq!(rows, 7 + 3 + 3 + 2 + 7);
}

/// Labels take 24 columns; State, Protect and Type show 8 digits, 10 blanks and the name (A.5).
#[test]
fn columns_of_an_address() {
    let text = text::address(&address_in_image());
    let value = |label: &str| text.lines().find_map(|l| l.strip_prefix(&format!("{label:<24}"))).unwrap();
    assert_eq!(value("Usage:"), "Image");
    assert_eq!(value("Base Address:"), "00007ff6`40001000");
    assert_eq!(value("End Address:"), "00007ff6`40093000");
    assert_eq!(value("Region Size:"), "00000000`00092000 ( 584.000 kB)");
    assert_eq!(value("State:"), "00001000          MEM_COMMIT");
    assert_eq!(value("Protect:"), "00000020          PAGE_EXECUTE_READ");
    assert_eq!(value("Type:"), "01000000          MEM_IMAGE");
    assert_eq!(value("Allocation Base:"), "00007ff6`40000000");
    assert_eq!(value("Allocation Protect:"), "00000080          PAGE_EXECUTE_WRITECOPY");
    assert_eq!(value("Image Path:"), "C:\\Program Files\\Acme\\app.exe");

    let free = text::address(&address(0x1000, 32, Some(free_region()), "free"));
    assert!(free.contains(&format!("{:<24}00530000 (   5.188 MB)\n", "Region Size:")));
    assert!(free.contains(&format!("{:<24}<info not present at the target>\n", "Type:")));
    assert!(!free.contains("Allocation"));
    let reserved = text::address(&address(0x7b77_088c_0000, 64, Some(reserved_region()), "reserved"));
    assert!(reserved.contains(&format!("{:<24}<info not present at the target>\n", "Protect:")));
}

/// Whatever a dump calls itself, its modules and its threads, nothing of it acts on a terminal.
#[test]
fn hostile_text_is_escaped_everywhere() {
    let hostile = "a\u{1b}[2J\u{9b}31m\r\n\u{202e}b\u{2066}\u{200b}\u{7f}";
    let text = || Some(hostile.to_owned());
    let mut report = report();
    report.facts.dump.path = hostile.into();
    report.facts.dump.comment = text();
    (report.facts.system.os, report.facts.system.service_pack, report.facts.system.build_string) =
        (text(), text(), text());
    (report.facts.process.image, report.facts.process.command_line) = (text(), text());
    report.facts.process.handles.as_mut().unwrap()[0].kind = hostile.into();
    report.facts.threads[0].name = text();
    report.facts.threads[0].top = text().map(String::into_boxed_str);
    let mut frames = handmade::frames();
    (frames[0].module, frames[1].function, frames[2].file) = (text(), text(), text());
    report.facts.threads[0].frames = Some(frames);
    (report.facts.modules[0].path, report.facts.modules[0].pdb) = (hostile.into(), text());
    report.facts.warnings[0].message = hostile.into();
    let mut region = image_region();
    region.detail = text();
    let mut address = address_in_image();
    let module = address.module.as_mut().unwrap();
    (module.path, module.section) = (hostile.into(), text());
    address.thread =
        address_in_stack().thread.map(|t| dumplens_analyzer::facts::ThreadPlace { name: text(), ..t });
    address.region = Some(region.clone());
    for out in [
        text::summary(&report),
        text::info(&report),
        text::threads(&report),
        text::stacks(&report),
        text::address(&address),
        text::region_row(&region, true, 64),
        json::pretty(&report),
        json::pretty(&address),
        json::compact(&region),
    ] {
        let acts = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{200b}".contains(c));
        assert!(!out.contains(acts), "{out:?}");
    }
    // Text keeps one line per value; JSON gives the characters back to whoever parses it.
    assert_eq!(text::region_row(&region, true, 64).lines().count(), 1);
    let back: serde_json::Value = serde_json::from_str(&json::pretty(&report)).unwrap();
    assert_eq!(back["threads"][0]["name"], hostile);
    assert_eq!(back["dump"]["comment"], hostile);
}

/// The names that other programs rely on, unknown as null, large counts as hex.
#[test]
fn json_keeps_its_contract() {
    let report: serde_json::Value = serde_json::from_str(&json::pretty(&report())).unwrap();
    for (at, fields) in [
        ("", "schema_version dump system process exception threads memory verdict findings warnings"),
        ("/dump", "path size_bytes flags created arch truncated missing_bytes comment streams"),
        ("/dump/streams/0", "type name size_bytes"),
        ("/system", "os build processors uptime_seconds memory"),
        (
            "/system/memory",
            "physical_bytes available_bytes commit_bytes commit_limit_bytes commit_peak_bytes",
        ),
        ("/process", "id image command_line created uptime_seconds wow64 counters"),
        ("/process/counters", "private_bytes"),
        ("/exception", "code name flags address thread_id parameters cpp"),
        ("/threads/0", "id index name teb stack last_error last_status frames stopped top blame"),
        ("/threads/0/stack", "base limit"),
        ("/threads/0/last_error", "code name"),
        (
            "/memory",
            "regions total_bytes busy_bytes commit_bytes reserve_bytes free_bytes largest_free usage type",
        ),
        ("/memory", "state protect"),
        ("/memory/usage/0", "name regions size_bytes largest"),
        ("/memory/type/0/largest", "base size_bytes"),
        ("/warnings/0", "code message"),
    ] {
        for field in fields.split(' ') {
            assert!(report.pointer(&format!("{at}/{field}")).is_some(), "{at} has no {field}");
        }
    }
    assert_eq!(report["exception"]["code"], "0xe06d7363");
    assert_eq!(report["exception"]["parameters"][1], "0xabcdef");
    assert_eq!(report["dump"]["flags"], "0x461826");
    assert_eq!(report["memory"]["total_bytes"], 0x7fff_ffff_0000_u64);
    assert!(report["threads"][2]["stack"].is_null() && report["threads"][2]["last_error"].is_null());
    let counters = &report["process"]["counters"];
    assert!(counters["peak_virtual_bytes"].is_null() && counters["job_private_commit_bytes"].is_null());
    assert_eq!(counters["peak_virtual_hex"], "0x20000000000001");
    assert_eq!(counters["shared_commit_bytes"], 0);
}
