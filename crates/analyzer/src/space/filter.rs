//! Which regions to list.

use super::Piece;
use super::{Fact, PebField};

/// A condition on regions. Values within one list are alternatives; lists are conditions that must all hold, as
/// with `!address -f:`. An empty list holds for every region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of usages, such as `Free` or `Stack`; `Stack` finds `Stack32` and `Stack64` too.
    pub usage: Vec<String>,
    /// `MEM_COMMIT`, `MEM_RESERVE`, `MEM_FREE`, or without `MEM_`.
    pub state: Vec<String>,
    /// `MEM_PRIVATE`, `MEM_MAPPED`, `MEM_IMAGE`, or without `MEM_`.
    pub kind: Vec<String>,
    /// `PAGE_…`, or without `PAGE_`: the base value or one of the modifiers.
    pub protect: Vec<String>,
    /// Least size in bytes.
    pub min_size: Option<u64>,
    /// Greatest size in bytes.
    pub max_size: Option<u64>,
}

impl Filter {
    /// Whether a piece of the address space is to be listed.
    pub fn accepts(&self, piece: &Piece) -> bool {
        let region = &piece.region;
        let size =
            self.min_size.is_none_or(|n| piece.size >= n) && self.max_size.is_none_or(|n| piece.size <= n);
        size && one_of(&self.usage, |wanted| is_usage(piece, wanted))
            && one_of(&self.state, |wanted| same(&region.state.to_string(), wanted, "MEM_"))
            && one_of(&self.kind, |wanted| {
                !region.state.is_free() && same(&region.kind.to_string(), wanted, "MEM_")
            })
            && one_of(&self.protect, |wanted| {
                region.state.is_commit()
                    && region.protect.names().0.iter().any(|name| same(name, wanted, "PAGE_"))
            })
    }
}

fn one_of(values: &[String], holds: impl Fn(&str) -> bool) -> bool {
    values.is_empty() || values.iter().any(|value| holds(value))
}

/// Equal but for case and a prefix that may be left out.
fn same(name: &str, wanted: &str, prefix: &str) -> bool {
    name.eq_ignore_ascii_case(wanted)
        || name.strip_prefix(prefix).is_some_and(|n| n.eq_ignore_ascii_case(wanted))
}

/// `VAR` and `unknown` are `<unknown>`; a class without its suffix stands for both; `!address`'s CSR, Actx and NLS are
/// what it shows as `Other` with a title.
fn is_usage(piece: &Piece, wanted: &str) -> bool {
    let name = piece.usage.to_string();
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_matches(['<', '>']);
    let field = match piece.span.map(|span| span.fact) {
        Some(Fact::PebField(_, field)) => Some(field),
        _ => None,
    };
    match wanted.to_ascii_lowercase().as_str() {
        "var" => bare == "unknown",
        "csr" => field == Some(PebField::ReadOnlySharedMemory),
        "nls" => field == Some(PebField::NlsTables),
        "actx" => matches!(
            field,
            Some(PebField::ActivationContextData | PebField::SystemDefaultActivationContextData)
        ),
        _ => name.eq_ignore_ascii_case(wanted) || bare.eq_ignore_ascii_case(wanted),
    }
}
