//! One JSON Schema as a Python type.

use std::fmt::Write as _;

use anyhow::{Context, bail};
use serde_json::Value;

/// What is no name of a field in Python.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// A TypedDict. Fields that may be left out are in a class of their own, as Python 3.9 has it; names that are words of
/// Python take the other notation.
pub(super) fn dict(name: &str, schema: &Value) -> anyhow::Result<String> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let fields = schema["properties"].as_object().context("properties")?;
    if fields.keys().any(|field| KEYWORDS.contains(&field.as_str())) {
        if required.len() != fields.len() {
            bail!("a field that may be left out beside one that is a word of Python");
        }
        let rows: Vec<String> = fields
            .iter()
            .map(|(field, of)| Ok(format!("        \"{field}\": {},\n", quoted(&annotation(of)?))))
            .collect::<anyhow::Result<_>>()?;
        return Ok(format!(
            "{name} = TypedDict(\n    \"{name}\",\n    {{\n{}    }},\n)\n{}",
            rows.concat(),
            doc(schema, "")
        ));
    }
    let (always, maybe): (Vec<_>, Vec<_>) =
        fields.iter().partition(|(field, _)| required.contains(&field.as_str()));
    let (base, open) = if maybe.is_empty() { (name.to_owned(), "") } else { (format!("_{name}"), "\n\n") };
    let mut source = String::new();
    if !always.is_empty() {
        let head = if maybe.is_empty() { doc(schema, "    ") + "\n" } else { String::new() };
        write!(source, "class {base}(TypedDict):\n{head}{}{open}", rows(&always)?)?;
    }
    if !maybe.is_empty() {
        let parent = if always.is_empty() { "TypedDict" } else { &base };
        let head = doc(schema, "    ");
        write!(source, "class {name}({parent}, total=False):\n{head}\n{}", rows(&maybe)?)?;
    }
    Ok(source)
}

fn rows(fields: &[(&String, &Value)]) -> anyhow::Result<String> {
    let row = |(name, field): &(&String, &Value)| {
        let of = annotation(field).with_context(|| (*name).clone())?;
        Ok(format!("    {name}: {of}\n{}", doc(field, "    ")))
    };
    fields.iter().map(row).collect()
}

/// The description of a schema, as a docstring.
pub(super) fn doc(schema: &Value, indent: &str) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    if text.is_empty() { String::new() } else { format!("{indent}\"\"\"{text}\"\"\"\n") }
}

/// The annotation of a value.
pub(super) fn annotation(schema: &Value) -> anyhow::Result<String> {
    if let Some(name) = schema["$ref"].as_str() {
        return Ok(name.strip_prefix("#/$defs/").context("a reference elsewhere")?.to_owned());
    }
    if let Some(text) = schema.get("const") {
        return Ok(format!("Literal[{}]", quoted(text.as_str().context("a constant that is no text")?)));
    }
    // Texts of which some are named, as codes are, may be others.
    if schema["type"] == "string" {
        return Ok("str".to_owned());
    }
    if let Some(several) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        return union(several);
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let each = kinds.iter().map(|kind| {
                let mut one = schema.clone();
                one["type"] = kind.clone();
                one
            });
            union(&each.collect::<Vec<_>>())
        }
        Value::String(kind) => Ok(match kind.as_str() {
            "integer" => "int".to_owned(),
            "number" => "float".to_owned(),
            "boolean" => "bool".to_owned(),
            "null" => "None".to_owned(),
            "array" => format!("list[{}]", annotation(&schema["items"])?),
            other => bail!("the type {other}"),
        }),
        other => bail!("the type {other}"),
    }
}

fn union(of: &[Value]) -> anyhow::Result<String> {
    let mut each = of.iter().map(annotation).collect::<anyhow::Result<Vec<_>>>()?;
    let null = each.iter().any(|one| one == "None");
    each.retain(|one| one != "None");
    let literals: Option<Vec<&str>> =
        each.iter().map(|one| one.strip_prefix("Literal[")?.strip_suffix(']')).collect();
    let joined = match (literals, each.as_slice()) {
        (Some(texts), _) => format!("Literal[{}]", texts.join(", ")),
        (None, [one]) => one.clone(),
        (None, _) => format!("Union[{}]", each.join(", ")),
    };
    Ok(if null { format!("Optional[{joined}]") } else { joined })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
