#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| backpressure_conformance::targets::operations(bytes));
