//! The terminal: colour where it is one, and quiet when whoever reads stops reading.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use dumplens_analyzer::render::{escape, json};

use crate::args::{Color, Format};
use crate::paint::{self, Look};

/// Standard output.
pub(crate) struct Output {
    out: BufWriter<AutoStream<io::Stdout>>,
    paints: bool,
    /// What the text is, for its colours.
    pub(crate) look: Look,
    status: u8,
}

impl Output {
    pub(crate) fn new(color: Color) -> Output {
        let choice = match color {
            Color::Auto => AutoStream::choice(&io::stdout()),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let out = BufWriter::with_capacity(64 << 10, AutoStream::new(io::stdout(), choice));
        Output { out, paints: !matches!(choice, ColorChoice::Never), look: Look::Other, status: 0 }
    }

    /// Prints text, with headings and warnings in colour.
    pub(crate) fn text(&mut self, text: &str) -> anyhow::Result<()> {
        if self.paints { self.raw(&paint::text(self.look, text)) } else { self.raw(text) }
    }

    /// Whether there may be colour.
    pub(crate) fn paints(&self) -> bool {
        self.paints
    }

    /// How many columns the terminal has, if standard output is one.
    pub(crate) fn width() -> Option<usize> {
        terminal_size::terminal_size_of(io::stdout())
            .map(|(width, _)| usize::from(width.0))
            .filter(|width| *width > 0)
    }

    /// Prints as it is.
    pub(crate) fn raw(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.out.write_all(text.as_bytes())?)
    }

    /// Prints a page that has no colours to leave out.
    pub(crate) fn page(&mut self, page: &str) -> anyhow::Result<()> {
        self.out.flush()?;
        let mut out = io::stdout().lock();
        out.write_all(page.as_bytes())?;
        Ok(out.flush()?)
    }

    /// For those who write themselves.
    pub(crate) fn writer(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// Prints data as JSON.
    pub(crate) fn json(&mut self, data: &impl serde::Serialize) -> anyhow::Result<()> {
        Ok(json::write(&mut self.out, data)?)
    }

    /// Prints the answer to a question in the form that was asked for; the other is not made.
    pub(crate) fn answer<J: serde::Serialize>(
        &mut self,
        format: Format,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> J,
    ) -> anyhow::Result<()> {
        match format {
            Format::Text => self.text(&text()),
            Format::Json => self.json(&json()),
        }
    }

    /// Sets the exit code of a program that did what it was asked to, and has more to say than that.
    pub(crate) fn exit_with(&mut self, status: u8) {
        self.status = status;
    }

    /// The exit code, if nothing fails.
    pub(crate) fn status(&self) -> ExitCode {
        self.status.into()
    }

    /// Writes out what is still held back.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }
}

/// Whether an error is only that nobody reads on, as with `| head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &io::Error| e.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(broken))
}

/// Text on standard error, beside an answer that is not text.
pub(crate) fn note(text: &str) {
    let _ = anstream::stderr().write_all(harmless(text).as_bytes());
}

/// Clap's answer to a command line that asks for help, or for nothing that there is; the exit code.
///
/// It repeats what it did not understand, which may be the name of a file. Then the answer is without colour.
pub(crate) fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr()
        || !std::env::args_os().any(|arg| arg.to_string_lossy().contains(escape::is_unsafe))
    {
        let _ = error.print();
    } else {
        note(&error.render().to_string());
    }
    error.exit_code().try_into().map_or(ExitCode::FAILURE, |code: u8| code.into())
}

/// What libraries say may repeat what they were given, as it was.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && escape::is_unsafe(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// One line on standard error.
pub(crate) fn complain(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    // If standard error is gone too, the exit code says it.
    note(&format!("dumplens: {}\n", causes.join(": ")));
}
