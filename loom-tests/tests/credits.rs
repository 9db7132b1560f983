//! The gate of credits on its own.

mod common;

use std::future::Future;
use std::pin::pin;
use std::task::Context;

use backpressure_model::{AcquireError, Credits, want_membarrier};
use common::{Config, check};
use loom::cell::Cell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

/// No more is acquired than there is, and nothing is lost; what was done before a release is visible to
/// whoever acquires.
#[test]
fn exclusive() {
    let config = Config::at_least(20).exactly(&["both", "one"]);
    check("credits are exclusive", config, |outcomes| {
        let gate = Credits::pool(1);
        let note = Arc::new(Cell::new(0));
        let (there, written) = (gate.clone(), Arc::clone(&note));
        let other = thread::spawn(move || match there.try_acquire(1) {
            Ok(_permit) => {
                written.set(written.get() + 1);
                true
            }
            Err(_) => false,
        });
        let got = match gate.try_acquire(1) {
            Ok(_permit) => {
                note.set(note.get() + 1);
                true
            }
            Err(_) => false,
        };
        let other = other.join().unwrap();
        assert!(got || other);
        assert_eq!(gate.available(), 1);
        assert_eq!(note.get(), i32::from(got) + i32::from(other));
        outcomes.record(if got && other { "both" } else { "one" });
    });
}

/// Three releases, one credit each: whoever acquires two comes after both that gave them.
#[test]
fn acquired_from_two() {
    let config = Config::at_least(20).exactly(&["acquired", "too early"]);
    check("credits acquired from two", config, |outcomes| {
        let gate = Credits::pool(2);
        let notes = Arc::new((Cell::new(0), Cell::new(0)));
        let (one, two) =
            (gate.try_acquire(1).unwrap().into_owned(), gate.try_acquire(1).unwrap().into_owned());
        let written = Arc::clone(&notes);
        let first = thread::spawn(move || {
            written.0.set(1);
            drop(one);
        });
        let written = Arc::clone(&notes);
        let second = thread::spawn(move || {
            written.1.set(1);
            drop(two);
        });
        let acquired = match gate.try_acquire(2) {
            Ok(_permit) => {
                assert_eq!(notes.0.get() + notes.1.get(), 2);
                true
            }
            Err(_) => false,
        };
        first.join().unwrap();
        second.join().unwrap();
        outcomes.record(if acquired { "acquired" } else { "too early" });
    });
}

/// A blocked acquirer goes on when credits come back.
fn blocked(name: &str, make: impl Fn() -> Credits + Send + Sync + 'static) {
    check(name, Config::at_least(20).exactly(&["went on"]), move |outcomes| {
        let gate = make();
        let permit = gate.try_acquire(1).unwrap().into_owned();
        let waiting = gate.clone();
        let waiter = thread::spawn(move || waiting.acquire(2).map(drop));
        drop(permit);
        waiter.join().unwrap().unwrap();
        assert_eq!(gate.available(), 2);
        outcomes.record("went on");
    });
}

#[test]
fn blocked_until_released() {
    blocked("blocked until released", || Credits::pool(2));
}

#[test]
fn blocked_until_released_in_line() {
    blocked("blocked until released, in line", || Credits::builder().fifo().pool(2));
}

#[test]
fn quiet_gates() {
    check("quiet gates, credits", Config::at_least(20).exactly(&["went on"]), |outcomes| {
        want_membarrier(true);
        let gate = Credits::pool(1);
        let permit = gate.try_acquire(1).unwrap().into_owned();
        let waiting = gate.clone();
        let waiter = thread::spawn(move || waiting.acquire(1).map(drop));
        drop(permit);
        waiter.join().unwrap().unwrap();
        want_membarrier(false);
        outcomes.record("went on");
    });
}

/// Grants, the end of a pause, growth and a close each end a wait.
#[test]
fn blocked_until_something_changes() {
    for what in ["granted", "unpaused", "grown", "closed"] {
        let config = Config::at_least(10);
        check(&format!("blocked until {what}"), config, move |_| {
            let gate = if what == "granted" { Credits::on_demand(2) } else { Credits::pool(1) };
            let held = (what == "grown" || what == "closed")
                .then(|| gate.try_acquire(1).unwrap().into_owned());
            let pause = (what == "unpaused").then(|| gate.pause());
            let waiting = gate.clone();
            let waiter = thread::spawn(move || waiting.acquire(1).map(drop));
            match what {
                "granted" => assert_eq!(gate.grant(1), 1),
                "unpaused" => drop(pause),
                "grown" => gate.resize(2),
                _ => assert!(gate.close()),
            }
            let expected = if what == "closed" { Err(AcquireError::Closed) } else { Ok(()) };
            assert_eq!(waiter.join().unwrap(), expected);
            drop(held);
        });
    }
}

