//! How many bytes were requested when an allocation failed, by which function, and how certain that is.
//!
//! ```text
//! stack ─ operator_new ─> bytes ─┬─ caller, factor ──> a second source; padding; what the code multiplies by
//!                                └─ vector, text ────> the container, whose growth is what was asked for
//! code at the fault ─ refused, allocator ─> the call that returned the null pointer which was used
//! ```
//!
//! Nothing here needs symbols: the dump contains the code and the stack.

mod act;
mod allocator;
mod call;
mod caller;
pub(crate) mod element;
mod factor;
mod function;
mod gnu_new;
mod operator_new;
mod places;
mod refused;
mod rust;
mod text;
mod vector;

use dumplens_core::Width;
use iced_x86::Register;

pub(crate) use call::{Call, of as call_of, without_parameters};
pub use refused::RefusedPointer;
pub(crate) use refused::find as find_refused;
pub use text::Text;
pub use vector::{Growth, Vector};

use crate::stack::code::Code;
use crate::stack::{Proof, Stack};
use function::Function;
use operator_new::Held;
use places::{Places, Via};

/// The request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Of whom.
    pub asked: Asked,
    /// Bytes.
    pub bytes: u64,
    /// Which frame of the stack that is, inline functions not counted.
    pub frame: usize,
    /// Whether that is the stack of an earlier exception, as it was when that was raised.
    pub earlier: bool,
    /// What the caller added to the bytes of its elements; `None` if it added nothing.
    pub padding: Option<u64>,
    /// Bytes of one element.
    pub element_size: Option<u64>,
    /// What was about to grow.
    pub container: Option<Container>,
    /// The type of an element, where symbols name it.
    pub element: Option<Element>,
    /// Where the number of bytes comes from, the one that is used first.
    pub sources: Vec<Source>,
    /// What led to the container.
    pub(crate) via: Option<Via>,
}

/// An allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `operator new`.
    OperatorNew,
    /// `malloc`.
    Malloc,
    /// Rust's allocator.
    Rust,
}

impl Asked {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Asked::OperatorNew => "operator new",
            Asked::Malloc => "malloc",
            Asked::Rust => "Rust's allocator",
        }
    }
}

/// What was about to grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// A `std::vector`.
    Vector(Vector),
    /// A `std::string` or `std::wstring`.
    Text(Text),
}

impl Container {
    /// Where it lies.
    pub fn address(&self) -> u64 {
        match self {
            Container::Vector(vector) => vector.address,
            Container::Text(text) => text.address,
        }
    }

    fn padding(&self) -> Option<u64> {
        let padding = match self {
            Container::Vector(vector) => vector.padding,
            Container::Text(text) => text.padding,
        };
        (padding > 0).then_some(padding)
    }

    fn element_size(&self) -> Option<u64> {
        match self {
            Container::Vector(vector) => vector.element_size,
            Container::Text(text) => Some(text.character_bytes),
        }
    }
}

/// The type of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its bytes, by the language or by the module's PDB.
    pub size: Option<u64>,
}

/// One source for the number of requested bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Such as `rbx in frame 3, operator new`.
    pub what: String,
    /// Bytes.
    pub bytes: u64,
    held: Place,
}

/// Where a number lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In 8 bytes of the stack, or of memory that a register points to.
    Slot(u64),
    /// In the register of this number, in a frame.
    Register(usize, u8),
    /// The argument of a 32-bit function on the stack.
    Argument(u64),
    /// In code.
    Code,
}

