//! A function's bytes: labels, and whether they are near enough for short jumps.

use std::collections::BTreeMap;

use super::encode::Place;
use super::op::Op;
use crate::arch::Width;

/// A function at its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Assembled {
    pub(super) bytes: Vec<u8>,
    /// Offset of each of the function's instructions, and of its end.
    pub(super) offsets: Vec<usize>,
}

/// Assembles a function at an address. `outside` resolves what is not a label of its own.
pub(super) fn assemble(width: Width, ops: &[Op], base: u64, outside: &dyn Fn(&str) -> u64) -> Assembled {
    [false, true]
        .into_iter()
        .find_map(|long_jumps| {
            // Lengths do not depend on addresses: one pass for the offsets, one for the bytes.
            let first = pass(width, ops, base, long_jumps, &|_| base);
            let labels = labels(ops, &first.offsets, base);
            let near = |(n, op): (usize, &Op)| {
                let (Op::Jmp(label) | Op::Jcc(_, label)) = op else { return true };
                i64::try_from(labels[label] - base).is_ok_and(|to| {
                    let from = i64::try_from(first.offsets[n + 1]).unwrap_or(i64::MAX);
                    i8::try_from(to - from).is_ok()
                })
            };
            let fits = long_jumps || ops.iter().enumerate().all(near);
            let resolve = |name: &str| labels.get(name).copied().unwrap_or_else(|| outside(name));
            fits.then(|| pass(width, ops, base, long_jumps, &resolve))
        })
        .expect("long jumps reach everything")
}

fn pass(width: Width, ops: &[Op], base: u64, long_jumps: bool, resolve: &dyn Fn(&str) -> u64) -> Assembled {
    let mut assembled = Assembled::default();
    for op in ops {
        let offset = assembled.bytes.len();
        assembled.offsets.push(offset);
        let place = Place { width, ip: base + offset as u64, long_jumps, resolve };
        assembled.bytes.extend(place.encode(*op));
    }
    assembled.offsets.push(assembled.bytes.len());
    assembled
}

fn labels<'o>(ops: &'o [Op], offsets: &[usize], base: u64) -> BTreeMap<&'o str, u64> {
    ops.iter()
        .zip(offsets)
        .filter_map(|(op, offset)| match op {
            Op::Label(name) => Some((*name, base + *offset as u64)),
            _ => None,
        })
        .collect()
}
