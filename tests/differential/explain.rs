//! Two readers disagree: why they may. Each reason is a rule that can be checked on the file at hand; a difference that
//! none covers fails the test.

use minidump::Error;

use crate::readers::{address, directory, minidump, u32_at};
use crate::view::{Module, Part, Range, View};

/// A kind of difference to the crate, and why dumplens answers as it does.
pub(crate) const KINDS: [(&str, &str); 12] = [
    (
        "crate_reads_long_name",
        "the crate reads a name beyond its end, of an odd number of bytes, or longer than 65,534; dumplens leaves it empty, \
      as reader.py does",
    ),
    (
        "crate_refuses",
        "the crate does not open the file: its directory is cut off, or its header is big-endian's",
    ),
    ("crate_panics", "the crate panics on the file"),
    (
        "crate_loses_stream",
        "the crate gives up a whole stream over one entry that it cannot read, over bytes that \
      are left over, or over an end that is cut off; dumplens reads what is there, as reader.py does",
    ),
    (
        "crate_reads_32_bit_count",
        "NumberOfEntries of a MemoryInfoList has 64 bits, of which the crate reads 32",
    ),
    (
        "sign_extended",
        "32-bit writers extend the sign of addresses, and leave anything in the upper halves of an exception's; the crate \
      leaves them so",
    ),
    (
        "crate_reads_unwritten",
        "the place of a stream or of memory is the file's header, or the record of an exception is empty: the crate reads it, \
      dumplens says that it is lost, and so does reader.py",
    ),
    ("last_of_equal_streams", "of two streams of one type the crate takes the last, dumplens the first"),
    (
        "crate_drops_ranges",
        "the crate drops kept ranges of which the file holds only a part, or a whole list for one",
    ),
    (
        "crate_reads_odd_header",
        "SizeOfHeader of a MemoryInfoList is less than a header has: the crate reads entries from the middle of one, \
     dumplens gives the list up, and so does reader.py",
    ),
    (
        "crate_reads_one_memory_list",
        "of a MemoryList and a Memory64List in one file the crate reads one, dumplens both, as reader.py does",
    ),
    (
        "too_many_streams",
        "a directory of more than 4,096 streams is read up to the first entry that can be none",
    ),
];

/// The same kinds of difference to reader.py, which follows the rules of dumplens where files are damaged.
pub(crate) const PYTHON_KINDS: [(&str, &str); 2] = [
    (
        "names_over_budget",
        "dumplens gives up names once those of a file refer to more bytes than it could hold",
    ),
    (
        "context_of_other_form",
        "reader.py reads only the CONTEXT that Windows writes for x86 and x64, and not that of a program's 32-bit half",
    ),
];

/// Streams of a directory that lies before all that it lists, in every dump that was made on purpose.
const MOST_STREAMS: usize = 64;

/// Counts of what was found.
pub(crate) type Found = Vec<&'static str>;

/// dumplens against reader.py: everything is equal but for what is named here.
pub(crate) fn with_python(
    ours: &View,
    python: &View,
    warnings: &[String],
    file: usize,
) -> Result<Found, String> {
    let mut found = Found::new();
    let mut python = python.clone();
    if let (Part::Is(ours), Part::Is(theirs)) = (&ours.threads, &mut python.threads) {
        for (ours, theirs) in ours.iter().zip(theirs) {
            if theirs.3.is_none() && ours.3.is_some() {
                (theirs.3, theirs.4) = (ours.3, ours.4);
                found.push("context_of_other_form");
            }
        }
    }
    if let (Part::Is(ours), Part::Is(theirs)) = (&ours.modules, &mut python.modules) {
        let named: usize = theirs.iter().map(|m| 2 * m.3.encode_utf16().count()).sum();
        for (ours, theirs) in ours.iter().zip(theirs) {
            let lost = ours.3.is_empty() && !theirs.3.is_empty();
            if lost && named > file && warnings.iter().any(|code| code == "parts_lost") {
                theirs.3.clear();
                found.push("names_over_budget");
            }
        }
    }
    // Without a whole map there are no totals; more than 64 bits hold are not told.
    if ours.totals.is_none() || python.totals.is_some_and(|t| t.0.is_none()) {
        python.totals = ours.totals;
    }
    differences(ours, &python).map_or(Ok(found), Err)
}

