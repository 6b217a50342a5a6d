//! Files that are no minidumps, and what a person would call them, by their first bytes.

/// First bytes.
const BINARY: [(&[u8], &str); 38] = [
    (b"MZ", "a Windows program or library"),
    (b"\x7fELF", "an ELF file (a Linux program or core dump)"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O file (a macOS program or core dump)"),
    (b"\xce\xfa\xed\xfe", "a Mach-O file (a macOS program or core dump)"),
    (b"\xca\xfe\xba\xbe", "a Mach-O file for several processors (a macOS program), or a Java class"),
    (b"\x1f\x8b", "a gzip archive: unpack it first"),
    (b"\x1f\x9d", "a file of the program compress: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (b"\xfd7zXZ\0", "an xz archive: unpack it first"),
    (b"\x5d\0\0", "an lzma archive: unpack it first"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\x04\x22\x4d\x18", "an lz4 archive: unpack it first"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"PK\x05\x06", "a zip archive without files"),
    (b"PK\x07\x08", "a zip archive: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"MSCF", "a cabinet archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"Microsoft C/C++ MSF", "a PDB: symbols, not a dump"),
    (b"ElfFile\0", "a Windows event log"),
    (b"JAVA PROFILE ", "a Java heap dump (hprof)"),
    (b"Nettrace", "a .NET trace (nettrace)"),
    (b"\x14\0\0\0!FastSerialization", "a .NET heap dump (gcdump)"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG\r\n", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
    (b"version https://git-lfs", "a Git LFS pointer instead of the file"),
    (b"\x78\x01", "zlib data: unpack it first"),
    (b"\x78\x5e", "zlib data: unpack it first"),
    (b"\x78\x9c", "zlib data: unpack it first"),
    (b"\x78\xda", "zlib data: unpack it first"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a compound file, such as an installer or a document"),
    (b"TURNUJOn", "a minidump in base64: decode it first"),
    (b"HTTP/1.", "a response of a server with its headers: take the body out of it first"),
];

/// How text begins, in lower case, behind white space and a byte order mark.
const TEXT: [(&str, &str); 7] = [
    ("#\n# a fatal error has been detected by the java runtime", "an error log of the Java VM (hs_err)"),
    ("<?xml", "an XML file"),
    ("<!doctype html", "an HTML page, as servers send in place of a file"),
    ("<html", "an HTML page, as servers send in place of a file"),
    ("{", "text that looks like JSON"),
    ("[{", "text that looks like JSON"),
    ("content-type: multipart/form-data", UPLOAD),
];
const UPLOAD: &str = "the body of an upload (multipart/form-data): take the minidump out of it first";

/// How a minidump begins: `MDMP` and the lower half of its version.
const MINIDUMP: &[u8] = b"MDMP\x93\xa7";

/// Where a tar archive says that it is one.
const USTAR: usize = 257;

/// What a file is that begins so; `None` if that is not known.
pub(crate) fn other_format(head: &[u8]) -> Option<&'static str> {
    let valid = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let text = valid.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase().replace('\r', "");
    // A body of multipart/form-data begins with `--` and its boundary, and the headers of its first part.
    if text.starts_with("--") && text.contains("content-disposition:") {
        return Some(UPLOAD);
    }
    if head.get(USTAR..).is_some_and(|at| at.starts_with(b"ustar")) {
        return Some("a tar archive: unpack it first");
    }
    let binary = BINARY.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, what)| *what);
    let by_text = || TEXT.iter().find(|(start, _)| text.starts_with(start)).map(|(_, what)| *what);
    let within = || head.windows(MINIDUMP.len()).any(|at| at == MINIDUMP);
    let within = || within().then_some("a file with a minidump behind other bytes: remove those first");
    binary.or_else(by_text).or_else(within)
}

/// Whether a file that begins so is text, of whatever kind.
pub(crate) fn looks_like_text(head: &[u8]) -> bool {
    let valid = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    // At the end a character may be cut.
    let whole = head.len().saturating_sub(valid.len()) < 4;
    whole && !valid.is_empty() && valid.chars().all(|c| !c.is_control() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::{looks_like_text, other_format};

    #[test]
    fn texts_of_all_kinds() {
        let named = [
            (&b"\xef\xbb\xbf\r\n<!DOCTYPE HTML><title>404</title>"[..], "HTML"),
            (b"<HTML>\n<HEAD>", "HTML"),
            (b"\r\n--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nMDMP\xff\xfe", "upload"),
            (b"Content-Type: multipart/form-data; boundary=b1\r\n\r\n--b1\r\n", "upload"),
            (b" [{\"error\": 404}]", "JSON"),
            (b"#\r\n# A fatal error has been detected by the Java Runtime Environment:\r\n", "hs_err"),
            (b"#\n# A fatal error has been detected by the Java Runtime Environment:\n", "hs_err"),
            (b"TURNUJOnAAANAAAA", "base64"),
            (b"HTTP/1.1 200 OK\r\n\r\nMDMP\x93\xa7", "headers"),
            (b"\r\nMDMP\x93\xa7\0\0", "behind other bytes"),
        ];
        for (head, word) in named {
            assert!(other_format(head).is_some_and(|what| what.contains(word)), "{word}");
        }
        for head in [&[0xff; 64][..], b"\0\x01\x02text", b""] {
            assert!(other_format(head).is_none() && !looks_like_text(head), "{head:x?}");
        }
        let cut = "2026-11-26 Fehler: Datei fehlt, ä".as_bytes().split_last().expect("bytes").1;
        assert!(looks_like_text(cut) && other_format(cut).is_none());
    }
}
