//! `dumplens mcp`, as a client sees it: messages in, messages out. The answers are compared with those of the commands.

mod support;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use support::run;

const STORY: &str = "story-commit-limit/dump.dmp";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// A server with its pipes. The next message is awaited by whoever asks.
struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Server {
    fn start(root: &Path, more: &[&str]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dumplens"))
            .arg("mcp")
            .arg("--root")
            .arg(root)
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        let mut server = Server { child, input, output: BufReader::new(output), last: 0 };
        let hello = server.ask("initialize", &json!({ "protocolVersion": "2025-06-18" }));
        assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
        server.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string());
        server
    }

    fn write(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("a pipe"), "{line}").expect("the server reads");
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the server writes");
        serde_json::from_str(&line).expect("a message a line")
    }

    fn request(&mut self, method: &str, parameters: &Value) -> u64 {
        self.last += 1;
        let message = json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": parameters });
        self.write(&message.to_string());
        self.last
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        let id = self.request(method, parameters);
        let answer = self.next();
        assert_eq!(answer["id"], id);
        answer
    }

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))["result"].clone()
    }

    fn refused(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        result["content"][0]["text"].as_str().expect("a text").to_owned()
    }

    fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().expect("it ends").success());
    }
}

/// What the command prints as JSON, without the path, which is told as it was given.
fn printed(args: &[&str]) -> Value {
    serde_json::from_str(run(args).text()).expect("JSON")
}

#[test]
fn every_tool_answers_as_its_command_does_and_as_its_schema_says() {
    let mut server = Server::start(&fixtures(), &[]);
    let list = server.ask("tools/list", &json!({}));
    let tools: HashMap<String, Value> = list["result"]["tools"]
        .as_array()
        .expect("tools")
        .iter()
        .map(|tool| (tool["name"].as_str().expect("a name").to_owned(), tool.clone()))
        .collect();
    let dump = || json!({ "dump": STORY });
    let more: HashMap<&str, Value> = HashMap::from([
        ("at", json!({ "dump": STORY, "address": "7ffe0000" })),
        ("stack", json!({ "dump": STORY, "thread": "all" })),
        ("diff", json!({ "old": STORY, "new": STORY })),
        ("scan", json!({ "paths": ["story-commit-limit"] })),
        ("cdb", json!({ "dump": STORY, "commands": ".formats 0x039bc719" })),
        ("explain", json!({ "id": "commit_limit" })),
    ]);
    assert_eq!(tools.len(), 17, "{:?}", tools.keys());
    // An assistant reads all of it before its first question.
    let bytes = list.to_string().len();
    assert!(bytes < 100_000, "{bytes} bytes");
    for (name, tool) in &tools {
        let arguments = more.get(name.as_str()).cloned().unwrap_or_else(dump);
        assert!(jsonschema::is_valid(&tool["inputSchema"], &arguments), "{name}");
        let result = server.call(name, &arguments);
        assert_eq!(result["isError"], false, "{name}: {result}");
        assert!(jsonschema::is_valid(&tool["outputSchema"], &result["structuredContent"]), "{name}");
        assert!(!result["content"][0]["text"].as_str().expect("a text").is_empty(), "{name}");
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
    }
    let path = fixtures().join(STORY).canonicalize().expect("a path");
    let path = path.to_str().expect("UTF-8");
    for args in [&["why", path][..], &["stack", path], &["waits", path], &["modules", path]] {
        let result = server.call(args[0], &dump());
        let json = printed(&[args, &["--format", "json"][..]].concat());
        assert_eq!(result["structuredContent"], json, "{args:?}");
        assert_eq!(result["content"][0]["text"], run(args).text(), "{args:?}");
    }
    let formats = server.call("cdb", &more["cdb"]);
    assert!(formats["structuredContent"]["text"].as_str().expect("a text").contains("60540697"));
    server.end();
}

