//! Names of modules and symbols, both ways.

use std::fmt::Write as _;

use crate::session::Session;

impl Session<'_, '_> {
    /// The value of a module's name, its base, or of `module!symbol`.
    pub(crate) fn symbol(&mut self, name: &str) -> Option<u64> {
        let Some((module, symbol)) = name.split_once('!') else {
            let module = self.module_named(name)?;
            return Some(self.process.modules[module].base);
        };
        let module = self.module_named(module)?;
        self.loaded.insert(module);
        self.symbols.address_of(module, symbol)
    }

    /// `module!symbol+0x6f`, or `module+0x1234`; `None` outside all modules.
    pub(crate) fn site(&mut self, address: u64) -> Option<String> {
        let (name, offset) = self.nearest(address)?;
        Some(with_offset(name, offset))
    }

    /// The name of the nearest symbol, and how far behind it the address lies.
    pub(crate) fn nearest(&mut self, address: u64) -> Option<(String, u64)> {
        let address = self.normal(address);
        if let Some(offset) = self.shared_user_data(address) {
            return Some(("SharedUserData".to_owned(), offset));
        }
        let module = self.module_at(address)?;
        self.loaded.insert(module);
        let name = self.module_name(module);
        let around = self.symbols.around(address)?;
        match (around.at, around.next) {
            (Some(at), _) => Some((format!("{name}!{}", at.name), address - at.address)),
            // The debugger names the first symbol of all, and what tools name outside of functions.
            (None, Some(next)) if self.symbols.pdb_of(module).is_some() => {
                let offset = address - self.process.modules[module].base;
                Some((format!("{name}!{} <PERF> ({name}+{offset:#x})", next.name), 0))
            }
            (None, _) => Some((name, address - self.process.modules[module].base)),
        }
    }

    /// The page that the kernel shares is a module to the debugger.
    fn shared_user_data(&self, address: u64) -> Option<u64> {
        const PAGE: u64 = 0x7ffe_0000;
        let offset = address.checked_sub(PAGE).filter(|offset| *offset < 0x1000)?;
        self.process.is_windows().then_some(offset)
    }
}

fn with_offset(mut name: String, offset: u64) -> String {
    if offset > 0 {
        let _ = write!(name, "+{offset:#x}");
    }
    name
}
