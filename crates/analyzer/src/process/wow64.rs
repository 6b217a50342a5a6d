//! A 32-bit program on 64-bit Windows: whether it is one, and its exception in its own width.

use dumplens_core::{Arch, Dump, Exception, Module, Registers, Width};

use super::Thread;
use super::module_names::file_name;
use dumplens_core::process::UserSharedData;

/// `CS` of 32-bit code in a 64-bit process.
const CODE_32: u16 = 0x23;

/// Whether a 32-bit program ran on 64-bit Windows: by its TEBs or, of a dump that does not contain them, by the modules
/// that switch processors.
pub(super) fn is_wow64(
    dump: &Dump,
    threads: &[Thread<'_>],
    modules: &[Module],
    shared: Option<&UserSharedData>,
) -> Option<bool> {
    const LAYERS: [&str; 2] = ["wow64.dll", "wow64cpu.dll"];
    let is_layer = |module: &Module| {
        let name = file_name(&module.name);
        LAYERS.iter().any(|layer| name.eq_ignore_ascii_case(layer))
    };
    match dump.width() {
        Width::Bits64 if threads.iter().any(|t| t.teb32.is_some()) || modules.iter().any(is_layer) => {
            Some(true)
        }
        Width::Bits64 => threads.iter().any(|t| t.teb.is_some()).then_some(false).filter(|_| is_known(dump)),
        Width::Bits32 if dump.arch() != Some(Arch::X86) => None,
        Width::Bits32 => match Arch::from_raw(shared?.native_arch?) {
            Arch::X64 | Arch::Arm64 => Some(true),
            Arch::X86 => Some(false),
            _ => None,
        },
    }
}

fn is_known(dump: &Dump) -> bool {
    matches!(dump.arch(), Some(Arch::X64 | Arch::Arm64))
}

/// The dump's exception. Of 32-bit code in a 64-bit dump, addresses and parameters have 32 bits, whatever the upper halves
/// of their fields contain: Windows extends their signs.
pub(super) fn exception(dump: &Dump, wow64: Option<bool>) -> Option<Exception> {
    let mut exception = dump.exception().ok().flatten()?;
    let address = Width::Bits32.normalise(exception.address);
    let narrower = wow64 == Some(true) && dump.width() == Width::Bits64;
    if narrower && u32::try_from(address).is_ok() && !is_of_native_code(&exception) {
        exception.address = address;
        exception.record = Width::Bits32.truncate(exception.record);
        for parameter in &mut exception.parameters {
            *parameter = Width::Bits32.truncate(*parameter);
        }
    }
    Some(exception)
}

/// Whether the registers are those of 64-bit code at the exception's address; before Windows 8, it can lie below 4 GB.
fn is_of_native_code(exception: &Exception) -> bool {
    let Some(context) = &exception.context else { return false };
    let code_32 = matches!(context.registers, Registers::X64 { cs: CODE_32, .. });
    context.ip == exception.address && !code_32
}
