//! Edges of waiting: what bounds those who wait, and what foreign wakers can do to them.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;

use backpressure::{Credits, mpmc};
use common::{Bell, Census};

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

/// Granted again and again while permits keep what was granted before: more than can be counted is not given
/// back, and shows as taken out of circulation.
#[test]
fn more_than_can_be_counted_is_not_given_back() {
    const MOST: u64 = 1 << 48;
    const COUNTED: u64 = 1 << 60;
    let gate = Credits::on_demand(MOST);
    let take = || {
        assert_eq!(gate.grant(MOST), MOST);
        gate.try_acquire(MOST).unwrap()
    };
    let mut large = take();
    let mut permits: Vec<_> =
        (0..3 * COUNTED / MOST).filter_map(|_| large.merge(take()).err()).collect();
    assert_eq!(large.credits(), COUNTED, "what is too much for one permit stays in the other");
    permits.push(large);
    drop(permits);
    assert_eq!(gate.available(), COUNTED as i64);
    let counters = gate.counters();
    assert_eq!(counters.acquired, counters.returned);
    assert_eq!(counters.granted, counters.revoked + COUNTED);
    assert_eq!(gate.drain(), COUNTED);
    assert_eq!((gate.grant(1), gate.available()), (1, 1));
}

/// A waker that must not be called, and is.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        std::panic::resume_unwind(Box::new("waker"));
    }
}

/// Polls with a waker that panics.
fn poll_with_bomb(future: std::pin::Pin<&mut impl Future>) {
    let waker = Waker::from(Arc::new(Bomb));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
}

/// Waits for something that a thread is about to do.
fn soon(happened: impl Fn() -> bool) {
    let came = (0..100_000_000_u64).any(|_| {
        thread::yield_now();
        happened()
    });
    assert!(came);
}

/// A thread that got what it waited for wakes the next in line, whose waker panics: what it got comes back.
#[test]
fn a_panicking_waker_costs_no_credit() {
    for fifo in [false, true] {
        let gate = if fifo { Credits::builder().fifo().pool(2) } else { Credits::pool(2) };
        let held = gate.try_acquire(2).unwrap();
        let bell = Bell::new();
        let mut first = pin!(gate.acquire_async(1));
        if !fifo {
            assert!(bell.poll(first.as_mut()).is_pending()); // takes the first of the two notifications
        }
        let before = gate.waiters();
        thread::scope(|threads| {
            let waiter =
                threads.spawn(|| catch_unwind(AssertUnwindSafe(|| gate.acquire(1).map(drop))));
            soon(|| gate.waiters() > before);
            let mut behind = pin!(gate.acquire_async(1));
            poll_with_bomb(behind.as_mut());
            drop(held);
            assert!(waiter.join().unwrap().is_err(), "passing on the second credit panics");
        });
        assert_eq!(gate.available(), 2, "in line: {fifo}");
    }
}

/// The same with a value: it is dropped, as that of an unwinding call is.
#[test]
fn a_panicking_waker_leaks_no_value() {
    let census = Census::default();
    let (tx, rx) = mpmc::bounded(4);
    let (rx, bell) = (&rx, Bell::new());
    let mut first = pin!(rx.recv_async());
    assert!(bell.poll(first.as_mut()).is_pending());
    thread::scope(|threads| {
        let waiter = threads.spawn(move || catch_unwind(AssertUnwindSafe(|| rx.recv().map(drop))));
        soon(|| rx.stats().waiting_receivers == 2);
        let mut behind = pin!(rx.recv_async());
        poll_with_bomb(behind.as_mut());
        tx.try_send_many(&mut vec![census.make(1), census.make(2)]).unwrap();
        assert!(waiter.join().unwrap().is_err(), "passing on the second value panics");
    });
    assert_eq!(census.alive(), 1);
    assert_eq!(rx.try_recv().unwrap().id, 2);
}
