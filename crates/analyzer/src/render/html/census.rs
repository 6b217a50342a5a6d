//! What fills the memory: a treemap that needs no script, and the table behind it.

use super::escape::{self, number, safe, text};
use super::treemap::{Area, layout};
use super::{bar, table};
use crate::contents::{BlockSizeRow, CensusReport, ClassReport, GroupKind, GroupReport, Use};
use crate::facts::number::{hex, size_text};
use crate::findings::census_words::{self as words, share};
use crate::findings::grouped;
use crate::report::Report;

/// The picture's size; its height is in pixels, and its width what areas are made for.
const SIZE: (f64, f64) = (1000.0, 360.0);
/// Areas that are drawn.
const DRAWN: usize = 24;

/// One area of the picture.
struct Tile {
    name: String,
    note: String,
    bytes: u64,
    class: &'static str,
}

/// The picture and the tables of a report; nothing without a census.
pub(super) fn of_report(out: &mut String, report: &Report) {
    if let Some(census) = report.facts.census.as_deref().filter(|census| census.private_bytes > 0) {
        section(out, "<h2>What fills the memory</h2>", census, report.facts.dump.pointer_bits);
    }
}

/// The picture and the tables, below their heading.
pub(super) fn section(out: &mut String, heading: &str, census: &CensusReport, bits: u32) {
    let sentence = crate::render::escape::line(&words::sentence(census));
    out.push_str(&format!("<section id=census>{heading}\n<p>{}</p>\n", safe(&sentence)));
    picture(out, &tiles(census), census.private_bytes);
    groups(out, census, bits);
    blocks(out, census);
    classes(out, census, bits);
    vftables(out, census, bits);
    out.push_str("</section>\n");
}

/// Uses, the groups in their places.
fn tiles(census: &CensusReport) -> Vec<Tile> {
    let of = |kind: GroupKind| census.groups.iter().filter(move |group| group.kind == kind);
    let tile = |group: &GroupReport, class| Tile {
        name: words::count(group),
        note: words::shape_and_holder(group),
        bytes: group.bytes,
        class,
    };
    let mut tiles: Vec<Tile> =
        of(GroupKind::Allocation).map(|group| tile(group, group_class(group.kind))).collect();
    let large = of(GroupKind::LargeBlock).fold(0, |sum: u64, group| sum.saturating_add(group.bytes));
    tiles.extend(of(GroupKind::LargeBlock).map(|group| tile(group, group_class(group.kind))));
    let mut large_left = large;
    for row in census.uses.iter().filter(|row| row.of != Use::Groups) {
        let is_heap = matches!(row.of, Use::HeapBusy | Use::HeapUnread | Use::HeapOverhead);
        // What is drawn as large blocks is not drawn twice.
        let drawn = if is_heap { large_left.min(row.bytes) } else { 0 };
        large_left -= drawn;
        let (name, note) = (words::use_title(row.of).to_owned(), String::new());
        tiles.push(Tile { name, note, bytes: row.bytes - drawn, class: class(row.of) });
    }
    tiles.retain(|tile| tile.bytes > 0);
    tiles.sort_by_key(|tile| std::cmp::Reverse(tile.bytes));
    tiles.truncate(DRAWN);
    tiles
}

/// The class by which the style colours a group.
fn group_class(of: GroupKind) -> &'static str {
    match of {
        GroupKind::Allocation => "u-unknown",
        GroupKind::LargeBlock | GroupKind::Block => "u-heap",
    }
}

/// The class by which the style colours a use.
fn class(of: Use) -> &'static str {
    match of {
        Use::Images => "u-image",
        Use::Stacks => "u-stack",
        Use::HeapBusy | Use::HeapFree | Use::HeapOverhead | Use::HeapUnread => "u-heap",
        Use::PageHeap => "u-pageheap",
        Use::Unexplained | Use::Groups => "u-unknown",
        Use::Environment => "u-teb",
        Use::Managed => "u-gc",
        Use::Other => "u-other",
    }
}

