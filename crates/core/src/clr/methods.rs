//! `MethodDesc`: the names of methods.

use super::Runtime;
use super::metadata::TypeName;
use super::types::{Table, clipped};

impl Runtime<'_> {
    /// Type and name of a method, as the runtime prints them: ``System.Collections.Generic.List`1.set_Capacity``, with the
    /// type parameters of the method itself in brackets.
    ///
    /// A `MethodDesc` begins with a u16 whose low bits are those of the MethodDef's row, and a u8 that counts how many
    /// units (of 8 bytes; 4 on x86) it lies behind the start of its chunk's methods. The chunk begins with the method table;
    /// the other bits of the row are in the u16 after its sizes.
    pub fn method_name(&self, method: u64) -> Option<String> {
        let reader = &self.reader;
        let token = reader.u16(method)?;
        let range = reader.width().pick(10, 18);
        let chunk = self.chunk(method)?;
        let bits = self.layout.token_bits;
        let low = (1u32 << bits).wrapping_sub(1);
        let high = u32::from(reader.u16(chunk.wrapping_add(range))?)
            & (1u32 << 24u32.saturating_sub(bits)).wrapping_sub(1);
        let row = high << bits | u32::from(token) & low;
        let (owner, table) = self.owner(chunk)?;
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

    /// The `MethodDescChunk` of a method.
    fn chunk(&self, method: u64) -> Option<u64> {
        let index = self.reader.u8(method.wrapping_add(2))?;
        let (unit, head) = (self.reader.size(), self.reader.width().pick(12, 24));
        Some(method.wrapping_sub(u64::from(index).wrapping_mul(unit)).wrapping_sub(head))
    }

    /// The class that the methods of a chunk are of.
    fn owner(&self, chunk: u64) -> Option<(u64, Table)> {
        let known = |at: u64| Some((at, self.types.table(&self.reader, at)?));
        self.reader.word(chunk).and_then(known).or_else(|| known(self.reader.relative(chunk)?))
    }

    /// The `Module` of a method.
    pub(super) fn module_of_method(&self, method: u64) -> Option<u64> {
        let (owner, table) = self.owner(self.chunk(method)?)?;
        self.types.module_and_row(&self.reader, owner, &table).map(|(module, _)| module)
    }

    /// The name of a module's file, without its extension.
    pub(super) fn assembly(&self, module: u64) -> Option<String> {
        let file = self.types.metadata(&self.reader, module)?.module_name(&self.reader)?;
        let name = file.rsplit_once('.').map(|(name, _)| name).filter(|name| !name.is_empty());
        Some(name.unwrap_or(&file).to_owned())
    }
}
