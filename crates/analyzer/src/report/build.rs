//! From facts to the report.

use std::collections::HashMap;

use dumplens_core::minidump::{CodeView, MinidumpMiscInfo, MinidumpModule, Module};
use dumplens_core::process::{ProcessParameters, Teb};
use dumplens_core::{Arch, StreamType, VmCounters};

use super::{
    CodeReport, CountersReport, DumpReport, HandleCount, MemoryReport, ModuleReport, Options, PlaceReport,
    ProcessReport, Report, RowReport, SCHEMA_VERSION, StackReport, Stacks, StreamReport, SystemMemoryReport,
    SystemReport, ThreadReport, WarningReport, exception, space,
};
use crate::address_space::Coverage;
use crate::findings::{self, Facts, code, earlier_bad_alloc};
use crate::owners::{self, Holdings};
use crate::process::{Process, Thread, known};
use crate::request::{self, Request};
use crate::stack::Walker;
use crate::totals::{Totals, TotalsRow};
use crate::usage::{Owner, Usage};
use crate::warning::Warning;
use crate::{clock, names, signature, stack_use, verdict};

impl Report {
    /// Puts the facts in the report's shape.
    pub fn new(process: &Process<'_>, options: &Options) -> Report {
        let mut warnings = process.warnings.clone();
        let misc = process.dump.misc_info().ok().flatten();
        let details = options.details;
        let holdings = if details { owners::holdings(&process.space) } else { HashMap::new() };
        let walker = Walker::new(process);
        let asks = options.verdict || options.stacks != Stacks::None;
        let request = if asks { request(&walker) } else { None };
        let threads = if details {
            threads(&walker, options, &holdings, request.as_ref(), &mut warnings)
        } else {
            Vec::new()
        };
        let request = request.or_else(|| earlier_request(&walker, &threads));
        let mut report = Report {
            schema_version: SCHEMA_VERSION,
            dump: dump(process, options, &mut warnings),
            system: system(process, misc.as_ref(), &mut warnings),
            process: self::process(process, misc.as_ref(), options, &mut warnings),
            exception: exception::exception(process, details, &mut warnings),
            threads,
            modules: if details { modules(process, &holdings) } else { Vec::new() },
            heaps: if details { space::heaps(process, &holdings) } else { Vec::new() },
            memory: memory(process, details, &mut warnings),
            verdict: None,
            signature: None,
            findings: Vec::new(),
            request,
            warnings: warnings.iter().map(WarningReport::from).collect(),
        };
        if options.verdict {
            report.judge(process);
        }
        // Before names: with symbols and without, it is the same.
        let walked = matches!(options.stacks, Stacks::Exception | Stacks::All);
        let verdict = report.verdict.as_ref().filter(|_| walked);
        report.signature = verdict.map(|verdict| signature::of(process, &report, verdict));
        report
    }

    /// Finds what there is to find, and weighs it. Once more after [`Report::symbolise`], names count too.
    pub(crate) fn judge(&mut self, process: &Process<'_>) {
        let facts = Facts::new(process, self);
        let findings = findings::all(&facts);
        let verdict = verdict::of(&facts, &findings);
        (self.findings, self.verdict) = (findings, Some(verdict));
    }
}

/// Frames among which a function that allocates is looked for: a throw stands near it.
const NEAR: usize = 10;
/// The same where the program ended itself: between the two stand the runtime and the search for a handler.
const FAR: usize = 48;

/// What the exception's thread asked for, if its stack tells.
fn request(walker: &Walker<'_, '_>) -> Option<Request> {
    let process = walker.process();
    let exception = process.dump.exception().ok().flatten().filter(|_| process.is_windows())?;
    let near = match u64::from(exception.raw.exception_record.exception_code) {
        code::STACK_BUFFER_OVERRUN | code::FATAL_APP_EXIT => FAR,
        _ => NEAR,
    };
    let index = process.threads.iter().position(|thread| thread.id == exception.raw.thread_id)?;
    request::find(walker.code(), &walker.walk(index), near)
}

/// What the crashed thread had asked for when an earlier exception of it said that memory was refused.
fn earlier_request(walker: &Walker<'_, '_>, threads: &[ThreadReport]) -> Option<Request> {
    let id = walker.process().dump.exception().ok().flatten()?.raw.thread_id;
    let thread = threads.iter().find(|thread| thread.id == id)?;
    let record = earlier_bad_alloc::to_walk_from(thread)?;
    let stack = walker.walk_raised(thread.index, record.at.0, record.address.0)?;
    request::find(walker.code(), &stack, NEAR).map(|request| Request { earlier: true, ..request })
}

