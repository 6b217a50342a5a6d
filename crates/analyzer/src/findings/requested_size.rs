//! # What it detects
//! How many bytes were requested when the allocation failed.
//!
//! # What proves it
//! dumplens recognizes `operator new` and `malloc` by their code: they keep the size in a register that every function
//! preserves, and compare it with -1 or -20h. Walking the stack with the images' unwind data restores that register; on
//! x86 the size is the argument on the stack. The caller's code, if it passes on another such register, is a second
//! source, and the container that was about to grow is a third.
//!
//! # What fools it
//! A program's own `operator new` may change the size before it asks for memory. If the sources differ, the finding
//! shows that, and its confidence is low.
//!
//! # Example
//! `operator new (frame 3) was asked for 968,651,191 bytes (0x39bc71b7).`
//!
//! # Source
//! The code of Microsoft's `operator new`, `_malloc_base` and `std::_Allocate`; the x64 calling convention.

use super::{Confidence, Crash, Found, grouped};

pub(super) fn detect(crash: &Crash<'_>) -> Option<Found> {
    let request = crash.request?;
    let (name, frame, size) = (request.asked.name(), request.frame, request.bytes);
    let parameter = crash.disputed_parameter();
    let disputed = request.is_disputed() || parameter.is_some_and(|size| can_be(crash, size));
    let when = if request.earlier { " when the earlier exception was thrown" } else { "" };
    let title = if disputed {
        format!(
            "{name} (frame {frame}) was asked for {} bytes ({size:#x}){when}, but another source says otherwise.",
            grouped(size)
        )
    } else {
        format!("{name} (frame {frame}) was asked for {} bytes ({size:#x}){when}.", grouped(size))
    };
    let several = request.sources.len() > 1 || request.container.is_some();
    let confidence = match (disputed, several) {
        (true, _) => Confidence::Low,
        (false, true) => Confidence::High,
        (false, false) => Confidence::Medium,
    };
    let mut found = Found::new(confidence, title);
    if !request.earlier {
        found = found.of_frame(frame); // the debugger does not show the stack of an earlier exception
    }
    for source in &request.sources {
        found = found.with(source.what.as_str(), format!("{:#x}", source.bytes));
    }
    if let Some(size) = parameter {
        let why =
            if can_be(crash, size) { "" } else { ", which is an address, or larger than the address space" };
        found = found.with("the exception's parameter 0", format!("{size:#x}{why}"));
    }
    Some(match request.padding {
        Some(padding) => found.with("added by std::_Allocate", format!("{padding:#x}")),
        None => found,
    })
}

/// Whether a number can be a size: it is neither more than any process has nor an address of the process's memory.
fn can_be(crash: &Crash<'_>, size: u64) -> bool {
    let most = crash.facts.memory.total_bytes.unwrap_or(1 << 47);
    let module = crash
        .facts
        .modules
        .iter()
        .any(|m| size.checked_sub(m.base.0).is_some_and(|offset| offset < m.size_bytes));
    let heap = crash.facts.heaps.iter().any(|heap| heap.handle.0 == size);
    size <= most && !module && !heap
}
