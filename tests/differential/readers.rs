//! The three readers: dumplens as its report says it, the `minidump` crate on the file itself, and reader.py.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use dumplens_analyzer::{Facts, Options, Process, Question};
use dumplens_core::{Dump, MemoryInfo};
use minidump::format as md;
use minidump::{
    Error, Minidump, MinidumpException, MinidumpMemory64List, MinidumpMemoryInfoList, MinidumpMemoryList,
    MinidumpModule, MinidumpModuleList, MinidumpStream, MinidumpThreadList, Module as _,
};

use crate::view::{Part, Range, Region, View};

/// What dumplens says, and the codes of its warnings; `None` if it refuses the file.
pub(crate) fn dumplens(bytes: &[u8]) -> Option<(View, Vec<String>)> {
    let dump = Dump::open(bytes.to_vec()).ok()?;
    let process = Process::gather(&dump);
    let report = Facts::gather(&process, Question::Lists, &Options::default());
    let region = |r: MemoryInfo| {
        // Windows leaves it open what AllocationBase is of a free region.
        let allocation = if r.state.is_free() { 0 } else { r.allocation_base };
        (r.base, r.size, allocation, r.allocation_protect.0, r.state.0, r.protect.0, r.kind.0)
    };
    let memory = &report.memory;
    let largest = memory.largest_free.as_ref().map(|place| (place.base.0, place.size_bytes));
    let threads = report.threads.iter().filter(|t| t.listed);
    let threads = threads.map(|t| (t.id, t.suspend_count, t.teb.0, t.ip.map(|ip| ip.0), t.sp.map(|sp| sp.0)));
    let modules = report.modules.iter();
    let time = |time: u64| u32::try_from(time).expect("32 bits");
    let modules = modules.map(|m| (m.base.0, m.size_bytes, time(m.time_date_stamp.0), m.path.clone()));
    let code = |code: u64| u32::try_from(code).expect("32 bits");
    let exception = report.exception.as_ref().map(|e| {
        let parameters = e.parameters.iter().map(|p| p.0).collect();
        (e.thread_id, code(e.code.0), code(e.flags.0), e.address.0, parameters)
    });
    let view = View {
        bits: dump.width().bits(),
        listed: Part::of(dump.memory_info()).map(|list| list.regions.iter().map(region).collect()),
        map: process.space.is_mapped().then(|| process.space.regions.iter().map(region).collect()),
        totals: memory.complete.then_some((
            memory.total_bytes,
            memory.commit_bytes,
            memory.reserve_bytes,
            memory.free_bytes,
            largest,
        )),
        ranges: held(dump.memory().ranges().map(|r| (r.start, r.size, r.offset)).collect(), bytes.len()),
        threads: Part::of(dump.threads()).map(|_| threads.collect()),
        modules: Part::of(dump.modules()).map(|_| modules.collect()),
        exception: Part::of(dump.exception()).map(|_| exception.expect("an exception that is there")),
    };
    Some((view, report.warnings.iter().map(|w| w.code.clone()).collect()))
}

/// What the crate reads, with addresses as they stand there but for those of kept ranges, which are sorted by them; `Err` if it refuses the file.
pub(crate) fn minidump(bytes: &[u8], bits: u32) -> Result<View, Error> {
    let dump = Minidump::read(bytes)?;
    let listed =
        part::<MinidumpMemoryInfoList<'_>>(&dump).map(|list| list.iter().map(|r| raw(&r.raw)).collect());
    let threads = part::<MinidumpThreadList<'_>>(&dump);
    let threads = threads.map(|list| {
        list.threads.iter().map(|t| (t.raw.thread_id, t.raw.suspend_count, t.raw.teb, None, None)).collect()
    });
    let module =
        |m: &MinidumpModule| (m.base_address(), m.size(), m.raw.time_date_stamp, m.code_file().into_owned());
    let exception = part::<MinidumpException<'_>>(&dump).map(|e| {
        let record = &e.raw.exception_record;
        let count = record.number_parameters.min(15) as usize;
        let parameters = record.exception_information[..count].to_vec();
        let (code, flags) = (record.exception_code, record.exception_flags);
        (e.raw.thread_id, code, flags, record.exception_address, parameters)
    });
    let modules = part::<MinidumpModuleList>(&dump).map(|list| list.iter().map(module).collect());
    Ok(View {
        bits,
        listed,
        map: None,
        totals: None,
        ranges: ranges(&dump, bytes, bits),
        threads,
        modules,
        exception,
    })
}

