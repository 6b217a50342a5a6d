//! Names of modules without a PDB: the preset's program exports AppWork at 0x1020, AppMain at 0x1050 and a forwarded
//! AppAlloc; its ntdll NtWaitForSingleObject at 0x1000 and RtlUserThreadStart at 0x1020.

use dumplens_analyzer::symbols::{At, Source};
use dumplens_synth::{Module, Process, Range, Width, pe, presets};

use crate::dump;

const X64: presets::Addresses = presets::tiny::X64;

fn name(address: u64, at: At) -> (String, Option<String>, Option<u64>) {
    let dump = dump(&presets::tiny());
    let (sites, warnings) = crate::resolve(&dump, &[], address, at);
    assert_eq!(warnings, []);
    let [site] = sites.as_slice() else { panic!("{sites:?}") };
    assert_eq!(site.source.is_some(), site.function.is_some());
    assert_eq!((site.inline, site.line, site.file.as_ref()), (false, None, None));
    (site.module.clone(), site.function.clone(), site.offset)
}

fn named(module: &str, function: &str, offset: u64) -> (String, Option<String>, Option<u64>) {
    (module.to_owned(), Some(function.to_owned()), Some(offset))
}

#[test]
fn the_nearest_export_below_in_the_same_section() {
    assert_eq!(name(X64.app + 0x1020, At::Instruction), named("app", "AppWork", 0));
    assert_eq!(name(X64.app + 0x104f, At::Instruction), named("app", "AppWork", 0x2f));
    assert_eq!(name(X64.app + 0x1050, At::Return), named("app", "AppWork", 0x30), "the call before");
    assert_eq!(name(X64.app + 0x1050, At::Instruction), named("app", "AppMain", 0));
    assert_eq!(name(X64.ntdll + 0x100a, At::Return), named("ntdll", "NtWaitForSingleObject", 0xa));
    assert_eq!(name(X64.app + 0x100f, At::Instruction), ("app".into(), None, Some(0x100f)), "none below");
    assert_eq!(name(X64.app + 0x2000, At::Instruction), ("app".into(), None, Some(0x2000)), "in .rdata");
    assert_eq!(name(X64.app, At::Instruction), ("app".into(), None, Some(0)), "in the headers");
}

/// The image tells that AppWork is the 23 bytes from 0x1020 on; what lies behind it may be another function.
#[test]
fn a_name_is_a_guess_where_the_image_has_another_function() {
    let dump = dump(&presets::tiny());
    let source = |offset| crate::resolve(&dump, &[], X64.app + offset, At::Instruction).0[0].source;
    assert_eq!([source(0x1020), source(0x1036)], [Some(Source::Export); 2]);
    assert_eq!([source(0x1037), source(0x104f)], [Some(Source::NearestExport); 2]);
    assert_eq!(source(0x1000), None);
}

#[test]
fn a_dump_without_images_names_the_module() {
    let mut process = presets::tiny();
    process.memory.clear();
    let dump = dump(&process);
    let (sites, warnings) = crate::resolve(&dump, &[], X64.app + 0x1020, At::Instruction);
    assert_eq!((sites[0].function.as_ref(), sites[0].offset, warnings), (None, Some(0x1020), vec![]));
}

/// Two leaf functions, which no table lists: `Sum`, exported, is `test; je; lea; ret`; the next begins at 0x1010 and is not.
#[test]
fn a_leaf_function_ends_where_its_code_does() {
    let leaf = |rva, code: &[u8]| pe::Function { rva, code: code.to_vec(), unwind: None };
    let mut functions = vec![
        leaf(0x1000, &[0x85, 0xc9, 0x74, 0x03, 0x8d, 0x04, 0x11, 0xc3]),
        leaf(0x1010, &[0x8d, 0x04, 0x0a, 0xc3]),
        // `Open` goes on without an end, up to where the function at 0x1030 begins.
        leaf(0x1020, &[0x90; 16]),
    ];
    functions.push(pe::Function { unwind: Some(pe::Unwind::default()), ..leaf(0x1030, &[0x90, 0xc3]) });
    functions.push(leaf(0x1032, &vec![0x90; 0x10_0000]));
    let at = |name: &str, rva| pe::Export::At(name.to_owned(), rva);
    let exports = vec![at("Sum", 0x1000), at("Open", 0x1020)];
    let base = 0x7ff6_0000_0000;
    let image = pe::Image { width: Width::W64, base, functions, exports, ..pe::Image::default() };
    let bytes = image.to_bytes();
    let size = u32::try_from(bytes.len()).unwrap();
    let mut process = Process {
        memory: vec![Range { start: base, size: size.into() }],
        modules: vec![Module { base, size, path: "leaf.dll".into(), ..Module::default() }],
        ..Process::default()
    };
    process.put(base, &bytes);
    let dump = dump(&process);
    let source = |rva| {
        let site = crate::resolve(&dump, &[], base + rva, At::Instruction).0.remove(0);
        (site.function.unwrap_or_default(), site.source == Some(Source::Export))
    };
    for (rva, name, certain) in [
        (0x1000, "Sum", true),
        (0x1004, "Sum", true),
        (0x1007, "Sum", true),  // its ret
        (0x1008, "Sum", false), // behind it
        (0x1010, "Sum", false),
        (0x1012, "Sum", false),
        (0x1020, "Open", true),
        (0x102f, "Open", true),
        (0x1030, "Open", false),
        (0x1032, "Open", false),
        (0x10_101f, "Open", false),
        (0x10_1020, "", false), // a megabyte behind it
    ] {
        assert_eq!(source(rva), (name.to_owned(), certain), "{rva:#x}");
    }
}
