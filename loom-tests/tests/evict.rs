//! Senders that take away what is queued: drop-oldest, clear, merge.

mod common;

use backpressure_model::{Clear, DropOldest, Merge, Offered, TrySendError, mpmc, mpsc};
use common::{Config, NEAR_WRAP, check};
use loom::thread;

/// Drop-oldest beside a receive at capacity 1: each value ends in one place, the new one is queued.
#[test]
fn evicting_beside_receiving() {
    let config = Config::at_least(120)
        .exactly(&["evicted Some(1), received Some(2)", "evicted None, received Some(1)"]);
    check("evicting beside receiving", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().start_at(NEAR_WRAP).build().unwrap();
        tx.try_send(1).unwrap();
        let receiver = thread::spawn(move || (rx.try_recv().ok(), rx));
        let evicted = tx.force_send(2).unwrap();
        assert!(tx.len() <= 1);
        let (received, rx) = receiver.join().unwrap();
        let left = rx.try_recv().ok();
        let mut all: Vec<i32> = [evicted, received, left].into_iter().flatten().collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        assert_ne!(evicted, Some(2), "the spare slots are for this");
        outcomes.record(format!("evicted {evicted:?}, received {received:?}"));
    });
}

/// Two senders evict at once: the capacity holds, nothing is lost, nothing comes twice.
#[test]
fn two_evict() {
    let config = Config::at_least(500).required(&["[Some(1), Some(2)]", "[Some(3), Some(1)]"]);
    check("two evict", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().build().unwrap();
        tx.try_send(1).unwrap();
        let other = tx.clone();
        let one = thread::spawn(move || other.force_send(2).unwrap());
        let two = tx.force_send(3).unwrap();
        let one = one.join().unwrap();
        let left: Vec<_> = rx.try_iter().collect();
        assert!(left.len() <= 1, "{left:?} at capacity 1");
        let mut all: Vec<i32> = [one, two].into_iter().flatten().chain(left).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        outcomes.record(format!("{:?}", [one, two]));
    });
}

/// Two evict beside an ordinary send, which may be stopped before it publishes: its value cannot be
/// evicted, and the capacity holds all the same.
#[test]
fn evicting_behind_a_stopped_send() {
    let config = Config::at_least(1_000).exactly(&["accepted", "refused"]);
    check("evicting behind a stopped send", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(2).evicting().build().unwrap();
        tx.try_send(1).unwrap();
        let (other, third) = (tx.clone(), tx.clone());
        let one = thread::spawn(move || other.try_send(2).err().map(|error| error.into_inner()));
        let two = thread::spawn(move || third.force_send(3).unwrap());
        let three = tx.force_send(4).unwrap();
        let dropped = [one.join().unwrap(), two.join().unwrap(), three];
        let left: Vec<i32> = rx.try_iter().collect();
        assert_eq!(left.len(), 2);
        let mut all: Vec<_> = dropped.into_iter().flatten().chain(left).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4]);
        outcomes.record(if dropped[0].is_none() { "accepted" } else { "refused" });
    });
}

/// One clears while another evicts: together they take away what is too many.
#[test]
fn clearing_beside_evicting() {
    let config = Config::at_least(500).required(&["[3]", "[2]"]);
    check("clearing beside evicting", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().start_at(NEAR_WRAP).build().unwrap();
        tx.try_send(1).unwrap();
        let other = tx.clone();
        let one = thread::spawn(move || other.force_send(2).unwrap());
        let cleared = match tx.offer(3, Clear).unwrap() {
            Offered::Cleared(backlog) => backlog,
            // What it would replace is still being written.
            Offered::Rejected(value) => vec![value],
            other => panic!("{other:?}"),
        };
        let evicted = one.join().unwrap();
        let left: Vec<i32> = rx.try_iter().collect();
        assert!(left.len() <= 1, "{left:?} at capacity 1");
        let mut all: Vec<_> = evicted.into_iter().chain(cleared).chain(left.clone()).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        outcomes.record(format!("{left:?}"));
    });
}

/// Clearing beside a receive: the backlog goes to one of the two, in order.
#[test]
fn clearing_beside_receiving() {
    let config = Config::at_least(150).required(&["cleared [1, 2]", "cleared [2]"]);
    check("clearing beside receiving", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(2).evicting().start_at(NEAR_WRAP).build().unwrap();
        assert_eq!(tx.try_send_many(&mut vec![1, 2]), Ok(2));
        let receiver = thread::spawn(move || (rx.try_recv().ok(), rx));
        let offered = tx.offer(3, Clear).unwrap();
        let (received, rx) = receiver.join().unwrap();
        let cleared = match offered {
            Offered::Cleared(backlog) => backlog,
            Offered::Sent => Vec::new(),
            other => panic!("{other:?}"),
        };
        let left: Vec<_> = rx.try_iter().collect();
        let mut all: Vec<i32> = received.into_iter().chain(cleared.clone()).chain(left).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        outcomes.record(format!("cleared {cleared:?}"));
    });
}

