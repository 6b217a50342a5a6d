//! `!heap`, `!vm`: heaps, and the machine's memory.

use dumplens_analyzer::facts::AddressReport;
use dumplens_analyzer::render::text;
use dumplens_analyzer::{Options as Analysis, Question, Report};
use dumplens_core::process::heap::{Heap, HeapKind};

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) fn run(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut wanted = String::new();
    loop {
        line.blanks();
        if line.is_end() || line.peek() != b'-' {
            break;
        }
        wanted = line.word().to_ascii_lowercase();
    }
    let by_address = matches!(wanted.as_str(), "-a" | "-x" | "-p") && !line.is_end();
    if by_address {
        let address = expr::address(session, line)?;
        out.text(&text::address(&AddressReport::new(session.process, address)));
        return Ok(());
    }
    line.rest();
    match wanted.as_str() {
        "-s" => statistics(session, out),
        "-stat" => {
            let report = Report::answer(session.process, Question::Lists, &Analysis::default());
            out.text(&text::heaps(&report));
        }
        _ => list(session, out),
    }
    Ok(())
}

fn list(session: &Session<'_, '_>, out: &mut Out<'_>) {
    out.line("        Heap Address      NT/Segment Heap\n");
    for heap in &session.process.heaps.list {
        let kind = match heap.kind {
            HeapKind::Segment => "Segment Heap",
            _ => "NT Heap",
        };
        out.line(format!("    {:>16x}         {kind:>12}", heap.handle));
    }
}

/// `!heap -s`: reserved, committed and free kilobytes of each heap, as far as its own counters tell.
fn statistics(session: &Session<'_, '_>, out: &mut Out<'_>) {
    let stars = "*".repeat(120);
    out.line(format!("\n\n{stars}\n{:^120}\n{stars}", "NT HEAP STATS BELOW").trim_end());
    let (width, rule) = if session.x86 { (8, 77) } else { (16, 85) };
    out.line(format!(
        "{:>width$}     Flags   Reserv  Commit  Virt   Free  List   UCR  Virt  Lock  Fast ",
        "Heap"
    ));
    out.line(format!(
        "{:width$}                (k)     (k)    (k)     (k) length      blocks cont. heap ",
        ""
    ));
    out.line("-".repeat(rule));
    for heap in session.process.heaps.list.iter().filter(|heap| heap.kind != HeapKind::Segment) {
        out.line(row(session, heap));
    }
    out.line("-".repeat(rule));
}

fn row(session: &Session<'_, '_>, heap: &Heap) -> String {
    let kilobytes =
        |bytes: Option<u64>| bytes.map_or_else(|| "?".to_owned(), |bytes| (bytes / 1024).to_string());
    let counters = &heap.counters;
    format!(
        "{} {:08x} {:>7} {:>6} {:>6} {:>6}     ?     ?     ?      ?      ",
        session.pointer(heap.handle),
        heap.flags.unwrap_or(0),
        kilobytes(counters.reserved),
        kilobytes(counters.committed),
        kilobytes(counters.reserved),
        kilobytes(counters.free),
    )
}

/// `!vm` needs a kernel to ask; what a dump may have of it is the memory that was left when it was written.
pub(super) fn vm(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    let report = Report::answer(session.process, Question::Summary, &Analysis::default());
    let Some(memory) = &report.facts.system.memory else {
        out.line("The dump does not hold the machine's memory counters (SystemMemoryInfo, stream 21)");
        return Ok(());
    };
    let kilobytes =
        |bytes: Option<u64>| bytes.map_or_else(|| "?".to_owned(), |bytes| format!("{}", bytes / 1024));
    out.line(format!("Physical Memory:  {:>16} Kb", kilobytes(memory.physical_bytes)));
    out.line(format!("Available Pages:  {:>16} Kb", kilobytes(memory.available_bytes)));
    out.line(format!("Committed pages:  {:>16} Kb", kilobytes(memory.commit_bytes)));
    out.line(format!("Commit limit:     {:>16} Kb", kilobytes(memory.commit_limit_bytes)));
    Ok(())
}
