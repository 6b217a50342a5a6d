//! Keeps strings out of a dump from acting on a terminal or on a reader.

/// Whether a character does something instead of being something: controls (C0, DEL, C1 with its 8-bit CSI),
/// line separators, directional overrides and isolates, invisible characters, and tag characters.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line that is safe to show: unsafe characters become `\u{…}`, and so does the backslash of a text that
/// would otherwise look like one.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else if rest.starts_with("\\u{") {
            out.push_str("\\u{5c}"); // and the rest, `u{`, follows as it is
        } else {
            out.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// As [`line()`], for a text of several lines: each is made safe, empty ones at the end are dropped.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split('\n').map(|l| line(l.strip_suffix('\r').unwrap_or(l))).collect();
    while lines.last().is_some_and(|l| l.trim().is_empty()) {
        lines.pop();
    }
    lines.drain(..).skip_while(|l| l.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(line("a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(line("exe.\u{202e}cod"), "exe.\\u{202e}cod");
        assert_eq!(line("two\nlines"), "two\\u{a}lines");
        assert_eq!(line("C:\\Users\\ä\\日本.exe"), "C:\\Users\\ä\\日本.exe");
    }

    #[test]
    fn an_escape_cannot_be_forged() {
        assert_eq!(line("\\u{1b}"), "\\u{5c}u{1b}");
        assert_eq!(line("C:\\users"), "C:\\users");
    }

    #[test]
    fn comments_keep_their_lines() {
        assert_eq!(
            lines("\r\n*** procdump -ma 1\r\n*** Manual dump\r\n"),
            ["*** procdump -ma 1", "*** Manual dump"]
        );
    }
}
