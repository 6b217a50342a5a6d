//! The least that any reader of a dump takes: reads the first bytes once, by positioned reads, and does nothing
//! with them.

use std::error::Error;
use std::hint::black_box;
use std::path::Path;

use dumplens_core::{FileSource, Source};

const PIECE: usize = 128 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let [path, bytes] = args.as_slice() else { return Err("usage: read_floor DUMP BYTES".into()) };
    let bytes: u64 = bytes.to_str().ok_or("BYTES is a number")?.parse()?;
    let source = FileSource::open(Path::new(path))?;
    let mut buffer = vec![0; PIECE];
    let mut offset = 0;
    while offset < bytes {
        let wanted = PIECE.min(usize::try_from(bytes - offset)?);
        match source.read_at(offset, &mut buffer[..wanted])? {
            0 => return Err("the dump ends early".into()),
            read => offset += read as u64,
        }
        black_box(&buffer);
    }
    Ok(())
}