/// A future that is cancelled after it was told of a credit passes it on.
#[test]
fn cancelled_acquire() {
    for fifo in [false, true] {
        let name = if fifo { "cancelled acquire, in line" } else { "cancelled acquire" };
        check(name, Config::at_least(20).exactly(&["went on"]), move |outcomes| {
            let builder = Credits::builder();
            let gate = if fifo { builder.fifo().pool(1) } else { builder.pool(1) };
            let permit = gate.try_acquire(1).unwrap().into_owned();
            let waiting = gate.clone();
            let other = thread::spawn(move || waiting.acquire(1).map(drop));
            {
                let mut acquire = pin!(gate.acquire_async(1));
                let mut cx = Context::from_waker(std::task::Waker::noop());
                let _ = acquire.as_mut().poll(&mut cx).is_pending();
                drop(permit);
            }
            other.join().unwrap().unwrap();
            outcomes.record("went on");
        });
    }
}

/// In line: the first wants more than there is and is cancelled; the second goes on without a release.
#[test]
fn head_cancelled() {
    let config = Config::at_least(20).exactly(&["went on"]);
    check("head cancelled", config, |outcomes| {
        let gate = Credits::builder().fifo().pool(2);
        let held = gate.try_acquire(1).unwrap();
        let mut first = Box::pin(gate.acquire_async(2));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(first.as_mut().poll(&mut cx).is_pending());
        let waiting = gate.clone();
        let second = thread::spawn(move || block_on(waiting.acquire_async(1)).map(drop));
        drop(first);
        second.join().unwrap().unwrap();
        drop(held);
        outcomes.record("went on");
    });
}

/// What was drained was not acquired, and what was acquired not drained.
#[test]
fn drained_beside_acquire() {
    let config = Config::at_least(10).exactly(&["0 acquired", "1 acquired"]);
    check("drained beside acquire", config, |outcomes| {
        let gate = Credits::on_demand(2);
        assert_eq!(gate.grant(2), 2);
        let there = gate.clone();
        let acquirer = thread::spawn(move || match there.try_acquire(1) {
            Ok(permit) => {
                permit.spend();
                1
            }
            Err(_) => 0,
        });
        let drained = gate.drain();
        let spent = acquirer.join().unwrap();
        assert_eq!(spent + drained, 2);
        assert!(gate.try_acquire(1).is_err());
        outcomes.record(format!("{spent} acquired"));
    });
}

/// Credits spent from a pool beside somebody who wants them all: the pool is smaller, and what is left of it
/// comes back.
#[test]
fn spent_beside_acquire() {
    let config = Config::at_least(10).exactly(&["acquired", "exhausted", "too large"]);
    check("spent beside acquire", config, |outcomes| {
        let gate = Credits::pool(2);
        let there = gate.clone();
        let spender = thread::spawn(move || {
            there.try_acquire(1).map(backpressure_model::credit::Permit::spend).is_ok()
        });
        let acquired = gate.try_acquire(2).map(drop);
        let spent = spender.join().unwrap();
        assert!(spent || acquired.is_ok());
        assert_eq!(gate.available(), if spent { 1 } else { 2 });
        outcomes.record(match acquired {
            Ok(()) => "acquired",
            Err(AcquireError::TooLarge) => "too large",
            Err(_) => "exhausted",
        });
    });
}

/// A pool that shrinks beside an acquire and a release: the debt is paid, and the counts add up.
#[test]
fn shrunk_beside_acquire() {
    check("shrunk beside acquire", Config::at_least(10).exactly(&["ok"]), |outcomes| {
        let gate = Credits::pool(2);
        let there = gate.clone();
        let worker = thread::spawn(move || drop(there.try_acquire(2)));
        gate.resize(1);
        assert!(matches!(gate.try_acquire(2), Err(AcquireError::TooLarge)));
        worker.join().unwrap();
        assert_eq!(gate.available(), 1);
        assert_eq!(gate.revoke(1), 1);
        let counters = gate.counters();
        assert_eq!(counters.acquired, counters.returned);
        outcomes.record("ok");
    });
}

/// Nothing is acquired after a close, or in a pause.
#[test]
fn closed_beside_acquire() {
    let config = Config::at_least(4).exactly(&["acquired", "closed"]);
    check("closed beside acquire", config, |outcomes| {
        let gate = Credits::pool(1);
        let there = gate.clone();
        let closer = thread::spawn(move || {
            let pause = there.pause();
            let paused = there.available();
            there.close();
            drop(pause);
            (paused, there.available())
        });
        let acquired = match gate.try_acquire(1) {
            Ok(permit) => {
                std::mem::forget(permit);
                true
            }
            Err(_) => false,
        };
        let (paused, closed) = closer.join().unwrap();
        assert_eq!(paused, closed, "nothing was acquired since the pause began");
        assert_eq!(gate.try_acquire(1).unwrap_err(), AcquireError::Closed);
        outcomes.record(if acquired { "acquired" } else { "closed" });
    });
}