impl Request {
    /// Adds, to the proof of the stack that it was found on, where its numbers lie: bytes and container.
    pub(crate) fn prove(&self, proof: &mut Proof, width: Width) {
        for source in &self.sources {
            match source.held {
                Place::Register(frame, register) => proof.keep(frame, register),
                Place::Argument(at) => proof.kept.push((at, 4)),
                Place::Slot(at) => proof.kept.push((at, 8)),
                Place::Code => {}
            }
        }
        let pointer = width.bytes() as u64;
        match self.via {
            Some(Via::Register(frame, register)) => proof.keep(frame, register),
            Some(Via::Slot(at)) => proof.kept.push((at, pointer)),
            Some(Via::Itself) | None => {}
        }
        match &self.container {
            Some(Container::Vector(vector)) => proof.kept.push((vector.address, 3 * pointer)),
            Some(Container::Text(text)) => proof.kept.extend(text.numbers(pointer)),
            None => {}
        }
    }

    /// How many elements that is.
    pub fn elements(&self) -> Option<u64> {
        let bytes = self.bytes.checked_sub(self.padding.unwrap_or(0))?;
        let size = self.element_size.filter(|size| *size > 0)?;
        bytes.is_multiple_of(size).then_some(bytes / size)
    }

    /// Takes the type that symbols name; its size counts where nothing else tells one.
    pub(crate) fn name_element(&mut self, element: Element) {
        let net = self.bytes - self.padding.unwrap_or(0);
        let fits = element.size.filter(|size| *size > 0 && net.is_multiple_of(*size));
        self.element_size = self.element_size.or(fits);
        self.element = Some(element);
    }

    /// Whether another source names another number.
    pub fn is_disputed(&self) -> bool {
        let sizes = self.element.as_ref().and_then(|element| element.size).zip(self.element_size);
        self.sources.iter().any(|source| source.bytes != self.bytes) || sizes.is_some_and(|(a, b)| a != b)
    }
}

/// Frames above `operator new` whose code and data may belong to the container.
const CALLERS: usize = 4;
/// Frames above it in which the size of an element may be multiplied.
const MULTIPLIERS: usize = 3;

/// What the thread of a stack asked for, if one of its `near` innermost frames is a function that allocates.
pub(crate) fn find(code: &Code<'_, '_>, stack: &Stack, near: usize) -> Option<Request> {
    // What is read here is the code of the dump's own width.
    if stack.is_x86 && code.process.dump.width() == Width::Bits64 {
        return None;
    }
    let held: Vec<(usize, Held)> = (1..stack.frames.len().min(near))
        .filter_map(|frame| {
            let function = Function::of(code, stack, frame)?;
            // Nobody is refused 0 bytes: where a size is 0, it was not kept.
            let held = operator_new::size(code, stack, frame, &function).filter(|held| held.bytes > 0)?;
            Some((frame, held))
        })
        // Nobody is refused 0 bytes: it is what a tool wrote over the size, or another number.
        .filter(|(_, held)| held.bytes > 0)
        .collect();
    let by_new = held.iter().find(|(_, held)| held.asked == Asked::OperatorNew);
    let Some((frame, first)) = by_new.or(held.first()).copied() else { return rust::find(code, stack) };
    let callers: Vec<(usize, Function)> = (frame + 1..stack.frames.len().min(frame + 1 + CALLERS))
        .filter_map(|n| Some((n, Function::of(code, stack, n)?)))
        .collect();
    let bits = code.process.dump.width().bits();
    let constant = constant(stack, frame, &callers, bits).filter(|constant| *constant == first.bytes);
    let mut sources = vec![said(stack, frame, &first)];
    // `malloc` below `operator new` keeps the same number.
    let beside = held.iter().filter(|(n, held)| *n + 3 > frame && *n < frame && held.asked == Asked::Malloc);
    sources.extend(beside.map(|(n, held)| said(stack, *n, held)));
    sources.extend(by_caller(stack, frame, &callers).filter(|source| source.bytes > 0));
    if let Some(bytes) = constant {
        let what = format!("a number in the code of frame {}", frame + 1);
        sources.push(Source { what, bytes, held: Place::Code });
    }
    let alone = Request {
        asked: first.asked,
        bytes: first.bytes,
        frame,
        earlier: false,
        padding: None,
        element_size: None,
        container: None,
        element: None,
        sources,
        via: None,
    };
    Some(if constant.is_some() { alone } else { of_container(code, stack, &callers, alone) })
}

