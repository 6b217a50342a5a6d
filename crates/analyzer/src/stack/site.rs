//! Where a frame's code lies. The one place that turns an address into a name.

use dumplens_core::minidump::{MinidumpModule, Module};

use super::Frame;
use crate::process::Process;

/// The code of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The module, by its index.
    pub module: usize,
    /// The debugger's name for it: the file's, without folder and extension.
    pub name: String,
    /// The function; `None` without symbols.
    pub function: Option<String>,
    /// From the function's first instruction, or from the module's base without symbols.
    pub offset: u64,
    /// The source file; `None` without symbols.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
}

/// The code of a frame; `None` outside all modules.
pub fn site(process: &Process<'_>, frame: &Frame) -> Option<Site> {
    find(process, frame.lookup(), frame.ip)
}

/// The code at an address at which a thread was stopped.
pub fn site_of(process: &Process<'_>, ip: u64) -> Option<Site> {
    find(process, ip, ip)
}

/// `lookup` says which function it is, `ip` how far in.
fn find(process: &Process<'_>, lookup: u64, ip: u64) -> Option<Site> {
    let module = process.module_at(lookup)?;
    let of = process.modules.get(module)?;
    let offset = ip.saturating_sub(of.base_address());
    Some(Site { module, name: module_name(of), function: None, offset, file: None, line: None })
}

/// `ntdll` for `C:\Windows\System32\ntdll.dll`.
fn module_name(module: &MinidumpModule) -> String {
    let path = module.code_file();
    let file = path.rsplit(['\\', '/']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if stem.is_empty() { file.to_owned() } else { stem.to_owned() }
}