/// dumplens against the crate. `agreed` says that reader.py reads the file as dumplens does.
pub(crate) fn with_crate(
    ours: &View,
    bytes: &[u8],
    warnings: &[String],
    agreed: bool,
) -> Result<Found, String> {
    let warned = |code: &str| warnings.iter().any(|warning| warning == code);
    let theirs = match std::panic::catch_unwind(|| minidump(bytes, ours.bits)) {
        Ok(Ok(theirs)) => theirs,
        Ok(Err(Error::MissingDirectory)) if warned("directory_cut") || warned("too_many_streams") => {
            return Ok(vec!["crate_refuses"]);
        }
        Ok(Err(error)) => return Err(format!("the crate refuses: {error}")),
        Err(_) if agreed => return Ok(vec!["crate_panics"]),
        Err(_) => return Err("the crate panics".to_owned()),
    };
    let mut found = Found::new();
    let mut theirs = theirs;
    if differences_to_crate(ours, &theirs).is_some() && warned("duplicate_stream") {
        theirs = minidump(&first_of_equals(bytes), ours.bits).map_err(|error| error.to_string())?;
        found.push("last_of_equal_streams");
    }
    // A directory of many streams lies over what it lists: to change it is to change names and lists.
    if found == ["last_of_equal_streams"] && directory(bytes).count() > MOST_STREAMS && agreed {
        return Ok(found);
    }
    if differences_to_crate(ours, &theirs).is_some() && warned("too_many_streams") && agreed {
        return Ok(vec!["too_many_streams"]);
    }
    if differences_to_crate(ours, &theirs).is_some() && ours.bits == 32 {
        let before = theirs.clone();
        undo_sign_extension(&mut theirs);
        if theirs != before {
            found.push("sign_extended");
        }
    }
    if agreed && ours.bits == 32 && take_wrapped(&ours.modules, &mut theirs.modules) {
        found.push("sign_extended");
    }
    if agreed && take_unwritten(ours, &mut theirs, bytes) {
        found.push("crate_reads_unwritten");
    }
    let mut lost = false;
    lost |= give_up(&ours.listed, &mut theirs.listed);
    lost |= give_up(&ours.threads, &mut theirs.threads);
    lost |= give_up(&ours.modules, &mut theirs.modules);
    lost |= give_up(&ours.exception, &mut theirs.exception);
    if lost && agreed {
        found.push("crate_loses_stream");
    }
    if agreed && forget_names(&ours.modules, &mut theirs.modules) {
        found.push("crate_reads_long_name");
    }
    if theirs.listed != ours.listed && agreed && has_64_bit_count(bytes) {
        theirs.listed = ours.listed.clone();
        found.push("crate_reads_32_bit_count");
    }
    if matches!((&ours.listed, &theirs.listed), (Part::Lost, Part::Is(_))) && agreed && has_odd_header(bytes)
    {
        theirs.listed = Part::Lost;
        found.push("crate_reads_odd_header");
    }
    let kinds: Vec<u32> = directory(bytes).map(|(kind, _)| kind).collect();
    if theirs.ranges != ours.ranges && agreed && kinds.contains(&5) && kinds.contains(&9) {
        theirs.ranges.clone_from(&ours.ranges);
        found.push("crate_reads_one_memory_list");
    }
    if theirs.ranges != ours.ranges && agreed && within(&theirs.ranges, &ours.ranges) {
        theirs.ranges.clone_from(&ours.ranges);
        found.push("crate_drops_ranges");
    }
    match differences_to_crate(ours, &theirs) {
        None if !lost || agreed => Ok(found),
        None => Err("the crate loses a stream, and no other reader was there to be asked".to_owned()),
        Some(difference) => Err(difference),
    }
}

