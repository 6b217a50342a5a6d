//! Instructions, as valgrind counts them: what a program does in user mode. They hardly differ from run to run (hashes
//! are seeded anew), whatever other work the machine has, so that growth can be told where times are too uncertain.
//! What the kernel does for the program is not among them.

use std::process::{Command, Stdio};

/// Millions of instructions that the command takes; `None` if it fails, or there is no valgrind.
pub(super) fn of(command: &Command) -> Option<f64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(command.get_program()).args(command.get_args());
    let output = valgrind.stdin(Stdio::null()).output().ok()?;
    collected(&String::from_utf8_lossy(&output.stderr)).filter(|_| output.status.success())
}

/// What callgrind says at the end: `==1234== Collected : 901627`.
fn collected(said: &str) -> Option<f64> {
    let count = said.lines().find_map(|line| line.split_once("Collected : "))?.1;
    Some(count.trim().parse::<u64>().ok()? as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_count_is_found_in_what_callgrind_says() {
        assert_eq!(collected("==7== \n==7== Collected : 2500000\n==7== \n"), Some(2.5));
        assert_eq!(collected("==7== Command: dumplens"), None);
    }
}
