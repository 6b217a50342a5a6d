//! Whose code it was: the first frame that belongs neither to the system nor to a language runtime.

use dumplens_core::clr::Family;

use super::{Frame, Stack, site};
use crate::process::Process;

/// The index of the first frame, from `from` on, in a module that [`is_system`] does not name, or in a .NET method that
/// `is_framework` does not. The module that .NET was linked into is .NET. Frames outside all modules that are no
/// methods are skipped: they have no name.
pub fn blame(process: &Process<'_>, stack: &Stack, from: usize) -> Option<usize> {
    let hosts = |module: usize| {
        process.runtimes.iter().any(|r| r.found.family == Family::Core && r.found.module == module)
    };
    let is_own = |frame: &Frame| {
        if let Some(site) = site(process, frame) {
            let module = process.modules.get(site.module).filter(|_| !hosts(site.module));
            return module.is_some_and(|module| !is_system(&module.name));
        }
        let method = process.method_at(frame.lookup()).and_then(|found| found.method);
        method.is_some_and(|method| !is_framework(&method))
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
    "clrgc.",
    "hostfxr.",
    "hostpolicy.",
    "dotnet.exe",
    "system.private.",
    "api-ms-win-",
    "ext-ms-",
];

/// Whether a .NET method is .NET's own, by its name with that of its type.
pub(crate) fn is_framework(method: &str) -> bool {
    ["System.", "Microsoft.", "Internal.", "Interop."].iter().any(|start| method.starts_with(start))
}

/// Whether a module is part of the system or of a runtime, by its path.
pub fn is_system(path: &str) -> bool {
    let path = path.to_ascii_lowercase().replace('/', "\\");
    let file = path.rsplit('\\').next().unwrap_or_default();
    // `\Device\HarddiskVolume3\Windows\…`
    let on_device = path.strip_prefix("\\device\\").and_then(|path| path.split_once('\\'));
    let on_device = on_device.is_some_and(|(_, path)| path.starts_with("windows\\"));
    // Programs do not live below \Windows; those that do are Windows.
    let in_windows = [":\\windows\\", ":\\winnt\\"].iter().any(|folder| path.contains(folder));
    let in_windows = in_windows || on_device || path.starts_with("\\systemroot\\");
    // But for drivers, which other makers put there, and what is unpacked there to run once.
    let foreign = ["\\driverstore\\", "\\spool\\drivers\\", ":\\windows\\temp\\"];
    let foreign = foreign.iter().any(|folder| path.contains(folder));
    let of_dotnet = path.contains("\\shared\\microsoft.");
    (in_windows && !foreign) || of_dotnet || SYSTEM.iter().any(|name| file.starts_with(name))
}
