//! The field of an object at an offset (`FieldDesc`, dotnet/runtime, `src/coreclr/vm/field.h`).

use super::{Object, Runtime};
use crate::arch::Width;

/// Fields of one class.
const FIELDS: u64 = 1 << 12;

impl Runtime<'_> {
    /// The field `offset` bytes into an object: `_items` of its class or of a base class, or `[3]` of an array. `None`
    /// if it is not known, as for classes on x86.
    pub fn field_at(&self, object: &Object, offset: u64) -> Option<String> {
        let reader = &self.reader;
        let table = self.types.of_object(reader, object.table)?;
        if object.free {
            return None;
        }
        if table.has_components() {
            // Lengths and bounds stand before the elements, all of which the base size counts, and the header.
            let word = reader.size();
            let array = u64::from(table.base_size).checked_sub(word);
            let first = if table.is_array() { array? } else { word.wrapping_add(4) };
            let index = offset.checked_sub(first)?.checked_div(table.component().max(1))?;
            return (index < u64::from(object.count)).then(|| format!("[{index}]"));
        }
        let within = offset.checked_sub(8).filter(|_| reader.width() == Width::Bits64)?;
        let line = self.types.line(reader, object.table);
        // The last field that begins at or before it: a structure has fields of its own.
        let fields = line.into_iter().filter_map(|class| self.last_field(class, within));
        fields.max_by_key(|(start, _)| *start).map(|(_, name)| name)
    }

    /// The last field of one class, without its bases, that begins at or before an offset behind the method table.
    fn last_field(&self, at: u64, within: u64) -> Option<(u64, String)> {
        let reader = &self.reader;
        let table = self.types.table(reader, at)?;
        let fields = reader.pointer(table.class, self.layout.table.fields)?;
        let mut best: Option<(u64, u32)> = None;
        for n in 0..FIELDS {
            let field = fields.wrapping_add(n.wrapping_mul(16));
            if reader.u64(field) != Some(table.canonical) {
                break;
            }
            let (first, second) = (reader.u32(field.wrapping_add(8))?, reader.u32(field.wrapping_add(12))?);
            let start = u64::from(second & 0x07ff_ffff);
            if first >> 24 & 1 == 0 && start <= within && best.is_none_or(|(known, _)| known < start) {
                best = Some((start, first & 0x00ff_ffff));
            }
        }
        let (start, row) = best?;
        let (module, _) = self.types.module_and_row(reader, at, &table)?;
        Some((start, self.types.metadata(reader, module)?.field_name(reader, row)?))
    }
}
