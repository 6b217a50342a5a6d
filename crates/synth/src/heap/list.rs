//! LIST_ENTRY: Flink and Blink.

use crate::arch::Width;
use crate::bytes::Fields;
use crate::process::Process;

/// A LIST_ENTRY: two pointers.
pub(crate) fn entry(width: Width, flink: u64, blink: u64) -> Vec<u8> {
    let mut links = Fields::sized(width, 2 * width.bytes());
    links.word(0, flink);
    links.word(width.bytes(), blink);
    links.bytes
}

/// Links the entries at these addresses to a circle, the head among them. One address alone is an empty list.
pub(crate) fn circle(process: &mut Process, width: Width, links: &[u64]) {
    for (number, &link) in links.iter().enumerate() {
        let next = links[(number + 1) % links.len()];
        let previous = links[(number + links.len() - 1) % links.len()];
        process.put(link, &entry(width, next, previous));
    }
}