/// The areas in per cent of the picture, so that it fits any width; what is too small for its words shows none.
fn picture(out: &mut String, tiles: &[Tile], whole: u64) {
    let weights: Vec<f64> = tiles.iter().map(|tile| tile.bytes as f64).collect();
    let (width, height) = SIZE;
    out.push_str(&format!(
        "<svg class=treemap width=\"100%\" height=\"{height}\" role=img aria-label=\"Private memory by use; the table below \
         says the same\">\n"
    ));
    for (tile, area) in tiles.iter().zip(layout(&weights, Area { x: 0.0, y: 0.0, width, height })) {
        let name = text(&tile.name);
        let (size, of) = (size_text(tile.bytes), share(tile.bytes, whole));
        let note = if tile.note.is_empty() { String::new() } else { format!(", {}", text(&tile.note)) };
        let place = format!(
            "x=\"{:.2}%\" y=\"{:.2}%\" width=\"{:.2}%\" height=\"{:.2}%\"",
            100.0 * area.x / width,
            100.0 * area.y / height,
            100.0 * area.width / width,
            100.0 * area.height / height
        );
        out.push_str(&format!(
            "<g class=\"{}\"><title>{name}: {size} ({of:.1}%){note}</title><rect {place} /><foreignObject {place}>\
             <div><p>{name}</p><p>{size}</p><p>{of:.1}%</p></div></foreignObject></g>\n",
            tile.class
        ));
    }
    out.push_str("</svg>\n");
}

/// Bars are shares of the largest use, in both tables.
fn groups(out: &mut String, census: &CensusReport, bits: u32) {
    let most = census.uses.iter().map(|row| row.bytes).max().unwrap_or_default();
    let uses = census.uses.iter().map(|row| {
        let percent = format!("{:.2}%", share(row.bytes, census.private_bytes));
        format!(
            "<th scope=row>{}</th>{}{}<td class=barcell>{}</td>",
            words::use_title(row.of),
            number(size_text(row.bytes)),
            number(percent),
            bar(row.bytes, most, class(row.of))
        )
    });
    table(out, "rows owners", &["Use", ">Size", ">Of private", ""], uses);
    if census.groups.is_empty() {
        return;
    }
    let row = |group: &GroupReport| {
        let percent = format!("{:.2}%", share(group.bytes, census.private_bytes));
        format!(
            "<th scope=row>{}</th>{}{}<td class=barcell>{}</td>{}{}",
            text(&words::count(group)),
            number(size_text(group.bytes)),
            number(percent),
            bar(group.bytes, most, group_class(group.kind)),
            number(hex(group.example.0, bits)),
            escape::words(&words::shape_and_holder(group))
        )
    };
    let heads = ["Of equal size", ">Size", ">Of private", "", ">One of them", "Shape"];
    table(out, "rows groups", &heads, census.groups.iter().map(row));
}

/// Blocks of the heaps by size; nothing where they were not read.
fn blocks(out: &mut String, census: &CensusReport) {
    if census.sizes.is_empty() {
        return;
    }
    out.push_str("<h3>Heap blocks by size</h3>\n");
    let row = |row: &BlockSizeRow| {
        let cells =
            [grouped(row.size_bytes), grouped(row.blocks), words::estimated(row.bytes, row.bytes_margin)];
        cells.map(number).concat()
    };
    table(out, "rows", &[">Requested bytes", ">Blocks", ">Size"], census.sizes.iter().map(row));
}

fn classes(out: &mut String, census: &CensusReport, bits: u32) {
    if census.classes.is_empty() {
        return;
    }
    out.push_str("<h3>Objects by class</h3>\n");
    let row = |class: &ClassReport| {
        let cells = [
            grouped(class.objects),
            words::estimated(class.bytes, class.bytes_margin),
            grouped(class.pointers),
            hex(class.vftable.0, bits),
        ];
        named(class, &cells.map(number).concat())
    };
    let heads = ["Class", ">Objects", ">Size", ">Pointers", ">vftable"];
    table(out, "rows", &heads, census.classes.iter().map(row));
}

/// Addresses of vftables outside the heaps that were read: pointers, of which no objects are known.
fn vftables(out: &mut String, census: &CensusReport, bits: u32) {
    if census.vftables.is_empty() {
        return;
    }
    out.push_str("<h3>Pointers to vftables</h3>\n");
    let row = |class: &ClassReport| {
        named(class, &[grouped(class.pointers), hex(class.vftable.0, bits)].map(number).concat())
    };
    table(out, "rows", &["Class", ">Pointers", ">vftable"], census.vftables.iter().map(row));
}

fn named(class: &ClassReport, cells: &str) -> String {
    format!("<th scope=row class=text>{}</th>{cells}", text(&words::class(class)))
}
