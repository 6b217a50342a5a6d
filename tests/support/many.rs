//! Folders of dumps, and programs that are watched while they run.
#![allow(dead_code)] // no test uses all of it

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use dumplens_synth::{Process, presets};
use serde_json::Value;

use crate::support::{HANG, dumplens};

/// A day ago: files that are older than a few seconds are not taken to be still being written.
pub(crate) fn age(path: &Path) {
    let file = File::options().write(true).open(path).expect("a file");
    file.set_modified(SystemTime::now() - Duration::from_hours(24)).expect("its time");
}

/// Writes a dump, and sets its time back.
pub(crate) fn put(path: &Path, process: &Process) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, process.to_bytes().0).expect("a dump");
    age(path);
}

/// One of three causes, each a dump of its own: process and time differ.
pub(crate) fn dump(n: u32) -> Process {
    let mut process = match n % 3 {
        0 => presets::tiny(),
        1 => presets::tiny_bad_alloc(),
        _ => presets::tiny_x86(),
    };
    process.time_date_stamp += n;
    process
}

/// `count` dumps, some in folders below.
pub(crate) fn fill(folder: &Path, count: u32) {
    for n in 0..count {
        put(&folder.join(format!("day {}", n % 4)).join(format!("{n}.dmp")), &dump(n));
    }
}

/// Lines of JSON.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

/// A running program, whose lines come as it prints them. Killed when it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Running {
        Running::of(dumplens(args))
    }

    pub(crate) fn of(mut command: Command) -> Running {
        let mut child = command.spawn().expect("the binary");
        let stdout = tell(child.stdout.take().expect("a pipe"));
        let stderr = tell(child.stderr.take().expect("a pipe"));
        Running { child, stdout, stderr }
    }

    /// The next line of standard output.
    pub(crate) fn line(&self) -> String {
        self.stdout.recv_timeout(HANG).expect("a line on standard output")
    }

    /// The next line of standard output, if there is one within `time`.
    pub(crate) fn line_within(&self, time: Duration) -> Option<String> {
        self.stdout.recv_timeout(time).ok()
    }

    /// The next line of standard error.
    pub(crate) fn complaint(&self) -> String {
        self.stderr.recv_timeout(HANG).expect("a line on standard error")
    }

    /// What else it prints on standard output, and its exit code, once it has ended.
    pub(crate) fn end(mut self) -> (Vec<String>, Option<i32>) {
        let rest = until_end(&self.stdout);
        let code = self.child.wait().expect("an end").code();
        (rest, code)
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("a signal");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tell(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
    });
    receiver
}

fn until_end(lines: &Receiver<String>) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        match lines.recv_timeout(HANG) {
            Ok(line) => all.push(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return all,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end"),
        }
    }
}

/// Waits until something is so.
pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !so() {
        assert!(since.elapsed() < HANG, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A path below a folder, its parts separated by `/`; the path has the system's own separators.
pub(crate) fn at(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    name.split('/').fold(folder.path().to_path_buf(), |path, part| path.join(part))
}
