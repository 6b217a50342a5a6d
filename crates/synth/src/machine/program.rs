//! Functions and data of several images, linked to each other.

use std::collections::BTreeMap;

use super::assemble::{Assembled, assemble};
use super::encode::slot;
use super::op::Op;
use super::unwind;
use crate::arch::Width;
use crate::bytes::{low32, to_usize};
use crate::constants::PAGE;
use crate::modules::CodeView;
use crate::pe::{Export, Function, Image, TEXT_RVA, Unwind};

/// One function.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// Unique in its unit; also the name of its export.
    pub(crate) name: &'static str,
    pub(crate) ops: Vec<Op>,
    /// Instead of what the prologue says.
    pub(crate) unwind: Option<Unwind>,
}

/// One item of read-only data.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// What becomes one image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    pub(crate) path: &'static str,
    pub(crate) base: u64,
    pub(crate) code: Vec<Code>,
    pub(crate) data: Vec<Data>,
    /// Whether its functions are exported.
    pub(crate) exports: bool,
    pub(crate) code_view: Option<CodeView>,
}

/// A linked program.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) width: Width,
    /// Path and image of each unit.
    pub(crate) images: Vec<(&'static str, Image)>,
    /// Instructions by address, and where the next one lies.
    pub(super) instructions: BTreeMap<u64, (Vec<Op>, u64)>,
    /// Addresses by unit and name: functions, items, slots of imports, and labels of functions.
    symbols: Vec<BTreeMap<String, u64>>,
    /// Names of all functions' addresses and ends.
    functions: BTreeMap<u64, (u64, &'static str)>,
}

impl Code {
    pub(crate) fn new(name: &'static str, ops: impl Into<Vec<Op>>) -> Code {
        Code { name, ops: ops.into(), unwind: None }
    }
}

impl Data {
    pub(crate) fn new(name: &'static str, bytes: impl Into<Vec<u8>>) -> Data {
        Data { name, bytes: bytes.into() }
    }
}

impl Program {
    /// Places and links the units.
    ///
    /// # Panics
    /// If a name is defined nowhere.
    pub(crate) fn link(width: Width, units: &[Unit]) -> Program {
        let symbols: Vec<_> = units.iter().map(|unit| place(width, unit)).collect();
        let mut program = Program {
            width,
            images: Vec::new(),
            instructions: BTreeMap::new(),
            symbols,
            functions: BTreeMap::new(),
        };
        for (number, unit) in units.iter().enumerate() {
            let image = program.image(number, unit);
            program.images.push((unit.path, image));
        }
        program
    }

    /// Address of a function or item, wherever it is.
    pub(crate) fn address(&self, name: &str) -> u64 {
        let found = self.symbols.iter().find_map(|symbols| symbols.get(name));
        *found.unwrap_or_else(|| panic!("{name} is defined nowhere"))
    }

    /// The function that an address lies in.
    pub(crate) fn function_at(&self, address: u64) -> Option<&'static str> {
        let (_, (end, name)) = self.functions.range(..=address).next_back()?;
        (address < *end).then_some(*name)
    }

    /// Address of a label of a function.
    pub(crate) fn label(&self, function: &str, label: &'static str) -> u64 {
        let from = self.address(function);
        let found = self.instructions.range(from..).find(|(_, (ops, _))| ops.contains(&Op::Label(label)));
        *found.unwrap_or_else(|| panic!("{function} has no {label}")).0
    }

    /// Where the function that an address lies in begins.
    pub(super) fn start_of(&self, address: u64) -> u64 {
        *self.functions.range(..=address).next_back().expect("code lies in a function").0
    }

    /// RVA of an item in the image of a unit.
    pub(crate) fn rva(&self, unit: usize, name: &str) -> u32 {
        low32(self.symbols[unit][name] - self.images[unit].1.base)
    }

    /// What a name in a unit's code means.
    pub(super) fn resolve(&self, unit: usize, name: &str) -> u64 {
        let found = self.symbols[unit].get(name);
        *found.unwrap_or_else(|| panic!("{name} is not defined in {}", self.symbols[unit].len()))
    }

    /// Which unit an address lies in.
    pub(super) fn unit_of(&self, address: u64) -> usize {
        let inside = |(_, image): &(&str, Image)| (image.base..image.base + 0x1_0000).contains(&address);
        self.images.iter().position(inside).expect("code lies in an image")
    }

    fn image(&mut self, number: usize, unit: &Unit) -> Image {
        let mut functions = Vec::new();
        for code in &unit.code {
            let at = self.symbols[number][code.name];
            let assembled = assemble(self.width, &code.ops, at, &|name| self.resolve(number, name));
            self.functions.insert(at, (at + assembled.bytes.len() as u64, code.name));
            self.remember(at, code, &assembled);
            functions.push(Function {
                rva: low32(at - unit.base),
                unwind: described(self.width, code, &assembled),
                code: assembled.bytes,
            });
        }
        let file = unit.path.rsplit('\\').next().unwrap_or_default();
        let mut data = Vec::new();
        let start = self.symbols[number][DATA];
        for import in imports(unit) {
            let value = self.address(import).to_le_bytes();
            let at = self.symbols[number][&slot(import)];
            data.push((low32(at - start), value[..self.width.bytes()].to_vec()));
        }
        for item in &unit.data {
            data.push((low32(self.symbols[number][item.name] - start), item.bytes.clone()));
        }
        let exported = unit.code.iter().filter(|_| unit.exports);
        let export =
            |code: &Code| Export::At(code.name.into(), low32(self.symbols[number][code.name] - unit.base));
        Image {
            width: self.width,
            base: unit.base,
            time_date_stamp: 0x6550_0100 + low32(number as u64),
            name: file.into(),
            code_view: unit.code_view.clone(),
            functions,
            exports: exported.map(export).collect(),
            data,
        }
    }

    fn remember(&mut self, at: u64, code: &Code, assembled: &Assembled) {
        for (n, op) in code.ops.iter().enumerate() {
            let (from, to) = (assembled.offsets[n] as u64, assembled.offsets[n + 1] as u64);
            // Marks and the instruction that follows share an address.
            let entry = self.instructions.entry(at + from).or_insert((Vec::new(), at + to));
            entry.0.push(*op);
            entry.1 = at + to;
        }
    }
}

