//! The JSON Schema of the report, as [`crate::render::json`] prints it.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::codes::CODES;
use super::json::{Versioned, hex_key};
use crate::diff::Difference;
use crate::report::Report;
use crate::trim::Trimmed;

/// The largest integer that is printed as a number.
const MOST_EXACT: u64 = 1 << 53;

/// The schema of what `dumplens report --format json` prints (draft 2020-12). Objects are open: later versions add
/// fields beside these.
pub fn schema() -> String {
    of::<Report>("dumplens report")
}

/// The same of what `dumplens diff --format json` prints.
pub fn diff_schema() -> String {
    of::<Difference>("dumplens diff")
}

/// The same of what `dumplens trim --format json` prints.
pub fn trimmed_schema() -> String {
    of::<Versioned<Trimmed>>("dumplens trim")
}

fn of<T: JsonSchema>(title: &str) -> String {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(RecursiveTransform(as_printed))
        .into_generator()
        .into_root_schema_for::<T>();
    schema.insert("title".to_owned(), json!(title));
    let codes = schema.pointer_mut("/$defs/WarningReport/properties/code").and_then(Value::as_object_mut);
    codes.into_iter().for_each(list_codes);
    super::json::pretty(&schema)
}

/// The codes that this version knows; a later one may add some.
fn list_codes(code: &mut Map<String, Value>) {
    let known = CODES.iter().map(|(code, sentence)| json!({ "const": code, "description": sentence }));
    let any = json!({ "type": "string", "description": "A code of a later version." });
    code.insert("anyOf".to_owned(), known.chain([any]).collect());
}

/// What the printer does with numbers, and docs in the words of JSON, without the links of Rust.
fn as_printed(schema: &mut Schema) {
    if let Some(text) = schema.get("description").and_then(Value::as_str) {
        let plain = text.replace("[`", "`").replace("`]", "`").replace("`None`", "null").replace('\n', " ");
        schema.insert("description".to_owned(), plain.into());
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let large: Vec<String> = properties
        .iter()
        .filter(|(_, field)| field["format"] == "uint64")
        .map(|(key, _)| key.clone())
        .collect();
    for key in large {
        if let Some(field) = properties.get_mut(&key).and_then(Value::as_object_mut) {
            bound(field, &key);
        }
        let beside = json!({
            "description": format!("The number, if it is above 2^53; {key} is then null."),
            "type": "string",
            "pattern": "^0x[1-9a-f][0-9a-f]{0,15}$",
        });
        properties.entry(hex_key(&key)).or_insert(beside);
    }
}

/// A number that is printed as null where a reader could not keep it.
fn bound(field: &mut Map<String, Value>, key: &str) {
    let unknown = field.get("type").is_some_and(Value::is_array);
    let when = if unknown { "if it is not known, or" } else { "only if it is" };
    let text = field.get("description").and_then(Value::as_str).unwrap_or_default();
    let text = format!("{text} Null {when} above 2^53: see {}.", hex_key(key));
    field.insert("description".to_owned(), text.trim_start().into());
    field.insert("type".to_owned(), json!(["integer", "null"]));
    field.insert("maximum".to_owned(), json!(MOST_EXACT));
}
