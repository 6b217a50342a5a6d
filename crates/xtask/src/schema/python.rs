//! The types of the Python package, out of the JSON Schemas: one TypedDict for each object, one Literal for each enum.

use anyhow::{Context, bail};
use dumplens_analyzer::render;
use serde_json::{Map, Value, json};

use super::annotate::{annotation, dict, doc};

const HEAD: &str = r#""""The shapes of what the functions return, for annotations.

Written by `cargo xtask schema` out of docs/report.schema.json and docs/diff.schema.json, which say more of each field.
"""

from __future__ import annotations

from typing import Literal, Optional, TypedDict, Union

"#;

/// Of answers, the fields that all of them have.
const COMMON: [&str; 3] = ["schema_version", "tool", "warnings"];

/// The module `dumplens.types`. Fails where a schema says something that has no type here yet.
pub(crate) fn module() -> anyhow::Result<String> {
    let parsed = |text: String| serde_json::from_str::<Value>(&text);
    let (report, difference) = (parsed(render::schema())?, parsed(render::diff_schema())?);
    let mut types = Types::default();
    types.add_all("Report", &report)?;
    types.add_all("Difference", &difference)?;
    types.add_all("Trimmed", &parsed(render::trimmed_schema())?)?;
    types.add("Why", &part(&report, &["exception", "verdict", "findings"])?)?;
    for (name, of) in [("Waits", "WaitsReport"), ("Census", "CensusReport")] {
        types.add(name, &answer(&report, &report["$defs"][of])?)?;
    }
    types.add("Failure", &failure())?;
    types.add("Scanned", &scanned(&report)?)?;
    Ok(types.module())
}

/// A part of the report, whose fields are all there.
fn part(report: &Value, fields: &[&str]) -> anyhow::Result<Value> {
    let names = COMMON.iter().chain(fields);
    let one = |name: &&str| Some(((*name).to_owned(), report["properties"].get(name)?.clone()));
    let properties: Map<String, Value> = names.clone().filter_map(one).collect();
    if properties.len() != COMMON.len() + fields.len() {
        bail!("the report has no {fields:?}");
    }
    Ok(json!({ "description": "What happened, and why.", "properties": properties,
               "required": names.collect::<Vec<_>>() }))
}

/// The answer to a question about a part of the process: nothing but warnings where it cannot be told.
fn answer(report: &Value, of: &Value) -> anyhow::Result<Value> {
    let mut answer = part(report, &[])?;
    let fields = of["properties"].as_object().context("no such part of the report")?;
    let properties = answer["properties"].as_object_mut().context("properties")?;
    properties.extend(fields.iter().map(|(name, field)| (name.clone(), field.clone())));
    answer["description"] = of["description"].clone();
    Ok(answer)
}

/// `error` of a file that has no report: docs/scan.md.
fn failure() -> Value {
    let text = |what: &str| json!({ "type": "string", "description": what });
    json!({
        "description": "Why a file has no report.",
        "properties": { "code": text("Which of the reasons; docs/scan.md lists them."), "message": text("For people.") },
        "required": ["code", "message"]
    })
}

/// One dump of `scan`: its report, or why there is none.
fn scanned(report: &Value) -> anyhow::Result<Value> {
    let mut properties = report["properties"].as_object().context("properties")?.clone();
    properties.insert("path".into(), json!({ "type": "string", "description": "The file." }));
    properties.insert(
        "error".into(),
        json!({ "$ref": "#/$defs/Failure", "description": "Why there is no report." }),
    );
    Ok(json!({
        "description": "One dump of a scan: path and report, or path and error.",
        "properties": properties,
        "required": ["path", "schema_version"]
    }))
}

/// The types so far, each with its Python source.
#[derive(Default)]
struct Types {
    known: Map<String, Value>,
    source: Map<String, Value>,
}

impl Types {
    /// The type of a whole schema, and those that it defines.
    fn add_all(&mut self, name: &str, schema: &Value) -> anyhow::Result<()> {
        let mut schema = schema.clone();
        let definitions = schema["$defs"].as_object().cloned().unwrap_or_default();
        let mut renamed = Vec::new();
        for (own, definition) in &definitions {
            if self.known.get(own).is_some_and(|known| known != definition) {
                renamed.push((own.clone(), format!("{name}{own}")));
            }
        }
        rename(&mut schema, &renamed);
        for (own, definition) in schema["$defs"].as_object().cloned().unwrap_or_default() {
            let new = renamed.iter().find(|(old, _)| *old == own).map_or(own, |(_, new)| new.clone());
            if self.known.get(&new) != Some(&definition) {
                self.add(&new, &definition)?;
            }
        }
        self.add(name, &schema)
    }

    fn add(&mut self, name: &str, schema: &Value) -> anyhow::Result<()> {
        let source = if schema["properties"].is_object() {
            dict(name, schema)
        } else {
            annotation(schema).map(|of| format!("{name} = {of}\n{}", doc(schema, "")))
        };
        let source = source.with_context(|| name.to_owned())?;
        if self.known.insert(name.to_owned(), schema.clone()).is_some() {
            bail!("two types have the name {name}");
        }
        self.source.insert(name.to_owned(), source.into());
        Ok(())
    }

    /// Those without fields first: they are evaluated.
    fn module(&self) -> String {
        let sources = || self.source.values().filter_map(Value::as_str);
        let is_class = |source: &&str| source.contains("TypedDict");
        let blocks = |classes: bool| sources().filter(move |source| is_class(source) == classes);
        let mut text = HEAD.to_owned();
        text.extend(blocks(false));
        text.extend(blocks(true).flat_map(|class| ["\n\n", class]));
        text
    }
}

/// References to definitions that have another name in the module.
fn rename(schema: &mut Value, renamed: &[(String, String)]) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(|one| rename(one, renamed)),
        Value::Object(fields) => {
            for (key, value) in fields {
                let to = |(old, new): &(String, String)| {
                    (key == "$ref" && *value == format!("#/$defs/{old}")).then(|| new.clone())
                };
                match renamed.iter().find_map(to) {
                    Some(new) => *value = format!("#/$defs/{new}").into(),
                    None => rename(value, renamed),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_that_of_the_schemas() {
        let path = super::super::types_path();
        let kept = std::fs::read_to_string(&path).expect("types.py").replace("\r\n", "\n");
        assert!(kept == module().expect("types"), "{} is old: cargo xtask schema", path.display());
    }

    #[test]
    fn annotations() {
        for (schema, of) in [
            (json!({ "type": ["integer", "null"], "minimum": 0 }), "Optional[int]"),
            (json!({ "anyOf": [{ "$ref": "#/$defs/A" }, { "type": "null" }] }), "Optional[A]"),
            (json!({ "type": ["array", "null"], "items": { "$ref": "#/$defs/A" } }), "Optional[list[A]]"),
            (json!({ "oneOf": [{ "const": "a" }, { "const": "b" }] }), "Literal[\"a\", \"b\"]"),
            (json!({ "type": "string", "anyOf": [{ "const": "a" }, { "type": "string" }] }), "str"),
        ] {
            assert_eq!(annotation(&schema).expect("known"), of, "{schema}");
        }
        assert!(annotation(&json!({ "type": "object" })).is_err());
    }
}
