//! What Microsoft's engine prints for each of the rules, without symbols.

use super::line;

/// Bytes and text of 64-bit code.
const X64: &[(&str, &str)] = &[
    ("69c112345678", "imul    eax,ecx,78563412h"),
    ("6c", "ins     byte ptr [rdi],dx"),
    ("6e", "outs    dx,byte ptr [rsi]"),
    ("86c1", "xchg    al,cl"),
    ("8a01", "mov     al,byte ptr [rcx]"),
    ("a4", "movs    byte ptr [rdi],byte ptr [rsi]"),
    ("a6", "cmps    byte ptr [rsi],byte ptr [rdi]"),
    ("ac", "lods    byte ptr [rsi]"),
    ("c4417f123456", "vmovddup ymm14,ymmword ptr [r14+rdx*2]"),
    ("c5c1123456", "vmovlpd xmm6,xmm7,qword ptr [rsi+rdx*2]"),
    ("d7", "xlat    byte ptr [rbx]"),
    ("d9da", "fstp1   st(2)"),
    ("dcd3", "fcom2   st(3)"),
    ("ddca", "fxch4   st(2)"),
    ("dec1", "faddp   st(1),st"),
    ("f6e2", "mul     al,dl"),
    ("f63b", "idiv    byte ptr [rbx]"),
    ("ffd3", "call    rbx"),
    ("6668c112", "push    12C1h"),
    ("f200c1", "xacquire add cl,al"),
    ("f2ae", "repne scas byte ptr [rdi]"),
    ("f300c1", "xrelease add cl,al"),
    ("f363c1", "rep movsxd eax,ecx"),
    ("f3aa", "rep stos byte ptr [rdi]"),
    ("640001", "add     byte ptr fs:[rcx],al"),
    ("f00001", "lock add byte ptr [rcx],al"),
    ("0f0101", "sgdt    tbyte ptr [rcx]"),
    ("0f1201", "movlps  xmm0,qword ptr [rcx]"),
    ("0f1801", "prefetchnta [rcx]"),
    ("0f1a01", "bndldx  bnd0,qword ptr [rcx]"),
    ("0f1fd3", "nop     ebx"),
    ("0f28c1", "movaps  xmm0,xmm1"),
    ("0f6ec1", "movd    mm0,ecx"),
    ("f20f2cc1", "cvttsd2si eax,xmm1"),
];

/// Bytes and text of 32-bit code.
const X86: &[(&str, &str)] = &[
    ("000500100000", "add     byte ptr ds:[1000h],al"),
    ("60", "pushad"),
    ("61", "popad"),
    ("63c1", "arpl    cx,ax"),
    ("69c112345678", "imul    eax,ecx,78563412h"),
    ("6c", "ins     byte ptr es:[edi],dx"),
    ("8ec1", "mov     es,cx"),
    ("a4", "movs    byte ptr es:[edi],byte ptr [esi]"),
    ("ac", "lods    byte ptr [esi]"),
    ("d4c1", "aamb    0C1h"),
    ("d7", "xlat    byte ptr [ebx]"),
    ("f6e2", "mul     al,dl"),
    ("f3a6", "repe cmps byte ptr [esi],byte ptr es:[edi]"),
    ("640001", "add     byte ptr fs:[ecx],al"),
];

/// Bytes and text of 16-bit code.
const REAL_MODE: &[(&str, &str)] = &[
    ("8b00", "mov     ax,word ptr [bx+si]"),
    ("0f1f840000", "nop     word ptr [si+0000h]"),
    ("004c8b", "add     byte ptr [si-75h],cl"),
    ("d1b8fc00", "sar     word ptr [bx+si+00FCh],1"),
    ("8da42400", "lea     sp,[si+0024h]"),
    ("e895c6", "call    D698"),
    ("6e", "outs    dx,byte ptr [si]"),
    ("8277ffd2", "xor     byte ptr [bx-1],0D2h"),
];

fn text(hex: &str, bits: u32) -> String {
    let byte = |n| u8::from_str_radix(&hex[n..n + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    let line = line(&bytes, 0x1000, bits, &mut |_| None).unwrap();
    assert_eq!(line.bytes, bytes, "{hex}: all of it is one instruction");
    let shown = line.shown(bits < 64, true);
    let behind = if bits < 64 { 9 } else { 18 };
    shown[behind + hex.len()..].trim_start().to_owned()
}

#[test]
fn as_the_engine_prints_it() {
    for (rows, bits) in [(X64, 64), (X86, 32), (REAL_MODE, 16)] {
        for (hex, wanted) in rows {
            assert_eq!(text(hex, bits), *wanted, "{hex}");
        }
    }
}

#[test]
fn names_and_bare_addresses() {
    let call = [0xe8, 0x0b, 0, 0, 0];
    let named = line(&call, 0x1000, 32, &mut |at| Some(format!("m!f+{at:#x}"))).unwrap();
    assert_eq!(named.shown(true, true), "00001000 e80b000000      call    m!f+0x1010 (00001010)");
    let bare = line(&call, 0x7fff_0000_1000, 64, &mut |_| None).unwrap();
    assert_eq!(bare.shown(false, true), "00007fff`00001000 e80b000000      call    00007fff`00001010");
    assert_eq!(bare.shown(false, false), "00007fff`00001000 call    00007fff`00001010");
}

/// `???` of the real images: a REX byte counts only directly before the opcode.
#[test]
fn prefixes_that_are_skipped_are_not_decoded() {
    for bytes in [[0x44, 0x65, 0x6c], [0x49, 0x49, 0x44]] {
        assert!(!line(&bytes, 0x1000, 64, &mut |_| None).unwrap().decoded, "{bytes:x?}");
    }
    assert!(line(&[0x65, 0x73, 0x65], 0x1000, 64, &mut |_| None).unwrap().decoded);
}

#[test]
fn what_is_not_known_has_one_byte_and_endbr64_is_known() {
    let unknown = line(&[0x0f, 0xff, 0xc0], 0x1000, 64, &mut |_| None).unwrap();
    assert_eq!((unknown.bytes.len(), unknown.decoded, unknown.mnemonic.as_str()), (1, false, "???"));
    let endbr = line(&[0xf3, 0x0f, 0x1e, 0xfa], 0x1000, 64, &mut |_| None).unwrap();
    assert_eq!(endbr.mnemonic, "endbr64");
    assert!(line(&[], 0x1000, 64, &mut |_| None).is_none());
}
