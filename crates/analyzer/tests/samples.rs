//! Real output of `!address`, parsed and printed again: every intact row must come out character for character.
//!
//! The samples lie in `shared/samples/address` beside the project; without them the test says that it is left out. What
//! counts as a row, and how old versions spelled and rounded, follows `verify_layout.py` there: `kb Mb Gb` and half up
//! before about 2016, `kB MB GB` and half to even since.

#[path = "../../../tests/support/needs.rs"]
mod needs;

use std::fs;
use std::path::PathBuf;

use dumplens_analyzer::facts::RegionReport;
use dumplens_analyzer::facts::{Hex, PlaceReport, RowReport};
use dumplens_analyzer::render::text::{largest_row, region_row, summary_row};

/// The samples, by file name, or `None` with a word on it.
fn samples() -> Option<Vec<(String, String)>> {
    let folder = fs::read_dir(needs::shared()?.join("samples/address")).unwrap();
    let texts =
        folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "txt"));
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut all: Vec<_> = texts.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect();
    all.sort();
    Some(all)
}

fn number(hex: &str) -> Option<u64> {
    u64::from_str_radix(&hex.replace('`', ""), 16).ok()
}

fn bits(hex: &str) -> u32 {
    if hex.contains('`') { 64 } else { 32 }
}

/// What stands before ` (`, in words from the right, and the unit of the size.
fn parse(line: &str) -> Option<(Vec<&str>, &str)> {
    let (left, right) = line.rsplit_once(" (")?;
    let (size, _) = right.split_once(')')?;
    let (number, unit) = size.trim().split_once(' ')?;
    number.parse::<f64>().ok()?;
    Some((left.split_whitespace().rev().collect(), unit))
}

#[derive(Default)]
struct Counts {
    summary: usize,
    summary_old: usize,
    largest: usize,
    largest_old: usize,
    ties_rounded_up: usize,
    names_lost: usize,
}

/// The row as an old version would have printed it.
fn as_old(row: &str, size: u64, counts: &mut Counts) -> String {
    let shift = [40, 30, 20].into_iter().find(|s| size >> s > 0).unwrap_or(10);
    let thousandths = u128::from(size) * 1000;
    let half = 1_u128 << (shift - 1);
    let row = row.replacen("B)", "b)", 1);
    let down = thousandths >> shift;
    // Exactly half way, and rounded down to even: these versions rounded it up.
    if thousandths & ((1 << shift) - 1) != half || !down.is_multiple_of(2) {
        return row;
    }
    counts.ties_rounded_up += 1;
    let show = |n: u128| format!("{}.{:03}", n / 1000, n % 1000);
    row.replacen(&show(down), &show(down + 1), 1)
}

/// Size and name of every row of the usage table: the totals that shares refer to.
fn totals(file: &str, text: &str) -> (u64, u64) {
    let usage = text
        .lines()
        .skip_while(|l| !l.starts_with("--- Usage"))
        .skip(1)
        .take_while(|l| !l.starts_with("---"));
    let rows: Vec<(u64, bool)> = usage
        .filter_map(|line| {
            let (words, _) = parse(line)?;
            Some((number(words[0])?, words.get(2) == Some(&"Free")))
        })
        .collect();
    // This excerpt ends before its last row, the PEB.
    let cut = if file.starts_with("09-") { 0x1000 } else { 0 };
    let total = rows.iter().map(|(size, _)| size).sum::<u64>() + cut;
    let free: u64 = rows.iter().filter(|(_, free)| *free).map(|(size, _)| size).sum();
    (total, total - free)
}

