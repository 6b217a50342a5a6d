//! Types, parameters and fields: what the sources of `files/imit-x64.pdb` declare (`files/ORIGIN.md`), and what Microsoft's
//! debugger showed of them.

use std::io::Cursor;

use dumplens_analyzer::symbols::pdb::{frames_at, layouts};
use dumplens_analyzer::symbols::{Function, Layout, Place, Shape};

use crate::{IMIT, id};

fn function(rva: u32) -> Function {
    let answer = frames_at(Cursor::new(IMIT), Some(id()), &[rva]).expect("an answer").remove(0);
    *answer.function.expect("a function")
}

/// `kp`: `imit!telemetry::capture(class telemetry::Recorder * r = …, unsigned int64 ticks = …)+0x69`.
#[test]
fn parameters_have_names_and_types() {
    let capture = function(0x1188);
    let parameters = capture.variables.iter().filter(|variable| variable.parameter);
    let told: Vec<String> = parameters.map(|v| format!("{} {}", v.of.text, v.name)).collect();
    assert_eq!(told, ["class telemetry::Recorder * r", "unsigned int64 ticks"]);
    assert_eq!(capture.signature.text(), "class telemetry::Recorder *, unsigned int64");
    assert_eq!(function(0x11d0).signature.text(), "int, char **", "main");
    assert_eq!(function(0x1011).signature.text(), "void", "__scrt_throw_std_bad_alloc");
}

/// `dv /V` in `operator new`: `@rsi  @rsi  size = 0x240b5e7`, and `block` is nowhere.
#[test]
fn variables_are_where_the_compiler_put_them() {
    /// `CV_AMD64_RSI`.
    const RSI: u16 = 332;
    let new = function(0x109b);
    let places: Vec<(&str, Option<Place>)> =
        new.variables.iter().map(|variable| (variable.name.as_str(), variable.place)).collect();
    assert_eq!(places, [("size", Some(Place::Register(RSI))), ("block", None)]);
    assert_eq!(new.variables[0].of.shape, Shape::Integer(8, false));
}

/// `struct Sample { unsigned long long tick; double value; }`,
/// `struct Chunk { unsigned char bytes[64]; Chunk *next; }`.
#[test]
fn fields_have_offsets_and_types() {
    let all = layouts(Cursor::new(IMIT), 100).expect("types");
    let of = |name: &str| {
        let found: Vec<&Layout> = all.iter().filter(|layout| layout.of.text == name).collect();
        found.first().copied().expect(name).clone()
    };
    let told = |layout: &Layout| -> Vec<String> {
        layout.fields.iter().map(|f| format!("{} {} {}", f.offset, f.name, f.of.text)).collect()
    };
    let sample = of("struct telemetry::Sample");
    assert_eq!(told(&sample), ["0 tick unsigned int64", "8 value double"]);
    assert_eq!(sample.of.size, 16);
    let chunk = of("struct telemetry::Chunk");
    assert_eq!(told(&chunk), ["0 bytes unsigned char[64]", "64 next struct telemetry::Chunk *"]);
    // `class bad_alloc : public exception`
    assert_eq!(told(&of("class std::bad_alloc")), ["0  class std::exception"]);
}
