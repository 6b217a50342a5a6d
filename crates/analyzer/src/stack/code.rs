//! The code of the process: what is executable, which image it belongs to, and whether a call instruction precedes an
//! address.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use dumplens_core::pe::{Image, ImageError};
use dumplens_core::unwind::{FunctionTable, arm64};
use dumplens_core::{Pages, ReadMemory};
use iced_x86::{Code as Instruction, Decoder, DecoderOptions};

use super::Stopped;
use crate::process::Process;
#[cfg(feature = "pdb")]
use crate::symbols::FrameRule;
use crate::symbols::Symbols;

/// `IMAGE_FILE_MACHINE_AMD64`.
const X64: u16 = 0x8664;
/// `IMAGE_FILE_MACHINE_ARM64`.
const ARM64: u16 = 0xaa64;
/// The longest call instruction with its prefixes; longer ones exist and are not generated.
const LONGEST_CALL: usize = 8;

/// The code of a process, with what was read of it.
#[derive(Debug)]
pub(crate) struct Code<'p, 'd> {
    pub(crate) process: &'p Process<'d>,
    pub(crate) pages: Pages<'d>,
    /// By module index.
    images: RefCell<HashMap<usize, Result<Tables, ImageError>>>,
    left: Cell<u64>,
    /// Where PDBs are given, what they say of frames.
    #[cfg(feature = "pdb")]
    symbols: Option<Rc<RefCell<Symbols<'p, 'd>>>>,
}

/// What the search of stacks for return addresses may cost, in words looked at: some seconds. A frame takes under 100
/// words as a rule, so 100,000 frames can be searched.
const MOST_WORK: u64 = 10_000_000;
/// What it costs to look for a call before an address.
pub(super) const CALL_WORK: u64 = 10;
/// What it costs to look for the start of a function.
pub(super) const START_WORK: u64 = 50;

/// What is needed of an image.
#[derive(Debug, Clone)]
struct Tables {
    machine: u16,
    table: FunctionTable,
    /// The same directory as ARM64 has it; `None` if it is empty.
    arm64: Option<arm64::FunctionTable>,
    /// Whether the order of the table was looked at.
    ordered: bool,
    /// Where code lies: offsets from the base.
    code: Vec<Range<u32>>,
}

/// A call before a return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// To this address.
    Direct(u64),
    /// Through a register or memory.
    Indirect,
}

/// What stands before an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Call(Call),
    /// No call, or no code at all.
    Other,
    /// Code, by the memory map or the module list, of which the dump keeps nothing.
    NotKept,
}

impl<'p, 'd> Code<'p, 'd> {
    pub(crate) fn new(process: &'p Process<'d>) -> Code<'p, 'd> {
        Code {
            process,
            pages: Pages::new(process.dump.memory()),
            images: RefCell::default(),
            left: Cell::new(MOST_WORK),
            #[cfg(feature = "pdb")]
            symbols: None,
        }
    }

    /// The same, with PDBs that tell how frames are undone.
    #[cfg_attr(not(feature = "pdb"), allow(unused_mut, unused_variables, clippy::needless_pass_by_value))]
    pub(super) fn with_symbols(mut self, symbols: Rc<RefCell<Symbols<'p, 'd>>>) -> Code<'p, 'd> {
        #[cfg(feature = "pdb")]
        {
            self.symbols = Some(symbols);
        }
        self
    }

    /// How the frame is undone of the function whose code holds `address`.
    #[cfg(feature = "pdb")]
    pub(super) fn frame_rule(&self, address: u64) -> Option<FrameRule> {
        self.symbols.as_ref()?.borrow_mut().frame_rule(address)
    }

    /// The x64 unwind data of the image that holds `address`. An image without any has a table without entries.
    /// That of code which was made while the process ran is in the dump's own tables, or .NET has it; as is, at times, that
    /// of images which the dump does not keep.
    pub(crate) fn table(&self, address: u64) -> Result<FunctionTable, Stopped> {
        let dynamic = || self.process.function_tables.at(address).cloned();
        let Some(index) = self.process.module_at(address) else {
            let managed = || self.process.managed_functions(address);
            return dynamic().or_else(managed).ok_or(Stopped::NoModule { ip: address });
        };
        let mut images = self.images.borrow_mut();
        let tables = images.entry(index).or_insert_with(|| self.read(index));
        match tables {
            Ok(tables) if tables.machine == X64 => Ok(tables.table.clone()),
            Ok(_) => Err(Stopped::Code32 { ip: address }),
            Err(why) => dynamic().ok_or_else(|| Stopped::Image { ip: address, why: why.clone() }),
        }
    }

