//! Settings: those that change something, and those that scripts set and that must not fail.

use super::{At, Command};
use crate::error::{Result, SYNTAX, caret};
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".lines", ".lines [-e|-d|-t]", "whether `k` shows source files and lines", lines),
    Command::new(".asm", ".asm [no_code_bytes]", "how code is shown", asm),
    Command::new(".asm-", "", "", asm_off),
    Command::new(".symopt", ".symopt, .symopt+, .symopt-", "options of symbols", symopt),
    Command::new(".symopt+", "", "", symopt_on),
    Command::new(".symopt-", "", "", symopt_off),
    Command::new(
        ".sympath",
        ".sympath, .symfix, .exepath, .srcpath",
        "paths; symbols are looked for where the command line said",
        sympath,
    ),
    Command::new(".sympath+", "", "", sympath),
    Command::new(".symfix", "", "", nothing),
    Command::new(".symfix+", "", "", nothing),
    Command::new(".exepath", "", "", nothing),
    Command::new(".exepath+", "", "", nothing),
    Command::new(".srcpath", "", "", srcpath),
    Command::new(".srcpath+", "", "", srcpath),
    Command::new(".srcfix", "", "", srcfix),
    Command::new(".reload", ".reload [/f] [/u MODULE]", "forgets what was read of symbols", reload),
    Command::new(".load", ".load, .loadby, .unload, .chain", "there are no other extensions", load),
    Command::new(".loadby", "", "", loadby),
    Command::new(".unload", "", "", unload),
    Command::new(".chain", "", "", chain),
    Command::new(".extpath", "", "", nothing),
    Command::new(".prefer_dml", ".prefer_dml [0|1]", "for scripts: text has no links here", prefer_dml),
    Command::new(".pcmd", ".pcmd [-s \"COMMANDS\"] [-c]", "commands before each prompt", pcmd),
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
    Command::new(".help", ".help", "the commands", help),
    Command::new(".logfile", ".logopen FILE, .logclose, .logfile", "a copy of what is printed", logfile),
    Command::new(".logopen", "", "", logopen),
    Command::new(".logappend", "", "", logopen),
    Command::new(".logclose", "", "", logclose),
    Command::new("sx", "sx, sxe, sxd, sxi, sxn", "for scripts: a dump has no events to come", sx),
    Command::new("l+", "", "", nothing),
    Command::new("l-", "", "", nothing),
    Command::new("ls", "", "", nothing),
    Command::new("o", "", "", bad),
];

fn nothing(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    line.quoted_rest();
    Ok(())
}

fn bad(_: &mut Session<'_, '_>, line: &mut Line, _: At, _: &mut Out<'_>) -> Result<()> {
    caret(SYNTAX, line.pos)
}

