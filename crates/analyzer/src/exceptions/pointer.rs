//! What a pointer was made of that leads nowhere: what allocators fill memory with, or text.

/// Around a pattern, an address still comes from a pointer that consists of it: the offset of a field or an index.
const NEAR: u64 = 0x1_0000;
/// Characters of which a 64-bit and a 32-bit word consist at least, to be called text.
const LEAST_64: usize = 6;

/// By word, who fills memory with it.
const PATTERNS: [(u32, &str); 16] = [
    (0xcdcd_cdcd, "0xcdcdcdcd, with which the debug heap of the C runtime fills new memory"),
    (0xdddd_dddd, "0xdddddddd, with which the debug heap of the C runtime fills freed memory"),
    (0xfdfd_fdfd, "0xfdfdfdfd, with which the debug heap of the C runtime guards the ends of a block"),
    (0xfeee_feee, "0xfeeefeee, with which a heap under a debugger fills freed memory"),
    (0xbaad_f00d, "0xbaadf00d, with which a heap under a debugger fills new memory"),
    (0xabab_abab, "0xabababab, with which a heap under a debugger guards the end of a block"),
    (0xcccc_cccc, "0xcccccccc, with which /RTC fills variables on the stack"),
    (0xfefe_fefe, "0xfefefefe, with which the C runtime fills the rest of a buffer"),
    (0xe4e4_e4e4, "0xe4e4e4e4, with which jemalloc (Firefox) fills new memory"),
    (0xe5e5_e5e5, "0xe5e5e5e5, with which jemalloc (Firefox) fills freed memory"),
    (0xefef_efef, "0xefefefef, with which PartitionAlloc (Chromium) fills freed memory"),
    (0xa5a5_a5a5, "0xa5a5a5a5, with which jemalloc fills new memory"),
    (0x5a5a_5a5a, "0x5a5a5a5a, with which jemalloc fills freed memory"),
    (0xd0d0_d0d0, "0xd0d0d0d0, with which mimalloc fills new memory"),
    (0xdfdf_dfdf, "0xdfdfdfdf, with which mimalloc fills freed memory"),
    (0xbbad_beef, "0xbbadbeef, to which WebKit writes to crash on purpose"),
];

/// The pattern that a pointer consists of, or is near to, and who writes it. In a 64-bit program a pointer may hold it twice,
/// or once.
pub(crate) fn pattern(pointer: u64, bits: u32) -> Option<&'static str> {
    let near = |word: u64| pointer.abs_diff(word) < NEAR;
    let found = PATTERNS.into_iter().find(|(word, _)| {
        let word = u64::from(*word);
        near(word) || (bits == 64 && near(word << 32 | word))
    });
    found.map(|(_, words)| words)
}

/// The text that a pointer consists of: characters of one byte or of two.
pub(crate) fn text(pointer: u64, bits: u32) -> Option<String> {
    let bytes = pointer.to_le_bytes();
    let bytes = if bits == 64 { &bytes[..] } else { &bytes[..4] };
    let is_text = |byte: u8| (0x20..0x7f).contains(&byte);
    let narrow: Vec<u8> = bytes.iter().copied().take_while(|byte| is_text(*byte)).collect();
    let ends = bytes.iter().skip(narrow.len()).all(|byte| *byte == 0);
    let least = if bits == 64 { LEAST_64 } else { 4 };
    let wide: Vec<u8> = bytes.chunks(2).filter(|pair| pair.get(1) == Some(&0)).map(|pair| pair[0]).collect();
    let found = if narrow.len() >= least && ends {
        Some(narrow)
    } else {
        (bits == 64 && wide.len() == 4 && wide.iter().all(|byte| is_text(*byte))).then_some(wide)
    };
    let found = found
        .filter(|bytes| bytes.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() * 2 >= bytes.len());
    found.map(|bytes| bytes.into_iter().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_both_widths() {
        assert!(pattern(0xdddd_dddd_dddd_dddd, 64).is_some_and(|words| words.contains("freed")));
        assert!(pattern(0xdddd_dde1, 32).is_some_and(|words| words.contains("freed")));
        assert!(pattern(0xcdcd_cdcd_cdcd_ce00, 64).is_some_and(|words| words.contains("new")));
        assert!(pattern(0xbaad_f00d, 64).is_some());
        assert!(pattern(0xdfdf_dfdf_dfdf_dfe7, 64).is_some_and(|words| words.contains("mimalloc")));
        assert_eq!(
            (pattern(0x7ff6_0000_1000, 64), pattern(0, 32), pattern(0xdddd_0000_dddd_dddd, 64)),
            (None, None, None)
        );
    }

    #[test]
    fn pointers_that_are_text() {
        assert_eq!(text(u64::from_le_bytes(*b"filename"), 64).as_deref(), Some("filename"));
        assert_eq!(text(u64::from_le_bytes(*b"C:\\dir\0\0"), 64).as_deref(), Some("C:\\dir"));
        assert_eq!(text(u64::from_le_bytes(*b"p\0a\0t\0h\0"), 64).as_deref(), Some("path"));
        assert_eq!(text(u64::from(u32::from_le_bytes(*b"Err:")), 32).as_deref(), Some("Err:"));
        for pointer in [0x7ff6_5c20_1257, 0x1f2_0000_0800, 0, u64::MAX] {
            assert_eq!(text(pointer, 64), None, "{pointer:#x}");
        }
    }
}
