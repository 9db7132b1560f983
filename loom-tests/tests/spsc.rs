//! One sender, one receiver: both sides owned, positions moved by plain stores.

mod common;

use backpressure_model::{TryRecvError, TrySendError, spsc, want_membarrier};
use common::{Config, NEAR_WRAP, check};
use loom::future::block_on;
use loom::thread;

/// Sends and receives that never wait, with slots used again and positions that may wrap.
fn hand_over(name: &str, capacity: usize, start: u64, config: Config) {
    check(name, config, move |outcomes| {
        let (mut tx, mut rx) = spsc::builder().capacity(capacity).start_at(start).build().unwrap();
        let producer =
            thread::spawn(move || (1..=3).filter(|&i| tx.try_send(i).is_ok()).collect::<Vec<_>>());
        let mut received: Vec<i32> = rx.try_iter().collect();
        received.extend(rx.try_iter());
        let sent = producer.join().unwrap();
        assert!(sent.starts_with(&received), "sent {sent:?}, received {received:?}");
        let left: Vec<_> = rx.try_iter().collect();
        assert!(left.len() <= capacity);
        assert_eq!([received.clone(), left].concat(), sent);
        outcomes.record(format!("{} sent, {} received at once", sent.len(), received.len()));
    });
}

#[test]
fn hand_over_one_credit() {
    let config = Config::at_least(100).required(&[
        "1 sent, 0 received at once",
        "1 sent, 1 received at once",
        "2 sent, 1 received at once",
    ]);
    hand_over("spsc hand-over, capacity 1", 1, NEAR_WRAP, config);
}

#[test]
fn hand_over_two_credits() {
    let config = Config::at_least(100).required(&[
        "2 sent, 0 received at once",
        "3 sent, 1 received at once",
        "3 sent, 2 received at once",
    ]);
    hand_over("spsc hand-over, capacity 2", 2, 0, config);
}

/// Capacity 3 in four slots: the slot that is tested for room is not the one that is written.
#[test]
fn room_is_tested_ahead() {
    let config = Config::at_least(20).exactly(&["refused", "sent"]);
    check("spsc room test ahead of the claim", config, |outcomes| {
        let (mut tx, mut rx) = spsc::builder().capacity(3).start_at(NEAR_WRAP).build().unwrap();
        for i in 1..=3 {
            tx.try_send(i).unwrap();
        }
        let producer = thread::spawn(move || tx.try_send(4).is_ok());
        assert_eq!(rx.try_recv(), Ok(1));
        let sent = producer.join().unwrap();
        let left: Vec<_> = rx.try_iter().collect();
        assert_eq!(left, if sent { vec![2, 3, 4] } else { vec![2, 3] });
        outcomes.record(if sent { "sent" } else { "refused" });
    });
}

#[test]
fn batches() {
    let config =
        Config::at_least(100).required(&["[1, 2] then []", "[] then [1, 2]", "[] then []"]);
    check("spsc batches", config, |outcomes| {
        let (mut tx, mut rx) = spsc::builder().capacity(2).start_at(NEAR_WRAP).build().unwrap();
        let producer = thread::spawn(move || {
            let mut values = vec![1, 2, 3];
            let first = tx.try_send_many(&mut values).unwrap();
            let second = tx.try_send_many(&mut values).unwrap();
            assert_eq!(first, 2);
            assert_eq!(values.len(), 1 - second);
            second
        });
        let (mut one, mut two) = (Vec::new(), Vec::new());
        let _ = rx.try_recv_many(&mut one, 3);
        let _ = rx.try_recv_many(&mut two, 3);
        let last = producer.join().unwrap();
        let left: Vec<_> = rx.drain().collect();
        let all = [one.clone(), two.clone(), left].concat();
        assert_eq!(all, [1, 2, 3][..2 + last]);
        outcomes.record(format!("{one:?} then {two:?}"));
    });
}

/// Both sides fall asleep and are woken: no wake-up may be lost, or loom reports a deadlock.
fn threads_wait(name: &str, config: Config, membarrier: bool) {
    check(name, config, move |outcomes| {
        want_membarrier(membarrier);
        let (mut tx, mut rx) = spsc::bounded(1);
        let producer = thread::spawn(move || {
            tx.send(1).unwrap();
            tx.send(2).unwrap();
            tx
        });
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.recv(), Ok(2));
        drop(producer.join().unwrap());
        outcomes.record("received both");
    });
}

#[test]
fn threads_wait_fenced() {
    let config = Config::at_least(3_000).exactly(&["received both"]);
    threads_wait("spsc threads wait, fenced gates", config, false);
}

#[test]
fn threads_wait_quiet() {
    let config = Config::at_least(1_000).exactly(&["received both"]);
    threads_wait("spsc threads wait, quiet gates", config, true);
}

