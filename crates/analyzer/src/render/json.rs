//! JSON: the report's own shape, with two rules applied to whatever is printed.
//!
//! - A byte count above 2^53 does not survive most readers: it becomes null, and its key with `_hex` appended
//!   holds it as a hex string.
//! - Characters that act on a terminal are written as `\u` escapes; a reader gets them back unchanged.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use super::escape;

/// The largest integer that a JSON reader working with doubles keeps.
const MOST_EXACT: u64 = 1 << 53;

/// Pretty-printed, ending in a newline.
pub fn pretty(data: &impl Serialize) -> String {
    render(data, serde_json::to_string_pretty) + "\n"
}

/// On one line, without a newline.
pub fn compact(data: &impl Serialize) -> String {
    render(data, serde_json::to_string)
}

/// Some fields of an object, pretty-printed in the order given. What is not there is left out.
pub fn part(data: &impl Serialize, fields: &[&str]) -> String {
    let mut whole = serde_json::to_value(data).unwrap_or_default();
    let mut take = |field: &&str| Some(((*field).to_owned(), whole.get_mut(*field)?.take()));
    let part: Map<String, Value> = fields.iter().filter_map(&mut take).collect();
    pretty(&part)
}

fn render(data: &impl Serialize, print: impl Fn(&Value) -> serde_json::Result<String>) -> String {
    // Plain data with string keys cannot fail to serialise.
    let mut value = serde_json::to_value(data).unwrap_or_default();
    replace_large(&mut value);
    escape_unsafe(&print(&value).unwrap_or_default())
}

fn replace_large(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(replace_large),
        Value::Object(fields) => {
            for field in fields.values_mut() {
                replace_large(field);
            }
            if fields.values().any(is_large) {
                *fields = with_hex(std::mem::take(fields));
            }
        }
        _ => {}
    }
}

fn is_large(value: &Value) -> bool {
    value.as_u64().is_some_and(|n| n > MOST_EXACT)
}

fn with_hex(fields: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, value) in fields {
        match value.as_u64().filter(|n| *n > MOST_EXACT) {
            Some(n) => {
                let hex = format!("{key}_hex");
                out.insert(key, Value::Null);
                out.insert(hex, Value::String(format!("{n:#x}")));
            }
            None => {
                out.insert(key, value);
            }
        }
    }
    out
}

/// Outside of strings JSON is ASCII without such characters (but for line breaks), so replacing them anywhere
/// replaces them in strings.
fn escape_unsafe(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && escape::is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}"); // writing to a String cannot fail
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
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
            r#"{"small_bytes":9007199254740992,"large_bytes":null,"large_bytes_hex":"0x20000000000001","name":"x"}"#
        );
    }

    #[test]
    fn hostile_strings_are_escaped_and_come_back_whole() {
        let data = Sizes { small_bytes: 0, large_bytes: 0, name: "\u{9b}2J\u{202e}\u{e0041}\x1b" };
        let json = compact(&data);
        assert!(json.is_ascii(), "{json}");
        let back: Value = serde_json::from_str(&json).expect("valid JSON");
        assert_eq!(back["name"], data.name);
    }
}
