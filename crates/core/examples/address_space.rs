//! Opens a dump and asks the bytes: how large was the largest free region, and which modules were there?
//!
//! `cargo run -p dumplens-core --example address_space -- app.dmp`
#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::path::Path;

use dumplens_core::{Dump, FileSource};

pub(crate) fn answer(path: &Path) -> Result<String, Box<dyn Error>> {
    let dump = Dump::open(FileSource::open(path)?)?;
    // Three answers: damaged (`?`), absent (`None`), present.
    let mut answer = match dump.memory_info()? {
        Some(map) => {
            let free = map.regions.iter().filter(|region| region.state.is_free()).map(|region| region.size);
            format!("largest free region: {:#x}\n", free.max().unwrap_or_default())
        }
        None => "the dump has no map of the address space\n".to_owned(),
    };
    if let Some(modules) = dump.modules()? {
        for module in &modules {
            answer += &format!("{:#x} {:?}\n", module.base, module.name);
        }
    }
    Ok(answer)
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("which dump?")?;
    print!("{}", answer(path.as_ref())?);
    Ok(())
}
