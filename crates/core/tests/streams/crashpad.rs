//! Crashpad's annotations: written here by hand, from minidump_extensions.h.

use dumplens_core::{Annotation, CrashpadInfo, Dump, Spans, StreamType, trim::Trim};
use dumplens_synth::presets;

/// A file whose stream and all that it leads to lie at its end.
struct File {
    bytes: Vec<u8>,
    /// Where the stream is.
    at: usize,
}

impl File {
    fn new() -> File {
        let mut process = presets::tiny();
        process.extra_streams.push((StreamType::CRASHPAD_INFO.0, vec![0; 52]));
        let bytes = process.to_bytes().0;
        let dump = Dump::open(bytes.clone()).expect("a dump that opens");
        let at = dump.stream(StreamType::CRASHPAD_INFO).expect("the stream").rva;
        File { bytes, at: usize::try_from(at).expect("a small file") }
    }

    fn put(&mut self, bytes: &[u8]) -> u32 {
        let rva = u32::try_from(self.bytes.len()).expect("a small file");
        self.bytes.extend(bytes);
        rva
    }

    fn text(&mut self, text: &str) -> u32 {
        let length = u32::try_from(text.len()).expect("a short text");
        self.put(&[&length.to_le_bytes(), text.as_bytes(), &[0]].concat())
    }

    fn words(&mut self, words: &[u32]) -> (u32, u32) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        (u32::try_from(bytes.len()).expect("few words"), self.put(&bytes))
    }

    fn set(&mut self, offset: usize, (size, rva): (u32, u32)) {
        let place = self.at + offset;
        self.bytes[place..place + 4].copy_from_slice(&size.to_le_bytes());
        self.bytes[place + 4..place + 8].copy_from_slice(&rva.to_le_bytes());
    }

    fn read(self) -> (Dump, CrashpadInfo) {
        let dump = Dump::open(self.bytes).expect("a dump that opens");
        let info = dump.crashpad_info().expect("no damage").expect("the stream");
        (dump, info)
    }
}

/// One annotation of the program, and three of the second module: one in each of the places that there are.
fn full() -> File {
    let mut file = File::new();
    file.bytes[file.at + 4..file.at + 20]
        .copy_from_slice(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    let own = [1, file.text("prod"), file.text("Studio")];
    let own = file.words(&own);
    let listed = [1, file.text("abort() was called")];
    let listed = file.words(&listed);
    let simple = [1, file.text("ver"), file.text("41.3")];
    let simple = file.words(&simple);
    let objects = [2, file.text("ptype"), 1, file.text("renderer"), file.text("number"), 0x8000, 0];
    let objects = file.words(&objects);
    let module = file.words(&[1, listed.0, listed.1, simple.0, simple.1, objects.0, objects.1]);
    let links = file.words(&[1, 1, module.0, module.1]);
    file.set(36, own);
    file.set(44, links);
    file
}

fn annotation(module: Option<u32>, name: &str, value: &str) -> Annotation {
    Annotation { module, name: name.to_owned(), value: value.to_owned() }
}

#[test]
fn annotations_of_program_and_modules() {
    let (dump, info) = full().read();
    assert_eq!(info.report_id.as_deref(), Some("03020100-0504-0706-0809-0a0b0c0d0e0f"));
    assert_eq!((info.client_id.as_deref(), info.damage.as_slice()), (None, &[][..]));
    let wanted = [
        annotation(None, "prod", "Studio"),
        annotation(Some(1), "", "abort() was called"),
        annotation(Some(1), "ver", "41.3"),
        annotation(Some(1), "ptype", "renderer"),
    ];
    assert_eq!(info.annotations, wanted);

    let mut copy = std::io::Cursor::new(Vec::new());
    Trim::new(&dump, &Spans::default(), None).write("a note", &mut copy).expect("a copy");
    let copy = Dump::open(copy.into_inner()).expect("a copy that opens");
    assert_eq!(copy.crashpad_info().expect("no damage"), Some(info));
}

#[test]
fn what_is_behind_damage_is_lost_and_nothing_else() {
    let mut file = full();
    let links = file.words(&[1, 1, 28, 0x7fff_ffff]);
    file.set(44, links);
    let (_, info) = file.read();
    assert_eq!(info.annotations, [annotation(None, "prod", "Studio")]);
    assert!(info.damage[0].to_string().contains("outside the file"), "{:?}", info.damage);

    let mut file = full();
    let many = file.words(&[0x1fff_ffff, 0, 0]);
    file.set(36, many);
    let (_, info) = file.read();
    assert_eq!((info.annotations.len(), info.damage.len()), (0, 1));
}

/// Lists that lead to one text again and again are read as far as a sound file can be long.
#[test]
fn one_text_many_times() {
    let mut file = File::new();
    let text = file.text(&"x".repeat(4000));
    let mut words = vec![1000];
    words.extend([text; 2000]);
    let list = file.words(&words);
    file.set(36, list);
    let (_, info) = file.read();
    assert!((10..100).contains(&info.annotations.len()), "{}", info.annotations.len());
    assert_eq!(info.damage.len(), 1);
}
