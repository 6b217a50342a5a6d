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
mod model;
mod operator_new;
mod places;
mod refused;
mod rust;
mod text;
mod vector;

use dumplens_core::Width;
use iced_x86::Register;

pub(crate) use call::{Call, of as call_of, without_parameters};
pub use model::{Asked, Container, Element, Request, Source};
pub use refused::RefusedPointer;
pub(crate) use refused::find as find_refused;
pub use text::Text;
pub use vector::{Growth, Vector};

use crate::stack::Stack;
use crate::stack::code::Code;
use function::Function;
use model::Place;
use operator_new::Held;
use places::{Places, Via};

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
            // Nobody is refused 0 bytes: it was not kept, is what a tool wrote over the size, or another number.
            let held = operator_new::size(code, stack, frame, &function).filter(|held| held.bytes > 0)?;
            Some((frame, held))
        })
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
