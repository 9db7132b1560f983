//! Several senders, one receiver: the tail is won by exchanges, the head moved by plain stores.

mod common;

use backpressure_model::{SendError, TrySendError, mpsc, want_membarrier};
use common::{Config, NEAR_WRAP, check};
use loom::future::block_on;
use loom::thread;

/// Two senders and a receiver that never wait: exact capacity, every value once, slots used again.
#[test]
fn hand_over() {
    let config = Config::at_least(1_000).required(&["1 of 2", "2 of 2"]);
    check("mpsc hand-over", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(1).start_at(NEAR_WRAP).build().unwrap();
        let other = tx.clone();
        let one = thread::spawn(move || other.try_send(1).is_ok());
        let two = thread::spawn(move || tx.try_send(2).is_ok());
        let mut received: Vec<i32> = rx.try_iter().collect();
        let sent = [one.join().unwrap(), two.join().unwrap()];
        received.extend(rx.try_iter());
        received.sort_unstable();
        let expected: Vec<_> = [1, 2].into_iter().zip(sent).filter(|(_, ok)| *ok).collect();
        assert_eq!(received, expected.iter().map(|(i, _)| *i).collect::<Vec<_>>());
        assert!(!received.is_empty(), "one of two senders always wins");
        outcomes.record(format!("{} of 2", received.len()));
    });
}

/// Never more than the capacity at a time, although the ring has a slot more: capacity 3 in 4.
#[test]
fn exact_capacity() {
    let config = Config::at_least(40).exactly(&["2 sent", "1 sent"]);
    check("mpsc exact capacity", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(3).start_at(NEAR_WRAP - 1).build().unwrap();
        let other = tx.clone();
        assert_eq!(tx.try_send_many(&mut vec![1, 2, 3]), Ok(3));
        let one = thread::spawn(move || other.try_send(4).is_ok());
        let first = rx.try_recv();
        let two = tx.try_send(5).is_ok();
        let sent = usize::from(one.join().unwrap()) + usize::from(two);
        assert_eq!(first, Ok(1));
        assert_eq!(sent, 1, "one credit came back");
        assert_eq!(rx.try_iter().count(), 3);
        // Who of the two got it.
        outcomes.record(if two { "2 sent" } else { "1 sent" });
    });
}

/// Where the capacity is no power of two, the slot that a sender writes is not the one whose stamp it tests:
/// a single receiver releases them in order, so one test covers both.
#[test]
fn room_seen_by_another() {
    let config = Config::at_least(1_200).required(&["both"]);
    check("mpsc room seen by another", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(3);
        assert_eq!(tx.try_send_many(&mut vec![1, 2, 3]), Ok(3));
        let other = tx.clone();
        let one = thread::spawn(move || other.try_send(4).is_ok());
        let two = thread::spawn(move || tx.try_send(5).is_ok());
        let mut received: Vec<_> = Vec::new();
        received.extend(rx.try_recv());
        received.extend(rx.try_recv());
        let sent = usize::from(one.join().unwrap()) + usize::from(two.join().unwrap());
        received.extend(rx.try_iter());
        assert_eq!(received.len(), 3 + sent);
        if sent == 2 {
            outcomes.record("both");
        }
    });
}

/// Batches of two senders: consecutive within a claim.
#[test]
fn batches() {
    let config = Config::at_least(1_000).required(&["[1, 2, 3]", "[3, 1, 2]"]);
    check("mpsc batches", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(3).start_at(NEAR_WRAP).build().unwrap();
        let other = tx.clone();
        let batch = thread::spawn(move || {
            let mut values = vec![1, 2];
            other.try_send_many(&mut values)
        });
        let single = thread::spawn(move || tx.try_send(3));
        let mut received = Vec::new();
        let _ = rx.try_recv_many(&mut received, 3);
        assert_eq!(batch.join().unwrap(), Ok(2));
        assert_eq!(single.join().unwrap(), Ok(()));
        received.extend(rx.drain());
        assert!(received == [1, 2, 3] || received == [3, 1, 2], "{received:?}");
        outcomes.record(format!("{received:?}"));
    });
}

/// Two threads wait for the one credit, and the receiver for values.
#[test]
fn threads_wait() {
    let config = Config::at_least(200_000).exactly(&["12", "21"]);
    check("mpsc threads wait", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(1);
        let other = tx.clone();
        let one = thread::spawn(move || other.send(1).map(|()| other));
        let two = thread::spawn(move || tx.send(2).map(|()| tx));
        let first = rx.recv().unwrap();
        let second = rx.recv().unwrap();
        drop((one.join().unwrap(), two.join().unwrap()));
        outcomes.record(format!("{first}{second}"));
    });
}