#[test]
fn a_task_sends_to_a_thread() {
    let config = Config::at_least(1_000).exactly(&["received both"]);
    check("spsc task to thread", config, |outcomes| {
        let (mut tx, mut rx) = spsc::bounded(1);
        let producer = thread::spawn(move || {
            block_on(tx.send_async(1)).unwrap();
            block_on(tx.send_async(2)).unwrap();
            tx
        });
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.recv(), Ok(2));
        drop(producer.join().unwrap());
        outcomes.record("received both");
    });
}

#[test]
fn a_thread_sends_to_a_task() {
    let config = Config::at_least(500).exactly(&["received, then closed"]);
    check("spsc thread to task", config, |outcomes| {
        let (mut tx, mut rx) = spsc::bounded(1);
        let producer = thread::spawn(move || tx.send(1).unwrap());
        assert_eq!(block_on(rx.recv_async()), Ok(1));
        assert!(block_on(rx.recv_async()).is_err());
        producer.join().unwrap();
        outcomes.record("received, then closed");
    });
}

/// A send beside a close is received if it was accepted, and comes back if not: both sides agree.
fn late_send(name: &str, config: Config, membarrier: bool) {
    check(name, config, move |outcomes| {
        want_membarrier(membarrier);
        let (mut tx, mut rx) = spsc::builder().capacity(1).start_at(NEAR_WRAP).build().unwrap();
        let producer = thread::spawn(move || (tx.try_send(1), tx));
        let before = rx.try_recv();
        rx.close();
        let received = before.is_ok() || rx.recv().is_ok();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        let (sent, mut tx) = producer.join().unwrap();
        assert_eq!(sent, if received { Ok(()) } else { Err(TrySendError::Closed(1)) });
        assert_eq!(tx.try_send(2), Err(TrySendError::Closed(2)));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(rx.len(), 0);
        outcomes.record(match (before.is_ok(), received) {
            (true, _) => "received before the close",
            (_, true) => "received after the close",
            _ => "refused",
        });
    });
}

const LATE_SEND: &[&str] = &["received before the close", "received after the close", "refused"];

#[test]
fn late_send_fenced() {
    late_send("spsc late send, fenced gates", Config::at_least(100).exactly(LATE_SEND), false);
}

#[test]
fn late_send_quiet() {
    late_send("spsc late send, quiet gates", Config::at_least(100).exactly(LATE_SEND), true);
}

/// Part of a batch may be taken before the receiver finishes; the rest comes back in order.
#[test]
fn late_batch() {
    let config = Config::at_least(100).exactly(&["0 of 2", "2 of 2"]);
    check("spsc late batch", config, |outcomes| {
        let (mut tx, mut rx) = spsc::bounded(2);
        let producer = thread::spawn(move || {
            let mut values = vec![1, 2];
            let sent = tx.try_send_many(&mut values).unwrap_or_else(|error| error.0);
            assert_eq!(values, [1, 2][sent..]);
            sent
        });
        rx.close();
        let received: Vec<_> = rx.iter().collect();
        let sent = producer.join().unwrap();
        assert_eq!(received, [1, 2][..sent]);
        outcomes.record(format!("{sent} of 2"));
    });
}

/// The receiver may not say Closed while a permit that it can know of is out.
#[test]
fn permit_beside_close() {
    let config = Config::at_least(100).exactly(&["received", "returned"]);
    check("spsc permit beside close", config, |outcomes| {
        let (mut tx, mut rx) = spsc::bounded(1);
        let producer = thread::spawn(move || match tx.reserve() {
            Ok(permit) => permit.send(1).is_ok(),
            Err(_) => false,
        });
        rx.close();
        let received = rx.recv().is_ok();
        assert_eq!(producer.join().unwrap(), received);
        outcomes.record(if received { "received" } else { "returned" });
    });
}

/// Several permits granted beside a close: what is sent with them arrives, and what is not used
/// goes back, or none is granted. The sender stays, so only the permits can end the wait.
#[test]
fn permits_beside_close() {
    for used in [1, 2] {
        let config = Config::at_least(800).exactly(&["granted", "refused"]);
        check(&format!("spsc permits beside close, {used} used"), config, move |outcomes| {
            let (mut tx, mut rx) = spsc::builder().capacity(2).start_at(NEAR_WRAP).build().unwrap();
            let producer = thread::spawn(move || {
                let mut sent = 0;
                if let Ok(mut permits) = tx.try_reserve_many(2) {
                    while sent < used {
                        permits.send(sent).unwrap();
                        sent += 1;
                    }
                }
                (sent, tx)
            });
            rx.close();
            let received: Vec<_> = rx.iter().collect();
            let (sent, _tx) = producer.join().unwrap();
            assert_eq!(received, (0..sent).collect::<Vec<_>>());
            outcomes.record(if sent > 0 { "granted" } else { "refused" });
        });
    }
}

