//! `!teb`.

use dumplens_core::Width;
use dumplens_core::process::TebFields;

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::{Session, pointer_of};

pub(super) fn run(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if !line.is_end() {
        let address = expr::address(session, line)?;
        show(session, "TEB at", address, session.width(), out);
        return Ok(());
    }
    let Some(thread) = session.process.threads.get(session.thread) else { return Ok(()) };
    if let Some(teb32) = &thread.teb32 {
        show(session, "Wow64 TEB32 at", teb32.address, Width::Bits32, out);
        out.text("\n");
        show(session, "Wow64 TEB at", thread.teb_address, session.process.dump.width(), out);
    } else {
        show(session, "TEB at", thread.teb_address, session.process.dump.width(), out);
    }
    Ok(())
}

fn show(session: &Session<'_, '_>, title: &str, address: u64, width: Width, out: &mut Out<'_>) {
    let value = |value: u64| pointer_of(value, width);
    out.line(format!("{title} {}", session.pointer(address)));
    let Ok(teb) = TebFields::read(session.memory, address, width) else {
        out.line("error InitTypeRead( TEB )...");
        return;
    };
    let names = [
        "ExceptionList:",
        "StackBase:",
        "StackLimit:",
        "SubSystemTib:",
        "FiberData:",
        "ArbitraryUserPointer:",
        "Self:",
        "EnvironmentPointer:",
    ];
    let mut field = |label: &str, text: String| out.line(format!("    {label:<22}{text}"));
    for (name, of) in names.iter().zip(teb.head) {
        field(name, value(of));
    }
    field("ClientId:", format!("{} . {}", value(teb.client_id.0), value(teb.client_id.1)));
    field("RpcHandle:", value(teb.rpc_handle));
    field("Tls Storage:", value(teb.tls));
    field("PEB Address:", value(teb.peb));
    field("LastErrorValue:", teb.last_error.to_string());
    field(
        "LastStatusValue:",
        teb.last_status.map_or_else(|| "not kept".into(), |status| format!("{status:x}")),
    );
    field("Count Owned Locks:", teb.owned_locks.to_string());
    field("HardErrorMode:", teb.hard_error_mode.map_or_else(|| "not kept".into(), |mode| mode.to_string()));
}
