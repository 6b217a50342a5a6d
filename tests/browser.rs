//! The page in a real browser, used as a person would: only if `DUMPLENS_BROWSER` names one (Chromium) and Node is in the
//! path; left out, and said to be, otherwise. A browser takes its time, and more than the rest of the tests beside it.

#[path = "support/needs.rs"]
mod needs;
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use dumplens_synth::heap::NtBlock;
use dumplens_synth::presets::heaps::filled::Filling;
use dumplens_synth::{CodeView, Process, Width, presets};
use support::{run, str};

/// A page may not be larger.
const MOST_BYTES: u64 = 3 << 20;

/// The dump whose census has a page of its own too.
const CENSUS: &str = "census";

/// The dumps, and what their pages are called.
fn dumps(folder: &Path) -> Vec<PathBuf> {
    let mut hostile = presets::tiny_bad_alloc();
    let text = "</script><script>document.documentElement.dataset.ran=1</script><img src=x onerror=alert(1)>\u{202e}";
    hostile.modules.iter_mut().for_each(|module| module.path = format!("C:\\{text}\\app.exe"));
    hostile.threads.iter_mut().for_each(|thread| thread.name = Some(text.to_owned()));
    hostile.comment = Some(text.to_owned());
    let mut bare = presets::tiny();
    (bare.regions, bare.exception) = (None, None);
    let cases: [(&str, Process); 9] = [
        ("bad-alloc", presets::tiny_bad_alloc()),
        ("x86", presets::tiny_x86()),
        ("wow64", presets::tiny_wow64()),
        ("hostile", hostile),
        ("no-map", bare),
        ("22014-regions", presets::full(22_014, 1 << 30, 60, 100)),
        ("200000-regions", presets::full(200_000, 1 << 30, 60, 100)),
        ("long-names", long_names()),
        (CENSUS, presets::heaps::filled::filled(Width::W64, &filling()).process),
    ];
    let write = |(name, process): &(&str, Process)| {
        let path = folder.join(format!("{name}.dmp"));
        process.write_file(&path).expect("a dump");
        path
    };
    cases.iter().map(write).collect()
}

/// One path that is much longer than the others, and names that do not break.
fn long_names() -> Process {
    let mut process = presets::full(600, 1 << 24, 60, 100);
    for (n, module) in process.modules.iter_mut().enumerate() {
        let folder = if n == 0 { r"agent\work\1\build-windows-64\".repeat(6) } else { String::new() };
        module.path = format!(r"C:\Windows\System32\library{n}.dll");
        module.code_view =
            Some(CodeView { pdb: format!(r"D:\{folder}library{n}.pdb"), ..CodeView::default() });
    }
    for (n, thread) in process.threads.iter_mut().enumerate() {
        thread.name = Some(format!("ThreadPoolSingleThreadSharedBackgroundBlocking{n}"));
    }
    process
}

/// Memory of several uses, the largest and the smallest some hundred times apart.
fn filling() -> Filling {
    let blocks = vec![NtBlock { size: 100, busy: true }; 2000];
    Filling {
        blocks,
        large: vec![0x30_0000; 3],
        allocations: vec![16 << 20, 1 << 20, 1 << 20, 1 << 20, 64 << 10],
    }
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut dumps = dumps(folder);
    let census = folder.join("census-alone.dmp");
    std::fs::copy(folder.join(CENSUS).with_extension("dmp"), &census).expect("a copy");
    dumps.push(census);
    let page = |dump: PathBuf| {
        let path = dump.with_extension("html");
        let command = if dump.ends_with("census-alone.dmp") { "census" } else { "report" };
        let page = run(&[command, str(&dump), "--format", "html"]);
        std::fs::write(&path, page.text()).expect("a page");
        let size = path.metadata().expect("a page").len();
        assert!(size < MOST_BYTES, "{}: {size} bytes", path.display());
        path
    };
    dumps.into_iter().map(page).collect()
}

#[test]
fn pages_work_in_a_browser() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pages = pages(folder.path());
    if !needs::BROWSER.is_met() {
        return;
    }
    let browser = std::env::var_os("DUMPLENS_BROWSER").expect("a browser");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/check.mjs");
    // The time is measured by hand on a quiet machine; here other tests run beside it.
    let checked = Command::new("node")
        .arg(script)
        .arg(browser)
        .args(["--within", "20000"])
        .args(&pages)
        .output()
        .expect("node");
    let (said, wrong) =
        (String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr).into_owned());
    assert!(checked.status.success(), "{wrong}");
    assert_eq!(said.lines().filter(|line| line.contains("\"rows\"")).count(), pages.len(), "{said}{wrong}");
}
