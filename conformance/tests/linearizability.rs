//! Short random programs on real threads, whose every answer must be one of the documented queue's.
//!
//! `BACKPRESSURE_ROUNDS` says how many programs each flavour runs, `BACKPRESSURE_SEED` where the random
//! numbers begin; the seed of a round that fails is printed. Threads keep their own time, so the same
//! seed gives the same programs, not the same schedule.

#[path = "../../histories/drive/mod.rs"]
mod drive;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use backpressure::flavour::Flavour;
use backpressure::{Receiver, Sender};
use backpressure_histories::program::{self, Numbers, Palette, Receiving, Sending};
use backpressure_histories::{Clock, Event, History, Log, Rules, Value, check};
use drive::{Channel, Receives, Sends};

const ROUNDS: usize = 2_000;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")))
}

/// What one thread does in one round. A handle that is gone was dropped by its thread.
enum Part<C: Channel> {
    Sending(Option<Sender<Value, C::Kind>>, Vec<Sending>, Log),
    Receiving(Option<Receiver<Value, C::Kind>>, Vec<Receiving>, Log),
}

/// Where all threads of a round meet before they begin. Waits awake, so that they begin together.
struct Start(AtomicUsize);

impl Start {
    fn meet(&self, round: usize, threads: usize) {
        self.0.fetch_add(1, Ordering::SeqCst);
        let everybody = (round + 1) * threads;
        // Bounded by the others, who only have a few calls to finish.
        while self.0.load(Ordering::SeqCst) < everybody {
            thread::yield_now();
        }
    }
}

/// The parts of one round: its rules, and what each thread does.
fn cast<C: Channel>(seed: u64, clock: &Clock) -> (Rules, Vec<Part<C>>) {
    let mut numbers = Numbers::from_seed(seed);
    let mut dice = |n| numbers.below(n);
    let capacity = [1, 2, 3][dice(3)];
    let (senders, receivers) = [(1, 1), (2, 1), (1, 2), (2, 2)][dice(4)];
    let handles = C::make(capacity, senders, receivers);
    let rules = handles.rules;
    let mut parts = Vec::new();
    for (i, tx) in handles.senders.into_iter().enumerate() {
        let first = 100 * (i + 1) as Value;
        let program = program::sender(&rules, Palette::ALL, first, 4, &mut dice);
        parts.push(Part::Sending(Some(tx), program, clock.log()));
    }
    for rx in handles.receivers {
        let program = program::receiver(&rules, Palette::ALL, 4, &mut dice);
        parts.push(Part::Receiving(Some(rx), program, clock.log()));
    }
    (rules, parts)
}

/// Does a part to its end; some threads then drop their handles, the others leave them for a last look.
fn play<C: Channel>(part: &mut Part<C>, round: usize)
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    match part {
        Part::Sending(handle, program, log) => {
            let Some(tx) = handle else { return };
            program.iter().for_each(|call| tx.carry_out(call, log));
            if round % 2 == 0 {
                drop_sender(handle, log);
            }
        }
        Part::Receiving(handle, program, log) => {
            let Some(rx) = handle else { return };
            let mut held = VecDeque::new();
            program.iter().for_each(|call| rx.carry_out(call, &mut held, log));
            while !held.is_empty() {
                rx.carry_out(&Receiving::Acknowledge, &mut held, log);
            }
            if round % 8 == 0 {
                drop_receiver(handle, log);
            }
        }
    }
}

fn drop_sender<F: Flavour>(handle: &mut Option<Sender<Value, F>>, log: &mut Log) {
    if let Some(tx) = handle.take() {
        log.record(|| {
            drop(tx);
            Event::SenderDropped
        });
    }
}

fn drop_receiver<F: Flavour>(handle: &mut Option<Receiver<Value, F>>, log: &mut Log) {
    if let Some(rx) = handle.take() {
        log.record(|| {
            drop(rx);
            Event::ReceiverDropped
        });
    }
}

/// After the round: the history, with the senders dropped and all that is left received one by one.
fn history<C: Channel>(rules: &Rules, parts: Vec<Part<C>>, clock: &Clock) -> History
where
    Receiver<Value, C::Kind>: Receives,
{
    let mut last = clock.log();
    let mut calls = Vec::new();
    for part in parts {
        match part {
            Part::Sending(mut handle, _, log) => {
                drop_sender(&mut handle, &mut last);
                calls.push(log.calls);
            }
            Part::Receiving(handle, _, log) => {
                calls.push(log.calls);
                let Some(mut rx) = handle else { continue };
                for _ in 0..rx.len() + 1 {
                    rx.carry_out(&Receiving::Try, &mut VecDeque::new(), &mut last);
                }
                drive::adds_up(rules, &rx);
            }
        }
    }
    calls.push(last.calls);
    History(calls)
}

fn answers_are_those_of_the_queue<C: Channel>()
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    let rounds = from_environment("BACKPRESSURE_ROUNDS").map_or(ROUNDS, |n| n as usize);
    let seed = from_environment("BACKPRESSURE_SEED").unwrap_or(1);
    let clock = Clock::default();
    // Of each round, the first part goes to the first thread, and so on.
    let mut threads: Vec<Vec<Option<Part<C>>>> = (0..4).map(|_| Vec::new()).collect();
    let mut rules = Vec::new();
    for round in 0..rounds {
        let (of_round, parts) = cast::<C>(seed + round as u64, &clock);
        let mut parts = parts.into_iter();
        threads.iter_mut().for_each(|thread| thread.push(parts.next()));
        rules.push(of_round);
    }
    let (start, count) = (Start(AtomicUsize::new(0)), threads.len());
    thread::scope(|scope| {
        for parts in &mut threads {
            let start = &start;
            scope.spawn(move || {
                for (round, part) in parts.iter_mut().enumerate() {
                    start.meet(round, count);
                    if let Some(part) = part {
                        play(part, round);
                    }
                }
            });
        }
    });
    for (round, rules) in rules.into_iter().enumerate() {
        let parts = threads.iter_mut().filter_map(|thread| thread[round].take()).collect();
        if let Err(violation) = check(rules, &history::<C>(&rules, parts, &clock)) {
            panic!("{}, BACKPRESSURE_SEED={}: {violation}", C::NAME, seed + round as u64);
        }
    }
}

for_each_channel!(answers_are_those_of_the_queue);
