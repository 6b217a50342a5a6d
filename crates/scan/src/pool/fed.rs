//! Where jobs come from: a thread that finds them while others work.

use std::sync::Arc;
use std::thread;

use anyhow::Context;

use crate::guard::Stop;
use crate::queue::Queue;

/// Jobs that a thread of its own finds: that may take long, and so may whoever writes the list. Once this is dropped, it looks
/// for no more.
pub(super) struct Fed<J>(pub(super) Arc<Queue<J>>);

impl<J: Send + 'static> Fed<J> {
    pub(super) fn new(jobs: impl Iterator<Item = J> + Send + 'static, stop: &Stop) -> anyhow::Result<Fed<J>> {
        let (fed, stop) = (Fed(Arc::default()), stop.clone());
        let ending = Ending(Arc::clone(&fed.0));
        let find = move || {
            for job in jobs {
                if stop.is_set() || !ending.0.give(job) {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("find".to_owned());
        thread.spawn(find).context("no thread can be started")?;
        Ok(fed)
    }
}

impl<J> Drop for Fed<J> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Says that there are no more jobs, however it ends.
struct Ending<J>(Arc<Queue<J>>);

impl<J> Drop for Ending<J> {
    fn drop(&mut self) {
        self.0.end();
    }
}
