//! Waiting until a closed channel has nothing left, beside those who keep it from that.

mod common;

use backpressure_model::{mpmc, mpsc, spsc};
use common::{Config, NEAR_WRAP, check};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread;

/// On spsc it is the receiver that says that nothing comes any more: what it took before then counts as in
/// delivery until it is acknowledged.
#[test]
fn last_acknowledgement_on_spsc() {
    let config = Config::at_least(20).exactly(&["drained"]);
    check("spsc drained after the last acknowledgement", config, |outcomes| {
        let builder = spsc::builder().capacity(2).start_at(NEAR_WRAP).acknowledged();
        let (mut tx, mut rx) = builder.build().unwrap();
        tx.try_send(1).unwrap();
        tx.close();
        let note = Arc::new(Cell::new(0));
        let written = Arc::clone(&note);
        let worker = thread::spawn(move || {
            let delivery = rx.recv().unwrap();
            assert!(rx.try_recv().is_err());
            written.set(*delivery);
            delivery.ack();
            rx
        });
        tx.wait_drained();
        assert_eq!(note.get(), 1);
        drop(worker.join().unwrap());
        outcomes.record("drained");
    });
}

/// A sender that waits for requests is told of the close; being told, it may have taken the place of who
/// waits for the end.
#[test]
fn beside_a_sender_without_requests() {
    let config = Config::at_least(20).exactly(&["drained"]);
    check("drained beside a sender without requests", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(1).pulled(1).build().unwrap();
        tx.try_send(1).unwrap();
        let (waiting, drained) = (tx.clone(), tx.clone());
        let sender = thread::spawn(move || {
            assert!(waiting.send(2).is_err());
            waiting
        });
        let drain = thread::spawn(move || {
            drained.wait_drained();
            drained
        });
        tx.close();
        assert_eq!(rx.try_recv(), Ok(1));
        let ends = (sender.join().unwrap(), drain.join().unwrap());
        outcomes.record("drained");
        drop(ends);
    });
}

/// The last receiver leaves beside a send in progress, and waits for it for a while only: what came too late
/// keeps nobody waiting.
#[test]
fn receiver_leaves_a_stopped_send() {
    let config = Config::at_least(20).exactly(&["sent", "refused"]);
    check("drained although a send was stopped", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        let sending = tx.clone();
        let sender = thread::spawn(move || (sending.try_send(1).is_ok(), sending));
        drop(rx);
        tx.wait_drained();
        let (sent, sending) = sender.join().unwrap();
        drop(sending);
        outcomes.record(if sent { "sent" } else { "refused" });
    });
}
