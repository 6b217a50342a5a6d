//! Sizes, threads and filter values as people type them.

use dumplens_analyzer::Filter;

/// A usage class: WinDbg's names, `unknown` or `VAR` for `<unknown>`.
pub(crate) fn usage(text: &str) -> Result<String, String> {
    const CLASSES: [&str; 13] = [
        "free", "image", "stack", "teb", "peb", "heap", "pageheap", "other", "unknown", "var", "csr", "actx",
        "nls",
    ];
    let bare = text.trim_matches(['<', '>']).trim_end_matches("32").trim_end_matches("64");
    known(text, bare, "", &CLASSES)
}

/// `!address`'s own `-f:`: usages, states, types and protections in one list, each told by its name.
pub(crate) fn debugger_filter(text: &str) -> Result<Filter, String> {
    let mut filter = Filter::default();
    for name in text.trim_start_matches(':').split(',').filter(|name| !name.is_empty()) {
        if name.eq_ignore_ascii_case("FileMap") {
            return Err("FileMap is known for live processes only: a dump does not say which file is mapped"
                .to_owned());
        }
        // `Free` and `Image` are usages; states, types and protections are meant only by their full names.
        let lower = name.to_ascii_lowercase();
        if let Ok(value) = usage(name) {
            filter.usage.push(value);
        } else if let (true, Ok(value)) = (lower.starts_with("mem_"), state(name)) {
            filter.state.push(value);
        } else if let (true, Ok(value)) = (lower.starts_with("mem_"), kind(name)) {
            filter.kind.push(value);
        } else if let (true, Ok(value)) = (lower.starts_with("page_"), protection(name)) {
            filter.protect.push(value);
        } else {
            return Err(format!(
                "{name} is not a filter: use Heap, MEM_COMMIT, MEM_PRIVATE, PAGE_READWRITE and the like"
            ));
        }
    }
    Ok(filter)
}

/// A state, with `MEM_` or without.
pub(crate) fn state(text: &str) -> Result<String, String> {
    known(text, text, "MEM_", &["commit", "reserve", "free"])
}

/// A type, with `MEM_` or without.
pub(crate) fn kind(text: &str) -> Result<String, String> {
    known(text, text, "MEM_", &["private", "mapped", "image"])
}

/// A protection or a modifier of one, with `PAGE_` or without.
pub(crate) fn protection(text: &str) -> Result<String, String> {
    const PROTECTIONS: [&str; 11] = [
        "noaccess",
        "readonly",
        "readwrite",
        "writecopy",
        "execute",
        "execute_read",
        "execute_readwrite",
        "execute_writecopy",
        "guard",
        "nocache",
        "writecombine",
    ];
    known(text, text, "PAGE_", &PROTECTIONS)
}

/// The text, if its bare form is one of the values. A filter that can match nothing is a mistake.
fn known(text: &str, bare: &str, prefix: &str, values: &[&str]) -> Result<String, String> {
    let lower = bare.to_ascii_lowercase();
    let bare = lower.strip_prefix(&prefix.to_ascii_lowercase()).unwrap_or(&lower);
    if values.contains(&bare) {
        return Ok(text.to_owned());
    }
    Err(format!("one of {}", values.join(", ")))
}

/// A size: bytes in decimal or `0x` hex, or with a unit (`64k`, `2GiB`, `1.5 MB`); units are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    const WRONG: &str = "not a size, such as 4096, 0x1000, 64kB or 2GiB";
    let text = text.trim();
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u64::from_str_radix(hex, 16).map_err(|_| WRONG.to_owned());
    }
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..unit].trim(), text[unit..].to_ascii_lowercase());
    let shift = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(WRONG.to_owned()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift).ok_or_else(|| "larger than 2^64".to_owned());
    }
    match number.parse::<f64>() {
        // Exact enough for a filter: what a person types has few digits.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Ok(part) if part.is_finite() && part >= 0.0 => Ok((part * (1u64 << shift) as f64) as u64),
        _ => Err(WRONG.to_owned()),
    }
}

/// Which thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ThreadChoice {
    All,
    /// The N of WinDbg's `~N`: the position in the thread list.
    Number(usize),
    /// The thread ID.
    Id(u32),
}

/// `all`, a thread's number, with or without the debugger's `~`, or its ID in hex: `0x…`, or, as lists print it, with
/// a letter in it; `0n…` is an ID in decimal.
pub(crate) fn thread(text: &str) -> Result<ThreadChoice, String> {
    const WRONG: &str = "expected all, a thread number such as 0 or ~0, or a thread ID such as 0x1a4";
    if text.eq_ignore_ascii_case("all") || text == "~*" {
        return Ok(ThreadChoice::All);
    }
    let number = text.strip_prefix('~').unwrap_or(text);
    if number.bytes().all(|b| b.is_ascii_digit()) {
        return number.parse().map(ThreadChoice::Number).map_err(|_| WRONG.to_owned());
    }
    if let Some(decimal) = text.strip_prefix("0n").filter(|rest| rest.bytes().all(|b| b.is_ascii_digit())) {
        return decimal.parse().map(ThreadChoice::Id).map_err(|_| WRONG.to_owned());
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(WRONG.to_owned()); // no sign
    }
    u32::from_str_radix(digits, 16).map(ThreadChoice::Id).map_err(|_| WRONG.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_the_debugger() {
        let filter = debugger_filter(":Heap,PAGE_READWRITE,MEM_PRIVATE,mem_commit,VAR").unwrap();
        assert_eq!(filter.usage, ["Heap", "VAR"]);
        assert_eq!(
            (filter.state, filter.kind),
            (vec!["mem_commit".to_owned()], vec!["MEM_PRIVATE".to_owned()])
        );
        assert_eq!(filter.protect, ["PAGE_READWRITE"]);
        // !address has usages of these names, and no state or type without its prefix.
        assert_eq!(debugger_filter(":Free,Image").unwrap().usage, ["Free", "Image"]);
        for wrong in [":FileMap", ":commit", ":PAGE_SIZE", ":readwrite"] {
            assert!(debugger_filter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn threads() {
        assert_eq!(thread("all"), Ok(ThreadChoice::All));
        assert_eq!(thread("10"), Ok(ThreadChoice::Number(10)));
        assert_eq!(thread("~10"), Ok(ThreadChoice::Number(10)));
        assert_eq!(thread("~*"), Ok(ThreadChoice::All));
        assert_eq!(thread("0x1A4"), Ok(ThreadChoice::Id(0x1a4)));
        assert_eq!(thread("1a4"), Ok(ThreadChoice::Id(0x1a4)));
        assert_eq!(thread("0n420"), Ok(ThreadChoice::Id(420)));
        for wrong in ["", "-1", "0x", "0n", "0n1a", "~", "~1a4", "0x-1", "+a", "worker"] {
            assert!(thread(wrong).is_err(), "{wrong}");
        }
        assert!(thread("0x100000000").is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("0x1000"), Ok(4096));
        assert_eq!(size("64k"), Ok(64 << 10));
        assert_eq!(size("64 kB"), Ok(64 << 10));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("1.5m"), Ok(3 << 19));
        assert!(size("").is_err() && size("GB").is_err() && size("2 parsecs").is_err());
        assert!(size("99999999999T").is_err() && size("-1").is_err());
    }
}
