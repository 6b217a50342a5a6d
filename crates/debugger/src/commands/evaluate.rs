//! `?`, `??`, `.formats`, `n`, `.expr`.

use std::fmt::Write as _;

use super::{At, Command};
use crate::error::{Error, Result, SYNTAX, Stop, caret};
use crate::expr;
use crate::line::Line;
use crate::numbers::general;
use crate::out::Out;
use crate::session::{Evaluator, Session, ticked};
use crate::{clock, help};

pub(super) const COMMANDS: &[Command] = &[
    Command::new("?", "? EXPRESSION", "evaluates an expression, shown as decimal and hex", evaluate),
    Command::new("??", "?? EXPRESSION", "evaluates a C++ expression, shown with its type", evaluate_cpp),
    Command::new(
        ".formats",
        ".formats EXPRESSION",
        "a number in all formats: also as text, time and floating point",
        formats,
    ),
    Command::new("n", "n [8|10|16]", "sets the radix of numbers", radix),
    Command::new(".expr", ".expr [/s masm|c++] [/q]", "sets which kind of expression `?` takes", evaluator),
];

/// A number as `?` has it: of a 32-bit target as 32 bits if it fits.
fn shown(session: &Session<'_, '_>, value: u64) -> (i64, String) {
    let high = value >> 32;
    if session.x86 && (high == 0 || value.cast_signed() >> 31 == -1) {
        let low = (value & 0xffff_ffff) as u32;
        return (i64::from(low.cast_signed()), format!("{low:08x}"));
    }
    (value.cast_signed(), ticked(value))
}

fn evaluate(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if line.is_end() {
        help::print(out);
        return Ok(());
    }
    let value = expr::number(session, line)?;
    let (decimal, hex) = shown(session, value);
    out.line(format!("Evaluate expression: {decimal} = {hex}"));
    Ok(())
}

fn evaluate_cpp(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let whole = line.between(line.pos, line.text.len());
    for (name, kind) in [("@$teb", "nt!_TEB"), ("@$peb", "nt!_PEB")] {
        // A TEB or PEB that is not known is an error of the register, below.
        if !whole.starts_with(name) || session.pseudo(&name[2..]).is_none() {
            continue;
        }
        missing_type(kind, out);
        if let Some(member) = whole[name.len()..].strip_prefix("->") {
            line.pos = line.text.len();
            let text = format!("Type does not have given member error at '{member}'");
            return Err(Stop::Error(Error::Plain(text)));
        }
    }
    let value = expr::typed(session, line)?;
    out.line(value.shown(session.x86));
    // A pointer to bytes is shown with its text.
    if let Some(address) = value.to_bytes()
        && !session.options.no_memory
    {
        match text_at(session, address) {
            Some(text) => out.line(format!(" \"{text}\"")),
            None => {
                out.line(format!(" \"--- memory read error at address 0x{} ---\"", session.address(address)));
            }
        }
    }
    Ok(())
}

/// Text up to a NUL; at the first character that is not ASCII text it ends in `???`.
fn text_at(session: &Session<'_, '_>, address: u64) -> Option<String> {
    let have = session.memory.available(address, 128);
    let bytes = session.memory.bytes(address, have.max(1)).ok()?;
    let text: String =
        bytes.iter().take_while(|b| (0x20..0x7f).contains(*b)).map(|b| char::from(*b)).collect();
    let ends = bytes.get(text.len()).is_none_or(|b| *b == 0);
    Some(if ends { text } else { text + "???" })
}

