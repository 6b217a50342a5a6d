#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dumplens_fuzz::symbol_file(bytes));
