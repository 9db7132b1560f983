//! What fuzzing starts from, and what it has found, through the same code on a stable compiler.

use std::fs;
use std::path::Path;

use backpressure_conformance::{channel, gate, machine, targets};

/// The seeds of a target, with their names.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let files = fs::read_dir(folder).expect("every target has seeds");
    let mut seeds: Vec<_> = files
        .map(|file| {
            let path = file.expect("a seed").path();
            (path.display().to_string(), fs::read(path).expect("a seed can be read"))
        })
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn every_seed_passes() {
    for (target, run) in targets::ALL {
        for (name, bytes) in seeds(target) {
            println!("{name}"); // shown when it fails
            run(&bytes);
        }
    }
}

/// Together they do everything that the languages can say, so that a fuzzer has a place to begin with each.
#[test]
fn every_verb_is_in_a_seed() {
    let case = |(_, bytes): (_, Vec<u8>)| channel::Case::from_bytes(&bytes, &machine::VERBS);
    let cases: Vec<_> = seeds("interleavings").into_iter().filter_map(case).collect();
    for verb in machine::VERBS {
        let is_there = cases.iter().any(|case| case.ops.iter().any(|op| op.verb == verb));
        assert!(is_there, "no seed with {verb:?}");
    }
    let case = |(_, bytes): (_, Vec<u8>)| gate::Case::from_bytes(&bytes);
    let cases: Vec<_> = seeds("gate").into_iter().filter_map(case).collect();
    for verb in gate::VERBS {
        let is_there = cases.iter().any(|case| case.ops.iter().any(|op| op.verb == verb));
        assert!(is_there, "no seed with {verb:?}");
    }
}