/// The name of the start of a unit's data.
const DATA: &str = ".rdata";

/// Where everything of a unit lies.
fn place(width: Width, unit: &Unit) -> BTreeMap<String, u64> {
    let mut symbols = BTreeMap::new();
    let mut at = unit.base + u64::from(TEXT_RVA);
    for code in &unit.code {
        symbols.insert(code.name.to_owned(), at);
        // Distances do not change lengths, so anything will do for what is not known yet; long jumps are decided
        // by labels alone.
        at += assemble(width, &code.ops, at, &|_| at).bytes.len() as u64;
        at = at.next_multiple_of(16);
    }
    let mut at = at.max(unit.base + u64::from(TEXT_RVA) + 1).next_multiple_of(PAGE);
    symbols.insert(DATA.to_owned(), at);
    for import in imports(unit) {
        symbols.insert(slot(import), at);
        at += width.bytes() as u64;
    }
    for item in &unit.data {
        at = at.next_multiple_of(16);
        symbols.insert(item.name.to_owned(), at);
        at += item.bytes.len() as u64;
    }
    assert!(to_usize(at - unit.base) <= 0x1_0000, "units are 64 KiB at most");
    symbols
}

/// Imported functions, each once, in the order of their first use.
fn imports(unit: &Unit) -> Vec<&'static str> {
    let mut names = Vec::new();
    for op in unit.code.iter().flat_map(|code| &code.ops) {
        if let Op::CallImport(name) | Op::JmpImport(name) = op
            && !names.contains(name)
        {
            names.push(*name);
        }
    }
    names
}

/// The unwind data of a function with a prologue.
fn described(width: Width, code: &Code, assembled: &Assembled) -> Option<Unwind> {
    if width == Width::W32 || code.unwind.is_some() {
        return code.unwind.clone();
    }
    let end = code.ops.iter().position(|op| *op == Op::EndProlog)?;
    Some(unwind::describe(&code.ops[..end], &assembled.offsets[1..=end]))
}
