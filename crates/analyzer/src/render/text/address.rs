//! `!address ADDR` in the layout of the debugger, and what else is known of the address.

use crate::facts::number::{padded_hex, size};
use crate::facts::{AddressReport, BlockPlace, BlockState, RegionReport};
use crate::managed::{ObjectPlace, Referrer};
use crate::render::escape;

/// What the debugger prints where a field has no meaning.
const NOT_PRESENT: &str = "<info not present at the target>";

/// The whole answer of `dumplens at`.
pub fn address(report: &AddressReport) -> String {
    let mut out = String::new();
    let bits = report.pointer_bits;
    match &report.region {
        Some(region) => self::region(&mut out, region, bits),
        None => field(&mut out, "Usage:", "not known: no region of the dump holds this address"),
    }
    if let Some(module) = &report.module {
        field(&mut out, "Image Path:", &escape::line(&module.path));
        let section = module.section.as_deref().map(|s| format!(" in section {}", escape::line(s)));
        let place =
            format!("{} + {}{}", padded_hex(module.base.0, bits), module.offset, section.unwrap_or_default());
        field(&mut out, "Module Offset:", &place);
    }
    for (n, site) in report.symbol.iter().enumerate() {
        field(&mut out, if n == 0 { "Symbol:" } else { "" }, &super::site(site));
    }
    if let Some(thread) = &report.thread {
        let name = thread.name.as_deref().map(|n| format!(" \"{}\"", escape::line(n))).unwrap_or_default();
        field(&mut out, "Thread:", &format!("~{} id {:#x}{name}", thread.index, thread.id));
    }
    if let Some(heap) = &report.heap {
        let place = format!(
            "{} ({}), handle {}, {}",
            heap.index,
            heap.kind,
            padded_hex(heap.handle.0, bits),
            heap.part
        );
        field(&mut out, "Heap:", &place);
    }
    if let Some(block) = &report.block {
        field(&mut out, "Heap Block:", &self::block(block, bits));
    }
    if let Some(object) = &report.object {
        field(&mut out, "Object:", &self::object(object, bits));
        for (n, one) in object.referrers.iter().flatten().enumerate() {
            field(&mut out, if n == 0 { "Referred to by:" } else { "" }, &referrer(one, bits));
        }
        let more = object
            .referrer_count
            .saturating_sub(object.referrers.as_ref().map_or(0, |list| list.len() as u64));
        if more > 0 {
            field(&mut out, "", &format!("and {more} more"));
        }
    }
    if let Some(fact) = report.region.as_ref().and_then(|r| r.fact.as_deref()) {
        field(&mut out, "Known by:", fact);
    }
    let kept =
        format!("yes, {:#x} bytes from here to the end of the region or of what is kept", report.kept_bytes);
    let supplied = if report.in_image_file { "; it is read from an image file (--images)" } else { "" };
    let kept = report.absent.as_deref().map_or(kept, |why| format!("no: {why}{supplied}"));
    field(&mut out, "Kept in dump:", &kept);
    super::warnings(&mut out, &report.warnings);
    out
}

fn block(block: &BlockPlace, bits: u32) -> String {
    let state = match block.state {
        BlockState::Busy => "in use",
        BlockState::Free => "free",
        BlockState::Internal => "the heap's own",
    };
    let within = match block.offset {
        offset if offset < 0 => format!("{:#x} before it, in its header", offset.unsigned_abs()),
        offset => format!("{offset:#x} into it"),
    };
    let (address, size) = (padded_hex(block.address.0, bits), block.size_bytes);
    format!("{address}, {size} bytes, {state} ({}); the address is {within}", block.backend)
}

/// `Own.Node._next at 0x7f0010`, or the static field.
fn referrer(referrer: &Referrer, bits: u32) -> String {
    let name = escape::line(&referrer.name);
    let Some(address) = referrer.address else { return format!("the static field {name}") };
    format!("{name}{} at {}", within(referrer.field.as_deref()), padded_hex(address.0, bits))
}

/// A field or an element, behind the name of a type.
fn within(field: Option<&str>) -> String {
    match field {
        Some(element) if element.starts_with('[') => element.to_owned(),
        Some(field) => format!(".{}", escape::line(field)),
        None => String::new(),
    }
}

fn object(object: &ObjectPlace, bits: u32) -> String {
    let length = object.length.map(|length| format!(", length {length}")).unwrap_or_default();
    let field = within(object.field.as_deref());
    let field = if field.is_empty() { field } else { format!(" ({field})") };
    format!(
        "{}, {}, {} bytes{length}, {}; the address is {} into it{field}",
        padded_hex(object.address.0, bits),
        escape::line(&object.type_name),
        object.size_bytes,
        object.generation,
        object.offset
    )
}

fn region(out: &mut String, region: &RegionReport, bits: u32) {
    let named = |name: &str, value: Option<u32>| match value {
        Some(value) => format!("{value:08x}          {name}"),
        None => name.to_owned(),
    };
    let (number, unit) = size(region.size_bytes);
    field(out, "Usage:", &region.usage);
    field(out, "Base Address:", &padded_hex(region.base.0, bits));
    field(out, "End Address:", &padded_hex(region.end.0, bits));
    field(out, "Region Size:", &format!("{} ({number:>8} {unit})", padded_hex(region.size_bytes, bits)));
    field(out, "State:", &named(&region.state, Some(region.state_raw)));
    let reserved = region.state == "MEM_RESERVE";
    let protect = region.protect.as_deref().filter(|_| !reserved);
    field(out, "Protect:", &protect.map_or(NOT_PRESENT.to_owned(), |p| named(p, Some(region.protect_raw))));
    let kind = region.kind.as_deref();
    field(out, "Type:", &kind.map_or(NOT_PRESENT.to_owned(), |k| named(k, Some(region.type_raw))));
    if let Some(base) = region.allocation_base {
        field(out, "Allocation Base:", &padded_hex(base.0, bits));
    }
    if let Some(protect) = &region.allocation_protect {
        field(out, "Allocation Protect:", &named(protect, Some(region.allocation_protect_raw)));
    }
    if let Some(detail) = &region.detail {
        field(out, "Owner:", &escape::line(detail));
    }
}

fn field(out: &mut String, label: &str, value: &str) {
    out.push_str(&format!("{label:<24}{value}\n"));
}
