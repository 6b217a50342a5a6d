//! LIST_ENTRY: circular lists of two pointers, `Flink` and `Blink`.

use std::collections::HashSet;

use super::{FaultKind, Walker};

/// One LIST_ENTRY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Links {
    pub(super) flink: u64,
    pub(super) blink: u64,
}

/// What an entry whose neighbour is not the one it was reached from is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BackLinks {
    /// Nothing: only its links show to which list an entry belongs.
    Needed,
    /// As much as others: the entry itself says whose it is.
    Told,
}

/// A list that is being followed, and what was wrong with it.
struct Run {
    head: u64,
    back_links: BackLinks,
    seen: HashSet<u64>,
    faults: Vec<(u64, FaultKind)>,
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
        back_links: BackLinks,
        mut take: impl FnMut(&mut Self, u64) -> Result<(), FaultKind>,
    ) -> Vec<(u64, FaultKind)> {
        let ends = match self.links(head) {
            Ok(ends) => ends,
            Err(fault) => return vec![(head, fault)],
        };
        let mut run = Run { head, back_links, seen: HashSet::new(), faults: Vec::new() };
        let last = self.forward(&mut run, ends.flink, &mut take);
        if last == Some(ends.blink) {
            return run.faults;
        }
        if last.is_some() {
            run.faults.push((head, FaultKind::BackLink)); // the list came back before its end
        }
        self.backward(&mut run, ends.blink, &mut take);
        run.faults
    }

    /// From the first entry on; returns the last one, or `None` if the list broke before it came back to its head.
    fn forward(
        &mut self,
        run: &mut Run,
        first: u64,
        take: &mut impl FnMut(&mut Self, u64) -> Result<(), FaultKind>,
    ) -> Option<u64> {
        let (mut at, mut before) = (first, run.head);
        while at != run.head {
            if run.seen.contains(&at) {
                run.faults.push((at, FaultKind::Cycle));
                return None;
            }
            let links = self.enter(run, at, |links| links.blink == before, take)?;
            (before, at) = (at, links.flink);
        }
        Some(before)
    }

    /// From the last entry on, until it breaks too or meets what is known already.
    fn backward(
        &mut self,
        run: &mut Run,
        last: u64,
        take: &mut impl FnMut(&mut Self, u64) -> Result<(), FaultKind>,
    ) {
        let (mut at, mut before) = (last, run.head);
        while at != run.head && !run.seen.contains(&at) {
            let Some(links) = self.enter(run, at, |links| links.flink == before, take) else { return };
            (before, at) = (at, links.blink);
        }
    }

    /// Takes one entry; `None` if it is none.
    fn enter(
        &mut self,
        run: &mut Run,
        at: u64,
        points_back: impl Fn(Links) -> bool,
        take: &mut impl FnMut(&mut Self, u64) -> Result<(), FaultKind>,
    ) -> Option<Links> {
        let entered = match self.links(at) {
            _ if !self.step() => Err(FaultKind::TooLong),
            Ok(links) if run.back_links == BackLinks::Needed && !points_back(links) => {
                Err(FaultKind::BackLink)
            }
            Ok(links) => take(self, at).map(|()| links),
            Err(fault) => Err(fault),
        };
        match entered {
            Ok(links) => {
                run.seen.insert(at);
                if !points_back(links) {
                    run.faults.push((at, FaultKind::BackLink));
                }
                Some(links)
            }
            Err(fault) => {
                run.faults.push((at, fault));
                None
            }
        }
    }
}
