//! `!address`: the tables, the list, and a command for each region.

use dumplens_analyzer::render::text::{largest_row, region_header, region_row, summary_row};
use dumplens_analyzer::{Filter, Options as Analysis, Piece, Process, Question, Report};

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

#[derive(Debug, Default)]
struct Show {
    summary: bool,
    filters: Vec<String>,
    output: String,
    commands: Option<String>,
    help: bool,
}

pub(super) fn run(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let mut show = Show::default();
    loop {
        line.blanks();
        if line.is_end() {
            break;
        }
        if !matches!(line.peek(), b'-' | b'/') {
            let address = expr::address(session, line)?;
            super::address_one::show(session, address, out);
            return Ok(());
        }
        option(line, &mut show);
    }
    if show.help {
        out.line("!address [ADDR | -summary | -f:F1,F2,...] [-o:csv | -o:tsv | -o:1] [-c:\"COMMANDS\"]");
        return Ok(());
    }
    if !session.process.space.is_mapped() {
        out.line("The dump holds no memory map: what is free or reserved is not known");
    }
    if show.summary {
        summary(session, out);
        return Ok(());
    }
    list(session, &show, at, out)
}

/// `-summary`, `-f:…`, `-o:…`, `-c:"…"`.
fn option(line: &mut Line, show: &mut Show) {
    line.pos += 1;
    let begin = line.pos;
    while line.peek().is_ascii_alphabetic() || line.peek() == b'?' {
        line.pos += 1;
    }
    let name = line.from(begin).to_ascii_lowercase();
    let value = if line.take(b':') { value(line) } else { String::new() };
    match name.as_str() {
        "summary" => show.summary = true,
        "f" => show.filters.extend(value.split(',').map(|f| f.trim().to_owned()).filter(|f| !f.is_empty())),
        "o" => show.output = value.to_ascii_lowercase(),
        "c" => show.commands = Some(value),
        "?" | "help" => show.help = true,
        _ => {}
    }
}

/// A word, or what stands in quotes of either kind.
fn value(line: &mut Line) -> String {
    let quoted = line.string().or_else(|| line.single_quoted());
    quoted.unwrap_or_else(|| line.word())
}

/// A condition out of filters of several families.
fn filter(names: &[String]) -> Filter {
    let mut filter = Filter::default();
    for name in names {
        let upper = name.to_ascii_uppercase();
        match upper.as_str() {
            "MEM_COMMIT" | "MEM_RESERVE" | "MEM_FREE" => filter.state.push(upper),
            "MEM_IMAGE" | "MEM_MAPPED" | "MEM_PRIVATE" => filter.kind.push(upper),
            page if page.starts_with("PAGE_") => filter.protect.push(upper),
            _ => filter.usage.push(name.clone()),
        }
    }
    filter
}

fn summary(session: &mut Session<'_, '_>, out: &mut Out<'_>) {
    let report = Report::answer(session.process, Question::Summary, &Analysis::default());
    let memory = &report.facts.memory;
    let bits = report.facts.dump.pointer_bits;
    let end = "RgnCount ----------- Total Size -------- %ofBusy %ofTotal";
    let tables = [
        ("--- Usage Summary ---------------- ", &memory.usage, "Free"),
        ("--- Type Summary (for busy) ------ ", &memory.kind, ""),
        ("--- State Summary ---------------- ", &memory.state, "MEM_FREE"),
        ("--- Protect Summary (for commit) - ", &memory.protect, ""),
    ];
    for (head, rows, free) in tables {
        out.line(format!("\n{head}{end}"));
        for row in rows {
            let busy = memory.busy_bytes.filter(|_| row.name != free);
            out.line(summary_row(row, busy, memory.total_bytes, bits));
        }
    }
    out.line("\n--- Largest Region by Usage ----------- Base Address -------- Region Size ----------");
    for row in &memory.usage {
        out.line(largest_row(&row.name, row.largest, bits));
    }
    out.text("\n");
}

/// The list, or what `-c` does for each of its regions.
fn list(session: &mut Session<'_, '_>, show: &Show, at: At, out: &mut Out<'_>) -> Result<()> {
    let filter = filter(&show.filters);
    let process = session.process;
    let bits = process.dump.width().bits();
    let bare = show.commands.is_some() || show.output == "1";
    match show.output.as_str() {
        "csv" | "tsv" => out.line(columns(&show.output).join(separator(&show.output))),
        _ if !bare => out.text(&format!("\n{}", region_header(bits))),
        _ => {}
    }
    for piece in process.space.pieces().filter(|piece| filter.accepts(piece)) {
        if out.stopped() {
            return Ok(());
        }
        if let Some(commands) = &show.commands {
            let commands = filled(process, commands, &piece);
            out.line(format!("*** Executing: {commands}"));
            session.run_list(&commands, at.depth + 1, out)?;
            continue;
        }
        let row = match show.output.as_str() {
            "1" => format!("{:#x}", piece.base),
            "csv" | "tsv" => cells(process, &piece).join(separator(&show.output)),
            _ => {
                let region = dumplens_analyzer::facts::RegionReport::new(process, &piece);
                region_row(&region, show.filters.is_empty(), bits)
            }
        };
        out.line(row);
    }
    Ok(())
}

fn separator(output: &str) -> &'static str {
    if output == "tsv" { "\t" } else { "," }
}

fn columns(_: &str) -> Vec<&'static str> {
    vec!["BaseAddress", "EndAddress+1", "RegionSize", "Type", "State", "Protect", "Usage", "Comment"]
}

/// Base, end, size, type, state, protection and usage of a region, as `-c` and `-o` have them.
fn cells(process: &Process<'_>, piece: &Piece) -> Vec<String> {
    let region = dumplens_analyzer::facts::RegionReport::new(process, piece);
    let comment = dumplens_analyzer::render::csv::cell(&region.detail.unwrap_or_default());
    let mut cells: Vec<String> = parts(process, piece).to_vec();
    cells.push(comment);
    cells
}

fn parts(process: &Process<'_>, piece: &Piece) -> [String; 7] {
    let region = dumplens_analyzer::facts::RegionReport::new(process, piece);
    let hex = |n: u64| format!("{n:#x}");
    [
        hex(piece.base),
        hex(piece.end()),
        hex(piece.size),
        region.kind.unwrap_or_default(),
        region.state,
        region.protect.unwrap_or_default(),
        region.usage,
    ]
}

/// `%1` to `%7` of a command, which hold nothing hostile: numbers and the debugger's own words.
fn filled(process: &Process<'_>, commands: &str, piece: &Piece) -> String {
    let parts = parts(process, piece);
    let mut text = String::with_capacity(commands.len() + 32);
    let mut chars = commands.chars().peekable();
    while let Some(c) = chars.next() {
        let digit = chars.peek().and_then(|d| d.to_digit(10)).filter(|_| c == '%');
        match digit.and_then(|n| parts.get((n as usize).wrapping_sub(1))) {
            Some(part) => {
                text.push_str(part);
                chars.next();
            }
            None => text.push(c),
        }
    }
    text
}
