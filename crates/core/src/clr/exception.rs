//! Exception objects, and the calls that their `_stackTrace` recorded.

use super::{ManagedThread, Runtime};

/// An exception object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedException {
    /// Where it lies.
    pub address: u64,
    /// The name of its class.
    pub type_name: String,
    /// `_message`; `None` if the class creates it on request.
    pub message: Option<String>,
    /// `_HResult`.
    pub hresult: Option<u32>,
    /// The methods that it passed through, innermost first; as many as are given room.
    pub frames: Vec<ManagedFrame>,
    /// How many there were.
    pub frame_count: u64,
    /// `_innerException`.
    pub inner: Option<Box<ManagedException>>,
}

/// One element of `_stackTrace`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedFrame {
    /// Where in the method; 0 of the runtime's own helpers.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The method, by its type and name; `None` if it is not known.
    pub method: Option<String>,
}

/// Characters of a message.
const MESSAGE: u32 = 4096;
/// Exceptions inside exceptions.
const INNER: u32 = 16;
/// Frames of one: the innermost ones, and the outermost beyond them.
const FRAMES: u64 = 256;
/// Bytes at the start of a `Thread` that are searched for a handle.
const THREAD: u64 = 0x300;

impl Runtime<'_> {
    /// The exception that a thread handles, or threw last. The objects that the runtime makes at its start are no
    /// thread's, so they are not met.
    ///
    /// Also whether it still handles it; one that it threw last may have been caught.
    pub fn exception_of(&self, thread: &ManagedThread) -> Option<(ManagedException, bool)> {
        let (address, current) = self.exception_address(thread)?;
        Some((self.exception(address)?, current))
    }

    fn exception_address(&self, thread: &ManagedThread) -> Option<(u64, bool)> {
        let reader = &self.reader;
        let object = |handle: u64| {
            let object = reader.pointer(handle, 0)?;
            self.is_exception(object).then_some(object)
        };
        let at = |offset: u64| reader.pointer(thread.address, offset);
        let layout = self.layout.thread;
        let tracked =
            layout.tracker.and_then(|(tracker, thrown)| object(reader.pointer(at(tracker)?, thrown)?));
        let last = || object(at(layout.last_thrown?)?);
        if let Some(found) = tracked {
            return Some((found, true));
        }
        if let Some(found) = last() {
            return Some((found, false));
        }
        if layout.last_thrown.is_some() {
            return None;
        }
        let word = reader.size();
        let count = THREAD.checked_div(word)?;
        (0..count).find_map(|n| object(at(n.wrapping_mul(word))?)).map(|found| (found, false))
    }

    /// Whether an object's class derives from System.Exception.
    pub fn is_exception(&self, address: u64) -> bool {
        let placed = address.is_multiple_of(self.reader.size()) && self.heap.segment_at(address).is_some();
        let table = self.object_table(address).filter(|_| placed);
        let known = table.and_then(|at| Some((at, self.types.of_object(&self.reader, at)?)));
        known.is_some_and(|(at, table)| {
            !table.has_components() && self.types.base_named(&self.reader, at, "System.Exception").is_some()
        })
    }

    /// The exception object at an address, with those inside it.
    pub fn exception(&self, address: u64) -> Option<ManagedException> {
        let mut seen = Vec::new();
        self.exception_within(address, &mut seen)
    }

    fn exception_within(&self, address: u64, seen: &mut Vec<u64>) -> Option<ManagedException> {
        if seen.contains(&address) || !self.is_exception(address) {
            return None;
        }
        seen.push(address);
        let (reader, places) = (&self.reader, self.layout.exception);
        let field = |offset: u64| reader.pointer(address, offset);
        let (frames, frame_count) = field(places.trace).and_then(|at| self.trace(at)).unwrap_or_default();
        let deep = seen.len() >= INNER as usize;
        let inner = field(places.inner).filter(|_| !deep).and_then(|at| self.exception_within(at, seen));
        Some(ManagedException {
            address,
            type_name: self.type_name(self.object_table(address)?).to_string(),
            message: field(places.message).and_then(|at| self.string(at, MESSAGE)),
            hresult: reader.u32(address.wrapping_add(places.hresult)),
            frames,
            frame_count,
            inner: inner.map(Box::new),
        })
    }

    /// The elements of a trace: `SByte[]`, or `Object[]` whose first element that is. A count and a `Thread`, each a word
    /// (x86: 4 bytes), and then instruction pointer, stack pointer, MethodDesc and flags of each.
    fn trace(&self, array: u64) -> Option<(Vec<ManagedFrame>, u64)> {
        let (reader, word) = (&self.reader, self.reader.size());
        let data = word.wrapping_mul(2);
        let table = self.types.of_object(reader, self.object_table(array)?)?;
        if !table.is_array() {
            return None;
        }
        let bytes = match table.component() {
            1 => array,
            _ => reader.pointer(array, reader.width().pick(8, 16))?,
        };
        let of_bytes = self.types.of_object(reader, self.object_table(bytes)?)?;
        if !of_bytes.is_array() || of_bytes.component() != 1 {
            return None;
        }
        let length = u64::from(reader.u32(bytes.wrapping_add(word))?);
        let start = bytes.wrapping_add(reader.width().pick(8, 16));
        let stride = word.wrapping_mul(4);
        let room = length.checked_sub(data)?.checked_div(stride)?;
        let count = reader.word(start)?.min(room);
        let element = |n: u64| {
            let at = start.wrapping_add(data).wrapping_add(n.wrapping_mul(stride));
            let part = |n: u64| reader.word(at.wrapping_add(word.wrapping_mul(n)));
            Some(ManagedFrame { ip: part(0)?, sp: part(1)?, method: self.method_name(part(2)?) })
        };
        Some(((0..count.min(FRAMES)).map_while(element).collect(), count))
    }
}
