//! What of a deadlock a signature is made of: what each thread of the circle does.

use super::SignatureFrame;
use super::frames::frame;
use crate::facts::Facts;
use crate::stack::{Trust, is_framework};
use crate::symbols::Source;

/// What a thread of a circle does: the first frame of the program's own code, native or a method of .NET.
enum Own {
    Frame(SignatureFrame),
    Method(String),
}

/// Of each thread of a circle the first frame of the program's own code, in the order of the circle. It begins where that gives
/// the lowest order: which of the threads has the lowest ID is chance.
pub(super) fn deadlocked(facts: &Facts) -> (Vec<SignatureFrame>, Vec<String>) {
    let circles = facts.waits.iter().flat_map(|waits| &waits.chains);
    let Some(circle) = circles.into_iter().find(|chain| chain.deadlock) else { return Default::default() };
    let own = |id: &u32| {
        let thread = facts.threads.iter().find(|thread| thread.id == *id)?;
        let rows = thread.frames.as_deref().unwrap_or_default();
        rows.iter().filter(|row| !row.inline && row.trust != Trust::Unproven).find_map(|row| {
            let method = row.function.as_ref().filter(|_| row.source == Some(Source::Runtime));
            let method = method.filter(|method| !is_framework(method)).cloned().map(Own::Method);
            method.or_else(|| frame(facts, row).map(Own::Frame))
        })
    };
    let (mut frames, mut methods) = (Vec::new(), Vec::new());
    for own in circle.threads.iter().take(MOST_OF_CIRCLE).filter_map(own) {
        match own {
            Own::Frame(frame) => frames.push(frame),
            Own::Method(method) => methods.push(method),
        }
    }
    let place = |frame: &SignatureFrame| (frame.module.clone(), frame.offset);
    (lowest(&frames, place), lowest(&methods, String::clone))
}

/// A circle, from the one on that gives the lowest order.
fn lowest<T: Clone, K: Ord>(circle: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let turned = |from: usize| {
        let (before, after) = circle.split_at(from);
        [after, before].concat()
    };
    let order = |circle: &Vec<T>| -> Vec<K> { circle.iter().map(&key).collect() };
    (0..circle.len()).map(turned).min_by_key(order).unwrap_or_default()
}

/// Threads of a circle whose frames are part of a signature.
const MOST_OF_CIRCLE: usize = 16;