fn dump(process: &Process<'_>, options: &Options, warnings: &mut Vec<Warning>) -> DumpReport {
    let dump = process.dump;
    let memory = dump.memory();
    let stream = |s: &dumplens_core::StreamLocation| StreamReport {
        kind: s.kind.0,
        name: s.kind.to_string(),
        size_bytes: s.size,
    };
    DumpReport {
        path: options.path.clone(),
        size_bytes: dump.size(),
        flags: dump.header().flags.into(),
        created: clock::from_unix(dump.header().time_date_stamp),
        arch: dump.arch().map(arch_name),
        pointer_bits: dump.width().bits(),
        truncated: memory.missing_bytes() > 0 || dump.streams().iter().any(|s| s.present < s.size),
        missing_bytes: memory.missing_bytes(),
        kept_bytes: memory.listed_bytes().saturating_sub(memory.missing_bytes()),
        comment: process.comment(warnings),
        streams: dump.streams().iter().map(stream).collect(),
    }
}

fn arch_name(arch: Arch) -> String {
    match arch {
        Arch::X86 => "x86".to_owned(),
        Arch::X64 => "x86_64".to_owned(),
        Arch::Arm64 => "arm64".to_owned(),
        Arch::Arm => "arm".to_owned(),
        Arch::Other(raw) => format!("{raw:#x}"),
    }
}

fn system(
    process: &Process<'_>,
    misc: Option<&MinidumpMiscInfo>,
    warnings: &mut Vec<Warning>,
) -> SystemReport {
    let info = process.system.as_ref();
    let os = info.map(|s| {
        let (version, _) = s.os_parts();
        format!("{} {version}", s.os.long_name())
    });
    let build_string = misc.and_then(|m| m.raw.build_string()).map(|units| utf16_until_nul(units));
    SystemReport {
        os,
        build: info.map(|s| s.raw.build_number),
        build_string: build_string.filter(|s| !s.is_empty()),
        service_pack: info
            .and_then(dumplens_core::minidump::MinidumpSystemInfo::csd_version)
            .map(std::borrow::Cow::into_owned)
            .filter(|s| !s.is_empty()),
        processors: info.map(|s| u32::from(s.raw.number_of_processors)).filter(|n| *n != 0),
        uptime_seconds: process.shared_data.map(|k| k.uptime_ms as f64 / 1000.0).filter(|s| *s > 0.0),
        time: process.shared_data.and_then(|k| k.system_time).and_then(clock::from_filetime),
        memory: system_memory(process, warnings),
    }
}

