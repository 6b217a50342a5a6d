#![allow(clippy::all, clippy::pedantic, clippy::print_stdout)]
use std::time::{Duration, Instant};
fn main() {
    let secs: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let only = std::env::args().nth(2);
    for (name, target) in dumplens_fuzz::TARGETS {
        if only.as_deref().is_some_and(|o| o != name) {
            continue;
        }
        let seeds = if name == "pdb" {
            vec![
                std::fs::read("crates/analyzer/tests/symbols/files/imit-x64.pdb").unwrap(),
                std::fs::read("crates/analyzer/tests/symbols/files/imit-x86.pdb").unwrap(),
            ]
        } else {
            dumplens_fuzz::seeds::of(name)
        };
        if seeds.is_empty() {
            println!("{name}: no seeds");
            continue;
        }
        let start = Instant::now();
        let mut n = 5_000_000u64;
        let mut worst = (Duration::ZERO, 0);
        while start.elapsed() < Duration::from_secs(secs) {
            let bytes = dumplens_fuzz::changed(&seeds, n);
            let one = Instant::now();
            let run = std::panic::catch_unwind(|| target(&bytes));
            if run.is_err() {
                println!("{name} PANIC at {n}");
            }
            worst = worst.max((one.elapsed(), n));
            n += 1;
        }
        println!("{name}: {} runs, slowest {:?}", n - 5_000_000, worst);
    }
}
