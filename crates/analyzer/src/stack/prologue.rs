//! Whether an x86 function has a frame pointer, by looking back for where it begins.

use dumplens_core::ReadMemory;

use super::code::Code;

/// How far back a start is looked for; larger functions are few, and nothing is claimed of them.
const LOOK_BACK: u64 = 0x1000;
/// Bytes read at a time.
const PIECE: usize = 0x100;
/// Compilers begin functions at multiples of this unless they optimise for size.
const ALIGNED: u64 = 16;

/// `push ebp; mov ebp,esp` as Microsoft's and as GNU's assembler encode it, and behind `mov edi,edi`.
const FRAMED: [&[u8]; 3] = [&[0x55, 0x8b, 0xec], &[0x55, 0x89, 0xe5], &[0x8b, 0xff, 0x55, 0x8b, 0xec]];
/// The longest of them.
const LONGEST: usize = 5;
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
            if let Some(pattern) = FRAMED.iter().find(|pattern| behind.starts_with(pattern))
                && (starts || at.is_multiple_of(ALIGNED))
            {
                return Some(ip - at >= pattern.len() as u64);
            }
            if starts && at.is_multiple_of(ALIGNED) {
                return Some(false);
            }
        }
        end = from;
    }
    None
}

/// Whether a function ends before: padding with `int3`, or a return and perhaps `nop`s.
fn ends_function(before: &[u8]) -> bool {
    if before.last() == Some(&0xcc) {
        return true;
    }
    let code = before.iter().rposition(|byte| *byte != 0x90).map_or(&[][..], |last| &before[..=last]);
    code.last() == Some(&0xc3) || matches!(code, [.., 0xc2, _, 0])
}
