//! The acceptance scenarios of channels, each with its numbers, on every flavour that can take part. Those
//! of the gate are in `credits.rs`, those of watching in `pressure.rs`, the pipelines that stop in
//! `pipelines.rs`.

#![expect(unused_mut, reason = "the same text serves sides with one handle and with many")]

mod common;

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::thread;

use backpressure::flavour::Flavour;
use backpressure::pressure::Dropped;
use backpressure::{
    Clear, Delivery, DropNewest, DropOldest, Merge, Offered, RecvError, TryRecvError, TrySendError,
    mpmc, mpsc, spsc,
};
use common::{Bell, NEAR_WRAP, conserved, values_conserved};

/// Runs a block for each flavour, with its builder.
macro_rules! on_each {
    (|$builder:ident| $body:block) => {{
        {
            let $builder = spsc::builder().start_at(NEAR_WRAP);
            $body
        }
        {
            let $builder = mpsc::builder().start_at(NEAR_WRAP);
            $body
        }
        {
            let $builder = mpmc::builder().start_at(NEAR_WRAP);
            $body
        }
    }};
}

/// Runs a future on each executor.
fn on_executors(task: impl AsyncFn()) {
    pollster::block_on(task());
    smol::block_on(task());
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(task());
}

#[test]
fn scenario_02_strict_demand() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(16).pulled(0).build().unwrap();
        assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
        assert_eq!(rx.request(3), Ok(3));
        assert_eq!(rx.request(2), Ok(5));
        for i in 1..=5 {
            tx.try_send(i).unwrap();
        }
        assert_eq!(tx.try_send(6), Err(TrySendError::Full(6)));
        assert!(tx.is_full());
        assert!(rx.try_iter().eq(1..=5));
        assert_eq!(tx.try_send(6), Err(TrySendError::Full(6)));
        assert!(rx.request(0).is_err());
        assert_eq!(rx.demand(), 0);
        // An initial grant is demand like any other, and the capacity still bounds what is queued.
        let (mut tx, mut rx) = mpsc::builder().capacity(2).pulled(3).build().unwrap();
        let _ = (&mut tx, &mut rx);
        assert_eq!(rx.demand(), 3);
        assert_eq!(tx.try_send_many(&mut vec![1, 2, 3, 4]), Ok(2));
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(tx.try_send_many(&mut vec![3, 4]), Ok(1));
        assert_eq!(rx.recv(), Ok(2));
        assert!(tx.try_send(5).is_err());
    });
}

#[test]
fn scenario_02_strict_demand_waited_for() {
    // Threads.
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.clone().capacity(4).pulled(0).build().unwrap();
        thread::scope(|threads| {
            threads.spawn(move || (0..100).try_for_each(|i| tx.send(i)));
            for i in 0..100 {
                assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "nobody asked");
                rx.request(1).unwrap();
                assert_eq!(rx.recv(), Ok(i));
            }
        });
        values_conserved(&rx.stats());
        assert_eq!((rx.stats().sent, rx.demand()), (100, 0));
        // Tasks, on one thread.
        let (mut tx, mut rx) = builder.clone().capacity(4).pulled(0).build().unwrap();
        let executor = smol::LocalExecutor::new();
        let sender = executor.spawn(async move {
            for i in 0..100 {
                tx.send_async(i).await.unwrap();
            }
        });
        smol::block_on(executor.run(async move {
            for i in 0..100 {
                assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "nobody asked");
                rx.request(1).unwrap();
                assert_eq!(rx.recv_async().await, Ok(i));
            }
            sender.await;
            values_conserved(&rx.stats());
        }));
        // A task that sends, a thread that asks.
        let (mut tx, mut rx) = builder.capacity(4).pulled(0).build().unwrap();
        thread::scope(|threads| {
            threads.spawn(move || {
                pollster::block_on(async {
                    for i in 0..100 {
                        tx.send_async(i).await.unwrap();
                    }
                });
            });
            for i in 0..50 {
                rx.request(2).unwrap();
                assert_eq!(rx.recv(), Ok(2 * i));
                assert_eq!(rx.recv(), Ok(2 * i + 1));
            }
        });
        values_conserved(&rx.stats());
        assert_eq!((rx.stats().sent, rx.demand()), (100, 0));
    });
}

