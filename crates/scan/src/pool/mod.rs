//! Workers on threads of their own, with a limit of time for each job.
//!
//! A job that is late ends by itself when its reads fail (the module `guard`). One that does not come back even then, since
//! a read of a share hangs, is given up: it is reported as lost, its thread is left to end whenever it can, and another takes
//! its place. That may happen `MOST_LEFT` times; so the threads are bounded too. (A rayon pool cannot
//! replace a thread that hangs.)

mod fed;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::failure::{Code, Failure};
use crate::guard::{Guard, Stop};
use crate::queue::{Queue, Taken};
use fed::Fed;

/// How many at once, and how long each may take.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many at once.
    pub workers: usize,
    /// `None`: as long as it takes.
    pub limit: Option<Duration>,
    /// How long after its limit a job may go on before it is given up.
    pub grace: Duration,
    /// Threads that were left behind and have not ended yet, over all runs with these settings.
    pub left: Arc<AtomicUsize>,
}

impl Settings {
    /// Threads that may be left behind.
    const MOST_LEFT: usize = 16;
    /// How often limits and Ctrl-C are looked at.
    const TICK: Duration = Duration::from_millis(50);
    /// How long after Ctrl-C jobs may take to end.
    const ENDING: Duration = Duration::from_secs(1);
    /// As much as the main thread of a program has; Rust's own default is 2 MiB.
    const STACK_BYTES: usize = 8 << 20;
}

/// What became of a job that has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// It was late, and did not come back.
    TimedOut,
    /// No thread is left for it.
    GaveUp,
    /// It panicked.
    Panicked,
}

impl Lost {
    /// The result of a dump.
    pub fn failure(self) -> Failure {
        match self {
            Lost::TimedOut => Failure::new(Code::TimedOut, "it took longer than --timeout allows, and hangs"),
            Lost::GaveUp => Failure::new(Code::GaveUp, "too many dumps before it hang: it was not looked at"),
            Lost::Panicked => {
                Failure::new(Code::InternalError, "the analysis failed: this is an error in dumplens")
            }
        }
    }
}

/// How the work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All jobs were done, or reported as lost.
    Done,
    /// A stop was set.
    Stopped,
}

/// What is done with a job. Without a result it was interrupted.
type Work<J, T> = dyn Fn(&J, &Guard) -> Option<T> + Send + Sync;
/// The failure of a job without a result.
type Told<J, T> = dyn Fn(&J, Lost) -> T + Send + Sync;

enum Message<T> {
    Done(T),
    Ended,
}

struct Running<J> {
    job: Arc<J>,
    since: Instant,
}

/// What workers and their supervisor share.
struct Shared<J, T> {
    settings: Settings,
    stop: Stop,
    jobs: Arc<Queue<J>>,
    /// By number; the number goes on with each job.
    running: Mutex<(u64, HashMap<u64, Running<J>>)>,
    work: Box<Work<J, T>>,
    lost: Box<Told<J, T>>,
}

