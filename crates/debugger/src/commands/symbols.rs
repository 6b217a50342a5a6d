//! `.symopt`, `.sympath`, `.reload`, `.lines`: what is read of symbols.

use super::settings::nothing;
use super::{At, Command};
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;
use dumplens_core::last_name;

pub(super) const COMMANDS: &[Command] = &[
    Command::new(".lines", ".lines [-e|-d|-t]", "whether `k` shows source files and lines", lines),
    Command::new(".symopt", ".symopt, .symopt+, .symopt-", "symbol options", symopt),
    Command::new(".symopt+", "", "", symopt_on),
    Command::new(".symopt-", "", "", symopt_off),
    Command::new(
        ".sympath",
        ".sympath, .symfix, .exepath, .srcpath",
        "shows the paths, which the command line sets",
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
    Command::new(".reload", ".reload [/f] [/u MODULE]", "reads symbols again", reload),
];

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
        let known = session.process.modules.iter().any(|m| last_name(&m.name).eq_ignore_ascii_case(name));
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
        // Of a WOW64 process too, which begins without.
        session.loaded.extend(session.module_named("ntdll"));
    }
    let count = session.process.modules.len();
    for line in 0..count.div_ceil(64) {
        out.line(".".repeat((count - line * 64).min(64)));
    }
    Ok(())
}
