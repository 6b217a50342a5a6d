//! Command line and environment of the process may hold passwords: the first is shown only when asked for, the second
//! never.

use std::path::Path;

use crate::support::{run, str};
use crate::{X64, file};
use dumplens_synth::{ProcessParameters, Width, presets};

const COMMAND_LINE: &str = "--password=hunter2";
const ENVIRONMENT: &str = "correcthorse";

/// A process with secrets in its parameters and nowhere else.
fn secretive() -> dumplens_synth::Process {
    let mut process = presets::tiny();
    let parameters = ProcessParameters {
        address: X64.parameters(),
        image_path: "C:\\a.exe".into(),
        command_line: format!("a.exe {COMMAND_LINE}"),
        environment: vec![("API_KEY".into(), ENVIRONMENT.into())],
        ..ProcessParameters::default()
    };
    process.put(X64.parameters(), &[0; 0x800]);
    process.put(X64.parameters(), &parameters.to_bytes(Width::W64));
    process
}

/// Every output that there is, with an option or without.
fn outputs(path: &Path, option: &[&str]) -> Vec<(String, String)> {
    let path = str(path);
    let heap = format!("{:x}", X64.parameters());
    let mut all = Vec::new();
    for format in ["text", "json"] {
        let commands: &[&[&str]] = if option.is_empty() {
            &[
                &["summary", path],
                &["regions", path],
                &["threads", path],
                &["info", path],
                &["report", path],
                &["at", path, &heap],
            ]
        } else {
            &[&["info", path], &["report", path]]
        };
        for command in commands {
            let run = run(&[*command, &["--format", format], option].concat());
            all.push((format!("{} {format}", command[0]), run.text().to_owned()));
        }
    }
    for format in ["markdown", "html"] {
        let run = run(&[&["report", path, "--format", format], option].concat());
        all.push((format!("report {format}"), run.text().to_owned()));
    }
    all
}

#[test]
fn secrets_are_left_out() {
    let (_directory, path) = file(&secretive());
    for (which, output) in outputs(&path, &[]) {
        assert!(
            !output.contains("hunter2") && !output.contains("--password"),
            "{which} tells the command line"
        );
        assert!(
            !output.contains(ENVIRONMENT) && !output.contains("API_KEY"),
            "{which} tells the environment"
        );
    }
}

#[test]
fn the_command_line_is_there_when_asked_for_and_the_environment_is_not() {
    let (_directory, path) = file(&secretive());
    for (which, output) in outputs(&path, &["--include-secrets"]) {
        assert!(output.contains(COMMAND_LINE), "{which} leaves out the command line");
        assert!(!output.contains(ENVIRONMENT), "{which} tells the environment");
    }
    let report = run(&["report", str(&path), "--include-secrets"]).json();
    assert_eq!(report["process"]["command_line"], format!("a.exe {COMMAND_LINE}"));
}

#[test]
fn the_command_line_of_every_preset() {
    for process in [presets::tiny(), presets::tiny_x86(), presets::tiny_wow64()] {
        let (_directory, path) = file(&process);
        let report = run(&["report", str(&path), "--include-secrets"]).json();
        let wanted = "\"C:\\Program Files\\Acme\\app.exe\" --serve 8080";
        assert_eq!(report["process"]["command_line"], wanted);
        assert!(run(&["report", str(&path)]).json()["process"]["command_line"].is_null());
    }
}

#[test]
fn other_commands_know_no_secrets() {
    let (_directory, path) = file(&secretive());
    for command in ["summary", "regions", "threads"] {
        assert_eq!(run(&[command, str(&path), "--include-secrets"]).code, Some(2), "{command}");
    }
}