    /// The ARM64 unwind data of the image that holds `address`; `None` if it has none, or none that can be read.
    pub(super) fn arm64_table(&self, address: u64) -> Option<arm64::FunctionTable> {
        let index = self.process.module_at(address)?;
        let mut images = self.images.borrow_mut();
        let tables = images.entry(index).or_insert_with(|| self.read(index)).as_ref().ok()?;
        tables.arm64.clone().filter(|_| tables.machine == ARM64)
    }

    fn read(&self, index: usize) -> Result<Tables, ImageError> {
        let module = &self.process.modules[index];
        let image = Image::read(self.pages.memory(), module.base, module.size)?;
        let none = FunctionTable::new(module.base, 0, 0, 0);
        let table = image.function_table().unwrap_or(none);
        let code = image.sections().iter().filter(|section| section.executable);
        let code = code.map(|section| section.rva..section.rva.saturating_add(section.size)).collect();
        let arm64 = image.function_table_arm64().filter(|table| table.count() > 0);
        Ok(Tables { machine: image.machine(), table, arm64, ordered: false, code })
    }

    /// The unwind data of the image that holds `address`, put in order; `None` if it was in order. Every miss in a table
    /// that is not says nothing.
    pub(super) fn table_in_order(&self, address: u64) -> Option<FunctionTable> {
        let mut images = self.images.borrow_mut();
        let tables = images.get_mut(&self.process.module_at(address)?)?.as_mut().ok()?;
        let work = u64::from(tables.table.count());
        if tables.ordered || work > self.left.get() {
            return None;
        }
        tables.ordered = true;
        self.left.set(self.left.get() - work);
        tables.table = tables.table.put_in_order(self.pages.memory())?;
        Some(tables.table.clone())
    }

    /// Whether code could have run at `address`: committed and executable by the memory map, or, without one, part
    /// of a module, in a section of code if the sections are known.
    pub(crate) fn is_executable(&self, address: u64) -> bool {
        let space = &self.process.space;
        match space.region_at(address).filter(|_| space.is_mapped()) {
            Some(region) => region.state.is_commit() && region.protect.is_executable(),
            None => self.process.module_at(address).is_some_and(|index| self.is_code_of(index, address)),
        }
    }

    fn is_code_of(&self, index: usize, address: u64) -> bool {
        let mut images = self.images.borrow_mut();
        let Ok(tables) = images.entry(index).or_insert_with(|| self.read(index)) else { return true };
        let rva = u32::try_from(address - self.process.modules[index].base).unwrap_or(u32::MAX);
        tables.code.is_empty() || tables.code.iter().any(|code| code.contains(&rva))
    }

    /// The call instruction that ends at `address`, if one does and memory there is executable.
    pub(crate) fn call_before(&self, address: u64, bits: u32) -> Option<Call> {
        match self.before(address, bits) {
            Before::Call(call) => Some(call),
            Before::Other | Before::NotKept => None,
        }
    }

    /// What ends at `address`.
    pub(super) fn before(&self, address: u64, bits: u32) -> Before {
        let from = address.checked_sub(LONGEST_CALL as u64);
        let Some(from) = from.filter(|_| self.is_executable(address.wrapping_sub(1))) else {
            return Before::Other;
        };
        let mut code = [0; LONGEST_CALL];
        let skip = match self.pages.read(from, &mut code) {
            Ok(()) => Some(0),
            // The instruction may be the first of what is kept.
            Err(_) => self.readable_tail(address, &mut code),
        };
        let Some(skip) = skip else {
            return Before::NotKept;
        };
        let call = (2..=LONGEST_CALL).find_map(|length| {
            let bytes = code.get(LONGEST_CALL - length..).filter(|_| LONGEST_CALL - length >= skip)?;
            let mut decoder = Decoder::with_ip(bits, bytes, address - length as u64, DecoderOptions::NONE);
            let instruction = decoder.decode();
            if instruction.len() != bytes.len() {
                return None;
            }
            match instruction.code() {
                Instruction::Call_rel32_32 | Instruction::Call_rel32_64 => {
                    Some(Call::Direct(instruction.near_branch_target()))
                }
                Instruction::Call_rm32 | Instruction::Call_rm64 => Some(Call::Indirect),
                _ => None,
            }
        });
        call.map_or(Before::Other, Before::Call)
    }

    /// Counts work that hostile stacks could make endless; fails when it is used up.
    pub(super) fn work(&self, units: u64) -> Result<(), Stopped> {
        let left = self.left.get().checked_sub(units);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or(Stopped::Work)
    }

    /// Reads the bytes of the page that ends at or holds `address - 1`; returns how many of `code` are not filled.
    fn readable_tail(&self, address: u64, code: &mut [u8]) -> Option<usize> {
        let in_page = usize::try_from((address - 1) % 0x1000 + 1).ok()?;
        let skip = code.len().checked_sub(in_page)?;
        self.pages.read(address - in_page as u64, code.get_mut(skip..)?).ok()?;
        Some(skip)
    }
}
