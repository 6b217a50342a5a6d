//! Servers that mean no good: too much, too slow, elsewhere; and names that lead out of the cache.

use std::io::{Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use super::*;

const SMALL: Bounds = Bounds { bytes: 1 << 20, answer: Duration::from_millis(700), questions: 6 };
const SOON: Duration = Duration::from_secs(20);

/// A server that answers each question by `answer`, and counts them.
fn serve(answer: impl Fn(&mut TcpStream, &str, &str) + Send + 'static) -> (String, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (here, count) = (url.clone(), Arc::new(AtomicU32::new(0)));
    let asked = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            asked.fetch_add(1, Ordering::SeqCst);
            answer(&mut stream, head.split(' ').nth(1).unwrap_or_default(), &here);
        }
    });
    (url, count)
}

fn send(stream: &mut TcpStream, status: u16, more: &str, body: &[u8]) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

fn record(file: &str, age: u32) -> CodeViewRecord {
    CodeViewRecord { file: file.to_owned(), id: PdbId { guid: [7; 16], age } }
}

/// What a first and a second PDB give, and what is in the cache then.
fn fetch(url: &str) -> (Result<Option<PathBuf>, String>, Result<Option<PathBuf>, String>, Vec<PathBuf>) {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    let mut server = Server::within(SymbolServer { url: url.to_owned(), cache: cache.clone() }, SMALL);
    let started = Instant::now();
    let both = (server.fetch(&record("a.pdb", 1)), server.fetch(&record("b.pdb", 2)));
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    let left = walk(home.path()).into_iter().filter(|path| *path != cache).collect();
    (both.0, both.1, left)
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| [vec![path.clone()], walk(&path)].concat()).collect()
}

fn given_up(url: &str, count: &AtomicU32, words: &str) {
    let (first, second, left) = fetch(url);
    let why = first.expect_err("refused");
    assert!(why.contains(words) && why.ends_with("not asked again"), "{why}");
    assert_eq!(second, Ok(None));
    assert_eq!((left, count.load(Ordering::SeqCst)), (Vec::new(), 1));
}

#[test]
fn an_answer_that_is_too_long() {
    let (url, count) = serve(|stream, _, _| send(stream, 200, "", &vec![b'x'; (1 << 20) + 1]));
    given_up(&url, &count, "");
}

#[test]
fn an_answer_without_an_end() {
    let (url, count) = serve(|stream, _, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    given_up(&url, &count, "");
}

/// A byte now and then keeps a connection alive, but not the answer.
#[test]
fn an_answer_that_drips() {
    let (url, count) = serve(|stream, _, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
    });
    given_up(&url, &count, "timeout");
}

/// A few kilobytes that unpack to sixteen times the bound.
#[test]
fn a_cabinet_that_is_a_bomb() {
    let mut builder = cab::CabinetBuilder::new();
    builder.add_folder(cab::CompressionType::MsZip).add_file("a.pdb");
    let mut writer = builder.build(Cursor::new(Vec::new())).expect("a cabinet");
    while let Some(mut file) = writer.next_file().expect("a file") {
        file.write_all(&vec![0; 16 << 20]).expect("zeros");
    }
    let bomb = writer.finish().expect("an end").into_inner();
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    let (url, _) = serve(move |stream, path, _| match path.ends_with('_') {
        true => send(stream, 200, "", &bomb),
        false => send(stream, 404, "", b""),
    });
    let (first, _, left) = fetch(&url);
    assert!(first.as_ref().is_err_and(|why| why.contains("more than 1048576 bytes")), "{first:?}");
    assert_eq!(left, Vec::<PathBuf>::new());
}

