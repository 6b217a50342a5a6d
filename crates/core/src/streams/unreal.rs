//! Unreal Engine's crash context (stream 0x10000): an XML document in UTF-16 (some writers: UTF-8), flat except for its two outer elements.
//! Only the text of the requested elements is read.

use crate::container::StreamLocation;
use crate::damage::Damage;
use crate::limits;
use crate::metadata::Metadata;
use crate::utf16;

/// What the engine wrote down of its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnrealContext {
    /// `CrashType`: `Crash`, `Assert`, `Ensure`, `GPUCrash`, `OutOfMemory`, …
    pub crash_type: Option<String>,
    /// `ErrorMessage`.
    pub error_message: Option<String>,
    /// `MemoryStats.bIsOOM`.
    pub out_of_memory: Option<bool>,
    /// `MemoryStats.OOMAllocationSize` in bytes; zero is `None`.
    pub allocation_bytes: Option<u64>,
    /// `MemoryStats.OOMAllocationAlignment` in bytes; zero is `None`.
    pub alignment_bytes: Option<u64>,
    /// `MemoryStats.AvailablePhysical` in bytes.
    pub available_physical_bytes: Option<u64>,
    /// `MemoryStats.AvailableVirtual` in bytes.
    pub available_virtual_bytes: Option<u64>,
}

/// Reads the stream; `None` if it is no crash context.
pub(crate) fn read(meta: &Metadata<'_>, at: &StreamLocation) -> Result<Option<UnrealContext>, Damage> {
    let wanted = at.present.min(limits::UNREAL_CONTEXT_BYTES);
    let bytes = meta.bytes(at.rva, wanted)?.unwrap_or_default();
    let document = if bytes.starts_with(b"<?") && bytes.get(1) != Some(&0) {
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    } else {
        let units: Vec<u16> = utf16::units(&bytes).take_while(|unit| *unit != 0).collect();
        String::from_utf16_lossy(&units)
    };
    if !document.contains("<FGenericCrashContext") {
        return Ok(None);
    }
    let text = |name: &str| element(&document, name);
    let number = |name: &str| text(name).and_then(|text| text.trim().parse::<u64>().ok());
    Ok(Some(UnrealContext {
        crash_type: text("CrashType"),
        error_message: text("ErrorMessage").filter(|message| !message.is_empty()),
        out_of_memory: text("MemoryStats.bIsOOM").map(|text| matches!(text.trim(), "1" | "true" | "True")),
        allocation_bytes: number("MemoryStats.OOMAllocationSize").filter(|size| *size > 0),
        alignment_bytes: number("MemoryStats.OOMAllocationAlignment").filter(|size| *size > 0),
        available_physical_bytes: number("MemoryStats.AvailablePhysical"),
        available_virtual_bytes: number("MemoryStats.AvailableVirtual"),
    }))
}

/// The text of the first element of a name, its five entities put back.
fn element(document: &str, name: &str) -> Option<String> {
    let (_, after) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = after.split_once("</")?;
    let text: String = text.chars().take(limits::UNREAL_TEXT_CHARACTERS).collect();
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    Some(entities.into_iter().fold(text, |text, (entity, character)| text.replace(entity, character)))
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn texts_of_elements() {
        let document = "<A><ErrorMessage>a &lt; b &amp;&amp; c</ErrorMessage><Empty></Empty><Open>x</A>";
        assert_eq!(element(document, "ErrorMessage").as_deref(), Some("a < b && c"));
        assert_eq!(element(document, "Empty").as_deref(), Some(""));
        assert_eq!((element(document, "Missing"), element("<Open>", "Open")), (None, None));
    }
}
