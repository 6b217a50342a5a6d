//! What the census's pass for vftables takes alone: it reads all of the private memory, and counts.
#![allow(clippy::print_stdout, reason = "it prints what it counted")]

use std::error::Error;
use std::path::Path;

use dumplens_analyzer::Process;
use dumplens_analyzer::contents::vftable_pass;
use dumplens_core::{Dump, FileSource};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: vftables DUMP")?;
    let dump = Dump::open(FileSource::open(Path::new(&path))?)?;
    let (bytes, words) = vftable_pass(&Process::gather(&dump));
    println!("{bytes} bytes, {words} words");
    Ok(())
}
