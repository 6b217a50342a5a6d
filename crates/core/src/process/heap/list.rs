//! LIST_ENTRY: circular lists of two pointers, `Flink` and `Blink`.

use std::collections::HashSet;

use super::{FaultKind, Walker};

/// One LIST_ENTRY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Links {
    pub(super) flink: u64,
    pub(super) blink: u64,
}

impl Walker<'_, '_> {
    pub(super) fn links(&self, at: u64) -> Result<Links, FaultKind> {
        let size = self.width.bytes() as u64;
        let block = self.block(at, size.saturating_mul(2))?;
        match (block.pointer(0, 0), block.pointer(size, size)) {
            (Some(flink), Some(blink)) => Ok(Links { flink, blink }),
            _ => Err(FaultKind::Unreadable(self.memory.why_absent(at.wrapping_add(size)))),
        }
    }

    /// Calls `take` with every entry of the list at `head`, once each; it says what is wrong with an entry that is
    /// none. Where the list breaks, it is followed from its other end too. Returns the faults.
    pub(super) fn follow(
        &mut self,
        head: u64,
        mut take: impl FnMut(&mut Self, u64) -> Result<(), FaultKind>,
    ) -> Vec<(u64, FaultKind)> {
        let mut faults = Vec::new();
        let mut seen = HashSet::new();
        let ends = match self.links(head) {
            Ok(ends) => ends,
            Err(fault) => return vec![(head, fault)],
        };
        let broken = self.run(head, ends.flink, Direction::Forward, &mut seen, &mut faults, &mut take);
        if broken {
            self.run(head, ends.blink, Direction::Backward, &mut seen, &mut faults, &mut take);
        }
        faults
    }

    /// Follows a list in one direction; returns whether it broke before it came back to its head.
    fn run(
        &mut self,
        head: u64,
        first: u64,
        direction: Direction,
        seen: &mut HashSet<u64>,
        faults: &mut Vec<(u64, FaultKind)>,
        take: &mut impl FnMut(&mut Self, u64) -> Result<(), FaultKind>,
    ) -> bool {
        let (mut at, mut before) = (first, head);
        while at != head {
            let links = match self.links(at) {
                _ if !self.step() => Err(FaultKind::TooLong),
                // From the other end, an entry that is known already is where the two runs meet.
                _ if seen.contains(&at) && direction == Direction::Backward => return true,
                _ if seen.contains(&at) => Err(FaultKind::Cycle),
                links => links.and_then(|links| take(self, at).map(|()| links)),
            };
            let links = match links {
                Ok(links) => links,
                Err(fault) => {
                    faults.push((at, fault));
                    return true;
                }
            };
            seen.insert(at);
            let (back, next) = match direction {
                Direction::Forward => (links.blink, links.flink),
                Direction::Backward => (links.flink, links.blink),
            };
            if back != before && direction == Direction::Forward {
                faults.push((at, FaultKind::BackLink));
            }
            (before, at) = (at, next);
        }
        false
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forward,
    Backward,
}
