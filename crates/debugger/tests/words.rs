//! Lists, expressions, errors: what the debugger prints for them, taken from its own engine.

mod support;

use dumplens_debugger::Options;
use support::{run, run_with};

const STORY: &str = "story-commit-limit";

/// Commands and what Microsoft's engine printed: they do not depend on the dump.
const SAID: &[(&str, &str)] = &[
    ("? 1+1", "Evaluate expression: 2 = 00000000`00000002"),
    ("? 0x10+0n20*2", "Evaluate expression: 56 = 00000000`00000038"),
    ("? 'abcd'", "Evaluate expression: 1633837924 = 00000000`61626364"),
    ("? ~1", "Evaluate expression: 0 = 00000000`00000000"),
    (
        "? 0n1`0",
        "Evaluate expression: 1 = 00000000`00000001\n            ^ Extra character error in '? 0n1`0'",
    ),
    ("? 0n18446744073709551616", "Overflow error at '0n18446744073709551616'"),
    ("? (1", "Syntax error at '<EOL>'"),
    ("? 1/0", "Operand error at '0'"),
    ("? poi(0)", "Memory access error at ')'"),
    ("? @nosuch", "Bad register error at '@nosuch'"),
    ("? hi(12345678abcdef01)", "Evaluate expression: 43981 = 00000000`0000abcd"),
    ("?? 1+2", "int 0n3"),
    ("?? 0xffffffffffffffff", "unsigned int64 0xffffffff`ffffffff"),
    ("?? (unsigned char)300", "unsigned char 0x2c ','"),
    ("?? sizeof(void*)", "unsigned int64 8"),
    ("?? 1.5*2", "double 3"),
    ("n 7", "        ^ Syntax error in 'n 7'"),
    ("~99", "         ^ Illegal thread error in '~99'"),
    ("r nosuch", "              ^ Bad register error in 'r nosuch'"),
    ("r rax rsp", "            ^ Syntax error in 'r rax rsp'"),
    ("u 0 L2", "00000000`00000000 ??              ???\n            ^ Memory access error in 'u 0 l2'"),
    ("ub 0 L2", "             ^ Unable to find valid previous instruction for 'ub 0 l2'"),
    ("db 10 20000010", "                    ^ Range error in 'db 10 20000010'"),
    ("db 0 L10000001", "                    ^ Range error in 'db 0 l10000001'"),
    ("db 10 L3", "00000000`00000010  ?? ?? ??                                         ???"),
    ("u L2", "Couldn't resolve error at 'L2'"),
    ("dd poi(0)", "Memory access error at ')'"),
    ("x nosuch!*", "               ^ Couldn't resolve 'x nosuch'"),
    ("foo", "Couldn't resolve error at 'oo'"),
    (".foo", "          ^ Syntax error in '.foo'"),
    ("g", "       ^ No runnable debuggees error in 'g'"),
    ("bp x", "        ^ Operation not supported by current debuggee error in 'bp x'"),
    ("eb 0 41", "             ^ Memory access error in 'eb 0 41'"),
    (".echo a ; .echo b", "a \nb"),
    (".echo \"quoted; semicolon\"", "quoted; semicolon"),
    (".echo a;* comment ; .echo b", "a"),
    (".echo a;$$ comment ; .echo b", "a\nb"),
    (".echo before;foo;.echo after", "before\nCouldn't resolve error at 'oo;.echo after'"),
    (".catch {.echo a;foo;.echo b};.echo c", "a\nCouldn't resolve error at 'oo;.echo b'\nc"),
    (".if (1) .echo x", "              ^ Syntax error in '.if (1) .echo x'"),
    (".if (0) {.echo a} .elsif (1) {.echo b} .else {.echo c}", "b"),
    (".foreach (v {.echo a b c}) {.echo [v] ${v}}", "[v] a\n[v] b\n[v] c"),
    (".foreach /pS 1 /ps 1 (v {.echo a b c d}) {.echo v}", "b\nd"),
    (".for (r $t0=0; @$t0<3; r $t0=@$t0+1) {.printf \"%d\\n\", @$t0}", "0\n1\n2"),
    (".printf \"%5d|%-5d|%05d|%#x\\n\", 1,2,3,4", "    1|2    |00003|0x4"),
    (".printf \"%s\\n\", \"abc\"", "                    ^ Unsupported format type in '.printf \"%s\n'"),
    ("aS x1 5", ""),
    ("{ .echo a }", "       ^ Syntax error in '{ .echo a }'"),
    (".break", "            ^ .break outside of scope error in '.break'"),
    ("$$<no-such-file", "Command file execution failed, Win32 error 0n2\n    \"File not found.\""),
    ("!nosuch; .echo after", "No export nosuch found\nafter"),
    (
        "s -d 10000000 L3fffffff 12345678",
        "                             ^ Range error in 's -d 10000000 l3fffffff 12345678'",
    ),
    (".shell dir", "Shell commands disabled"),
];

