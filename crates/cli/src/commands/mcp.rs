//! `dumplens mcp`: the questions as tools of an assistant.

use std::path::PathBuf;
use std::time::Duration;

use super::scan::seconds;
use crate::mcp::{self, Server};
use crate::output::Output;

const AFTER_HELP: &str = "\
An assistant starts this program and talks to it over standard input and output: JSON-RPC 2.0, one \
message per line (Model Context Protocol). Each tool is a dumplens command of the same name; its \
answer is the command's JSON, with its text beside it. The server writes nothing, asks no other \
server, and opens no file outside the folders of --root.

  { \"mcpServers\": { \"dumplens\": { \"command\": \"dumplens\", \"args\": [\"mcp\", \"--root\", \"/dumps\"] } } }";

/// Serve the commands as tools for an assistant (Model Context Protocol)
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// A folder from which dumps and symbols may be opened; can be repeated [default: the current folder]
    #[arg(long, value_name = "DIR")]
    root: Vec<PathBuf>,
    /// Also offer what shows contents of memory: d, s and u of cdb, strings, command lines
    #[arg(long)]
    memory: bool,
    /// Time limit for one answer, in seconds
    #[arg(long, value_name = "SECS", default_value = "300", value_parser = seconds)]
    timeout: Duration,
}

pub(crate) fn run(options: &Options, _: &mut Output) -> anyhow::Result<()> {
    mcp::serve(Server::new(&options.root, options.memory, options.timeout)?)
}
