//! `!runaway`, `!uniqstack`, `!threads`.

use dumplens_analyzer::Question;
use dumplens_analyzer::render::text;

use crate::clock;
use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) fn runaway(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    _: At,
    out: &mut Out<'_>,
) -> Result<()> {
    line.blanks();
    let flags = if line.is_end() { 1 } else { expr::number(session, line)? };
    let dump = session.process.dump;
    let Some(infos) = dump.thread_infos().ok().flatten() else {
        out.line("ERROR: !runaway: extension exception 0x80004002.\n    \"Unable to get thread times - dumps may not have time information\"");
        return Ok(());
    };
    let written = clock::filetime(dump.header().time_date_stamp);
    let tables = [(1, "User Mode Time"), (2, "Kernel Mode Time"), (4, "Elapsed Time")];
    for (bit, title) in tables {
        if flags & bit == 0 {
            continue;
        }
        let mut rows: Vec<(usize, u32, u64)> = session
            .process
            .threads
            .iter()
            .filter_map(|thread| {
                let info = infos.get(&thread.id)?;
                let time = match bit {
                    1 => info.user_time,
                    2 => info.kernel_time,
                    _ => written.saturating_sub(info.create_time),
                };
                Some((thread.index, thread.id, time))
            })
            .collect();
        rows.sort_by_key(|(_, _, time)| std::cmp::Reverse(*time));
        out.line(format!(" {title}\n  Thread       Time"));
        for (index, id, time) in rows {
            out.line(
                format!("{:>14}  {}", format!("{index:>4}:{id:<4x}"), clock::span(time))
                    .replacen("  ", " ", 0),
            );
        }
    }
    Ok(())
}

pub(super) fn uniqstack(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    at: At,
    out: &mut Out<'_>,
) -> Result<()> {
    line.rest();
    let count = session.process.threads.len();
    out.line(format!("Processing {count} threads, please wait"));
    let current = session.thread;
    let scope = session.context.take();
    let mut seen: Vec<Vec<u64>> = Vec::new();
    let mut again = Vec::new();
    for index in 0..count {
        if out.stopped() {
            break;
        }
        session.thread = index;
        let stack: Vec<u64> = session.stack().frames.iter().map(|frame| frame.ip).collect();
        if seen.contains(&stack) {
            again.push(index);
            continue;
        }
        seen.push(stack);
        out.text("\n");
        session.run_list(&format!("~{index};k"), at.depth + 1, out)?;
    }
    session.thread = current;
    session.context = scope;
    out.line(format!("\nTotal threads: {count}"));
    let list: Vec<String> = again.iter().map(ToString::to_string).collect();
    if !again.is_empty() {
        let found = again.len();
        out.line(format!("Duplicate callstacks: {found} (windbg thread #s follow):\n{}", list.join(", ")));
    }
    Ok(())
}

pub(super) fn list(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.text(&text::threads(&session.report(Question::Threads)));
    Ok(())
}
