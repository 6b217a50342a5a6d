//! Reads a few bytes of the process's memory, or says why they are not to be had.
//!
//! `cargo run -p dumplens-core --example memory_at -- app.dmp 7ffe0000`
#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::path::Path;

use dumplens_core::{Absence, Dump, FileSource};

pub(crate) fn answer(path: &Path, address: u64) -> Result<String, Box<dyn Error>> {
    let dump = Dump::open(FileSource::open(path)?)?;
    Ok(match dump.memory().bytes(address, 16) {
        Ok(bytes) => format!("{bytes:02x?}"),
        Err(unread) => match unread.why {
            Absence::Free | Absence::Reserved => "the process had no memory there".to_owned(),
            Absence::NotKept => "the process had memory there, and the dump did not keep it".to_owned(),
            why => format!("unreadable: {why:?}"),
        },
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("which dump?")?;
    let address = u64::from_str_radix(&args.next().ok_or("which address?")?, 16)?;
    println!("{}", answer(path.as_ref(), address)?);
    Ok(())
}
