//! `dt`, `dv`: types and locals, which are not read out of PDBs.

use super::{At, Command};
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] =
    &[Command::new("dt", "", "", types), Command::new("dv", "", "", locals)];

/// `dt`: types are not read out of PDBs, so none is found; an address that is bad is told first.
fn types(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let mut name = String::new();
    while name.is_empty() && !line.is_end() {
        line.blanks();
        name = line.word();
        if name.starts_with('-') {
            name.clear();
        }
    }
    line.blanks();
    if !line.is_end() {
        expr::address(session, line)?;
    }
    let module = name.split_once('!').map(|(module, _)| module.to_owned());
    let module = module.filter(|module| !module.eq_ignore_ascii_case("nt"));
    let index = module.as_ref().and_then(|module| session.module_named(module));
    let by_pdb = index.is_some_and(|index| session.symbols.pdb_of(index).is_some());
    if name.ends_with('*') && !by_pdb {
        return Ok(());
    }
    if module.is_none() || index.is_some() {
        super::missing_type(&name, out);
    }
    out.line(format!("Symbol {name} not found."));
    Ok(())
}

fn locals(_: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.rest();
    out.line("Unable to enumerate locals, Win32 error 0n318");
    out.line("Private symbols (symbols.pri) are required for locals.");
    out.line("Type \".hh dbgerr005\" for details.");
    Ok(())
}
