//! The output schemas of the tools: parts of the schema of the report, with names and types only.

use serde_json::{Map, Value, json};

/// Of commands that answer with one definition of the report's schema, its name.
const DEFINITIONS: [(&str, &str); 3] =
    [("census", "CensusReport"), ("managed", "ManagedReport"), ("waits", "WaitsReport")];

/// The schema of what a tool answers with, out of the report's: what else an answer has, such as its version and warnings, is
/// allowed, and nothing is required, since some arguments ask for another answer.
pub(super) fn schema(report: &Value, tool: &str, parts: &[&str]) -> Value {
    let of = |part: &&str| Some(((*part).to_owned(), report["properties"].get(part)?.clone()));
    let definition = DEFINITIONS.iter().find(|(of, _)| *of == tool);
    let properties = match definition.and_then(|(_, name)| report["$defs"][name]["properties"].as_object()) {
        Some(properties) => properties.clone(),
        None => parts.iter().filter_map(of).collect(),
    };
    let mut slice = json!({ "type": "object", "properties": properties });
    let (mut definitions, mut wanted) = (Map::new(), Vec::new());
    references(&slice, &mut wanted);
    while let Some(name) = wanted.pop() {
        if let Some(of) = report["$defs"].get(&name).filter(|_| !definitions.contains_key(&name)) {
            references(of, &mut wanted);
            definitions.insert(name, of.clone());
        }
    }
    if !definitions.is_empty() {
        slice["$defs"] = definitions.into();
    }
    brief(&mut slice);
    slice
}

/// Leaves the names and types, since assistants are handed all tools at once: `dumplens schema` has what is said to people, which
/// fields are always there, bounds and patterns, and the hex strings beside numbers that JSON cannot hold.
fn brief(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(brief),
        Value::Object(fields) => {
            // A property may have such a name; then it is a schema, and no text, number or list.
            fields.retain(|key, value| !LEFT_OUT_OF_SCHEMAS.contains(&key.as_str()) || value.is_object());
            if let Some(words) = fields.get("oneOf").and_then(words) {
                fields.remove("oneOf");
                fields.insert("type".into(), "string".into());
                fields.insert("enum".into(), words);
            }
            let properties = fields.get_mut("properties").and_then(Value::as_object_mut);
            if let Some(properties) = properties {
                properties.retain(|name, of| !name.ends_with("_hex") || of.get("pattern").is_none());
            }
            fields.values_mut().for_each(brief);
        }
        _ => {}
    }
}

/// Keywords of JSON Schema that say no type.
const LEFT_OUT_OF_SCHEMAS: [&str; 7] =
    ["description", "default", "format", "minimum", "maximum", "pattern", "required"];

/// The words of an enumeration that describes each by itself.
fn words(one_of: &Value) -> Option<Value> {
    one_of.as_array()?.iter().map(|one| one.get("const").cloned()).collect()
}

/// The names of the definitions that a schema refers to.
fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Array(list) => list.iter().for_each(|one| references(one, found)),
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix("#/$defs/"));
            found.extend(name.map(str::to_owned));
            fields.values().for_each(|one| references(one, found));
        }
        _ => {}
    }
}
