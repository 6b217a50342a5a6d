//! Dumps on a server, with the feature `http`: what travels is counted. Without it: that a URL is refused.

#[path = "support/many.rs"]
mod many;
#[path = "support/mod.rs"]
mod support;

#[cfg(not(feature = "http"))]
use support::run;

#[test]
#[cfg(not(feature = "http"))]
fn a_build_without_the_network_says_so() {
    let url = "http://127.0.0.1:9/a.dmp";
    let refused = run(&["summary", url]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("without the feature http"), "{}", refused.stderr);
    let line = many::lines(&run(&["scan", "--jsonl", url]).stdout).remove(0);
    assert_eq!((&line["path"], &line["error"]["code"]), (&url.into(), &"unsupported".into()));
}

#[cfg(feature = "http")]
mod ranges {
    use std::fs::File;
    use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
    use std::net::{TcpListener, TcpStream};
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use dumplens_synth::presets;

    use super::many::{at, lines};
    use super::support::{run, str};

    /// A server of one folder.
    struct Server {
        url: String,
        /// Bytes of files that it sent.
        sent: Arc<AtomicU64>,
    }

    /// What the server does besides.
    #[derive(Clone, Copy, PartialEq)]
    enum Manner {
        Ranges,
        /// Whole files only.
        Whole,
        /// Each answer is of another version of the file.
        Changing,
    }

    fn serve(folder: &Path, manner: Manner) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (folder, sent) = (folder.to_owned(), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&sent);
        thread::spawn(move || {
            for (n, stream) in listener.incoming().flatten().enumerate() {
                let tag = if manner == Manner::Changing { n } else { 0 };
                answer(stream, &folder, manner, tag, &count);
            }
        });
        Server { url, sent }
    }

    /// Answers one request, and ends the connection. Whoever hangs up early is left alone.
    fn answer(mut stream: TcpStream, folder: &Path, manner: Manner, tag: usize, sent: &AtomicU64) {
        let mut path = PathBuf::new();
        let mut range = None;
        for line in BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty())
        {
            if let Some(name) = line.strip_prefix("GET /") {
                path = folder.join(name.split(' ').next().unwrap_or_default());
            } else if let Some(bytes) = line.to_lowercase().strip_prefix("range: bytes=") {
                let (from, to) = bytes.split_once('-').expect("a range");
                range = Some((from.parse::<u64>().expect("from"), to.parse::<u64>().expect("to")));
            }
        }
        let Ok(mut file) = File::open(&path) else {
            let _ =
                stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        };
        let size = file.metadata().expect("a size").len();
        let (from, to) = range.filter(|_| manner != Manner::Whole).unwrap_or((0, size - 1));
        let len = to.min(size - 1) - from + 1;
        let head = if manner == Manner::Whole {
            format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\nConnection: close\r\n\r\n")
        } else {
            format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Length: {len}\r\nETag: \"{tag}\"\r\n\
                 Content-Range: bytes {from}-{}/{size}\r\nConnection: close\r\n\r\n",
                from + len - 1
            )
        };
        file.seek(SeekFrom::Start(from)).expect("a place");
        let _ = stream.write_all(head.as_bytes());
        sent.fetch_add(std::io::copy(&mut file.take(len), &mut stream).unwrap_or_default(), Ordering::SeqCst);
    }

    /// 20 GiB on a server give the same answers as in a file, and some megabytes travel.
    #[test]
    #[allow(clippy::print_stderr)]
    fn of_a_large_dump_little_travels() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = at(&folder, "large.dmp");
        presets::full(10_000, 20 << 30, 50, 100).write_file(&path).expect("a sparse file");
        let server = serve(folder.path(), Manner::Ranges);
        let url = format!("{}/large.dmp", server.url);
        let (near, far) =
            (run(&["summary", str(&path), "--format", "json"]), run(&["summary", &url, "--format", "json"]));
        let without_path = |run: &super::support::Run| {
            let mut json = run.json();
            assert!(json["dump"]["size_bytes"].as_u64() > Some(20 << 30));
            json["dump"]["path"].take();
            json
        };
        assert_eq!(without_path(&near), without_path(&far));
        let summary = server.sent.swap(0, Ordering::SeqCst);
        let mut line = lines(run(&["scan", "--jsonl", &url]).text()).remove(0);
        let scan = server.sent.load(Ordering::SeqCst);
        eprintln!(
            "of {} bytes, {summary} travelled for summary, {scan} for scan",
            near.json()["dump"]["size_bytes"]
        );
        assert!(summary < 20 << 20 && scan < 40 << 20, "{summary} {scan}");
        assert_eq!(line["path"].take(), url.as_str());
        line.as_object_mut().expect("an object").remove("path");
        let mut report = run(&["report", str(&path), "--format", "json"]).json();
        report["dump"]["path"].take();
        line["dump"]["path"].take();
        assert_eq!(line, report);
    }

    #[test]
    fn what_a_server_cannot_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = at(&folder, "a.dmp");
        presets::full(200, 1 << 20, 2, 2).write_file(&path).expect("a dump");
        let told = |manner, name: &str| {
            let server = serve(folder.path(), manner);
            let line = lines(&run(&["scan", "--jsonl", &format!("{}/{name}", server.url)]).stdout).remove(0);
            let error = &line["error"];
            let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            (text("code"), text("message"))
        };
        let (code, message) = told(Manner::Whole, "a.dmp");
        assert_eq!(code, "unsupported");
        assert!(message.contains("does not serve parts of files"), "{message}");
        assert_eq!(told(Manner::Ranges, "missing.dmp").0, "not_found");
        assert_eq!(told(Manner::Ranges, "a.dmp").0, "");
        let server = serve(folder.path(), Manner::Changing);
        let line = run(&["scan", "--jsonl", &format!("{}/a.dmp", server.url)]).stdout;
        assert!(line.contains("\"being_written\""), "{line}");
        let nobody = run(&["scan", "--jsonl", "http://127.0.0.1:1/a.dmp"]);
        assert!(nobody.stdout.contains("\"unreadable\""), "{}", nobody.stdout);
    }
}
