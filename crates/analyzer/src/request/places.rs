//! Where a container may lie: what registers and stack slots of the frames above `operator new` point to, and the slots
//! themselves.

use dumplens_core::ReadMemory;

use crate::stack::Frame;
use crate::stack::code::Code;

/// Bytes of a frame that are looked through.
const FRAME_BYTES: u64 = 0x400;

/// What names an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Via {
    /// The register of this number, in a frame.
    Register(usize, u8),
    /// A pointer on the stack, at this address.
    Slot(u64),
    /// Nothing: it is a place on the stack itself.
    Itself,
}

/// Reads what may be a container.
#[derive(Clone, Copy)]
pub(super) struct Places<'c, 'p, 'd> {
    pub(super) code: &'c Code<'p, 'd>,
}

impl Places<'_, '_, '_> {
    pub(super) fn bits(self) -> u32 {
        self.code.process.dump.width().bits()
    }

    pub(super) fn pointer_bytes(self) -> u64 {
        u64::from(self.bits() / 8)
    }

    /// The number of the process's width at an address.
    pub(super) fn pointer(self, at: u64) -> Option<u64> {
        match self.bits() {
            64 => self.code.pages.read_u64(at).ok(),
            _ => self.code.pages.read_u32(at).ok().map(u64::from),
        }
    }

    /// The unit of a string at an address.
    pub(super) fn character(self, at: u64, bytes: u64) -> Option<u16> {
        let mut unit = [0; 2];
        let read = if bytes == 1 { &mut unit[..1] } else { &mut unit[..] };
        self.code.pages.read(at, read).ok()?;
        Some(u16::from_le_bytes(unit))
    }

    pub(super) fn is_committed(self, address: u64) -> bool {
        self.code.process.space.region_at(address).is_some_and(|region| region.state.is_commit())
    }

    /// Whether an address may lie in committed memory: it does by the map, or the map does not tell.
    pub(super) fn may_be_committed(self, address: u64) -> bool {
        let space = &self.code.process.space;
        space.region_at(address).map_or(!space.is_complete(), |region| region.state.is_commit())
    }

    /// Whether what stood at an address was redacted.
    pub(super) fn is_redacted(self, at: u64) -> bool {
        self.code.process.dump.memory().is_redacted(at)
    }

    /// Addresses at which a container of frame `n` may lie, and what names them: aligned, and none is zero.
    pub(super) fn of(self, n: usize, frame: &Frame) -> impl Iterator<Item = (u64, Via)> {
        let size = self.pointer_bytes();
        let from = frame.sp;
        let slots = move || (0..FRAME_BYTES / size).filter_map(move |n| from.checked_add(n * size));
        let in_register = |number| Some((frame.registers.get(number)?, Via::Register(n, number)));
        let registers: Vec<_> = (0..16).filter_map(in_register).collect();
        let pointed: Vec<_> =
            slots().filter_map(|slot| Some((self.pointer(slot)?, Via::Slot(slot)))).collect();
        let all = registers.into_iter().chain(pointed).chain(slots().map(|slot| (slot, Via::Itself)));
        all.filter(move |(at, _)| *at != 0 && at.is_multiple_of(size))
    }
}
