//! Puts each known bug of other channels into the library, and requires that a test notices.
//!
//! ```sh
//! cargo run -p backpressure-conformance --bin seeded-bugs [-- [--list] [PART-OF-A-NAME]...]
//! ```
//!
//! A seed is a patch in `conformance/seeds`. It says what the bug is, which test is for it, and how that test
//! takes note: it `fails`, it `hangs` (and does not end within a minute), a model `deadlocks`, or it `does not
//! compile`. Each test is first run as things are, and has to pass; then with the bug, in a copy of the sources
//! under `target/`. A patch that does not apply any more is a failure: mend it, the bug is still to be noticed.

mod copy;
mod seed;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use copy::{Copy, Ran};
use seed::{Seed, Symptom, Test};

/// The lines of the list in `conformance/seeds/README.md`.
const LINES: u32 = 20;

fn main() -> ExitCode {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let (flags, wanted): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let all = Seed::read_all(&root.join("conformance/seeds"));
    if let Some(line) = (1..=LINES).find(|line| !all.iter().any(|seed| seed.line() == *line)) {
        eprintln!("no seed for line {line} of the list");
        return ExitCode::FAILURE;
    }
    let is_wanted = |seed: &Seed| {
        wanted.is_empty() || wanted.iter().any(|part| seed.name.contains(part.as_str()))
    };
    let seeds: Vec<_> = all.into_iter().filter(is_wanted).collect();
    if flags == ["--list"] {
        seeds.iter().for_each(|seed| println!("{:<36} {}: {}", seed.name, seed.symptom, seed.test));
        return ExitCode::SUCCESS;
    }
    if !flags.is_empty() || seeds.is_empty() {
        eprintln!("usage: seeded-bugs [--list] [PART-OF-A-NAME]...");
        return ExitCode::FAILURE;
    }
    run(&Copy::of(root), &seeds)
}

fn run(copy: &Copy, seeds: &[Seed]) -> ExitCode {
    let mut healthy: BTreeMap<&Test, Result<(), String>> = BTreeMap::new();
    for seed in seeds {
        healthy.entry(&seed.test).or_insert_with(|| {
            println!("as things are: {}", seed.test);
            passes(copy, &seed.test)
        });
    }
    let mut rows = Vec::new();
    for seed in seeds {
        println!("{}: {}", seed.name, seed.what);
        let begin = Instant::now();
        let outcome = healthy[&seed.test].clone().and_then(|()| is_noticed(copy, seed));
        if let Err(why) = &outcome {
            println!("{why}");
        }
        rows.push((seed, outcome, begin.elapsed().as_secs()));
    }
    println!("\n{:<36} {:<16} {:>7}  test", "seeded bug", "test", "seconds");
    for (seed, outcome, seconds) in &rows {
        let result = outcome.as_ref().map_or("NOT NOTICED".into(), |()| seed.symptom.to_string());
        println!("{:<36} {result:<16} {seconds:>7}  {}", seed.name, seed.test);
    }
    let missed = rows.iter().filter(|(_, outcome, _)| outcome.is_err()).count();
    println!("{} seeded bugs, {missed} not noticed", rows.len());
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Without a bug.
fn passes(copy: &Copy, test: &Test) -> Result<(), String> {
    copy.build(test).map_err(|output| format!("{output}\nit does not compile as things are"))?;
    match copy.run(test) {
        Ran::Passed => Ok(()),
        Ran::Failed(output) => Err(format!("{output}\nit fails as things are")),
        Ran::Hung => Err("it hangs as things are".into()),
    }
}

/// With the bug, which is taken out again.
fn is_noticed(copy: &Copy, seed: &Seed) -> Result<(), String> {
    copy.patch(seed, false)?;
    let noticed = shows(copy, seed);
    copy.patch(seed, true)?;
    noticed
}

fn shows(copy: &Copy, seed: &Seed) -> Result<(), String> {
    // So that what does not compile is the test.
    copy.build_library().map_err(|output| format!("{output}\nthe bug does not compile"))?;
    match (copy.build(&seed.test), seed.symptom) {
        (Err(_), Symptom::DoesNotCompile) => return Ok(()),
        (Err(output), _) => return Err(format!("{output}\nthe test does not compile")),
        (Ok(()), Symptom::DoesNotCompile) => return Err("the test compiles".into()),
        (Ok(()), _) => {}
    }
    match (copy.run(&seed.test), seed.symptom) {
        (Ran::Hung, Symptom::Hangs) => Ok(()),
        (Ran::Failed(output), Symptom::Fails) => {
            // By itself, and not by a crash or for want of a test of that name.
            let says_so = format!("test {} ... FAILED", seed.test.name);
            let says_so = output.contains(&says_so) && output.contains("panicked at");
            if says_so { Ok(()) } else { Err(format!("{output}\nit failed in another way")) }
        }
        (Ran::Failed(output), Symptom::Deadlocks) if output.contains("deadlock; threads") => Ok(()),
        (Ran::Passed, _) => Err("the test passes".into()),
        (Ran::Hung, _) => Err("the test hangs".into()),
        (Ran::Failed(output), symptom) => Err(format!("{output}\nit fails, and not so: {symptom}")),
    }
}
