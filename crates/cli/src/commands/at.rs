//! `dumplens at`: what is at an address from a log, a register or a stack?

use dumplens_analyzer::facts::AddressReport;
use dumplens_analyzer::render::json::Versioned;
use dumplens_analyzer::render::text;
use dumplens_analyzer::symbols::Symbols;

use crate::address;
use crate::address::Place;
use crate::args::Input;
use crate::open::{self, Gathered};
use crate::output::Output;
use crate::symbols::SymbolArgs;

/// Show the region, module, function or thread at an address, and whether the dump contains its bytes (!address ADDR)
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    input: Input,
    /// The address in hex (0n… for decimal), or module+offset, or module!function+offset
    #[arg(value_parser = address::parse)]
    address: Place,
    #[command(flatten)]
    symbols: SymbolArgs,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let dump = open::open(&options.input.dump)?;
    let Gathered { process, warnings } = Gathered::new(&dump, &options.symbols);
    let (search, ignored) = options.symbols.search(&options.input.dump)?;
    let mut symbols = Symbols::new(&process, search);
    let address = options.address.resolve_named(&process, &mut symbols)?;
    let mut report = AddressReport::new(&process, address);
    report.warnings.extend(warnings);
    if report.module.is_some() {
        report.name(&mut symbols);
        report.warnings.extend(ignored);
    }
    open::all_read(&dump, &options.input.dump)?;
    output.answer(options.input.format, || text::address(&report), || Versioned::new(&report))
}
