//! The symbol server against a small one on this machine: plain and packed answers, errors, and what ends in the cache.
#![cfg(feature = "symbol-server")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use dumplens_analyzer::Process;
use dumplens_analyzer::symbols::{At, Search, Source, SymbolServer, SymbolWarning, Symbols};
use dumplens_core::Dump;
use dumplens_synth::{CodeView, presets};

const IMIT: &[u8] = include_bytes!("symbols/files/imit-x64.pdb");
const GUID: [u8; 16] =
    [0x40, 0xb2, 0x66, 0xc3, 0x64, 0xc2, 0x51, 0x90, 0x4c, 0x4c, 0x44, 0x20, 0x50, 0x44, 0x42, 0x2e];
const ID: &str = "C366B240C26490514C4C44205044422E1";

/// A server that knows some paths; 404 for others. It lives until the test ends.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

fn serve(files: HashMap<String, (u16, Vec<u8>)>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/symbols", listener.local_addr().expect("an address"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a reader")).lines();
            let first = lines.next().expect("a request").expect("a line");
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let path = first.split(' ').nth(1).expect("a path").to_owned();
            let (status, body) = files.get(&path).cloned().unwrap_or((404, Vec::new()));
            log.lock().expect("a log").push(path);
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    Server { url, asked }
}

fn cabinet(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    builder.add_folder(cab::CompressionType::MsZip).add_file(name);
    let mut writer = builder.build(Cursor::new(Vec::new())).expect("a cabinet");
    while let Some(mut file) = writer.next_file().expect("a file") {
        file.write_all(bytes).expect("bytes");
    }
    writer.finish().expect("an end").into_inner()
}

/// Asks twice for `main`, with the cache given: whether it was found, and the warnings.
fn ask(url: &str, cache: &Path, pdb: &str) -> (bool, Vec<SymbolWarning>) {
    let mut process = presets::tiny();
    let app = process.modules.iter_mut().find(|m| m.base == presets::tiny::X64.app).expect("the program");
    app.size = 0x10000;
    app.code_view = Some(CodeView { guid: GUID, age: 1, pdb: pdb.to_owned() });
    let dump = Dump::open(process.to_bytes().0).expect("a dump");
    let process = Process::gather(&dump);
    let server = Some(SymbolServer { url: url.to_owned(), cache: cache.to_owned() });
    let mut symbols = Symbols::new(&process, Search { server, ..Search::default() });
    let mut main = || {
        let sites = symbols.resolve(presets::tiny::X64.app + 0x1358, At::Return);
        sites.iter().any(|s| s.source == Some(Source::Pdb) && s.function.as_deref() == Some("main"))
    };
    let found = (main(), main());
    assert_eq!(found.0, found.1);
    (found.0, symbols.take_warnings())
}

fn path(file: &str) -> String {
    format!("/symbols/imit.pdb/{ID}/{file}")
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path.to_string_lossy().into_owned()) }
    }
    all
}

#[test]
fn a_plain_answer_is_kept_and_not_asked_for_again() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = serve(HashMap::from([(path("imit.pdb"), (200, IMIT.to_vec()))]));
    assert_eq!(ask(&server.url, cache.path(), "C:\\b\\imit.pdb"), (true, vec![]));
    assert_eq!(ask(&format!("{}/", server.url), cache.path(), "imit.pdb"), (true, vec![]));
    assert_eq!(*server.asked.lock().expect("a log"), [path("imit.pdb")]);
    let kept = cache.path().join("imit.pdb").join(ID).join("imit.pdb");
    assert_eq!(std::fs::read(&kept).expect("a file"), IMIT);
    assert_eq!(files(cache.path()), [kept.to_string_lossy()], "no temporary file is left");
}

#[test]
fn a_packed_answer_is_unpacked() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = serve(HashMap::from([(path("imit.pd_"), (200, cabinet("imit.pdb", IMIT)))]));
    assert_eq!(ask(&server.url, cache.path(), "imit.pdb"), (true, vec![]));
    assert_eq!(*server.asked.lock().expect("a log"), [path("imit.pdb"), path("imit.pd_")]);
    assert_eq!(files(cache.path()).len(), 1);
}

#[test]
fn what_the_server_does_not_have_is_no_fault() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = serve(HashMap::new());
    assert_eq!(ask(&server.url, cache.path(), "imit.pdb"), (false, vec![]));
    assert_eq!(std::fs::read_dir(cache.path()).expect("a folder").count(), 0, "nothing is left behind");
}

#[test]
fn answers_that_are_not_what_was_asked_for_are_not_kept() {
    let mut other = IMIT.to_vec();
    let guid = other.windows(16).position(|w| w == GUID).expect("the GUID");
    other[guid] ^= 1;
    let torn = cabinet("imit.pdb", IMIT)[..2000].to_vec();
    for (file, status, body, wanted) in [
        ("imit.pdb", 200, other, "another build"),
        ("imit.pdb", 200, b"<html>sign in</html>".to_vec(), "damaged"),
        ("imit.pdb", 500, Vec::new(), "status 500"),
        ("imit.pd_", 200, torn, "cabinet"),
        ("imit.pd_", 200, b"MSCF".to_vec(), "cabinet"),
    ] {
        let cache = tempfile::tempdir().expect("a folder");
        let server = serve(HashMap::from([(path(file), (status, body))]));
        let (found, warnings) = ask(&server.url, cache.path(), "imit.pdb");
        let [SymbolWarning::ServerFailed { pdb, why }] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(!found && pdb == "imit.pdb" && why.contains(wanted), "{wanted}: {why}");
        assert_eq!(files(cache.path()), [""; 0], "{wanted}");
    }
}

#[test]
fn a_server_that_is_not_there_is_said_to_be() {
    let cache = tempfile::tempdir().expect("a folder");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let (found, warnings) = ask(&format!("http://{free}"), cache.path(), "imit.pdb");
    let [SymbolWarning::ServerFailed { why, .. }] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert!(!found && why.contains("not asked again"), "{why}");
}

#[test]
fn a_name_that_is_a_device_is_not_asked_for() {
    let cache = tempfile::tempdir().expect("a folder");
    let server = serve(HashMap::new());
    let (found, warnings) = ask(&server.url, cache.path(), "CON.pdb");
    assert!(!found && matches!(warnings.as_slice(), [SymbolWarning::ServerFailed { .. }]), "{warnings:?}");
    assert_eq!(*server.asked.lock().expect("a log"), [""; 0]);
}
