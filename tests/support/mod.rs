//! What the tests of the whole tool share: asking a dump everything in-process, and running the binary.
#![allow(dead_code)] // no test uses all of it

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use dumplens_analyzer::diff::{Difference, Side};
use dumplens_analyzer::facts::SpaceMap;
use dumplens_analyzer::facts::{AddressReport, RegionReport};
use dumplens_analyzer::render::{html, json, markdown, text};
use dumplens_analyzer::{Options, Process, Question, Report};
use dumplens_core::{Dump, Width};
use dumplens_synth::presets;
use wait4::Wait4 as _;

/// Longer than anything takes; only a hang is longer.
pub(crate) const HANG: Duration = Duration::from_mins(1);

/// The report, and everything that was rendered.
pub(crate) struct Answers {
    pub(crate) report: Report,
    pub(crate) texts: Vec<String>,
}

/// Report and renderings, regions and addresses; what must hold for every dump is asserted on the way.
pub(crate) fn ask_everything(dump: &Dump) -> Answers {
    let process = Process::gather(dump);
    let options = Options { path: "a.dmp".into(), include_secrets: true, ..Options::default() };
    let report = Report::answer(&process, Question::Everything, &options);
    let brief = Report::answer(&process, Question::Summary, &Options::default());
    let json = json::pretty(&report);
    let back = json::read(&json).expect("a report that is read back");
    assert_eq!(json::pretty(&back), json, "what is read back is what was printed");
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON that parses");
    assert_eq!(parsed["schema_version"], 2);
    let mut texts =
        vec![text::summary(&brief), text::info(&report), text::threads(&report), text::stacks(&report), json];
    texts.push(walk(&process));
    texts.push(markdown::report(&report));
    texts.push(html::page(&report, &SpaceMap::new(&process)));
    texts.extend(with_itself(&process, &report));
    let memory = &report.facts.memory;
    let rows: u64 = memory.usage.iter().map(|row| row.size_bytes).sum();
    if memory.complete {
        assert_eq!(memory.total_bytes, Some(rows), "usage rows add up to the total");
    } else {
        assert_eq!((memory.free_bytes, memory.total_bytes), (None, None), "unknown, not zero");
    }
    let x64 = presets::tiny::X64;
    let named = [0, 0x7ffe_0000, x64.app + 0x1004, x64.tebs[0], x64.stacks[0], x64.heap, u64::MAX];
    let threads = process.threads.iter().take(4).map(|t| t.teb_address);
    for address in named.into_iter().chain(threads) {
        let report = AddressReport::new(&process, address);
        texts.push(text::address(&report));
        texts.push(json::pretty(&report));
    }
    Answers { report, texts }
}

/// A dump compared with itself: whatever is wrong with it, nothing has grown.
fn with_itself(process: &Process<'_>, report: &Report) -> [String; 3] {
    let side = Side { process, facts: &report.facts };
    let difference = Difference::between(&side, &side);
    let all = difference.memory.iter().chain(&difference.counters);
    assert!(
        all.clone().all(|row| row.change.delta.is_none_or(|delta| delta == 0)),
        "{:#?}",
        difference.memory
    );
    assert!(all.clone().all(|row| row.change.per_hour.is_none()), "no time has gone by");
    assert_eq!((&difference.fastest, &difference.projections), (&Vec::new(), &Vec::new()));
    [text::diff(&difference), markdown::diff(&difference), json::pretty(&difference)]
}

/// Every piece of the address space, in order and not overlapping, as the region list shows them.
fn walk(process: &Process<'_>) -> String {
    let bits = if process.dump.width() == Width::Bits32 { 32 } else { 64 };
    let mut out = text::region_header(bits);
    let mut end = 0;
    for piece in process.space.pieces() {
        assert!(piece.size > 0 && piece.base >= end, "pieces overlap at {:#x}", piece.base);
        end = piece.base + (piece.size - 1);
        let region = RegionReport::new(process, &piece);
        out += &text::region_row(&region, true, bits);
        out.push('\n');
        serde_json::from_str::<serde_json::Value>(&json::compact(&region)).expect("JSON that parses");
    }
    out
}

/// A character that acts on a terminal or on a reader, and is no line break.
pub(crate) fn acts(c: char) -> bool {
    c != '\n'
        && (c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
}

/// What a run of the binary left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Peak resident bytes; 0 where the platform does not tell.
    pub(crate) peak: u64,
}

impl Run {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }

    /// Standard output of a run that succeeded.
    pub(crate) fn text(&self) -> &str {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        &self.stdout
    }
}

/// The binary, with arguments, piped and without a terminal's variables.
pub(crate) fn dumplens(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dumplens"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "_NT_SYMBOL_PATH"] {
        command.env_remove(name);
    }
    command
}

/// Runs the binary to its end; kills it if it hangs.
pub(crate) fn run(args: &[&str]) -> Run {
    run_command(dumplens(args))
}

pub(crate) fn run_command(mut command: Command) -> Run {
    let mut child = command.spawn().expect("the binary");
    let outputs = [read_all(child.stdout.take()), read_all(child.stderr.take())];
    let [stdout, stderr] = outputs.map(|output| output.recv_timeout(HANG).ok());
    let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
        kill(child);
        panic!("{command:?} did not end within {HANG:?}");
    };
    let used = child.wait4().expect("a child to wait for");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Run { code: used.status.code(), stdout: text(stdout), stderr: text(stderr), peak: used.rusage.maxrss }
}

fn kill(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads a pipe to its end on a thread of its own.
fn read_all(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

/// A file of its own folder.
pub(crate) fn write(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary folder");
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    (directory, path)
}

pub(crate) fn str(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
