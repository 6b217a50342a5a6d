//! The dumps that are changed: sound ones of every kind, and those that are damaged on purpose.

use dumplens_synth::{damage, presets};

/// Larger seeds are left out: there are smaller ones of the same kind.
const MOST_BYTES: usize = 256 << 10;

/// All seeds, the sound ones first.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    use presets::heaps;
    let plain = [presets::tiny(), presets::tiny_x86(), presets::tiny_bad_alloc(), presets::tiny_wow64()];
    let heaps = [
        heaps::nt_win7_x86,
        heaps::nt_win10_x86,
        heaps::nt_win7_x64,
        heaps::nt_win10_x64,
        heaps::nt_24h2_x64,
        heaps::nt_wow64,
        heaps::segment_10240,
        heaps::segment_2004,
        heaps::segment_2004_x86,
        heaps::segment_24h2,
        heaps::page_heap_x86,
        heaps::page_heap_x64,
    ];
    let sound = plain.into_iter().chain(heaps.into_iter().map(|make| make().0));
    let sound = sound.map(|process| process.trimmed().to_bytes().0);
    let damaged = damage::variants().map(|variant| variant.bytes);
    let heaps = damage::heaps().map(|variant| variant.process.trimmed().to_bytes().0);
    let all: Vec<Vec<u8>> =
        sound.chain(damaged).chain(heaps).filter(|bytes| (1..=MOST_BYTES).contains(&bytes.len())).collect();
    assert!(all.len() > 150, "{} seeds", all.len());
    all
}
