//! `.printf`.

use super::{At, Command};
use crate::error::{Error, Result, Stop, caret};
use crate::expr;
use crate::line::Line;
use crate::numbers::{general, scientific};
use crate::out::Out;
use crate::session::Session;
use crate::strings;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    ".printf",
    ".printf \"FORMAT\", ARGUMENTS",
    "formatted text: %d %u %x %p %I64x %c, %ma and %mu for text in memory, %y for symbols",
    printf,
)];

/// Characters of one field.
const WIDEST: usize = 1024;

/// One conversion: `%-08I64x`.
#[derive(Debug, Clone, Default)]
struct Field {
    left: bool,
    zeros: bool,
    prefix: bool,
    width: usize,
    precision: Option<usize>,
    wide: bool,
    letters: String,
}

fn printf(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    if line.peek() == b'/' {
        line.word();
        line.blanks();
    }
    let begin = line.pos;
    let Some(raw) = line.string() else { return caret("Quotes required in", begin) };
    let text = unescaped(&raw);
    let behind = line.pos;
    // Errors quote the list up to the string's end, as the engine has changed it by then.
    let fail = |text_of: &'static str, consumed: usize, line: &mut Line| {
        let mut list = line.text.get(..=begin).unwrap_or_default().to_vec();
        list.extend_from_slice(text.as_bytes());
        line.text = list;
        line.end = line.text.len();
        Err(Stop::Error(Error::Caret { text: text_of, consumed, until: None }))
    };
    let pieces = split(&text);
    let mut arguments = Vec::new();
    for field in pieces.iter().filter_map(|piece| piece.as_ref().err()) {
        if field.letters == "s" {
            return fail("Unsupported format type in", behind, line);
        }
        line.blanks();
        if !line.take(b',') {
            return fail("Comma expected in", line.pos, line);
        }
        arguments.push(expr::number(session, line)?);
    }
    let mut arguments = arguments.into_iter();
    let mut shown = String::new();
    for piece in pieces {
        match piece {
            Ok(text) => shown.push_str(&text),
            Err(field) => {
                if let Some(text) = conversion(session, &field, arguments.next().unwrap_or(0)) {
                    shown.push_str(&padded(&field, &text));
                } else {
                    out.text(&shown);
                    return fail("Unknown format control character", line.pos, line);
                }
            }
        }
    }
    out.text(&if raw_is_dml(line) { without_tags(&shown) } else { shown });
    Ok(())
}

/// `/D`: text with tags.
fn raw_is_dml(line: &Line) -> bool {
    String::from_utf8_lossy(&line.text).contains(".printf /D")
}

fn without_tags(text: &str) -> String {
    let (mut out, mut inside) = (String::new(), false);
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

/// Text and conversions, in turn.
fn split(text: &str) -> Vec<std::result::Result<String, Field>> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            plain.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            plain.push('%');
            continue;
        }
        let mut field = Field::default();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0' | '#' | '+' | ' ')) {
            field.left |= flag == '-';
            field.zeros |= flag == '0';
            field.prefix |= flag == '#';
        }
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            field.width = (field.width * 10 + digit as usize - '0' as usize).min(WIDEST);
        }
        if chars.next_if_eq(&'.').is_some() {
            let mut precision = 0;
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                precision = (precision * 10 + digit as usize - '0' as usize).min(WIDEST);
            }
            field.precision = Some(precision);
        }
        let rest: String = chars.clone().take(3).collect();
        if rest == "I64" {
            field.wide = true;
            chars.nth(2);
        }
        while chars.next_if(|c| matches!(c, 'l' | 'h' | 'w')).is_some() {}
        let Some(letter) = chars.next() else { break };
        field.letters.push(letter);
        if matches!(letter, 'm' | 'a' | 'i' | 'o') && letter == 'm' {
            field.letters.extend(chars.next());
        }
        if !plain.is_empty() {
            pieces.push(Ok(std::mem::take(&mut plain)));
        }
        pieces.push(Err(field));
    }
    if !plain.is_empty() {
        pieces.push(Ok(plain));
    }
    pieces
}

/// The text of an argument; `None` for a letter that means nothing.
fn conversion(session: &mut Session<'_, '_>, field: &Field, value: u64) -> Option<String> {
    let low = (value & 0xffff_ffff) as u32;
    let of = |wide: u64| if field.wide { wide } else { u64::from(low) };
    Some(match field.letters.as_str() {
        "d" | "i" if field.wide => format!("{}", value.cast_signed()),
        "d" | "i" => format!("{}", low.cast_signed()),
        "u" => format!("{}", of(value)),
        "x" => format!("{}{:x}", if field.prefix { "0x" } else { "" }, of(value)),
        "X" => format!("{}{:X}", if field.prefix { "0X" } else { "" }, of(value)),
        "o" => format!("{:o}", of(value)),
        // A width takes the place of the leading zeros.
        "p" if field.width > 0 => format!("{:x}", session.normal(value)),
        "p" => session.pointer(value),
        "N" => format!("{value:016x}"),
        "c" | "C" => char::from(u8::try_from(value & 0xff).unwrap_or(b'?')).to_string(),
        "e" => scientific(f64::from_bits(value), field.precision.unwrap_or(6)),
        "g" => general(f64::from_bits(value), 0, field.precision.unwrap_or(6)),
        "f" => format!("{:.*}", field.precision.unwrap_or(6), f64::from_bits(value)),
        "ma" | "mu" if session.options.no_memory => String::new(),
        "ma" | "mu" => {
            let wide = field.letters == "mu";
            let unread = if session.is_full() { "<HRESULT 0x80004002>" } else { "<Win32 error 0n30>" };
            strings::raw(session, value, wide).unwrap_or_else(|| unread.into())
        }
        "y" => match session.site(value) {
            Some(site) => format!("{site} ({})", session.address(value)),
            None => session.address(value),
        },
        _ => return None,
    })
}

fn padded(field: &Field, text: &str) -> String {
    let width = field.width;
    if field.left {
        return format!("{text:<width$}");
    }
    if field.zeros && matches!(field.letters.as_str(), "d" | "i" | "u" | "x" | "X" | "o" | "p") {
        let digits = text.trim_start_matches('-');
        let sign = &text[..text.len() - digits.len()];
        return format!("{sign}{digits:0>width$}", width = width.saturating_sub(sign.len()));
    }
    format!("{text:>width$}")
}
