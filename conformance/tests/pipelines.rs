//! Pipelines whose sink stops: the source feels it after exactly so many items, on every flavour, with threads,
//! tasks, and both.

#![expect(unused_mut, reason = "the same text serves sides with one handle and with many")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use backpressure::pressure::Stats;
use backpressure::{Delivery, TrySendError};
use common::{NEAR_WRAP, conserved};

const ITEMS: u64 = if cfg!(debug_assertions) { 50_000 } else { 1_000_000 };
/// Long enough never to pass; whether it does is another test's matter.
const LONG: Duration = Duration::from_secs(600);
const STOP: Duration = Duration::from_secs(1);

/// Who does the work: which of source, first stage, second stage and sink are tasks.
#[derive(Clone, Copy)]
struct Tasks([bool; 4]);

const THREADS: Tasks = Tasks([false; 4]);
const TASKS: Tasks = Tasks([true; 4]);
const MIXED: Tasks = Tasks([true, false, true, false]);

/// The numbers of a channel, asked for when everything is over.
type Late = Box<dyn FnOnce() -> Stats + Send>;
type Stage = Box<dyn FnOnce() -> Late + Send>;
/// Sends an item if that takes no longer than so; whether it did.
type Source = Box<dyn FnMut(u64, Duration) -> bool + Send>;
/// Waits to be resumed, and then receives everything.
type Sink = Box<dyn FnOnce(&Barrier) -> (Vec<u64>, Late) + Send>;

macro_rules! source {
    ($is_task:expr, $tx:ident) => {{
        let source: Source = if $is_task {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            Box::new(move |item, most| {
                let send = $tx.send_async(item);
                runtime.block_on(async { tokio::time::timeout(most, send).await.is_ok() })
            })
        } else {
            Box::new(move |item, most| $tx.send_timeout(item, most).is_ok())
        };
        source
    }};
}

/// A stage that does with each delivery what is said, as a thread or as a task.
macro_rules! stage {
    ($is_task:expr, $block_on:path, $rx:ident, |$delivery:ident| $thread:block, async $task:block) => {{
        let stage: Stage = if $is_task {
            Box::new(move || {
                $block_on(async { while let Ok($delivery) = $rx.recv_async().await $task });
                Box::new(move || $rx.stats())
            })
        } else {
            Box::new(move || {
                for $delivery in &mut $rx $thread
                Box::new(move || $rx.stats())
            })
        };
        stage
    }};
}

macro_rules! sink {
    ($is_task:expr, $rx:ident) => {{
        let sink: Sink = if $is_task {
            Box::new(move |resume| {
                resume.wait();
                let mut items = Vec::new();
                smol::block_on(async {
                    while let Ok(delivery) = $rx.recv_async().await {
                        items.push(*delivery);
                    }
                });
                (items, Box::new(move || $rx.stats()))
            })
        } else {
            Box::new(move |resume| {
                resume.wait();
                let items = $rx.iter().map(|delivery| *delivery).collect();
                (items, Box::new(move || $rx.stats()))
            })
        };
        sink
    }};
}

/// Fills the pipeline while the sink stands still: exactly `bound` items go in, and for a second no other. Then
/// the sink is resumed, and everything arrives.
fn run(items: u64, bound: u64, mut source: Source, stages: [Stage; 2], sink: Sink) {
    let resume = &Barrier::new(2);
    thread::scope(|threads| {
        let stages = stages.map(|stage| threads.spawn(stage));
        let sink = threads.spawn(move || sink(resume));
        for item in 0..bound {
            assert!(source(item, LONG), "the windows can be used up, and they hold {bound}");
        }
        assert!(!source(bound, Duration::ZERO), "full");
        assert!(!source(bound, STOP), "for a second, none delivered, none accepted");
        resume.wait();
        for item in bound..items {
            assert!(source(item, LONG));
        }
        drop(source);
        let (delivered, at_sink) = sink.join().unwrap();
        assert!(delivered.into_iter().eq(0..items), "in order, each once");
        conserved(&at_sink());
        for stage in stages {
            let stats = stage.join().unwrap()();
            conserved(&stats);
            assert_eq!((stats.sent, stats.queued, stats.in_delivery), (items, 0, 0));
        }
    });
}

