//! `dumplens mcp`: the questions as tools of an assistant.

use std::path::PathBuf;
use std::time::Duration;

use super::scan::seconds;
use crate::mcp::{self, Server};
use crate::output::Output;

const AFTER_HELP: &str = "\
An assistant starts this program and talks to it: JSON-RPC 2.0, a message a line, on standard input and output
(Model Context Protocol). Each tool is the command of its name, and its answer the command's JSON beside its text. Nothing is
written, no server is asked, and no file outside the folders of --root is opened.

  { \"mcpServers\": { \"dumplens\": { \"command\": \"dumplens\", \"args\": [\"mcp\", \"--root\", \"/dumps\"] } } }";

/// The questions as tools of an assistant: a server of the Model Context Protocol
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// A folder in which dumps and symbols may be opened; may be given again [default: the current one]
    #[arg(long, value_name = "DIR")]
    root: Vec<PathBuf>,
    /// Also offer what shows contents of memory: d, s and u of cdb, strings, command lines
    #[arg(long)]
    memory: bool,
    /// The seconds that one answer may take
    #[arg(long, value_name = "SECS", default_value = "300", value_parser = seconds)]
    timeout: Duration,
}

pub(crate) fn run(options: &Options, _: &mut Output) -> anyhow::Result<()> {
    mcp::serve(Server::new(&options.root, options.memory, options.timeout)?)
}
