//! Whether an x86 function has a frame pointer, by looking back for where it begins.

use dumplens_core::ReadMemory;

use super::code::{CALL_WORK, Code};

/// How far back a start is looked for; larger functions are few, and nothing is claimed of them.
const LOOK_BACK: u64 = 0x1000;
/// Bytes read at a time.
const PIECE: usize = 0x100;
/// Compilers begin functions at multiples of this unless they optimise for size.
const ALIGNED: u64 = 16;

/// `push ebp; mov ebp,esp` as Microsoft's and as GNU's assembler encode it, and behind `mov edi,edi`.
const FRAMED: [&[u8]; 3] = [&[0x55, 0x8b, 0xec], &[0x55, 0x89, 0xe5], &[0x8b, 0xff, 0x55, 0x8b, 0xec]];
/// The longest of them, and of those that call a helper.
const LONGEST: usize = 15;
/// Bytes of a helper in which it sets EBP.
const HELPER_BYTES: usize = 0x40;
/// How helpers set EBP: `lea ebp,[esp+n]`, `mov ebp,eax`.
const SETS_EBP: [&[u8]; 2] = [&[0x8d, 0x6c, 0x24], &[0x8b, 0xe8]];

/// Bytes before a start that are looked at: padding, and the return before it.
const BEFORE: usize = 18;

/// Whether the function that holds `ip` had made EBP its frame pointer when it got there: `None` where its start was
/// not found.
pub(super) fn has_frame_pointer(code: &Code<'_, '_>, ip: u64) -> Option<bool> {
    let mut end = ip;
    while ip - end < LOOK_BACK {
        let from = end.checked_sub(PIECE as u64)?;
        // Some bytes before and behind, so that no pattern is cut.
        let first = from.checked_sub(BEFORE as u64)?;
        let mut bytes = [0; PIECE + BEFORE + LONGEST];
        code.pages.read(first, &mut bytes).ok()?;
        for back in 0..PIECE as u64 {
            let at = end - back;
            let index = usize::try_from(at - first).ok()?;
            let (before, behind) = bytes.split_at_checked(index)?;
            let first_of_all = at.is_multiple_of(0x1000) && !code.is_executable(at - 1);
            let starts = first_of_all || ends_function(before);
            let framed =
                FRAMED.iter().find(|pattern| behind.starts_with(pattern)).map(|pattern| pattern.len());
            if !starts && !at.is_multiple_of(ALIGNED) {
                continue;
            }
            if let Some(length) = framed.or_else(|| helper(code, at, behind)) {
                return Some(ip - at >= length as u64);
            }
            if starts && at.is_multiple_of(ALIGNED) {
                return Some(false);
            }
        }
        end = from;
    }
    None
}

/// Bytes of a prologue whose frame a helper of the C++ runtime makes: `_SEH_prolog`, `__SEH_prolog4`, `_EH_prolog`,
/// `_EH_prolog3` are called with the size of the locals and a table, pushed or in EAX, and return with EBP set.
fn helper(code: &Code<'_, '_>, at: u64, behind: &[u8]) -> Option<usize> {
    let length = match behind {
        [0xb8, _, _, _, _, 0xe8, ..] => 10,
        [0x6a, _, 0x68 | 0xb8, _, _, _, _, 0xe8, ..] => 12,
        [0x68, _, _, _, _, 0x68 | 0xb8, _, _, _, _, 0xe8, ..] => 15,
        _ => return None,
    };
    code.work(CALL_WORK).ok()?;
    let offset = behind.get(length - 4..length)?.first_chunk().map(|bytes| i32::from_le_bytes(*bytes))?;
    let target = (at + length as u64).checked_add_signed(offset.into())? & u64::from(u32::MAX);
    let mut helper = [0; HELPER_BYTES];
    code.pages.read(target, &mut helper).ok()?;
    let sets = |pattern: &&[u8]| helper.windows(pattern.len()).any(|bytes| bytes == *pattern);
    SETS_EBP.iter().any(sets).then_some(length)
}

/// Whether a function ends before: padding with `int3`, or a return and perhaps `nop`s.
fn ends_function(before: &[u8]) -> bool {
    if before.last() == Some(&0xcc) {
        return true;
    }
    let code = before.iter().rposition(|byte| *byte != 0x90).map_or(&[][..], |last| &before[..=last]);
    code.last() == Some(&0xc3) || matches!(code, [.., 0xc2, _, 0])
}
