//! `MethodDesc`: the names of methods.

use super::Runtime;
use super::metadata::TypeName;
use super::types::clipped;
use crate::arch::Width;

impl Runtime<'_> {
    /// Type and name of a method, as the runtime prints them: ``System.Collections.Generic.List`1.set_Capacity``, with the
    /// type parameters of the method itself in brackets.
    ///
    /// A `MethodDesc` begins with a u16 whose low bits are those of the MethodDef's row, and a u8 that counts how many
    /// units (of 8 bytes; 4 on x86) it lies behind the start of its chunk's methods. The chunk begins with the method table;
    /// the other bits of the row are in the u16 after its sizes.
    pub fn method_name(&self, method: u64) -> Option<String> {
        let reader = &self.reader;
        let (token, index) = (reader.u16(method)?, reader.u8(method.wrapping_add(2))?);
        let (unit, head, range) = match reader.width() {
            Width::Bits64 => (8, 24, 18),
            Width::Bits32 => (4, 12, 10),
        };
        let chunk = method.wrapping_sub(u64::from(index).wrapping_mul(unit)).wrapping_sub(head);
        let bits = self.layout.token_bits;
        let low = (1u32 << bits).wrapping_sub(1);
        let high = u32::from(reader.u16(chunk.wrapping_add(range))?)
            & (1u32 << 24u32.saturating_sub(bits)).wrapping_sub(1);
        let row = high << bits | u32::from(token) & low;
        let by_distance = || reader.relative(chunk).filter(|at| self.types.table(reader, *at).is_some());
        let owner =
            reader.word(chunk).filter(|at| self.types.table(reader, *at).is_some()).or_else(by_distance)?;
        let table = self.types.table(reader, owner)?;
        let (module, _) = self.types.module_and_row(reader, owner, &table)?;
        let metadata = self.types.metadata(reader, module)?;
        let name = metadata.method_name(reader, row)?;
        let TypeName { namespace, names } = self.types.definition(reader, owner, &table)?;
        let types = names.join(".");
        let parameters = metadata.type_parameters(reader, row);
        let parameters =
            if parameters.is_empty() { String::new() } else { format!("[{}]", parameters.join(",")) };
        let dot = if namespace.is_empty() { "" } else { "." };
        Some(clipped(format!("{namespace}{dot}{types}.{name}{parameters}")))
    }
}
