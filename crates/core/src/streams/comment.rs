//! CommentStreamA (10) and CommentStreamW (11): free text, where ProcDump writes its command line and reason.

use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::limits;
use crate::metadata::Metadata;
use crate::utf16;
use crate::vocabulary::StreamType;

/// The comment that the dump's writer left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The text up to its first NUL, as it is: it may hold control characters. Invalid UTF-16 is U+FFFD; bytes
    /// of an ANSI comment above 0x7f are read as Windows-1252's Latin-1 part, since no code page is recorded.
    pub text: String,
    /// Whether characters were replaced.
    pub repaired: bool,
}

/// Reads a comment stream of either kind.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Comment, Damage> {
    let bytes = meta.bytes(at.rva, at.present.min(limits::SMALL_STREAM_BYTES))?.unwrap_or_default();
    if at.kind == StreamType::COMMENT_A {
        let text = bytes.iter().take_while(|b| **b != 0).map(|b| char::from(*b)).collect();
        return Ok(Comment { text, repaired: false });
    }
    let units: Vec<u16> = utf16::units(&bytes).take_while(|unit| *unit != 0).collect();
    Ok(match String::from_utf16(&units) {
        Ok(text) => Comment { text, repaired: false },
        Err(_) => Comment { text: String::from_utf16_lossy(&units), repaired: true },
    })
}
