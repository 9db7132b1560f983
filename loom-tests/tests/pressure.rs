//! The level of an observed channel, beside those who change its depth.

mod common;

use std::sync::Arc as RealArc;
use std::time::Duration;

use backpressure_model::pressure::{Clock, Level};
use backpressure_model::{mpmc, mpsc, spsc, want_membarrier};
use common::{Config, check};
use loom::future::block_on;
use loom::thread;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// However a send that crosses the high mark and a receive that crosses the low one fall together, the level
/// that remains is the right one, and its edges alternate.
#[test]
fn the_right_level_remains() {
    let config = Config::at_least(20).exactly(&["0 edges", "2 edges"]);
    check("the right level remains", config, |outcomes| {
        let builder = spsc::builder().capacity(2).watermarks(2, 0).clock(RealArc::new(Stopped));
        let (mut tx, mut rx) = builder.build().unwrap();
        let watch = tx.pressure().unwrap();
        tx.try_send(1).unwrap();
        let receiver = thread::spawn(move || {
            let mut received = 0;
            while received < 2 {
                received += usize::from(rx.try_recv().is_ok());
                thread::yield_now();
            }
            rx
        });
        tx.try_send(2).unwrap();
        drop(receiver.join().unwrap());
        assert_eq!(watch.epoch() % 2, 1, "normal, and then closed");
        outcomes.record(format!("{} edges", watch.epoch() - 1));
    });
}

/// The same with two senders, two values and one receiver, and gates that would be quiet.
#[test]
fn the_right_level_remains_with_many() {
    let config = Config::at_least(20).required(&["high"]);
    check("the right level remains with many", config, |outcomes| {
        want_membarrier(true);
        let builder = mpmc::builder().capacity(2).watermarks(2, 1).clock(RealArc::new(Stopped));
        let (tx, rx) = builder.build().unwrap();
        let watch = tx.pressure().unwrap();
        let other = tx.clone();
        let sender = thread::spawn(move || other.try_send(1).unwrap());
        tx.try_send(2).unwrap();
        let early = rx.try_recv().is_ok();
        sender.join().unwrap();
        let expected = if early { Level::Normal } else { Level::High };
        assert_eq!(watch.level(), expected);
        want_membarrier(false);
        outcomes.record(if early { "normal" } else { "high" });
    });
}

/// Whoever waits for a change is told, of an edge or of the close.
#[test]
fn changes_are_told() {
    check("changes are told", Config::at_least(20).exactly(&["High", "Closed"]), |outcomes| {
        let builder = mpsc::builder().capacity(1).watermarks(1, 0).clock(RealArc::new(Stopped));
        let (tx, rx) = builder.build().unwrap();
        let mut watch = tx.pressure().unwrap();
        let sender = thread::spawn(move || {
            tx.try_send(1).unwrap();
            drop(tx);
        });
        let level = block_on(watch.changed());
        sender.join().unwrap();
        assert_eq!(block_on(watch.changed()), Level::Closed);
        drop(rx);
        outcomes.record(format!("{level:?}"));
    });
}

/// Numbers taken beside the traffic are within their bounds, and exact after it.
#[test]
fn numbers_beside_traffic() {
    check("numbers beside traffic", Config::at_least(20).exactly(&["ok"]), |outcomes| {
        let builder = mpsc::builder().capacity(1).observed().clock(RealArc::new(Stopped));
        let (tx, mut rx) = builder.build().unwrap();
        let receiver = thread::spawn(move || {
            rx.recv().unwrap();
            rx
        });
        tx.send(1).unwrap();
        let stats = tx.stats();
        assert!(stats.queued <= 1 && stats.received <= 1 && stats.available <= 1);
        let rx = receiver.join().unwrap();
        let stats = rx.stats();
        assert_eq!((stats.sent, stats.received, stats.queued, stats.available), (1, 1, 0, 1));
        assert!(stats.peak <= 1 && stats.recv_wait == Duration::ZERO);
        outcomes.record("ok");
    });
}
