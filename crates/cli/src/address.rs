//! An address as people and the tool itself write it: a number, or a place in a module.

use anyhow::{Context, bail};
use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::{Symbols, undecorate};
use dumplens_core::last_name;
use dumplens_core::pe::{ExportTarget, Image};

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Number(u64),
    /// `module!function+0x12`, `module+0x1234`, `module`.
    In {
        module: String,
        function: Option<String>,
        offset: u64,
    },
}

const WRONG: &str =
    "not an address in hex, such as 7ffe0000, nor a place such as ntdll+0x1234 or ntdll!NtClose";

/// A number as the debugger reads it, or a place as it prints it.
pub(crate) fn parse(text: &str) -> Result<Place, String> {
    let text = text.trim();
    if let Some(number) = number(text) {
        return Ok(Place::Number(number));
    }
    let (name, offset) = match text.rsplit_once('+') {
        Some((name, offset)) => (name, number(offset).ok_or(WRONG)?),
        None => (text, 0),
    };
    let (module, function) = match name.split_once('!') {
        Some((module, function)) => (module, Some(function.to_owned())),
        None => (name, None),
    };
    // A bare word is more often a slip than a module's name.
    let bare = function.is_none() && !text.contains('+') && !module.contains('.');
    if module.is_empty() || bare || function.as_deref() == Some("") {
        return Err(WRONG.to_owned());
    }
    Ok(Place::In { module: module.to_owned(), function, offset })
}

/// Hex, with `0x`, `h` behind it or neither, and back-ticks; decimal with `0n`.
fn number(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (digits, radix) = match lower.strip_prefix("0n") {
        Some(digits) => (digits, 10),
        None => match lower.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (lower.strip_suffix('h').unwrap_or(&lower), 16),
        },
    };
    let digits: String = digits.chars().filter(|c| !matches!(c, '`' | '_')).collect();
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None; // no sign
    }
    u64::from_str_radix(&digits, radix).ok()
}

impl Place {
    /// The address in a process. Functions are found by the exports of the images in the dump.
    pub(crate) fn resolve(&self, process: &Process<'_>) -> anyhow::Result<u64> {
        self.find(process, None)
    }

    /// The same, with what PDBs name.
    pub(crate) fn resolve_named(
        &self,
        process: &Process<'_>,
        symbols: &mut Symbols<'_, '_>,
    ) -> anyhow::Result<u64> {
        self.find(process, Some(symbols))
    }

    fn find(&self, process: &Process<'_>, symbols: Option<&mut Symbols<'_, '_>>) -> anyhow::Result<u64> {
        let (module, function, offset) = match self {
            Place::Number(number) => return Ok(process.dump.width().normalise(*number)),
            Place::In { module, function, offset } => (module, function, *offset),
        };
        let named = |path: &str| {
            let file = last_name(path);
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            file.eq_ignore_ascii_case(module) || stem.eq_ignore_ascii_case(module)
        };
        let Some(index) = process.modules.iter().position(|m| named(&m.name)) else {
            bail!("no module {module} in the dump");
        };
        let found = &process.modules[index];
        let by_name = |name: &String| symbols?.address_of(index, name);
        if let Some(address) = function.as_ref().and_then(by_name) {
            return Ok(address.saturating_add(offset));
        }
        let start = match function {
            None => 0,
            Some(name) => u64::from(
                export(process, found.base, found.size, name)
                    .with_context(|| format!("{module} has no function {name} in its exports or PDB"))?,
            ),
        };
        Ok(found.base.saturating_add(start).saturating_add(offset))
    }
}

/// From the base of an image to the export of this name, decorated or not.
fn export(process: &Process<'_>, base: u64, size: u32, name: &str) -> Option<u32> {
    let exports = Image::read(process.dump.memory(), base, size).ok()?.exports().ok()??;
    // Decorated, the name stands in it.
    let last = name.rsplit("::").next().unwrap_or(name);
    (0..exports.len()).filter_map(|n| exports.get(n)).find_map(|export| match (export.name, export.target) {
        (Some(found), ExportTarget::Rva(rva)) => {
            let is_it = found == name || (found.contains(last) && undecorate(found).as_deref() == Some(name));
            is_it.then_some(rva)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("7ffe0000", 0x7ffe_0000),
            ("0x7FFE0000", 0x7ffe_0000),
            ("7df9`74541000", 0x7df9_7454_1000),
            ("0n4096", 4096),
            ("1000h", 0x1000),
            ("0FFh", 0xff),
        ] {
            assert_eq!(parse(text), Ok(Place::Number(value)), "{text}");
        }
        for wrong in ["here", "", "-1", "0n12a", "0x", "+1", "app+", "app+-1", "!f", "app!"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn places_in_modules() {
        let at = |module: &str, function: Option<&str>, offset| {
            Ok(Place::In { module: module.into(), function: function.map(Into::into), offset })
        };
        assert_eq!(parse("ntdll+0x1234"), at("ntdll", None, 0x1234));
        assert_eq!(parse("ntdll.dll"), at("ntdll.dll", None, 0));
        assert_eq!(parse("ntdll!NtClose+14"), at("ntdll", Some("NtClose"), 0x14));
        assert_eq!(parse("app!std::vector<int>::at"), at("app", Some("std::vector<int>::at"), 0));
    }
}