#[test]
fn scenario_03_saturation() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(2).pulled(0).build().unwrap();
        rx.request(2).unwrap();
        for i in 0..1000 {
            assert_eq!(rx.request(u64::MAX - 1), Ok(u64::MAX));
            tx.try_send(i).unwrap();
            assert_eq!(rx.try_recv(), Ok(i));
        }
        rx.request_unbounded();
        assert_eq!(rx.demand(), u64::MAX);
        assert_eq!(tx.try_send_many(&mut vec![1, 2, 3]), Ok(2));
        assert!(tx.is_full());
    });
}

#[test]
fn scenario_05_close_with_a_partial_reservation() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.clone().capacity(4).build().unwrap();
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        let bell = Bell::new();
        {
            let mut reserve = pin!(tx.reserve_many_async(4));
            assert!(bell.poll(reserve.as_mut()).is_pending());
            rx.close();
            assert_eq!(rx.try_recv(), Ok(1));
            assert_eq!(rx.try_recv(), Ok(2));
        }
        assert_eq!(rx.recv(), Err(RecvError));
        // The same with a thread that waits for the end.
        let (mut tx, mut rx) = builder.capacity(4).build().unwrap();
        tx.try_send(1).unwrap();
        thread::scope(|threads| {
            let receiver = threads.spawn(move || {
                rx.close();
                assert_eq!(rx.recv(), Ok(1));
                rx.recv()
            });
            assert!(pollster::block_on(tx.reserve_many_async(4)).is_err());
            assert_eq!(receiver.join().unwrap(), Err(RecvError));
        });
    });
}

#[test]
fn scenario_06_panic() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(8).acknowledged().build().unwrap();
        assert_eq!(tx.try_send_many(&mut (0..5).collect()), Ok(5));
        let mut work: Vec<Delivery<i32>> = Vec::new();
        assert_eq!(rx.try_recv_many(&mut work, 3), Ok(3));
        let panicked = thread::scope(|threads| {
            threads
                .spawn(move || {
                    let _at_work = work;
                    std::panic::resume_unwind(Box::new("worker"));
                })
                .join()
        });
        assert!(panicked.is_err());
        let stats = tx.stats();
        conserved(&stats);
        assert_eq!((stats.available + stats.deferred, stats.queued), (6, 2));
        assert_eq!(tx.try_send_many(&mut (0..9).collect()), Ok(6), "6 were available");
        // A mapping that panics gives its credit back as well.
        let delivery = rx.try_recv().unwrap();
        let mapped =
            catch_unwind(AssertUnwindSafe(|| delivery.map(|_| -> i32 { panic!("mapping") })));
        assert!(mapped.is_err());
        tx.try_send(10).unwrap();
        assert!(tx.try_send(11).is_err());
    });
}

/// The same with a task: its executor catches the panic, and what it held is acknowledged.
#[test]
fn scenario_06_panic_of_a_task() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(8).acknowledged().build().unwrap();
        assert_eq!(tx.try_send_many(&mut (0..5).collect()), Ok(5));
        let worker = runtime.spawn(async move {
            let mut work = Vec::new();
            assert_eq!(rx.recv_many_async(&mut work, 3).await, Ok(3));
            let rest = async { std::panic::resume_unwind(Box::new("worker")) };
            let _: () = rest.await;
            drop((work, rx));
        });
        assert!(runtime.block_on(worker).unwrap_err().is_panic());
        let stats = tx.stats();
        conserved(&stats);
        // The receiver was the task's too, and took with it what was queued.
        assert_eq!((stats.received, stats.dropped.undelivered, stats.in_delivery), (3, 2, 0));
        assert_eq!(stats.available + stats.deferred, 8);
        assert_eq!(tx.try_send(5), Err(TrySendError::Closed(5)));
    });
}

#[test]
fn scenario_06_forgotten_deliveries_wedge_nobody() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(3).acknowledged().build().unwrap();
        tx.try_send(0).unwrap();
        std::mem::forget(rx.try_recv().unwrap());
        for i in 1..100 {
            tx.try_send(i).unwrap();
            tx.try_send(-i).unwrap();
            assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)), "one credit of three is lost");
            rx.try_recv().unwrap().ack();
            assert_eq!(*rx.try_recv().unwrap(), -i);
        }
        tx.close();
        assert_eq!(rx.try_recv().err(), Some(TryRecvError::Closed));
        assert!(!tx.wait_drained_timeout(std::time::Duration::ZERO), "it is never acknowledged");
    });
}

