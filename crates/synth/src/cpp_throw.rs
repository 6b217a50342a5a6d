//! What MSVC's compiler leaves in an image for `throw`.

use crate::arch::Width;
use crate::bytes::{Push, len32, low32};
use crate::process::Process;
use crate::threads::Exception;

/// A thrown C++ object and its type information.
#[derive(Clone, Debug, Default)]
pub struct CppThrow {
    /// 32-bit images hold addresses, 64-bit ones RVAs.
    pub width: Width,
    /// Base of the throwing image.
    pub image: u64,
    /// RVA in the image where ThrowInfo and the records behind it go; 0x40 bytes + 0x60 bytes per type.
    pub rva: u32,
    /// Address of the exception object.
    pub object: u64,
    /// Decorated names, the thrown type first, then its bases: ".?AVbad_alloc@std@@".
    pub types: Vec<String>,
    /// thisDisplacement {mdisp, pdisp, vdisp} of the types in the same order; those left out lie at the start of the
    /// object: {0, -1, 0}.
    pub displacements: Vec<[i32; 3]>,
}

impl CppThrow {
    /// Puts the records into the process and returns the exception that Windows raises (code, flags, parameters).
    ///
    /// # Panics
    /// With more than 11 types, or a name that does not fit.
    pub fn raise(&self, process: &mut Process) -> Exception {
        let (array, first) = (self.rva + 0x10, self.rva + 0x40);
        let mut throw_info = Vec::new();
        for value in [0, 0, 0, self.reference(array), len32(self.types.len())] {
            throw_info.u32(value);
        }
        let mut records = Vec::new();
        for (number, name) in self.types.iter().enumerate() {
            let record = first + len32(records.len());
            throw_info.u32(self.reference(record));
            let displacement = self.displacements.get(number).copied().unwrap_or([0, -1, 0]);
            records.extend(self.catchable_type(record + 0x20, name, displacement));
        }
        assert!(throw_info.len() <= 0x40, "at most 11 types");
        process.put(self.image + u64::from(self.rva), &throw_info);
        process.put(self.image + u64::from(first), &records);
        let mut parameters = vec![0x1993_0520, self.object, self.image + u64::from(self.rva)];
        if self.width == Width::W64 {
            parameters.push(self.image);
        }
        Exception { code: 0xE06D_7363, flags: 1, parameters, ..Exception::default() }
    }

    fn reference(&self, rva: u32) -> u32 {
        match self.width {
            Width::W32 => low32(self.image) + rva,
            Width::W64 => rva,
        }
    }

    /// CatchableType, 0x20 bytes, and its TypeDescriptor behind it.
    fn catchable_type(&self, descriptor: u32, name: &str, displacement: [i32; 3]) -> Vec<u8> {
        let mut record = Vec::new();
        let [mdisp, pdisp, vdisp] = displacement.map(i32::cast_unsigned);
        for value in [0x10, self.reference(descriptor), mdisp, pdisp, vdisp, 0x18, 0, 0] {
            record.u32(value);
        }
        record.resize(0x20 + 2 * self.width.bytes(), 0);
        record.extend_from_slice(name.as_bytes());
        assert!(record.len() < 0x60, "a shorter name");
        record.resize(0x60, 0);
        record
    }
}
