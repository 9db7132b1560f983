//! Numbers and levels of a channel: acceptance scenarios, conservation, ages.

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use backpressure::pressure::{Clock, Expiry, Level, PressureWatch, Stats};
use backpressure::weighted::{Oversize, weighted};
use backpressure::{
    BuildError, Clear, DropNewest, DropOldest, Merge, TryRecvError, mpmc, mpsc, spsc,
};
use common::{Bell, Hand, conserved};

#[test]
fn scenario_13_hysteresis() {
    let (tx, mut rx) = mpsc::builder().capacity(100).watermarks(80, 40).build().unwrap();
    let watch = tx.pressure().unwrap();
    for i in 0..79 {
        tx.try_send(i).unwrap();
    }
    assert_eq!((watch.level(), watch.epoch()), (Level::Normal, 0));
    for i in 0..100 {
        tx.try_send_many(&mut vec![i, i]).unwrap();
        assert_eq!((watch.level(), watch.epoch()), (Level::High, 1), "one edge");
        rx.try_recv_many(&mut Vec::new(), 2).unwrap();
        assert_eq!(tx.len(), 79);
    }
    assert_eq!(watch.epoch(), 1, "and no other");
    while tx.len() > 41 {
        rx.try_recv().unwrap();
    }
    assert_eq!(watch.level(), Level::High);
    rx.try_recv().unwrap();
    assert_eq!((watch.level(), watch.epoch()), (Level::Normal, 2));
}

