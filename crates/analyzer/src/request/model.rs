//! A request for memory as plain data: of whom, for how many bytes, for which container.

use dumplens_core::Width;

use super::places::Via;
use super::text::Text;
use super::vector::Vector;
use crate::stack::Proof;

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

    pub(super) fn padding(&self) -> Option<u64> {
        let padding = match self {
            Container::Vector(vector) => vector.padding,
            Container::Text(text) => text.padding,
        };
        (padding > 0).then_some(padding)
    }

    pub(super) fn element_size(&self) -> Option<u64> {
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
    pub(super) held: Place,
}

/// Where a number lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