/// A value published behind one that is still being written: the receiver sleeps, and is woken by
/// whoever publishes what it can take.
#[test]
fn publication_in_flight() {
    let config = Config::at_least(70_000).exactly(&["12", "21"]);
    check("mpsc publication in flight", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(2);
        let other = tx.clone();
        let one = thread::spawn(move || {
            other.try_send(1).unwrap();
            other
        });
        let two = thread::spawn(move || {
            tx.try_send(2).unwrap();
            tx
        });
        let first = rx.recv().unwrap();
        let second = rx.recv().unwrap();
        drop((one.join().unwrap(), two.join().unwrap()));
        outcomes.record(format!("{first}{second}"));
    });
}

/// A send beside a close: the exchange on the one word decides for both sides.
#[test]
fn send_beside_close() {
    let config = Config::at_least(30).exactly(&["received", "refused"]);
    check("mpsc send beside close", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(1).start_at(NEAR_WRAP).build().unwrap();
        let producer = thread::spawn(move || (tx.try_send(1), tx));
        rx.close();
        let received = rx.recv();
        let (sent, tx) = producer.join().unwrap();
        assert_eq!(sent, received.map(drop).map_err(|_| TrySendError::Closed(1)));
        assert_eq!(tx.send(2), Err(SendError(2)));
        outcomes.record(if sent.is_ok() { "received" } else { "refused" });
    });
}

/// The last of two senders closes; nothing that either sent is missed before Closed.
#[test]
fn senders_leave() {
    let config = Config::at_least(150).exactly(&["closed"]);
    check("mpsc senders leave", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(2);
        let other = tx.clone();
        let note = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let written = loom::sync::Arc::clone(&note);
        let one = thread::spawn(move || {
            written.set(1);
            drop(other);
        });
        let two = thread::spawn(move || {
            tx.try_send(2).unwrap();
            drop(tx);
        });
        assert_eq!(rx.recv(), Ok(2));
        assert!(rx.recv().is_err());
        assert_eq!(note.get(), 1, "Closed comes after what every sender did");
        one.join().unwrap();
        two.join().unwrap();
        outcomes.record("closed");
    });
}

/// Whoever is told Closed, on either side, comes after what the closer did.
#[test]
fn close_hands_over() {
    let config = Config::at_least(10).required(&["a sender was told", "a closer was told"]);
    check("mpsc close hands over", config, |outcomes| {
        let (tx, rx) = mpsc::bounded(1);
        let note = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let written = loom::sync::Arc::clone(&note);
        let closer = thread::spawn(move || {
            written.set(1);
            rx.close();
            rx
        });
        if tx.is_closed() {
            assert_eq!(note.get(), 1);
            outcomes.record("a closer was told");
        } else if tx.try_send(1).is_err() {
            assert_eq!(note.get(), 1);
            outcomes.record("a sender was told");
        }
        closer.join().unwrap();
    });
}

/// The same for a sender that first finds the channel full, and looks again.
#[test]
fn close_hands_over_to_a_full_sender() {
    let config = Config::at_least(5).required(&["told"]);
    check("mpsc close hands over to a full sender", config, |outcomes| {
        let (tx, rx) = mpsc::bounded(1);
        tx.try_send(0).unwrap();
        let note = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let written = loom::sync::Arc::clone(&note);
        let closer = thread::spawn(move || {
            written.set(1);
            rx.close();
            rx
        });
        if tx.try_send(1) == Err(TrySendError::Closed(1)) {
            assert_eq!(note.get(), 1);
            outcomes.record("told");
        }
        closer.join().unwrap();
    });
}

/// A permit's credit is nobody else's, and using it needs no room.
#[test]
fn permit_beside_send() {
    let config = Config::at_least(80).exactly(&["permit", "send", "one after the other"]);
    check("mpsc permit beside send", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(1).start_at(NEAR_WRAP).build().unwrap();
        let other = tx.clone();
        let reserver = thread::spawn(move || match other.try_reserve() {
            Ok(permit) => permit.send(1).is_ok(),
            Err(_) => false,
        });
        let sent = tx.try_send(2).is_ok();
        let early = rx.try_recv().ok();
        let reserved = reserver.join().unwrap();
        let received: Vec<_> = early.into_iter().chain(rx.try_iter()).collect();
        assert_eq!(received.len(), usize::from(sent) + usize::from(reserved));
        assert!(tx.try_reserve().is_ok(), "no credit is lost");
        outcomes.record(match (reserved, sent) {
            (true, true) => "one after the other",
            (true, false) => "permit",
            (false, true) => "send",
            (false, false) => "neither",
        });
    });
}

/// A permit dropped unused wakes a sender that waits for its credit.
#[test]
fn dropped_permit_wakes() {
    let config = Config::at_least(100).exactly(&["sent"]);
    check("mpsc dropped permit wakes", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(1);
        let other = tx.clone();
        let permit = tx.try_reserve().unwrap();
        let sender = thread::spawn(move || {
            other.send(1).unwrap();
            other
        });
        drop(permit);
        drop(sender.join().unwrap());
        assert_eq!(rx.try_recv(), Ok(1));
        outcomes.record("sent");
    });
}