#[test]
fn scenario_08_end_to_end_with_tasks() {
    on_executors(async || {
        let (tx0, mut rx0) = mpsc::builder().capacity(16).acknowledged().build::<u64>().unwrap();
        let (tx1, mut rx1) = mpsc::bounded::<Delivery<u64>>(100);
        for i in 0..16 {
            tx0.try_send(i).unwrap();
        }
        for _ in 0..16 {
            tx1.forward_async(rx0.recv_async().await.unwrap(), |i| i).await.unwrap();
        }
        // Everything lies behind the first channel, and its window is used up all the same.
        assert!(tx0.try_send(16).is_err());
        let mut send = pin!(tx0.send_async(16));
        let bell = Bell::new();
        assert!(bell.poll(send.as_mut()).is_pending());
        drop(rx1.recv_async().await.unwrap());
        assert_eq!(bell.rings(), 1);
        send.await.unwrap();
    });
}

#[test]
fn scenario_09_drop_oldest() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.evicting().capacity(4).build().unwrap();
        let mut evicted = Vec::new();
        for i in 1..=10 {
            match tx.offer(i, DropOldest).unwrap() {
                Offered::Evicted(old) => evicted.push(old),
                offered => assert_eq!(offered, Offered::Sent),
            }
        }
        assert_eq!(evicted, [1, 2, 3, 4, 5, 6]);
        assert!(rx.try_iter().eq([7, 8, 9, 10]));
        assert_eq!(tx.stats().dropped.evicted, 6);
        conserved(&tx.stats());
    });
}

#[test]
fn scenario_10_drop_newest() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(4).build().unwrap();
        let mut back = Vec::new();
        for i in 1..=10 {
            match tx.offer(i, DropNewest).unwrap() {
                Offered::Rejected(new) => back.push(new),
                offered => assert_eq!(offered, Offered::Sent),
            }
        }
        assert_eq!(back, [5, 6, 7, 8, 9, 10]);
        assert!(rx.try_iter().eq(1..=4));
        assert_eq!(tx.stats().dropped.rejected, 6);
        conserved(&tx.stats());
    });
}

#[test]
fn scenario_11_clear_and_merge() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.clone().evicting().capacity(4).build().unwrap();
        for i in 1..=4 {
            tx.try_send(i).unwrap();
        }
        assert_eq!(tx.offer(5, Clear), Ok(Offered::Cleared(vec![1, 2, 3, 4])));
        assert!(rx.try_iter().eq([5]));
        let (mut tx, mut rx) = builder.latest().build().unwrap();
        for i in [1, 10, 100] {
            let _ = tx.offer(i, Merge(|old, new| old + new)).unwrap();
        }
        assert_eq!(rx.recv(), Ok(111));
    });
}

#[test]
fn scenario_12_split_batch() {
    on_each!(|builder| {
        let (mut tx, _rx) = builder.capacity(8).build().unwrap();
        assert_eq!(tx.try_send_many(&mut (0..5).collect()), Ok(5));
        let mut batch: Vec<i32> = (10..20).collect();
        assert_eq!(tx.try_send_many(&mut batch), Ok(3));
        assert!(batch.into_iter().eq(13..20));
        assert_eq!(tx.stats().dropped, Dropped::default());
    });
}

#[test]
fn scenario_17_fan_out_lease() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(16).acknowledged().build().unwrap();
        let (a, mut at_a) = spsc::bounded(100);
        let (b, mut at_b) = spsc::bounded(100);
        let (mut a, mut b) = (a, b);
        let mut emitted = 0;
        while tx.try_send(emitted).is_ok() {
            emitted += 1;
            let (value, lease) = rx.try_recv().unwrap().into_parts();
            let lease = Arc::new(lease);
            a.try_send((value, Arc::clone(&lease))).unwrap();
            b.try_send((value, lease)).unwrap();
            drop(at_a.try_recv().unwrap()); // this branch keeps up
        }
        assert_eq!(emitted, 16);
        drop(at_b.try_recv().unwrap()); // the other moves by one
        tx.try_send(16).unwrap();
        assert!(tx.try_send(17).is_err());
    });
}

