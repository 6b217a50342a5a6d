//! `!peb`.

use dumplens_core::Width;
use dumplens_core::process::loader::unicode_string;
use dumplens_core::process::{LoaderList, PebFields, ProcessParameters};

use crate::commands::At;
use crate::error::Result;
use crate::line::Line;
use crate::out::Out;
use crate::session::{Session, pointer_of};
use crate::{clock, expr};

pub(super) fn run(session: &mut Session<'_, '_>, line: &mut Line, _: At, out: &mut Out<'_>) -> Result<()> {
    line.blanks();
    let given = if line.is_end() { None } else { Some(expr::address(session, line)?) };
    if given.is_none()
        && let Some(peb32) = session.process.pebs.iter().find(|p| p.width == Width::Bits32 && !session.x86)
    {
        show(session, "Wow64 PEB32 at", peb32.address, Width::Bits32, out);
        out.text("\n\n");
        show(session, "Wow64 PEB at", session.peb(), session.width(), out);
        return Ok(());
    }
    show(session, "PEB at", given.unwrap_or_else(|| session.peb()), session.width(), out);
    Ok(())
}

fn show(session: &Session<'_, '_>, title: &str, address: u64, width: Width, out: &mut Out<'_>) {
    let value = |value: u64| pointer_of(value, width);
    out.line(format!("{title} {}", session.pointer(address)));
    let Ok(peb) = PebFields::read(session.memory, address, width) else {
        out.line("error 1 InitTypeRead( nt!_PEB at ...)...");
        return;
    };
    let yes = |flag: u8| if flag == 0 { "No" } else { "Yes" };
    out.line(format!("    InheritedAddressSpace:    {}", yes(peb.flags[0])));
    out.line(format!("    ReadImageFileExecOptions: {}", yes(peb.flags[1])));
    out.line(format!("    BeingDebugged:            {}", yes(peb.flags[2])));
    out.line(format!("    ImageBaseAddress:         {}", value(peb.image_base)));
    if let Some(flag) = peb.nt_global_flag {
        out.line(format!("    NtGlobalFlag:             {flag:x}"));
    }
    out.line(format!("    Ldr                       {}", value(peb.ldr)));
    loader(session, peb.ldr, width, out);
    out.line(format!("    SubSystemData:     {}", value(peb.sub_system_data)));
    out.line(format!("    ProcessHeap:       {}", value(peb.process_heap)));
    out.line(format!("    ProcessParameters: {}", value(peb.process_parameters)));
    if session.options.no_memory {
        return;
    }
    parameters(session, peb.process_parameters, width, out);
}

fn loader(session: &Session<'_, '_>, ldr: u64, width: Width, out: &mut Out<'_>) {
    let Ok(list) = LoaderList::read(session.memory, ldr, width) else {
        out.line("    *** unable to read Ldr table");
        return;
    };
    out.line(format!("    Ldr.Initialized:          {}", if list.initialized { "Yes" } else { "No" }));
    let names = ["InInitializationOrderModuleList:", "InLoadOrderModuleList:", "InMemoryOrderModuleList:"];
    for (name, (first, last)) in names.iter().zip(list.lists) {
        let (first, last) = (session.pointer(first), session.pointer(last));
        out.line(format!("    Ldr.{name:<32} {first} . {last}"));
    }
    out.line("                    Base TimeStamp                     Module");
    for module in &list.modules {
        if out.stopped() {
            return;
        }
        let stamp = module.time_date_stamp;
        let time = clock::time_t(stamp);
        // Without the day of the week.
        let time = time.get(4..).unwrap_or_default();
        let (clock, year) = time.rsplit_once(' ').unwrap_or((time, ""));
        let (day, clock) = clock.rsplit_once(' ').unwrap_or((clock, ""));
        out.line(format!(
            "        {:>16x} {stamp:08x} {day:0>6} {clock} {year} {}",
            module.base, module.name
        ));
    }
}

fn parameters(session: &Session<'_, '_>, address: u64, width: Width, out: &mut Out<'_>) {
    let text = |x86: u64, x64: u64| {
        let text = unicode_string(session.memory, address.wrapping_add(width.pick(x86, x64)), width);
        text.unwrap_or_else(|| "< Name not readable >".to_owned())
    };
    out.line(format!("    CurrentDirectory:  '{}'", text(0x24, 0x38)));
    out.line(format!("    WindowTitle:  '{}'", text(0x70, 0xb0)));
    out.line(format!("    ImageFile:    '{}'", text(0x38, 0x60)));
    out.line(format!("    CommandLine:  '{}'", text(0x40, 0x70)));
    out.line(format!("    DllPath:      '{}'", text(0x30, 0x50)));
    let block = session.memory.pointer(address.wrapping_add(width.pick(0x48, 0x80)), width).unwrap_or(0);
    out.line(format!("    Environment:  {}", session.pointer(block)));
    let parameters = ProcessParameters::read(session.memory, address, width);
    for entry in parameters.and_then(|p| p.environment()).unwrap_or_default() {
        out.line(format!("        {entry}"));
        if out.stopped() {
            return;
        }
    }
}