/// A permit that is dropped beside a close: the receiver is told Closed although the sender stays.
#[test]
fn dropped_permit_beside_close() {
    let config = Config::at_least(100).exactly(&["granted", "refused"]);
    check("spsc dropped permit beside close", config, |outcomes| {
        let (mut tx, mut rx) = spsc::bounded::<()>(1);
        let producer = thread::spawn(move || {
            let granted = tx.try_reserve().is_ok();
            (granted, tx)
        });
        rx.close();
        assert!(rx.recv().is_err());
        let (granted, _tx) = producer.join().unwrap();
        outcomes.record(if granted { "granted" } else { "refused" });
    });
}

/// A permit that was there before the close sends, and the receiver waits for it.
#[test]
fn permit_outlives_close() {
    for use_it in [true, false] {
        let outcome = if use_it { "sent" } else { "dropped" };
        let config = Config::at_least(40).exactly(if use_it { &["sent"] } else { &["dropped"] });
        check(&format!("spsc permit outlives close, {outcome}"), config, move |outcomes| {
            let (mut tx, mut rx) = spsc::bounded(1);
            let receiver = {
                let permit = tx.try_reserve().unwrap();
                rx.close();
                let receiver = thread::spawn(move || (rx.recv(), rx));
                if use_it {
                    permit.send(1).unwrap();
                } else {
                    drop(permit);
                }
                receiver
            };
            let (received, rx) = receiver.join().unwrap();
            assert_eq!(received.ok(), use_it.then_some(1));
            drop(rx);
            outcomes.record(outcome);
        });
    }
}

/// The receiver goes while something is sent: the value is dropped once, or comes back.
#[test]
fn receiver_leaves() {
    let config = Config::at_least(100).exactly(&["accepted", "returned"]);
    check("spsc receiver leaves", config, |outcomes| {
        let (mut tx, rx) = spsc::bounded(1);
        let value = loom::sync::Arc::new(());
        let watch = loom::sync::Arc::clone(&value);
        let producer = thread::spawn(move || (tx.try_send(value).is_ok(), tx));
        drop(rx);
        let (accepted, tx) = producer.join().unwrap();
        drop(tx);
        assert_eq!(loom::sync::Arc::strong_count(&watch), 1);
        outcomes.record(if accepted { "accepted" } else { "returned" });
    });
}

/// The same with a permit, which the seal refuses once nobody can receive.
#[test]
fn receiver_leaves_a_permit() {
    let config = Config::at_least(1_500).exactly(&["accepted", "returned"]);
    check("spsc receiver leaves a permit", config, |outcomes| {
        let (mut tx, rx) = spsc::bounded(1);
        let value = loom::sync::Arc::new(());
        let watch = loom::sync::Arc::clone(&value);
        let producer = thread::spawn(move || {
            let Ok(permit) = tx.try_reserve() else { return None };
            Some(permit.send(value).is_ok())
        });
        drop(rx);
        let sent = producer.join().unwrap();
        assert_eq!(loom::sync::Arc::strong_count(&watch), 1);
        if let Some(accepted) = sent {
            outcomes.record(if accepted { "accepted" } else { "returned" });
        }
    });
}

/// What the receiver did before it closed is visible to a sender that is told Closed.
#[test]
fn close_hands_over_to_the_sender() {
    let config = Config::at_least(5).required(&["asked", "told"]);
    check("spsc close hands over to the sender", config, |outcomes| {
        let (mut tx, rx) = spsc::bounded(1);
        let note = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let written = loom::sync::Arc::clone(&note);
        let closer = thread::spawn(move || {
            written.set(1);
            rx.close();
            rx
        });
        if tx.is_closed() {
            assert_eq!(note.get(), 1);
            outcomes.record("asked");
        } else if tx.try_send(1) == Err(TrySendError::Closed(1)) {
            assert_eq!(note.get(), 1);
            outcomes.record("told");
        }
        closer.join().unwrap();
    });
}

/// What the closing side did before is visible to whoever is told Closed.
#[test]
fn close_hands_over() {
    let config = Config::at_least(10).exactly(&["told"]);
    check("spsc close hands over", config, |outcomes| {
        let (tx, mut rx) = spsc::bounded::<()>(1);
        let note = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let written = loom::sync::Arc::clone(&note);
        let closer = thread::spawn(move || {
            written.set(1);
            drop(tx);
        });
        assert!(rx.recv().is_err());
        assert_eq!(note.get(), 1);
        closer.join().unwrap();
        outcomes.record("told");
    });
}

/// Whoever looks from the other side finds a channel full while its only credit is in a permit, and only then.
#[test]
fn full_by_a_permit() {
    let config = Config::at_least(3).exactly(&["full", "not full"]);
    check("full by a permit", config, |outcomes| {
        let (mut tx, rx) = spsc::builder().capacity(1).start_at(NEAR_WRAP).build::<u8>().unwrap();
        let producer = thread::spawn(move || {
            drop(tx.try_reserve().unwrap());
            tx
        });
        let full = rx.is_full();
        let tx = producer.join().unwrap();
        assert!(!rx.is_full() && !tx.is_full());
        outcomes.record(if full { "full" } else { "not full" });
    });
}
