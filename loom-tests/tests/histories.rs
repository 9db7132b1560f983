//! Histories of every interleaving of a small program, compared with the queue of the guarantees as those
//! of random schedules and of real threads are.
//!
//! The clock is an atomic of the checker's, so that a call which was answered before another one was made also
//! happens before it. That hides weak orderings between calls, which are the other models' affair; what is
//! shown here is that no interleaving of the steps within calls leads to an answer that the queue has not.

extern crate backpressure_model as backpressure;

mod common;
#[path = "../../histories/drive/mod.rs"]
mod drive;

use std::collections::VecDeque;

use backpressure::{Receiver, Sender};
use backpressure_histories::program::{Receiving, Sending};
use backpressure_histories::{Clock, History, Value, check as explain};
use common::{Config, check};
use drive::{Channel, Handles, Receives, Sends};
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

fn clock() -> Clock {
    let ticks = AtomicU64::new(0);
    Clock::reading(move || ticks.fetch_add(1, Ordering::AcqRel))
}

/// Senders, each with a program, beside the receiver's, which then looks for what is left.
fn explained<C: Channel>(
    name: &str,
    config: Config,
    sending: &'static [fn() -> Vec<Sending>],
    receiving: fn() -> Vec<Receiving>,
) where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    check(name, config, move |outcomes| {
        let clock = clock();
        let Handles { rules, senders, mut receivers } = C::make(1, sending.len(), 1);
        let threads: Vec<_> = senders
            .into_iter()
            .zip(sending)
            .map(|(mut tx, program)| {
                let mut log = clock.log();
                thread::spawn(move || {
                    program().iter().for_each(|call| tx.carry_out(call, &mut log));
                    (log.calls, tx)
                })
            })
            .collect();
        let (mut rx, mut log) = (receivers.remove(0), clock.log());
        let mut held = VecDeque::new();
        receiving().iter().for_each(|call| rx.carry_out(call, &mut held, &mut log));
        let answers: Vec<_> = log.calls.iter().map(|call| call.event.clone()).collect();
        let (mut calls, mut handles) = (Vec::new(), Vec::new());
        for thread in threads {
            let (log, tx) = thread.join().unwrap();
            calls.push(log);
            handles.push(tx);
        }
        for _ in 0..2 {
            rx.carry_out(&Receiving::Try, &mut held, &mut log);
        }
        calls.push(log.calls);
        if let Err(violation) = explain(rules, &History(calls)) {
            panic!("{violation}");
        }
        outcomes.record(format!("{answers:?}"));
    });
}

const EMPTY: &str = "[ReceivedEmpty]";

/// A send beside a close by the receiver, on the side that learns of it late.
#[test]
fn spsc() {
    let config = Config::at_least(50).required(&["[Closed(true), ReceivedClosed]"]);
    explained::<drive::Spsc>("spsc histories", config, &[|| vec![Sending::Try(1)]], || {
        vec![Receiving::Close, Receiving::Try]
    });
}

#[test]
fn mpsc() {
    let config = Config::at_least(50).required(&[EMPTY, "[Received([1], 1)]"]);
    explained::<drive::Mpsc>(
        "mpsc histories",
        config,
        &[|| vec![Sending::Try(1)], || vec![Sending::Reserve(1, vec![2])]],
        || vec![Receiving::Try],
    );
}

#[test]
fn mpmc() {
    let config = Config::at_least(50).required(&[EMPTY, "[Received([1], 2)]"]);
    explained::<drive::Mpmc>(
        "mpmc histories",
        config,
        &[|| vec![Sending::Many(vec![1, 2])], || vec![Sending::Close]],
        || vec![Receiving::Many(2)],
    );
}
