//! Edges of waiting: what bounds those who wait, and what foreign wakers can do to them.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use backpressure::{Credits, Delivery, WaitStrategy, mpmc};
use common::{Bell, Census, NEAR_WRAP, conserved};

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
    assert_eq!(counters.acquired, counters.granted, "what was ever acquired stays acquired");
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

/// An acknowledgement whose waker panics has given its credit back, and later ones wake as ever.
#[test]
fn a_panicking_waker_costs_no_acknowledgement() {
    let builder = mpmc::builder().capacity(2).start_at(NEAR_WRAP);
    let (tx, rx) = builder.acknowledged().build().unwrap();
    tx.try_send_many(&mut vec![1, 2]).unwrap();
    let (one, two) = (rx.try_recv().unwrap(), rx.try_recv().unwrap());
    let bell = Bell::new();
    {
        let mut first = pin!(tx.send_async(3));
        poll_with_bomb(first.as_mut());
        let mut second = pin!(tx.send_async(4));
        assert!(bell.poll(second.as_mut()).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| one.ack())).is_err());
        assert_eq!((tx.stats().acked, tx.stats().in_delivery, bell.rings()), (1, 1, 0));
        // The first has been told, in a way. It takes the credit; the next acknowledgement is for the other.
        assert!(bell.poll(first.as_mut()).is_ready());
        two.ack();
        assert_eq!(bell.rings(), 1);
        assert!(bell.poll(second.as_mut()).is_ready());
    }
    for held in [rx.try_recv().unwrap(), rx.try_recv().unwrap()] {
        tx.try_send(5).unwrap_err();
        let mut third = pin!(tx.send_async(5));
        assert!(bell.poll(third.as_mut()).is_pending());
        let before = bell.rings();
        held.ack();
        assert_eq!(bell.rings(), before + 1);
        assert!(bell.poll(third.as_mut()).is_ready());
    }
    conserved(&tx.stats());
}

/// A waker that acknowledges in its turn: its own delivery, from within the acknowledgement that calls it.
struct Acknowledging(Mutex<Option<Delivery<i32>>>);

impl Wake for Acknowledging {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

/// An acknowledgement within an acknowledgement wakes the next in line, each once, however deep.
#[test]
fn a_waker_may_acknowledge() {
    const DEEP: usize = 100;
    // So many that wait at once would ask for a second poll, and their wakers mean something else.
    let builder =
        mpmc::builder().capacity(DEEP).start_at(NEAR_WRAP).wait_strategy(WaitStrategy::Park);
    let (tx, rx) = builder.acknowledged().build().unwrap();
    tx.try_send_many(&mut (0..DEEP as i32).collect()).unwrap();
    let mut deliveries = Vec::new();
    rx.try_recv_many(&mut deliveries, DEEP).unwrap();
    let (mut waiting, bell) = (Vec::new(), Bell::new());
    let first = deliveries.pop().unwrap();
    for delivery in deliveries {
        let mut send = Box::pin(tx.send_async(7));
        let waker = Waker::from(Arc::new(Acknowledging(Mutex::new(Some(delivery)))));
        assert!(send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        waiting.push(send);
    }
    let mut last = pin!(tx.send_async(8));
    assert!(bell.poll(last.as_mut()).is_pending());
    drop(first);
    assert_eq!((bell.rings(), tx.stats().acked), (1, DEEP as u64));
    for mut send in waiting {
        assert!(bell.poll(send.as_mut()).is_ready());
    }
    assert!(bell.poll(last.as_mut()).is_ready());
    conserved(&tx.stats());
}

/// A waker that ends the channel, from within the acknowledgement that calls it.
#[test]
fn a_waker_may_end_the_channel() {
    struct Ending<T>(Mutex<Option<T>>);
    impl<T: Send> Wake for Ending<T> {
        fn wake(self: Arc<Self>) {
            let last = self.0.lock().unwrap().take();
            drop(last);
        }
    }
    let census = Census::default();
    let (tx, rx) = mpmc::builder().capacity(2).acknowledged().build().unwrap();
    tx.try_send(census.make(1)).unwrap();
    tx.try_send(census.make(2)).unwrap();
    let delivery = rx.try_recv().unwrap();
    let mut asked = tx.clone();
    let ending = Arc::new(Ending(Mutex::new(None)));
    let waker = Waker::from(ending.clone());
    assert!(asked.poll_ready(&mut Context::from_waker(&waker)).is_pending());
    *ending.0.lock().unwrap() = Some((asked, tx, rx));
    drop(delivery);
    assert!(ending.0.lock().unwrap().is_none());
    assert_eq!(census.alive(), 0, "what was queued went with the channel");
}
