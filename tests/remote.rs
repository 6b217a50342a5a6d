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
        asked: Arc<AtomicU64>,
    }

    /// What the server does besides.
    #[derive(Clone, Copy, PartialEq)]
    enum Manner {
        Ranges,
        /// Whole files only.
        Whole,
        /// Each answer is of another version of the file.
        Changing,
        /// After some answers it hangs up without one.
        HangsUp,
        /// After some answers it says nothing.
        Silent,
    }

    /// Answers of a server that then gives no more.
    const ANSWERS: u64 = 3;

    fn serve(folder: &Path, manner: Manner) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (folder, sent) = (folder.to_owned(), Arc::new(AtomicU64::new(0)));
        let (count, asked) = (Arc::clone(&sent), Arc::new(AtomicU64::new(0)));
        let questions = Arc::clone(&asked);
        thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().flatten() {
                let n = questions.fetch_add(1, Ordering::SeqCst);
                match manner {
                    Manner::HangsUp if n >= ANSWERS => {}
                    Manner::Silent if n >= ANSWERS => kept.push(stream),
                    _ => answer(
                        stream,
                        &folder,
                        manner,
                        if manner == Manner::Changing { n } else { 0 },
                        &count,
                    ),
                }
            }
        });
        Server { url, sent, asked }
    }

    /// Answers one request, and ends the connection. Whoever hangs up early is left alone.
    fn answer(mut stream: TcpStream, folder: &Path, manner: Manner, tag: u64, sent: &AtomicU64) {
        let mut path = PathBuf::new();
        let mut range = None;
        for line in BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty())
        {
            if let Some(name) = line.strip_prefix("GET /") {
                path = folder.join(name.split([' ', '?']).next().unwrap_or_default());
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
        // A server may be too slow for the census's sample; what the map says is the same.
        let (census, of_server) = (report["census"].take(), line["census"].take());
        assert_eq!(of_server["private_bytes"], census["private_bytes"]);
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
        assert!(message.contains("does not support range requests"), "{message}");
        assert_eq!(told(Manner::Ranges, "missing.dmp").0, "not_found");
        assert_eq!(told(Manner::Ranges, "a.dmp").0, "");
        let server = serve(folder.path(), Manner::Changing);
        let line = run(&["scan", "--jsonl", &format!("{}/a.dmp", server.url)]).stdout;
        assert!(line.contains("\"being_written\""), "{line}");
        let nobody = run(&["scan", "--jsonl", "http://127.0.0.1:1/a.dmp"]);
        assert!(nobody.stdout.contains("\"unreadable\""), "{}", nobody.stdout);
    }

    /// Every question to a dump; a report about what is left of it would be wrong, and is not printed.
    const COMMANDS: [&str; 10] = [
        "why",
        "summary",
        "info",
        "threads",
        "heaps",
        "allocations",
        "stack --thread all",
        "regions",
        "report --format html",
        "at 7ffe0000",
    ];

    fn asked(command: &str, url: &str) -> super::support::Run {
        let mut args: Vec<&str> = command.split(' ').collect();
        let place = if args[0] == "at" { 1 } else { args.len() };
        args.insert(place, url);
        run(&args)
    }

    #[test]
    fn what_could_not_be_read_is_an_error_for_every_command() {
        let folder = tempfile::tempdir().expect("a folder");
        presets::full(200, 1 << 20, 20, 20).write_file(&at(&folder, "a.dmp")).expect("a dump");
        let mut failed = 0;
        for (manner, why) in [(Manner::Changing, "the file changed on the server"), (Manner::HangsUp, "")] {
            for command in COMMANDS {
                let server = serve(folder.path(), manner);
                let run = asked(command, &format!("{}/a.dmp", server.url));
                let questions = server.asked.load(Ordering::SeqCst);
                let sound = if manner == Manner::HangsUp { ANSWERS } else { 1 };
                if questions <= sound {
                    continue; // so few answers were enough
                }
                if run.code == Some(0) {
                    // What failed was only read ahead, and not needed.
                    let sound = serve(folder.path(), Manner::Ranges);
                    let whole = asked(command, &format!("{}/a.dmp", sound.url));
                    assert_eq!(run.stdout.replace(&server.url, &sound.url), whole.stdout, "{command}");
                    continue;
                }
                assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{command}: {}", run.stderr);
                assert!(run.stderr.contains(why) && run.stderr.lines().count() == 1, "{}", run.stderr);
                // A server that failed is not asked again.
                // But for what was asked for at the same time.
                assert!(questions <= ANSWERS + 64, "{command}: {questions}");
                failed += 1;
            }
        }
        assert!(failed > 12, "{failed}");
        let server = serve(folder.path(), Manner::HangsUp);
        let small = at(&folder, "small.dmp");
        let trim = run(&["trim", &format!("{}/a.dmp", server.url), str(&small)]);
        assert_eq!((trim.code, small.exists()), (Some(1), false), "{}", trim.stderr);
        let same = serve(folder.path(), Manner::Changing);
        let diff = run(&["diff", &format!("{}/a.dmp", same.url), str(&at(&folder, "a.dmp"))]);
        assert_eq!((diff.code, diff.stdout.as_str()), (Some(1), ""), "{}", diff.stderr);
    }

    #[test]
    fn a_silent_server_is_not_waited_for_longer_than_allowed() {
        let folder = tempfile::tempdir().expect("a folder");
        presets::full(200, 1 << 20, 20, 20).write_file(&at(&folder, "a.dmp")).expect("a dump");
        for command in ["why --timeout 0.5", "report --timeout 0.5"] {
            let server = serve(folder.path(), Manner::Silent);
            let since = std::time::Instant::now();
            let run = asked(command, &format!("{}/a.dmp", server.url));
            assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{command}");
            assert!(run.stderr.contains("longer than --timeout allows"), "{}", run.stderr);
            assert!(since.elapsed() < std::time::Duration::from_secs(20), "{:?}", since.elapsed());
        }
    }

    #[test]
    fn secrets_in_a_url_are_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        presets::tiny().write_file(&at(&folder, "a.dmp")).expect("a dump");
        let server = serve(folder.path(), Manner::Ranges);
        let of = |name: &str, host: &str| format!("http://user:secret@{host}/{name}?sig=secret");
        let host = server.url.trim_start_matches("http://");
        let shown = |run: super::support::Run| run.stdout + &run.stderr;
        // This server takes what stands before the question mark to be the file's name.
        for (name, host) in [("a.dmp", host), ("missing.dmp", host), ("a.dmp", "127.0.0.1:1")] {
            let url = of(name, host);
            for args in
                [vec!["why", &url], vec!["report", &url], vec!["scan", &url], vec!["scan", "--jsonl", &url]]
            {
                let text = shown(run(&args));
                assert!(text.contains(&format!("http://{host}/{name}")) || args[0] == "why", "{text}");
                assert!(!text.contains("secret"), "{args:?}: {text}");
            }
        }
    }
}