/// Neither files nor circles; another place of the web is where servers keep their files, and is gone to.
#[test]
fn redirects() {
    for (to, words) in [("file:///etc/passwd", ""), ("ftp://127.0.0.1/a.pdb", ""), ("/again", "redirect")] {
        let (url, _) = serve(move |stream, _, _| send(stream, 302, &format!("Location: {to}\r\n"), b""));
        let (first, _, left) = fetch(&url);
        let why = first.expect_err(to);
        assert!(why.contains(words), "{to}: {why}");
        assert_eq!(left, Vec::<PathBuf>::new());
    }
    let (url, count) = serve(|stream, path, here| match path.starts_with("/there") {
        true => send(stream, 404, "", b""),
        false => send(stream, 302, &format!("Location: {here}/there\r\n"), b""),
    });
    assert_eq!(fetch(&url).0, Ok(None));
    assert_eq!(count.load(Ordering::SeqCst), 8, "two names of two PDBs, each sent on once");
}

/// Whoever asked over a protected way does not get an answer over an open one.
#[test]
fn https_stays_https() {
    let server = |url: &str| {
        let cache = PathBuf::from("nowhere");
        Server::within(SymbolServer { url: url.to_owned(), cache }, SMALL).agent.config().https_only()
    };
    assert!(server("https://symbols.test") && !server("http://symbols.test"));
}

#[test]
fn a_dump_with_very_many_modules() {
    let (url, count) = serve(|stream, _, _| send(stream, 404, "", b""));
    let home = tempfile::tempdir().expect("a folder");
    let mut server = Server::within(SymbolServer { url, cache: home.path().to_owned() }, SMALL);
    let answers: Vec<_> = (0..10).map(|n| server.fetch(&record("a.pdb", n))).collect();
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    assert_eq!(count.load(Ordering::SeqCst), SMALL.questions);
}

/// The name is the dump's: no folder is made for it, and nobody is asked.
#[test]
fn names_that_lead_elsewhere() {
    let (url, count) = serve(|stream, _, _| send(stream, 200, "", b"x"));
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    let mut server = Server::within(SymbolServer { url, cache }, SMALL);
    for name in [
        "..",
        ".",
        "",
        "../x.pdb",
        "..\\x.pdb",
        "a/../../x.pdb",
        "/etc/x.pdb",
        "C:evil.pdb",
        "C:\\evil.pdb",
        "\\\\server\\share\\x.pdb",
        "\\\\?\\x.pdb",
        "x.pdb:stream",
        "a\0.pdb",
        "NUL",
        "nul.pdb",
        "CON.x.pdb",
        "LPT1.pdb",
        "COM\u{b2}.pdb",
        "x.pdb.",
        "x.pdb ",
        "x\u{202e}.pdb",
        "%2e%2e",
        "a?b.pdb",
        "a#.pdb",
    ] {
        assert!(server.fetch(&record(name, 1)).is_err(), "{name:?}");
    }
    assert_eq!((walk(home.path()), count.load(Ordering::SeqCst)), (Vec::new(), 0));
}

/// A link in the cache leads to a place that nobody named: nothing is asked for, and nothing is written there.
#[test]
#[cfg(unix)]
fn links_in_the_cache() {
    use std::os::unix::fs::symlink;
    let (url, count) = serve(|stream, _, _| send(stream, 200, "", b"x"));
    let home = tempfile::tempdir().expect("a folder");
    let (cache, elsewhere) = (home.path().join("cache"), home.path().join("elsewhere"));
    let id = record("b.pdb", 1).id.to_string();
    std::fs::create_dir_all(cache.join("b.pdb")).expect("a folder");
    std::fs::create_dir(&elsewhere).expect("a folder");
    symlink(&elsewhere, cache.join("a.pdb")).expect("a link");
    symlink(&elsewhere, cache.join("b.pdb").join(id)).expect("a link");
    let mut server = Server::within(SymbolServer { url, cache }, SMALL);
    for name in ["a.pdb", "b.pdb"] {
        let refused = server.fetch(&record(name, 1)).expect_err("refused");
        assert!(refused.contains("a link"), "{refused}");
    }
    assert_eq!((walk(&elsewhere), count.load(Ordering::SeqCst)), (Vec::new(), 0));
}
