//! Hands a report to another program. No shell takes part: what a dump is called can do no harm.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often the program is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Runs `command`, program and arguments, with `json` on its standard input; what it prints goes to standard error.
///
/// Fails, in words, if it cannot be run, takes longer than `limit` (it is then killed), or ends with an error. A program
/// that does not read its input is no failure.
pub(crate) fn hand_over(command: &[OsString], json: String, limit: Duration) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        // From a thread of its own: a program that does not read would block it. Once the program is gone, it ends.
        thread::spawn(move || input.write_all(json.as_bytes()));
    }
    wait(&mut child, limit)
}

fn wait(child: &mut Child, limit: Duration) -> Result<(), String> {
    let since = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if since.elapsed() < limit => thread::sleep(TICK),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("was killed, as it took longer than {} seconds", limit.as_secs_f64()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