#[test]
fn what_the_engine_says() {
    for (line, said) in SAID {
        let shown: Vec<String> = run(STORY, line).lines().map(|line| line.trim_end().to_owned()).collect();
        let wanted: Vec<&str> = said.lines().map(str::trim_end).collect();
        assert_eq!(shown, wanted, "{line}");
    }
}

#[test]
fn an_empty_line_repeats_and_settings_stay() {
    let said = run_with(STORY, Options::default(), &["n 10", "? 10", "", "aS v 5", ".echo ${v} v x"]);
    assert_eq!(said[1], "Evaluate expression: 10 = 00000000`0000000a\n");
    assert_eq!(said[2], said[1]);
    assert_eq!(said[4], "5 5 x\n");
}

/// Command strings out of public scripts and tutorials, as spec and documentation quote them: each is understood.
const PUBLIC: &[&str] = &[
    "k",
    "kn",
    "kb",
    "kv",
    "kp",
    "kP",
    "kL",
    "kc",
    "kf",
    "kbn",
    "knL 4",
    "k 5",
    "k L3",
    "~*k",
    "~*kb 2",
    "~0k",
    "~*e r @$ip",
    ".ecxr",
    ".ecxr;k 1",
    ".exr -1",
    ".cxr",
    ".lastevent",
    "r",
    "r rax",
    "r rax,rsp",
    "r @$ip",
    "r $peb",
    "r $t0=5",
    "rm",
    "~",
    "~*",
    "~.",
    "~#",
    "~0s",
    "~#s",
    ".frame",
    ".frame 1",
    ".frame /r 1",
    ".frame /c 2",
    "|",
    "||",
    ".thread",
    ".ttime",
    ".time",
    "vertarget",
    "version",
    "lm",
    "lmf",
    "lmv m ntdll",
    "lm t n",
    "lm1m",
    "lmsm",
    "lm a @$ip",
    "lmDvmntdll",
    "ln @$ip",
    "x ntdll!Rtl*",
    "x *!*Alloc*",
    "u",
    "u @$ip",
    "u . L3",
    "ub @$ip",
    "uf @$ip",
    "uf /c @$ip",
    "db @rsp",
    "da @rsp",
    "du @rsp",
    "dd @rsp L4",
    "dq rsp+78 L1",
    "dps @rsp L20",
    "dpp @rsp L4",
    "dqs @rsp",
    "dc @rsp",
    "dyb @rsp L3",
    "db @$teb L30",
    "db /c8 @rsp L10",
    "s -d @rsp L400 e06d7363",
    "s -a @rsp L400 \"text\"",
    "s -[1]d @rsp L400 1",
    ".formats 0n60540697",
    "? @$csp+8",
    "?? @$tid",
    "!address",
    "!address -summary",
    "!address @rsp",
    "!address -f:Free",
    "!address -f:PAGE_READWRITE,MEM_PRIVATE",
    "!address -f:Heap -o:csv",
    "!address /f:Image /c:\".echo %1\"",
    "!address -f:Stack -o:1",
    "!teb",
    "!peb",
    "!gle",
    "!gle -all",
    "!error c0000005",
    "!error 2",
    "!heap",
    "!heap -s",
    "!heap -stat",
    "!handle",
    "!handle 0 0",
    "!runaway",
    "!runaway 7",
    "!uniqstack",
    "!dh ntdll",
    "!vprot @rsp",
    "!analyze -v",
    "!ext.address -summary",
    "!why",
    "!vm",
    ".reload",
    ".reload /f",
    ".symfix",
    ".sympath",
    ".symopt+ 100",
    ".lines -e",
    ".prefer_dml 1",
    ".load sos",
    ".loadby sos clr",
    ".chain",
    ".pcmd",
    "al",
    "sxe av",
    ".logclose",
    ".block {.echo x}",
    ".printf \"%y\\n\", @$ip",
    ".foreach (m {lm1m}) {.echo m}",
    ".expr /s masm",
    ".effmach",
    ".kframes 100",
];