#[test]
fn lists_come_in_pieces() {
    let mut server = Server::start(&fixtures(), &[]);
    let path = fixtures().join(STORY);
    for (tool, list, limit) in [
        ("regions", "/list", 200),
        ("allocations", "/memory/allocations/list", 90),
        ("modules", "/modules", 3),
    ] {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut arguments = json!({ "dump": STORY, "limit": limit });
            if let Some(cursor) = &cursor {
                arguments["cursor"] = cursor.as_str().into();
            }
            let result = server.call(tool, &arguments);
            let data = &result["structuredContent"];
            let piece = data.pointer(list).and_then(Value::as_array).expect("a list").clone();
            assert!(!piece.is_empty() && piece.len() <= limit, "{tool}");
            all.extend(piece);
            cursor = data["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert!(all.len() > limit, "{tool}: one piece");
        let line = [tool, path.to_str().expect("UTF-8"), "--format", "json", "--limit", "100000"];
        assert_eq!(Value::from(all), *printed(&line).pointer(list).expect("a list"), "{tool}");
    }
    assert!(server.refused("regions", &json!({ "dump": STORY, "cursor": "x" })).contains("cursor"));
    assert!(server.refused("regions", &json!({ "dump": STORY, "limit": 0 })).contains("limit"));
    server.end();
}

#[test]
fn nothing_outside_the_folders_is_opened() {
    let root = tempfile::tempdir().expect("a folder");
    let inside = root.path().join("inside");
    std::fs::create_dir(&inside).expect("a folder");
    let story = fixtures().join(STORY);
    std::fs::copy(&story, inside.join("a.dmp")).expect("a copy");
    std::fs::copy(&story, root.path().join("outside.dmp")).expect("a copy");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(root.path().join("outside.dmp"), inside.join("link.dmp")).expect("a link");
        std::os::unix::fs::symlink(root.path().join("outside.dmp"), inside.join("listed.dmp"))
            .expect("a link");
    }
    std::fs::write(root.path().join("secret.txt"), "? 0n4711").expect("a file");
    let mut server = Server::start(&inside, &[]);
    assert_eq!(server.call("why", &json!({ "dump": "a.dmp" }))["isError"], false);
    let outside = root.path().join("outside.dmp");
    let outside = outside.to_str().expect("UTF-8");
    let refused = "no such file in the server's folders";
    for path in [outside, "../outside.dmp", "link.dmp", "nothing.dmp", "--help", "-z", ""] {
        let why = server.refused("why", &json!({ "dump": path }));
        // An empty name is the folder itself.
        assert!(why.contains(refused) || path.is_empty(), "{path}: {why}");
    }
    assert!(server.refused("diff", &json!({ "old": "a.dmp", "new": outside })).contains(refused));
    assert!(server.refused("scan", &json!({ "paths": ["a.dmp", ".."] })).contains(refused));
    let dir = root.path().to_str().expect("UTF-8");
    assert!(server.refused("stack", &json!({ "dump": "a.dmp", "symbols": [dir] })).contains(refused));
    assert!(server.refused("why", &json!({ "dump": "http://127.0.0.1:9/a.dmp" })).contains("only files"));
    // A folder's links are not followed, nor are scripts read or logs written.
    let scan = server.call("scan", &json!({ "paths": ["."] }));
    let found = scan["structuredContent"]["dumps"].as_array().expect("rows").len();
    assert_eq!(found, 1, "{scan}");
    let (secret, log) = (root.path().join("secret.txt"), root.path().join("log.txt"));
    let commands = format!("$<{}; .logopen {}", secret.display(), log.display());
    let said = server.call("cdb", &json!({ "dump": "a.dmp", "commands": commands }));
    let said = said["structuredContent"]["text"].as_str().expect("a text");
    assert!(said.contains("Files are not opened") && !said.contains("1267") && !log.exists(), "{said}");
    // Options that are not offered, and values that look like options.
    for argument in ["symbol_server", "include_secrets", "format", "store", "no_memory"] {
        let why = server.refused("info", &json!({ "dump": "a.dmp", argument: true }));
        assert!(why.contains("has no argument"), "{why}");
    }
    assert!(server.refused("at", &json!({ "dump": "a.dmp", "address": "--help" })).contains("--help"));
    server.end();
}

#[test]
fn memory_is_shown_only_where_the_server_was_started_so() {
    let arguments = json!({ "dump": STORY, "commands": "db @rsp L10" });
    for (more, refuses) in [(&[][..], true), (&["--memory"][..], false)] {
        let mut server = Server::start(&fixtures(), more);
        let result = server.call("cdb", &arguments);
        let text = result["structuredContent"]["text"].as_str().expect("a text");
        assert_eq!(text.contains("Memory is not shown"), refuses, "{text}");
        let list = server.ask("tools/list", &json!({})).to_string();
        assert_eq!(list.contains("include_secrets"), !refuses);
        server.end();
    }
}

#[test]
fn what_is_no_call_is_an_error_and_the_server_goes_on() {
    let mut server = Server::start(&fixtures(), &[]);
    for (line, code) in [
        ("{", -32700),
        ("[1]", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"resources/list\"}", -32601),
        ("{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"tools/call\",\"params\":{\"name\":\"trim\"}}", -32602),
    ] {
        server.write(line);
        assert_eq!(server.next()["error"]["code"], code, "{line}");
    }
    assert!(server.refused("why", &json!({})).contains("<DUMP>"));
    assert!(server.refused("why", &json!({ "dump": ["a", {}] })).contains("no such file"));
    assert_eq!(server.ask("ping", &json!({}))["result"], json!({}));
    server.end();
}

/// A call that was cancelled has no answer; the next one has.
#[test]
fn a_cancelled_call_is_not_answered() {
    let mut server = Server::start(&fixtures(), &[]);
    let paths = json!({ "name": "scan", "arguments": { "paths": ["."] } });
    let id = server.request("tools/call", &paths);
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
    server.write(&cancel.to_string());
    let result = server.call("explain", &json!({ "id": "commit_limit" }));
    assert_eq!(result["isError"], false);
    server.end();
}
