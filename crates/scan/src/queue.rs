//! What waits between the one who finds jobs and those who do them.
//!
//! A channel wakes a thread for each job, which takes as long as a tenth of a small dump. Here the finder sleeps until half of
//! what waits is done, and is then ahead again; who waits for a job gets it at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Jobs that wait at most.
const MOST: usize = 64;

/// Jobs in the order in which they were found.
#[derive(Debug)]
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    /// There is a job, or will never be one again.
    filled: Condvar,
    /// There is room, or nobody who takes jobs.
    drained: Condvar,
}

#[derive(Debug)]
struct State<J> {
    jobs: VecDeque<J>,
    /// Those who sleep until there is a job.
    takers: usize,
    /// Whether the finder sleeps until there is room.
    full: bool,
    /// No more will be found.
    ended: bool,
    /// No more will be taken.
    closed: bool,
}

/// What a queue gives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<J> {
    Job(J),
    /// None came in time.
    NotYet,
    /// None will come.
    Ended,
}

impl<J> Default for Queue<J> {
    fn default() -> Queue<J> {
        let jobs = VecDeque::with_capacity(MOST);
        let state = State { jobs, takers: 0, full: false, ended: false, closed: false };
        Queue { state: Mutex::new(state), filled: Condvar::new(), drained: Condvar::new() }
    }
}

impl<J> Queue<J> {
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, once there is room; `false` if nobody wants more.
    pub(crate) fn give(&self, job: J) -> bool {
        let mut state = self.lock();
        while state.jobs.len() >= MOST && !state.closed {
            state.full = true;
            state = self.drained.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.full = false;
        if state.closed {
            return false;
        }
        state.jobs.push_back(job);
        if state.takers > 0 {
            self.filled.notify_one();
        }
        true
    }

    /// The next job; waits no longer than `most` for it.
    pub(crate) fn take(&self, most: Duration) -> Taken<J> {
        let mut state = self.lock();
        if state.jobs.is_empty() && !state.ended {
            state.takers += 1;
            let waited = self.filled.wait_timeout(state, most);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.takers -= 1;
        }
        match state.jobs.pop_front() {
            Some(job) => {
                if state.full && state.jobs.len() <= MOST / 2 {
                    self.drained.notify_one();
                }
                Taken::Job(job)
            }
            None if state.ended => Taken::Ended,
            None => Taken::NotYet,
        }
    }

    /// Says that no more jobs will be found.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.filled.notify_all();
    }

    /// Says that no more jobs will be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.drained.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    const SOON: Duration = Duration::from_millis(5);

    #[test]
    fn jobs_come_in_order_and_then_the_end() {
        let queue = Queue::default();
        assert!((0..3).all(|job| queue.give(job)));
        queue.end();
        let taken: Vec<_> = (0..4).map(|_| queue.take(SOON)).collect();
        assert_eq!(taken, [Taken::Job(0), Taken::Job(1), Taken::Job(2), Taken::Ended]);
    }

    #[test]
    fn a_single_job_is_not_held_back() {
        let queue = Arc::new(Queue::default());
        let taker = Arc::clone(&queue);
        let taken = thread::spawn(move || taker.take(Duration::from_mins(1)));
        assert_eq!(queue.take(SOON), Taken::NotYet::<u32>);
        assert!(queue.give(7));
        assert_eq!(taken.join().expect("no panic"), Taken::Job(7));
    }

    #[test]
    fn the_finder_is_never_far_ahead_and_ends_once_nobody_takes() {
        let (queue, given) = (Arc::new(Queue::default()), Arc::new(AtomicUsize::new(0)));
        let (giver, count) = (Arc::clone(&queue), Arc::clone(&given));
        let finder = thread::spawn(move || {
            while giver.give(()) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        for taken in 0..1000 {
            while queue.take(SOON) != Taken::Job(()) {}
            assert!(given.load(Ordering::SeqCst) <= taken + 2 + MOST);
        }
        queue.close();
        finder.join().expect("it ends");
    }
}
