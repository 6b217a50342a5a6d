//! The threads: what their stream entries and their TEBs say.

use dumplens_core::process::Teb;
use dumplens_core::{Ahead, Dump, StreamType, ThreadEntry};

use super::ProcessWarning;

/// One thread: what its stream entries and its TEB say.
#[derive(Debug, Clone)]
pub struct Thread<'d> {
    /// Position in the thread list, WinDbg's `~N`.
    pub index: usize,
    /// Thread ID.
    pub id: u32,
    /// The description set by `SetThreadDescription`, where the dump has one.
    pub name: Option<String>,
    /// Address of the TEB, from the thread list.
    pub teb_address: u64,
    /// The TEB of the dump's own width, if the dump keeps it and it is one.
    pub teb: Option<Teb<'d>>,
    /// The 32-bit TEB of a WOW64 thread; boxed, since most processes have none.
    pub teb32: Option<Box<Teb<'d>>>,
    /// `LastStatusValue` of the TEB that the program sees; `None` if the dump does not keep it.
    pub last_status: Option<u32>,
    /// How often the thread was suspended.
    pub suspend_count: u32,
    /// Where the thread started, from ThreadInfoList.
    pub start_address: Option<u64>,
    /// Whether it is in the thread list. The exception's thread counts as one also if it is not, if the dump has its
    /// registers.
    pub listed: bool,
}

impl<'d> Thread<'d> {
    /// Its TEBs, that of the dump's own width first.
    pub fn tebs(&self) -> impl Iterator<Item = &Teb<'d>> {
        self.teb.iter().chain(self.teb32.as_deref())
    }

    /// The TEB that the program itself sees: the 32-bit one in a WOW64 process.
    pub fn program_teb(&self) -> Option<&Teb<'d>> {
        self.teb32.as_deref().or(self.teb.as_ref())
    }
}

/// The threads without anything that only Windows has.
pub(super) fn bare_threads(dump: &Dump) -> Vec<Thread<'_>> {
    let Ok(Some(list)) = dump.threads() else {
        return Vec::new();
    };
    let names = dump.thread_names().ok().flatten().unwrap_or_default();
    let infos = dump.thread_infos().ok().flatten().unwrap_or_default();
    let thread = |(index, t): (usize, &ThreadEntry)| Thread {
        index,
        id: t.id,
        name: names.get(&t.id).filter(|name| !name.is_empty()).cloned(),
        teb_address: t.teb,
        teb: None,
        teb32: None,
        last_status: None,
        suspend_count: t.suspend_count,
        start_address: infos.get(&t.id).map(|info| info.start_address),
        listed: true,
    };
    // One more: the exception's thread may come to them, and a long list is not to be copied for it.
    let mut threads = Vec::with_capacity(list.len().saturating_add(1));
    threads.extend(list.iter().enumerate().map(thread));
    threads
}

/// The exception's thread, if the list lacks it and the dump has its registers.
pub(super) fn unlisted<'d>(dump: &'d Dump, threads: &[Thread<'_>]) -> Option<Thread<'d>> {
    let exception = dump.exception().ok().flatten()?;
    let id = exception.thread_id;
    exception.context.filter(|_| !threads.iter().any(|thread| thread.id == id))?;
    Some(Thread {
        index: threads.len(),
        id,
        name: None,
        teb_address: 0,
        teb: None,
        teb32: None,
        last_status: None,
        suspend_count: 0,
        start_address: None,
        listed: false,
    })
}

/// The threads with their TEBs.
pub(super) fn gather_threads<'d>(dump: &'d Dump, warnings: &mut Vec<ProcessWarning>) -> Vec<Thread<'d>> {
    let mut threads = bare_threads(dump);
    let memory = dump.memory();
    let mut unusable: Option<(u64, u32, String)> = None;
    let mut ahead = Ahead::new(memory);
    let addresses: Vec<u64> = threads.iter().map(|thread| thread.teb_address).collect();
    for (n, thread) in threads.iter_mut().enumerate() {
        ahead.before(n, addresses[n..].iter().map(|teb| (*teb, Teb::UP_TO_LAST_STATUS)));
        let why = match Teb::read(memory, thread.teb_address, dump.width()) {
            Ok(teb) if teb.is_sound() => {
                thread.teb32 = teb.wow64().map(Box::new);
                thread.teb = Some(teb);
                thread.last_status = thread.program_teb().and_then(|teb| teb.last_status().ok());
                continue;
            }
            Ok(_) => format!("what lies at {:#x} does not point at itself", thread.teb_address),
            Err(unreadable) => unreadable.to_string(),
        };
        unusable.get_or_insert((0, thread.id, why)).0 += 1;
    }
    // A dump that keeps no memory but stacks has no TEBs, and nobody expects them.
    let keeps_tebs =
        threads.iter().any(|t| t.teb.is_some()) || dump.stream(StreamType::MEMORY64_LIST).is_some();
    if let Some((count, first, why)) = unusable.filter(|_| keeps_tebs) {
        warnings.push(ProcessWarning::TebsUnusable { count, first, why });
    }
    threads
}
