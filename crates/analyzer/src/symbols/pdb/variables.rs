//! What a function's variables are at one of its instructions, and where they are.

use ::pdb_addr2line::ModuleProvider as _;
use ::pdb_addr2line::pdb::{
    AddressMap, DebugInformation, FallibleIterator as _, MachineType, Module, PdbInternalSectionOffset, Rva,
    Source, Symbol, SymbolData, TypeIndex,
};

use super::broken::Broken;
use super::objects::Objects;
use super::shapes::{Shapes, u32_at};
use crate::symbols::typed::{Function, Place, Signature, Variable};

/// Variables of one function that are looked at.
const MOST_VARIABLES: usize = 4096;
/// Bytes of a variable's name.
const LONGEST: usize = 4096;

/// The function at `rva`; `None` where no object file describes one.
pub(super) fn function_at<'s, S: Source<'s> + Send + 's>(
    debug: &DebugInformation<'_>,
    modules: &[Module<'_>],
    objects: &Objects<'s, S>,
    addresses: &AddressMap<'_>,
    shapes: &Shapes<'_>,
    rva: u32,
) -> Result<Option<Function>, Broken> {
    let Some(at) = Rva(rva).to_internal_offset(addresses) else { return Ok(None) };
    let mut contributions = debug.section_contributions()?;
    while let Some(part) = contributions.next()? {
        let within = part.offset.section == at.section
            && at.offset.checked_sub(part.offset.offset).is_some_and(|offset| offset < part.size);
        let Some(module) = modules.get(part.module).filter(|_| within) else { continue };
        let Some(info) = objects.get_module_info(part.module, module)? else { continue };
        let mut symbols = info.symbols()?;
        while let Some(symbol) = symbols.next()? {
            let Ok(SymbolData::Procedure(procedure)) = symbol.parse() else { continue };
            if !covers(procedure.offset, procedure.len, at) {
                continue;
            }
            let signature = shapes.signature(procedure.type_index.0).unwrap_or_default();
            let x64 = debug.machine_type()? == MachineType::Amd64;
            let mut scope =
                Scope { at, addresses, shapes, x64, list: Vec::new(), skip: 0, bases: [0; 2], ranges: false };
            while let Some(symbol) = symbols.next()? {
                if symbol.index().0 >= procedure.end.0 || scope.list.len() >= MOST_VARIABLES {
                    break;
                }
                scope.visit(&symbol);
            }
            let variables = with_parameters(scope.list, &signature);
            return Ok(Some(Function {
                start: procedure.offset.to_rva(addresses).map_or(0, |rva| rva.0),
                code: procedure.len,
                prologue: procedure.dbg_start_offset,
                signature,
                frame: None,
                variables,
            }));
        }
    }
    Ok(None)
}

/// Without optimisation nothing says what a parameter is, but they come first.
fn with_parameters(mut list: Vec<Variable>, signature: &Signature) -> Vec<Variable> {
    if list.iter().any(|variable| variable.parameter) {
        return list;
    }
    let this = usize::from(list.first().is_some_and(|first| first.name == "this"));
    for variable in list.iter_mut().take(signature.parameters.len() + this) {
        variable.parameter = true;
    }
    list
}

fn covers(begin: PdbInternalSectionOffset, len: u32, at: PdbInternalSectionOffset) -> bool {
    begin.section == at.section && at.offset.checked_sub(begin.offset).is_some_and(|offset| offset < len)
}

struct Scope<'a, 't, 'm> {
    at: PdbInternalSectionOffset,
    addresses: &'a AddressMap<'m>,
    shapes: &'a Shapes<'t>,
    x64: bool,
    list: Vec<Variable>,
    /// Symbols before this index belong to inline functions and to blocks elsewhere.
    skip: u32,
    /// By which register the frame's locals and parameters are found (`FRAMEPROCSYM`).
    bases: [u16; 2],
    /// Whether ranges that follow belong to the last variable.
    ranges: bool,
}

