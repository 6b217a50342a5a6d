//! The address space: its regions, what each is for, and who owns it.
//!
//! ```text
//! MemoryInfoList ─ repair ─> AddressSpace ─ classify(claims) ─> pieces ─┬─ Totals, Allocations
//!                                                                       └─ Filter, owners
//! ```
//!
//! The claims themselves come from the process, whose structures say whose memory is whose.

mod address_space;
mod allocations;
mod charge;
mod contradiction;
mod filter;
mod groups;
mod hex;
mod owners;
mod repair;
mod totals;
mod usage;
mod warning;
mod words;

pub use address_space::{AddressSpace, Coverage, Piece};
pub use allocations::{Allocation, Allocations, Equals, SizeClass};
pub(crate) use charge::{is_charged, is_shared_with_kernel};
pub use filter::Filter;
pub use hex::Hex;
pub(crate) use owners::{Holdings, WRITABLE, holdings};
pub use totals::{Totals, TotalsRow};
pub use usage::{Bits, Fact, GcPart, Owner, PebField, Span, Usage};
pub use warning::SpaceWarning;
pub(crate) use words::words;

/// Bytes of a page.
pub(crate) const PAGE: u64 = 0x1000;