fn lines(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let lines = match line.rest().as_str() {
        "-e" => true,
        "-d" => false,
        _ => !session.lines,
    };
    if lines != session.lines {
        session.lines = lines;
        // Symbols are read anew; what was seen of the images stays known.
        session.touched.append(&mut session.loaded);
    }
    out.line(if session.lines {
        "Line number information will be loaded"
    } else {
        "Line number information will not be loaded"
    });
    Ok(())
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

fn symopt(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if !line.is_end() {
        session.symbol_options = (expr::number(session, line)? & 0xffff_ffff) as u32;
    }
    told_symopt(session, out);
    Ok(())
}

fn symopt_on(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    session.symbol_options |= (expr::number(session, line)? & 0xffff_ffff) as u32;
    told_symopt(session, out);
    Ok(())
}

fn symopt_off(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    session.symbol_options &= !((expr::number(session, line)? & 0xffff_ffff) as u32);
    told_symopt(session, out);
    Ok(())
}

/// `SYMOPT_*` of dbghelp.h.
fn told_symopt(session: &Session<'_, '_>, out: &mut Out<'_>) {
    const NAMES: [(u32, &str); 24] = [
        (0x1, "CASE_INSENSITIVE"),
        (0x2, "UNDNAME"),
        (0x4, "DEFERRED_LOADS"),
        (0x8, "NO_CPP"),
        (0x10, "LOAD_LINES"),
        (0x20, "OMAP_FIND_NEAREST"),
        (0x40, "LOAD_ANYTHING"),
        (0x80, "IGNORE_CVREC"),
        (0x100, "NO_UNQUALIFIED_LOADS"),
        (0x200, "FAIL_CRITICAL_ERRORS"),
        (0x400, "EXACT_SYMBOLS"),
        (0x800, "ALLOW_ABSOLUTE_SYMBOLS"),
        (0x1000, "IGNORE_NT_SYMPATH"),
        (0x2000, "INCLUDE_32BIT_MODULES"),
        (0x4000, "PUBLICS_ONLY"),
        (0x8000, "NO_PUBLICS"),
        (0x1_0000, "AUTO_PUBLICS"),
        (0x2_0000, "NO_IMAGE_SEARCH"),
        (0x4_0000, "SECURE"),
        (0x8_0000, "NO_PROMPTS"),
        (0x10_0000, "OVERWRITE"),
        (0x20_0000, "IGNORE_IMAGEDIR"),
        (0x40_0000, "FLAT_DIRECTORY"),
        (0x8000_0000, "DEBUG"),
    ];
    let set = session.symbol_options;
    out.line(format!("Symbol options are {set:#X}:").replace("0X", "0x"));
    for (bit, name) in NAMES.iter().filter(|(bit, _)| set & bit != 0) {
        out.line(format!("  0x{bit:08x} - SYMOPT_{name}"));
    }
}

fn sympath(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.line(format!("Symbol search path is: {}", session.options.symbol_path));
    out.line(format!("Expanded Symbol search path is: {}", session.options.symbol_path.to_lowercase()));
    Ok(())
}

fn srcpath(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let path = line.rest();
    out.line(format!("Source search path is: {}", if path.is_empty() { "<empty>" } else { &path }));
    Ok(())
}

fn srcfix(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.line("Source search path is: SRV*");
    Ok(())
}

fn reload(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let words: Vec<String> = line.rest().split_whitespace().map(str::to_owned).collect();
    let name = words.iter().find(|word| !word.starts_with('/'));
    if words.iter().any(|word| word == "/u") {
        if let Some(index) = name.and_then(|name| session.module_named(name)) {
            session.unloaded.insert(index);
            out.line(format!("Unloaded {}", session.module_name(index)));
        }
        return Ok(());
    }
    if let Some(name) = name {
        let known = session
            .process
            .modules
            .iter()
            .any(|m| super::modules::file_name(&m.name).eq_ignore_ascii_case(name));
        if !known {
            let zero = session.address(0);
            out.line(format!("\n\"{name}\" was not found in the image list.\nDebugger will attempt to load \"{name}\" at given base {zero}.\n"));
            out.line("Please provide the full image name, including the extension (i.e. kernel32.dll)\nfor more reliable results.Base address and size overrides can be given as\n.reload <image.ext>=<base>,<size>.");
            out.line(format!("Unable to add module at {zero}"));
        }
        return Ok(());
    }
    session.unloaded.clear();
    session.loaded.clear();
    session.touched.clear();
    if words.iter().any(|word| word.eq_ignore_ascii_case("/f")) {
        session.loaded.extend(0..session.process.modules.len());
    } else {
        session.load_first();
    }
    let count = session.process.modules.len();
    for line in 0..count.div_ceil(64) {
        out.line(".".repeat((count - line * 64).min(64)));
    }
    Ok(())
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

fn logfile(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    match &session.log_name {
        Some(name) => out.line(format!("Current log file is '{name}'")),
        None => out.line("No log file open"),
    }
    Ok(())
}

/// The one file that a session writes: it was named by the user, and a file that is there is not written over.
fn logopen(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    let append = line.text.get(at.begin + 4).is_some_and(|c| c.eq_ignore_ascii_case(&b'a'));
    let name = line.quoted_rest();
    let name =
        name.split_whitespace().find(|word| !word.starts_with("/t")).unwrap_or("dbgeng.log").to_owned();
    let mut options = std::fs::OpenOptions::new();
    if append {
        options.append(true).create(true)
    } else {
        options.write(true).create_new(true)
    };
    match options.open(name.trim_matches('"')) {
        Ok(file) => {
            out.log = Some(Box::new(file));
            out.line(format!("Opened log file '{name}'"));
            session.log_name = Some(name);
        }
        Err(_) => out.line(format!("Unable to open log file '{name}'")),
    }
    Ok(())
}

fn logclose(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    match session.log_name.take() {
        Some(name) => out.line(format!("Closing open log file {name}")),
        None => out.line("No log file open"),
    }
    out.log = None;
    Ok(())
}

fn sx(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    if line.is_end() {
        out.text(crate::events::TABLE);
    } else {
        line.quoted_rest();
    }
    Ok(())
}
