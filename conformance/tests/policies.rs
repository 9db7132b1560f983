//! What is dropped when every credit is out, and that every value is accounted for.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use backpressure::{
    Clear, DropNewest, DropOldest, Fail, Merge, Offered, TrySendError, mpmc, mpsc, spsc,
};
use common::{Census, Counted, NEAR_WRAP};

#[test]
fn each_policy_on_each_flavour() {
    macro_rules! on {
        ($($flavour:ident),*) => {$({
            for capacity in [1, 2, 3, 64] {
                let builder = $flavour::builder().capacity(capacity).start_at(NEAR_WRAP);
                let (mut tx, mut rx) = builder.clone().build::<usize>().unwrap();
                let (tx, rx) = (&mut tx, &mut rx);
                for i in 0..capacity {
                    assert_eq!(tx.offer(i, DropNewest), Ok(Offered::Sent));
                }
                assert_eq!(tx.offer(100, DropNewest), Ok(Offered::Rejected(100)));
                assert_eq!(tx.offer(101, Fail), Err(TrySendError::Full(101)));
                assert!(rx.try_iter().eq(0..capacity));
                assert_eq!(tx.offer(102, Fail), Ok(Offered::Sent));
                rx.close();
                assert_eq!(tx.offer(103, DropNewest), Err(TrySendError::Closed(103)));
                assert_eq!(tx.offer(104, Fail), Err(TrySendError::Closed(104)));

                let (mut tx, mut rx) = builder.evicting().build::<usize>().unwrap();
                let (tx, rx) = (&mut tx, &mut rx);
                for i in 0..capacity {
                    assert_eq!(tx.offer(i, DropOldest), Ok(Offered::Sent));
                }
                for i in capacity..3 * capacity {
                    assert_eq!(tx.offer(i, DropOldest), Ok(Offered::Evicted(i - capacity)));
                    assert_eq!(tx.len(), capacity);
                }
                assert_eq!(tx.force_send(1000), Ok(Some(2 * capacity)));
                let backlog: Vec<_> = (2 * capacity + 1..3 * capacity).chain([1000]).collect();
                assert_eq!(tx.offer(1001, Clear), Ok(Offered::Cleared(backlog)));
                assert!(rx.try_iter().eq([1001]));
                assert_eq!(tx.offer(1002, Clear), Ok(Offered::Sent));
                assert_eq!(tx.try_send_many(&mut vec![7; 200]), Ok(capacity - 1));
                assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
                rx.close();
                assert_eq!(tx.offer(1003, DropOldest), Err(TrySendError::Closed(1003)));
                assert_eq!(tx.offer(1004, Clear), Err(TrySendError::Closed(1004)));
                assert!(tx.force_send(1005).is_err());
                assert_eq!(rx.recv(), Ok(1002));
                assert_eq!(rx.iter().count(), capacity - 1);
            }
        })*};
    }
    on!(spsc, mpsc, mpmc);
}

#[test]
fn merging_keeps_the_latest_state() {
    let (mut tx, mut rx) = spsc::builder().latest().build().unwrap();
    assert_eq!(tx.offer(1, Merge(|a, b| a + b)), Ok(Offered::Sent));
    assert_eq!(tx.offer(2, Merge(|a, b| a + b)), Ok(Offered::Merged));
    assert_eq!(tx.offer(4, Merge(|a, b| a + b)), Ok(Offered::Merged));
    assert_eq!(tx.capacity(), 1);
    assert_eq!(rx.recv(), Ok(7));
    tx.close();
    assert_eq!(tx.offer(8, Merge(|a, b| a + b)), Err(TrySendError::Closed(8)));
}

/// The closure is foreign code: nothing of the channel is held while it runs, and if it panics only its
/// own two values are gone.
#[test]
fn a_merge_that_panics() {
    let census = Census::default();
    let (tx, rx) = mpmc::builder().latest().build().unwrap();
    tx.try_send(census.make(1)).unwrap();
    let merge = |_: Counted, _: Counted| -> Counted { panic!("no merging today") };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tx.offer(census.make(2), Merge(merge))
    }));
    assert!(panic.is_err());
    assert_eq!(census.alive(), 0);
    tx.try_send(census.make(3)).unwrap();
    assert_eq!(rx.try_recv().unwrap().id, 3);
}

/// Credits in permits cannot be evicted: the new value comes back, and nothing is taken in its place.
#[test]
fn permits_are_not_evicted() {
    let (tx, rx) = mpmc::builder().capacity(2).evicting().build().unwrap();
    let permit = tx.try_reserve().unwrap();
    tx.try_send(1).unwrap();
    assert_eq!(tx.offer(2, DropOldest), Ok(Offered::Evicted(1)));
    let other = tx.try_reserve();
    assert!(other.is_err(), "one queued, one reserved");
    permit.send(3).unwrap();
    assert!(rx.try_iter().eq([2, 3]));
    let _permits = tx.try_reserve_many(2).unwrap();
    assert_eq!(tx.offer(4, DropOldest), Ok(Offered::Rejected(4)));
    assert_eq!(tx.offer(5, Clear), Ok(Offered::Rejected(5)));
}

