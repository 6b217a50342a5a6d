//! Mnemonics and prefixes that the debugger writes in its own way, and operands that it adds or turns round.

use iced_x86::{Code, Formatter as _, Instruction, MasmFormatter, Mnemonic, OpKind, Register};

pub(super) fn text(formatter: &mut MasmFormatter, instruction: &Instruction, bytes: &[u8]) -> String {
    let mut name = String::new();
    formatter.format_mnemonic_options(instruction, &mut name, iced_x86::FormatMnemonicOptions::NO_PREFIXES);
    if let Some(own) = alias(bytes).or_else(|| own(instruction, bytes)) {
        own.clone_into(&mut name);
    }
    format!("{}{name}", prefixes(instruction))
}

/// Names that differ.
fn own(instruction: &Instruction, bytes: &[u8]) -> Option<&'static str> {
    use Mnemonic as M;
    let operand_size = bytes.contains(&0x66);
    Some(match instruction.mnemonic() {
        M::Pushad => "pushad",
        M::Popad => "popad",
        M::Pusha => "pusha",
        M::Popa => "popa",
        M::Aam if has_count(instruction) => "aamb",
        M::Aad if has_count(instruction) => "aadb",
        M::Sgdt => "sgdt",
        M::Sidt => "sidt",
        M::Lgdt => "lgdt",
        M::Lidt => "lidt",
        M::Movq if is_move_of_general(instruction) => "movd",
        M::Vmovq if is_move_of_general(instruction) => "vmovd",
        M::Pcmpestri64 => "pcmpestri",
        M::Pcmpestrm64 => "pcmpestrm",
        M::Enter if operand_size => "enter",
        M::Leave if operand_size => "leave",
        M::Ret if operand_size => "ret",
        M::Push if operand_size => "push",
        M::Xlatb => "xlat",
        M::Reservednop => "nop",
        _ => return None,
    })
}

/// `aam` and `aad` with another base than ten.
fn has_count(instruction: &Instruction) -> bool {
    instruction.immediate8() != 10
}

/// The second forms of x87 instructions, which the engine numbers.
fn alias(bytes: &[u8]) -> Option<&'static str> {
    let [escape, modrm] = bytes.get(bytes.len().checked_sub(2)?..)? else { return None };
    Some(match (escape, modrm) {
        (0xd9, 0xd8..=0xdf) => "fstp1",
        (0xdc, 0xd0..=0xd7) => "fcom2",
        (0xdc, 0xd8..=0xdf) => "fcomp3",
        (0xdd, 0xc8..=0xcf) => "fxch4",
        (0xde, 0xd0..=0xd7) => "fcomp5",
        (0xdf, 0xc8..=0xcf) => "fxch7",
        (0xdf, 0xd0..=0xd7) => "fstp8",
        (0xdf, 0xd8..=0xdf) => "fstp9",
        _ => return None,
    })
    .filter(|_| {
        bytes[..bytes.len() - 2].iter().all(|byte| matches!(byte, 0x66 | 0x67 | 0x40..=0x4f | 0xf2 | 0xf3))
    })
}

/// REX.W movq between a general register or memory and another: `movd` to the debugger.
fn is_move_of_general(instruction: &Instruction) -> bool {
    use Code as C;
    matches!(
        instruction.code(),
        C::Movq_mm_rm64
            | C::Movq_rm64_mm
            | C::Movq_xmm_rm64
            | C::Movq_rm64_xmm
            | C::VEX_Vmovq_xmm_rm64
            | C::VEX_Vmovq_rm64_xmm
    )
}

/// `lock`, `rep` and the like; `bnd` of branches.
fn prefixes(instruction: &Instruction) -> String {
    let mut text = String::new();
    let branch = instruction.is_call_near()
        || instruction.is_call_near_indirect()
        || instruction.is_jmp_short_or_near()
        || instruction.is_jmp_near_indirect()
        || instruction.is_jcc_short_or_near()
        || matches!(instruction.mnemonic(), Mnemonic::Ret);
    let elided = is_lockable(instruction.mnemonic());
    if instruction.has_repne_prefix() {
        text.push_str(match (branch, elided) {
            (true, _) => "bnd ",
            (_, true) => "xacquire ",
            _ => "repne ",
        });
    } else if instruction.has_rep_prefix() {
        let store = matches!(
            instruction.code(),
            Code::Mov_rm8_r8 | Code::Mov_rm16_r16 | Code::Mov_rm32_r32 | Code::Mov_rm64_r64
        ) || matches!(
            instruction.code(),
            Code::Mov_rm8_imm8 | Code::Mov_rm16_imm16 | Code::Mov_rm32_imm32
        ) || instruction.code() == Code::Mov_rm64_imm32;
        text.push_str(if elided || store { "xrelease " } else { "rep " });
    }
    if instruction.has_lock_prefix() {
        text.push_str("lock ");
    }
    text
}

/// Instructions that may have a lock; of registers too, to the engine.
fn is_lockable(mnemonic: Mnemonic) -> bool {
    use Mnemonic as M;
    matches!(
        mnemonic,
        M::Add
            | M::Adc
            | M::And
            | M::Btc
            | M::Btr
            | M::Bts
            | M::Cmpxchg
            | M::Cmpxchg8b
            | M::Cmpxchg16b
            | M::Dec
            | M::Inc
            | M::Neg
            | M::Not
            | M::Or
            | M::Sbb
            | M::Sub
            | M::Xadd
            | M::Xchg
            | M::Xor
    )
}

/// Operands that the debugger writes out, or in another order.
pub(super) fn arrange(instruction: &Instruction, operands: &mut Vec<String>, x86: bool) {
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
            let accumulator = accumulator_of(instruction);
            if accumulator != "al" || instruction.mnemonic() != Mnemonic::Idiv {
                operands.insert(0, accumulator.to_owned());
            }
        }
        Mnemonic::Xlatb => {
            let segment = match instruction.segment_prefix() {
                Register::None => String::new(),
                segment => format!("{segment:?}:").to_ascii_lowercase(),
            };
            let register = if x86 { "ebx" } else { "rbx" };
            *operands = vec![format!("byte ptr {segment}[{register}]")];
        }
        Mnemonic::Reservednop => operands.truncate(1),
        Mnemonic::Faddp
        | Mnemonic::Fsubp
        | Mnemonic::Fsubrp
        | Mnemonic::Fmulp
        | Mnemonic::Fdivp
        | Mnemonic::Fdivrp
            if operands.is_empty() =>
        {
            *operands = vec!["st(1)".to_owned(), "st".to_owned()];
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
