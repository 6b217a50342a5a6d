//! docs/commands.md: the reference of the command line, generated from clap's description of it.
//! `DUMPLENS_UPDATE=1 cargo test -p dumplens --bin dumplens reference` writes the page.

use std::path::Path;

use clap::{Arg, Command, CommandFactory};

use crate::args::Args;

const HEAD: &str = "\
# Commands

<!-- Generated from the command line by a test. To write this page again:
     DUMPLENS_UPDATE=1 cargo test -p dumplens --bin dumplens reference -->

The reference of all commands. `dumplens COMMAND --help` prints the same for one command. `--color auto|always|never` applies to
all of them. The [README](../README.md#commands) lists the commands by question.
";

#[test]
fn reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/commands.md");
    let page = page();
    if std::env::var_os("DUMPLENS_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("docs/commands.md");
    }
    let written = std::fs::read_to_string(&path).expect("docs/commands.md").replace('\r', "");
    assert!(written == page, "docs/commands.md is not what the command line is: DUMPLENS_UPDATE=1 writes it");
}

fn page() -> String {
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let mut page = HEAD.to_owned();
    page.push_str("\n| command | what it does |\n|---|---|\n");
    for command in program.get_subcommands() {
        let name = command.get_name();
        page.push_str(&format!("| [`{name}`](#dumplens-{name}) | {} |\n", first(command)));
    }
    for command in program.get_subcommands() {
        page.push_str(&section(command));
    }
    page.push_str(&format!("\n## Examples and exit status\n\n{}", block(&program)));
    page
}

fn first(command: &Command) -> String {
    cell(&command.get_about().expect("what it does").to_string())
}

fn section(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about()).expect("what it does");
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = format!("\n## dumplens {}\n\n{about}\n\n```text\n{usage}\n```\n", command.get_name());
    out.push_str("\n| argument | meaning |\n|---|---|\n");
    let own = |arg: &&Arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help";
    for arg in command.get_arguments().filter(own) {
        out.push_str(&format!("| `{}` | {} |\n", spelled(arg), meaning(arg)));
    }
    if command.get_after_help().is_some() {
        out.push_str(&format!("\n{}", block(command)));
    }
    out
}

/// What stands below the options, as it is printed.
fn block(command: &Command) -> String {
    format!("```text\n{}\n```\n", command.get_after_help().expect("words").to_string().trim_end())
}

/// `-f <:FILTERS>`, `--format <FORMAT>`, `<DUMP>`.
fn spelled(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let takes = arg.get_action().takes_values();
    let values: Vec<String> = names.iter().filter(|_| takes).map(|name| format!("<{name}>")).collect();
    let values = values.join(" ");
    match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long} {values}"),
        (None, Some(short)) => format!("-{short} {values}"),
        (None, None) => values,
    }
    .trim_end()
    .replace('|', "\\|")
}

/// The help, the possible values and the default.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(|help| cell(&help.to_string())).unwrap_or_default();
    let shown = !arg.is_hide_possible_values_set() && arg.get_action().takes_values();
    let values: Vec<String> = arg.get_possible_values().iter().filter(|_| shown).map(value).collect();
    let values = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    let takes = arg.get_action().takes_values() && !defaults.is_empty();
    let default = if takes { format!(" (default {})", defaults.join(", ")) } else { String::new() };
    format!("{help}{values}{default}")
}

fn value(value: &clap::builder::PossibleValue) -> String {
    let help = value.get_help().map(|help| format!(" ({})", cell(&help.to_string()))).unwrap_or_default();
    format!("`{}`{help}", value.get_name())
}

/// Words in a cell of a table: on one line.
fn cell(words: &str) -> String {
    words.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "&lt;")
}
