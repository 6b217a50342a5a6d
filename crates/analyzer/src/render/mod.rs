//! From plain data to characters. Words are chosen here; nothing is computed.
//!
//! Names, paths and comments come from the dump and may be hostile: [`escape`] stands between them and every
//! output. The text has no colours; whoever owns a terminal adds them.

mod codes;
mod counters;
pub mod csv;
mod difference;
pub mod escape;
#[cfg(feature = "html")]
pub mod html;
pub mod json;
mod judgement;
pub mod markdown;
mod schema;
mod ticket;

pub use crate::facts::number;
pub use schema::{diff_schema, schema, trimmed_schema};
pub mod text;
