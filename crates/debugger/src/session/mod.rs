//! What one debugging session knows and remembers between commands.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use dumplens_analyzer::Process;
use dumplens_analyzer::stack::{Stack, Walker};
use dumplens_analyzer::symbols::Symbols;
use dumplens_core::{CpuState, Exception, Memory, Width};

use crate::Options;
use crate::aliases::Aliases;

mod names;
mod scope;

/// Commands that one line may run: `.for` and `.foreach` in hostile scripts end.
pub(crate) const MOST_STEPS: u64 = 300_000;

/// Where the next `d` and `u` go on.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The type of the last `d`: the letters behind it.
    pub(crate) kind: String,
    pub(crate) dump: Option<u64>,
    pub(crate) code: Option<u64>,
}

/// Which expressions `?` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Evaluator {
    Masm,
    CPlusPlus,
}

pub(crate) struct Session<'p, 'd> {
    pub(crate) options: Options,
    pub(crate) process: &'p Process<'d>,
    pub(crate) memory: Memory<'d>,
    pub(crate) symbols: Symbols<'p, 'd>,
    pub(crate) walker: Walker<'p, 'd>,
    pub(crate) exception: Option<Exception>,
    pub(crate) x86: bool,
    /// The current thread, and that of the exception.
    pub(crate) thread: usize,
    pub(crate) event_thread: usize,
    /// What `.ecxr`, `.cxr` and `.frame /c` set.
    pub(crate) context: Option<CpuState>,
    /// The thread's own registers, with what `r` changed.
    states: HashMap<usize, CpuState>,
    stacks: HashMap<(usize, u64, u64), Rc<Stack>>,
    /// The current frame, and how many frames lie before the first of the set context.
    pub(crate) frame: usize,
    pub(crate) frame_base: usize,
    pub(crate) frame_shown: bool,
    /// Whether a context or a frame was chosen, which `.cxr` takes back.
    pub(crate) scoped: bool,
    pub(crate) radix: u32,
    pub(crate) evaluator: Evaluator,
    pub(crate) aliases: Aliases,
    /// `$t0` to `$t19`.
    pub(crate) temporaries: [u64; 20],
    pub(crate) places: Places,
    pub(crate) depth: usize,
    /// Modules whose symbols were asked for, and those that `.reload /u` took away.
    pub(crate) loaded: BTreeSet<usize>,
    pub(crate) unloaded: BTreeSet<usize>,
    /// Modules whose symbols were read once and are to be read anew.
    pub(crate) touched: BTreeSet<usize>,
    pub(crate) order: Vec<usize>,
    names: names::Names,
    pub(crate) symbol_options: u32,
    pub(crate) lines: bool,
    pub(crate) code_bytes: bool,
    pub(crate) prompt_command: Option<String>,
    pub(crate) dml: bool,
    pub(crate) timestamps: bool,
    pub(crate) log: Option<Box<dyn std::io::Write + Send>>,
    pub(crate) log_name: Option<String>,
    pub(crate) steps: u64,
    /// Loops and `.catch`es that the current command is in.
    pub(crate) loops: u32,
    pub(crate) catches: u32,
    /// A name that the C++ evaluator did not find: it is told in a box before the error.
    pub(crate) missing_type: Option<String>,
    /// Set from `q` on.
    pub(crate) quit: bool,
}

impl std::fmt::Debug for Session<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("thread", &self.thread).finish_non_exhaustive()
    }
}

