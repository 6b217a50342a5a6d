//! `!handle`.

use std::collections::BTreeMap;

use dumplens_core::Handle;

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) fn run(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut numbers = Vec::new();
    let mut wanted_type = None;
    loop {
        line.blanks();
        if line.is_end() {
            break;
        }
        if numbers.len() == 2 {
            wanted_type = Some(line.word());
        } else {
            numbers.push(expr::number(session, line)?);
        }
    }
    let (one, flags) = (numbers.first().copied().unwrap_or(0), numbers.get(1).copied().unwrap_or(0));
    let Some(handles) = session.process.dump.handles().ok().flatten() else {
        out.line("The dump does not hold handles (HandleData, stream 12)");
        return Ok(());
    };
    let fits = |handle: &&Handle| {
        (one == 0 || handle.handle == one)
            && wanted_type
                .as_ref()
                .is_none_or(|t| handle.type_name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(t)))
    };
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = 0;
    for handle in handles.list.iter().filter(fits) {
        if out.stopped() {
            return Ok(());
        }
        count += 1;
        *kinds.entry(handle.type_name.as_deref().unwrap_or("None")).or_default() += 1;
        show(session, handle, flags, out);
    }
    if one != 0 && count == 0 {
        out.line(format!("Handle {one:x} not found"));
    }
    if one == 0 {
        out.line(format!("{count} Handles\nType           \tCount"));
        for (kind, count) in kinds {
            out.line(format!("{kind:<15}\t{count}"));
        }
    }
    Ok(())
}

fn show(session: &Session<'_, '_>, handle: &Handle, flags: u64, out: &mut Out<'_>) {
    out.line(format!("Handle {}", session.pointer(handle.handle)));
    out.line(format!("  Type         \t{}", handle.type_name.as_deref().unwrap_or("<unknown>")));
    if flags & 2 != 0 {
        out.line(format!("  Attributes   \t{:#x}", handle.attributes).replace("0x0", "0"));
        out.line(format!("  GrantedAccess\t{:#x}:", handle.granted_access));
        out.line(format!("  HandleCount  \t{}", handle.handle_count));
        out.line(format!("  PointerCount \t{}", handle.pointer_count));
    }
    if flags & 4 != 0 {
        out.line(format!("  Name         \t{}", handle.object_name.as_deref().unwrap_or("<none>")));
    }
}
