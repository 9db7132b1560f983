//! Credits that come back apart from the slots: acknowledged, or asked for.

mod common;

use backpressure_model::flavour::{Flavour, Kind, Pull};
use backpressure_model::{Receiver, Sender, mpmc, mpsc, spsc, want_membarrier};
use common::acknowledged::{TwoAcknowledge, in_delivery, mpmc_ack, spsc_ack};
use common::{Config, NEAR_WRAP, check};
use loom::cell::Cell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

/// What was done before an acknowledgement comes before what is done after the send that uses its
/// credit; a sender that found no credit is woken by the acknowledgement, also if that waits for others to
/// be put into circulation with it.
fn acknowledged_then_sent(name: &str, together: usize) {
    check(name, Config::at_least(30).exactly(&["sent"]), move |outcomes| {
        let (mut tx, mut rx) = spsc_ack(1, together);
        let note = Arc::new(Cell::new(0));
        let written = Arc::clone(&note);
        let worker = thread::spawn(move || {
            let delivery = rx.recv().unwrap();
            written.set(*delivery);
            delivery.ack();
            rx
        });
        tx.send(7).unwrap();
        tx.send(8).unwrap();
        assert_eq!(note.get(), 7);
        drop(worker.join().unwrap());
        outcomes.record("sent");
    });
}

#[test]
fn acknowledged_then_sent_at_once() {
    acknowledged_then_sent("acknowledged then sent, at once", 1);
}

#[test]
fn acknowledged_then_sent_in_batches() {
    acknowledged_then_sent("acknowledged then sent, in batches", 8);
}

/// The same without a wait, and without the fence of a send's look at the gate: what was done before an
/// acknowledgement is visible to whoever holds its credit.
fn acknowledged_then_reserved(name: &str, together: usize) {
    check(name, Config::at_least(10).exactly(&["reserved", "full"]), move |outcomes| {
        let (tx, rx) = mpmc_ack(1, together);
        tx.try_send(1).unwrap();
        let delivery = rx.try_recv().unwrap();
        let note = Arc::new(Cell::new(0));
        let written = Arc::clone(&note);
        let worker = thread::spawn(move || {
            written.set(1);
            delivery.ack();
        });
        let reserved = match tx.try_reserve() {
            Ok(_permit) => {
                assert_eq!(note.get(), 1);
                true
            }
            Err(_) => false,
        };
        worker.join().unwrap();
        outcomes.record(if reserved { "reserved" } else { "full" });
    });
}

#[test]
fn acknowledged_then_reserved_at_once() {
    acknowledged_then_reserved("acknowledged then reserved, at once", 1);
}

#[test]
fn acknowledged_then_reserved_in_batches() {
    acknowledged_then_reserved("acknowledged then reserved, in batches", 8);
}

/// The same with gates that start quiet.
#[test]
fn quiet_gates() {
    check("quiet gates, acknowledged", Config::at_least(30).exactly(&["sent"]), |outcomes| {
        want_membarrier(true);
        let (tx, rx) = mpmc_ack::<u32>(1, 8);
        let worker = thread::spawn(move || {
            rx.recv().unwrap().ack();
            rx
        });
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        drop(worker.join().unwrap());
        want_membarrier(false);
        outcomes.record("sent");
    });
}

/// Two acknowledge, the second for both: the sender comes after the first as well. And no credit is lost
/// or doubled: with two returned, two can be sent and no third.
#[test]
fn collected_for_another() {
    let config = Config::at_least(30).required(&["2 sent"]);
    check("collected for another", config, |outcomes| {
        let ((tx, _rx), deliveries) = in_delivery(2);
        let acknowledging = TwoAcknowledge::of(deliveries);
        let mut sent = 0;
        while sent < 3 && tx.try_send(3 + sent).is_ok() {
            sent += 1;
        }
        assert!(sent <= 2);
        if sent == 2 {
            assert_eq!(acknowledging.notes(), 2);
        }
        acknowledging.join();
        while tx.try_send(9).is_ok() {
            sent += 1;
        }
        assert_eq!(sent, 2);
        outcomes.record(format!("{sent} sent"));
    });
}