macro_rules! on_each {
    ($($flavour:ident),*) => {$(mod $flavour {
        use super::*;

        fn hop_by_hop(items: u64, Tasks([source, first, second, sink]): Tasks) {
            let builder = backpressure::$flavour::builder().start_at(NEAR_WRAP).acknowledged();
            let (mut tx0, mut rx0) = builder.clone().capacity(16).build::<u64>().unwrap();
            let (mut tx1, mut rx1) = builder.clone().capacity(8).build::<u64>().unwrap();
            let (mut tx2, mut rx2) = builder.capacity(4).build::<u64>().unwrap();
            let first = stage!(
                first, pollster::block_on, rx0,
                |delivery| {
                    tx1.send(*delivery).unwrap();
                    delivery.ack(); // after the next stage accepted
                },
                async {
                    tx1.send_async(*delivery).await.unwrap();
                    delivery.ack();
                }
            );
            let second = stage!(
                second, smol::block_on, rx1,
                |delivery| {
                    tx2.send(*delivery).unwrap();
                    delivery.ack();
                },
                async {
                    tx2.send_async(*delivery).await.unwrap();
                    delivery.ack();
                }
            );
            run(items, 16 + 8 + 4, source!(source, tx0), [first, second], sink!(sink, rx2));
        }

        fn end_to_end(items: u64, Tasks([source, first, second, sink]): Tasks) {
            let builder = backpressure::$flavour::builder().start_at(NEAR_WRAP);
            let (mut tx0, mut rx0) =
                builder.clone().acknowledged().capacity(16).build::<u64>().unwrap();
            let (mut tx1, mut rx1) = builder.clone().capacity(8).build::<Delivery<u64>>().unwrap();
            let (mut tx2, mut rx2) = builder.capacity(4).build::<Delivery<u64>>().unwrap();
            let first = stage!(
                first, pollster::block_on, rx0,
                |delivery| { tx1.forward(delivery, |item| item + 1).unwrap(); },
                async { tx1.forward_async(delivery, |item| item + 1).await.unwrap(); }
            );
            let second = stage!(
                second, smol::block_on, rx1,
                |delivery| { tx2.forward(delivery, |item| item - 1).unwrap(); },
                async { tx2.forward_async(delivery, |item| item - 1).await.unwrap(); }
            );
            run(items, 16, source!(source, tx0), [first, second], sink!(sink, rx2));
        }

        #[test]
        fn scenario_07_pipeline_stop_hop_by_hop() {
            hop_by_hop(ITEMS, THREADS);
        }

        #[test]
        fn scenario_07_with_tasks() {
            hop_by_hop(ITEMS / 10, TASKS);
        }

        #[test]
        fn scenario_07_mixed() {
            hop_by_hop(ITEMS / 10, MIXED);
        }

        #[test]
        fn scenario_08_pipeline_stop_end_to_end() {
            end_to_end(ITEMS, THREADS);
        }

        #[test]
        fn scenario_08_with_tasks() {
            end_to_end(ITEMS / 10, TASKS);
        }

        #[test]
        fn scenario_08_mixed() {
            end_to_end(ITEMS / 10, MIXED);
        }
    })*};
}
on_each!(spsc, mpsc, mpmc);

/// What cannot be forwarded comes back, with its credit; dropping it gives that back.
#[test]
fn a_refused_delivery_keeps_its_credit() {
    let (tx, mut rx) = backpressure::mpsc::builder().capacity(1).acknowledged().build().unwrap();
    let (next, mut at_next) = backpressure::mpsc::bounded::<Delivery<String>>(1);
    let (first, mut at_first) =
        backpressure::mpsc::builder().capacity(1).acknowledged().build().unwrap();
    first.try_send(0).unwrap();
    next.try_forward(at_first.try_recv().unwrap(), |n: u8| n.to_string()).unwrap();
    tx.try_send(1).unwrap();
    let back = match next.try_forward(rx.try_recv().unwrap(), |n: u8| n.to_string()) {
        Err(TrySendError::Full(back)) => back,
        other => panic!("{other:?}"),
    };
    assert_eq!((back.as_str(), tx.is_full()), ("1", true));
    at_next.close();
    let back = next.forward(back, |n| n).unwrap_err().into_inner();
    let back = pollster::block_on(next.forward_async(back, |n| n)).unwrap_err().into_inner();
    assert_eq!((back.as_str(), tx.is_full()), ("1", true));
    drop(back);
    tx.try_send(2).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        next.forward(rx.try_recv().unwrap(), |_| std::panic::resume_unwind(Box::new("making it")))
    }));
    assert!(panicked.is_err() && !tx.is_full());
    conserved(&tx.stats());
}
