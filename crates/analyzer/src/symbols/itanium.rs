//! Names of classes as the GNU compiler mangles them.

/// Parts that a nested name may have.
const MOST_PARTS: usize = 32;

/// The class whose `type_info` has this name: `St9bad_alloc` is `std::bad_alloc`, `N3app5ErrorE` is `app::Error`. What is
/// more than a name in namespaces, such as template arguments, stays as it is mangled.
pub(crate) fn class_name(mangled: &str) -> String {
    let (pointer, rest) = match mangled.strip_prefix("PK").or_else(|| mangled.strip_prefix('P')) {
        Some(rest) => (" *", rest),
        None => ("", mangled),
    };
    match parts(rest) {
        Some(parts) => format!("{}{pointer}", parts.join("::")),
        None => mangled.to_owned(),
    }
}

fn parts(name: &str) -> Option<Vec<&str>> {
    let (mut rest, nested) = match name.strip_prefix('N') {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let mut parts = Vec::new();
    if let Some(after) = rest.strip_prefix("St") {
        parts.push("std");
        rest = after;
    }
    let leading = parts.len();
    while parts.len() < MOST_PARTS && rest.starts_with(|c: char| c.is_ascii_digit()) {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let length: usize = rest.get(..digits)?.parse().ok()?;
        let end = digits.checked_add(length)?;
        let part = rest.get(digits..end)?;
        match part {
            // An inline namespace of libstdc++, which nobody writes.
            "__cxx11" => {}
            part if part.starts_with("_GLOBAL__N") => parts.push("(anonymous namespace)"),
            part => parts.push(part),
        }
        rest = rest.get(end..)?;
    }
    let whole = if nested { rest == "E" } else { rest.is_empty() };
    (whole && parts.len() > leading).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::class_name;

    #[test]
    fn classes() {
        let named = [
            ("St9bad_alloc", "std::bad_alloc"),
            ("St12length_error", "std::length_error"),
            ("N3app5ErrorE", "app::Error"),
            ("NSt8ios_base7failureE", "std::ios_base::failure"),
            ("NSt7__cxx1112basic_stringE", "std::basic_string"),
            ("5Error", "Error"),
            ("N12_GLOBAL__N_15ErrorE", "(anonymous namespace)::Error"),
            ("PK5Error", "Error *"),
        ];
        for (mangled, name) in named {
            assert_eq!(class_name(mangled), name);
        }
        for odd in ["N5boost10wrapexceptISt13runtime_errorEE", "i", "99x", "St", ""] {
            assert_eq!(class_name(odd), odd);
        }
    }
}
