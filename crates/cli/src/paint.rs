//! Colours: what a line of an answer is, by how it begins. Text that is piped has none of them.

use anstyle::{AnsiColor, Style};

const HEADING: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const MARK: Style = AnsiColor::Cyan.on_default();
const WARNING: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// What a text answers, and so what its lines are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Why,
    Stack,
    Heaps,
    Other,
}

/// A text with its colours.
pub(crate) fn text(look: Look, text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut title = look == Look::Why;
    for line in text.split_inclusive('\n') {
        let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
        title = title && !body.starts_with('[');
        match look {
            _ if body.is_empty() => {}
            _ if every(body).is_some() => out += &styled(body, every(body)),
            Look::Why if title => out += &styled(body, Some(HEADING)),
            Look::Why => out += &why(body),
            Look::Stack => out += &stack(body),
            Look::Heaps => out += &heaps(body),
            Look::Other => out += body,
        }
        out += end;
    }
    out
}

/// A row of `regions`: what is free is faint, and the usage has the colour that the page gives it.
pub(crate) fn region(row: &str, usage: &str) -> String {
    let colour = match usage.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "Free" => return styled(row, Some(FAINT)),
        "Image" => AnsiColor::Blue,
        "Heap" => AnsiColor::Yellow,
        "PageHeap" => AnsiColor::Red,
        "Stack" => AnsiColor::Green,
        "TEB" | "PEB" => AnsiColor::Cyan,
        "<unknown>" => AnsiColor::Magenta,
        _ => return row.to_owned(),
    };
    parts(row, row.find(&format!(" {usage}")).map(|at| at + 1), colour.on_default())
}

/// Lines that any answer may have.
fn every(line: &str) -> Option<Style> {
    let begins = |with: &str| line.starts_with(with);
    match line {
        _ if begins("--- ")
            || begins("Count  ")
            || line.trim_start().starts_with("BaseAddr")
            || begins("  ID ") =>
        {
            Some(HEADING)
        }
        _ if begins("------") => Some(FAINT),
        _ if begins("warning: ") || begins("failed: ") => Some(WARNING),
        _ => None,
    }
}

fn why(line: &str) -> String {
    let inner = line.trim_start();
    if inner.starts_with('[') {
        return styled(line, Some(FAINT));
    }
    if !line.starts_with(' ') && line.ends_with(':') {
        return styled(line, Some(HEADING));
    }
    // `Program:    app.exe`, `  1. A sentence.`
    let label = line.find(": ").filter(|_| !line.starts_with(' ')).map(|at| at + 1);
    let number = inner.find(". ").filter(|at| inner[..*at].bytes().all(|b| b.is_ascii_digit()) && *at > 0);
    match label.or(number.map(|at| line.len() - inner.len() + at + 1)) {
        Some(at) => styled(&line[..at], Some(MARK)) + &line[at..],
        None => line.to_owned(),
    }
}

/// Frames are faint up to the call site, and so is how they are known; the first of the program stands out.
fn stack(line: &str) -> String {
    if line.get(4..).is_some_and(|rest| rest.starts_with("  Id: ")) {
        return styled(line, Some(if line.starts_with('#') { BAD } else { HEADING }));
    }
    if line.starts_with("  # ") || line.starts_with("    stopped: ") {
        return styled(line, Some(FAINT));
    }
    let Some((site, blamed)) = site(line) else { return line.to_owned() };
    let trust = line.rfind("  (").filter(|at| *at >= site && line.ends_with(')')).unwrap_or(line.len());
    let name = if blamed { WARNING.bold() } else { Style::new() };
    styled(&line[..site], Some(FAINT))
        + &styled(&line[site..trust], Some(name))
        + &styled(&line[trust..], Some(FAINT))
}

/// Where the call site begins in a frame's row, and whether it is the one that is blamed: `>04 SP RetAddr Site`.
fn site(line: &str) -> Option<(usize, bool)> {
    let blamed = line.starts_with('>');
    let number = line.get(1..)?.split(' ').next()?;
    let is_row = (blamed || line.starts_with(' ')) && number.len() >= 2;
    if !is_row || !number.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    // Three words of no blanks stand before it; of an inline frame the first of them is followed by more.
    let mut at = 1 + number.len();
    for _ in 0..2 {
        at += line.get(at..)?.len() - line.get(at..)?.trim_start_matches(' ').len();
        at += line.get(at..)?.find(' ')?;
    }
    Some((at + 1, blamed))
}

fn heaps(line: &str) -> String {
    match line {
        _ if line.starts_with("Heap ") && line.ends_with(':') => styled(line, Some(HEADING)),
        _ if line.starts_with("  at 0x") => styled(line, Some(WARNING)),
        _ if line.ends_with("  no") => parts(line, Some(line.len() - 2), BAD),
        _ => line.to_owned(),
    }
}

/// A line whose end has a style.
fn parts(line: &str, from: Option<usize>, style: Style) -> String {
    match from.and_then(|at| line.split_at_checked(at)) {
        Some((before, after)) => before.to_owned() + &styled(after, Some(style)),
        None => line.to_owned(),
    }
}

fn styled(text: &str, style: Option<Style>) -> String {
    match style.filter(|style| !style.is_plain() && !text.is_empty()) {
        Some(style) => format!("{style}{text}{style:#}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is between marks of the terminal.
    fn spans(text: &str) -> Vec<&str> {
        text.split('\u{1b}').skip(1).filter_map(|part| part.split_once('m')).map(|(_, text)| text).collect()
    }

    fn bare(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn colours_change_no_character() {
        let answer = "A title\nof two lines.\n[kind, cause, confidence high]\n\nProgram:    app.exe\n  1. A step.\n\
                      \x20      what()   bad\n     [id, confidence low]   WinDbg: !gle\n\nWhat to do:\n  - This: that.\n";
        let painted = text(Look::Why, answer);
        assert_eq!(bare(&painted), answer);
        let spans = spans(&painted);
        for part in
            ["A title", "of two lines.", "[kind, cause, confidence high]", "Program:", "  1.", "What to do:"]
        {
            assert!(spans.contains(&part), "{part}: {painted:?}");
        }
    }

    #[test]
    fn the_frame_to_blame_stands_out() {
        let rows = "#  0  Id: 120\n  # StackPtr RetAddr  Call Site\n 00 0194dad0 00c8cebd a!b+0x48  (nearest export)\n\
                    >04 0194db88 004310ad cmake+0x3012c  (frame_pointer)\n 05 (Inline) -------- c!d\n    stopped: end\n";
        let painted = text(Look::Stack, rows);
        assert_eq!(bare(&painted), rows);
        assert!(spans(&painted).contains(&"cmake+0x3012c"), "{painted:?}");
        let of = |line: &str| site(line).map(|(at, blamed)| (line[at..].to_owned(), blamed));
        assert_eq!(of(" 05 (Inline) -------- c!d"), Some(("c!d".to_owned(), false)));
        assert_eq!(of(">04 0194db88 004310ad x"), Some(("x".to_owned(), true)));
        assert_eq!(of("    the same stack: ~1 Id 5"), None);
    }

    #[test]
    fn a_region_has_the_colour_of_its_usage() {
        let row = "    110000   112000     2000 MEM_IMAGE MEM_COMMIT  PAGE_READONLY    Image      [app]";
        let painted = region(row, "Image");
        assert_eq!(bare(&painted), row);
        assert_eq!(spans(&painted)[0], "Image      [app]");
        assert_eq!(spans(&region("  0  x  Free", "Free"))[0], "  0  x  Free");
    }
}
