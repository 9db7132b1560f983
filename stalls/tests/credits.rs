//! A thread is stopped before each step of what it does to a gate of credits: others find it not begun or
//! done, and nothing in between. (Who has to wait for its locks is in `locks`.)

extern crate backpressure_stall as backpressure;

use std::thread;

use backpressure::credit::Permit;
use backpressure::{AcquireError, Credits};
use backpressure_steps::{Victim, within};

/// No operation is anywhere near so long.
const BOUND: u64 = 500;
/// More steps than any operation has.
const MOST_STEPS: u64 = 200;

/// Acquires one by one, for good, until that is refused.
fn acquire_all(gate: &Credits) -> String {
    let mut n = 0;
    loop {
        match gate.try_acquire(1) {
            Ok(permit) => std::mem::forget(permit),
            Err(AcquireError::Exhausted) => return format!("{n}"),
            Err(error) => return format!("{n}, then {error}"),
        }
        n += 1;
    }
}

/// What others can acquire, at each stage of what the victim does.
fn stages(make: fn() -> Credits, act: fn(&Credits)) -> Vec<String> {
    let mut stages: Vec<String> = Vec::new();
    for k in 1..=MOST_STEPS {
        let (gate, victim) = (make(), Victim::new());
        let (stopped, acquired) = thread::scope(|threads| {
            threads.spawn(|| victim.run(k, || act(&gate)));
            let stopped = victim.wait();
            let acquired = within(BOUND, &victim, || acquire_all(&gate));
            victim.release();
            (stopped, acquired)
        });
        let acquired = acquired.unwrap_or_else(|| panic!("who acquires waits, at {stopped:?}"));
        let counters = gate.counters();
        assert_eq!(
            (counters.granted + counters.returned) as i64,
            (counters.acquired + counters.revoked) as i64 + counters.available,
            "{counters:?}, stopped at {stopped:?}"
        );
        if stages.last() != Some(&acquired) {
            stages.push(acquired);
        }
        if stopped.is_none() {
            return stages;
        }
    }
    panic!("it does not end");
}

#[test]
fn not_begun_or_done() {
    let pool: fn() -> Credits = || Credits::pool(3);
    let granted: fn() -> Credits = || {
        let gate = Credits::on_demand(9);
        gate.grant(1);
        gate
    };
    let fifo: fn() -> Credits = || Credits::builder().fifo().pool(3);
    for pool in [pool, fifo] {
        assert_eq!(stages(pool, |gate| drop(gate.try_acquire(2))), ["3", "1", "3"]);
        assert_eq!(stages(pool, |gate| drop(gate.acquire_up_to(9))), ["3", "0", "3"]);
        assert_eq!(
            stages(pool, |gate| {
                let _ = gate.try_acquire(2).map(Permit::spend);
            }),
            ["3", "1"]
        );
        assert_eq!(stages(pool, |gate| gate.resize(1)), ["3", "1"]);
        assert_eq!(stages(pool, |gate| gate.resize(5)), ["3", "5"]);
        assert_eq!(stages(pool, |gate| assert_eq!(gate.grant(2), 0)), ["3"]);
    }
    assert_eq!(stages(granted, |gate| assert!(gate.grant(2) > 0)), ["1", "3"]);
    assert_eq!(stages(granted, |gate| assert!(gate.grant_to(4) > 0)), ["1", "4"]);
    assert_eq!(stages(granted, |gate| drop(gate.pause())), ["1", "0", "1"]);
    // It takes what is there when it comes to that: what others did not acquire before.
    assert_eq!(stages(granted, |gate| assert!(gate.drain() <= 1)), ["1", "0"]);
    let closed = "0, then acquiring credits of a closed gate";
    assert_eq!(stages(granted, |gate| assert!(gate.close())), ["1", closed]);
}
