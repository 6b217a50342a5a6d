//! Fragmentation: the free regions by size, compared with the request.

use super::escape::number;
use super::{bar, table};
use crate::facts::number::size_text;
use crate::facts::{FreeClass, SpaceMap};
use crate::report::Report;

/// The classes as rows, the largest on top; the line of the request between those that it fits and the others.
pub(super) fn free(out: &mut String, report: &Report, map: &SpaceMap) {
    if map.free.is_empty() {
        return;
    }
    let asked = report.verdict.as_ref().and_then(|verdict| verdict.allocation.as_ref());
    let asked = asked.map(|asked| asked.requested_bytes);
    out.push_str("<section><h2>Free regions by size</h2>\n");
    out.push_str(&format!("<p class=note>{}</p>\n", sentence(report, map, asked)));
    let most = map.free.iter().map(|class| class.regions).max().unwrap_or_default();
    let mut rows = Vec::new();
    let mut line = asked;
    for class in joined(&map.free) {
        if let Some(asked) = line.filter(|asked| is_below(&class, *asked)) {
            rows.push(request(asked));
            line = None;
        }
        rows.push(row(&class, most, line.is_some()));
    }
    rows.extend(line.map(request));
    table(out, "free", &["Size", ">Regions", "", ">Bytes", ">Largest"], rows.into_iter());
    out.push_str("</section>\n");
}

/// Whether nothing of a class is as large as a request; of an empty class its bound tells.
fn is_below(class: &FreeClass, asked: u64) -> bool {
    match class.regions {
        0 => class.below_bytes.is_some_and(|below| below <= asked),
        _ => class.largest_bytes < asked,
    }
}

/// The largest on top; neighbours without any region are one row.
fn joined(classes: &[FreeClass]) -> Vec<FreeClass> {
    let mut rows: Vec<FreeClass> = Vec::new();
    for class in classes.iter().rev() {
        match rows.last_mut().filter(|last| last.regions == 0 && class.regions == 0) {
            Some(last) => last.from_bytes = class.from_bytes,
            None => rows.push(*class),
        }
    }
    rows
}

fn row(class: &FreeClass, most: u64, fits: bool) -> String {
    let sizes = match class.below_bytes {
        Some(below) => format!("{} to {}", short(class.from_bytes), short(below)),
        None => format!("{} and more", short(class.from_bytes)),
    };
    let (bytes, largest) = (size_text(class.size_bytes), size_text(class.largest_bytes));
    let (bytes, largest) = if class.regions == 0 { (String::new(), String::new()) } else { (bytes, largest) };
    format!(
        "<th scope=row>{sizes}</th>{}<td class=barcell>{}</td>{}{}",
        number(class.regions),
        bar(class.regions, most, if fits { "fits" } else { "" }),
        number(bytes),
        number(largest)
    )
}

fn request(asked: u64) -> String {
    format!("<td colspan=5 class=request><span>requested: {}</span></td>", size_text(asked))
}

/// How many are large enough.
fn sentence(report: &Report, map: &SpaceMap, asked: Option<u64>) -> String {
    let count: u64 = map.free.iter().map(|class| class.regions).sum();
    let known = if map.complete { "" } else { " The memory map is cut off or has gaps: there may be more." };
    let Some(asked) = asked else { return format!("{count} regions are free.{known}") };
    let largest = report.facts.memory.room().largest_free.map(|place| place.size_bytes);
    let fits = match largest {
        Some(largest) if largest >= asked => "the largest of them is large enough",
        Some(_) => "none of them is large enough",
        None => "whether one is large enough is not known",
    };
    format!("{count} regions are free. {} were requested; {fits}.{known}", size_text(asked))
}

/// A power of two without decimals.
fn short(bytes: u64) -> String {
    match bytes {
        0..0x400 => format!("{bytes} B"),
        0x400..0x10_0000 => format!("{} kB", bytes >> 10),
        0x10_0000..0x4000_0000 => format!("{} MB", bytes >> 20),
        0x4000_0000..0x100_0000_0000 => format!("{} GB", bytes >> 30),
        _ => format!("{} TB", bytes >> 40),
    }
}

#[cfg(test)]
mod tests {
    use super::{FreeClass, is_below};

    #[test]
    fn the_line_stands_below_empty_classes_that_are_larger() {
        let class = |regions, largest_bytes| FreeClass {
            from_bytes: 64,
            below_bytes: Some(256),
            regions,
            size_bytes: largest_bytes,
            largest_bytes,
        };
        assert!(!is_below(&class(0, 0), 100), "an empty class that would hold it");
        assert!(!is_below(&class(0, 0), 10), "an empty class above it");
        assert!(is_below(&class(0, 0), 256), "an empty class below it");
        assert!(is_below(&class(1, 99), 100) && !is_below(&class(1, 100), 100));
        assert!(!is_below(&FreeClass { below_bytes: None, ..class(0, 0) }, u64::MAX));
    }
}
