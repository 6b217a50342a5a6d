//! Whose code it was: the first frame that belongs neither to the system nor to a language runtime.

use super::{Frame, Stack, site};
use crate::process::Process;

/// The index of the first frame, from `from` on, in a module that [`is_system`] does not name. Frames outside all modules are passed
/// over: they have no name to blame.
pub fn blame(process: &Process<'_>, stack: &Stack, from: usize) -> Option<usize> {
    let is_own = |frame: &Frame| {
        site(process, frame)
            .and_then(|site| process.modules.get(site.module))
            .is_some_and(|module| !is_system(&module.name))
    };
    let found = stack.frames.iter().enumerate().skip(from).find(|(_, frame)| is_own(frame));
    found.map(|(index, _)| index)
}

/// Modules that carry out what others ask for: Windows itself, the C and C++ runtimes, and what hooks them. An
/// exception raised in one of them is rarely of its making. Beginnings of file names.
const SYSTEM: &[&str] = &[
    // Raise, dispatch and wait for everything.
    "ntdll.",
    "kernel32.",
    "kernelbase.",
    "wow64",
    "wowarmhw.",
    "xtajit",
    "win32u.",
    "verifier.",
    // Messages, COM and RPC call back into programs.
    "user32.",
    "gdi32",
    "combase.",
    "ole32.",
    "oleaut32.",
    "rpcrt4.",
    "sechost.",
    "advapi32.",
    "msvcrt.",
    "shcore.",
    "shell32.",
    "ws2_32.",
    "mswsock.",
    "crypt32.",
    "bcrypt",
    "dbghelp.",
    "dbgcore.",
    // The C and C++ runtimes of Microsoft, MinGW, Borland and the CLR.
    "ucrtbase",
    "vcruntime",
    "msvcp",
    "msvcr",
    "concrt",
    "mfc1",
    "mfc4",
    "atl1",
    "atl7",
    "atl.",
    "libgcc_s",
    "libstdc++",
    "libwinpthread",
    "libc++",
    "libunwind",
    "cc32",
    "borlndmm",
    "clr.",
    "coreclr.",
    "mscorwks.",
    "clrjit.",
    "api-ms-win-",
    "ext-ms-",
];

/// Whether a module is part of the system or of a runtime, by its path.
pub fn is_system(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace('/', "\\");
    let file = path.rsplit('\\').next().unwrap_or_default();
    // Programs do not live below \Windows; those that do are Windows.
    let in_windows = path.contains(":\\windows\\") || path.starts_with("\\systemroot\\");
    // But for drivers, which other makers put there.
    let driver = ["\\driverstore\\", "\\spool\\drivers\\"].iter().any(|folder| path.contains(folder));
    (in_windows && !driver) || SYSTEM.iter().any(|name| file.starts_with(name))
}