/// Two senders merge at capacity 1: nothing is lost from the sum, whoever receives.
#[test]
fn merging() {
    let config = Config::at_least(500).required(&["6 at once", "1 first"]);
    check("merging", config, |outcomes| {
        let (tx, rx) = mpsc::builder().latest().build().unwrap();
        tx.try_send(1).unwrap();
        let other = tx.clone();
        let add = |a: i32, b: i32| a + b;
        let one = thread::spawn(move || other.offer(2, Merge(add)).unwrap());
        let mut rx = rx;
        let first = rx.try_recv().unwrap_or(0);
        let two = tx.offer(3, Merge(add)).unwrap();
        let rejected: i32 = [one.join().unwrap(), two]
            .into_iter()
            .map(|offered| if let Offered::Rejected(value) = offered { value } else { 0 })
            .sum();
        let last: i32 = rx.try_iter().sum();
        assert_eq!(first + last + rejected, 6);
        match first {
            0 => outcomes.record("6 at once"),
            1 => outcomes.record("1 first"),
            _ => {}
        }
    });
}

/// Evicting beside a close: the new value is queued or comes back, the old one is somewhere.
#[test]
fn evicting_beside_close() {
    let config = Config::at_least(100).exactly(&["evicted", "refused"]);
    check("evicting beside close", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().build().unwrap();
        tx.try_send(1).unwrap();
        let closer = thread::spawn(move || {
            rx.close();
            rx.recv().ok().into_iter().chain(rx.recv().ok()).collect::<Vec<_>>()
        });
        let offered = tx.offer(2, DropOldest);
        let received = closer.join().unwrap();
        match offered {
            Ok(Offered::Evicted(1)) => assert_eq!(received, [2]),
            Ok(Offered::Sent) => assert_eq!(received, [1, 2]),
            Err(TrySendError::Closed(2)) => assert_eq!(received, [1]),
            other => panic!("{other:?}"),
        }
        outcomes.record(if offered.is_ok() { "evicted" } else { "refused" });
    });
}

/// Whoever is told Closed by the exchange that was to evict comes after what the closer did.
#[test]
fn close_hands_over_to_an_evictor() {
    let config = Config::at_least(20).required(&["told"]);
    check("close hands over to an evictor", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().build().unwrap();
        tx.try_send(1).unwrap();
        let note = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let written = loom::sync::Arc::clone(&note);
        let closer = thread::spawn(move || {
            written.set(1);
            rx.close();
            rx
        });
        if tx.offer(2, DropOldest) == Err(TrySendError::Closed(2)) {
            assert_eq!(note.get(), 1);
            outcomes.record("told");
        }
        closer.join().unwrap();
    });
}

/// A receiver waiting for a value is woken when another one's eviction leaves some.
#[test]
fn receiver_waits_for_evictor() {
    let config = Config::at_least(300).exactly(&["received"]);
    check("receiver waits for an evictor", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().build().unwrap();
        let sender = thread::spawn(move || {
            let first = tx.force_send(1).unwrap();
            let second = tx.force_send(2).unwrap();
            (first, second, tx)
        });
        let received = rx.recv().unwrap();
        let (first, second, _tx) = sender.join().unwrap();
        assert_eq!(first, None);
        assert_eq!(received, if second.is_some() { 2 } else { 1 });
        outcomes.record("received");
    });
}

/// The last receiver leaves beside an eviction: each value is dropped once.
#[test]
fn receiver_leaves() {
    use loom::sync::Arc;
    let config = Config::at_least(100).exactly(&["accepted", "returned"]);
    check("receiver leaves an evictor", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).evicting().build().unwrap();
        let watch = Arc::new(());
        tx.try_send(Arc::clone(&watch)).unwrap();
        let value = Arc::clone(&watch);
        let producer = thread::spawn(move || tx.force_send(value).is_ok());
        drop(rx);
        let accepted = producer.join().unwrap();
        assert_eq!(Arc::strong_count(&watch), 1);
        outcomes.record(if accepted { "accepted" } else { "returned" });
    });
}
