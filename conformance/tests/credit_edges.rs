//! Edges of the gate: what bounds its waiters, and what foreign wakers can do to it.

mod common;

use std::pin::pin;

use backpressure::Credits;
use common::Bell;

/// The bound on waiters holds for those who were told to look and have not yet, too: they queue up again.
#[test]
fn who_was_told_still_counts_as_waiting() {
    for builder in [Credits::builder(), Credits::builder().fifo()] {
        let gate = builder.max_waiters(2).pool(1);
        let held = gate.try_acquire(1).unwrap();
        let bell = Bell::new();
        let mut waits = Vec::new();
        for _ in 0..5 {
            for _ in 0..2 {
                let mut wait = Box::pin(gate.acquire_async(1));
                if bell.poll(wait.as_mut()).is_pending() {
                    waits.push(wait);
                }
            }
            drop(gate.pause()); // its end tells everybody
        }
        for wait in &mut waits {
            assert!(bell.poll(wait.as_mut()).is_pending());
        }
        assert_eq!((waits.len(), gate.waiters()), (2, 2));
        drop(waits.pop());
        let mut late = pin!(gate.acquire_async(1));
        assert!(bell.poll(late.as_mut()).is_pending(), "a place that was left is free");
        drop(held);
    }
}
