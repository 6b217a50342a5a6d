//! `k` and its variants.

use super::stack_text::{Show, print};
use super::{At, Command};
use crate::error::{Result, SYNTAX, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(
        "k",
        "k[b|c|d|p|P|v][n][f][L][M] [= SP [IP]] [COUNT]",
        "the call stack: kn with frame numbers, kb with arguments, kv with arguments and FPO data, kf with frame sizes, kc names only",
        run,
    ),
    Command::new(".kframes", ".kframes [N]", "sets how many frames `k` shows", depth),
];

fn run(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let show = letters(line)?;
    line.blanks();
    if line.take(b'=') {
        return from_registers(session, line, show, out);
    }
    let given = !line.is_end();
    if matches!(line.peek(), b'L' | b'l') {
        line.pos += 1;
    }
    let count = if given { count(session, line)? } else { session.depth };
    if show.kind == b'd' {
        return raw(session, count, out);
    }
    if session.context.is_some() && !given {
        out.line("  *** Stack trace for last set context - .thread/.cxr resets it");
    }
    let stack = session.stack();
    print(session, &stack, show, count, out);
    Ok(())
}

fn letters(line: &mut Line) -> Result<Show> {
    let mut show = Show::default();
    match line.peek() {
        b'D' => {
            line.pos += 1;
            return caret(SYNTAX, line.pos);
        }
        c @ (b'P' | b'b' | b'B' | b'c' | b'C' | b'd' | b'p' | b'v' | b'V') => {
            show.kind = if c == b'P' { c } else { c.to_ascii_lowercase() };
            line.pos += 1;
        }
        _ => {}
    }
    show.numbers = line.take(b'n') || line.take(b'N');
    show.sizes = line.take(b'f') || line.take(b'F');
    // `k L3` is a count; `kL` a letter.
    show.no_source = line.take(b'L');
    if line.take(b'M') {
        show.numbers = true;
    }
    Ok(show)
}

fn count(session: &mut Session<'_, '_>, line: &mut Line) -> Result<usize> {
    let count = expr::number(session, line)?;
    Ok(match count {
        0 => session.depth,
        count => usize::try_from(count).unwrap_or(usize::MAX).min(0xffff),
    })
}

fn depth(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if !line.is_end() {
        let depth = expr::number(session, line)?;
        session.depth = usize::try_from(depth).unwrap_or(256).clamp(1, 0xffff);
    }
    out.line(format!("Default stack trace depth is 0n{} frames", session.depth));
    Ok(())
}

/// `k = SP`, `k = SP IP`, of x86 `k = EBP ESP EIP`, and a count.
fn from_registers(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    show: Show,
    out: &mut Out<'_>,
) -> Result<()> {
    let mut values = Vec::new();
    loop {
        line.blanks();
        if line.is_end() {
            break;
        }
        values.push(expr::number(session, line)?);
    }
    let Some(mut state) = session.state() else { return Ok(()) };
    let first = values.first().copied().unwrap_or(0);
    // The last number is a count, unless it is the only one.
    let counted = |at: usize| {
        values.get(at).map_or(session.depth, |n| usize::try_from(*n).unwrap_or(1).clamp(1, 0xffff))
    };
    let count = if session.x86 {
        state.general[5] = first;
        if let 0..=2 = values.len() {
            state.general[4] = first;
            counted(1)
        } else {
            state.general[4] = values[1];
            state.ip = values[2];
            counted(3)
        }
    } else {
        state.general[4] = first;
        if let 0..=2 = values.len() {
            counted(1)
        } else {
            state.ip = values[1];
            counted(2)
        }
    };
    let stack = session.walk(&state.context());
    print(session, &stack, show, count, out);
    Ok(())
}

/// `kd`: the stack's words with their symbols.
fn raw(session: &mut Session<'_, '_>, count: usize, out: &mut Out<'_>) -> Result<()> {
    if session.context.is_some() {
        out.line("  *** Stack trace for last set context - .thread/.cxr resets it");
    }
    let stack = session.stack();
    let Some(row) = session.rows(&stack, 1).into_iter().next() else { return Ok(()) };
    // From the frame's base on: the word below the return address.
    let caller = stack.frames.get(row.physical + 1).filter(|_| !session.x86);
    let first = caller.map_or(row.child, |caller| caller.sp.wrapping_sub(16));
    for n in 0..count as u64 {
        let at = session.normal(first.wrapping_add(4 * n));
        let Some(value) = session.unit(at, 4) else { break };
        let site = session.site(value).map_or(String::new(), |site| format!(" {site}"));
        out.line(format!("{}  {value:08x}{site}", session.address(at)));
    }
    Ok(())
}
