//! From plain data to text. The words are chosen here; nothing is computed.
//!
//! Names, paths and comments come from the dump and may be hostile: they pass through [`escape`] before every output.
//! The text has no colors; the program adds them on a terminal.

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
