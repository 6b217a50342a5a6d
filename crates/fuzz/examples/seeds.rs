//! Writes input for the targets of cargo-fuzz: `cargo run -p dumplens-fuzz --example seeds -- fuzz/corpus`.
#![allow(clippy::print_stdout, clippy::exit)]

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "fuzz/corpus".to_owned());
    for (target, _) in dumplens_fuzz::TARGETS {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (n, bytes) in dumplens_fuzz::seeds::of(target).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{n}")), bytes)?;
        }
        println!("{}", folder.display());
    }
    Ok(())
}
