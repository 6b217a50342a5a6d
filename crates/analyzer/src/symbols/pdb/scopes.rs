//! The symbols of one object file. pdb-addr2line jumps to where a record says that its scope ends, follows inline
//! functions by recursion, and merges their address ranges one by one: an end that lies behind would be an endless
//! loop, a deep nest a stack overflow, many ranges hours.

use ::pdb_addr2line::pdb::{
    CrossModuleExport, FallibleIterator as _, ItemIndex as _, ModuleInfo, Symbol, SymbolData,
};

use super::ids::SafeIds;

/// Inline functions inside inline functions. Compilers stop at some 16 for recursion and stay below 100 otherwise.
const MOST_INLINED: usize = 256;
/// Inline functions in one function; each costs a merge with all ranges before. Generated code has some thousands.
const MOST_SITES: u64 = 1 << 15;
/// Sum of the squares of the lengths of their records: ranges within one record are merged one by one too. A record
/// has at most 64 KiB; usual ones have 20 bytes, so that 32,768 of those come to 2^24.
const MOST_WORK: u64 = 1 << 30;

/// Whether this object file can be read to an end; if not, why.
pub(super) fn check(info: &ModuleInfo<'_>, safe: &SafeIds) -> Result<(), String> {
    for export in info.exports().map_err(|e| e.to_string())?.exports().iterator() {
        let harmless = match export.map_err(|e| e.to_string())? {
            CrossModuleExport::Type(_, index) => !index.is_cross_module() && safe.types.is_no_list(index),
            CrossModuleExport::Id(_, id) => !id.is_cross_module() && safe.holds(id),
        };
        if !harmless {
            return Err("it exports what leads in circles, or is a list".to_owned());
        }
    }
    let mut scopes = Scopes::default();
    let mut symbols = info.symbols().map_err(|e| e.to_string())?;
    while let Some(symbol) = symbols.next().map_err(|e| e.to_string())? {
        if !has_what_it_counts(symbol.raw_kind(), symbol.raw_bytes()) {
            return Err("a list of functions has not as many as it says".to_owned());
        }
        scopes.visit(&symbol, safe)?;
    }
    Ok(())
}

/// Whether a symbol that is a list (`S_CALLEES`, `S_CALLERS`, `S_INLINEES`: a count behind the kind, and functions of 4
/// bytes each) has as many as its count says: pdb2 allocates by that of the first two, and relies on that of the last.
fn has_what_it_counts(kind: u16, symbol: &[u8]) -> bool {
    const CALLEES: u16 = 0x115a;
    const CALLERS: u16 = 0x115b;
    const INLINEES: u16 = 0x1168;
    // What is too short for a count is not read as a list.
    let Some((count, functions)) = symbol.get(2..).and_then(<[u8]>::split_first_chunk) else { return true };
    let (count, room) = (u64::from(u32::from_le_bytes(*count)), functions.len() as u64 / 4);
    match kind {
        CALLEES | CALLERS => count <= room,
        INLINEES => count == room,
        _ => true,
    }
}

/// The scopes that are open where a symbol stands.
#[derive(Default)]
struct Scopes {
    /// Where each ends, and whether it is an inline function.
    open: Vec<(u32, bool)>,
    inlined: usize,
    sites: u64,
    work: u64,
}

impl Scopes {
    fn visit(&mut self, symbol: &Symbol<'_>, safe: &SafeIds) -> Result<(), String> {
        let at = symbol.index().0;
        while let Some((_, inline)) = self.open.pop_if(|(end, _)| at >= *end) {
            self.inlined -= usize::from(inline);
        }
        if self.open.is_empty() {
            (self.sites, self.work) = (0, 0);
        }
        let (end, inline) = match symbol.parse() {
            Ok(SymbolData::Procedure(procedure)) => {
                if !safe.types.is_no_list(procedure.type_index) {
                    return Err("a function's type is a list".to_owned());
                }
                (procedure.end.0, false)
            }
            Ok(SymbolData::Thunk(thunk)) => (thunk.end.0, false),
            Ok(SymbolData::SeparatedCode(code)) => (code.end.0, false),
            Ok(SymbolData::InlineSite(site)) => {
                if !safe.holds(site.inlinee) {
                    return Err("an inline function's name leads in circles".to_owned());
                }
                self.count(symbol.raw_bytes().len() as u64)?;
                (site.end.0, true)
            }
            _ => return Ok(()),
        };
        match self.open.last() {
            // Nothing jumps back out of a scope that is not open.
            None if end <= at => return Ok(()),
            Some(_) if end <= at => return Err("a scope ends before it begins".to_owned()),
            Some((outer, _)) if end > *outer => {
                return Err("a scope ends outside the one around it".to_owned());
            }
            _ => {}
        }
        self.open.push((end, inline));
        self.inlined += usize::from(inline);
        if self.inlined > MOST_INLINED {
            return Err(format!("inline functions are nested more than {MOST_INLINED} deep"));
        }
        Ok(())
    }

    fn count(&mut self, len: u64) -> Result<(), String> {
        self.sites += 1;
        self.work = self.work.saturating_add(len.saturating_mul(len));
        if self.sites > MOST_SITES || self.work > MOST_WORK {
            return Err("one function holds more inline functions than can be looked at".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::has_what_it_counts;

    #[test]
    fn lists_have_what_they_count() {
        let symbol = |kind: u16, count: u32, functions: u32| {
            let words = (0..functions).flat_map(|n| (0x1000 + n).to_le_bytes());
            kind.to_le_bytes().into_iter().chain(count.to_le_bytes()).chain(words).collect::<Vec<u8>>()
        };
        let sound = |kind, count, functions| has_what_it_counts(kind, &symbol(kind, count, functions));
        for kind in [0x115a, 0x115b] {
            // With and without how often each was called.
            assert!(sound(kind, 3, 3) && sound(kind, 3, 6) && sound(kind, 0, 0), "{kind:#x}");
            assert!(!sound(kind, u32::MAX, 3) && !sound(kind, 4, 3), "{kind:#x}");
        }
        assert!(sound(0x1168, 3, 3) && !sound(0x1168, 4, 3) && !sound(0x1168, 2, 3));
        assert!(sound(0x1110, u32::MAX, 3), "no list");
        assert!(has_what_it_counts(0x115a, &[0x5a, 0x11, 1]));
    }
}