impl<'p, 'd> Session<'p, 'd> {
    pub(crate) fn new(process: &'p Process<'d>, options: Options) -> Session<'p, 'd> {
        let exception = process.dump.exception().ok().flatten();
        let id = exception.as_ref().map(|e| e.thread_id);
        let thread = process.threads.iter().position(|t| Some(t.id) == id).unwrap_or(0);
        let mut order: Vec<usize> = (0..process.modules.len()).collect();
        order.sort_by_key(|n| process.modules[*n].base);
        // Of two entries for one image the first counts.
        order.dedup_by_key(|n| process.modules[*n].base);
        let lines = options.lines;
        let mut session = Session {
            process,
            memory: process.dump.memory(),
            symbols: Symbols::new(process, options.search.clone()),
            walker: Walker::new(process),
            exception,
            x86: process.dump.width() == Width::Bits32,
            thread,
            event_thread: thread,
            context: None,
            states: HashMap::new(),
            stacks: HashMap::new(),
            frame: 0,
            frame_base: 0,
            frame_shown: false,
            scoped: false,
            radix: 16,
            evaluator: Evaluator::Masm,
            aliases: Aliases::default(),
            temporaries: [0; 20],
            places: Places { kind: "b".into(), dump: None, code: None },
            depth: 256,
            loaded: BTreeSet::new(),
            unloaded: BTreeSet::new(),
            touched: BTreeSet::new(),
            order,
            names: names::names_of(process),
            symbol_options: 0xb_0327,
            lines,
            code_bytes: true,
            prompt_command: None,
            dml: false,
            timestamps: false,
            log: None,
            log_name: None,
            steps: 0,
            loops: 0,
            catches: 0,
            missing_type: None,
            quit: false,
            options,
        };
        session.load_first();
        session
    }

    /// The modules whose symbols the debugger needs to show where it stands: ntdll, that of the instruction, and that of
    /// the caller.
    pub(crate) fn load_first(&mut self) {
        let wow64 = self.module_named("wow64").is_some();
        let ntdll = self.module_named("ntdll").filter(|_| !wow64);
        self.loaded.extend(ntdll);
        let ip = self.state().map_or(0, |state| state.ip);
        let caller = self.return_address();
        for address in [ip, caller] {
            self.loaded.extend(self.module_at(address));
        }
    }

    /// The prompt, such as `0:000> `.
    pub(crate) fn prompt(&self) -> String {
        let guest = if self.is_guest() { ":x86" } else { "" };
        format!("0:{:03}{guest}> ", self.thread)
    }

    pub(crate) fn width(&self) -> Width {
        if self.x86 { Width::Bits32 } else { Width::Bits64 }
    }

    /// Bytes of a pointer.
    pub(crate) fn pointer_bytes(&self) -> u64 {
        if self.x86 { 4 } else { 8 }
    }

    /// An address as the target has it.
    pub(crate) fn normal(&self, address: u64) -> u64 {
        if self.x86 { address & 0xffff_ffff } else { address }
    }

    /// An address in tables: 00007fff`fe1ffbb0, of x86 0050fdb4.
    pub(crate) fn address(&self, address: u64) -> String {
        let address = self.normal(address);
        if self.x86 { format!("{address:08x}") } else { ticked(address) }
    }

    /// A pointer as %p prints it: 16 or 8 digits.
    pub(crate) fn pointer(&self, value: u64) -> String {
        pointer_of(self.normal(value), self.width())
    }

    pub(crate) fn module_at(&self, address: u64) -> Option<usize> {
        self.process.module_at(address).filter(|n| !self.unloaded.contains(n))
    }

    /// The name that the debugger gives a module.
    pub(crate) fn module_name(&self, index: usize) -> String {
        self.names.names.get(index).cloned().unwrap_or_default()
    }

    pub(crate) fn module_named(&self, name: &str) -> Option<usize> {
        let is = |n: &usize| !self.unloaded.contains(n) && self.module_name(*n).eq_ignore_ascii_case(name);
        self.order.iter().copied().find(is)
    }

    pub(crate) fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps <= MOST_STEPS
    }
}

/// A pointer of a width that need not be the dump's own, as of a WOW64 process.
pub(crate) fn pointer_of(value: u64, width: Width) -> String {
    match width {
        Width::Bits32 => format!("{value:08x}"),
        Width::Bits64 => format!("{value:016x}"),
    }
}

/// 64 bits with the debugger's backtick in the middle.
pub(crate) fn ticked(value: u64) -> String {
    format!("{:08x}`{:08x}", value >> 32, value & 0xffff_ffff)
}
