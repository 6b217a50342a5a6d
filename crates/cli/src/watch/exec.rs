//! Hands a report to another program. No shell takes part: what a dump is called can do no harm.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use dumplens_scan::Stop;

/// How often the program is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How long it may go on when the user wants an end.
const ENDING: Duration = Duration::from_secs(1);

/// Runs `command`, program and arguments, with `json` on its standard input; what it prints goes to standard error.
///
/// Fails, in words, if it cannot be run, takes longer than `limit`, goes on for a second after `stop` was set (it is then
/// killed), or ends with an error. A program that does not read its input is no failure.
pub(crate) fn hand_over(
    command: &[OsString],
    json: &str,
    limit: Duration,
    stop: &Stop,
) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let input = input(json).map_err(|error| format!("cannot receive the report: {error}"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(input)
        .stdout(io::stderr())
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    wait(&mut child, limit, stop)
}

/// A file without a name, which is gone when the last program that holds it ends. A pipe would have to be written to for
/// as long as somebody holds its other end without reading: a program that was started by this one, say.
fn input(json: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(json.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

fn wait(child: &mut Child, limit: Duration, stop: &Stop) -> Result<(), String> {
    let since = Instant::now();
    let mut ending: Option<Instant> = None;
    loop {
        if stop.is_set() && ending.is_none() {
            ending = Some(Instant::now());
        }
        let ended = ending.is_some_and(|since| since.elapsed() >= ENDING);
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("ended with {status}")),
            Ok(None) if since.elapsed() < limit && !ended => thread::sleep(TICK),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(if ended {
                    "was killed because the watch ended".to_owned()
                } else {
                    format!("was killed because it took longer than {} seconds", limit.as_secs_f64())
                });
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}
