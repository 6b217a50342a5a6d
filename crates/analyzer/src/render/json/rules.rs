//! The two rules for everything that is printed, and the way back.

use std::io::{self, Write};

use serde_json::Value;
use serde_json::ser::Formatter;

use crate::render::escape;

/// The largest integer that a JSON reader working with doubles keeps.
const MOST_EXACT: u64 = 1 << 53;

/// Another formatter, with the two rules.
pub(super) struct Rules<F> {
    inner: F,
    /// The key being written, or written last.
    key: String,
    in_key: bool,
}

impl<F> Rules<F> {
    pub(super) fn new(inner: F) -> Rules<F> {
        Rules { inner, key: String::new(), in_key: false }
    }
}

impl<F: Formatter> Formatter for Rules<F> {
    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        if value <= MOST_EXACT {
            return self.inner.write_u64(writer, value);
        }
        self.inner.write_null(writer)?;
        self.inner.end_object_value(writer)?;
        self.inner.begin_object_key(writer, false)?;
        write!(writer, "\"{}\"", hex_key(&self.key))?;
        self.inner.end_object_key(writer)?;
        self.inner.begin_object_value(writer)?;
        write!(writer, "\"{value:#x}\"")
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.in_key {
            self.key.push_str(fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(escape::is_unsafe) {
            let (safe, from) = rest.split_at(at);
            writer.write_all(safe.as_bytes())?;
            let mut chars = from.chars();
            for unit in chars.next().unwrap_or_default().encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.key.clear();
        self.in_key = true;
        self.inner.begin_object_key(writer, first)
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_key = false;
        self.inner.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_object(writer)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.inner.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.inner.end_array_value(writer)
    }
}

/// The key of the hex string beside a number: `size_hex` of `size_bytes`.
pub(in crate::render) fn hex_key(key: &str) -> String {
    format!("{}_hex", key.strip_suffix("_bytes").unwrap_or(key))
}

/// Puts the numbers that are printed as hex strings into their places.
pub(super) fn restore(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(restore),
        Value::Object(fields) => {
            let number = |hex: &Value| u64::from_str_radix(hex.as_str()?.strip_prefix("0x")?, 16).ok();
            let nulls = fields.iter().filter(|(_, value)| value.is_null()).map(|(key, _)| key);
            let large: Vec<(String, u64)> =
                nulls.filter_map(|key| Some((key.clone(), number(fields.get(&hex_key(key))?)?))).collect();
            for (key, number) in large {
                fields.insert(key, number.into());
            }
            fields.values_mut().for_each(restore);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::{compact, pretty};
    use super::*;

    #[derive(Serialize)]
    struct Sizes {
        small_bytes: u64,
        large_bytes: u64,
        name: &'static str,
    }

    #[test]
    fn large_counts_keep_their_value_as_hex() {
        let data = Sizes { small_bytes: 1 << 53, large_bytes: (1 << 53) + 1, name: "x" };
        assert_eq!(
            compact(&data),
            r#"{"small_bytes":9007199254740992,"large_bytes":null,"large_hex":"0x20000000000001","name":"x"}"#
        );
        let lines = "{\n  \"small_bytes\": 9007199254740992,\n  \"large_bytes\": null,\n  \
                     \"large_hex\": \"0x20000000000001\",\n  \"name\": \"x\"\n}\n";
        assert_eq!(pretty(&data), lines);
    }

    #[test]
    fn hostile_strings_are_escaped_and_come_back_whole() {
        let data = Sizes { small_bytes: 0, large_bytes: 0, name: "\u{9b}2J\u{202e}\u{e0041}\x1b\"\\" };
        let json = compact(&data);
        assert!(json.is_ascii() && !json.contains('\x1b'), "{json}");
        let back: Value = serde_json::from_str(&json).expect("valid JSON");
        assert_eq!(back["name"], data.name);
    }
}
