//! Code that the runtime compiled or loaded: from an instruction pointer to its method and its unwind data
//! (dotnet/runtime, `src/coreclr/vm/codeman.h`, `docs/design/datacontracts/ExecutionManager.md`).

mod nibbles;
mod sections;

use super::Runtime;
use crate::arch::Width;
use crate::pe::Image;
use crate::unwind::{FunctionTable, RuntimeFunction};

/// A method's code, or an image of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Of a method that was compiled at run time.
    Method(Compiled),
    /// An image of methods that were compiled in advance (`ReadyToRun`), from its base to its end.
    Image { base: u64, end: u64, module: u64 },
}

/// A method that was compiled at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Compiled {
    /// Its first instruction.
    start: u64,
    /// Its `RealCodeHeader`.
    header: u64,
    /// What its unwind data counts from.
    base: u64,
}

/// A method, or the image of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodSite {
    /// The file that the method's type is from, without extension; `None` of code that was emitted at run time.
    pub assembly: Option<String>,
    /// Type and name, as [`Runtime::method_name`] writes them; `None` where only the image is known.
    pub method: Option<String>,
    /// The method's first instruction, or the image's base.
    pub start: u64,
}

/// RUNTIME_FUNCTIONs of a method: one, and one for each handler.
const FUNCTIONS: u32 = 4096;

impl Runtime<'_> {
    /// The unwind data of the code at an address outside all modules; `None` if it is not the runtime's, and on x86.
    pub fn functions_at(&self, ip: u64) -> Option<FunctionTable> {
        match self.place(ip)? {
            Place::Method(compiled) => self.functions(&compiled, ip),
            Place::Image { base, end, .. } => {
                let size = u32::try_from(end.checked_sub(base)?).ok()?;
                Image::read(self.reader.memory(), base, size).ok()?.function_table()
            }
        }
    }

    /// The method whose code an address lies in, also where the code is an image's of the module list.
    pub fn method_at(&self, ip: u64) -> Option<MethodSite> {
        match self.place(ip)? {
            Place::Method(compiled) => {
                self.functions(&compiled, ip)?;
                let [method, ..] = self.layout.code?.header;
                let method = self.reader.pointer(compiled.header, method)?;
                let assembly = self.module_of_method(method).and_then(|module| self.assembly(module));
                Some(MethodSite { assembly, method: self.method_name(method), start: compiled.start })
            }
            Place::Image { base, module, .. } => {
                Some(MethodSite { assembly: self.assembly(module), method: None, start: base })
            }
        }
    }

    /// What code lies at an address. Only x64 has unwind data that says where a method ends.
    fn place(&self, ip: u64) -> Option<Place> {
        let layout = self.layout.code.filter(|_| self.reader.width() == Width::Bits64)?;
        let section = self.section_at(&layout, ip)?;
        if section.heaps == 0 {
            let module = Some(section.module).filter(|module| *module != 0)?;
            return Some(Place::Image { base: section.begin, end: section.end, module });
        }
        let start = nibbles::method_start(&self.reader, &layout.heap, section.heaps, ip)?;
        // The word before a method leads to its header; of stubs it is a small number.
        let header = self.reader.pointer(start.wrapping_sub(8), 0).filter(|header| *header >= 0x1_0000)?;
        Some(Place::Method(Compiled { start, header, base: section.begin }))
    }

    /// The functions of a method, if one of them holds `ip`.
    fn functions(&self, compiled: &Compiled, ip: u64) -> Option<FunctionTable> {
        let [_, count, first] = self.layout.code?.header;
        let count = self.reader.u32(compiled.header.wrapping_add(count))?;
        let at = compiled.header.wrapping_add(first);
        let bytes = (1..=FUNCTIONS).contains(&count).then(|| u64::from(count).wrapping_mul(12))?;
        let bytes = self.reader.memory().bytes(at, bytes).ok()?;
        let functions: Vec<RuntimeFunction> = bytes.chunks_exact(12).map(RuntimeFunction::decode).collect();
        let offset = u32::try_from(ip.checked_sub(compiled.base)?).ok()?;
        let held = functions.iter().any(|function| function.holds(offset));
        held.then(|| FunctionTable::of(compiled.base, functions))
    }
}
