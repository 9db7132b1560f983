//! Random programs under random schedules, whose every answer must be one of the documented queue's.

extern crate backpressure_shuttle as backpressure;

#[path = "../../histories/drive/mod.rs"]
mod drive;
mod harness;

use std::collections::VecDeque;

use backpressure::flavour::Flavour;
use backpressure::{Receiver, Sender};
use backpressure_histories::program::{self, Palette, Receiving, Sending};
use backpressure_histories::{Clock, Event, History, Log, Rules, Value, check};
use drive::{Channel, Receives, Sends};
use harness::{below, explore, join, one_of};
use shuttle::thread;

/// Seeds of each flavour, unless the environment says otherwise.
const ROUNDS: u64 = 60;

/// Does a program, then drops the handle if `leaves`: what was called, and the handle that is left.
fn send<F: Flavour>(
    mut tx: Sender<Value, F>,
    program: &[Sending],
    leaves: bool,
    mut log: Log,
) -> (Log, Option<Sender<Value, F>>)
where
    Sender<Value, F>: Sends,
{
    program.iter().for_each(|call| tx.carry_out(call, &mut log));
    if !leaves {
        return (log, Some(tx));
    }
    log.record(|| {
        drop(tx);
        Event::SenderDropped
    });
    (log, None)
}

fn receive<F: Flavour>(
    mut rx: Receiver<Value, F>,
    program: &[Receiving],
    leaves: bool,
    mut log: Log,
) -> (Log, Option<Receiver<Value, F>>)
where
    Receiver<Value, F>: Receives,
{
    let mut held = VecDeque::new();
    program.iter().for_each(|call| rx.carry_out(call, &mut held, &mut log));
    while !held.is_empty() {
        rx.carry_out(&Receiving::Acknowledge, &mut held, &mut log);
    }
    if !leaves {
        return (log, Some(rx));
    }
    log.record(|| {
        drop(rx);
        Event::ReceiverDropped
    });
    (log, None)
}

/// One round: its rules and its history, which ends with a look at everything that is left.
fn round<C: Channel>() -> (Rules, History)
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    let clock = Clock::default();
    let (senders, receivers) = one_of(&[(1, 1), (2, 1), (1, 2), (2, 2), (3, 1)]);
    let handles = C::make(one_of(&[1, 2, 3]), senders, receivers);
    let rules = handles.rules;
    let mut dice = below;
    let (mut sending, mut receiving) = (Vec::new(), Vec::new());
    for (i, tx) in handles.senders.into_iter().enumerate() {
        let first = 100 * (i + 1) as Value;
        let program = program::sender(&rules, Palette::ALL, first, 3, &mut dice);
        let (leaves, log) = (below(3) == 0, clock.log());
        sending.push(thread::spawn(move || send(tx, &program, leaves, log)));
    }
    for rx in handles.receivers {
        let program = program::receiver(&rules, Palette::ALL, 3, &mut dice);
        let (leaves, log) = (below(8) == 0, clock.log());
        receiving.push(thread::spawn(move || receive(rx, &program, leaves, log)));
    }
    let mut calls = Vec::new();
    let mut left = Vec::new();
    for (log, tx) in join(sending) {
        calls.push(log.calls);
        left.extend(tx);
    }
    let mut last = clock.log();
    for (log, rx) in join(receiving) {
        calls.push(log.calls);
        let Some(mut rx) = rx else { continue };
        for _ in 0..rx.len() + 1 {
            rx.carry_out(&Receiving::Try, &mut VecDeque::new(), &mut last);
        }
        drive::adds_up(&rules, &rx);
    }
    calls.push(last.calls);
    drop(left);
    (rules, History(calls))
}

fn answers_are_those_of_the_queue<C: Channel>()
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    explore(C::NAME, ROUNDS, || {
        let (rules, history) = round::<C>();
        if let Err(violation) = check(rules, &history) {
            panic!("{}: {violation}", C::NAME);
        }
    });
}

for_each_channel!(answers_are_those_of_the_queue);
