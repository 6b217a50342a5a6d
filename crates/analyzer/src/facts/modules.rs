//! The modules.

use dumplens_core::{CodeView, Module, UnloadedModule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hex, Options, Owned, Warning};
use crate::process::{Process, known};
use crate::space::{Holdings, Owner, Usage};

/// One module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleReport {
    /// First address.
    pub base: Hex,
    /// Bytes.
    pub size_bytes: u64,
    /// Path, as the loader recorded it.
    pub path: String,
    /// File version, if the dump has one.
    pub version: Option<String>,
    /// `TimeDateStamp` of the image.
    pub time_date_stamp: Hex,
    /// The PDB's name, from the CodeView record.
    pub pdb: Option<String>,
    /// GUID and age, in the form that symbol servers use.
    pub debug_id: Option<String>,
    /// Committed bytes that are private to the process: pages that were copied because they were written to. `None`
    /// without a memory map.
    pub private_bytes: Option<u64>,
    /// Committed bytes that are copied when they are written to.
    pub write_copy_bytes: Option<u64>,
}

/// An image that was unloaded before the dump was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnloadedModuleReport {
    /// Its former base address.
    pub base: Hex,
    /// Bytes.
    pub size_bytes: u64,
    /// File name.
    pub name: String,
    /// `TimeDateStamp` of the image.
    pub time_date_stamp: Hex,
}

/// The modules that were unloaded, in the order of the list: Windows keeps the last 64.
pub(super) fn unloaded(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Vec<UnloadedModuleReport> {
    let list = known(process.dump.unloaded_modules(), warnings).flatten();
    let report = |module: UnloadedModule| UnloadedModuleReport {
        base: module.base.into(),
        size_bytes: module.size.into(),
        name: module.name,
        time_date_stamp: module.time_date_stamp.into(),
    };
    list.into_iter().flat_map(|list| list.list).map(report).collect()
}

/// The modules, in the order of the list.
pub(super) fn all(process: &Process<'_>, owned: &Owned, options: &Options) -> Vec<ModuleReport> {
    let of = |index| owned.get(&(Owner::Module(index), Usage::Image)).filter(|_| process.space.is_mapped());
    process.modules.iter().enumerate().map(|(index, m)| module(m, of(index), options)).collect()
}

fn module(module: &Module, owned: Option<&Holdings>, options: &Options) -> ModuleReport {
    let pdb = match &module.codeview {
        Some(CodeView::Pdb70 { path, .. } | CodeView::Pdb20 { path, .. }) => Some(path.clone()),
        _ => None,
    };
    ModuleReport {
        base: module.base.into(),
        size_bytes: module.size.into(),
        path: module.name.clone(),
        version: module.version.clone(),
        time_date_stamp: module.time_date_stamp.into(),
        // Its folders name who built it.
        pdb: pdb.map(|path| match path.rfind(['\\', '/']) {
            Some(folders) if !options.include_secrets => path[folders + 1..].to_owned(),
            _ => path,
        }),
        debug_id: module.debug_id.clone(),
        private_bytes: owned.map(|h| h.writable),
        write_copy_bytes: owned.map(|h| h.write_copy),
    }
}