/// Two senders that wait, two acknowledgements put together: both go on.
#[test]
fn two_wait() {
    let config = Config::at_least(30).exactly(&["both"]).preemptions(1);
    check("two wait for acknowledgements", config, |outcomes| {
        let (tx, rx) = mpmc_ack(2, 8);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        let mut threads = Vec::new();
        for i in 0..2 {
            let tx = tx.clone();
            threads.push(thread::spawn(move || tx.send(3 + i).unwrap()));
        }
        let (one, two) = (rx.try_recv().unwrap(), rx.try_recv().unwrap());
        drop(one);
        drop(two);
        for thread in threads {
            thread.join().unwrap();
        }
        outcomes.record("both");
    });
}

/// A send that was cancelled when it had been told of a credit passes it on.
#[test]
fn cancelled_send() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::Context;

    let config = Config::at_least(30).exactly(&["went on"]);
    check("cancelled send on an acknowledged channel", config, |outcomes| {
        let (tx, rx) = mpmc_ack(1, 8);
        tx.try_send(1).unwrap();
        let waiting = tx.clone();
        let other = thread::spawn(move || waiting.send(2).unwrap());
        let delivery = rx.try_recv().unwrap();
        {
            let mut send = pin!(tx.send_async(3));
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let _ = send.as_mut().poll(&mut cx).is_pending();
            delivery.ack();
        }
        other.join().unwrap();
        outcomes.record("went on");
    });
}

/// Waits for what was asked for; what the receiver did before it asked is visible to the sender.
fn asked_for<P, C>(
    name: &str,
    make: impl Fn() -> (Sender<u32, Kind<P, C, Pull>>, Receiver<u32, Kind<P, C, Pull>>)
    + Send
    + Sync
    + 'static,
    send: impl Fn(&mut Sender<u32, Kind<P, C, Pull>>) + Send + Sync + Copy + 'static,
) where
    Kind<P, C, Pull>: Flavour,
{
    check(name, Config::at_least(10).exactly(&["sent"]), move |outcomes| {
        let (mut tx, rx) = make();
        let note = Arc::new(Cell::new(0));
        let written = Arc::clone(&note);
        let asker = thread::spawn(move || {
            written.set(1);
            rx.request(1).unwrap();
            rx
        });
        send(&mut tx);
        assert_eq!(note.get(), 1);
        let rx = asker.join().unwrap();
        assert_eq!((rx.demand(), rx.len()), (0, 1));
        outcomes.record("sent");
    });
}

#[test]
fn asked_for_on_spsc() {
    let make = || spsc::builder().capacity(2).start_at(NEAR_WRAP).pulled(0).build().unwrap();
    asked_for("asked for, spsc", make, |tx| tx.send(1).unwrap());
}

#[test]
fn asked_for_on_mpsc() {
    let make = || mpsc::builder().capacity(2).start_at(NEAR_WRAP).pulled(0).build().unwrap();
    asked_for("asked for, mpsc", make, |tx| tx.send(1).unwrap());
}

/// The same without a wait, and without the fence of a send's look at the gate.
#[test]
fn asked_for_then_reserved() {
    let config = Config::at_least(5).exactly(&["reserved", "full"]);
    check("asked for, then reserved", config, |outcomes| {
        let (tx, rx) = mpsc::builder().capacity(2).pulled(0).build::<u32>().unwrap();
        let note = Arc::new(Cell::new(0));
        let written = Arc::clone(&note);
        let asker = thread::spawn(move || {
            written.set(1);
            rx.request(1).unwrap();
            rx
        });
        let reserved = match tx.try_reserve() {
            Ok(_permit) => {
                assert_eq!(note.get(), 1);
                true
            }
            Err(_) => false,
        };
        drop(asker.join().unwrap());
        outcomes.record(if reserved { "reserved" } else { "full" });
    });
}

/// Two requests at once add up, and no more is sent than was asked for.
#[test]
fn requests_add_up() {
    let config = Config::at_least(20).required(&["0 at first", "2 at first"]);
    check("requests add up", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(4).pulled(0).build().unwrap();
        let other = rx.clone();
        let asker = thread::spawn(move || other.request(1).unwrap());
        let sender = thread::spawn(move || {
            let sent = (0..3).filter(|&i| tx.try_send(i).is_ok()).count();
            (tx, sent)
        });
        rx.request(1).unwrap();
        asker.join().unwrap();
        let (tx, mut sent) = sender.join().unwrap();
        outcomes.record(format!("{sent} at first"));
        while tx.try_send(9).is_ok() {
            sent += 1;
        }
        assert_eq!(sent, 2);
    });
}

