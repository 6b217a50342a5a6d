//! The machine, in a line.

use std::env::consts;
use std::fs;
use std::process::Command;
use std::thread;

/// Operating system, processor and cores.
pub(crate) fn describe() -> String {
    let cores = thread::available_parallelism().map_or_else(|_| "?".to_owned(), |n| n.to_string());
    let processor = processor().unwrap_or_else(|| consts::ARCH.to_owned());
    format!("Machine: {}, {processor}, {cores} cores.", system().unwrap_or_else(|| consts::OS.to_owned()))
}

fn system() -> Option<String> {
    match consts::OS {
        "linux" => {
            let release = fs::read_to_string("/etc/os-release").ok()?;
            let name = value(&release, "PRETTY_NAME=")?;
            let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
            Some(format!("{}, Linux {}", name.trim_matches('"'), kernel.trim()))
        }
        "macos" => Some(format!("macOS {}", said("sw_vers", &["-productVersion"])?)),
        "windows" => said("cmd", &["/c", "ver"]),
        _ => None,
    }
}

fn processor() -> Option<String> {
    match consts::OS {
        "linux" => {
            let info = fs::read_to_string("/proc/cpuinfo").ok()?;
            Some(value(&info, "model name")?.trim_start_matches([' ', '\t', ':']).to_owned())
        }
        "macos" => said("sysctl", &["-n", "machdep.cpu.brand_string"]),
        "windows" => std::env::var("PROCESSOR_IDENTIFIER").ok(),
        _ => None,
    }
}

/// What follows a key at the start of a line.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(key))
}

fn said(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !said.is_empty()).then_some(said)
}
