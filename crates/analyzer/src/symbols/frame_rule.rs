//! How the frame of an x86 function is undone, by the debug information of its module.

use std::cell::Cell;

use breakpad_symbols::{FrameWalker, SimpleModule, SymbolFile};

use super::Symbols;
use super::pdb::FrameProgram;
use crate::process::extent;

/// Registers that functions keep, as programs name them, and their numbers.
const KEPT: [(&str, u8); 4] = [("ebx", 3), ("ebp", 5), ("esi", 6), ("edi", 7)];

/// How a frame is undone.
#[derive(Debug, Clone)]
pub(crate) struct FrameRule {
    /// Where the function begins, if that is known.
    pub(crate) function: Option<u64>,
    frame: FrameProgram,
    /// The program as one line of a symbol file, which breakpad-symbols evaluates.
    line: SymbolFile,
}

/// The registers of a caller, as far as a program tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Undone {
    pub(crate) ip: u32,
    pub(crate) sp: u32,
    /// By number; `None` also where it is as it was in the callee, or where it cannot be told.
    pub(crate) registers: [Option<u32>; 8],
}

impl FrameRule {
    fn new(function: Option<u64>, frame: FrameProgram) -> Option<FrameRule> {
        let FrameProgram { params, saved, locals, program } = &frame;
        let text = format!(
            "MODULE windows x86 000000000000000000000000000000000 a.pdb\n\
             STACK WIN 4 0 1 0 0 {params:x} {saved:x} {locals:x} 0 1 {program}\n"
        );
        let line = SymbolFile::from_bytes(text.as_bytes()).ok()?;
        Some(FrameRule { function, frame, line })
    }

    /// Bytes of the function's parameters on the stack.
    pub(crate) fn params(&self) -> u32 {
        self.frame.params
    }

    /// Whether the return address is looked for from ESP on: what was pushed for a call lies between.
    pub(crate) fn searches(&self) -> bool {
        let program = &self.frame.program;
        program.contains(".raSearch") && !program.contains('@')
    }

    /// The caller's registers, from ESP and EBP; `read` gives words of the stack.
    pub(crate) fn undo(&self, sp: u32, bp: u32, read: &dyn Fn(u32) -> Option<u32>) -> Option<Undone> {
        let mut walker = Walker { sp, bp, read, found: Cell::default() };
        self.line.walk_frame(&SimpleModule::default(), &mut walker)?;
        let mut undone = walker.found.get();
        for (name, number) in KEPT {
            if !self.sets(name) {
                undone.registers[usize::from(number)] = None;
            }
        }
        Some(undone)
    }

    /// Whether a register that the program does not set is as it was: all that were pushed are set. EBP is not counted, as
    /// not all compilers count it.
    pub(crate) fn keeps(&self, register: u8) -> bool {
        let set = KEPT.iter().filter(|(name, number)| *number != 5 && self.sets(name)).count();
        let named = KEPT.iter().find(|(_, number)| *number == register);
        named.is_some_and(|(name, _)| !self.sets(name)) && self.frame.saved as usize <= 4 * set
    }

    /// Whether the program gives a register a value: it then stands at the beginning of an assignment.
    fn sets(&self, register: &str) -> bool {
        let mut before = "=";
        self.frame.program.split_ascii_whitespace().any(|token| {
            let sets = before.ends_with('=') && token.strip_prefix('$') == Some(register);
            before = token;
            sets
        })
    }
}

impl Symbols<'_, '_> {
    /// How the frame is undone of the function whose code holds `address`, by the PDB of its module.
    pub(crate) fn frame_rule(&mut self, address: u64) -> Option<FrameRule> {
        let index = self.process.module_at(address)?;
        let base = extent(&self.process.modules[index]).0;
        let (start, frame) = self.frame_by_pdb(index, u32::try_from(address - base).ok()?)?;
        FrameRule::new(start.map(|start| base + u64::from(start)), frame)
    }
}

/// What breakpad-symbols asks for, and the answers.
struct Walker<'w> {
    sp: u32,
    bp: u32,
    read: &'w dyn Fn(u32) -> Option<u32>,
    found: Cell<Undone>,
}

