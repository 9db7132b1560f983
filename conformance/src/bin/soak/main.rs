//! Everything at once, for as long as you like: every flavour in every mode, threads and executors, with
//! cancellation, panics, closes and handles that come and go. After every round nothing may be missing.
//!
//! ```sh
//! cargo run --release -p backpressure-conformance --bin soak -- --minutes 30 --seed 1
//! ```

#[macro_use]
#[path = "../../../tests/common/mod.rs"]
mod common;

mod cases;
mod executors;
mod gate;
mod ledger;
mod receivers;
mod round;
mod senders;
mod tasks;
mod watchdog;
mod weighted;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cases::*;
use ledger::Dice;

/// One round; how many messages (or permits) went through.
type Round = fn(&mut Dice) -> u64;

const ROUNDS: [(&str, Round); 20] = [
    ("spsc", round::channel::<Spsc>),
    ("mpsc", round::channel::<Mpsc>),
    ("mpmc", round::channel::<Mpmc>),
    ("spsc evicting", round::channel::<SpscEvicting>),
    ("mpsc evicting", round::channel::<MpscEvicting>),
    ("mpmc evicting", round::channel::<MpmcEvicting>),
    ("spsc latest", round::channel::<SpscLatest>),
    ("mpsc latest", round::channel::<MpscLatest>),
    ("mpmc latest", round::channel::<MpmcLatest>),
    ("spsc acknowledged", round::channel::<SpscAcknowledged>),
    ("mpsc acknowledged", round::channel::<MpscAcknowledged>),
    ("mpmc acknowledged", round::channel::<MpmcAcknowledged>),
    ("spsc pulled", round::channel::<SpscPulled>),
    ("mpsc pulled", round::channel::<MpscPulled>),
    ("mpmc pulled", round::channel::<MpmcPulled>),
    ("mpsc weighted", weighted::mpsc),
    ("mpmc weighted", weighted::mpmc),
    ("mpmc weighted acknowledged", weighted::acknowledged),
    ("gate, a pool", gate::pool),
    ("gate, on demand", gate::on_demand),
];

struct Arguments {
    time: Duration,
    seed: u64,
}

fn arguments() -> Result<Arguments, String> {
    let mut all = std::env::args().skip(1);
    let mut found = Arguments { time: Duration::from_secs(60), seed: 1 };
    while let Some(flag) = all.next() {
        let value = all.next().ok_or_else(|| format!("{flag} wants a value"))?;
        let number = value.parse::<f64>().map_err(|error| format!("{flag} {value}: {error}"))?;
        match flag.as_str() {
            "--minutes" if number >= 0.0 => found.time = Duration::from_secs_f64(number * 60.0),
            "--seed" => found.seed = number as u64,
            _ => return Err(format!("unknown: {flag} {value}")),
        }
    }
    Ok(found)
}

fn main() -> ExitCode {
    let Arguments { time, seed } = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\nusage: soak [--minutes N] [--seed S]");
            return ExitCode::FAILURE;
        }
    };
    watchdog::start();
    let begin = Instant::now();
    let mut totals = [(0_u64, 0_u64); ROUNDS.len()];
    let mut dice = Dice::new(seed);
    // Each kind at least once, however short the time.
    for turn in 0.. {
        let kind = turn % ROUNDS.len();
        if turn >= ROUNDS.len() && begin.elapsed() >= time {
            break;
        }
        let round = ROUNDS[kind].1;
        let mut own = dice.fork();
        let ended = std::panic::catch_unwind(move || round(&mut own));
        let Ok(messages) = ended else {
            eprintln!("soak: seed {seed}, round {turn} failed");
            watchdog::dump();
            return ExitCode::FAILURE;
        };
        totals[kind].0 += 1;
        totals[kind].1 += messages;
    }
    report(&totals, begin.elapsed(), seed);
    ExitCode::SUCCESS
}

fn report(totals: &[(u64, u64)], time: Duration, seed: u64) {
    for ((name, _), (rounds, messages)) in ROUNDS.iter().zip(totals) {
        println!("{name:<28} {rounds:>7} rounds {messages:>12} messages");
    }
    let (rounds, messages) =
        totals.iter().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
    let minutes = time.as_secs_f64() / 60.0;
    println!(
        "soak: seed {seed}, {minutes:.1} minutes, {rounds} rounds, {messages} messages; \
         a minute: {:.0} rounds, {:.0} messages; nothing lost",
        rounds as f64 / minutes,
        messages as f64 / minutes,
    );
}
