//! String instructions: the debugger writes their operands out.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

/// Mnemonic and operands of a string instruction; `None` for others.
pub(super) fn text(instruction: &Instruction, x86: bool) -> Option<(String, String)> {
    use Mnemonic as M;
    let (name, bytes) = match instruction.mnemonic() {
        M::Movsb => ("movs", 1),
        M::Movsw => ("movs", 2),
        M::Movsd if is_string(instruction) => ("movs", 4),
        M::Movsq => ("movs", 8),
        M::Stosb => ("stos", 1),
        M::Stosw => ("stos", 2),
        M::Stosd => ("stos", 4),
        M::Stosq => ("stos", 8),
        M::Lodsb => ("lods", 1),
        M::Lodsw => ("lods", 2),
        M::Lodsd => ("lods", 4),
        M::Lodsq => ("lods", 8),
        M::Scasb => ("scas", 1),
        M::Scasw => ("scas", 2),
        M::Scasd => ("scas", 4),
        M::Scasq => ("scas", 8),
        M::Cmpsb => ("cmps", 1),
        M::Cmpsw => ("cmps", 2),
        M::Cmpsd if is_string(instruction) => ("cmps", 4),
        M::Cmpsq => ("cmps", 8),
        M::Insb => ("ins", 1),
        M::Insw => ("ins", 2),
        M::Insd => ("ins", 4),
        M::Outsb => ("outs", 1),
        M::Outsw => ("outs", 2),
        M::Outsd => ("outs", 4),
        _ => return None,
    };
    let size = match bytes {
        1 => "byte",
        2 => "word",
        4 => "dword",
        _ => "qword",
    };
    let destination = || destination(instruction, size, x86);
    let source = || source(instruction, size);
    let operands = match name {
        "movs" => format!("{},{}", destination(), source()),
        "cmps" => format!("{},{}", source(), destination()),
        "lods" => source(),
        "outs" => format!("dx,{}", source()),
        "ins" => format!("{},dx", destination()),
        _ => destination(),
    };
    let by_flag = matches!(name, "cmps" | "scas");
    let prefix = if instruction.has_repne_prefix() {
        "repne "
    } else if instruction.has_rep_prefix() {
        if by_flag { "repe " } else { "rep " }
    } else {
        ""
    };
    Some((format!("{prefix}{name}"), operands))
}

/// `movsd` and `cmpsd` are SSE instructions too.
fn is_string(instruction: &Instruction) -> bool {
    (0..instruction.op_count()).any(|n| {
        matches!(
            instruction.op_kind(n),
            OpKind::MemorySegSI
                | OpKind::MemorySegESI
                | OpKind::MemorySegRSI
                | OpKind::MemoryESDI
                | OpKind::MemoryESEDI
                | OpKind::MemoryESRDI
        )
    })
}

fn destination(instruction: &Instruction, size: &str, x86: bool) -> String {
    let register = kinds(instruction)
        .find_map(|kind| match kind {
            OpKind::MemoryESDI => Some("di"),
            OpKind::MemoryESEDI => Some("edi"),
            OpKind::MemoryESRDI => Some("rdi"),
            _ => None,
        })
        .unwrap_or("rdi");
    let segment = if x86 { "es:" } else { "" };
    format!("{size} ptr {segment}[{register}]")
}

fn source(instruction: &Instruction, size: &str) -> String {
    let register = kinds(instruction)
        .find_map(|kind| match kind {
            OpKind::MemorySegSI => Some("si"),
            OpKind::MemorySegESI => Some("esi"),
            OpKind::MemorySegRSI => Some("rsi"),
            _ => None,
        })
        .unwrap_or("rsi");
    let segment = match instruction.segment_prefix() {
        Register::None => String::new(),
        segment => format!("{segment:?}:").to_ascii_lowercase(),
    };
    format!("{size} ptr {segment}[{register}]")
}

fn kinds(instruction: &Instruction) -> impl Iterator<Item = OpKind> + '_ {
    (0..instruction.op_count()).map(|n| instruction.op_kind(n))
}
