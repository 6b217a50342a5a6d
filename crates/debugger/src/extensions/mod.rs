//! The extensions that are built in, one a file.

mod address;
mod address_one;
mod analyze;
mod errors;
mod handles;
mod heaps;
mod images;
mod ours;
mod peb;
mod sections;
mod teb;
mod threads;

use crate::commands::Command;

/// Every extension.
pub(crate) const COMMANDS: &[Command] = &[
    Command::new(
        "!address",
        "!address [ADDR | -summary | -f:FILTERS] [-o:csv|tsv|1] [-c:\"COMMANDS\"]",
        "the address space: a region, the summary, or the regions that match the filters",
        address::run,
    ),
    Command::new("!vprot", "!vprot ADDR", "state and protection of a region", address_one::vprot),
    Command::new(
        "!analyze",
        "!analyze [-v]",
        "the exception, its stack, and the verdict of `dumplens why`",
        analyze::run,
    ),
    Command::new("!why", "!why", "what `dumplens why` prints", ours::why),
    Command::new(
        "!waits",
        "!waits",
        "what each thread waits for, and who holds it: `dumplens waits`",
        ours::waits,
    ),
    Command::new("!census", "!census", "what fills the memory: `dumplens census`", ours::census),
    Command::new("!dumpheap", "!dumpheap [-stat]", ".NET objects by type: `dumplens managed`", ours::heap),
    Command::new("!teb", "!teb [ADDR]", "the thread environment block", teb::run),
    Command::new(
        "!peb",
        "!peb [ADDR]",
        "the process environment block; its strings not with `--no-memory`",
        peb::run,
    ),
    Command::new(
        "!gle",
        "!gle [-all]",
        "the last error and status of the thread, or of all threads",
        errors::gle,
    ),
    Command::new(
        "!error",
        "!error CODE [1]",
        "the name of a Win32 error; with 1, of an NTSTATUS",
        errors::error,
    ),
    Command::new(
        "!heap",
        "!heap [-s] [-stat] [-p -a ADDR]",
        "heaps; -p -a the block that contains an address",
        heaps::run,
    ),
    Command::new("!handle", "!handle [HANDLE [FLAGS]]", "handles and their objects", handles::run),
    Command::new("!locks", "!locks [-v]", "critical sections that are held; -v all of them", sections::locks),
    Command::new("!cs", "!cs [-l] [ADDR]", "critical sections; -l only those that are held", sections::cs),
    Command::new("!critsec", "!critsec ADDR", "one critical section", sections::critsec),
    Command::new("!runaway", "!runaway [FLAGS]", "processor time of the threads", threads::runaway),
    Command::new("!uniqstack", "!uniqstack", "the different call stacks, each once", threads::uniqstack),
    Command::new("!threads", "!threads", "threads with their last errors", threads::list),
    Command::new("!dh", "!dh MODULE", "headers and sections of an image", images::headers),
    Command::new("!dlls", "!dlls", "modules in load order", images::dlls),
    Command::new(
        "!vm",
        "!vm",
        "the commit charge and memory of the machine, if the dump contains them",
        heaps::vm,
    ),
    Command::new(
        "!sw",
        "!sw, !wow64exts.sw",
        "switches between the 32-bit and the 64-bit half of a WOW64 process",
        switched,
    ),
    Command::new("!sym", "", "", ignored),
    Command::new("!ready", "", "", ignored),
];

/// For scripts: what has no meaning here and must not fail.
fn ignored(
    _: &mut crate::session::Session<'_, '_>,
    line: &mut crate::line::Line,
    _: crate::commands::At,
    _: &mut crate::out::Out<'_>,
) -> crate::error::Result<()> {
    line.quoted_rest();
    Ok(())
}

/// `!sw`, `!wow64exts.sw`: what `.effmach` does.
fn switched(
    session: &mut crate::session::Session<'_, '_>,
    line: &mut crate::line::Line,
    _: crate::commands::At,
    out: &mut crate::out::Out<'_>,
) -> crate::error::Result<()> {
    line.quoted_rest();
    let x86 = session.x86;
    out.line(match session.is_wow64() && session.set_machine(!x86) {
        true if x86 => "Switched to Host mode",
        true => "Switched to Guest (WoW) mode",
        false => "The process has no WOW64 threads",
    });
    Ok(())
}
