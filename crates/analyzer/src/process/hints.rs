//! What a large reservation may be for: guesses from its shape and from the modules loaded, and said to be guesses.

use dumplens_core::MemoryType;

use super::Process;
use super::module_names::module_name;
use crate::space::Allocation;

const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// A program that reserves address space in advance, and how that looks.
struct Habit {
    /// Modules of which one must be loaded, in lower case, without extension; empty for any.
    modules: &'static [&'static str],
    /// Least size of the reservation.
    from: u64,
    /// Alignment of its base.
    aligned: u64,
    hint: &'static str,
}

/// In the order in which they are tried.
const HABITS: [Habit; 5] = [
    // V8's sandbox is a reservation of 1 TiB (v8/src/sandbox), with the pointer-compression cage at its start.
    Habit {
        modules: &[],
        from: TIB,
        aligned: 4 * GIB,
        hint: "as large as V8's sandbox: address space, not memory",
    },
    // .NET 7 and newer reserve 256 GiB for the regions of the managed heap (GCRegionRange).
    Habit {
        modules: &["coreclr", "clrgc", "clr"],
        from: 128 * GIB,
        aligned: 0x1_0000,
        hint: "as large as the managed heap's range (.NET): address space, not memory",
    },
    // The cage of V8's pointer compression: 4 GiB, aligned to 4 GiB.
    Habit {
        modules: &[],
        from: 4 * GIB,
        aligned: 4 * GIB,
        hint: "aligned like V8's pointer-compression cage: address space, not memory",
    },
    Habit {
        modules: &["jvm"],
        from: GIB / 4,
        aligned: 0x1_0000,
        hint: "a Java VM is loaded, which reserves its heap (-Xmx) in advance",
    },
    Habit {
        modules: &["xul", "crashpad_handler", "crashreporter", "breakpad"],
        from: 16 << 20,
        aligned: 0x1_0000,
        hint: "a crash reporter is loaded, which may reserve address space for the time of a crash",
    },
];

/// What a private allocation that is mostly reserved may be for.
pub(crate) fn of(process: &Process<'_>, allocation: &Allocation) -> Option<&'static str> {
    let mostly_reserved = allocation.reserved > 0 && allocation.reserved / 7 >= allocation.committed;
    if allocation.kind != MemoryType::PRIVATE || !mostly_reserved {
        return None;
    }
    let loaded =
        |name: &&str| process.modules.iter().any(|m| module_name(&m.name).eq_ignore_ascii_case(name));
    let fits = |habit: &&Habit| {
        allocation.size() >= habit.from
            && allocation.base.is_multiple_of(habit.aligned)
            && (habit.modules.is_empty() || habit.modules.iter().any(&loaded))
    };
    HABITS.iter().find(fits).map(|habit| habit.hint)
}
