//! `--images`: small dumps whose code is on the disk have the stacks of full ones.

mod support;

use std::fs;
use std::path::Path;

use dumplens_core::Dump;
use dumplens_synth::{Process, presets};
use serde_json::Value;
use support::{run, str, write};

const X64: presets::Addresses = presets::tiny::X64;
const X86: presets::Addresses = presets::tiny::X86;
const SIZE: u64 = 0x3000;

/// The process as a plain minidump has it: no memory map, and of memory only the stacks.
fn plain(process: &Process, at: &presets::Addresses) -> Process {
    let mut process = process.clone();
    let of_image = |start: u64| [at.app, at.ntdll].iter().any(|base| (*base..base + SIZE).contains(&start));
    process.memory.retain(|range| !of_image(range.start));
    process.regions = None;
    process
}

/// The images of the process, as files in a folder: the program's flat, with a name in capitals, ntdll's in a symbol store.
fn images(process: &Process, at: &presets::Addresses) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let dump = Dump::open(process.to_bytes().0).expect("a dump");
    for module in dump.modules().unwrap().unwrap() {
        let bytes = dump.memory().bytes(module.base, SIZE).expect("the image");
        let name = module.name.rsplit('\\').next().expect("a name");
        if module.base == at.app {
            fs::write(folder.path().join(name.to_uppercase()), bytes).expect("a file");
        } else {
            let id = format!("{:08X}{:x}", module.time_date_stamp, module.size);
            let inner = folder.path().join(name).join(id);
            fs::create_dir_all(&inner).expect("a folder");
            fs::write(inner.join(name), bytes).expect("a file");
        }
    }
    folder
}

fn stacks(dump: &Path, args: &[&str]) -> Value {
    run(&[&["stack", str(dump), "--thread", "all", "--format", "json"], args].concat()).json()
}

fn frames(json: &Value) -> Vec<Value> {
    json["threads"].as_array().expect("threads").iter().map(|thread| thread["frames"].clone()).collect()
}

fn warning(json: &Value, code: &str) -> Option<String> {
    let warnings = json["warnings"].as_array().expect("warnings");
    let found = warnings.iter().find(|warning| warning["code"] == code)?;
    found["message"].as_str().map(str::to_owned)
}

#[test]
fn a_plain_minidump_has_the_stacks_of_the_full_one() {
    for (full, at) in [(presets::tiny(), &X64), (presets::tiny_x86(), &X86)] {
        let images = images(&full, at);
        let (_one, whole) = write("full.dmp", &full.to_bytes().0);
        let (_two, small) = write("small.dmp", &plain(&full, at).to_bytes().0);
        let wanted = stacks(&whole, &[]);
        assert_ne!(frames(&stacks(&small, &[])), frames(&wanted));
        let found = stacks(&small, &["--images", str(images.path())]);
        assert_eq!(frames(&found), frames(&wanted));
        let used = warning(&found, "images_used").expect("what is not the dump's is told");
        assert!(used.contains("APP.EXE") && used.contains("ntdll.dll"), "{used}");
        assert_eq!(warning(&found, "images_not_found"), None);
        // Of a full dump no file is read.
        assert_eq!(warning(&stacks(&whole, &["--images", str(images.path())]), "images_used"), None);
    }
}

#[test]
fn what_is_not_found_or_not_the_image_is_named() {
    let full = presets::tiny();
    let (_kept, small) = write("small.dmp", &plain(&full, &X64).to_bytes().0);
    let images = images(&full, &X64);
    let app = images.path().join("APP.EXE");
    let mut other = fs::read(&app).expect("the file");
    let pe = usize::from(other[0x3c]);
    other[pe + 8] ^= 1;
    fs::write(&app, &other).expect("a file");
    let found = stacks(&small, &["--images", str(images.path())]);
    let refused = warning(&found, "image_refused").expect("another build");
    assert!(refused.contains("APP.EXE") && refused.contains("belongs to another build"), "{refused}");
    fs::write(&app, b"MZ, but no image").expect("a file");
    let found = stacks(&small, &["--images", str(images.path())]);
    assert!(warning(&found, "image_refused").is_some_and(|why| why.contains("APP.EXE is not used: damaged")));
    fs::remove_file(&app).expect("the file");
    let found = stacks(&small, &["--images", str(images.path())]);
    assert!(warning(&found, "images_not_found").is_some_and(|why| why.contains("app.exe (")));
    assert_eq!(warning(&stacks(&small, &[]), "images_not_found"), None, "nobody asked");
}

/// `at` says what is the dump's and what is not; `cdb` shows code that only the file has.
#[test]
fn bytes_of_a_file_are_marked() {
    let full = presets::tiny();
    let (_kept, small) = write("small.dmp", &plain(&full, &X64).to_bytes().0);
    let images = images(&full, &X64);
    let address = format!("{:x}", X64.app + 0x1010);
    let at = run(&["at", str(&small), &address, "--images", str(images.path()), "--format", "json"]).json();
    assert_eq!((&at["kept_bytes"], &at["in_image_file"]), (&0.into(), &true.into()));
    let text = run(&["at", str(&small), &address, "--images", str(images.path())]);
    assert!(text.text().contains("it is read from an image file (--images)"), "{}", text.stdout);
    let command = format!("db {address} L4;q");
    let bytes = Dump::open(full.to_bytes().0).unwrap().memory().bytes(X64.app + 0x1010, 4).unwrap();
    let shown: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for (args, is_shown) in [(vec!["-i", str(images.path())], true), (vec![], false)] {
        let text = run(&[&["cdb", "-z", str(&small), "-c", &command], &args[..]].concat());
        assert_eq!(text.stdout.contains(&shown.join(" ")), is_shown, "{}", text.stdout);
    }
}
