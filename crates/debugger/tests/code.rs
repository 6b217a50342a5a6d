//! `uf` and `.fnent` on code that synth writes.

mod support;

use dumplens_synth::presets::tiny;
use dumplens_synth::presets::tiny::X64;
use support::run_synth;

/// `main` of the application: push rbp; sub rsp,40h; lea rbp,[rsp+20h], and a call of `work`.
#[test]
fn unwind_codes_are_told() {
    let text = run_synth(&tiny(), &[".fnent app+1052"]).remove(0);
    let codes: Vec<&str> = text.lines().filter(|line| line.contains("unwind op")).collect();
    assert_eq!(
        codes,
        [
            "  00: offs a, unwind op 3, op info 0\tUWOP_SET_FPREG.",
            "  01: offs 5, unwind op 2, op info 7\tUWOP_ALLOC_SMALL.",
            "  02: offs 1, unwind op 0, op info 5\tUWOP_PUSH_NONVOL reg: rbp.",
        ]
    );
    assert!(text.contains("BeginAddress      = 00000000`00001050\n"), "{text}");
    assert!(text.contains("  version 1, flags 0, prolog a, codes 3\n"), "{text}");
}

/// `uf` begins where the unwind data says, not at the nearest export: AppMain lies below `wait`.
#[test]
fn a_function_begins_where_its_unwind_data_says() {
    let text = run_synth(&tiny(), &["uf app+108a"]).remove(0);
    let first = text.lines().nth(1).unwrap_or_default();
    assert!(first.starts_with("00007ff6`40001080 "), "{text}");
}

fn written(code: &[u8]) -> dumplens_synth::Process {
    let mut process = tiny();
    process.put(X64.mapped, code);
    process
}

#[test]
fn a_call_of_the_function_itself_ends_its_block() {
    // nop; call to the nop; ud2 is not reached.
    let said = run_synth(&written(&[0x90, 0xe8, 0xfa, 0xff, 0xff, 0xff, 0x0f, 0x0b]), &["uf 1f100000000"]);
    assert_eq!(said[0].lines().count(), 2, "{}", said[0]);
}

#[test]
fn calls_are_followed_through_pointers() {
    // call [rip+0Ah], call rax, ret; then the pointer.
    let mut code = vec![0xff, 0x15, 0x0a, 0, 0, 0, 0xff, 0xd0, 0xc3];
    code.resize(16, 0xcc);
    code.extend((X64.ntdll + 0x1000).to_le_bytes());
    let said = run_synth(&written(&code), &["uf /c 1f100000000"]).remove(0);
    assert_eq!(
        said,
        "000001f1`00000000\n  000001f1`00000000:\n    call to ntdll!NtWaitForSingleObject (00007ffb`10001000)\n  000001f1`00000006:\n    unresolvable call: call    rax\n"
    );
}

#[test]
fn code_that_cannot_be_followed_is_told() {
    // 06 is no instruction of x64.
    let said = run_synth(&written(&[0x90, 0x06]), &["uf 1f100000000"]).remove(0);
    assert!(said.starts_with("Flow analysis was incomplete, some code may be missing\n"), "{said}");
    // jne to the ret behind it; /D marks it.
    let said = run_synth(&written(&[0x75, 0x00, 0xc3]), &["uf /D 1f100000000"]).remove(0);
    assert!(said.lines().next().is_some_and(|line| line.ends_with("  Branch")), "{said}");
}

/// `L` counts words where words are searched.
#[test]
fn ranges_of_wide_text_count_words() {
    let mut process = tiny();
    let text: Vec<u8> = "abcdef".encode_utf16().flat_map(u16::to_le_bytes).collect();
    process.put(X64.mapped, &[0; 32]);
    process.put(X64.mapped + 8, &text);
    let said = run_synth(&process, &["s -su 1f100000000 La", "s -su 1f100000000 L6"]);
    assert_eq!(said[0], "000001f1`00000008  \"abcdef\"\n");
    assert_eq!(said[1], "");
}

/// The name is that of the export directory.
#[test]
fn images_are_named_as_they_name_themselves() {
    let mut process = tiny();
    process.modules[1].path = r"C:\Windows\System32\renamed.dll".to_owned();
    let said = run_synth(&process, &[".imgscan"]).remove(0);
    assert!(said.contains("  Name: app.exe\n") && said.contains("  Name: ntdll.dll\n"), "{said}");
    assert!(!said.contains("renamed"), "{said}");
}

/// Decoding begins 16 bytes before for each instruction; where that meets none, the nearest beginning counts, as in a dump of
/// Chromium's whose code begins within those bytes.
#[test]
fn the_instructions_before_an_address() {
    let mov = [0xb9, 7, 0, 0, 0];
    let before = |filler: u8| {
        let code: Vec<u8> = [filler; 11].into_iter().chain(mov).collect();
        run_synth(&written(&code), &["ub 1f100000010 L1"]).remove(0)
    };
    assert_eq!(before(0x90), "000001f1`0000000b b907000000      mov     ecx,7\n");
    assert_eq!(before(0x06), "000001f1`0000000e 0000            add     byte ptr [rax],al\n");
}
