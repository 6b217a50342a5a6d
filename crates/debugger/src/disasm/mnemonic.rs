//! Mnemonics and prefixes that the debugger writes in its own way, and operands that it adds or turns round.

use iced_x86::{Code, Formatter as _, Instruction, MasmFormatter, Mnemonic, OpKind, Register};

pub(super) fn text(
    formatter: &mut MasmFormatter,
    instruction: &Instruction,
    bytes: &[u8],
    x86: bool,
) -> String {
    let mut name = String::new();
    formatter.format_mnemonic_options(instruction, &mut name, iced_x86::FormatMnemonicOptions::NO_PREFIXES);
    if let Some(own) = own(instruction, bytes, x86) {
        own.clone_into(&mut name);
    }
    format!("{}{name}", prefixes(instruction, bytes))
}

/// Names that differ.
fn own(instruction: &Instruction, bytes: &[u8], x86: bool) -> Option<&'static str> {
    use Mnemonic as M;
    let operand_size = bytes.contains(&0x66);
    Some(match instruction.mnemonic() {
        M::Pushad => "pushad",
        M::Popad => "popad",
        M::Pusha => "pusha",
        M::Popa => "popa",
        M::Aam => "aam",
        M::Movq if is_move_of_general(instruction) => "movd",
        M::Vmovq if is_move_of_general(instruction) => "vmovd",
        M::Pcmpestri64 => "pcmpestri",
        M::Pcmpestrm64 => "pcmpestrm",
        M::Enter if operand_size => "enter",
        M::Leave if operand_size => "leave",
        M::Ret if operand_size => "ret",
        M::Push if operand_size && x86 => "push",
        _ => return None,
    })
}

/// REX.W movq between a general register and another: `movd` to the debugger.
fn is_move_of_general(instruction: &Instruction) -> bool {
    (0..instruction.op_count())
        .any(|n| instruction.op_kind(n) == OpKind::Register && instruction.op_register(n).is_gpr64())
}

/// `lock`, `rep` and the like; `bnd` of branches.
fn prefixes(instruction: &Instruction, bytes: &[u8]) -> String {
    let mut text = String::new();
    let lock = instruction.has_lock_prefix();
    let branch = instruction.is_call_near()
        || instruction.is_call_near_indirect()
        || instruction.is_jmp_near()
        || instruction.is_jmp_near_indirect()
        || instruction.is_jcc_near()
        || matches!(instruction.mnemonic(), Mnemonic::Ret);
    if instruction.has_repne_prefix() {
        text.push_str(if branch {
            "bnd "
        } else if lock || is_xchg_memory(instruction) {
            "xacquire "
        } else {
            "repne "
        });
    } else if instruction.has_rep_prefix() {
        text.push_str(if lock || is_xchg_memory(instruction) || is_store(instruction) {
            "xrelease "
        } else {
            "rep "
        });
    }
    if lock {
        text.push_str("lock ");
    }
    let _ = bytes;
    text
}

fn is_xchg_memory(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Xchg && instruction.op0_kind() == OpKind::Memory
}

fn is_store(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Mov && instruction.op0_kind() == OpKind::Memory
}

/// Operands that the debugger writes out, or in another order.
pub(super) fn arrange(instruction: &Instruction, operands: &mut Vec<String>, x86: bool) {
    let _ = x86;
    match instruction.mnemonic() {
        Mnemonic::Xchg if operands.len() == 2 => {
            let accumulator = |n: u32| {
                matches!(instruction.op_register(n), Register::AX | Register::EAX | Register::RAX)
                    && instruction.op_kind(n) == OpKind::Register
            };
            let short =
                matches!(instruction.code(), Code::Xchg_r16_AX | Code::Xchg_r32_EAX | Code::Xchg_r64_RAX);
            if short && accumulator(1) {
                operands.swap(0, 1);
            }
        }
        Mnemonic::Mul | Mnemonic::Div | Mnemonic::Idiv if operands.len() == 1 => {
            operands.insert(0, accumulator_of(instruction).to_owned());
        }
        Mnemonic::Mov if instruction.op0_register().is_segment_register() => {
            if let Some(operand) = operands.get_mut(1).filter(|_| instruction.op1_kind() == OpKind::Register)
            {
                *operand = format!("{:?}", word_of(instruction.op1_register())).to_ascii_lowercase();
            }
        }
        Mnemonic::Imul if operands.len() == 2 && instruction.op_count() == 3 => {
            let first = operands[0].clone();
            operands.insert(1, first);
        }
        _ => {}
    }
}

/// The accumulator of `mul` and `div`, by the size of the operand.
fn accumulator_of(instruction: &Instruction) -> &'static str {
    let size = match instruction.op0_kind() {
        OpKind::Register => instruction.op0_register().size(),
        _ => instruction.memory_size().size(),
    };
    match size {
        1 => "al",
        2 => "ax",
        4 => "eax",
        _ => "rax",
    }
}

/// The 16 bits of a general register.
fn word_of(register: Register) -> Register {
    const WORDS: [Register; 16] = [
        Register::AX,
        Register::CX,
        Register::DX,
        Register::BX,
        Register::SP,
        Register::BP,
        Register::SI,
        Register::DI,
        Register::R8W,
        Register::R9W,
        Register::R10W,
        Register::R11W,
        Register::R12W,
        Register::R13W,
        Register::R14W,
        Register::R15W,
    ];
    WORDS.get(register.full_register().number()).copied().unwrap_or(register)
}