/// Senders that evict, clear, give up or wait, beside receivers and, in the end, a close: every value is
/// received, handed back, or refused, exactly once, and the capacity holds throughout.
#[test]
fn every_value_is_accounted_for() {
    const EACH: u64 = 4_000;
    for capacity in [1, 2, 3, 64] {
        let census = Census::default();
        let (tx, rx) =
            mpmc::builder().capacity(capacity).evicting().start_at(NEAR_WRAP).build().unwrap();
        let back = AtomicUsize::new(0);
        let received = AtomicUsize::new(0);
        let take = |values: Vec<Counted>, into: &AtomicUsize| {
            into.fetch_add(values.len(), Ordering::Relaxed);
        };
        thread::scope(|threads| {
            let census = &census;
            let senders: Vec<_> = (0..4_u64)
                .map(|s| {
                    let (tx, back, take) = (tx.clone(), &back, &take);
                    threads.spawn(move || {
                        for i in 0..EACH {
                            let value = census.make(s << 32 | i);
                            let offered = match s {
                                0 | 1 => tx.offer(value, DropOldest),
                                2 if i % 16 == 0 => tx.offer(value, Clear),
                                2 => tx.offer(value, DropNewest),
                                _ => tx.send(value).map(|()| Offered::Sent).map_err(Into::into),
                            };
                            assert!(tx.len() <= capacity);
                            match offered {
                                Ok(Offered::Sent) => {}
                                Ok(Offered::Evicted(value) | Offered::Rejected(value)) => {
                                    take(vec![value], back);
                                }
                                Ok(Offered::Cleared(values)) => take(values, back),
                                Ok(other) => panic!("{other:?}"),
                                Err(error) => take(vec![error.into_inner()], back),
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..2 {
                let (rx, received, take) = (rx.clone(), &received, &take);
                threads.spawn(move || {
                    while let Ok(value) = rx.recv() {
                        take(vec![value], received);
                    }
                });
            }
            for sender in senders {
                sender.join().unwrap();
            }
            rx.close();
        });
        assert_eq!(back.load(Ordering::Relaxed) + received.load(Ordering::Relaxed), census.made());
        assert_eq!(census.made() as u64, 4 * EACH);
        assert_eq!(census.alive(), 0);
        // Nothing was left too many: every credit is there again.
        assert!(rx.is_empty());
        common::conserved(&rx.stats());
    }
}

/// The same with a close in the middle, on the flavours with one receiver.
#[test]
fn policies_beside_a_close() {
    for round in 0..300 {
        let census = Census::default();
        let (tx, mut rx) = mpsc::builder().capacity(2).evicting().build().unwrap();
        let senders: Vec<_> = (0..2_u64)
            .map(|s| {
                let (tx, census) = (tx.clone(), census.clone());
                thread::spawn(move || {
                    let mut back = 0;
                    for i in 0.. {
                        match tx.offer(census.make(s << 32 | i), DropOldest) {
                            Ok(Offered::Sent) => {}
                            Ok(Offered::Evicted(_) | Offered::Rejected(_)) => back += 1,
                            Ok(other) => panic!("{other:?}"),
                            Err(_) => return back + 1,
                        }
                    }
                    unreachable!()
                })
            })
            .collect();
        let before = (0..round % 5).filter(|_| rx.recv().is_ok()).count();
        rx.close();
        let after = rx.iter().count();
        let back: usize = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
        assert_eq!(before + after + back, census.made());
        assert_eq!(census.alive(), 0);
        common::conserved(&rx.stats());
    }
}

/// Several merge at once beside a receiver: the sum of everything stays.
#[test]
fn merging_loses_nothing() {
    const EACH: u64 = 5_000;
    let (tx, rx) = mpmc::builder().latest().build().unwrap();
    let total: u64 = thread::scope(|threads| {
        let senders: Vec<_> = (0..3)
            .map(|_| {
                let tx = tx.clone();
                threads.spawn(move || {
                    let mut rejected = 0;
                    for i in 1..=EACH {
                        if let Offered::Rejected(value) = tx.offer(i, Merge(|a, b| a + b)).unwrap()
                        {
                            rejected += value;
                        }
                    }
                    rejected
                })
            })
            .collect();
        drop(tx);
        let received: u64 = rx.iter().sum();
        received + senders.into_iter().map(|sender| sender.join().unwrap()).sum::<u64>()
    });
    assert_eq!(total, 3 * EACH * (EACH + 1) / 2);
    common::conserved(&rx.stats());
}
