//! The published schema of the report: it is that of the types, and what is printed validates against it, by a
//! validator that knows nothing of either.

#[path = "support/shared.rs"]
mod shared;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dumplens_analyzer::render::{self, json};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::Dump;
use dumplens_synth::presets;
use jsonschema::Validator;
use serde_json::{Value, json};
use support::run;

/// The file that is checked in.
fn published() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/report.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("docs/report.schema.json")).expect("JSON")
}

/// The schema, with every object closed: what it does not name is then an error too.
fn closed(mut schema: Value) -> Value {
    fn close(schema: &mut Value) {
        let Some(object) = schema.as_object_mut() else { return };
        if object.contains_key("properties") {
            object.insert("additionalProperties".into(), false.into());
        }
        for (key, value) in object.iter_mut() {
            match (key.as_str(), value) {
                ("$defs" | "properties", Value::Object(named)) => named.values_mut().for_each(close),
                ("anyOf" | "oneOf", Value::Array(several)) => several.iter_mut().for_each(close),
                ("items", value) => close(value),
                _ => {}
            }
        }
    }
    close(&mut schema);
    schema
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).expect("a valid schema")
}

/// Everything that a report can hold, as it is printed.
fn printed(dump: &Dump) -> Value {
    let process = Process::gather(dump);
    let options = Options { path: "a.dmp".into(), include_secrets: true, ..Options::default() };
    let report = Report::answer(&process, Question::Everything, &options);
    let text = json::compact(&report);
    let back = json::read(&text).expect("a report that is read back");
    assert_eq!(json::compact(&back), text, "what is read back is what was printed");
    parsed(&text)
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn check(name: &str, validator: &Validator, value: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

#[test]
fn the_file_is_that_of_the_types() {
    assert!(published() == parsed(&render::schema()), "docs/report.schema.json is old: cargo xtask schema");
    assert_eq!(run(&["schema"]).json(), published());
    jsonschema::draft202012::meta::validate(&published()).expect("a schema of draft 2020-12");
}

/// The same for what `diff` prints: the file, a comparison that lacks nothing, and one that lacks much.
#[test]
fn differences_validate() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/diff.schema.json");
    let published: Value =
        serde_json::from_str(&std::fs::read_to_string(path).expect("docs/diff.schema.json")).expect("JSON");
    assert!(published == parsed(&render::diff_schema()), "docs/diff.schema.json is old: cargo xtask schema");
    assert_eq!(run(&["schema", "--of", "diff"]).json(), published);
    jsonschema::draft202012::meta::validate(&published).expect("a schema of draft 2020-12");
    described(&published, "Difference", 80);
    let strict = validator(&closed(published));
    let fixture = |name: &str| format!("{}/../../fixtures/{name}/dump.dmp", env!("CARGO_MANIFEST_DIR"));
    for (old, new) in
        [("leak-1", "leak-2"), ("leak-2", "leak-1"), ("x86-fragmented", "wow64"), ("imit64-huge", "leak-1")]
    {
        let value = run(&["diff", &fixture(old), &fixture(new), "--format", "json"]).json();
        check(old, &strict, &value);
        let mut bad = value;
        bad["identity"]["kind"] = json!("the_same");
        assert!(!strict.is_valid(&bad));
    }
}

/// A reader who knows only the schema is told what everything is.
#[test]
fn every_field_is_described() {
    described(&published(), "Report", 150);
}

/// Names that the report's contract has fixed with two types: a stream's number and a thrown type, a table and a class, what
/// is waited for and how many objects a class has.
const FIXED: [&str; 7] = ["type", "usage", "state", "protect", "id", "version", "objects"];

/// Whoever has seen a name once knows its type wherever it stands.
#[test]
fn a_name_has_one_type() {
    let schema = published();
    let parts = schema["$defs"].as_object().expect("$defs");
    let mut types: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for object in parts.values().chain([&schema]) {
        for (name, field) in object["properties"].as_object().into_iter().flatten() {
            types.entry(name).or_default().extend(json_types(field, parts));
        }
    }
    types.retain(|name, types| types.len() > 1 && !FIXED.contains(name));
    assert!(types.is_empty(), "{types:?}");
}

/// The JSON types that a field may have, but for null.
fn json_types(field: &Value, parts: &serde_json::Map<String, Value>) -> BTreeSet<String> {
    if let Some(name) = field["$ref"].as_str() {
        return json_types(&parts[name.trim_start_matches("#/$defs/")], parts);
    }
    let own = match &field["type"] {
        Value::Array(several) => several.clone(),
        one => vec![one.clone()],
    };
    let own = own.iter().filter_map(Value::as_str).map(|name| name.replace("integer", "number"));
    let several = ["anyOf", "oneOf"].iter().flat_map(|key| field[*key].as_array().into_iter().flatten());
    own.chain(several.flat_map(|one| json_types(one, parts))).filter(|name| name != "null").collect()
}

fn described(schema: &Value, name: &str, least: usize) {
    let parts = schema["$defs"].as_object().expect("$defs");
    let objects = parts.iter().map(|(name, part)| (name.as_str(), part)).chain([(name, schema)]);
    let mut fields = 0;
    for (object, schema) in objects {
        for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
            fields += 1;
            // The names of Windows' own counters say what they are.
            let described = schema["description"].as_str().is_some_and(|d| !d.is_empty());
            assert!(described || object == "CountersReport", "{object}.{field}");
            let text = schema["description"].as_str().unwrap_or_default();
            let of_rust = ["[`", "`None`", "Option<", "Question::"].iter().any(|word| text.contains(word));
            assert!(!of_rust, "{object}.{field} speaks of Rust: {text}");
        }
    }
    assert!(fields > least, "{fields}");
}