#[test]
fn scenario_17_filter_and_fan_in() {
    // Filtering is dropping; and each input of a fan-in has a window of its own, so that one that is not
    // acknowledged does not keep the other from going on.
    let input = || mpsc::builder().capacity(2).acknowledged().build::<u32>().unwrap();
    let ((tx_a, mut rx_a), (tx_b, mut rx_b)) = (input(), input());
    let (merged, mut out) = mpsc::bounded::<Delivery<u32>>(8);
    let mut stuck = Vec::new();
    for i in 0..100 {
        if tx_a.try_send(i).is_ok() {
            stuck.push(rx_a.try_recv().unwrap());
        }
        tx_b.try_send(i).unwrap();
        let delivery = rx_b.try_recv().unwrap();
        if *delivery % 2 == 0 {
            continue; // filtered: its credit is back
        }
        merged.try_send(delivery).unwrap();
        drop(out.try_recv().unwrap());
    }
    assert_eq!(stuck.len(), 2);
}

#[test]
fn scenario_18_shutdown() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(64).acknowledged().build().unwrap();
        assert_eq!(tx.try_send_many(&mut (0..50).collect()), Ok(50));
        let mut permits = tx.try_reserve_many(3).unwrap();
        rx.close();
        for i in 50..53 {
            permits.send(i).unwrap();
        }
        drop(permits);
        assert_eq!(tx.try_send(99), Err(TrySendError::Closed(99)));
        let bell = Bell::new();
        let mut deliveries = Vec::new();
        {
            let mut drained = pin!(tx.drained());
            assert!(bell.poll(drained.as_mut()).is_pending());
            while let Ok(delivery) = rx.try_recv() {
                deliveries.push(delivery);
            }
            assert_eq!(deliveries.len(), 53);
            assert_eq!(rx.recv().err(), Some(RecvError));
            let last = deliveries.pop().unwrap();
            drop(deliveries);
            assert!(bell.poll(drained.as_mut()).is_pending(), "one is not acknowledged");
            let before = bell.rings();
            last.ack();
            assert!(bell.rings() > before);
            assert!(bell.poll(drained.as_mut()).is_ready());
        }
        rx.wait_drained();
        pollster::block_on(rx.drained());
    });
}

#[test]
fn scenario_18_shutdown_across_threads() {
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(4).acknowledged().build().unwrap();
        thread::scope(|threads| {
            let worker = threads.spawn(move || rx.iter().map(|delivery| *delivery).sum::<u64>());
            for i in 0..1000 {
                tx.send(i).unwrap();
            }
            tx.close();
            tx.wait_drained();
            assert_eq!(worker.join().unwrap(), 499_500);
            conserved(&tx.stats());
        });
    });
}

/// A cycle that cannot deadlock: what is fed back is offered, and dropped when the window is used up.
#[test]
fn a_cycle_goes_on() {
    let (tx, mut rx) = mpsc::builder().capacity(4).acknowledged().build::<u32>().unwrap();
    let feedback = tx.clone();
    thread::scope(|threads| {
        let worker = threads.spawn(move || {
            let (mut seen, mut dropped) = (0, 0);
            while let Ok(delivery) = rx.recv() {
                seen += 1;
                let rest = *delivery;
                if rest > 0 {
                    // Never waits for itself: `send` here would wait for the credit in its own hand.
                    dropped += u32::from(feedback.try_send(rest - 1).is_err());
                }
                if seen + dropped >= 4000 {
                    rx.close();
                }
            }
            seen
        });
        while tx.send(3).is_ok() {}
        assert!(worker.join().unwrap() > 0);
        conserved(&tx.stats());
    });
}

