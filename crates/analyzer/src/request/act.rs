//! Whether a function does what `operator new` and `malloc` do: call what allocates, look at the pointer that it returns,
//! and where that is null ask the new handler and try again.

use iced_x86::{FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::function::Function;

/// Instructions between a call and what it is handed, or the look at what it returned.
const NEAR: usize = 4;

/// Whether the function has a loop with two different calls, of which one is handed the size (`hands`), and one returns
/// a pointer that is compared with null.
pub(super) fn tries_again(function: &Function, hands: impl Fn(&Instruction) -> bool) -> bool {
    let code = &function.code;
    let backward = code.iter().enumerate().filter_map(|(end, i)| {
        let jumps =
            matches!(i.flow_control(), FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch);
        let target = i.near_branch_target();
        let start = code.binary_search_by_key(&target, Instruction::ip).ok()?;
        (jumps && start < end).then(|| &code[start..end])
    });
    backward.take(MOST_LOOPS).any(|around| {
        let calls: Vec<usize> = (0..around.len()).filter(|n| is_call(&around[*n])).collect();
        let place = |n: usize| {
            let call = &around[n];
            (call.op0_register(), call.near_branch_target(), call.memory_displacement64())
        };
        let different = calls.iter().any(|n| place(*n) != place(calls[0]));
        let handed = calls.iter().any(|n| around[n.saturating_sub(NEAR)..*n].iter().any(&hands));
        different && handed && calls.iter().any(|n| returns_pointer(&around[n + 1..]))
    })
}

/// Loops that are looked at.
const MOST_LOOPS: usize = 16;

fn is_call(i: &Instruction) -> bool {
    matches!(i.flow_control(), FlowControl::Call | FlowControl::IndirectCall)
}

/// Whether what follows a call looks whether rax, or on x86 eax, is null.
fn returns_pointer(rest: &[Instruction]) -> bool {
    rest.iter().take(NEAR).take_while(|i| !is_call(i)).any(|i| {
        let whole = |register| match i.code_size() {
            iced_x86::CodeSize::Code64 => register == Register::RAX,
            _ => register == Register::EAX,
        };
        i.mnemonic() == Mnemonic::Test
            && i.op0_kind() == OpKind::Register
            && i.op1_kind() == OpKind::Register
            && whole(i.op0_register())
            && whole(i.op1_register())
    })
}

#[cfg(test)]
mod tests {
    use iced_x86::{Instruction, Mnemonic, Register};

    use super::{Function, tries_again};

    fn tries(code: &[u8], size: Register) -> bool {
        let hands = |i: &Instruction| i.mnemonic() == Mnemonic::Mov && i.op1_register() == size;
        tries_again(&Function::decode(64, code, 0x1000), hands)
    }

    /// `operator new` as clang compiles it, with malloc and `_callnewh` in registers: bytes of a program that ran.
    #[test]
    fn allocates_and_tries_again() {
        let code = [
            0x56, 0x57, 0x53, 0x48, 0x83, 0xec, 0x20, 0x48, 0x89,
            0xce, // push rsi, rdi, rbx; mov rsi,rcx
            0x48, 0x89, 0xf1, 0xff, 0xd7, 0x48, 0x85, 0xc0, 0x75,
            0x14, // mov rcx,rsi; call rdi; test rax,rax; jne
            0x48, 0x89, 0xf1, 0xff, 0xd3, 0x85, 0xc0, 0x75,
            0xed, // mov rcx,rsi; call rbx; test eax,eax; jne
            0x48, 0x83, 0xfe, 0xff, 0x75, 0x0e, // cmp rsi,-1; jne
        ];
        assert!(tries(&code, Register::RSI));
        assert!(!tries(&code, Register::RBX), "another register is not the size");
    }

    /// A check of a handle: compared with -1, and a throw.
    #[test]
    fn a_comparison_is_not_enough() {
        let code = [
            0x53, 0x48, 0x83, 0xec, 0x20, 0x48, 0x89, 0xcb, // push rbx; sub rsp,20h; mov rbx,rcx
            0x48, 0x83, 0xfb, 0xff, 0x74, 0x05, // cmp rbx,-1; je
            0xe8, 0x00, 0x01, 0x00, 0x00, 0xcc, // call; int3
        ];
        assert!(!tries(&code, Register::RBX));
    }

    /// A loop that waits for a handle: one call, which returns no pointer.
    #[test]
    fn a_loop_is_not_enough() {
        let code = [
            0x48, 0x89, 0xcb, // mov rbx,rcx
            0x48, 0x89, 0xd9, 0xff, 0xd7, 0x85, 0xc0, 0x75,
            0xf7, // mov rcx,rbx; call rdi; test eax,eax; jne
            0x48, 0x83, 0xfb, 0xff, // cmp rbx,-1
        ];
        assert!(!tries(&code, Register::RBX));
    }
}
