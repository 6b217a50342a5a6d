//! `dumplens at`: a pointer in a log, a register, a stack slot. What lies there?

use dumplens_analyzer::Process;
use dumplens_analyzer::render::text;
use dumplens_analyzer::report::region::AddressReport;

use crate::args::{Format, Input};
use crate::output::Output;
use crate::{open, value};

/// Region, module or thread at an address, and whether the dump keeps its bytes: !address ADDR
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    /// The address, in hex
    #[arg(value_parser = value::address)]
    address: u64,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.input.dump)?;
    let process = Process::gather(&dump);
    let report = AddressReport::new(&process, dump.width().normalise(options.address));
    match options.input.format {
        Format::Text => output.text(&text::address(&report)),
        Format::Json => output.json(&report),
    }
}