/// SystemMemoryInfo; without it, KUSER_SHARED_DATA still tells the size of RAM.
fn system_memory(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<SystemMemoryReport> {
    let physical =
        process.shared_data.and_then(|k| k.physical_pages).and_then(|pages| pages.checked_mul(4096));
    let stream = known(process.dump.system_memory(), warnings).flatten();
    if stream.is_none() && process.dump.stream(StreamType::SYSTEM_MEMORY_INFO).is_some() {
        stream_empty("SystemMemoryInfoStream", warnings);
    }
    let Some(memory) = stream else {
        return physical.map(|bytes| SystemMemoryReport {
            physical_bytes: Some(bytes),
            available_bytes: None,
            commit_bytes: None,
            commit_limit_bytes: None,
            commit_peak_bytes: None,
        });
    };
    Some(SystemMemoryReport {
        physical_bytes: memory.physical_bytes.or(physical),
        available_bytes: memory.available_bytes,
        commit_bytes: memory.committed_bytes,
        commit_limit_bytes: memory.commit_limit_bytes,
        commit_peak_bytes: memory.commit_peak_bytes,
    })
}

/// Says that a stream holds only zeros, unless its damage was reported already.
fn stream_empty(stream: &'static str, warnings: &mut Vec<Warning>) {
    if !warnings.iter().any(|w| matches!(w, Warning::Damage(d) if d.to_string().starts_with(stream))) {
        warnings.push(Warning::StreamEmpty { stream });
    }
}

fn process(
    process: &Process<'_>,
    misc: Option<&MinidumpMiscInfo>,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> ProcessReport {
    let raw = misc.map(|m| &m.raw);
    let created = raw.and_then(|m| m.process_create_time()).copied().filter(|t| *t != 0);
    let written = process.dump.header().time_date_stamp;
    if let Some(late) = created.and_then(|c| c.checked_sub(written)).filter(|late| *late > 0 && written != 0)
    {
        warnings.push(Warning::ProcessFromTheFuture { seconds: u64::from(late) });
    }
    let by_teb = process.id.and_then(|id| u32::try_from(id).ok());
    ProcessReport {
        id: raw.and_then(|m| m.process_id()).copied().or(by_teb),
        image: image(process),
        command_line: if options.include_secrets { command_line(process) } else { None },
        created: created.and_then(clock::from_unix),
        // Zero is not believed: writers that know no creation time give the dump's own, as the debugger assumes too.
        uptime_seconds: created.and_then(|c| written.checked_sub(c)).filter(|s| *s != 0).map(u64::from),
        user_seconds: raw.and_then(|m| m.process_user_time()).copied(),
        kernel_seconds: raw.and_then(|m| m.process_kernel_time()).copied(),
        wow64: process.wow64,
        pebs: process.pebs.iter().map(|p| p.address.into()).collect(),
        handles: if options.details { handles(process, warnings) } else { None },
        counters: counters(process, warnings),
    }
}

/// The program: the module at the PEB's image base, or else the first of the list, which it is by convention.
fn image(process: &Process<'_>) -> Option<String> {
    let by_peb = process
        .pebs
        .iter()
        .find_map(|peb| process.modules.iter().find(|m| m.base_address() == peb.image_base));
    let module = by_peb.or(process.modules.first())?;
    Some(module.code_file().into_owned()).filter(|path| !path.is_empty())
}

fn command_line(process: &Process<'_>) -> Option<String> {
    let read = |peb: &dumplens_core::process::Peb| {
        let at = peb.process_parameters.filter(|p| *p != 0)?;
        ProcessParameters::read(process.dump.memory(), at, peb.width).ok()?.command_line().ok()
    };
    process.pebs.iter().find_map(read)
}

fn handles(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<Vec<HandleCount>> {
    let handles = known(process.dump.handles(), warnings)??;
    warnings.extend(handles.damage.into_iter().map(Warning::Damage));
    let mut counts: HashMap<String, u64> = HashMap::new();
    for handle in handles.list.iter() {
        *counts.entry(handle.type_name.clone().unwrap_or_default()).or_default() += 1;
    }
    let mut counts: Vec<HandleCount> =
        counts.into_iter().map(|(kind, count)| HandleCount { kind, count }).collect();
    counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kind.cmp(&b.kind)));
    Some(counts)
}

fn counters(process: &Process<'_>, warnings: &mut Vec<Warning>) -> Option<CountersReport> {
    let stream = known(process.dump.vm_counters(), warnings).flatten();
    if stream.is_none() && process.dump.stream(StreamType::PROCESS_VM_COUNTERS).is_some() {
        stream_empty("ProcessVmCountersStream", warnings);
    }
    let c: VmCounters = stream?;
    Some(CountersReport {
        private_bytes: c.private_bytes,
        pagefile_bytes: c.pagefile_bytes,
        peak_pagefile_bytes: c.peak_pagefile_bytes,
        working_set_bytes: c.working_set_bytes,
        peak_working_set_bytes: c.peak_working_set_bytes,
        private_working_set_bytes: c.private_working_set_bytes,
        virtual_bytes: c.virtual_bytes,
        peak_virtual_bytes: c.peak_virtual_bytes,
        shared_commit_bytes: c.shared_commit_bytes,
        job_private_commit_bytes: c.job_private_commit_bytes,
        job_private_commit_limit_bytes: c.job_private_commit_limit_bytes,
        job_total_commit_limit_bytes: c.job_total_commit_limit_bytes,
        page_faults: c.page_faults,
    })
}

/// What every owner has.
type Owned = HashMap<(Owner, Usage), Holdings>;

fn threads(
    walker: &Walker<'_, '_>,
    options: &Options,
    owned: &Owned,
    request: Option<&Request>,
    warnings: &mut Vec<Warning>,
) -> Vec<ThreadReport> {
    let process = walker.process();
    let mut threads: Vec<ThreadReport> = process.threads.iter().map(|t| thread(process, t, owned)).collect();
    let unusable = |t: &&ThreadReport| t.ip.is_none() && process.dump.has_context(t.index);
    if let Some(first) = threads.iter().find(unusable).map(|t| t.id) {
        let count = threads.iter().filter(unusable).count() as u64;
        let processor_known = process.dump.arch().is_some();
        warnings.push(Warning::ContextsUnusable { count, first, processor_known });
    }
    // A verdict names the place of the crash.
    let stacks = if options.verdict { options.stacks.or_exception() } else { options.stacks };
    super::stack::fill(walker, stacks, request, &mut threads);
    super::earlier::fill(walker, options, &mut threads, warnings);
    threads
}

fn thread(process: &Process<'_>, thread: &Thread<'_>, owned: &Owned) -> ThreadReport {
    let teb = thread.program_teb();
    let context = process.dump.context(thread.index);
    let sp = context.as_ref().map(dumplens_core::minidump::MinidumpContext::get_stack_pointer);
    let stack =
        |teb: &Teb<'_>| Box::new(stack(process, teb, sp, owned.get(&process.stack_key(thread.index, teb))));
    let code =
        |code: u32, name: fn(u32) -> Option<String>| CodeReport { code: code.into(), name: name(code) };
    ThreadReport {
        id: thread.id,
        index: thread.index,
        name: thread.name.clone(),
        teb: thread.teb_address.into(),
        teb32: thread.teb32.map(|t| t.address.into()),
        stack: teb.map(stack),
        stack64: thread.teb32.and(thread.teb.as_ref()).map(stack),
        last_error: teb.map(|t| code(t.last_error, names::win32_error)),
        last_status: teb.and_then(|t| t.last_status().ok()).map(|c| code(c, names::nt_status)),
        suspend_count: thread.suspend_count,
        ip: context.as_ref().map(|c| c.get_instruction_pointer().into()),
        sp: sp.map(Into::into),
        start_address: thread.start_address.map(Into::into),
        top: None,
        top_ip: None,
        start_symbol: Vec::new(),
        frames: None,
        stopped: None,
        blame: None,
        exceptions: None,
    }
}

fn stack(process: &Process<'_>, teb: &Teb<'_>, sp: Option<u64>, owned: Option<&Holdings>) -> StackReport {
    let owned = owned.filter(|_| process.space.is_mapped());
    let in_use = sp.filter(|sp| (teb.stack_limit..teb.stack_base).contains(sp)).map(|sp| teb.stack_base - sp);
    StackReport {
        base: teb.stack_base.into(),
        limit: teb.stack_limit.into(),
        reserved_from: process.stack(teb).map(|(base, ..)| base.into()),
        reserved_bytes: owned.map(|h| h.reserved),
        committed_bytes: owned.map(|h| h.committed),
        guard_bytes: owned.map(|h| h.guard),
        deepest_bytes: stack_use::deepest(process, teb).map(|lowest| teb.stack_base - lowest),
        in_use_bytes: in_use,
    }
}

fn modules(process: &Process<'_>, owned: &Owned) -> Vec<ModuleReport> {
    let of = |index| owned.get(&(Owner::Module(index), Usage::Image)).filter(|_| process.space.is_mapped());
    process.modules.iter().enumerate().map(|(index, m)| module(m, of(index))).collect()
}

fn module(module: &MinidumpModule, owned: Option<&Holdings>) -> ModuleReport {
    let pdb = match &module.codeview_info {
        Some(CodeView::Pdb70(record)) => Some(String::from_utf8_lossy(&record.pdb_file_name).into_owned()),
        Some(CodeView::Pdb20(record)) => Some(String::from_utf8_lossy(&record.pdb_file_name).into_owned()),
        _ => None,
    };
    ModuleReport {
        base: module.base_address().into(),
        size_bytes: module.size(),
        path: module.code_file().into_owned(),
        version: module.version().map(std::borrow::Cow::into_owned),
        time_date_stamp: module.raw.time_date_stamp.into(),
        pdb: pdb.map(|p| p.trim_end_matches('\0').to_owned()),
        debug_id: module.debug_identifier().map(|id| id.breakpad().to_string()),
        private_bytes: owned.map(|h| h.writable),
        write_copy_bytes: owned.map(|h| h.write_copy),
    }
}

fn memory(process: &Process<'_>, details: bool, warnings: &mut Vec<Warning>) -> MemoryReport {
    let totals = Totals::of(&process.space);
    if totals.odd_states > 0 {
        warnings.push(Warning::RegionsOddState { count: totals.odd_states });
    }
    let (complete, mapped) = (process.space.coverage == Coverage::Whole, process.space.is_mapped());
    let place = |(base, size_bytes): (u64, u64)| PlaceReport { base: base.into(), size_bytes };
    let row = |r: TotalsRow| RowReport {
        name: r.name,
        regions: r.regions,
        size_bytes: r.size,
        largest: place(r.largest),
    };
    // Without a map, type and protection are not known either.
    let table = |rows: Vec<TotalsRow>| if mapped { rows.into_iter().map(row).collect() } else { Vec::new() };
    let known = |bytes: u64| complete.then_some(bytes);
    MemoryReport {
        complete,
        regions: mapped.then_some(process.space.regions.len() as u64),
        classified_regions: totals.regions,
        total_bytes: known(totals.total),
        busy_bytes: known(totals.busy),
        commit_bytes: known(totals.commit),
        reserve_bytes: known(totals.reserve),
        free_bytes: known(totals.free),
        largest_free: totals.largest_free.filter(|_| complete).map(place),
        private_commit_estimate_bytes: known(totals.private_commit),
        allocations: (details && mapped).then(|| space::allocations(process)),
        fragmentation: totals.fragmentation().filter(|_| complete),
        usage: totals.usage.into_iter().map(row).collect(),
        kind: table(totals.kind),
        state: table(totals.state),
        protect: table(totals.protect),
    }
}

fn utf16_until_nul(units: &[u16]) -> String {
    String::from_utf16_lossy(units.split(|u| *u == 0).next().unwrap_or_default())
}