#[test]
fn rows_of_the_summary() {
    let Some(samples) = samples() else { return };
    let mut counts = Counts::default();
    for (file, text) in &samples {
        let (total, busy) = totals(file, text);
        let mut table = "";
        for line in text.lines() {
            if line.starts_with("--- ") {
                table = line;
            }
            let Some((words, unit)) = parse(line).filter(|_| table.starts_with("--- ") && line != table)
            else {
                continue;
            };
            let old = unit.ends_with('b');
            let (printed, size) = if table.starts_with("--- Largest") {
                let [hex, base, name] = words[..] else {
                    counts.names_lost += 1;
                    continue;
                };
                *(if old { &mut counts.largest_old } else { &mut counts.largest }) += 1;
                let size_bytes = number(hex).unwrap();
                let place = PlaceReport { base: Hex(number(base).unwrap()), size_bytes };
                (largest_row(name, place, bits(hex)), size_bytes)
            } else {
                let [hex, regions, ref name @ ..] = words[..] else { panic!("{file}: {line}") };
                let name: Vec<&str> = name.iter().rev().copied().collect();
                if name.is_empty() {
                    counts.names_lost += 1;
                    continue;
                }
                *(if old { &mut counts.summary_old } else { &mut counts.summary }) += 1;
                let (name, size_bytes) = (name.join(" "), number(hex).unwrap());
                let of_busy = (!["Free", "MEM_FREE"].contains(&name.as_str())).then_some(busy);
                let largest = PlaceReport { base: Hex(0), size_bytes: 0 };
                let row = RowReport { name, regions: regions.parse().unwrap(), size_bytes, largest };
                (summary_row(&row, of_busy, Some(total), bits(hex)), size_bytes)
            };
            let printed = if old { as_old(&printed, size, &mut counts) } else { printed };
            assert_eq!(printed, line.trim_end(), "{file}");
        }
    }
    // 141 rows of the first four tables and 45 of the last are intact; two lost their name to a web page.
    assert_eq!(counts.summary + counts.summary_old, 141);
    assert_eq!(counts.largest + counts.largest_old, 45);
    assert_eq!((counts.summary, counts.largest), (96, 25), "of them in today's spelling");
    assert_eq!(counts.names_lost, 2);
    assert!(counts.ties_rounded_up > 0, "the samples hold some");
}

/// Words of a row of the listing: marker, base, end, size, type, state, protection, usage and detail.
fn region(line: &str) -> Option<(RegionReport, u32, bool)> {
    let marked = line.starts_with('+');
    if !marked && !line.starts_with(' ') {
        return None;
    }
    let mut words = line[1..].split_whitespace();
    let (base, end, size) = (words.next()?, words.next()?, words.next()?);
    let (base_bytes, end_bytes, size_bytes) = (number(base)?, number(end)?, number(size)?);
    let rest: Vec<&str> = words.collect();
    let at = rest.iter().position(|w| matches!(*w, "MEM_COMMIT" | "MEM_RESERVE" | "MEM_FREE"))?;
    let usage = at + 1 + rest[at + 1..].iter().position(|w| !w.starts_with("PAGE_") && *w != "|")?;
    let protect = rest[at + 1..usage].join(" ");
    let detail = line.split_once('[').and_then(|(_, d)| d.trim_end().strip_suffix(']'));
    let region = RegionReport {
        base: Hex(base_bytes),
        end: Hex(end_bytes),
        size_bytes,
        begins_allocation: marked,
        allocation_base: None,
        allocation_protect: None,
        kind: (at == 1).then(|| rest[0].to_owned()),
        state: rest[at].to_owned(),
        protect: (!protect.is_empty()).then_some(protect),
        state_raw: 0,
        protect_raw: 0,
        type_raw: 0,
        allocation_protect_raw: 0,
        usage: rest[usage].to_owned(),
        detail: detail.map(str::to_owned),
        fact: None,
    };
    Some((region, bits(size), marked))
}

#[test]
fn rows_of_the_region_list() {
    let Some(samples) = samples() else { return };
    let (mut wide, mut narrow) = (0, 0);
    for (file, text) in samples.iter().filter(|(file, _)| file.starts_with("11-") || file.starts_with("12-"))
    {
        for line in text.lines() {
            let Some((region, bits, _)) = region(line) else { continue };
            *(if bits == 64 { &mut wide } else { &mut narrow }) += 1;
            assert_eq!(region_row(&region, true, bits).trim_end(), line.trim_end(), "{file}");
        }
    }
    assert_eq!((wide, narrow), (43, 16));
}
