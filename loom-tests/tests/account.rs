//! Several who wait for what is acknowledged, and the end of what acknowledgements come back to beside them.
//!
//! The mark that somebody waits is set by whoever is about to sleep and taken away by whoever found nobody
//! left; so each model here has somebody whose mark another could take away, or whose place is empty at that
//! moment.

mod common;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use backpressure_model::mpmc;
use common::acknowledged::{TwoAcknowledge, in_delivery, mpmc_ack};
use common::{Config, NEAR_WRAP, check};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

fn once<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// A thread and a task wait, and two credits come back one after the other: both go on, although the first to
/// be woken may be the last in the queue for a moment.
#[test]
fn thread_and_task_wait() {
    let config = Config::at_least(3000).exactly(&["both"]).preemptions(1);
    check("a thread and a task wait for acknowledgements", config, |outcomes| {
        let ((tx, _rx), [one, two]) = in_delivery(8);
        let sender = tx.clone();
        let blocked = thread::spawn(move || sender.send(3).unwrap());
        let task = thread::spawn(move || block_on(tx.send_async(4)).unwrap());
        one.ack();
        two.ack();
        blocked.join().unwrap();
        task.join().unwrap();
        outcomes.record("both");
    });
}

/// Whoever needs two credits is woken by each of two acknowledgements, also if the first finds the queue empty
/// when it has taken its place out of it.
#[test]
fn two_needed_at_once() {
    let config = Config::at_least(2500).exactly(&["reserved"]).preemptions(1);
    check("two credits needed at once", config, |outcomes| {
        let ((tx, _rx), deliveries) = in_delivery(8);
        let acknowledging = TwoAcknowledge::of(deliveries);
        drop(tx.reserve_many(2).unwrap());
        assert_eq!(acknowledging.notes(), 2);
        acknowledging.join();
        outcomes.record("reserved");
    });
}

/// A batch is due with the very acknowledgement that somebody waits for: put into circulation once.
#[test]
fn due_and_waited_for() {
    let config = Config::at_least(15000).exactly(&["2 sent"]).preemptions(1);
    check("a batch due and waited for", config, |outcomes| {
        let ((tx, _rx), [one, two]) = in_delivery(2);
        let first = thread::spawn(move || one.ack());
        let second = thread::spawn(move || two.ack());
        tx.send(3).unwrap();
        tx.send(4).unwrap();
        assert!(tx.try_send(5).is_err());
        first.join().unwrap();
        second.join().unwrap();
        assert!(tx.try_send(5).is_err());
        let stats = tx.stats();
        assert_eq!((stats.available, stats.deferred, stats.queued), (0, 0, 2));
        outcomes.record("2 sent");
    });
}

/// Two wait until the channel is drained, a thread and a task: the last acknowledgement wakes both.
#[test]
fn two_wait_for_the_last() {
    let config = Config::at_least(600).exactly(&["drained"]).preemptions(1);
    check("two wait for the last acknowledgement", config, |outcomes| {
        let ((tx, rx), [delivery]) = in_delivery(8);
        let worker = thread::spawn(move || delivery.ack());
        tx.close();
        let blocked = thread::spawn(move || rx.wait_drained());
        block_on(tx.drained());
        blocked.join().unwrap();
        worker.join().unwrap();
        outcomes.record("drained");
    });
}

/// A send is cancelled at the moment in which the credit comes back that another waits for as well.
#[test]
fn cancelled_beside_the_acknowledgement() {
    let config = Config::at_least(200).exactly(&["sent", "given up"]).preemptions(1);
    check("cancelled beside the acknowledgement", config, |outcomes| {
        let ((tx, rx), [delivery]) = in_delivery(8);
        let other = tx.clone();
        let other = thread::spawn(move || {
            other.send(2).unwrap();
        });
        let worker = thread::spawn(move || delivery.ack());
        let pending = {
            let mut send = pin!(tx.send_async(3));
            once(send.as_mut())
        };
        worker.join().unwrap();
        if !pending {
            rx.recv().unwrap().ack(); // so that the other finds a credit too
        }
        other.join().unwrap();
        outcomes.record(if pending { "given up" } else { "sent" });
    });
}

/// A handle that has asked to be told and never comes back does not use up what another waits for.
#[test]
fn a_handle_that_never_comes_back() {
    let config = Config::at_least(150).exactly(&["sent"]);
    check("a handle that never comes back", config, |outcomes| {
        let ((tx, _rx), [delivery]) = in_delivery(8);
        let mut asked = tx.clone();
        assert!(asked.poll_ready(&mut Context::from_waker(Waker::noop())).is_pending());
        let worker = thread::spawn(move || delivery.ack());
        tx.send(2).unwrap();
        worker.join().unwrap();
        drop(asked);
        outcomes.record("sent");
    });
}

/// Whoever acknowledges still wakes a sender while that one, and the receiver, drop their handles: what the
/// waker is found in goes last.
#[test]
fn the_end_beside_a_wake() {
    let config = Config::at_least(250).exactly(&["gone"]);
    check("the end of the channel beside a wake", config, |outcomes| {
        let (tx, rx) = mpmc_ack(1, 8);
        let value = Arc::new(());
        tx.try_send(Arc::clone(&value)).unwrap();
        let delivery = rx.try_recv().unwrap();
        let worker = thread::spawn(move || drop(delivery));
        tx.send(Arc::clone(&value)).unwrap();
        drop(tx);
        drop(rx);
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
        outcomes.record("gone");
    });
}

/// The same, and a send that waits finds the channel closed instead.
#[test]
fn the_close_beside_a_wake() {
    let config = Config::at_least(200).exactly(&["sent", "refused"]).preemptions(1);
    check("the close beside a wake", config, |outcomes| {
        let ((tx, rx), [delivery]) = in_delivery(8);
        let worker = thread::spawn(move || drop(delivery));
        let receiver = thread::spawn(move || drop(rx));
        let sent = tx.send(2).is_ok();
        drop(tx);
        worker.join().unwrap();
        receiver.join().unwrap();
        outcomes.record(if sent { "sent" } else { "refused" });
    });
}

/// Two senders wait, and one request is for both.
#[test]
fn two_wait_for_a_request() {
    let config = Config::at_least(1500).exactly(&["both"]).preemptions(1);
    check("two wait for a request", config, |outcomes| {
        let builder = mpmc::builder().capacity(2).start_at(NEAR_WRAP);
        let (tx, rx) = builder.pulled(0).build().unwrap();
        let sender = tx.clone();
        let blocked = thread::spawn(move || sender.send(1).unwrap());
        let task = thread::spawn(move || block_on(tx.send_async(2)).unwrap());
        rx.request(2).unwrap();
        blocked.join().unwrap();
        task.join().unwrap();
        assert_eq!((rx.len(), rx.demand()), (2, 0));
        outcomes.record("both");
    });
}
