//! `.fnent`: the unwind data of a function.

use dumplens_analyzer::symbols::Function;
use dumplens_core::pe::Image;
use dumplens_core::unwind::{Operation, RuntimeFunction};

use super::{At, Command};
use crate::error::Result;
use crate::expr;
use crate::line::Line;
use crate::out::Out;
use crate::session::Session;

pub(super) const COMMANDS: &[Command] = &[Command::new(
    ".fnent",
    ".fnent ADDR",
    "the unwind data of a function; on x86, its frame data from a PDB",
    function_entry,
)];

/// Registers as unwind codes number them.
const NAMES: [&str; 16] = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
];

impl<'d> Session<'_, 'd> {
    /// The image of a module and an address in it, as an offset.
    fn image_at(&self, address: u64) -> Option<(u64, Image<'d>, u32)> {
        let module = self.process.modules.get(self.module_at(address).filter(|_| !self.x86)?)?;
        let image = Image::read(self.memory, module.base, module.size).ok()?;
        Some((module.base, image, u32::try_from(address - module.base).ok()?))
    }

    /// The function that holds an address, by the unwind data of an x64 image, and the image's base.
    pub(crate) fn function_at(&self, address: u64) -> Option<(u64, RuntimeFunction)> {
        let (base, image, rva) = self.image_at(address)?;
        Some((base, image.function_at(rva).ok()??))
    }
}

/// What a PDB says of an x86 function's frame.
fn of_x86(session: &mut Session<'_, '_>, address: u64, function: &Function, out: &mut Out<'_>) {
    let frame = function.frame.unwrap_or_default();
    out.line("Debugger function entry for:");
    out.line(session.around(address).unwrap_or_default());
    let words = |bytes: u32| format!("0n{} ({bytes:#x} bytes)", bytes / 4);
    out.line(format!("OffStart:  {:08x}", function.start));
    out.line(format!("ProcSize:  {:#x}", function.code));
    out.line(format!("Prologue:  {:#x}", function.prologue));
    out.line(format!("Params:    {}", words(frame.params)));
    out.line(format!("Locals:    {}", words(frame.locals)));
    out.line(format!("Registers: 0n{}", frame.saved));
}

fn function_entry(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    let address = expr::address(session, line)?;
    if let Some(function) = session.symbols.function_at(address).filter(|function| function.frame.is_some()) {
        of_x86(session, address, &function, out);
        return Ok(());
    }
    let Some((base, function)) = session.function_at(address) else {
        out.line(format!("No function entry for {}", session.address(address)));
        return Ok(());
    };
    out.line("Debugger function entry for:");
    out.line(session.around(address).unwrap_or_default());
    let offset = |rva: u32| session.address(u64::from(rva));
    out.line(format!("BeginAddress      = {}", offset(function.begin)));
    out.line(format!("EndAddress        = {}", offset(function.end)));
    out.line(format!("UnwindInfoAddress = {}", offset(function.unwind_info)));
    let info = base.wrapping_add(u64::from(function.unwind_info));
    let Some(head) = session.unit(info, 4) else { return Ok(()) };
    let [flags, prolog, codes, _] = (head as u32).to_le_bytes();
    let (flags, version) = (flags >> 3, flags & 7);
    // A handler and its data stand behind an even number of codes.
    let handled = flags & 3 != 0;
    let behind =
        if handled { 4 + 2 * u64::from(codes.next_multiple_of(2)) } else { 4 + 2 * u64::from(codes) };
    let size = behind + if handled { 8 } else { 0 };
    out.line(format!("\nUnwind info at {}, {size:x} bytes", session.address(info)));
    out.line(format!("  version {version}, flags {flags:x}, prolog {prolog:x}, codes {codes:x}"));
    if let Some(handler) = session.unit(info.wrapping_add(behind), 4).filter(|_| handled) {
        let handler = base.wrapping_add(handler);
        let data = session.unit(info.wrapping_add(behind + 4), 4).unwrap_or(0);
        let site = session.site(handler).unwrap_or_default();
        let handler = session.address(handler);
        out.line(format!("  handler routine: {site} ({handler}), data {data:x}"));
    }
    show_codes(session, address, out);
    Ok(())
}

/// The codes of the function that holds an address, with their numbers.
fn show_codes(session: &Session<'_, '_>, address: u64, out: &mut Out<'_>) {
    let Some((_, image, rva)) = session.image_at(address) else { return };
    let table = image.function_table();
    let function = image.function_at(rva).ok().flatten();
    let info = table.zip(function).and_then(|(table, f)| table.unwind_info(&session.memory, &f).ok());
    let mut place = 0;
    for code in info.map(|info| info.codes).unwrap_or_default() {
        let Some((slots, operation, info, text)) = described(code.operation) else { return };
        let offset = code.offset;
        out.line(format!(
            "  {place:02x}: offs {offset:x}, unwind op {operation:x}, op info {info:x}\t{text}."
        ));
        place += slots;
    }
}

/// How many codes an operation takes, its number, its information and its text. `None` for those whose numbers are not
/// kept: what stands behind them cannot be counted.
fn described(operation: Operation) -> Option<(u32, u8, u32, String)> {
    let name = |number: u8| NAMES.get(usize::from(number)).copied().unwrap_or("?");
    Some(match operation {
        Operation::Push(number) => (1, 0, number.into(), format!("UWOP_PUSH_NONVOL reg: {}", name(number))),
        Operation::Allocate(bytes @ 8..=128) => (1, 2, bytes / 8 - 1, "UWOP_ALLOC_SMALL".to_owned()),
        Operation::Allocate(bytes) => {
            let long = u32::from(bytes > 0x7_fff8);
            (2 + long, 1, long, format!("UWOP_ALLOC_LARGE FrameOffset: {bytes:x}"))
        }
        Operation::SetFrame => (1, 3, 0, "UWOP_SET_FPREG".to_owned()),
        Operation::Save(number, at) => {
            let long = u8::from(at > 0x7_fff8);
            let text = format!("UWOP_SAVE_NONVOL FrameOffset: {at:x} reg: {}", name(number));
            (2 + u32::from(long), 4 + long, number.into(), text)
        }
        Operation::MachineFrame(error) => (1, 10, error.into(), "UWOP_PUSH_MACHFRAME".to_owned()),
        Operation::Other => return None,
    })
}
