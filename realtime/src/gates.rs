//! The gate of credits, and channels that weigh their messages.

use backpressure::weighted::{Oversize, weighted};
use backpressure::{Credits, mpmc};

use crate::nonblocking;

const ROUNDS: u64 = 2000;

/// How many calls were made.
pub fn all() -> u64 {
    gate(&Credits::pool(8)) + gate(&Credits::builder().fifo().pool(8)) + weighing()
}

fn gate(gate: &Credits) -> u64 {
    for i in 0..ROUNDS {
        let n = 1 + i % 8;
        nonblocking(|| {
            let mut permit = gate.try_acquire(n).expect("all are here");
            let half = permit.split(n / 2);
            let more = gate.acquire_up_to(4);
            assert!(gate.try_acquire(8).is_err());
            drop((permit, half, more));
        });
    }
    assert_eq!(gate.available(), 8);
    5 * ROUNDS
}

fn weighing() -> u64 {
    let (tx, rx) = weighted(mpmc::bounded(4), 10, Oversize::Reject, |value: &u64| value % 12);
    for i in 0..ROUNDS {
        nonblocking(|| {
            let _ = tx.try_send(i);
            let _ = tx.try_send(i + 1);
            while rx.try_recv().is_ok() {}
        });
    }
    assert_eq!(tx.weight(), 0);
    5 * ROUNDS
}
