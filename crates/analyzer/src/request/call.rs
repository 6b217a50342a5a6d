//! Which container requested memory, and in which of its functions, by the names of the functions above `operator new`.
//!
//! The function names are those of Microsoft's library by version, of libstdc++ and of libc++.

/// What a container was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Growth,
    Reserve,
    Resize,
    Text,
    Other,
}

/// Functions of containers above `operator new` that are looked at.
const NEAR: usize = 12;

const VECTOR: &[&str] = &["vector"];
const TEXT: &[&str] = &["basic_string", "string", "wstring"];
/// What is called a vector's growth by half or to twice its room.
const GROWTH: [&str; 12] = [
    "_Emplace_reallocate",
    "_Emplace_one_at_back",
    "_Emplace_back_with_unused_capacity",
    "emplace_back",
    "push_back",
    "_Reserve",
    "_Grow_to",
    "_M_realloc_insert",
    "_M_realloc_append",
    "__push_back_slow_path",
    "__emplace_back_slow_path",
    "_M_emplace_back_aux",
];
const RESERVE: [&str; 4] = ["reserve", "_Reallocate_exactly", "_Reallocate", "_M_allocate_and_copy"];
const RESIZE: [&str; 4] = ["resize", "_Resize_reallocate", "_Resize", "_M_default_append"];

/// The function of a container that asked for memory, and what it was doing. `above`: the functions above `operator new`,
/// the innermost first.
pub(crate) fn of<'a>(above: impl Iterator<Item = &'a str>) -> Option<(Call, &'a str)> {
    let near: Vec<&str> = above.take(NEAR).collect();
    let method = |class: &'static [&'static str], names: &'static [&'static str]| {
        near.iter().copied().find(|function| {
            member(function).is_some_and(|(of, name)| class.contains(&of) && names.contains(&name))
        })
    };
    let growth = || method(VECTOR, &GROWTH).map(|f| (Call::Growth, f));
    let resize = || method(VECTOR, &RESIZE).map(|f| (Call::Resize, f));
    let reserve = || method(VECTOR, &RESERVE).map(|f| (Call::Reserve, f));
    let text = || {
        let of_text = |f: &&str| member(f).is_some_and(|(class, _)| TEXT.contains(&class));
        near.iter().copied().find(of_text).map(|f| (Call::Text, f))
    };
    let other = || {
        let of_std = |f: &&str| {
            f.starts_with("std::") && member(f).is_some_and(|(class, _)| !HELPERS.contains(&class))
        };
        near.iter().copied().find(of_std).map(|f| (Call::Other, f))
    };
    growth().or_else(resize).or_else(reserve).or_else(text).or_else(other)
}

/// Classes that only pass a request on.
const HELPERS: [&str; 3] = ["allocator", "_Default_allocate_traits", "std"];

/// The class and the name of a member function, both without template arguments: `vector` and `push_back` of
/// `std::vector<int>::push_back<int>`.
fn member(function: &str) -> Option<(&str, &str)> {
    let mut depth = 0usize;
    let (mut parts, mut from) = (Vec::new(), 0);
    let bytes = function.as_bytes();
    for (n, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b'(' if depth == 0 => break,
            b':' if depth == 0 && bytes.get(n + 1) == Some(&b':') => {
                parts.push(function.get(from..n)?);
                from = n + 2;
            }
            _ => {}
        }
    }
    let name = without_parameters(function.get(from..)?);
    let class = parts.last()?;
    let bare = |part: &'_ str| part.split('<').next().map(str::len);
    Some((class.get(..bare(class)?)?, name.get(..bare(name)?)?))
}

/// A function without the list of its parameters.
pub(crate) fn without_parameters(function: &str) -> &str {
    let mut depth = 0usize;
    for (n, byte) in function.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' => depth = depth.saturating_sub(1),
            b'(' if depth == 0 && n > 0 => return function.get(..n).unwrap_or(function),
            _ => {}
        }
    }
    function
}

#[cfg(test)]
mod tests {
    use super::member;

    #[test]
    fn members() {
        assert_eq!(member("std::vector<int,std::allocator<int> >::push_back"), Some(("vector", "push_back")));
        assert_eq!(
            member("std::vector<a::B>::_Emplace_reallocate<a::B>(a::B * const, a::B &&)"),
            Some(("vector", "_Emplace_reallocate"))
        );
        assert_eq!(member("std::_Allocate<16>"), Some(("std", "_Allocate")));
        assert_eq!(member("main"), None);
    }
}
