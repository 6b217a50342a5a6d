//! In which module a frame's code lies. Functions, files and lines are named by [`crate::symbols`].

use std::fmt;

use super::Frame;
use crate::process::Process;
use crate::process::module_names::module_name;

/// The module of a frame's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The module, by its index.
    pub module: usize,
    /// The debugger's name for it: the file's, without folder and extension.
    pub name: String,
    /// From the module's base.
    pub offset: u64,
}

/// `module+0x1234`.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{:#x}", self.name, self.offset)
    }
}

/// The module of a frame's code; `None` outside all modules.
pub fn site(process: &Process<'_>, frame: &Frame) -> Option<Site> {
    find(process, frame.lookup(), frame.ip)
}

/// The module at an address at which a thread was stopped.
pub(crate) fn site_of(process: &Process<'_>, ip: u64) -> Option<Site> {
    find(process, ip, ip)
}

/// `lookup` says which module it is, `ip` how far in.
fn find(process: &Process<'_>, lookup: u64, ip: u64) -> Option<Site> {
    let module = process.module_at(lookup)?;
    let of = process.modules.get(module)?;
    let name = module_name(&of.name).to_owned();
    Some(Site { module, name, offset: ip.saturating_sub(of.base) })
}
