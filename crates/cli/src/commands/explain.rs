//! `dumplens explain`: what a finding means, what proves it, and what fools it.

use clap::builder::PossibleValuesParser;
use dumplens_analyzer::findings::DETECTORS;

use crate::output::Output;

/// Explain a finding: what it means, what proves it, and what can make it wrong
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The finding's id, as in the output of `why` and in JSON; without it, all ids are listed
    #[arg(value_parser = PossibleValuesParser::new(DETECTORS.iter().map(|detector| detector.id)), hide_possible_values = true)]
    id: Option<String>,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> anyhow::Result<()> {
    let Some(id) = &options.id else {
        let ids: String = DETECTORS.iter().flat_map(|detector| [detector.id, "\n"]).collect();
        return output.text(&ids);
    };
    let detector = DETECTORS.iter().find(|detector| detector.id == id);
    output.text(&detector.map(dumplens_analyzer::findings::Detector::explanation).unwrap_or_default())
}
