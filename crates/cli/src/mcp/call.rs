//! One call: the command line that it corresponds to, run by another process of this program, and its answer.
//!
//! A separate process can be ended when it takes too long or is cancelled, and a dump that crashes it affects nothing
//! else.

use std::ffi::OsString;
use std::io::Read;
use std::num::NonZeroUsize;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Map, Value, json};

use super::roots::Roots;
use super::tool::{Parameter, Tool};
use crate::commands::cdb::END_OF_INPUT;
use crate::page::Page;

/// Bytes of an answer that are read.
const MOST: u64 = 256 << 20;
/// Characters of the text beside the data.
const TEXT: usize = 6_000;
/// Entries of a list where nothing else is asked for.
const LIMIT: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// The children that run, so that a call that is cancelled ends at once.
#[derive(Debug, Default)]
pub(super) struct Running {
    child: Mutex<Option<Child>>,
    cancelled: Mutex<bool>,
}

impl Running {
    /// Ends what runs, and what would be run next.
    pub(super) fn cancel(&self) {
        *lock(&self.cancelled) = true;
        if let Some(child) = lock(&self.child).as_mut() {
            let _ = child.kill();
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        *lock(&self.cancelled)
    }
}

/// A lock whose holder panicked holds plain data all the same.
pub(super) fn lock<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What a call is made with.
pub(super) struct Call<'c> {
    pub(super) tool: &'c Tool,
    pub(super) arguments: &'c Map<String, Value>,
    pub(super) roots: &'c Roots,
    pub(super) memory: bool,
    pub(super) timeout: Duration,
    pub(super) running: &'c Running,
}

/// The answer, as `tools/call` gives it. An error is one of the command, in its own words.
pub(super) fn answer(call: &Call<'_>) -> anyhow::Result<Value> {
    let page = page(call.arguments)?;
    let line = command_line(call, page)?;
    let text = run(call, &line, &[])?;
    let mut data = match call.tool.name {
        "cdb" | "explain" => Map::from_iter([("text".to_owned(), Value::from(text.clone()))]),
        "scan" => rows(&run(call, &line, &["--csv"])?)?,
        _ => serde_json::from_str(&run(call, &line, &["--format=json"])?)?,
    };
    // A command that has `--limit` has cut its own list, and the others are cut here.
    let own = data.remove("next_offset").and_then(|next| next.as_u64()?.try_into().ok());
    if let Some(next) = page.cut_json(&mut data).max(own) {
        data.insert("next_cursor".to_owned(), next.to_string().into());
    }
    let short: String = text.chars().take(TEXT).collect();
    let left = if short.len() < text.len() { "\n… the rest is in the data\n" } else { "" };
    Ok(json!({
        "content": [{ "type": "text", "text": short + left }],
        "structuredContent": data,
        "isError": false
    }))
}

/// Which piece of the lists is wanted.
fn page(arguments: &Map<String, Value>) -> anyhow::Result<Page> {
    let limit = match arguments.get("limit") {
        None => LIMIT,
        Some(limit) => {
            let limit = limit.as_u64().and_then(|n| usize::try_from(n).ok()).and_then(NonZeroUsize::new);
            limit.context("limit is not a number above 0")?
        }
    };
    let offset = match arguments.get("cursor") {
        None => 0,
        Some(cursor) => cursor.as_str().and_then(|text| text.parse().ok()).context("no such cursor")?,
    };
    Ok(Page { limit: Some(limit), offset })
}

