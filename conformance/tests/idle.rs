//! Who waits for long uses no processor.
#![cfg(target_os = "linux")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use backpressure::{WaitStrategy, mpmc, spsc};

/// Nanoseconds this thread has run.
fn ran() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse().unwrap()
}

/// Waiting for a quarter of a second is what is measured here; the most that an awake phase may take of
/// it is generous, and far below what any wait that does not sleep would take.
const WAIT: Duration = Duration::from_millis(250);
const MOST: u64 = 50_000_000;

fn measured(wait: impl FnOnce()) -> u64 {
    let (began, ran_before) = (Instant::now(), ran());
    wait();
    assert!(began.elapsed() >= WAIT);
    ran() - ran_before
}

#[test]
fn a_timed_receive_sleeps() {
    for strategy in [WaitStrategy::Adaptive, WaitStrategy::Park] {
        let builder = spsc::builder().capacity(1).wait_strategy(strategy);
        let (_tx, mut rx) = builder.build::<u8>().unwrap();
        let used = measured(|| assert!(rx.recv_timeout(WAIT).is_err()));
        assert!(used < MOST, "{used} ns awake under {strategy:?}");
    }
}

#[test]
fn a_timed_send_sleeps() {
    let (tx, _rx) = mpmc::bounded(1);
    tx.send(1).unwrap();
    let used = measured(|| assert!(tx.send_timeout(2, WAIT).is_err()));
    assert!(used < MOST, "{used} ns awake");
}

/// A blocking receive whose value comes after that time, from another thread that waits as long.
#[test]
fn a_blocking_receive_sleeps() {
    let (tx, rx) = mpmc::bounded(1);
    let (_keep, mut timer) = spsc::bounded::<()>(1);
    let sender = thread::spawn(move || {
        assert!(timer.recv_timeout(WAIT).is_err());
        tx.send(1).unwrap();
    });
    let before = ran();
    assert_eq!(rx.recv(), Ok(1));
    let used = ran() - before;
    assert!(used < MOST, "{used} ns awake");
    sender.join().unwrap();
}