impl FrameWalker for Walker<'_> {
    fn get_instruction(&self) -> u64 {
        0
    }

    fn has_grand_callee(&self) -> bool {
        false
    }

    fn get_grand_callee_parameter_size(&self) -> u32 {
        0
    }

    fn get_register_at_address(&self, address: u64) -> Option<u64> {
        (self.read)(u32::try_from(address).ok()?).map(u64::from)
    }

    fn get_callee_register(&self, name: &str) -> Option<u64> {
        match name {
            "esp" => Some(self.sp.into()),
            "ebp" => Some(self.bp.into()),
            _ => None,
        }
    }

    fn set_caller_register(&mut self, name: &str, value: u64) -> Option<()> {
        let value = u32::try_from(value).ok()?;
        let found = self.found.get_mut();
        match name {
            "eip" => found.ip = value,
            "esp" => found.sp = value,
            _ => {
                let (_, number) = KEPT.iter().find(|(kept, _)| *kept == name)?;
                found.registers[usize::from(*number)] = Some(value);
            }
        }
        Some(())
    }

    fn clear_caller_register(&mut self, _: &str) {}

    fn set_cfa(&mut self, _: u64) -> Option<()> {
        None
    }

    fn set_ra(&mut self, _: u64) -> Option<()> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(saved: u32, locals: u32, program: &str) -> FrameRule {
        FrameRule::new(None, FrameProgram { params: 8, saved, locals, program: program.into() })
            .expect("a rule")
    }

    /// A stack whose words are their own addresses and 0x100 more.
    fn word(address: u32) -> Option<u32> {
        (0x1000..0x2000).contains(&address).then_some(address + 0x100)
    }

    #[test]
    fn programs_find_the_caller() {
        // `push ebp; push ebx; sub esp,12`, as LLVM writes it.
        let esp =
            rule(8, 12, "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebp $T0 4 - ^ = $ebx $T0 8 - ^ =");
        let undone = esp.undo(0x1000, 0, &word).expect("a caller");
        assert_eq!((undone.ip, undone.sp), (0x1114, 0x1018));
        assert_eq!(
            (undone.registers[3], undone.registers[5], undone.registers[6]),
            (Some(0x110c), Some(0x1110), None)
        );
        assert!(
            esp.searches() && !esp.keeps(6),
            "of 8 bytes that were saved, 4 are of ebx and perhaps none of ebp"
        );
        // An aligned frame with EBP.
        let ebp =
            rule(4, 0, "$T1 $ebp 4 + = $T0 $T1 16 - 8 @ = $eip $T1 ^ = $esp $T1 4 + = $ebp $T1 4 - ^ =");
        let undone = ebp.undo(0x1000, 0x1200, &word).expect("a caller");
        assert_eq!((undone.ip, undone.sp, undone.registers[5]), (0x1304, 0x1208, Some(0x1300)));
        assert!(!ebp.searches() && !ebp.keeps(3));
        // Nothing was pushed: everything is as it was.
        let leaf = rule(0, 0, "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =");
        assert_eq!(
            leaf.undo(0x1010, 7, &word).map(|undone| (undone.ip, undone.registers)),
            Some((0x1110, [None; 8]))
        );
        assert!([3, 5, 6, 7].iter().all(|register| leaf.keeps(*register)));
        assert_eq!(leaf.undo(0x3000, 0, &word), None, "no such stack");
    }

    #[test]
    fn programs_that_are_none_find_nothing() {
        for program in
            ["", "=", "$eip", "$eip 0 / =", "^ ^ ^", "$eip $T0 =", "1 2 = =", "$T0 .raSearch = $eip $T0 ^ ="]
        {
            let undone = rule(0, 0, program).undo(0x1000, 0, &word);
            assert!(undone.is_none_or(|undone| undone.sp <= 0x1004), "{program}: {undone:x?}");
        }
        let long = "$T0 .raSearch = ".repeat(100) + "$eip $T0 ^ = $esp $T0 4 + =";
        assert!(rule(0, 0, &long).undo(0x1000, 0, &word).is_some());
    }
}
