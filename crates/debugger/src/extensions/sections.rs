//! `!locks`, `!cs`, `!critsec`: critical sections, by the list that ntdll keeps of them.

use dumplens_core::process::{CriticalSection, SectionList};

use crate::commands::At;
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::{Session, pointer_of};

impl Session<'_, '_> {
    /// The list from the loader's lock on; `None` where the dump does not keep it.
    fn sections(&self) -> Option<SectionList> {
        let peb = self.process.pebs.iter().find(|peb| peb.width == self.width())?;
        SectionList::walk(self.memory, peb.loader_lock?, peb.width)
    }

    fn is_locked(&self, section: &CriticalSection) -> bool {
        section.is_held(self.process.threads.len())
    }

    /// Where a section lies: `mod!sym+0x28`; nothing outside of modules.
    fn section_site(&mut self, address: u64) -> Option<String> {
        let (name, offset) = self.nearest(address)?;
        Some(format!("{name}+{offset:x}"))
    }
}

const NOT_KEPT: &str = "The dump does not keep the list of critical sections";

/// Whether a thread that waits is being woken: bit 1 of `LockCount` is clear, since Windows Server 2003 SP1.
fn waiter_woken(section: &CriticalSection) -> &'static str {
    if section.lock_count < -1 && section.lock_count & 2 == 0 { "Yes" } else { "No" }
}

pub(super) fn locks(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let all = line.rest().split_whitespace().any(|word| word == "-v");
    let Some(list) = session.sections() else {
        out.line(NOT_KEPT);
        return Ok(());
    };
    out.text("\n");
    for listed in &list.sections {
        if out.stopped() {
            return Ok(());
        }
        if all || session.is_locked(&listed.section) {
            lock(session, &listed.section, Some(listed.contention_count), out);
        }
    }
    out.line(format!("Scanned {} critical sections", list.sections.len()));
    Ok(())
}

/// One section as `!locks` shows it; `!critsec` has no count of waits.
fn lock(session: &mut Session<'_, '_>, section: &CriticalSection, waits: Option<u32>, out: &mut Out<'_>) {
    let site = session.section_site(section.address).unwrap_or_default();
    let locked = session.is_locked(section);
    out.line(format!("CritSec {site} at {}", session.pointer(section.address)));
    out.line(format!("WaiterWoken        {}", waiter_woken(section)));
    let count = if locked { section.waiters().to_string() } else { "NOT LOCKED".to_owned() };
    out.line(format!("LockCount          {count}"));
    out.line(format!("RecursionCount     {}", section.recursion_count));
    out.line(format!("OwningThread       {:x}", section.owning_thread));
    if let Some(waits) = waits {
        out.line(format!("EntryCount         0\nContentionCount    {waits:x}"));
    }
    if locked {
        out.line("*** Locked");
    }
    out.text("\n");
}

pub(super) fn critsec(
    session: &mut Session<'_, '_>,
    line: &mut Line,
    _: At,
    out: &mut Out<'_>,
) -> Result<()> {
    let address = expr::address(session, line)?;
    match CriticalSection::read(&session.memory, address, session.width()) {
        Ok(section) => {
            out.text("\n");
            lock(session, &section, None, out);
        }
        Err(_) => out.line(format!("Cannot read the critical section at {}", session.pointer(address))),
    }
    Ok(())
}

/// `!cs`, `!cs -l`, `!cs ADDR`.
pub(super) fn cs(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut locked = false;
    loop {
        line.blanks();
        if line.peek() != b'-' {
            break;
        }
        locked |= line.word() == "-l";
    }
    if !line.is_end() {
        let address = expr::address(session, line)?;
        match CriticalSection::read(&session.memory, address, session.width()) {
            Ok(section) => show(session, &section, true, out),
            Err(_) => out.line(format!("Cannot read the critical section at {}", session.pointer(address))),
        }
        return Ok(());
    }
    let Some(list) = session.sections() else {
        out.line(NOT_KEPT);
        return Ok(());
    };
    for listed in &list.sections {
        if out.stopped() {
            return Ok(());
        }
        if !locked || session.is_locked(&listed.section) {
            show(session, &listed.section, false, out);
        }
    }
    Ok(())
}

/// One section as `!cs` shows it: of a list its DEBUG comes first, of an address the section.
fn show(session: &mut Session<'_, '_>, section: &CriticalSection, given: bool, out: &mut Out<'_>) {
    let width = session.width();
    let value = |value: u64| format!("0x{}", pointer_of(width.normalise(value), width));
    let site = session.section_site(section.address);
    let site = site.map_or(String::new(), |site| format!(" ({})", site.replace('+', "+0x")));
    let debug = format!("DebugInfo          = {}", value(section.debug_info));
    let itself = format!("Critical section   = {}{site}", value(section.address));
    out.line("-".repeat(41));
    let (first, second) = if given { (itself, debug) } else { (debug, itself) };
    out.line(first);
    out.line(second);
    if session.is_locked(section) {
        out.line("LOCKED");
        out.line(format!("LockCount          = {:#x}", section.waiters()));
        out.line(format!("WaiterWoken        = {}", waiter_woken(section)));
        out.line(format!("OwningThread       = {}", value(section.owning_thread)));
        out.line(format!("RecursionCount     = {:#x}", section.recursion_count));
    } else {
        out.line("NOT LOCKED");
    }
    out.line(format!("LockSemaphore      = {:#X}", section.lock_semaphore & 0xffff_ffff).replace("0X", "0x"));
    out.line(format!("SpinCount          = {}", value(section.spin_count)));
}
