//! `?` without an expression: the commands.

use crate::commands::FAMILIES;
use crate::out::Out;

/// The table of commands, as text.
pub(crate) fn print(out: &mut Out<'_>) {
    out.line("\nThe commands of dumplens, by their names in WinDbg:\n");
    for (_, commands) in FAMILIES {
        for command in commands.iter().filter(|command| !command.syntax.is_empty()) {
            out.line(format!("{} - {}", command.syntax, command.about));
        }
    }
}

/// docs/windbg.md's tables: the heading of each family, and a row for each command.
pub(crate) fn markdown() -> String {
    let mut text = String::new();
    for (heading, commands) in FAMILIES {
        if !heading.is_empty() {
            text.push_str(&format!("\n## {heading}\n\n| command | what it does |\n|---|---|\n"));
        }
        for command in commands.iter().filter(|command| !command.syntax.is_empty()) {
            let syntax = command.syntax.replace('|', "\\|");
            let refused = match (command.memory, command.files) {
                (true, _) => " (not with `--no-memory`)",
                (_, true) => " (not with `--no-files`)",
                _ => "",
            };
            text.push_str(&format!("| `{syntax}` | {}{refused} |\n", command.about));
        }
    }
    text
}
