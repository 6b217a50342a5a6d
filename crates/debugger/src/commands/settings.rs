//! Settings: those that change something, and those that scripts set and that must not fail.

use super::{At, Command};
use crate::error::{Result, SYNTAX, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".asm", ".asm [no_code_bytes]", "sets how instructions are shown", asm),
    Command::new(".asm-", "", "", asm_off),
    Command::new(".load", ".load, .loadby, .unload, .chain", "there are no other extensions", load),
    Command::new(".loadby", "", "", loadby),
    Command::new(".unload", "", "", unload),
    Command::new(".chain", "", "", chain),
    Command::new(".extpath", "", "", nothing),
    Command::new(
        ".prefer_dml",
        ".prefer_dml [0|1]",
        "accepted for scripts: the output has no links",
        prefer_dml,
    ),
    Command::new(".pcmd", ".pcmd [-s \"COMMANDS\"] [-c]", "sets commands to run before each prompt", pcmd),
    Command::new(".echotimestamps", "", "", timestamps),
    Command::new(".noshell", "", "", noshell),
    Command::new(".noversion", "", "", noversion),
    Command::new(".enable_unicode", "", "", needs_number),
    Command::new(".enable_long_status", "", "", needs_number),
    Command::new(".force_radix_output", "", "", needs_number),
    Command::new(".ignore_missing_pages", "", "", missing_pages),
    Command::new(".typeopt", "", "", typeopt),
    Command::new(".step_filter", "", "", step_filter),
    Command::new(".cordll", "", "", cordll),
    Command::new(".cls", "", "", nothing),
    Command::new(".hh", "", "", nothing),
    Command::new(".sleep", "", "", nothing),
    Command::new(".locale", "", "", locale),
    Command::new(".srcnoisy", "", "", srcnoisy),
    Command::new(".scriptlist", "", "", scriptlist),
    Command::new(".help", ".help", "lists the commands", help),
    Command::new("sx", "sx, sxe, sxd, sxi, sxn", "accepted for scripts: a dump has no events", sx),
    Command::new("l+", "", "", nothing),
    Command::new("l-", "", "", nothing),
    Command::new("ls", "", "", nothing),
    Command::new("o", "", "", bad),
];

pub(super) fn nothing(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    line.quoted_rest();
    Ok(())
}

fn bad(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    caret(SYNTAX, line.pos)
}

fn asm(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if line.rest().contains("no_code_bytes") {
        session.code_bytes = false;
    }
    told_asm(session, out);
    Ok(())
}

fn asm_off(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if line.rest().contains("no_code_bytes") {
        session.code_bytes = true;
    }
    told_asm(session, out);
    Ok(())
}

fn told_asm(session: &Session<'_, '_>, out: &mut Out<'_>) {
    let options = if session.code_bytes { "<default>" } else { "no_code_bytes" };
    out.line(format!("Assembly options: {options}"));
}

fn load(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let name = line.rest();
    if name.is_empty() {
        out.line("No extension DLL name provided");
        return Ok(());
    }
    out.line(format!("The call to LoadLibrary({name}) failed, Win32 error 0n2\n    \"File not found.\""));
    out.line("Please check your debugger configuration and/or network access.");
    Ok(())
}

fn loadby(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let words = line.rest();
    let module = words.split_whitespace().nth(1).unwrap_or_default().to_owned();
    if session.module_named(&module).is_none() {
        out.line(format!("Unable to find module '{module}'"));
        return Ok(());
    }
    let mut name = Line::new(words.split_whitespace().next().unwrap_or_default());
    load(session, &mut name, at, out)
}

fn unload(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let name = line.rest();
    out.line(if name.is_empty() {
        "Unloading dbghelp extension DLL".to_owned()
    } else {
        format!("No extension named '{name}' in chain")
    });
    Ok(())
}

fn chain(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.line("Extension DLL search Path:\n    \nExtension DLL chain:\n    dumplens: built in");
    Ok(())
}

fn prefer_dml(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if !line.is_end() {
        session.dml = expr::number(session, line)? != 0;
    }
    out.line(if session.dml {
        "DML versions of commands on by default"
    } else {
        "DML versions of commands off by default"
    });
    Ok(())
}

fn pcmd(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let option = line.word();
    line.blanks();
    match option.as_str() {
        "-s" => {
            let commands = if line.peek() == b'"' { line.string().unwrap_or_default() } else { line.rest() };
            session.prompt_command = Some(commands);
            out.line("Set prompt command");
        }
        "-c" => {
            session.prompt_command = None;
            out.line("Clearing prompt command");
        }
        _ => {}
    }
    match &session.prompt_command {
        Some(commands) => out.line(format!("Per-prompt command is '{commands}'")),
        None => out.line("No per-prompt command"),
    }
    Ok(())
}

fn timestamps(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    session.timestamps = !session.timestamps;
    let how = if session.timestamps { "enabled" } else { "disabled" };
    out.line(format!("Event timestamps are now {how}"));
    Ok(())
}

/// A setting that only prints.
macro_rules! prints {
    ($name:ident, $text:expr) => {
        fn $name(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
            line.rest();
            out.line($text);
            Ok(())
        }
    };
}

prints!(noshell, "Shell commands disabled");
prints!(noversion, "Extension DLL system version checking is disabled");
prints!(missing_pages, "Display kernel summary dump missing page error message");
prints!(typeopt, "Type options : (0x1)  uni\n  0x00000001 - TYPEOPTS_UNICODE_DISPLAY");
prints!(step_filter, "Step filtering disabled");
prints!(cordll, "CLR DLL status: No load attempts");
prints!(locale, "Locale: C");
prints!(scriptlist, "Command Loaded Scripts:\n    <None Loaded>");
prints!(
    srcnoisy,
    "Noisy source output: off\nNoisy source server output: off\nFilter out everything but source server output: on"
);

fn help(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let pattern = line.rest();
    if pattern.is_empty() {
        crate::help::print(out);
        return Ok(());
    }
    out.line(format!(". commands matching {pattern}:\n"));
    out.line("Use \".hh <command>\" or open debugger.chm in the debuggers directory to get\ndetailed documentation on a command.\n");
    Ok(())
}

fn needs_number(session: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    expr::number(session, line).map(|_| ())
}

fn sx(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if line.is_end() {
        out.text(crate::events::TABLE);
    } else {
        line.quoted_rest();
    }
    Ok(())
}