fn command_line(call: &Call<'_>, page: Page) -> anyhow::Result<Vec<OsString>> {
    let (mut options, mut places) = (vec![OsString::from(call.tool.name)], Vec::new());
    let known = |name: &String| call.tool.parameters.iter().any(|one| one.name == *name);
    if let Some(other) =
        call.arguments.keys().find(|name| !known(name) && !["limit", "cursor"].contains(&name.as_str()))
    {
        bail!("{} has no argument {other:?}", call.tool.name);
    }
    for parameter in &call.tool.parameters {
        let Some(given) = call.arguments.get(&parameter.name) else { continue };
        if parameter.is_flag {
            let set = given.as_bool().with_context(|| format!("{} is true or false", parameter.name))?;
            options.extend(parameter.option.iter().filter(|_| set).map(OsString::from));
            continue;
        }
        let one = std::slice::from_ref(given);
        for value in given.as_array().map_or(one, Vec::as_slice) {
            let value = word(call, parameter, value)?;
            match &parameter.option {
                // Of a long option, what begins with a dash is no other option.
                Some(long) if long.starts_with("--") => {
                    let mut option = OsString::from(long);
                    option.push("=");
                    option.push(value);
                    options.push(option);
                }
                Some(short) => options.extend([OsString::from(short), value]),
                None => places.push(value),
            }
        }
    }
    if call.tool.name == "cdb" {
        options.push("--no-files".into());
        options.extend((!call.memory).then(|| "--no-memory".into()));
    }
    if call.tool.has_pages {
        options.push(format!("--limit={}", page.limit.unwrap_or(LIMIT)).into());
        options.push(format!("--offset={}", page.offset).into());
    }
    if call.tool.has_symbols {
        options.extend(call.roots.all().iter().map(|root| {
            let mut option = OsString::from("--within=");
            option.push(root);
            option
        }));
    }
    if !places.is_empty() {
        options.push("--".into());
        options.extend(places);
    }
    Ok(options)
}

/// A value as it stands on the command line; of a path, the file that it leads to.
fn word(call: &Call<'_>, parameter: &Parameter, value: &Value) -> anyhow::Result<OsString> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => bail!("{} is neither a string nor a number", parameter.name),
    };
    if text.contains('\0') {
        bail!("{} contains a character that is not allowed on a command line", parameter.name);
    }
    if parameter.is_path { Ok(call.roots.resolve(&text)?.into()) } else { Ok(text.into()) }
}

/// Runs the command; what it printed, or why it failed.
fn run(call: &Call<'_>, line: &[OsString], more: &[&str]) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program")?;
    let (name, rest) = line.split_first().context("no command")?;
    let mut child = Command::new(program)
        .arg(name)
        .args(more)
        .args(rest)
        // Folders of symbols beyond those that are named here are not the assistant's.
        .env_remove("_NT_SYMBOL_PATH")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    *lock(&call.running.child) = Some(child);
    let (out, err, in_time) = std::thread::scope(|scope| {
        let out = scope.spawn(move || read(out));
        let err = scope.spawn(move || read(err));
        let in_time = watch(call);
        (out.join().unwrap_or_default(), err.join().unwrap_or_default(), in_time)
    });
    let child = lock(&call.running.child).take();
    let status = child.context("the call was cancelled")?.wait()?;
    if call.running.is_cancelled() {
        bail!("cancelled");
    }
    // A session of commands ends where its input does, as the debugger's.
    let ended = call.tool.name == "cdb" && status.code() == Some(i32::from(END_OF_INPUT));
    if status.success() || ended {
        return Ok(out);
    }
    match (err.trim().trim_start_matches("dumplens: "), in_time) {
        (_, false) => bail!("no answer within {} s", call.timeout.as_secs()),
        ("", true) => bail!("the command ended with {status}"),
        (why, true) => bail!("{why}"),
    }
}

/// Ends the child when its time is over or nobody wants its answer; whether it ended in time.
fn watch(call: &Call<'_>) -> bool {
    let mut in_time = true;
    let until = Instant::now() + call.timeout;
    let mut wait = Duration::from_millis(1);
    loop {
        if let Some(child) = lock(&call.running.child).as_mut() {
            if !matches!(child.try_wait(), Ok(None)) {
                return in_time;
            }
            in_time = Instant::now() < until;
            if !in_time || call.running.is_cancelled() {
                let _ = child.kill();
            }
        }
        std::thread::sleep(wait);
        wait = (wait * 2).min(Duration::from_millis(50));
    }
}

fn read(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    // What is beyond the most is cut off, and is then no JSON.
    let _ = from.map(|from| from.take(MOST).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The rows of `scan --csv`.
fn rows(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers()?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let cells = heads.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
        rows.push(
            cells.map(|(head, cell)| (head.to_owned(), Value::from(cell))).collect::<Map<_, _>>().into(),
        );
    }
    // They come as dumps are finished: the next piece is of the same order.
    rows.sort_by_cached_key(|row: &Value| row["path"].to_string());
    Ok(Map::from_iter([("dumps".to_owned(), Value::Array(rows))]))
}