/// Batches of acknowledgements delay nobody, however large.
#[test]
fn a_batch_withholds_nothing() {
    on_each!(|builder| {
        let large = NonZeroUsize::new(1000).unwrap();
        let builder = builder.capacity(2).acknowledged().return_batch(large);
        let (mut tx, mut rx) = builder.build().unwrap();
        for i in 0..100 {
            tx.try_send(i).unwrap();
            assert!(!tx.is_full());
            tx.try_send(i).unwrap();
            assert!(tx.is_full());
            assert!(tx.try_reserve().is_err());
            drop(rx.try_recv());
            drop(rx.try_recv());
            assert!(!rx.is_full());
            drop(tx.try_reserve_many(2).unwrap());
        }
        thread::scope(|threads| {
            threads.spawn(move || {
                for delivery in &mut rx {
                    drop(delivery);
                }
                conserved(&rx.stats());
            });
            for i in 0..10_000 {
                tx.send(i).unwrap();
            }
            drop(tx);
        });
    });
}

/// What is put together is put into circulation when the batch is full, also across the end of the positions.
#[test]
fn a_batch_is_due_when_it_is_full() {
    on_each!(|builder| {
        let three = NonZeroUsize::new(3).unwrap();
        let builder = builder.capacity(8).acknowledged().return_batch(three);
        let (mut tx, mut rx) = builder.build().unwrap();
        for round in 1..=20_u64 {
            tx.try_send(round).unwrap();
            rx.try_recv().unwrap().ack();
            let stats = tx.stats();
            conserved(&stats);
            assert_eq!((stats.acked, stats.available), (round, 8 - round % 3));
            assert_eq!(stats.deferred, round % 3);
        }
    });
}

/// Deliveries and leases go to other threads if the message does, and may outlive the channel.
#[test]
fn deliveries_outlive_the_channel() {
    static_assertions::assert_impl_all!(Delivery<u8>: Send, Sync);
    static_assertions::assert_impl_all!(backpressure::Lease: Send, Sync);
    static_assertions::assert_not_impl_any!(Delivery<std::rc::Rc<u8>>: Send, Sync);
    on_each!(|builder| {
        let (mut tx, mut rx) = builder.capacity(1).acknowledged().build().unwrap();
        tx.try_send("late").unwrap();
        let delivery = rx.try_recv().unwrap();
        drop((tx, rx));
        thread::spawn(move || assert_eq!(*delivery, "late")).join().unwrap();
    });
}

/// `F::Item` can be named in generic code.
#[test]
fn generic_code_names_items() {
    fn kind<T, F: Flavour>(_: &backpressure::Receiver<T, F>) -> &'static str {
        std::any::type_name::<backpressure::flavour::Item<u8, F>>()
    }
    let (_tx, rx) = mpsc::builder().capacity(1).acknowledged().build::<u8>().unwrap();
    assert!(kind(&rx).contains("Delivery"));
    let (_tx, rx) = mpsc::bounded::<u8>(1);
    assert_eq!(kind(&rx), "u8");
}

/// A weighed send that waits for so long and no longer, and takes nothing when it gives up.
#[test]
fn scenario_15_weights_waited_for_a_while() {
    use std::time::{Duration, Instant};

    use backpressure::weighted::{Oversize, WeighError, weighted};

    on_each!(|builder| {
        let ends = builder.capacity(8).build().unwrap();
        let (mut tx, mut rx) = weighted(ends, 4, Oversize::Reject, |units: &u64| *units);
        tx.try_send(3).unwrap();
        assert_eq!(tx.send_timeout(2, Duration::ZERO), Err(WeighError::Full(2)));
        assert_eq!(tx.weight(), 3);
        assert_eq!(tx.send_deadline(1, Instant::now()), Ok(()));
        assert_eq!(tx.send_timeout(5, Duration::MAX), Err(WeighError::TooLarge(5)));
        thread::scope(|threads| {
            let sender = threads.spawn(|| tx.send_timeout(4, Duration::MAX));
            assert_eq!(rx.recv().unwrap().into_inner(), 3);
            assert_eq!(rx.recv().unwrap().into_inner(), 1);
            assert_eq!(rx.recv().unwrap().into_inner(), 4);
            assert_eq!(sender.join().unwrap(), Ok(()));
        });
        assert_eq!(tx.weight(), 0);
        conserved(&tx.stats());
        rx.close();
        assert_eq!(tx.send_timeout(1, Duration::MAX), Err(WeighError::Closed(1)));
    });
}