/// Works on all jobs; `sink` gets their results on this thread, in the order in which they end.
///
/// At most a few jobs and results wait at any time, however many there are. Fails if `sink` does, or if no thread can be
/// started.
pub fn run<J: Send + Sync + 'static, T: Send + 'static>(
    jobs: impl Iterator<Item = J> + Send + 'static,
    settings: &Settings,
    stop: &Stop,
    work: impl Fn(&J, &Guard) -> Option<T> + Send + Sync + 'static,
    lost: impl Fn(&J, Lost) -> T + Send + Sync + 'static,
    mut sink: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<End> {
    let jobs = Fed::new(jobs, stop)?;
    let (done_in, done_out) = mpsc::sync_channel(settings.workers);
    let shared = Arc::new(Shared {
        settings: settings.clone(),
        stop: stop.clone(),
        jobs: Arc::clone(&jobs.0),
        running: Mutex::new((0, HashMap::new())),
        work: Box::new(work),
        lost: Box::new(lost),
    });
    for _ in 0..settings.workers {
        start(&shared, &done_in)?;
    }
    let mut supervisor = Supervisor { shared, done_in, live: settings.workers, ran_out: false, ending: None };
    loop {
        match done_out.recv_timeout(Settings::TICK) {
            Ok(Message::Done(result)) => sink(result)?,
            Ok(Message::Ended) => supervisor.live -= 1,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        supervisor.give_up(&mut sink)?;
        if supervisor.is_over() {
            break;
        }
    }
    // Results that were on their way.
    while let Ok(message) = done_out.try_recv() {
        if let Message::Done(result) = message {
            sink(result)?;
        }
    }
    Ok(if stop.is_set() { End::Stopped } else { End::Done })
}

fn start<J: Send + Sync + 'static, T: Send + 'static>(
    shared: &Arc<Shared<J, T>>,
    done: &SyncSender<Message<T>>,
) -> anyhow::Result<()> {
    let (shared, done) = (Arc::clone(shared), done.clone());
    let thread = thread::Builder::new().name("triage".to_owned()).stack_size(Settings::STACK_BYTES);
    thread.spawn(move || shared.serve(&done)).context("no thread can be started")?;
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<J, T> Shared<J, T> {
    /// One worker, until there is no job left. One that was given up ends without a word.
    fn serve(&self, done: &SyncSender<Message<T>>) {
        while let Some(job) = self.next() {
            let job = Arc::new(job);
            let guard = Guard::new(&self.stop, self.settings.limit);
            let number = self.begin(&job);
            let result = catch_unwind(AssertUnwindSafe(|| (self.work)(&job, &guard)));
            if locked(&self.running).1.remove(&number).is_none() {
                self.settings.left.fetch_sub(1, Ordering::SeqCst);
                return;
            }
            let result = result.unwrap_or_else(|_| Some((self.lost)(&job, Lost::Panicked)));
            if result.is_some_and(|result| done.send(Message::Done(result)).is_err()) {
                return;
            }
        }
        // Nobody listens any more if this fails.
        let _ = done.send(Message::Ended);
    }

    fn next(&self) -> Option<J> {
        loop {
            if self.stop.is_set() {
                return None;
            }
            match self.jobs.take(Settings::TICK) {
                Taken::Job(job) => return Some(job),
                Taken::NotYet => {}
                Taken::Ended => return None,
            }
        }
    }

    fn begin(&self, job: &Arc<J>) -> u64 {
        let mut running = locked(&self.running);
        running.0 += 1;
        let number = running.0;
        running.1.insert(number, Running { job: Arc::clone(job), since: Instant::now() });
        number
    }

    /// Takes those out of the list that are over limit and grace.
    fn overdue(&self) -> Vec<Arc<J>> {
        let Some(most) = self.settings.limit.map(|limit| limit.saturating_add(self.settings.grace)) else {
            return Vec::new();
        };
        let mut running = locked(&self.running);
        running.1.extract_if(|_, running| running.since.elapsed() > most).map(|(_, r)| r.job).collect()
    }
}

/// Counts the workers, and gives up those that hang.
struct Supervisor<J, T> {
    shared: Arc<Shared<J, T>>,
    done_in: SyncSender<Message<T>>,
    live: usize,
    /// Whether a worker that hangs could not be replaced.
    ran_out: bool,
    /// Since when the user wants an end.
    ending: Option<Instant>,
}

impl<J: Send + Sync + 'static, T: Send + 'static> Supervisor<J, T> {
    fn give_up(&mut self, sink: &mut impl FnMut(T) -> anyhow::Result<()>) -> anyhow::Result<()> {
        for job in self.shared.overdue() {
            sink((self.shared.lost)(&job, Lost::TimedOut))?;
            let left = self.shared.settings.left.fetch_add(1, Ordering::SeqCst);
            if left < Settings::MOST_LEFT {
                start(&self.shared, &self.done_in)?;
            } else {
                self.live -= 1;
                self.ran_out = true;
            }
        }
        // Without workers, the rest cannot be done, and is reported.
        if self.live == 0 && self.ran_out {
            while let Some(job) = self.shared.next() {
                sink((self.shared.lost)(&job, Lost::GaveUp))?;
            }
        }
        Ok(())
    }

    fn is_over(&mut self) -> bool {
        if self.shared.stop.is_set() {
            let since = *self.ending.get_or_insert_with(Instant::now);
            return locked(&self.shared.running).1.is_empty() || since.elapsed() > Settings::ENDING;
        }
        self.live == 0
    }
}