#[test]
fn public_commands_are_understood() {
    for line in PUBLIC {
        let said = run(STORY, line);
        assert!(!said.contains("Syntax error"), "{line}: {said}");
        assert!(!said.contains("No export"), "{line}: {said}");
        assert!(!said.contains("Couldn't resolve"), "{line}: {said}");
    }
}

#[test]
fn scripts_end() {
    let said = run(STORY, ".while (1) {r $t0=@$t0+1}");
    assert_eq!(said, "");
    let deep = format!("{}{}", ".block {".repeat(500), "}".repeat(500));
    assert!(run(STORY, &deep).contains("Too many nested blocks"));
    let brackets = format!("? {}1", "(".repeat(100_000));
    assert!(run(STORY, &brackets).starts_with("Syntax error"));
}

#[test]
fn files_are_not_opened_where_they_must_not_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let [script, log] = ["script.txt", "log.txt"].map(|name| folder.path().join(name));
    std::fs::write(&script, "? 17\n").expect("a script");
    let lines = [
        format!("$<{}", script.display()),
        format!("$$<{}", script.display()),
        format!("$><{}", script.display()),
        format!("$$><{}", script.display()),
        format!("$$>a<{} 1", script.display()),
        format!(".logopen {}", log.display()),
        format!(".logappend {}", log.display()),
    ];
    for line in &lines {
        let options = Options { no_files: true, ..Options::default() };
        let said = run_with(STORY, options, &[line]).remove(0);
        assert_eq!(said, "Files are not opened: --no-files was given\n", "{line}");
        assert!(!log.exists());
    }
    assert!(run_with(STORY, Options::default(), &[&lines[0]]).remove(0).contains("23"));
}

#[test]
fn memory_is_refused_where_it_must_not_be_read() {
    let options = || Options { no_memory: true, ..Options::default() };
    for line in ["db @rsp", "dps @rsp", "s -a @rsp L100 \"x\"", "u", "ub @$ip", "uf @$ip"] {
        let said = run_with(STORY, options(), &[line]).remove(0);
        assert_eq!(said, "Memory is not shown: --no-memory was given\n", "{line}");
    }
    let said =
        run_with(STORY, options(), &["k", "!address -summary", "kb 1", ".printf \"%ma\\n\", @rsp", "!peb"]);
    assert!(said[0].contains("RaiseException"));
    assert!(said[1].contains("Usage Summary"));
    assert!(
        said[2].contains(" : 00000000`00000000 00000000`00000000 00000000`00000000 00000000`00000000 : ")
    );
    assert_eq!(said[3], "\n");
    assert!(!said[4].contains("CommandLine"), "{}", said[4]);
}

#[test]
fn every_list_of_damaged_commands_ends() {
    let seeds = [
        "dd @rsp L4;",
        "? (1+[2*3])",
        ".if(1){.echo a}",
        "~*e k 2",
        "!address -f:Free -c:\"",
        "s -[l1]sa ",
        "x a!",
        "r $t0=",
    ];
    let mut lines = Vec::new();
    for seed in seeds {
        for cut in 0..seed.len() {
            lines.extend(
                ["", "\"", "{", ")", "@", "`", "$", "%1", "\u{1b}[2J"]
                    .map(|tail| format!("{}{tail}", &seed[..cut])),
            );
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(run_with(STORY, Options::default(), &lines).len(), lines.len());
}

#[test]
fn a_terminal_gets_no_control_characters() {
    let options = Options { terminal: true, ..Options::default() };
    let said = run_with(STORY, options, &[".echo \u{1b}[2Jx\u{202e}"]).remove(0);
    assert_eq!(said, "\\u{1b}[2Jx\\u{202e}\n");
}

/// Writers other than Windows end no path with a NUL: the debugger reads on to the next, and so does everyone's transcript.
#[test]
fn paths_that_no_nul_ends_go_on() {
    let mut bytes = dumplens_synth::presets::tiny().to_bytes().0;
    let path: Vec<u8> = "app.exe\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = bytes.windows(path.len()).position(|window| window == path).expect("the module's path");
    let end = at + path.len();
    bytes[end - 2..end + 4].copy_from_slice(&[b'Z', 0, 0x34, 0x12, 0, 0]);
    let dump = dumplens_core::Dump::open(bytes).expect("a dump");
    let said = support::run_on(&dump, dumplens_debugger::Options::default(), &["|", "lm1m"]).join("");
    assert!(said.contains("app.exeZ?\n"), "{said}");
    assert!(said.contains("app\n"), "{said}");
}
