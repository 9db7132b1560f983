//! Runs scenarios under random schedules, each of which can be had again.
//!
//! A seed stands for a few schedules, half of the seeds for uniformly random ones, the others for ones
//! with few preemptions at random places (PCT). `BACKPRESSURE_ROUNDS` says how many seeds each scenario
//! gets, `BACKPRESSURE_SEED` which is the first. The seed of a failure is printed:
//! `BACKPRESSURE_SEED=n BACKPRESSURE_ROUNDS=1` and the test's name bring it back.
#![allow(dead_code, reason = "each test uses its part of this")]

use std::sync::Arc;

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};

/// Schedules of one seed. The first ones tell the scheduler how long the scenario is.
const SCHEDULES: usize = 10;
/// Preemptions that matter, for the seeds that look for few.
const DEPTH: usize = 3;

pub(crate) fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// Says which seed failed, if the schedule does not end well.
struct Seed<'a>(&'a str, u64);

impl Drop for Seed<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(name, seed) = self;
            eprintln!(
                "{name} failed: BACKPRESSURE_SEED={seed} BACKPRESSURE_ROUNDS=1 brings it back"
            );
        }
    }
}

/// Runs `scenario` with `rounds` seeds, or as many as the environment says.
pub(crate) fn explore(name: &str, rounds: u64, scenario: impl Fn() + Send + Sync + 'static) {
    let scenario = Arc::new(scenario);
    let rounds = from_environment("BACKPRESSURE_ROUNDS").unwrap_or(rounds);
    let first = from_environment("BACKPRESSURE_SEED").unwrap_or(1);
    for seed in first..first + rounds {
        let _named = Seed(name, seed);
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::None;
        config.silence_warnings = true;
        let scenario = Arc::clone(&scenario);
        let run = move || scenario();
        if seed % 2 == 0 {
            let scheduler = PctScheduler::new_from_seed(seed, DEPTH, SCHEDULES);
            Runner::new(scheduler, config).run(run);
        } else {
            let scheduler = RandomScheduler::new_from_seed(seed, SCHEDULES);
            Runner::new(scheduler, config).run(run);
        }
    }
}

/// A number below `n`, by the schedule's own dice.
pub(crate) fn below(n: usize) -> usize {
    thread_rng().gen_range(0..n)
}

/// One of these.
pub(crate) fn one_of<T: Copy>(choices: &[T]) -> T {
    choices[below(choices.len())]
}

/// Joins threads, whatever they return.
pub(crate) fn join<T>(threads: Vec<shuttle::thread::JoinHandle<T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().expect("a thread ends")).collect()
}
