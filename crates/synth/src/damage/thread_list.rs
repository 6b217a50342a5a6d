//! 110 to 134: threads, contexts, thread names, the exception.

use super::{Base, Recipe};
use crate::bytes::{Fields, Push};
use crate::constants::{EXCEPTION_STREAM, THREAD_INFO_LIST_STREAM, THREAD_LIST_STREAM, THREAD_NAMES_STREAM};
use crate::threads::{Exception, Thread};

pub(super) const RECIPES: &[Recipe] = &[
    ("110_threads_padded_count", |base| base.tiny.padded(THREAD_LIST_STREAM)),
    ("111_threads_count_less_than_list", |base| threads(base, |p, at| p.u32(at, 1))),
    ("112_contexts_outside_file", |base| contexts(base, 1232, 0xFFFF_FF00)),
    ("113_contexts_none", |base| contexts(base, 0, 0)),
    ("114_contexts_100_bytes", |base| base.tiny.remake(|process| raw_contexts(process, 100))),
    ("115_contexts_x86_in_x64_dump", |base| base.tiny.remake(|process| raw_contexts(process, 0x2CC))),
    ("116_context_size_ffffffff", |base| threads(base, |p, at| p.u32(at + 4 + 0x28, u32::MAX))),
    ("117_threads_same_id", |base| base.tiny.remake(|process| process.threads[1].id = process.threads[0].id)),
    ("118_threads_same_teb", |base| {
        base.tiny.remake(|process| process.threads[1].teb = process.threads[0].teb)
    }),
    ("119_threads_65536_without_anything", |base| {
        base.tiny.remake(|process| {
            process.threads = (0..65_536).map(|id| Thread { id, ..Thread::default() }).collect();
        })
    }),
    ("120_no_threads", |base| base.tiny.remake(|process| process.threads.clear())),
    ("121_threadinfo_entry_0", |base| {
        base.tiny.patch(|p| p.u32(base.tiny.rva(THREAD_INFO_LIST_STREAM) + 4, 0))
    }),
    ("122_threadinfo_count_ffffffff", |base| {
        base.tiny.patch(|p| p.u32(base.tiny.rva(THREAD_INFO_LIST_STREAM) + 8, u32::MAX))
    }),
    ("123_thread_names_count_ffffffff", |base| names(base, |p, at| p.u32(at, u32::MAX))),
    ("124_thread_name_rva_outside", |base| names(base, |p, at| p.u64(at + 8, 0xFFFF_FF00))),
    ("125_thread_name_rva_2^64-1", |base| names(base, |p, at| p.u64(at + 8, u64::MAX))),
    ("126_thread_name_unpaired_surrogate", |base| name(base, |p, at| p.u16(at + 4, 0xDC00))),
    ("127_thread_name_odd_length", |base| name(base, |p, at| p.u32(at, 3))),
    ("128_thread_name_len_fffffffe", |base| name(base, |p, at| p.u32(at, 0xFFFF_FFFE))),
    ("129_exception_thread_unknown", |base| exception(base, |exception| exception.thread_id = 0xDEAD)),
    ("130_exception_without_context", |base| exception(base, |exception| exception.context = None)),
    ("131_exception_cut", |base| {
        base.tiny.replaced(EXCEPTION_STREAM, &base.tiny.contents(EXCEPTION_STREAM)[..40])
    }),
    ("132_exception_16_parameters", |base| {
        base.tiny.patch(|p| p.u32(base.tiny.rva(EXCEPTION_STREAM) + 0x20, 16))
    }),
    ("133_no_exception", |base| base.tiny.remake(|process| process.exception = None)),
    ("134_exception_code_0", |base| {
        exception(base, |exception| *exception = Exception { thread_id: 1000, ..Exception::default() })
    }),
];

fn threads(base: &Base, change: impl Fn(&mut Fields, usize)) -> Vec<u8> {
    base.tiny.patch(|p| change(p, base.tiny.rva(THREAD_LIST_STREAM)))
}

/// The same context location for every thread and the exception.
fn contexts(base: &Base, size: u32, rva: u32) -> Vec<u8> {
    let list = base.tiny.rva(THREAD_LIST_STREAM) + 4 + 0x28;
    let exception = base.tiny.rva(EXCEPTION_STREAM) + 0xA0;
    base.tiny.patch(|p| {
        for at in [list, list + 0x30, exception] {
            p.u32(at, size);
            p.u32(at + 4, rva);
        }
    })
}

/// The first `size` bytes of each context only.
fn raw_contexts(process: &mut crate::Process, size: usize) {
    let arch = process.arch;
    for context in process.threads.iter_mut().filter_map(|thread| thread.context.as_mut()) {
        let mut raw = context.to_bytes(arch);
        raw.truncate(size);
        context.raw = Some(raw);
    }
}

fn names(base: &Base, change: impl Fn(&mut Fields, usize)) -> Vec<u8> {
    base.tiny.patch(|p| change(p, base.tiny.rva(THREAD_NAMES_STREAM)))
}

/// Changes the first thread's name, a MINIDUMP_STRING.
fn name(base: &Base, change: impl Fn(&mut Fields, usize)) -> Vec<u8> {
    let at = base.tiny.u32(base.tiny.rva(THREAD_NAMES_STREAM) + 8) as usize;
    let mut expected = vec![8, 0, 0, 0];
    expected.extend(crate::bytes::utf16("main"));
    expected.u16(0);
    assert_eq!(base.tiny.bytes[at..at + 14], expected);
    base.tiny.patch(|p| change(p, at))
}

fn exception(base: &Base, change: impl Fn(&mut Exception)) -> Vec<u8> {
    base.tiny.remake(|process| change(process.exception.as_mut().expect("tiny has one")))
}
