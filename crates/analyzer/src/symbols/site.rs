//! Where an address lies: module, function, line; and how that is known.

use crate::space::words;

/// What an address is: it decides which instruction is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// An instruction pointer, the start of a thread, a pointer: the address itself is looked up.
    Instruction,
    /// A return address. It follows the call and may lie in the next line or even the next function, so the byte
    /// before it is looked up; the offset is still that of the address itself, as the debugger shows it.
    Return,
}

words! {
    /// How a function is known.
    pub enum Source {
        /// The export at the beginning of the function, confirmed by the image's table of functions or by its code
        /// (x64).
        Export = "export",
        /// The nearest export below, or public name of a symbol file: a guess. It may be another function after it,
        /// without such a name.
        NearestExport = "nearest_export",
        /// The PDB that belongs to the module.
        Pdb = "pdb",
        /// The symbol file of Breakpad (`.sym`) that belongs to the module.
        SymbolFile = "symbol_file",
        /// The .NET runtime, which knows the methods that it compiled.
        Runtime = "runtime",
    }
}

impl Source {
    /// Whether the function is known by a PDB or a symbol file.
    pub(crate) fn is_of_debug_file(self) -> bool {
        matches!(self, Source::Pdb | Source::SymbolFile)
    }
}

/// Where an address lies. Of the sites of one address, the innermost inline function comes first and the function
/// whose code it physically is comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The module as the debugger names it: its file name without the extension. It may be hostile.
    pub module: String,
    /// The function with its namespaces, classes and template arguments but without parameters; `None` if not known.
    /// It may be hostile.
    pub function: Option<String>,
    /// From the function's first byte to the address, or from the module's base if the function is not known. Of an inline
    /// function from where its code begins there, as the debugger counts; `None` if that is not known.
    pub offset: Option<u64>,
    /// The source file as the compiler had it. It may be hostile.
    pub file: Option<String>,
    /// The line in it.
    pub line: Option<u32>,
    /// Whether this function's code was put into that of the next site.
    pub inline: bool,
    /// How the function is known; `None` if it is not.
    pub source: Option<Source>,
}

impl Site {
    /// An address of which no more than the module is known.
    pub(super) fn in_module(module: String, offset: u64) -> Site {
        Site {
            module,
            function: None,
            offset: Some(offset),
            file: None,
            line: None,
            inline: false,
            source: None,
        }
    }
}
