//! How long a command may take.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use dumplens_scan::{Guard, Stop};

use crate::commands::scan::{GRACE, seconds};

/// As much as the main thread of a program has; Rust's own default is 2 MiB.
const STACK_BYTES: usize = 8 << 20;

/// How long the answer may take
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Limit {
    /// Time limit for the answer, in seconds; 0 for no limit
    #[arg(long, value_name = "SECS", default_value = "0", value_parser = seconds)]
    timeout: Duration,
}

impl Limit {
    /// Does the work within the limit, by a guard that ends its reads; work that hangs even then is not waited for.
    pub(crate) fn within<T: Send + 'static>(
        &self,
        work: impl FnOnce(Guard) -> anyhow::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let limit = Some(self.timeout).filter(|limit| !limit.is_zero());
        let guard = Guard::new(&Stop::default(), limit);
        let Some(limit) = limit else { return work(guard) };
        let (done, answer) = mpsc::sync_channel(1);
        let late = guard.clone();
        let work = move || drop(done.send(work(guard)));
        let thread = thread::Builder::new().name("answer".to_owned()).stack_size(STACK_BYTES);
        thread.spawn(work).context("cannot start a thread")?;
        let too_late = || anyhow!("it took longer than --timeout allows");
        match answer.recv_timeout(limit.saturating_add(GRACE)) {
            Ok(Err(_)) if late.late() => Err(too_late()),
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(too_late()),
            Err(RecvTimeoutError::Disconnected) => {
                Err(anyhow!("the analysis failed: this is an error in dumplens"))
            }
        }
    }
}
