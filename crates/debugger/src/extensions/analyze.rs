//! `!analyze`: the debugger's frame, filled from the verdict.

use dumplens_analyzer::Question;
use dumplens_analyzer::render::escape;
use dumplens_core::last_name;

use crate::codes;
use crate::commands::At;
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) fn run(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let verbose = line.rest().contains("-v");
    let stars = "*".repeat(79);
    let middle = |text: &str| format!("*{text:^77}*");
    for text in [&stars, &middle(""), &middle("Exception Analysis"), &middle(""), &stars] {
        out.line(text);
    }
    out.text("\n");
    let report = session.report(Question::Why);
    if let Some(verdict) = &report.verdict {
        out.line("KEY_VALUES_STRING: 1\n");
        let mut pair = |key: &str, value: &str| out.line(format!("    Key  : {key}\n    Value: {value}\n"));
        pair("Dumplens.Verdict", &escape::line(&verdict.title));
        pair("Dumplens.Confidence", verdict.confidence.name());
        if let Some(cause) = verdict.cause {
            pair("Dumplens.Cause", cause.name());
        }
    }
    if !verbose {
        out.line("For more information, run !analyze -v, or !why");
    }
    exception(session, at, out)?;
    stack(session, at, out)?;
    if let Some(verdict) = &report.verdict {
        place(verdict.place.as_ref(), session, out);
    }
    out.line("STACK_COMMAND:  .ecxr ; kb\n");
    out.line("Followup:     MachineOwner\n---------");
    Ok(())
}

fn exception(session: &mut Session<'_, '_>, at: At, out: &mut Out<'_>) -> Result<()> {
    let Some(record) = session.event_record() else { return Ok(()) };
    out.line("EXCEPTION_RECORD:  (.exr -1)");
    session.run_list(".exr -1", at.depth + 1, out)?;
    let id = session.process.threads.get(session.event_thread).map_or(0, |thread| thread.id);
    out.line(format!("\nFAULTING_THREAD:  {id:08x}\n"));
    if let Some(program) = session.process.program() {
        let name = last_name(&program.name);
        out.line(format!("PROCESS_NAME:  {}\n", escape::line(name)));
    }
    if let (0xc000_0005, [how, address, ..]) = (record.code, record.parameters.as_slice()) {
        let what = match how {
            1 => "WRITE_ADDRESS",
            8 => "EXECUTE_ADDRESS",
            _ => "READ_ADDRESS",
        };
        out.line(format!("{what}:  {} \n", session.pointer(*address)));
    }
    let name = dumplens_analyzer::nt_status(record.code);
    let name = name
        .as_deref()
        .or(codes::exception(record.code))
        .unwrap_or("<Unable to get error code text>")
        .to_owned();
    out.line(format!("ERROR_CODE: (NTSTATUS) {:#x} - {name}\n", record.code));
    out.line(format!("EXCEPTION_CODE_STR:  {:08x}\n", record.code));
    for (n, parameter) in record.parameters.iter().enumerate().take(4) {
        out.line(format!("EXCEPTION_PARAMETER{}:  {}\n", n + 1, session.pointer(*parameter)));
    }
    Ok(())
}

fn stack(session: &mut Session<'_, '_>, at: At, out: &mut Out<'_>) -> Result<()> {
    let scope = (session.thread, session.context.take());
    session.thread = session.event_thread;
    session.context = session.process.dump.exception_cpu_state();
    out.line("STACK_TEXT:  ");
    let result = session.run_list("kb 40", at.depth + 1, out);
    (session.thread, session.context) = scope;
    out.text("\n");
    result
}

fn place(
    place: Option<&dumplens_analyzer::verdict::BlamedPlace>,
    session: &Session<'_, '_>,
    out: &mut Out<'_>,
) {
    let Some(place) = place else { return };
    let symbol = match &place.function {
        Some(function) => format!("{}!{function}", place.module),
        None => format!("{}+{:#x}", place.module, place.offset.0),
    };
    out.line(format!("SYMBOL_NAME:  {symbol}\n\nMODULE_NAME: {}\n", place.module));
    let image = session.module_named(&place.module).and_then(|n| session.process.modules.get(n));
    if let Some(module) = image {
        out.line(format!("IMAGE_NAME:  {}\n", last_name(&module.name)));
    }
}