fn part<'d, S: MinidumpStream<'d>>(dump: &'d Minidump<'_, &[u8]>) -> Part<S> {
    match dump.get_stream::<S>() {
        Ok(stream) => Part::Is(stream),
        Err(Error::StreamNotFound) => Part::Absent,
        Err(_) => Part::Lost,
    }
}

fn raw(r: &md::MINIDUMP_MEMORY_INFO) -> Region {
    let allocation = if r.state == 0x1_0000 { 0 } else { r.allocation_base };
    let (base, size) = (r.base_address, r.region_size);
    (base, size, allocation, r.allocation_protection, r.state, r.protection, r._type)
}

/// Of both lists, in the order of the directory; a list that the crate lost is empty.
fn ranges(dump: &Minidump<'_, &[u8]>, file: &[u8], bits: u32) -> Vec<Range> {
    let place = |bytes: &[u8]| (bytes.as_ptr() as usize - file.as_ptr() as usize) as u64;
    let mut list64: Vec<Range> = Vec::new();
    if let Part::Is(list) = part::<MinidumpMemory64List<'_>>(dump) {
        list64.extend(list.iter().map(|r| (address(r.base_address, bits), r.size, place(r.bytes))));
    }
    let mut list32: Vec<Range> = Vec::new();
    if let Part::Is(list) = part::<MinidumpMemoryList<'_>>(dump) {
        list32.extend(list.iter().map(|r| (address(r.base_address, bits), r.size, place(r.bytes))));
    }
    let lists = if directory(file).position(|(kind, _)| kind == 5)
        < directory(file).position(|(kind, _)| kind == 9)
    {
        [list32, list64]
    } else {
        [list64, list32]
    };
    let mut all = Vec::new();
    for list in lists {
        join(&mut all, list);
        all = settled(all);
    }
    held(all, file.len())
}

/// Type and place of the entries of the directory.
pub(crate) fn directory(file: &[u8]) -> impl Iterator<Item = (u32, usize)> + '_ {
    let (count, at) = (u32_at(file, 8).unwrap_or(0), u32_at(file, 12).unwrap_or(0) as usize);
    (0..count.min(4096) as usize).map_while(move |n| {
        let entry = at + n * 12;
        Some((u32_at(file, entry)?, u32_at(file, entry + 8)? as usize))
    })
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// An address without the sign that 32-bit writers extend.
pub(crate) fn address(address: u64, bits: u32) -> u64 {
    if bits == 32 && address >> 32 == 0xffff_ffff { address & 0xffff_ffff } else { address }
}

/// Adds ranges; neighbours that are listed one behind the other are one.
fn join(all: &mut Vec<Range>, list: Vec<Range>) {
    for (start, size, place) in list {
        match all.last_mut() {
            _ if size == 0 || start.checked_add(size).is_none() => {}
            Some(last) if last.0 + last.1 == start && last.2 + last.1 == place => last.1 += size,
            _ => all.push((start, size, place)),
        }
    }
}

/// By address, each address from the lower range.
fn settled(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_by_key(|r| r.0);
    let mut covered = 0;
    ranges.retain_mut(|(start, size, place)| {
        let hidden = (covered.max(*start) - *start).min(*size);
        covered = covered.max(*start + *size);
        (*start, *size, *place) = (*start + hidden, *size - hidden, *place + hidden);
        *size > 0
    });
    ranges
}

/// Without what the file does not hold.
fn held(ranges: Vec<Range>, file: usize) -> Vec<Range> {
    let mut out = Vec::new();
    let size = |(_, size, place): Range| size.min((file as u64).saturating_sub(place));
    join(&mut out, ranges.into_iter().map(|r| (r.0, size(r), r.2)).collect());
    out
}

/// reader.py, running.
pub(crate) struct Python {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// Where `needs::PYTHON` is met.
    pub(crate) fn start() -> Python {
        let reader = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/differential/reader.py");
        let mut command = Command::new(crate::needs::python().expect("Python"));
        let mut child =
            command.arg(reader).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("a pipe")));
        Python { child, input, output }
    }

    /// `None` if it refuses the file.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Option<View> {
        let input = self.input.as_mut().expect("a pipe");
        let length = (bytes.len() as u64).to_le_bytes();
        input.write_all(&length).and_then(|()| input.write_all(bytes)).expect("a reader that reads");
        input.flush().expect("a reader that reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("an answer");
        let answer: serde_json::Value = serde_json::from_str(&line).expect("an answer in JSON");
        (answer["refused"] == false).then(|| serde_json::from_value(answer).expect("a view"))
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
