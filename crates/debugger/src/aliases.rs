//! `as`, `aS`, `ad`, `al`: aliases: names that are replaced by text.

use std::collections::BTreeMap;

/// Bytes that a line may grow to by its aliases.
const LONGEST: usize = 1 << 20;

#[derive(Debug, Clone, Default)]
pub(crate) struct Aliases {
    all: BTreeMap<String, String>,
}

impl Aliases {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if self.all.len() < 10_000 {
            self.all.insert(name.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.all.remove(name).is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.all.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A line with its aliases replaced: whole words, and `${name}` everywhere.
    pub(crate) fn replaced(&self, line: &str) -> String {
        if self.all.is_empty() || is_exempt(line) {
            return line.to_owned();
        }
        replaced(line, &|name| self.all.get(name).map(String::as_str))
    }
}

/// The commands that take the names of aliases themselves.
fn is_exempt(line: &str) -> bool {
    let line = line.trim_start();
    ["as ", "aS ", "ad ", "al"].iter().any(|command| line.starts_with(command))
}

/// A text in which words that `value` knows, and such words in `${…}`, are replaced.
pub(crate) fn replaced<'v>(text: &str, value: &dyn Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() && out.len() < LONGEST {
        if let Some(inside) = rest.strip_prefix("${")
            && let Some((name, behind)) = inside.split_once('}')
            && let Some(value) = value(name)
        {
            out.push_str(value);
            rest = behind;
            continue;
        }
        let length = rest.find(|c: char| c.is_ascii_whitespace() || c == ';').unwrap_or(rest.len());
        if length == 0 {
            let c = rest.chars().next().unwrap_or(' ');
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let word = &rest[..length];
        // What stands in front of `${` is no word.
        let (word, inner) = match word.find("${") {
            Some(0) => ("${", true),
            Some(at) => (&word[..at], true),
            None => (word, false),
        };
        match value(word).filter(|_| !inner) {
            Some(value) => out.push_str(value),
            None => out.push_str(word),
        }
        rest = &rest[word.len()..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_and_braces() {
        let mut aliases = Aliases::default();
        aliases.set("v", "5");
        assert_eq!(aliases.replaced(".echo v [v] [ v ] ${v} x${v}y vv"), ".echo 5 [v] [ 5 ] 5 x5y vv");
        assert_eq!(aliases.replaced("ad v"), "ad v");
        assert_eq!(aliases.replaced(".echo ${w}"), ".echo ${w}");
    }
}
