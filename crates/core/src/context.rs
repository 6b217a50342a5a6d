//! CONTEXT: the flags that say what it holds, and for which processor.

use crate::arch::Width;

/// What the kernel notes in `ContextFlags` beside the processor (winnt.h): `CONTEXT_EXCEPTION_ACTIVE`,
/// `CONTEXT_SERVICE_ACTIVE`, `CONTEXT_UNWOUND_TO_CALL`, `CONTEXT_EXCEPTION_REQUEST`, `CONTEXT_EXCEPTION_REPORTING`. The
/// `minidump` crate takes some of them for the names of other processors.
const NOTES: u32 = 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000 | 0x8000_0000;

/// Where `ContextFlags` is, and the bit of the processor, of the CONTEXT of x86, ARM64 and x64; by its size, as threads
/// may have been written for another processor than the process.
fn flags_of(size: usize, width: Width) -> Option<(usize, u32)> {
    match (width, size) {
        (Width::Bits32, 0x2cc..) => Some((0, 0x1_0000)),
        (Width::Bits64, 0x4d0..) => Some((0x30, 0x10_0000)),
        (Width::Bits64, 0x390) => Some((0, 0x40_0000)),
        _ => None,
    }
}

/// Clears the kernel's notes in the flags of a CONTEXT, if they name the processor.
pub(crate) fn clear_notes(context: &mut [u8], width: Width) {
    let Some((at, processor)) = flags_of(context.len(), width) else { return };
    let Some(field) = context.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<4>) else { return };
    let flags = u32::from_le_bytes(*field);
    if flags & processor != 0 {
        *field = (flags & !NOTES).to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_and_the_rest_stays() {
        for (size, at, width, processor) in [
            (0x2cc, 0, Width::Bits32, 0x1_0000),
            (0x4d0, 0x30, Width::Bits64, 0x10_0000_u32),
            (0x390, 0, Width::Bits64, 0x40_0000),
        ] {
            let with = |flags: u32| {
                let mut context = vec![0xff; size];
                context[at..at + 4].copy_from_slice(&flags.to_le_bytes());
                context
            };
            let mut noted = with(processor | 0xf800_001f);
            clear_notes(&mut noted, width);
            assert_eq!(noted, with(processor | 0x1f));
            // Another processor's flags are what they are.
            let mut other = with(0xf800_001f);
            clear_notes(&mut other, width);
            assert_eq!(other, with(0xf800_001f));
        }
        let mut short = [0xff; 0x20];
        clear_notes(&mut short, Width::Bits64);
        assert_eq!(short, [0xff; 0x20]);
    }
}