#[test]
fn scenario_13_hysteresis_with_eight_threads() {
    let (tx, rx) = mpmc::builder().capacity(100).watermarks(80, 40).build().unwrap();
    let watch = tx.pressure().unwrap();
    let mut follower = watch.clone();
    thread::scope(|threads| {
        let follow = threads.spawn(move || {
            while follower.wait_changed() != Level::Closed {
                // Level and epoch at one moment. They alternate strictly: every odd epoch is High.
                let now = format!("{follower:?}");
                let epoch: u64 = now
                    .trim_end_matches(|c: char| !c.is_ascii_digit())
                    .rsplit(' ')
                    .next()
                    .and_then(|digits| digits.parse().ok())
                    .expect("a watch shows its epoch");
                let is_high = now.contains("High");
                assert!(now.contains("Closed") || is_high == (epoch % 2 == 1), "{now}");
            }
        });
        let workers: Vec<_> = (0..4)
            .flat_map(|_| {
                let (tx, rx) = (tx.clone(), rx.clone());
                let sender = threads.spawn(move || (0..20_000).for_each(|i| tx.send(i).unwrap()));
                let receiver = threads.spawn(move || {
                    for _ in 0..20_000 {
                        rx.recv().unwrap();
                    }
                });
                [sender, receiver]
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        // Empty: whatever the threads did to each other, the level that remains is the right one.
        assert_eq!(watch.level(), Level::Normal);
        assert_eq!(watch.epoch() % 2, 0, "the edges alternate");
        tx.close();
        follow.join().unwrap();
    });
    conserved(&tx.stats());
}

#[test]
fn scenario_14_sustained_pressure() {
    let clock = Arc::new(Hand::default());
    let builder = mpsc::builder().capacity(4).watermarks(4, 2).clock(clock.clone());
    let (tx, mut rx) = builder.build().unwrap();
    let watch = tx.pressure().unwrap();
    let bell = Bell::new();
    clock.advance(3_000);
    for i in 0..4 {
        tx.try_send(i).unwrap();
    }
    {
        let mut fifth = pin!(tx.send_async(4));
        assert!(bell.poll(fifth.as_mut()).is_pending());
        clock.advance(1_200);
        assert_eq!(watch.high_for(), Some(Duration::from_millis(1_200)));
        assert!(bell.poll(fifth.as_mut()).is_pending());
        clock.advance(800);
        assert_eq!(rx.try_recv_many(&mut Vec::new(), 4), Ok(4));
        assert!(bell.poll(fifth.as_mut()).is_ready());
    }
    clock.advance(5_000);
    assert_eq!(clock.now(), Duration::from_secs(10));
    assert_eq!((watch.high_for(), watch.high_total()), (None, Duration::from_secs(2)));
    let stats = tx.stats();
    let ratio = stats.send_wait.as_secs_f64() / clock.now().as_secs_f64();
    assert!((0.19..=0.21).contains(&ratio), "{ratio}");
    assert_eq!((stats.dropped, stats.peak), (Default::default(), 4));
    conserved(&stats);
}

#[test]
fn late_and_slow_observers_see_the_present() {
    let (mut tx, mut rx) = spsc::builder().capacity(2).watermarks(2, 0).build().unwrap();
    let mut early = rx.pressure().unwrap();
    let bell = Bell::new();
    {
        let mut changed = pin!(early.changed());
        assert!(bell.poll(changed.as_mut()).is_pending());
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!(bell.rings(), 1);
        assert_eq!(bell.poll(changed.as_mut()), std::task::Poll::Ready(Level::High));
    }
    let late: PressureWatch = tx.pressure().unwrap();
    assert_eq!(late.level(), Level::High);
    // Cancelled, and then three edges at once.
    assert!(bell.poll(pin!(early.changed())).is_pending());
    while rx.try_recv().is_ok() {}
    tx.try_send(3).unwrap();
    tx.try_send(4).unwrap();
    while rx.try_recv().is_ok() {}
    assert_eq!(bell.poll(pin!(early.changed())), std::task::Poll::Ready(Level::Normal));
    assert_eq!(early.epoch(), 4);
    assert!(bell.poll(pin!(early.changed())).is_pending());
    drop((tx, rx));
    assert_eq!(early.wait_changed(), Level::Closed);
    assert_eq!(early.wait_changed(), Level::Closed, "waits no more");
    assert_eq!(late.level(), Level::Closed);
}

#[test]
fn nonsense_is_refused_and_others_are_not_watched() {
    for (high, low) in [(0, 0), (3, 3), (3, 4), (5, 1)] {
        let built = mpsc::builder().capacity(4).watermarks(high, low).build::<u8>();
        assert_eq!(built.err(), Some(BuildError::Watermarks));
    }
    let (tx, rx) = mpsc::bounded::<u8>(4);
    assert!(tx.pressure().is_none() && rx.pressure().is_none());
    tx.try_send(1).unwrap();
    let stats = rx.stats();
    assert_eq!((stats.sent, stats.queued, stats.peak), (1, 1, 0));
}

#[test]
fn every_drop_is_counted_by_its_reason() {
    let (tx, rx) = mpmc::builder().capacity(4).evicting().observed().build().unwrap();
    for i in 0..10 {
        let _ = tx.offer(i, DropOldest).unwrap();
    }
    assert_eq!(tx.stats().dropped.evicted, 6);
    for i in 0..3 {
        let _ = tx.offer(i, DropNewest).unwrap();
    }
    assert_eq!(tx.stats().dropped.rejected, 3);
    let _ = tx.offer(11, Clear).unwrap();
    assert_eq!(tx.stats().dropped.cleared, 4);
    let stats = tx.stats();
    conserved(&stats);
    assert_eq!((stats.sent, stats.received, stats.queued, stats.peak), (11, 0, 1, 4));
    assert_eq!(rx.recv(), Ok(11));
    tx.try_send_many(&mut vec![1, 2, 3]).unwrap();
    drop(rx);
    let stats = tx.stats();
    conserved(&stats);
    assert_eq!((stats.received, stats.dropped.undelivered), (1, 3));

    let (tx, rx) = mpmc::builder().latest().build().unwrap();
    for i in [1, 10, 100] {
        let _ = tx.offer(i, Merge(|old, new| old + new)).unwrap();
    }
    assert_eq!(rx.recv(), Ok(111));
    let stats = rx.stats();
    conserved(&stats);
    assert_eq!((stats.sent, stats.dropped.merged, stats.received), (3, 2, 1));
}

#[test]
fn credits_are_somewhere() {
    let (tx, mut rx) = mpsc::builder().capacity(10).acknowledged().build().unwrap();
    let sum = |stats: &Stats| {
        stats.available
            + (stats.reserved + stats.queued) as u64
            + stats.in_delivery
            + stats.deferred
    };
    tx.try_send_many(&mut (0..6).collect()).unwrap();
    let permits = tx.try_reserve_many(2).unwrap();
    let held = rx.try_recv().unwrap();
    rx.try_recv().unwrap().ack();
    std::mem::forget(rx.try_recv().unwrap());
    let stats = tx.stats();
    assert_eq!((stats.available + stats.deferred, stats.reserved, stats.queued), (3, 2, 3));
    assert_eq!((stats.in_delivery, stats.acked, stats.received), (2, 1, 3));
    assert_eq!(sum(&stats), 10);
    drop(permits);
    drop(held);
    let stats = tx.stats();
    assert_eq!((stats.in_delivery, sum(&stats)), (1, 10), "the forgotten one is visible");
    conserved(&stats);

    let (tx, rx) = mpsc::builder().capacity(4).pulled(3).build::<u8>().unwrap();
    assert_eq!(tx.stats().deferred, 3);
    tx.try_send(1).unwrap();
    assert_eq!((tx.stats().available, tx.stats().deferred, tx.stats().sent), (2, 0, 1));
    rx.request_unbounded();
    assert_eq!(tx.stats().deferred, u64::MAX);
}

#[test]
fn those_who_wait_are_counted() {
    let clock = Arc::new(Hand::default());
    let (tx, rx) = mpmc::builder().capacity(1).observed().clock(clock.clone()).build().unwrap();
    let bell = Bell::new();
    {
        let mut first = pin!(rx.recv_async());
        let mut second = pin!(rx.recv_async());
        assert!(bell.poll(first.as_mut()).is_pending());
        clock.advance(500);
        assert!(bell.poll(second.as_mut()).is_pending());
        assert_eq!(rx.stats().waiting_receivers, 2);
        clock.advance(500);
        tx.try_send(1).unwrap();
        assert!(bell.poll(first.as_mut()).is_ready());
    }
    // The cancelled one waited for half a second.
    assert_eq!(rx.stats().recv_wait, Duration::from_millis(1_500));
    assert_eq!((rx.stats().waiting_receivers, rx.stats().send_wait), (0, Duration::ZERO));
}

/// A wait for weight is a sender's wait, also one that is cancelled.
#[test]
fn waits_for_weight_are_counted() {
    let clock = Arc::new(Hand::default());
    let ends = mpsc::builder().capacity(2).observed().clock(clock.clone()).build().unwrap();
    let (tx, mut rx) = weighted(ends, 4, Oversize::Reject, |units: &u64| *units);
    tx.try_send(4).unwrap();
    let bell = Bell::new();
    {
        let mut first = pin!(tx.send_async(1));
        let mut second = pin!(tx.send_async(1));
        assert!(bell.poll(first.as_mut()).is_pending());
        clock.advance(500);
        assert!(bell.poll(first.as_mut()).is_pending());
        assert!(bell.poll(second.as_mut()).is_pending());
        assert_eq!((tx.stats().waiting_senders, rx.stats().waiting_senders), (2, 0));
        clock.advance(500);
        drop(rx.recv().unwrap());
        assert!(bell.poll(first.as_mut()).is_ready());
        clock.advance(500);
    }
    assert_eq!(tx.stats().send_wait, Duration::from_millis(1_000 + 1_000));
    assert_eq!(tx.stats().waiting_senders, 0);
    // Room and weight at once: no wait.
    tx.send(1).unwrap();
    assert_eq!(rx.stats().send_wait, Duration::from_millis(2_000));
    conserved(&rx.stats());
}

#[test]
fn the_old_expire() {
    let clock = Arc::new(Hand::default());
    let expiry = Expiry::new(Duration::from_millis(100), clock.clone());
    let (tx, mut rx) = mpsc::builder().capacity(4).acknowledged().build().unwrap();
    for i in 0..4 {
        tx.try_send(expiry.stamp(i)).unwrap();
        clock.advance(50);
    }
    // Ages 200, 150, 100, 50: exactly at the limit is not too old.
    let delivery = rx.try_recv_fresh(&expiry).unwrap();
    assert_eq!((**delivery, expiry.sojourn(&delivery)), (2, Duration::from_millis(100)));
    clock.advance(1);
    assert_eq!(delivery.sojourn(&expiry), Duration::from_millis(101), "it is still under way");
    let delivery = delivery.map(|timed| {
        assert_eq!(timed.sojourn(&expiry), Duration::from_millis(101));
        timed
    });
    let stats = rx.stats();
    assert_eq!((stats.dropped.expired, stats.received, stats.in_delivery), (2, 1, 1));
    tx.try_send(expiry.stamp(4)).unwrap();
    tx.try_send(expiry.stamp(5)).unwrap();
    drop(delivery);
    clock.advance(1_000);
    assert_eq!(rx.try_recv_fresh(&expiry).err(), Some(TryRecvError::Empty));
    tx.try_send(expiry.stamp(6)).unwrap();
    assert_eq!(**rx.recv_fresh(&expiry).unwrap(), 6);
    tx.try_send(expiry.stamp(7)).unwrap();
    assert_eq!(**pollster::block_on(rx.recv_fresh_async(&expiry)).unwrap(), 7);
    let stats = rx.stats();
    assert_eq!(stats.dropped.expired, 5);
    conserved(&stats);
    drop(tx);
    assert!(rx.recv_fresh(&expiry).is_err());
}

/// On every flavour and mode, with threads that send and receive, and some that cancel.
#[test]
fn conservation_under_stress() {
    macro_rules! stress {
        ($builder:expr) => {{
            let (tx, rx) = $builder.capacity(8).build::<u64>().unwrap();
            thread::scope(|threads| {
                for _ in 0..3 {
                    let tx = tx.clone();
                    threads.spawn(move || {
                        let bell = Bell::new();
                        for i in 0..5_000 {
                            match i % 3 {
                                0 => tx.send(i).unwrap(),
                                1 => drop(bell.poll(pin!(tx.send_async(i)))),
                                _ => drop(tx.offer(i, DropNewest)),
                            }
                        }
                    });
                }
                for _ in 0..2 {
                    let rx = rx.clone();
                    threads.spawn(move || while rx.recv().is_ok() {});
                }
                let (tx, done) = (tx, rx.clone());
                threads.spawn(move || {
                    while tx.sender_count() > 1 {
                        conserved_soon(&tx.stats());
                        thread::yield_now();
                    }
                    drop(tx);
                    done.wait_drained();
                });
            });
            let stats = rx.stats();
            conserved(&stats);
            assert_eq!((stats.queued, stats.in_delivery), (0, 0));
        }};
    }
    stress!(mpmc::builder());
    stress!(mpmc::builder().observed());
    stress!(mpmc::builder().evicting());
    stress!(mpmc::builder().acknowledged().watermarks(8, 1));
}

/// What holds at any moment.
fn conserved_soon(stats: &Stats) {
    assert!(stats.queued <= stats.capacity);
    assert!(stats.reserved <= stats.capacity);
}
