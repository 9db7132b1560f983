//! Handles that come and go: counts, weak senders, `closed`, and what lies in a ring that is dropped.

mod common;

use backpressure_model::{mpmc, mpsc, spsc};
use common::{Config, check};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

/// A weak sender revives the channel before the last sender goes, or not at all.
#[test]
fn upgrade_beside_the_last_drop() {
    let config = Config::at_least(50).exactly(&["revived", "too late"]);
    check("upgrade beside the last drop", config, |outcomes| {
        let (tx, mut rx) = mpsc::bounded(1);
        let weak = tx.downgrade();
        let reviver = thread::spawn(move || match weak.upgrade() {
            Some(tx) => tx.try_send(1).is_ok(),
            None => false,
        });
        drop(tx);
        let received = rx.recv().is_ok();
        assert!(rx.recv().is_err());
        assert_eq!(reviver.join().unwrap(), received);
        outcomes.record(if received { "revived" } else { "too late" });
    });
}

/// What every receiver did comes before what a sender sees after the last one is gone.
#[test]
fn receivers_leave() {
    let config = Config::at_least(50).exactly(&["refused"]);
    check("receivers leave", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(1);
        let other = rx.clone();
        let note = Arc::new(loom::cell::Cell::new(0));
        let written = Arc::clone(&note);
        let one = thread::spawn(move || {
            written.set(1);
            drop(other);
        });
        let two = thread::spawn(move || drop(rx));
        block_on(tx.closed());
        assert_eq!(note.get(), 1);
        assert!(tx.try_send(1).is_err());
        one.join().unwrap();
        two.join().unwrap();
        outcomes.record("refused");
    });
}

/// `closed` ends whichever side closes, also on an owned tail.
#[test]
fn closed_is_told() {
    let config = Config::at_least(50).exactly(&["told"]);
    check("closed is told", config, |outcomes| {
        let (tx, rx) = spsc::bounded::<()>(1);
        let closer = thread::spawn(move || rx.close());
        block_on(tx.closed());
        assert!(closer.join().unwrap(), "nobody else closed");
        outcomes.record("told");
    });
}

/// Both sides close at once: one of the calls was the one that did.
#[test]
fn both_close() {
    let config = Config::at_least(4).exactly(&["sender", "receiver"]);
    check("both close", config, |outcomes| {
        let (tx, rx) = spsc::bounded::<()>(1);
        let closer = thread::spawn(move || (rx.close(), rx));
        assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
        let sender = tx.close();
        let (receiver, _rx) = closer.join().unwrap();
        assert!(sender != receiver);
        outcomes.record(if sender { "sender" } else { "receiver" });
    });
}

/// Handles of both sides go at once with a value queued: it is dropped exactly once, by somebody
/// who comes after the sender.
#[test]
fn everybody_leaves() {
    let config = Config::at_least(50).exactly(&["dropped"]);
    check("everybody leaves", config, |outcomes| {
        let (mut tx, rx) = spsc::bounded(2);
        let watch = Arc::new(());
        let value = Arc::clone(&watch);
        let sender = thread::spawn(move || {
            let _ = tx.try_send(value);
        });
        drop(rx);
        sender.join().unwrap();
        assert_eq!(Arc::strong_count(&watch), 1);
        outcomes.record("dropped");
    });
}

/// The same with two senders and a shared head.
#[test]
fn everybody_leaves_mpmc() {
    let config = Config::at_least(500).exactly(&["dropped"]);
    check("everybody leaves, mpmc", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        let watch = Arc::new(());
        let values = [Arc::clone(&watch), Arc::clone(&watch)];
        let [one, two] = values.map(|value| {
            let tx = tx.clone();
            thread::spawn(move || {
                let _ = tx.try_send(value);
            })
        });
        drop(tx);
        drop(rx);
        one.join().unwrap();
        two.join().unwrap();
        assert_eq!(Arc::strong_count(&watch), 1);
        outcomes.record("dropped");
    });
}

/// The last receiver takes with it what was accepted, also what lies behind a send that is just in
/// progress, unless that does not go on: then the rest goes with the ring. Under the checker no time is
/// given to it, so that both are seen.
#[test]
fn nothing_stays_behind() {
    let config = Config::at_least(250).exactly(&["at once", "with the ring"]);
    check("nothing stays behind", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        let watch = Arc::new(());
        let other = tx.clone();
        let first = Arc::clone(&watch);
        let stopped = thread::spawn(move || {
            let _ = other.try_send(first);
            other
        });
        tx.try_send(Arc::clone(&watch)).unwrap();
        drop(rx);
        let other = stopped.join().unwrap();
        let at_once = Arc::strong_count(&watch) == 1;
        drop((tx, other));
        assert_eq!(Arc::strong_count(&watch), 1);
        outcomes.record(if at_once { "at once" } else { "with the ring" });
    });
}
