//! Who holds the objects of .NET, and what strings repeat.

use crate::facts::number::size_text;
use crate::findings::grouped;
use crate::managed::{HeldReport, HeldSum, HolderReport, PathReport, StringsReport};
use crate::render::escape;

/// Holders of one kind that are shown.
const HOLDERS: usize = 10;

/// A row of a table: objects, their bytes, and what holds them. Not yet made safe.
pub(in crate::render) type Row = (u64, u64, String);

/// Static fields and threads, and all that neither holds.
pub(in crate::render) fn rows(held: &HeldReport) -> Vec<Row> {
    let row = |one: &HolderReport| {
        let of = one.type_name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
        (one.objects, one.size_bytes, format!("{}{of}", one.name))
    };
    let listed = held.statics.iter().take(HOLDERS).chain(held.threads.iter().take(HOLDERS)).map(row);
    let rest = (held.rest.objects, held.rest.size_bytes, REST.to_owned());
    listed.chain([rest]).collect()
}

/// How the largest types are held.
pub(in crate::render) fn paths(held: &HeldReport) -> Vec<Row> {
    held.paths.iter().map(|one| (one.objects, one.size_bytes, one.steps.join(" -> "))).collect()
}

/// What neither static fields nor stacks hold.
const REST: &str = "handles, static fields of threads, or by nothing any more";

/// Static fields, threads, and ways to the largest types.
pub(super) fn held(held: &HeldReport) -> String {
    let mut out = "\nHeld by\n".to_owned();
    let statics = if held.statics_named {
        "static fields"
    } else {
        "static fields and literals (this version of .NET does not tell their names)"
    };
    out.push_str(&sum(statics, held.by_statics));
    held.statics.iter().take(HOLDERS).for_each(|one| out.push_str(&holder(one)));
    out.push_str(&sum("threads' stacks", held.by_threads));
    held.threads.iter().take(HOLDERS).for_each(|one| out.push_str(&holder(one)));
    out.push_str(&sum(REST, held.rest));
    if !held.complete {
        out.push_str("  not all references were followed: these are lower bounds\n");
    }
    if !held.paths.is_empty() {
        out.push_str("\nHow the largest types are held\n");
    }
    held.paths.iter().for_each(|one| out.push_str(&path(one)));
    out
}

fn sum(name: &str, sum: HeldSum) -> String {
    format!("  {:>13}{:>13}  {name}\n", grouped(sum.objects), size_text(sum.size_bytes))
}

fn holder(holder: &HolderReport) -> String {
    let name = escape::line(&holder.name);
    let of = holder.type_name.as_deref().map(|name| format!("  ({})", escape::line(name)));
    format!(
        "  {:>13}{:>13}    {name}{}\n",
        grouped(holder.objects),
        size_text(holder.size_bytes),
        of.unwrap_or_default()
    )
}

fn path(path: &PathReport) -> String {
    let steps: Vec<String> = path.steps.iter().map(|step| escape::line(step)).collect();
    format!("  {:>13}{:>13}  {}\n", grouped(path.objects), size_text(path.size_bytes), steps.join(" -> "))
}

/// `1,234 strings with 1 MB; 200 of them, with 20 kB, repeat the text of others`.
pub(super) fn strings(strings: &StringsReport) -> String {
    let compared = if strings.complete { "" } else { "; not all could be compared" };
    format!(
        "\n{} strings with {}: {} of them, with {}, repeat the texts of others{compared}\n",
        grouped(strings.count),
        size_text(strings.size_bytes),
        grouped(strings.duplicate_count),
        size_text(strings.duplicate_bytes)
    )
}