/// A forgotten permit keeps its credit, wedges nobody, and ends with the last sender.
#[test]
fn forgotten_permit() {
    let config = Config::at_least(50).exactly(&["closed"]);
    check("mpsc forgotten permit", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(2);
        let sender = thread::spawn(move || {
            std::mem::forget(tx.try_reserve().unwrap());
            tx.try_send(1).unwrap();
            tx
        });
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(rx.reserved(), 1);
        let leaving = thread::spawn(move || drop(sender.join().unwrap()));
        assert!(rx.recv().is_err());
        leaving.join().unwrap();
        outcomes.record("closed");
    });
}

/// Who needs two credits at once is woken for each, and does not swallow the wake-up of another.
#[test]
fn greedy_reservation() {
    let config = Config::at_least(400).exactly(&["both"]);
    check("mpsc greedy reservation", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(2);
        assert_eq!(tx.try_send_many(&mut vec![1, 2]), Ok(2));
        let greedy = thread::spawn(move || {
            let permits = tx.reserve_many(2).unwrap();
            assert_eq!(permits.len(), 2);
            drop(permits);
            tx
        });
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Ok(2));
        drop(greedy.join().unwrap());
        outcomes.record("both");
    });
}

/// A receiver that waits behind a permit after the close is told when the permit goes.
#[test]
fn permit_after_close() {
    for use_it in [true, false] {
        let outcome = if use_it { "sent" } else { "dropped" };
        let config = Config::at_least(20).exactly(if use_it { &["sent"] } else { &["dropped"] });
        check(&format!("mpsc permit after close, {outcome}"), config, move |outcomes| {
            let (tx, mut rx) = mpsc::bounded(1);
            let permit = tx.try_reserve().unwrap();
            tx.close();
            let receiver = thread::spawn(move || (rx.recv(), rx));
            if use_it {
                permit.send(1).unwrap();
            } else {
                drop(permit);
            }
            let (received, mut rx) = receiver.join().unwrap();
            assert_eq!(received.ok(), use_it.then_some(1));
            assert!(rx.recv().is_err());
            outcomes.record(outcome);
        });
    }
}

/// A task that was notified of room and is dropped before it uses it: the next in line gets it.
#[test]
fn cancelled_send_passes_on() {
    use std::task::{Context, Poll};
    let config = Config::at_least(150).exactly(&["passed on"]);
    check("mpsc cancelled send passes on", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(1);
        tx.try_send(0).unwrap();
        let other = tx.clone();
        let mut cancelled = Box::pin(tx.send_async(1));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert_eq!(cancelled.as_mut().poll(&mut cx), Poll::Pending);
        let waiting = thread::spawn(move || {
            other.send(2).unwrap();
            other
        });
        // The credit's notification goes to whoever is first in line: the one that is dropped.
        assert_eq!(rx.try_recv(), Ok(0));
        drop(cancelled);
        drop(waiting.join().unwrap());
        assert_eq!(rx.try_recv(), Ok(2));
        outcomes.record("passed on");
    });
}

/// The last receiver goes beside a send: the value is dropped once, or comes back.
#[test]
fn receiver_leaves() {
    let config = Config::at_least(20).exactly(&["accepted", "returned"]);
    check("mpsc receiver leaves", config, |outcomes| {
        let (tx, rx) = mpsc::bounded(1);
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

/// A blocked sender is woken by the receiver's leaving, with its value.
#[test]
fn receiver_leaves_a_waiting_sender() {
    let config = Config::at_least(1_000).exactly(&["returned"]);
    check("mpsc receiver leaves a waiting sender", config, |outcomes| {
        let (tx, rx) = mpsc::bounded(1);
        tx.try_send(1).unwrap();
        let producer = thread::spawn(move || {
            assert_eq!(tx.send(2), Err(SendError(2)));
        });
        drop(rx);
        producer.join().unwrap();
        outcomes.record("returned");
    });
}

/// Gates that start quiet: a task and a thread wait, and the word becomes quiet again in between.
#[test]
fn quiet_gates() {
    let config = Config::at_least(5_000).exactly(&["received both"]);
    check("mpsc quiet gates", config, |outcomes| {
        want_membarrier(true);
        let (tx, mut rx) = mpsc::bounded(1);
        let producer = thread::spawn(move || {
            block_on(tx.send_async(1)).unwrap();
            tx.send(2).unwrap();
            tx
        });
        assert_eq!(rx.recv(), Ok(1));
        assert_eq!(block_on(rx.recv_async()), Ok(2));
        drop(producer.join().unwrap());
        outcomes.record("received both");
    });
}
