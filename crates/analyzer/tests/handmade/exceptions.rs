//! Exceptions of several kinds, written by hand.

use dumplens_analyzer::facts::{
    AccessKind, AccessReport, Chance, CodeReport, CppReport, EarlierReport, ExceptionReport, Hex,
    RegionReport,
};

use super::regions::{free_region, guard_region, image_region};
use super::text;

/// `std::bad_alloc`, whose writer put an escape sequence into its text.
pub(crate) fn thrown() -> ExceptionReport {
    ExceptionReport {
        code: Hex(0xe06d_7363),
        name: text("Visual C++ exception"),
        meaning: text("C++ code of Visual C++ threw an exception."),
        chance: Some(Chance::NotRecorded),
        flags: Hex(1),
        noncontinuable: Some(true),
        address: Hex(0x7ffb_1234_5678),
        symbol: Vec::new(),
        module_index: None,
        thread_id: 1000,
        parameters: [0x1993_0520, 0xab_cdef, 0x7ff6_0000_2800].map(Hex).to_vec(),
        fast_fail: None,
        access: None,
        hresult: None,
        cpp: Some(CppReport {
            type_name: text("std::bad_alloc"),
            decorated: text(".?AVbad_alloc@std@@"),
            bases: vec!["std::exception".into()],
            what: text("bad \u{1b}[31mallocation"),
            result: None,
            thrown_by: None,
            problem: None,
        }),
        delay_load: None,
        analysis: None,
        fault: None,
        original: None,
    }
}

fn accessed(kind: Option<AccessKind>, address: u64, region: Option<RegionReport>) -> ExceptionReport {
    ExceptionReport {
        code: Hex(0xc000_0005),
        name: text("STATUS_ACCESS_VIOLATION"),
        flags: Hex(0),
        noncontinuable: Some(false),
        meaning: None,
        parameters: vec![Hex(0), Hex(address)],
        access: Some(AccessReport {
            kind,
            address: Hex(address),
            null_page: false,
            non_canonical: false,
            region: region.map(Box::new),
            module: None,
            offset: None,
            status: None,
            unloaded: None,
            below_stack_limit_bytes: None,
        }),
        cpp: None,
        ..thrown()
    }
}

fn of(mut exception: ExceptionReport, change: impl FnOnce(&mut AccessReport)) -> ExceptionReport {
    if let Some(access) = &mut exception.access {
        change(access);
    }
    exception
}

/// One of each kind that is told apart.
pub(crate) fn all() -> Vec<ExceptionReport> {
    let status = CodeReport { code: Hex(0xc000_009c), name: text("STATUS_DEVICE_DATA_ERROR") };
    let in_page = ExceptionReport {
        code: Hex(0xc000_0006),
        name: text("STATUS_IN_PAGE_ERROR"),
        ..of(accessed(Some(AccessKind::Execute), 0x7ff6_4000_1044, Some(image_region())), |access| {
            (access.module, access.offset) = (text("a\u{202e}pp"), Some(Hex(0x1044)));
            access.status = Some(status);
        })
    };
    let unknown = CppReport {
        type_name: None,
        decorated: None,
        bases: Vec::new(),
        what: None,
        result: None,
        thrown_by: None,
        problem: text("the exception names no ThrowInfo"),
    };
    let failed = ExceptionReport {
        code: Hex(0xc000_0409),
        name: text("STATUS_STACK_BUFFER_OVERRUN"),
        meaning: text("The program terminated itself with a fast failure: FAST_FAIL_INVALID_ARG."),
        parameters: vec![Hex(5)],
        fast_fail: Some(CodeReport { code: Hex(5), name: text("FAST_FAIL_INVALID_ARG") }),
        cpp: None,
        ..thrown()
    };
    let signal = ExceptionReport {
        code: Hex(11),
        name: text("SIGSEGV"),
        meaning: None,
        chance: None,
        noncontinuable: None,
        parameters: Vec::new(),
        cpp: None,
        ..thrown()
    };
    vec![
        thrown(),
        ExceptionReport { cpp: Some(unknown), ..thrown() },
        of(accessed(Some(AccessKind::Write), 0x45, Some(free_region())), |access| access.null_page = true),
        of(accessed(Some(AccessKind::Read), u64::MAX, None), |access| access.non_canonical = true),
        of(accessed(Some(AccessKind::Write), 0x40_002f_e000, Some(guard_region())), |access| {
            access.below_stack_limit_bytes = Some(0x1000);
        }),
        of(accessed(None, 0x1_0000_0000, None), |_| {}),
        in_page,
        failed,
        signal,
    ]
}

/// A C++ exception that a frame in use may still hold, and an access violation that is over.
pub(crate) fn earlier() -> Vec<EarlierReport> {
    let first = EarlierReport {
        at: Hex(0x40_002f_fa00),
        in_use: Some(true),
        code: Hex(0xe06d_7363),
        name: text("Visual C++ exception"),
        flags: Hex(1),
        address: Hex(0x7ffb_1234_5678),
        module: text("KERNELBASE"),
        offset: Some(Hex(0x5678)),
        parameters: [0x1993_0520, 0xab_cdef, 0x7ff6_0000_2800].map(Hex).to_vec(),
        cpp_type: text("app::Error<\u{1b}]0;x\u{7}>"),
        size: 0x38,
    };
    let second = EarlierReport {
        at: Hex(0x40_002f_f200),
        in_use: Some(false),
        code: Hex(0xc000_0005),
        name: text("STATUS_ACCESS_VIOLATION"),
        flags: Hex(0),
        parameters: [0, 0x10].map(Hex).to_vec(),
        cpp_type: None,
        module: None,
        offset: None,
        size: 0x30,
        ..first.clone()
    };
    vec![first, second]
}