#[test]
fn generated_dumps_validate() {
    let (open, strict) = (validator(&published()), validator(&closed(published())));
    let cases = [
        ("tiny", presets::tiny()),
        ("tiny_bad_alloc", presets::tiny_bad_alloc()),
        ("tiny_x86", presets::tiny_x86()),
        ("tiny_wow64", presets::tiny_wow64()),
        ("full", presets::full(2_000, 1 << 30, 20, 10)),
    ];
    for (name, process) in cases {
        let dump = Dump::open(process.to_bytes().0).expect("a dump");
        let value = printed(&dump);
        assert!(!value["threads"].as_array().expect("threads").is_empty(), "{name}");
        check(name, &open, &value);
        check(name, &strict, &value);
    }
}

#[test]
fn fixtures_and_what_the_program_prints_validate() {
    let strict = validator(&closed(published()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut seen = 0;
    for entry in folder.read_dir().expect("fixtures/") {
        let path = entry.expect("an entry").path().join("dump.dmp");
        check(
            support::str(&path),
            &strict,
            &run(&["report", support::str(&path), "--format", "json"]).json(),
        );
        seen += 1;
    }
    assert!(seen >= 3, "{seen}");
}

/// Real dumps, of other writers than ours.
#[test]
fn known_dumps_validate() {
    let Some(folder) = shared::shared().map(|shared| shared.join("dumps/public")).filter(|f| f.is_dir())
    else {
        return;
    };
    let strict = validator(&closed(published()));
    for entry in folder.read_dir().expect("dumps") {
        let path = entry.expect("an entry").path();
        let source = dumplens_core::FileSource::open(&path).expect("a file");
        // Some are broken beyond reading, or of kinds that are refused.
        if let Ok(dump) = Dump::open(source) {
            check(support::str(&path), &strict, &printed(&dump));
        }
    }
}

/// A count above 2^53 is null beside its hex string; both are in the schema.
#[test]
fn large_counts_validate() {
    let strict = validator(&closed(published()));
    let dump = Dump::open(presets::tiny().to_bytes().0).expect("a dump");
    let mut report = Report::answer(&Process::gather(&dump), Question::Summary, &Options::default());
    report.facts.memory.total_bytes = Some(u64::MAX);
    report.facts.dump.size_bytes = (1 << 53) + 1;
    report.facts.memory.usage[0].regions = u64::MAX;
    let value: Value = serde_json::from_str(&json::compact(&report)).expect("JSON");
    assert_eq!(
        (&value["dump"]["size_bytes"], &value["dump"]["size_hex"]),
        (&Value::Null, &json!("0x20000000000001"))
    );
    check("large", &strict, &value);
}

/// The validator is not one that says yes to everything.
#[test]
fn what_is_wrong_does_not_validate() {
    let open = validator(&published());
    let dump = Dump::open(presets::tiny_bad_alloc().to_bytes().0).expect("a dump");
    let good = printed(&dump);
    let wrong: [(&str, Value); 6] = [
        ("/schema_version", json!("1")),
        ("/dump/flags", json!(0x46)),
        ("/dump/size_bytes", json!((1_u64 << 53) + 1)),
        ("/exception/code", json!("0xE06D7363")),
        ("/memory/usage/0/name", Value::Null),
        ("/verdict/confidence", json!("certain")),
    ];
    for (pointer, value) in wrong {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        assert!(!open.is_valid(&bad), "{pointer}");
    }
    let mut bad = good.clone();
    bad.as_object_mut().expect("an object").remove("warnings");
    assert!(!open.is_valid(&bad));
    assert!(open.is_valid(&good));
}
