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

#[test]
fn evicting() {
    let config =
        Config::at_least(50).required(&[EMPTY, "[Received([1], 1)]", "[Received([2], 1)]"]);
    explained::<drive::MpmcEvict>(
        "evicting histories",
        config,
        &[|| vec![Sending::Force(1)], || vec![Sending::Force(2)]],
        || vec![Receiving::Try],
    );
}

/// A receiver that finds the head moved by another also finds what that one could have found: never Empty
/// beside a value that was sent before the other received.
#[test]
fn receivers_see_what_receivers_saw() {
    let config = Config::at_least(20).required(&["got 1, then 2", "got 2"]);
    check("what receivers saw", config, |outcomes| {
        let Handles { senders, receivers, .. } = drive::Mpmc::make(2, 1, 2);
        let [tx] = <[_; 1]>::try_from(senders).unwrap();
        let [one, two] = <[_; 2]>::try_from(receivers).unwrap();
        tx.try_send(1).unwrap();
        let other = thread::spawn(move || {
            tx.try_send(2).unwrap();
            (one.try_recv().unwrap(), tx, one)
        });
        let found = two.try_recv();
        let (taken, _tx, _rx) = other.join().unwrap();
        outcomes.record(match (taken, found) {
            (2, Ok(1)) => "got 1, then 2",
            (1, Ok(2)) => "got 2",
            other => panic!("{other:?}"),
        });
    });
}
