//! What the loader writes into sections that the program may not write to: such bytes are in no file.

use super::{ImageFile, u32_at};
use crate::pe::ImageError;
use crate::spans::Spans;

/// Import descriptors that are looked at: a program imports from some tens of modules.
const MOST_DESCRIPTORS: usize = 4096;
/// Pointers of one table of addresses.
const MOST_POINTERS: u32 = 1 << 16;

/// IMAGE_LOAD_CONFIG_DIRECTORY64: SecurityCookie, GuardCFCheckFunctionPointer, GuardCFDispatchFunctionPointer,
/// GuardRFFailureRoutineFunctionPointer, GuardRFVerifyStackPointerFunctionPointer, GuardXFGCheckFunctionPointer,
/// GuardXFGDispatchFunctionPointer, GuardXFGTableDispatchFunctionPointer, CastGuardOsDeterminedFailureMode,
/// GuardMemcpyFunctionPointer. Each is the address of a pointer.
const CONFIG_64: [usize; 10] = [0x58, 0x70, 0x78, 0xd8, 0xe8, 0x118, 0x120, 0x128, 0x130, 0x138];
/// The same of IMAGE_LOAD_CONFIG_DIRECTORY32.
const CONFIG_32: [usize; 10] = [0x3c, 0x48, 0x4c, 0x84, 0x90, 0xac, 0xb0, 0xb4, 0xb8, 0xbc];

/// Offsets from the base that the loader writes to: tables of imported addresses, and what the load configuration and the
/// TLS directory name.
pub(super) fn by_loader(file: &ImageFile) -> Result<Spans, ImageError> {
    let loading = &file.headers.loading;
    let mut written = Spans::default();
    if let Some(table) = loading.import_addresses {
        written.add(table.virtual_address.into(), table.size.into());
    }
    // IMAGE_IMPORT_DESCRIPTOR: Name at 12, FirstThunk at 16.
    for descriptor in descriptors(file, loading.imports.map(|d| d.virtual_address), 20) {
        if let (Some(name), Some(table)) = (u32_at(&descriptor, 12), u32_at(&descriptor, 16))
            && name != 0
        {
            pointers(file, table, &mut written)?;
        }
    }
    // IMAGE_DELAYLOAD_DESCRIPTOR: Attributes, of which bit 0 says that what follows are offsets; ModuleHandleRVA at 8,
    // ImportAddressTableRVA at 12.
    for descriptor in descriptors(file, loading.delay_imports.map(|d| d.virtual_address), 32) {
        let offsets = u32_at(&descriptor, 0).is_some_and(|attributes| attributes & 1 != 0);
        let from = if offsets { 0 } else { u32::try_from(loading.base).unwrap_or(0) };
        if let (Some(handle), Some(table)) = (u32_at(&descriptor, 8), u32_at(&descriptor, 12)) {
            written.add(handle.wrapping_sub(from).into(), loading.pointer().into());
            pointers(file, table.wrapping_sub(from), &mut written)?;
        }
    }
    let fields = if loading.wide { &CONFIG_64 } else { &CONFIG_32 };
    named(file, loading.load_config.map(|d| d.virtual_address), fields, &mut written);
    // IMAGE_TLS_DIRECTORY: AddressOfIndex.
    let index = if loading.wide { [0x10] } else { [8] };
    named(file, loading.tls.map(|d| d.virtual_address), &index, &mut written);
    Ok(written)
}

/// The entries of a table that ends with one of zeros.
fn descriptors(file: &ImageFile, table: Option<u32>, size: u32) -> impl Iterator<Item = Vec<u8>> {
    let mut at = table;
    let next = move || {
        let rva = at?;
        at = rva.checked_add(size);
        file.bytes(rva, size).ok().filter(|entry| entry.iter().any(|byte| *byte != 0))
    };
    std::iter::from_fn(next).take(MOST_DESCRIPTORS)
}

/// Adds a table of pointers that ends with a zero, if it is not known yet.
fn pointers(file: &ImageFile, table: u32, written: &mut Spans) -> Result<(), ImageError> {
    let size = file.headers.loading.pointer();
    let part = file.parts.iter().find(|part| part.left(table).is_some());
    // Where the program may write, nothing is served anyway.
    let Some(part) = part.filter(|part| !part.writable && !written.holds(table.into())) else {
        return Ok(());
    };
    let most = part.left(table).unwrap_or(0).min(size.saturating_mul(MOST_POINTERS));
    let bytes = file.bytes(table, most)?;
    let filled =
        bytes.chunks_exact(size as usize).take_while(|word| word.iter().any(|byte| *byte != 0)).count();
    written.add(table.into(), (filled as u64).saturating_mul(size.into()));
    Ok(())
}

/// Adds the pointers whose addresses stand in fields of a structure, as far as the structure has them.
fn named(file: &ImageFile, structure: Option<u32>, fields: &[usize], written: &mut Spans) {
    let loading = &file.headers.loading;
    let Some(at) = structure else { return };
    for field in fields {
        let place = u32::try_from(*field).ok().and_then(|field| at.checked_add(field));
        let Some(bytes) = place.and_then(|place| file.bytes(place, loading.pointer()).ok()) else { break };
        let mut word = [0; 8];
        if let Some(low) = word.get_mut(..bytes.len()) {
            low.copy_from_slice(&bytes);
        }
        let rva = u64::from_le_bytes(word).wrapping_sub(loading.base);
        if rva < u64::from(file.size()) {
            written.add(rva, loading.pointer().into());
        }
    }
}