impl Scope<'_, '_, '_> {
    fn visit(&mut self, symbol: &Symbol<'_>) {
        if symbol.index().0 < self.skip {
            return;
        }
        let bytes = symbol.raw_bytes();
        match symbol.raw_kind() {
            S_FRAMEPROC => self.bases = bases(bytes, self.x64).unwrap_or_default(),
            S_DEFRANGE_REGISTER..=S_DEFRANGE_REGISTER_REL if self.ranges => {
                self.range(symbol.raw_kind(), bytes);
            }
            _ => self.declared(symbol),
        }
    }

    fn declared(&mut self, symbol: &Symbol<'_>) {
        self.ranges = false;
        match symbol.parse() {
            Ok(SymbolData::InlineSite(site)) => self.skip = site.end.0,
            Ok(SymbolData::Block(block)) if !covers(block.offset, block.len, self.at) => {
                self.skip = block.end.0;
            }
            Ok(SymbolData::Local(local)) if !local.flags.isaliased => {
                self.push(&local.name.to_string(), local.type_index, local.flags.isparam, None);
                self.ranges = true;
            }
            Ok(SymbolData::RegisterRelative(of)) => {
                let place = Place::Memory(of.register.0, of.offset);
                self.push(&of.name.to_string(), of.type_index, false, Some(place));
            }
            Ok(SymbolData::BasePointerRelative(of)) => {
                let place = Place::Memory(EBP, of.offset);
                self.push(&of.name.to_string(), of.type_index, false, Some(place));
            }
            Ok(SymbolData::RegisterVariable(of)) => {
                self.push(&of.name.to_string(), of.type_index, false, Some(Place::Register(of.register.0)));
            }
            Ok(SymbolData::Data(data)) => {
                let place = data.offset.to_rva(self.addresses).map(|rva| Place::Static(rva.0));
                self.push(&data.name.to_string(), data.type_index, false, place);
            }
            _ => {}
        }
    }

    fn push(&mut self, name: &str, index: TypeIndex, parameter: bool, place: Option<Place>) {
        if name.len() <= LONGEST {
            let of = self.shapes.of(index.0);
            self.list.push(Variable { name: name.to_owned(), of, parameter, place });
        }
    }

    /// Where the last variable is, if the range holds the instruction.
    fn range(&mut self, kind: u16, bytes: &[u8]) {
        let (at, bases) = (self.at, self.bases);
        let Some(last) = self.list.last_mut().filter(|last| last.place.is_none()) else { return };
        let base = bases[usize::from(last.parameter)];
        last.place = place(kind, bytes, base, at);
    }
}

/// What a record says of where a variable is, if its range holds the instruction.
fn place(kind: u16, bytes: &[u8], base: u16, at: PdbInternalSectionOffset) -> Option<Place> {
    let (first, register) = (u32_at(bytes, 2)?.cast_signed(), u16_at(bytes, 2)?);
    match kind {
        S_DEFRANGE_REGISTER => holds(bytes, 6, at)?.then_some(Place::Register(register)),
        S_DEFRANGE_FRAMEPOINTER_REL => holds(bytes, 6, at)?.then_some(Place::Memory(base, first)),
        S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE => Some(Place::Memory(base, first)),
        // The lowest bit: a part of it lies elsewhere.
        S_DEFRANGE_REGISTER_REL if u16_at(bytes, 4)? & 1 == 0 => {
            let offset = u32_at(bytes, 6)?.cast_signed();
            holds(bytes, 10, at)?.then_some(Place::Memory(register, offset))
        }
        _ => None,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Kinds of symbols (cvinfo.h of microsoft-pdb); their numbers follow each other.
const S_FRAMEPROC: u16 = 0x1012;
const S_DEFRANGE_REGISTER: u16 = 0x1141;
const S_DEFRANGE_FRAMEPOINTER_REL: u16 = 0x1142;
const S_DEFRANGE_FRAMEPOINTER_REL_FULL_SCOPE: u16 = 0x1144;
const S_DEFRANGE_REGISTER_REL: u16 = 0x1145;

/// Whether a `CV_LVAR_ADDR_RANGE` (offset, section, length) with its gaps (begin, length) holds an instruction.
fn holds(bytes: &[u8], range: usize, at: PdbInternalSectionOffset) -> Option<bool> {
    let (begin, where_) = (u32_at(bytes, range)?, u32_at(bytes, range + 4)?);
    let (section, length) = (where_ & 0xffff, where_ >> 16);
    let within = |begin: u32, length: u32, offset: u32| offset.checked_sub(begin).is_some_and(|n| n < length);
    if section != u32::from(at.section) || !within(begin, length, at.offset) {
        return Some(false);
    }
    let offset = at.offset - begin;
    let mut gaps = bytes.get(range + 8..)?.chunks_exact(4).filter_map(|gap| u32_at(gap, 0));
    Some(!gaps.any(|gap| within(gap & 0xffff, gap >> 16, offset)))
}

/// `CV_REG_EBP`.
const EBP: u16 = 22;

/// Registers of `FRAMEPROCSYM.flags`: of locals in bits 14 and 15, of parameters in 16 and 17. Two bits stand for none, RSP,
/// RBP and R13; of x86 for none, the frame as it would be with EBP (`CV_ALLREG_VFRAME`), EBP and EBX.
fn bases(bytes: &[u8], x64: bool) -> Option<[u16; 2]> {
    /// Behind the record's kind, the frame's bytes and where its handler is.
    const FLAGS: usize = 24;
    let of = if x64 { [0, 335, 334, 341] } else { [0, 30_006, EBP, 20] };
    let flags = u32_at(bytes, FLAGS)?;
    Some([14, 16].map(|bit| of[(flags >> bit & 3) as usize]))
}
