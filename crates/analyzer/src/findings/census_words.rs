//! The census in words: sentences that findings and renderers share.

use super::{grouped, short};
use crate::contents::{
    CensusReport, ClassProof, ClassReport, GroupKind, GroupReport, ShapeKind, ShapeReport, Use,
};
use crate::facts::number::size_text;

/// The share of the private commit from which on a group is named first.
const NAMED: f64 = 0.1;

/// The share of a part in per cent; whole numbers where that is all that is known.
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// A size that is a whole number of its unit without decimals: `64 MB`; else rounded.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1u64 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    match units.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes.is_multiple_of(*unit) => format!("{} {name}", grouped(bytes / unit)),
        Some((unit, _)) if *unit == 1 << 10 => format!("{} bytes", grouped(bytes)),
        Some(_) => short(bytes),
        None => format!("{bytes} bytes"),
    }
}

/// A figure with how far off it may be: `11.400 GB ± 0.300 GB`.
pub(crate) fn figure(bytes: u64, margin: Option<u64>) -> String {
    match margin {
        Some(0) => short(bytes),
        Some(margin) => format!("{} ± {}", short(bytes), short(margin)),
        None => format!("about {}", short(bytes)),
    }
}

/// What fills the memory, in one sentence.
pub(crate) fn sentence(census: &CensusReport) -> String {
    let whole = census.private_bytes;
    if let Some(group) = leader(census) {
        let of = share(group.bytes, whole);
        let shape = group.shape.as_ref().and_then(shape).map(|shape| format!(", each {shape}"));
        let count = count(group);
        let shape = match (group.count, shape) {
            (1, Some(_)) => group.shape.as_ref().and_then(self::shape).map(|shape| format!(": {shape}")),
            (_, shape) => shape,
        };
        return format!(
            "{of:.0}% ({}) of the private memory is {count}{}.",
            figure(group.bytes, group.bytes_margin),
            shape.unwrap_or_default()
        );
    }
    match census.uses.first() {
        Some(first) => {
            let of = share(first.bytes, whole);
            let bytes = figure(first.bytes, first.bytes_margin);
            format!(
                "{of:.0}% ({bytes}) of the private memory: {}; no group of equal size holds a tenth of it.",
                use_title(first.of)
            )
        }
        None => "The map shows no private memory.".to_owned(),
    }
}

/// The group that holds most, if it holds much.
pub(crate) fn leader(census: &CensusReport) -> Option<&GroupReport> {
    let much = |group: &&GroupReport| group.bytes as f64 >= NAMED * census.private_bytes as f64;
    census.groups.first().filter(much)
}

/// `283 allocations of 64 MB`.
pub(crate) fn count(group: &GroupReport) -> String {
    let one = group.count == 1;
    let what = match (group.kind, one) {
        (GroupKind::Allocation, true) => "allocation",
        (GroupKind::Allocation, false) => "allocations",
        (GroupKind::LargeBlock, true) => "large heap block",
        (GroupKind::LargeBlock, false) => "large heap blocks",
        (GroupKind::Block, true) => "heap block",
        (GroupKind::Block, false) => "heap blocks",
    };
    let about = if group.count_margin == Some(0) { "" } else { "about " };
    let number = if one { "one".to_owned() } else { grouped(group.count) };
    format!("{about}{number} {what} of {}", size(group.size_bytes))
}

/// What a shape is, as it follows *each*; `None` where nothing can be said.
pub(crate) fn shape(shape: &ShapeReport) -> Option<String> {
    let bytes = |name: &str| match shape.element_bytes {
        Some(bytes) => format!("an array of {bytes}-byte elements, each {name}"),
        None => name.to_owned(),
    };
    let columns = shape.columns.join(", ");
    let name = shape.name.as_deref().unwrap_or_default();
    let text = match shape.kind {
        ShapeKind::Zero => "all zeros".to_owned(),
        ShapeKind::Fill => "filled with one word".to_owned(),
        ShapeKind::Ascii => format!("{:.0}% text", 100.0 * shape.share),
        ShapeKind::Utf8 => format!("{:.0}% UTF-8 text", 100.0 * shape.share),
        ShapeKind::Utf16 => format!("{:.0}% UTF-16 text", 100.0 * shape.share),
        ShapeKind::Random => "compressed or encrypted".to_owned(),
        ShapeKind::Pixels => "a bitmap: 4 bytes a pixel".to_owned(),
        ShapeKind::Doubles => "numbers of type double".to_owned(),
        ShapeKind::Floats => "numbers of type float".to_owned(),
        ShapeKind::Named if name.starts_with("node") => format!("a {name} ({columns})"),
        ShapeKind::Named => bytes(&format!("a {name} ({columns})")),
        ShapeKind::Objects => format!("an object of {name}"),
        ShapeKind::Columns => bytes(&columns),
        ShapeKind::Words => format!("{:.0}% of its words: {columns}", 100.0 * shape.share),
        ShapeKind::Mixed if !shape.columns.is_empty() => format!("a mixture: {columns}"),
        ShapeKind::Mixed | ShapeKind::NotKept => return None,
    };
    Some(text)
}

/// A size with its margin, where it has one.
pub(crate) fn estimated(bytes: u64, margin: Option<u64>) -> String {
    match margin {
        Some(0) => size_text(bytes),
        Some(margin) => format!("{} ± {}", size_text(bytes), size_text(margin)),
        None => format!("{} ± ?", size_text(bytes)),
    }
}

/// A class with its module, and what it is known by where that is no name.
pub(crate) fn class(of: &ClassReport) -> String {
    match (&of.module, of.proof) {
        (Some(module), ClassProof::Rtti | ClassProof::Pdb) => format!("{module}!{}", of.name),
        (_, ClassProof::Rtti | ClassProof::Pdb) => of.name.clone(),
        (_, ClassProof::Code) => format!("{} (no RTTI)", of.name),
        (_, ClassProof::Address) => format!("{} (the image is not kept)", of.name),
    }
}

/// The shape of a group, and who holds it.
pub(crate) fn shape_and_holder(of: &GroupReport) -> String {
    let held = of.holder.as_deref().map(|place| format!("; held by {place}")).unwrap_or_default();
    shape_cell(of.shape.as_ref()) + &held
}

/// What a shape is, in a table: also where nothing can be said.
pub(crate) fn shape_cell(of: Option<&ShapeReport>) -> String {
    let Some(of) = of else { return String::new() };
    let text = match of.kind {
        ShapeKind::Mixed if of.columns.is_empty() => "nothing repeats".to_owned(),
        ShapeKind::NotKept => "not kept in the dump".to_owned(),
        _ => shape(of).unwrap_or_default(),
    };
    // A page in use now and then is a finding of its own.
    if of.used_share < 0.5 && of.used_share > 0.0 {
        format!("{text}; one page in {:.0} in use", 1.0 / of.used_share)
    } else {
        text
    }
}

/// A use in words.
pub(crate) fn use_title(of: Use) -> &'static str {
    match of {
        Use::Images => "images: written pages",
        Use::Stacks => "stacks",
        Use::Environment => "TEBs and PEBs",
        Use::HeapBusy => "heaps: blocks in use",
        Use::HeapFree => "heaps: free",
        Use::HeapOverhead => "heaps: overhead",
        Use::HeapUnread => "heaps: blocks not read",
        Use::PageHeap => "page heaps",
        Use::Managed => "managed heaps",
        Use::Groups => "groups of allocations",
        Use::Other => "other, known by name",
        Use::Unexplained => "not explained",
    }
}
