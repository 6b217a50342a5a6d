//! The type of a container's elements, by the name of the function that asked.

/// The first template argument of the innermost `std::vector`, `std::deque` and the like in a function's name:
/// `telemetry::Sample` of `std::vector<telemetry::Sample,…>::push_back`.
pub(crate) fn argument(function: &str) -> Option<&str> {
    let from = ["std::vector<", "std::deque<", "std::allocator<"]
        .iter()
        .filter_map(|class| Some(function.find(class)? + class.len()))
        .min()?;
    let rest = function.get(from..)?;
    let mut depth = 0usize;
    let end = rest.bytes().position(|byte| {
        match byte {
            b'<' | b'(' => depth += 1,
            b'>' | b',' if depth == 0 => return true,
            b'>' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        false
    })?;
    rest.get(..end).map(str::trim).filter(|name| !name.is_empty())
}

/// The bytes of a type that the language defines; `None` of any other.
pub(crate) fn built_in(name: &str, bits: u32) -> Option<u64> {
    if name.ends_with('*') {
        return Some(u64::from(bits / 8));
    }
    Some(match name {
        "bool" | "char" | "signed char" | "unsigned char" | "char8_t" | "std::byte" => 1,
        "short" | "unsigned short" | "wchar_t" | "char16_t" => 2,
        "int" | "unsigned int" | "long" | "unsigned long" | "float" | "char32_t" => 4,
        "__int64" | "unsigned __int64" | "long long" | "unsigned long long" | "double" | "long double" => 8,
        _ => return None,
    })
}

/// A class as the PDB names it: without the keyword that a decorated name carries.
pub(crate) fn bare(name: &str) -> &str {
    ["class ", "struct ", "union ", "enum "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{argument, built_in};

    #[test]
    fn arguments() {
        let of = |function| argument(function);
        assert_eq!(of("std::vector<int,std::allocator<int> >::push_back"), Some("int"));
        assert_eq!(of("std::vector<std::pair<int,a::B>,x>::reserve"), Some("std::pair<int,a::B>"));
        assert_eq!(of("std::vector<void (*)(int,int)>::resize"), Some("void (*)(int,int)"));
        assert_eq!((of("main"), of("std::vector<"), of("std::vector<>")), (None, None, None));
    }

    /// The sizes of Windows' data models: long has 4 bytes in both.
    #[test]
    fn sizes() {
        assert_eq!((built_in("unsigned long", 64), built_in("a::B *", 64)), (Some(4), Some(8)));
        assert_eq!((built_in("a::B *", 32), built_in("a::B", 32)), (Some(4), None));
    }
}