/// The first offset at which anything but the header can lie.
const HEADER: usize = 32;

/// Drops what the crate reads although it was not written; whether there was any.
fn take_unwritten(ours: &View, theirs: &mut View, file: &[u8]) -> bool {
    let before = theirs.clone();
    let mut has_ranges = false;
    for (kind, place) in directory(file) {
        let in_header = place < HEADER;
        let words = |from: usize| (from..from + 4).map(|n| u32_at(file, place + 4 * n).unwrap_or(0));
        match kind {
            3 if in_header => lose(&ours.threads, &mut theirs.threads),
            4 if in_header => lose(&ours.modules, &mut theirs.modules),
            16 if in_header => lose(&ours.listed, &mut theirs.listed),
            // ExceptionCode to the address, and NumberParameters.
            6 if in_header
                || (u32_at(file, place + 8) == Some(0)
                    && words(6).take(ours.bits as usize / 32).all(|word| word == 0)
                    && u32_at(file, place + 32) == Some(0)) =>
            {
                lose(&ours.exception, &mut theirs.exception);
            }
            5 | 9 => has_ranges |= in_header || has_place_in_header(file, kind, place),
            _ => {}
        }
    }
    if has_ranges && within(&ours.ranges, &theirs.ranges) {
        theirs.ranges.clone_from(&ours.ranges);
    }
    *theirs != before
}

/// Takes over the modules whose end, with the sign that writers extend, is past 2^64: the crate drops them.
fn take_wrapped(ours: &Part<Vec<Module>>, theirs: &mut Part<Vec<Module>>) -> bool {
    let (Part::Is(ours), Part::Is(theirs)) = (ours, theirs) else { return false };
    let (wrapped, rest): (Vec<_>, Vec<_>) =
        ours.iter().cloned().partition(|module| module.0 + module.1 > 1 << 32);
    let any = !wrapped.is_empty() && rest == *theirs;
    if any {
        theirs.clone_from(ours);
    }
    any
}

/// Whether a list of memory says that some of it lies in the header.
fn has_place_in_header(file: &[u8], kind: u32, list: usize) -> bool {
    let is_in_header = |at: usize| u32_at(file, at).is_some_and(|rva| (rva as usize) < HEADER);
    if kind == 9 {
        return is_in_header(list + 8) && u32_at(file, list + 12) == Some(0);
    }
    let entries = u32_at(file, list).unwrap_or(0) as usize;
    // Some writers have padding behind the count.
    [4, 8].iter().any(|before| {
        let places = (0..entries).map(|n| list + before + 16 * n + 12).take_while(|at| *at < file.len());
        places.into_iter().any(is_in_header)
    })
}

fn lose<T>(ours: &Part<T>, theirs: &mut Part<T>) {
    if matches!((ours, &theirs), (Part::Lost, Part::Is(_))) {
        *theirs = Part::Lost;
    }
}

/// Takes ours for a part that the crate lost.
fn give_up<T: Clone>(ours: &Part<T>, theirs: &mut Part<T>) -> bool {
    let lost = matches!((ours, &theirs), (Part::Is(_), Part::Lost));
    if lost {
        *theirs = ours.clone();
    }
    lost
}

/// Drops the crate's names of modules that dumplens leaves without one.
fn forget_names(ours: &Part<Vec<Module>>, theirs: &mut Part<Vec<Module>>) -> bool {
    let (Part::Is(ours), Part::Is(theirs)) = (ours, theirs) else { return false };
    let mut any = false;
    for (ours, theirs) in ours.iter().zip(theirs) {
        if ours.3.is_empty() && !theirs.3.is_empty() {
            theirs.3.clear();
            any = true;
        }
    }
    any
}

