//! How x86 functions undo their frames: the streams of FPO data and of frame data.

use ::pdb_addr2line::pdb::{
    AddressMap, FallibleIterator as _, FrameData, FrameTable, FrameType, Rva, StringTable,
};

use super::broken::Broken;
use crate::symbols::typed::FrameSizes;

/// Bytes of a frame's program; compilers write under 300.
const MOST_PROGRAM: usize = 2048;
/// Bytes of a frame's parts; the largest frames have some megabytes of locals.
const MOST_BYTES: u32 = 16 << 20;
/// What the program of an ordinary frame counts from: `$T0 $ebp = …`, or `$T1 $ebp 4 + = …` where the stack is aligned anew.
const EBP: &[u8] = b"$ebp";
/// What a function does that has only FPO data: the return address lies above its locals and saved registers.
const FPO: &str = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =";

/// How the frame of a function is undone, at one of its instructions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrameProgram {
    /// Bytes of parameters.
    pub params: u32,
    /// Bytes of registers that were pushed.
    pub saved: u32,
    /// Bytes of locals.
    pub locals: u32,
    /// What finds the caller's registers, in reverse Polish notation (cvinfo.h, `tagFRAMEDATA.frameFunc`).
    pub program: String,
}

/// The record that covers `rva`.
fn record(table: &FrameTable<'_>, addresses: &AddressMap<'_>, rva: u32) -> Result<Option<FrameData>, Broken> {
    let Some(place) = Rva(rva).to_internal_rva(addresses) else { return Ok(None) };
    let mut frames = table.iter_at_rva(place);
    let mut found: Option<FrameData> = None;
    // One of each stream can cover the place: the nearer one, and of two alike the newer kind.
    for _ in 0..2 {
        let Some(frame) = frames.next()? else { break };
        let covers = place.0.checked_sub(frame.code_start.0).is_some_and(|offset| offset < frame.code_size);
        if covers && found.as_ref().is_none_or(|other| frame.code_start >= other.code_start) {
            found = Some(frame);
        }
    }
    Ok(found)
}

/// How large the parts of the frame at `rva` are; `None` where the PDB says nothing, or has an ordinary frame with EBP.
pub(super) fn sizes(
    table: &FrameTable<'_>,
    addresses: &AddressMap<'_>,
    strings: Option<&StringTable<'_>>,
    rva: u32,
) -> Result<Option<FrameSizes>, Broken> {
    let ordinary = |frame: &FrameData| {
        let program = frame.program.zip(strings).and_then(|(program, strings)| strings.get(program).ok());
        let second = program.and_then(|program| program.as_bytes().split(|byte| *byte == b' ').nth(1));
        frame.uses_base_pointer || second == Some(EBP)
    };
    let found = record(table, addresses, rva)?.filter(|frame| !ordinary(frame));
    Ok(found.map(|frame| FrameSizes {
        params: frame.params_size,
        locals: frame.locals_size,
        saved: frame.saved_regs_size.into(),
    }))
}

/// What the PDB says of the frame at `rva`; `None` where it says nothing, or has an ordinary frame with EBP.
pub(super) fn at(
    table: &FrameTable<'_>,
    addresses: &AddressMap<'_>,
    strings: Option<&StringTable<'_>>,
    rva: u32,
) -> Result<Option<FrameProgram>, Broken> {
    let Some(frame) = record(table, addresses, rva)? else { return Ok(None) };
    let program = match (frame.ty, frame.program, strings) {
        (FrameType::FPO, None, _) => FPO.to_owned(),
        (FrameType::FrameData, Some(program), Some(strings)) => {
            strings.get(program)?.to_string().into_owned()
        }
        _ => return Ok(None),
    };
    let sound = program.len() <= MOST_PROGRAM && program.chars().all(|c| !c.is_control());
    let small = [frame.params_size, frame.locals_size].iter().all(|n| *n <= MOST_BYTES);
    Ok((sound && small).then_some(FrameProgram {
        params: frame.params_size,
        saved: frame.saved_regs_size.into(),
        locals: frame.locals_size,
        program,
    }))
}