/// The box that tells of a type without symbols.
pub(crate) fn missing_type(name: &str, out: &mut Out<'_>) {
    const TEXT: [&str; 22] = [
        "",
        "",
        "Either you specified an unqualified symbol, or your debugger",
        "doesn't have full symbol information.  Unqualified symbol",
        "resolution is turned off by default. Please either specify a",
        "fully qualified symbol module!symbolname, or enable resolution",
        "of unqualified symbols by typing \".symopt- 100\". Note that",
        "enabling unqualified symbol resolution with network symbol",
        "server shares in the symbol path may cause the debugger to",
        "appear to hang for long periods of time when an incorrect",
        "symbol name is typed or the network symbol server is down.",
        "",
        "For some commands to work properly, your symbol path",
        "must point to .pdb files that have full type information.",
        "",
        "Certain .pdb files (such as the public OS symbols) do not",
        "contain the required information.  Contact the group that",
        "provided you with these symbols if you need this command to",
        "work.",
        "",
        "Type referenced: ",
        "",
    ];
    let stars = "*".repeat(73);
    out.line(&stars);
    for text in TEXT {
        let text = if text.starts_with("Type") { format!("{text}{name}") } else { text.to_owned() };
        out.line(format!("***    {text:<63}***"));
    }
    out.line(&stars);
}

fn formats(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    // Floating point is that of all 64 bits.
    let whole = expr::number(session, line)?;
    let value = whole;
    let (decimal, hex) = shown(session, value);
    let narrow = session.x86 && hex.len() == 8;
    let bytes = if narrow { 4 } else { 8 };
    let value = if narrow { value & 0xffff_ffff } else { value };
    let big_endian = &value.to_be_bytes()[8 - bytes..];
    let mut text = format!("Evaluate expression:\n  Hex:     {hex}\n  Decimal: {decimal}\n");
    let octal = if narrow { format!("{value:011o}") } else { format!("{value:022o}") };
    let binary: Vec<String> = big_endian.iter().map(|b| format!("{b:08b}")).collect();
    let chars: String = big_endian.iter().map(|b| character(*b)).collect();
    let _ = writeln!(text, "  Octal:   {octal}\n  Binary:  {}\n  Chars:   {chars}", binary.join(" "));
    let _ = writeln!(text, "  Time:    {}", time(value));
    let single = |bits: u64| general(f64::from(f32::from_bits((bits & 0xffff_ffff) as u32)), 0, 6);
    let _ = writeln!(text, "  Float:   low {} high {}", single(whole), single(whole >> 32));
    let _ = writeln!(text, "  Double:  {}", general(f64::from_bits(whole), 0, 6));
    out.text(&text);
    Ok(())
}

fn character(byte: u8) -> char {
    if (0x20..0x80).contains(&byte) { char::from(byte) } else { '.' }
}

fn time(value: u64) -> String {
    match value {
        0 => "unavailable".into(),
        1..=0x7fff_ffff => clock::time_t(value as u32),
        0x8000_0000..=0xffff_ffff => "***** Invalid".into(),
        // A negative time_t.
        _ if i32::try_from(value.cast_signed()).is_ok() => "***** Invalid".into(),
        _ => clock::file_time(value, 0).unwrap_or_else(|| "***** Invalid FILETIME".into()),
    }
}

fn radix(session: &mut Session<'_, '_>, line: &mut Line, at: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let begin = line.pos;
    match line.word().as_str() {
        "" => {}
        "8" => session.radix = 8,
        "10" => session.radix = 10,
        "16" => session.radix = 16,
        _ => return caret(SYNTAX, begin.max(at.begin + 2)),
    }
    out.line(format!("base is {}", session.radix));
    Ok(())
}

fn evaluator(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    const MASM: &str = "MASM - Microsoft Assembler expressions";
    const CPP: &str = "C++ - C++ source expressions";
    let words = line.rest().to_ascii_lowercase();
    if words.contains("/q") {
        out.line(format!("Available expression evaluators:\n{MASM}\n{CPP}\n"));
    }
    if words.contains("c++") {
        session.evaluator = Evaluator::CPlusPlus;
    } else if words.contains("masm") {
        session.evaluator = Evaluator::Masm;
    }
    let name = if session.evaluator == Evaluator::Masm { MASM } else { CPP };
    out.line(format!("Current expression evaluator: {name}"));
    Ok(())
}