/// Whether every address has its byte at the same place in the wider list.
fn within(narrow: &[Range], wide: &[Range]) -> bool {
    narrow.iter().all(|n| {
        wide.iter().any(|w| n.0 >= w.0 && n.0 + n.1 <= w.0 + w.1 && n.2.checked_sub(w.2) == Some(n.0 - w.0))
    })
}

fn undo_sign_extension(view: &mut View) {
    let undo = |value: &mut u64| *value = address(*value, 32);
    if let Part::Is(regions) = &mut view.listed {
        for region in regions.iter_mut() {
            undo(&mut region.0);
            undo(&mut region.2);
        }
    }
    if let Part::Is(threads) = &mut view.threads {
        for thread in threads.iter_mut() {
            undo(&mut thread.2);
        }
    }
    if let Part::Is(modules) = &mut view.modules {
        for module in modules.iter_mut() {
            undo(&mut module.0);
        }
    }
    if let Part::Is(exception) = &mut view.exception {
        exception.4.iter_mut().chain([&mut exception.3]).for_each(|value| *value &= 0xffff_ffff);
    }
}

/// The file with the later of equal streams made unused; of those that begin in the file.
fn first_of_equals(file: &[u8]) -> Vec<u8> {
    let (mut bytes, mut seen) = (file.to_vec(), Vec::new());
    let at = u32_at(file, 12).unwrap_or(0) as usize;
    for (n, (kind, place)) in directory(file).enumerate() {
        if kind != 0 && (seen.contains(&kind) || place >= file.len()) {
            bytes[at + n * 12..][..4].fill(0);
        } else {
            seen.push(kind);
        }
    }
    bytes
}

/// Whether some MemoryInfoList has a header that is none.
fn has_odd_header(file: &[u8]) -> bool {
    directory(file).any(|(kind, place)| kind == 16 && u32_at(file, place).is_some_and(|size| size < 16))
}

/// Whether some MemoryInfoList's count needs more than 32 bits.
fn has_64_bit_count(file: &[u8]) -> bool {
    directory(file).any(|(kind, place)| kind == 16 && u32_at(file, place + 12).is_some_and(|high| high > 0))
}

fn differences(ours: &View, theirs: &View) -> Option<String> {
    first("bits", &ours.bits, &theirs.bits)
        .or_else(|| first("map", &ours.map, &theirs.map))
        .or_else(|| first("totals", &ours.totals, &theirs.totals))
        .or_else(|| same(ours, theirs))
}

/// The crate makes no map of the list, and its registers are what dumplens reads registers by.
fn differences_to_crate(ours: &View, theirs: &View) -> Option<String> {
    let mut ours = ours.clone();
    if let Part::Is(threads) = &mut ours.threads {
        for thread in threads.iter_mut() {
            (thread.3, thread.4) = (None, None);
        }
    }
    let mut theirs = theirs.clone();
    if let Part::Is(threads) = &mut theirs.threads {
        for thread in threads.iter_mut() {
            (thread.3, thread.4) = (None, None);
        }
    }
    same(&ours, &theirs)
}

fn same(ours: &View, theirs: &View) -> Option<String> {
    first("listed", &ours.listed, &theirs.listed)
        .or_else(|| first("ranges", &ours.ranges, &theirs.ranges))
        .or_else(|| first("threads", &ours.threads, &theirs.threads))
        .or_else(|| first("modules", &ours.modules, &theirs.modules))
        .or_else(|| first("exception", &ours.exception, &theirs.exception))
}

fn first<T: PartialEq + std::fmt::Debug>(what: &str, ours: &T, theirs: &T) -> Option<String> {
    let short = |value: &T| format!("{value:x?}").chars().take(2000).collect::<String>();
    (ours != theirs).then(|| format!("{what}: dumplens {}\n    other {}", short(ours), short(theirs)))
}
