//! What the resolver says of addresses, against what Microsoft's debugger printed for the same ones.

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::pdb::{PdbError, frames_at, identify};
use dumplens_analyzer::symbols::{At, PdbId, Search, Site, Source, Symbols};
use std::io::Cursor;

use crate::{AGE, BASE, GUID, ID, IMIT, dump, id, process_of};

/// `function+offset file:line`, the innermost inline function first.
fn shown(sites: &[Site]) -> Vec<String> {
    let one = |site: &Site| {
        let file = site.file.as_deref().and_then(|f| f.rsplit('/').next()).unwrap_or_default();
        let offset = site.offset.map(|o| format!("+{o:#x}")).unwrap_or_default();
        format!("{}{offset} {file}:{}", site.function.as_deref().unwrap_or("?"), site.line.unwrap_or(0))
    };
    sites.iter().map(one).collect()
}

#[test]
fn return_addresses_of_a_known_stack() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("imit.pdb"), IMIT).expect("a file");
    let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
    let process = Process::gather(&dump);
    let search = Search { dirs: vec![folder.path().to_owned()], ..Search::default() };
    let mut symbols = Symbols::new(&process, search);
    let vector = "std::vector<telemetry::Sample,std::allocator<telemetry::Sample> >";
    // Offsets of inline functions too are those that Microsoft's debugger printed.
    for (rva, wanted) in [
        (0x1042, vec!["__scrt_throw_std_bad_alloc+0x32 imit.cpp:12".to_owned()]),
        (0x109c, vec!["operator new+0x4c imit.cpp:15".to_owned()]),
        (
            0x1808,
            vec![
                "std::_Default_allocate_traits::_Allocate+0x5 imit_vector.h:31".to_owned(),
                "std::_Allocate_manually_vector_aligned+0x15 imit_vector.h:35".to_owned(),
                "std::_Allocate+0x1d imit_vector.h:40".to_owned(),
                "std::allocator<telemetry::Sample>::allocate+0x31 imit_vector.h:43".to_owned(),
                format!("{vector}::_Emplace_reallocate<telemetry::Sample>+0xa8 imit_vector.h:53"),
            ],
        ),
        (
            0x1572,
            vec![
                format!("{vector}::emplace_back+0x23 imit_vector.h:65"),
                "telemetry::Recorder::append+0x32 imit.cpp:26".to_owned(),
            ],
        ),
        (0x1189, vec!["telemetry::capture+0x69 imit.cpp:32".to_owned()]),
        (0x1358, vec!["main+0x188 imit.cpp:42".to_owned()]),
    ] {
        let sites = symbols.resolve(BASE + rva, At::Return);
        assert_eq!(shown(&sites), wanted, "{rva:#x}");
        assert!(sites.iter().all(|s| s.source == Some(Source::Pdb) && s.module == "app"));
        let physical: Vec<bool> = sites.iter().map(|s| !s.inline).collect();
        assert_eq!(physical.iter().position(|p| *p), Some(sites.len() - 1), "only the last one is physical");
    }
    assert_eq!(symbols.take_warnings(), []);
}

/// `__scrt_throw_std_bad_alloc` ends with a call that does not return, at 0x1042; `operator new` begins at 0x1050.
#[test]
fn a_return_address_may_lie_behind_its_function() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("imit.pdb"), IMIT).expect("a file");
    let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
    let name = |rva, at| {
        let (sites, _) = crate::resolve(&dump, &[folder.path()], BASE + rva, at);
        let last = sites.last().expect("a site");
        (last.function.clone(), last.offset)
    };
    let new = Some("operator new".to_owned());
    assert_eq!(name(0x1050, At::Instruction), (new, Some(0)));
    let (before, offset) = name(0x1050, At::Return);
    assert_ne!(before.as_deref(), Some("operator new"));
    assert!(offset.is_some_and(|o| o >= 0x40), "{offset:?}");
}

#[test]
fn outside_of_modules_there_is_nothing() {
    let dump = dump(&process_of(GUID, AGE, "imit.pdb"));
    assert_eq!(crate::resolve(&dump, &[], 0x1234, At::Instruction), (vec![], vec![]));
    assert_eq!(crate::resolve(&dump, &[], BASE, At::Return), (vec![], vec![]), "the byte before the module");
    assert_eq!(crate::resolve(&dump, &[], 0, At::Return), (vec![], vec![]));
}

#[test]
fn a_pdb_tells_who_it_is() {
    assert_eq!(identify(Cursor::new(IMIT)), Ok(id()));
    assert_eq!(id().to_string(), ID);
    let other = PdbId { age: 2, ..id() };
    assert_eq!(frames_at(Cursor::new(IMIT), Some(other), &[]), Err(PdbError::Mismatch { found: id() }));
    let answers = frames_at(Cursor::new(IMIT), Some(id()), &[0x1358, 0xffff_ffff]).expect("frames");
    let first = answers[0].found.as_ref().expect("main");
    let physical = first.frames.last().and_then(|frame| frame.function.as_deref());
    assert_eq!((first.start, physical), (0x1358 - 0x188, Some("main")));
    assert_eq!(answers[1].found, None);
}
