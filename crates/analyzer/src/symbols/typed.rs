//! Types, variables and fields, as a PDB has them: plain data, and the questions for it. Without PDBs nothing is known.

use super::Symbols;
#[cfg(feature = "pdb")]
use crate::process::extent;

/// What a value of a type is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// A whole number: bytes, and whether it has a sign.
    Integer(u8, bool),
    /// A character of one byte or two: bytes, and whether it has a sign.
    Character(u8, bool),
    /// `bool`.
    Bool,
    /// A number with a point: 4 or 8 bytes.
    Float(u8),
    /// A pointer or reference: bytes.
    Pointer(u8),
    /// Anything else: its bytes, 0 where they are not known.
    #[default]
    Other,
}

/// A type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeOf {
    /// As the debugger writes it: `struct telemetry::Sample *`. It may be hostile.
    pub text: String,
    /// What its values are.
    pub shape: Shape,
    /// Bytes of a value; 0 where that is not known.
    pub size: u64,
}

/// What a function takes, and how it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signature {
    /// `CV_call_e`: 0 `cdecl`, 4 `fastcall`, 7 `stdcall`, 0xb `thiscall`.
    pub convention: u8,
    /// The types of its parameters; `this` is none of them.
    pub parameters: Vec<String>,
}

impl Signature {
    /// `int, char **`, or `void`.
    pub fn text(&self) -> String {
        if self.parameters.is_empty() { "void".to_owned() } else { self.parameters.join(", ") }
    }
}

/// Where a variable is. Registers have CodeView's numbers (`CV_HREG_e`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a register.
    Register(u16),
    /// In memory, so far behind what a register holds.
    Memory(u16, i32),
    /// In memory, so far behind the image's base.
    Static(u32),
}

/// A variable of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name. It may be hostile.
    pub name: String,
    /// What it is.
    pub of: TypeOf,
    /// Whether it is a parameter.
    pub parameter: bool,
    /// Where it is at the instruction; `None` where the compiler says that it is nowhere.
    pub place: Option<Place>,
}

/// What an x86 function without EBP has on the stack (`FRAMEDATA`), in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameSizes {
    /// Of its parameters.
    pub params: u32,
    /// Of its locals.
    pub locals: u32,
    /// Of the registers that it keeps.
    pub saved: u32,
}

/// What a PDB says of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// From the image's base to its first byte.
    pub start: u32,
    /// Bytes of its code.
    pub code: u32,
    /// Bytes of the code that makes its frame.
    pub prologue: u32,
    /// What it takes.
    pub signature: Signature,
    /// How its frame is made, of an x86 function without EBP.
    pub frame: Option<FrameSizes>,
    /// Parameters and locals that are in scope, in the order of the PDB; those of inline functions are not theirs.
    pub variables: Vec<Variable>,
}

/// One field of a class, structure or union, or one value of an enumeration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// Its name. It may be hostile.
    pub name: String,
    /// Its offset, or its value.
    pub offset: u64,
    /// What it is; of an enumeration's values nothing.
    pub of: TypeOf,
    /// Of a bit field the first bit and how many there are.
    pub bits: Option<(u8, u8)>,
}

/// A class, structure, union or enumeration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// As the debugger writes it, `struct telemetry::Sample`.
    pub of: TypeOf,
    /// Base classes and fields, in the order of their declaration.
    pub fields: Vec<Field>,
    /// Whether it is an enumeration.
    pub enumeration: bool,
}

#[cfg(feature = "pdb")]
impl Symbols<'_, '_> {
    /// What the function at an address takes, and its variables there: what a PDB says.
    pub fn function_at(&mut self, address: u64) -> Option<Box<Function>> {
        let index = self.process.module_at(address)?;
        let rva = u32::try_from(address - extent(&self.process.modules[index]).0).ok()?;
        self.ask_pdb(index, |reader| reader.function(rva))?
    }

    /// The types of a module's symbols, by the indices that its table has; of functions what they take.
    pub fn types_of(&mut self, module: usize, indices: Vec<u32>) -> Vec<TypeOf> {
        self.ask_pdb(module, |reader| reader.types(indices)).unwrap_or_default()
    }

    /// The fields of a module's type of a name.
    pub fn layout(&mut self, module: usize, name: &str) -> Option<Box<Layout>> {
        self.ask_pdb(module, |reader| reader.layout(name))?
    }

    /// The names of a module's types.
    pub fn type_names(&mut self, module: usize) -> Vec<String> {
        self.ask_pdb(module, super::pdb::Reader::type_names).unwrap_or_default()
    }
}

#[cfg(not(feature = "pdb"))]
#[allow(missing_docs, clippy::unused_self)] // as with PDBs, above
impl Symbols<'_, '_> {
    pub fn function_at(&mut self, _address: u64) -> Option<Box<Function>> {
        None
    }

    pub fn types_of(&mut self, _module: usize, _indices: Vec<u32>) -> Vec<TypeOf> {
        Vec::new()
    }

    pub fn layout(&mut self, _module: usize, _name: &str) -> Option<Box<Layout>> {
        None
    }

    pub fn type_names(&mut self, _module: usize) -> Vec<String> {
        Vec::new()
    }
}
