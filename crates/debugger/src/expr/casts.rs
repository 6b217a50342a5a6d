//! Types by name, as casts of the C++ evaluator have them.

use super::value::{Type, UNSIGNED, UNSIGNED64};

pub(super) fn is_type_word(word: &str) -> bool {
    const WORDS: [&str; 21] = [
        "unsigned", "signed", "char", "short", "int", "long", "float", "double", "void", "bool", "__int64",
        "int64", "wchar_t", "UCHAR", "USHORT", "ULONG", "ULONG64", "DWORD", "HRESULT", "size_t", "const",
    ];
    WORDS.contains(&word)
}

pub(super) fn named(words: &[String], x86: bool) -> Option<Type> {
    let has = |word: &str| words.iter().any(|w| w == word);
    let signed = !has("unsigned");
    Some(match () {
        () if words.is_empty() => return None,
        () if has("void") => Type::Void,
        () if has("bool") => Type::Bool,
        () if has("float") => Type::Float,
        () if has("double") => Type::Double,
        () if has("char") => Type::Integer(1, signed),
        () if has("UCHAR") => Type::Integer(1, false),
        () if has("wchar_t") || has("USHORT") => Type::Integer(2, false),
        () if has("short") => Type::Integer(2, signed),
        () if has("__int64") || has("int64") => Type::Integer(8, signed),
        () if has("size_t") => {
            if x86 {
                UNSIGNED
            } else {
                UNSIGNED64
            }
        }
        () if has("ULONG64") => UNSIGNED64,
        () if has("ULONG") || has("DWORD") => UNSIGNED,
        () => Type::Integer(4, signed),
    })
}