/// What the container that asked adds to a request: padding, elements, its place.
fn of_container(
    code: &Code<'_, '_>,
    stack: &Stack,
    callers: &[(usize, Function)],
    request: Request,
) -> Request {
    let bits = code.process.dump.width().bits();
    let bytes = request.bytes;
    let added =
        callers.iter().take(2).find_map(|(n, f)| caller::padding(f, stack.frames[*n].ip, bits, bytes));
    let (container, via) = container(Places { code }, stack, request.frame, bytes, added).unzip();
    let padding = container.and_then(|c| c.padding()).or(added);
    let net = bytes - padding.unwrap_or(0);
    let multiplied = callers.iter().take(MULTIPLIERS);
    let by_code = multiplied
        .filter_map(|(n, f)| factor::of_argument(f, stack.frames[*n].ip, bits))
        .find(|factor| *factor > 1 && net.is_multiple_of(*factor));
    let is_container = padding.is_some() || container.is_some();
    let element_size = container.and_then(|c| c.element_size()).or(by_code.filter(|_| is_container));
    Request { padding, element_size, container, via, ..request }
}

/// The size, if the caller's code has it as a number.
fn constant(stack: &Stack, frame: usize, callers: &[(usize, Function)], bits: u32) -> Option<u64> {
    let (n, function) = callers.first().filter(|(n, _)| *n == frame + 1)?;
    caller::constant(function, stack.frames.get(*n)?.ip, bits)
}

fn said(stack: &Stack, frame: usize, held: &Held) -> Source {
    let place = held.register.map_or_else(|| "the argument".to_owned(), name);
    let what = format!("{place} of frame {frame}, {}", held.asked.name());
    let argument = stack.frames.get(frame + 1).map_or(Place::Code, |caller| Place::Argument(caller.sp));
    let held_in = held.register.map_or(argument, |register| in_register(frame, register));
    Source { what, bytes: held.bytes, held: held_in }
}

fn in_register(frame: usize, register: Register) -> Place {
    u8::try_from(register.full_register().number()).map_or(Place::Code, |n| Place::Register(frame, n))
}

/// What the caller's code says that it handed over.
fn by_caller(stack: &Stack, frame: usize, callers: &[(usize, Function)]) -> Option<Source> {
    let (n, function) = callers.first().filter(|(n, _)| *n == frame + 1)?;
    let caller = stack.frames.get(*n)?;
    let (register, bytes) = caller::argument(function, caller.ip, &caller.registers)?;
    let what = format!("the caller's code, by {} of frame {n}", name(register));
    Some(Source { what, bytes, held: in_register(*n, register) })
}

/// A container that fits, in the frames above the one that allocates; one that proves the size of its elements first.
fn container(
    places: Places<'_, '_, '_>,
    stack: &Stack,
    frame: usize,
    bytes: u64,
    padding: Option<u64>,
) -> Option<(Container, Via)> {
    // Functions below keep the registers of those above where they saved them.
    let frames = (frame + 1..stack.frames.len().min(frame + 1 + CALLERS)).chain(1..=frame);
    let of = |n| stack.frames.get(n).map(|frame| places.of(n, frame));
    let candidates: Vec<(u64, Via)> = frames.filter_map(of).flatten().collect();
    let vector = |(at, via): &(u64, Via)| {
        vector::at(places, *at, bytes, padding).map(|vector| (Container::Vector(vector), *via))
    };
    let text = |(at, via): &(u64, Via)| {
        text::at(places, *at, bytes, padding).map(|text| (Container::Text(text), *via))
    };
    candidates.iter().find_map(vector).or_else(|| candidates.iter().find_map(text))
}

fn name(register: Register) -> String {
    format!("{register:?}").to_lowercase()
}