/// An endless demand, met by two senders that both raise the limit, is held back by the slots alone.
#[test]
fn endless_demand() {
    check("endless demand", Config::at_least(10).exactly(&["2 sent"]), |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(2).start_at(NEAR_WRAP).pulled(0).build().unwrap();
        rx.request_unbounded();
        let other = tx.clone();
        let sender = thread::spawn(move || (0..2).filter(|&i| other.try_send(i).is_ok()).count());
        let sent = (0..2).filter(|&i| tx.try_send(i).is_ok()).count();
        let sent = sent + sender.join().unwrap();
        assert_eq!(rx.demand(), u64::MAX);
        outcomes.record(format!("{sent} sent"));
    });
}

/// Drained is said after the last acknowledgement, and then said; a delivery outlives both ends.
#[test]
fn drained_after_the_last_acknowledgement() {
    let config = Config::at_least(20).exactly(&["drained"]);
    check("drained after the last acknowledgement", config, |outcomes| {
        let (tx, mut rx) = mpsc::builder().capacity(2).acknowledged().build().unwrap();
        tx.try_send(1).unwrap();
        let note = Arc::new(Cell::new(0));
        let written = Arc::clone(&note);
        let worker = thread::spawn(move || {
            let delivery = rx.recv().unwrap();
            drop(rx);
            written.set(*delivery);
            delivery.ack();
        });
        tx.close();
        block_on(tx.drained());
        assert_eq!(note.get(), 1);
        worker.join().unwrap();
        outcomes.record("drained");
    });
}

/// The same for plain channels: after the last value was received.
#[test]
fn drained_after_the_last_value() {
    let config = Config::at_least(20).exactly(&["drained"]);
    check("drained after the last value", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        tx.try_send(1).unwrap();
        let receiver = thread::spawn(move || {
            assert_eq!(rx.recv(), Ok(1));
            rx
        });
        tx.close();
        tx.wait_drained();
        assert!(receiver.join().unwrap().recv().is_err());
        outcomes.record("drained");
    });
}

/// On spsc a send beside the close decides late; whoever waits for the channel to be drained sees the end
/// in both cases.
#[test]
fn drained_beside_a_late_send() {
    let config = Config::at_least(20).exactly(&["accepted", "handed back"]);
    check("drained beside a late send", config, |outcomes| {
        let (mut tx, mut rx) = spsc::bounded(1);
        let receiver = thread::spawn(move || {
            rx.close();
            let mut received = 0;
            while rx.recv().is_ok() {
                received += 1;
            }
            rx.wait_drained();
            received
        });
        let sent = usize::from(tx.try_send(1).is_ok());
        tx.wait_drained();
        assert_eq!(receiver.join().unwrap(), sent);
        outcomes.record(if sent == 1 { "accepted" } else { "handed back" });
    });
}

/// Deliveries that outlive their channel, two acknowledged beside its end: whoever comes last frees what they
/// were given back to, after everybody else has done with it.
fn outlive(name: &str, together: usize) {
    check(name, Config::at_least(50).exactly(&["gone"]), move |outcomes| {
        let (tx, rx) = mpmc_ack(2, together);
        let value = Arc::new(());
        tx.try_send(Arc::clone(&value)).unwrap();
        tx.try_send(Arc::clone(&value)).unwrap();
        let deliveries = [rx.try_recv().unwrap(), rx.try_recv().unwrap()];
        let workers = deliveries.map(|delivery| thread::spawn(move || drop(delivery)));
        drop(tx);
        drop(rx);
        for worker in workers {
            worker.join().unwrap();
        }
        assert_eq!(Arc::strong_count(&value), 1);
        outcomes.record("gone");
    });
}

#[test]
fn outlive_at_once() {
    outlive("deliveries outlive the channel, at once", 1);
}

#[test]
fn outlive_in_batches() {
    outlive("deliveries outlive the channel, in batches", 8);
}
