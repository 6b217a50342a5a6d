//! Export, debug and exception directories.

use super::{Data, Directory, Export, Function, Image};
use crate::arch::Width;
use crate::bytes::{Fields, Push, len32};

impl Image {
    /// IMAGE_EXPORT_DIRECTORY with its tables and strings; forwarders point into the directory itself.
    pub(super) fn export_directory(&self, data: &mut Data) -> Directory {
        if self.exports.is_empty() {
            return Directory::default();
        }
        let mut exports = self.exports.clone();
        exports.sort_by(|a, b| name_of(a).cmp(name_of(b)));
        let count = exports.len();
        let directory = data.put(&[0; 40]);
        let (functions, names, ordinals) = (40, 40 + 4 * count, 40 + 8 * count);
        let mut d = Fields::flat(40 + 10 * count);
        let mut strings = Data { rva: directory + len32(d.bytes.len()), bytes: Vec::new() };
        d.u32(4, self.time_date_stamp);
        d.u32(12, strings.text(&self.name));
        d.u32(16, 1);
        d.u32(20, len32(count));
        d.u32(24, len32(count));
        d.u32(28, directory + len32(functions));
        d.u32(32, directory + len32(names));
        d.u32(36, directory + len32(ordinals));
        for (number, export) in exports.iter().enumerate() {
            let rva = match export {
                Export::At(_, rva) => *rva,
                Export::Forward(_, target) => strings.text(target),
            };
            d.u32(functions + 4 * number, rva);
            d.u32(names + 4 * number, strings.text(name_of(export)));
            d.u16(ordinals + 2 * number, u16::try_from(number).expect("few exports"));
        }
        let mut bytes = d.bytes;
        bytes.extend(strings.bytes);
        data.bytes.truncate((directory - data.rva) as usize);
        data.bytes.extend_from_slice(&bytes);
        Directory { rva: directory, size: len32(bytes.len()) }
    }

    /// One IMAGE_DEBUG_DIRECTORY of type 2, CodeView.
    pub(super) fn debug_directory(&self, data: &mut Data) -> Directory {
        let Some(code_view) = &self.code_view else {
            return Directory::default();
        };
        let record = code_view.to_bytes();
        let place = data.put(&record);
        let mut d = Fields::flat(28);
        d.u32(4, self.time_date_stamp);
        d.u32(12, 2);
        d.u32(16, len32(record.len()));
        d.u32(20, place);
        d.u32(24, place);
        Directory { rva: data.put(&d.bytes), size: 28 }
    }

    /// RUNTIME_FUNCTION table; its UNWIND_INFO records come first.
    pub(super) fn exception_directory(&self, data: &mut Data) -> Directory {
        if self.width == Width::W32 || self.functions.iter().all(|function| function.unwind.is_none()) {
            return Directory::default();
        }
        let mut places: Vec<u32> = Vec::new();
        for function in &self.functions {
            let record = self.unwind_info(function, &places);
            places.push(data.put(&record));
        }
        let mut table = Vec::new();
        for (function, &place) in self.functions.iter().zip(&places) {
            if function.unwind.is_some() {
                runtime_function(&mut table, function, place);
            }
        }
        Directory { rva: data.put(&table), size: len32(table.len()) }
    }

    /// `places` are the RVAs of the records before this one; chains lead backwards.
    fn unwind_info(&self, function: &Function, places: &[u32]) -> Vec<u8> {
        let Some(unwind) = &function.unwind else {
            return Vec::new();
        };
        let flags: u8 = if unwind.chained_to.is_some() { 4 } else { 0 };
        let count = u8::try_from(unwind.codes.len()).expect("few unwind codes");
        let mut record = vec![1 | flags << 3, unwind.prolog, count, unwind.frame];
        for &code in &unwind.codes {
            record.u16(code);
        }
        record.resize(record.len().next_multiple_of(4), 0);
        if let Some(parent) = unwind.chained_to {
            runtime_function(&mut record, &self.functions[parent], places[parent]);
        }
        record
    }
}

/// BeginAddress, EndAddress, UnwindInfoAddress.
fn runtime_function(out: &mut Vec<u8>, function: &Function, unwind_info: u32) {
    out.u32(function.rva);
    out.u32(function.rva + len32(function.code.len()));
    out.u32(unwind_info);
}

fn name_of(export: &Export) -> &str {
    match export {
        Export::At(name, _) | Export::Forward(name, _) => name,
    }
}

impl Data {
    /// A NUL-terminated string.
    fn text(&mut self, text: &str) -> u32 {
        let rva = self.next();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        rva
    }
}
