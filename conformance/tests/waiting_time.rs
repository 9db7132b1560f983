//! Time spent waiting, however the wait is made and however it ends, and clocks that run wild.

mod common;

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use backpressure::mpsc;
use backpressure::pressure::{Clock, Expiry};
use common::{Bell, Hand};

/// Waits for something that a thread is about to do.
fn soon(happened: impl Fn() -> bool) {
    let came = (0..100_000_000_u64).any(|_| {
        thread::yield_now();
        happened()
    });
    assert!(came);
}

/// Each way to wait for room is time spent waiting to send: granted, cancelled, or ended by the close.
#[test]
fn every_wait_of_a_sender_counts() {
    let clock = Arc::new(Hand::default());
    let builder = mpsc::builder().capacity(1).observed().clock(clock.clone());
    let (mut tx, mut rx) = builder.build().unwrap();
    let bell = Bell::new();
    let mut expected = 0;
    let mut waited = |tx: &mpsc::Sender<u8>, seconds| {
        expected += seconds;
        assert_eq!(tx.stats().send_wait, Duration::from_secs(expected));
    };
    macro_rules! waits {
        ($wait:expr) => {{
            tx.try_send(1).unwrap();
            {
                let mut wait = pin!($wait);
                assert!(bell.poll(wait.as_mut()).is_pending());
                clock.advance(1_000);
                rx.try_recv().unwrap();
                assert!(bell.poll(wait.as_mut()).is_ready());
            }
            let _ = rx.try_recv();
            waited(&tx, 1);
            tx.try_send(1).unwrap();
            {
                let mut wait = pin!($wait);
                assert!(bell.poll(wait.as_mut()).is_pending());
                clock.advance(2_000); // and dropped
            }
            rx.try_recv().unwrap();
            waited(&tx, 2);
        }};
    }
    waits!(tx.send_async(2));
    waits!(tx.reserve_async());
    waits!(tx.reserve_many_async(1));
    waits!(async { tx.send_many_async(&mut vec![1]).await });
    // What waits with the handle itself.
    tx.try_send(1).unwrap();
    assert!(bell.with(|cx| tx.poll_reserve(cx).is_pending()));
    clock.advance(1_000);
    rx.try_recv().unwrap();
    assert!(bell.with(|cx| tx.poll_reserve(cx).is_ready()));
    waited(&tx, 1);
    tx.try_send(1).unwrap();
    let mut other = tx.clone();
    assert!(bell.with(|cx| other.poll_ready(cx).is_pending()));
    clock.advance(2_000);
    drop(other);
    waited(&tx, 2);
    // A wait that the close ends.
    {
        let mut wait = pin!(tx.reserve_async());
        assert!(bell.poll(wait.as_mut()).is_pending());
        clock.advance(3_000);
        rx.close();
        assert!(bell.poll(wait.as_mut()).is_ready());
    }
    waited(&tx, 3);
}

/// Threads: one that gets its credit, one that is told of the close, one whose time is over.
#[test]
fn waits_of_threads_count() {
    let clock = Arc::new(Hand::default());
    let (tx, mut rx) = mpsc::builder().capacity(1).observed().clock(clock.clone()).build().unwrap();
    tx.try_send(1).unwrap();
    thread::scope(|threads| {
        let waiter = threads.spawn(|| tx.reserve().map(drop));
        soon(|| tx.stats().waiting_senders == 1);
        clock.advance(1_000);
        rx.try_recv().unwrap();
        assert!(waiter.join().unwrap().is_ok());
        assert_eq!(tx.stats().send_wait, Duration::from_secs(1));
        tx.try_send(1).unwrap();
        let waiter = threads.spawn(|| tx.send(3));
        soon(|| tx.stats().waiting_senders == 1);
        clock.advance(4_000);
        rx.close();
        assert!(waiter.join().unwrap().is_err());
        assert_eq!(tx.stats().send_wait, Duration::from_secs(5));
    });
    assert_eq!(tx.stats().waiting_senders, 0);
    let (tx, _rx) = mpsc::builder().capacity(1).observed().build().unwrap();
    tx.try_send(1).unwrap();
    let short = Duration::from_millis(5);
    assert!(tx.send_timeout(2, short).is_err());
    assert!(tx.stats().send_wait >= short);
}

/// Clocks that stand still, go back, or jump as far as can be: times saturate, and nothing panics.
#[test]
fn wild_clocks() {
    struct Wild(Mutex<Duration>);
    impl Clock for Wild {
        fn now(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }
    let clock = Arc::new(Wild(Mutex::default()));
    let set = |now| *clock.0.lock().unwrap() = now;
    let builder = mpsc::builder().capacity(1).watermarks(1, 0).clock(clock.clone());
    let (tx, mut rx) = builder.build().unwrap();
    let watch = tx.pressure().unwrap();
    let expiry = Expiry::new(Duration::from_secs(1), clock.clone());
    let bell = Bell::new();
    let mut high_for = |before, after| {
        set(before);
        tx.try_send(expiry.stamp(1)).unwrap();
        {
            let mut send = pin!(tx.send_async(expiry.stamp(2)));
            assert!(bell.poll(send.as_mut()).is_pending());
            set(after);
        }
        let sojourn = watch.high_for();
        let expired = rx.try_recv_fresh(&expiry).is_err();
        assert_eq!(expired, sojourn > Some(Duration::from_secs(1)));
        assert_eq!(watch.high_for(), None);
        (watch.high_total(), tx.stats().send_wait)
    };
    let (zero, second) = (Duration::ZERO, Duration::from_secs(1));
    assert_eq!(high_for(second, second), (zero, zero), "it stands");
    assert_eq!(high_for(second, zero), (zero, zero), "it went back");
    assert_eq!(high_for(zero, second), (second, second));
    let most = (Duration::MAX, Duration::from_nanos(u64::MAX));
    assert_eq!(high_for(zero, Duration::MAX), most);
    assert_eq!(high_for(zero, Duration::MAX), most);
    assert_eq!(high_for(zero, second), most);
    tx.try_send(expiry.stamp(3)).unwrap();
    set(Duration::MAX);
    assert_eq!(watch.high_total(), Duration::MAX, "while it is high, too");
}
