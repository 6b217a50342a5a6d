//! Windows and the Visual C++ runtime, x86.

use super::world::Bases;
use crate::machine::Unit;

pub(super) fn units(_: &Bases, _: u64) -> Vec<Unit> {
    Vec::new()
}
