//! Several senders, several receivers: both sides are won by exchanges.

mod common;

use std::pin::Pin;
// The flags are not part of the model: only the thread that polls reads them, after a join.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use backpressure_model::{RecvError, TrySendError, membarrier_runs, mpmc, want_membarrier};
use common::{Config, NEAR_WRAP, check};
use loom::future::block_on;
use loom::thread;

/// A waker that only notes that it was called.
#[derive(Debug)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(false)))
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        self.0.store(false, Ordering::Relaxed);
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

/// Two receivers never take the same value, and a slot is only written again when it is empty.
#[test]
fn receivers_share() {
    let config = Config::at_least(120).required(&["[Some(1), None]", "[None, Some(1)]"]);
    check("mpmc receivers share", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).start_at(NEAR_WRAP).build().unwrap();
        tx.try_send(1).unwrap();
        let other = rx.clone();
        let one = thread::spawn(move || other.try_recv().ok());
        let two = rx.try_recv().ok();
        let second = tx.try_send(2).is_ok();
        let one = one.join().unwrap();
        let left = rx.try_recv().ok();
        let mut all: Vec<i32> = [one, two, left].into_iter().flatten().collect();
        all.sort_unstable();
        assert_eq!(all, if second { vec![1, 2] } else { vec![1] });
        outcomes.record(format!("{:?}", [one, two]));
    });
}

/// Sends beside receives with slots used again: every value once, in order.
#[test]
fn hand_over() {
    let config = Config::at_least(60).required(&["2 sent", "3 sent"]);
    check("mpmc hand-over", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(2).start_at(NEAR_WRAP).build().unwrap();
        let producer =
            thread::spawn(move || (1..=3).filter(|&i| tx.try_send(i).is_ok()).collect::<Vec<_>>());
        let mut received: Vec<i32> = rx.try_iter().collect();
        let sent = producer.join().unwrap();
        received.extend(rx.try_iter());
        assert_eq!(received, sent);
        outcomes.record(format!("{} sent", sent.len()));
    });
}

/// [E3] with two receivers: the slot that is written was released by one, the slot that is tested
/// by the other, and the test that counted was another sender's.
#[test]
fn room_seen_by_another() {
    let config = Config::at_least(500).required(&["both"]);
    check("mpmc room seen by another", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(3);
        assert_eq!(tx.try_send_many(&mut vec![1, 2, 3]), Ok(3));
        let other = rx.clone();
        let one = thread::spawn(move || {
            let _ = other.try_recv();
            other
        });
        let sender = tx.clone();
        let two = thread::spawn(move || sender.try_send(4).is_ok());
        let took = rx.try_recv().is_ok();
        let sent = usize::from(tx.try_send(5).is_ok()) + usize::from(two.join().unwrap());
        drop(one.join().unwrap());
        assert!(took);
        assert_eq!(rx.try_iter().count(), 1 + sent);
        if sent == 2 {
            outcomes.record("both");
        }
    });
}

/// Batches on both sides: every value once, every credit back.
#[test]
fn batches_of_receivers() {
    let config = Config::at_least(200).required(&["[1, 2] and []", "[2] and [1]"]);
    check("mpmc batches of receivers", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(2).start_at(NEAR_WRAP).build().unwrap();
        let other = rx.clone();
        let producer = thread::spawn(move || {
            assert_eq!(tx.try_send_many(&mut vec![1, 2]), Ok(2));
            tx
        });
        let one = thread::spawn(move || {
            let mut into = Vec::new();
            let _ = other.try_recv_many(&mut into, 2);
            into
        });
        let mut two = Vec::new();
        let _ = rx.try_recv_many(&mut two, 1);
        let one = one.join().unwrap();
        let tx = producer.join().unwrap();
        let left: Vec<_> = rx.drain().collect();
        let mut all = [one.clone(), two.clone(), left].concat();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        assert_eq!(tx.try_send_many(&mut vec![3, 4, 5]), Ok(2), "every credit is back");
        outcomes.record(format!("{one:?} and {two:?}"));
    });
}

/// Two values for two threads that wait.
#[test]
fn threads_wait() {
    let config = Config::at_least(2_000).exactly(&["one each"]);
    check("mpmc threads wait", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        let other = rx.clone();
        let one = thread::spawn(move || other.recv().is_ok());
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        let two = rx.recv().is_ok();
        assert!(two);
        assert!(one.join().unwrap());
        outcomes.record("one each");
    });
}

/// Two values published at once for two that wait: both wake.
#[test]
fn batch_wakes_two() {
    let config = Config::at_least(60_000).exactly(&["both"]);
    check("mpmc batch wakes two", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        let other = rx.clone();
        let one = thread::spawn(move || other.recv().unwrap());
        let two = thread::spawn(move || rx.recv().unwrap());
        assert_eq!(tx.try_send_many(&mut vec![1, 2]), Ok(2));
        assert_eq!(one.join().unwrap() + two.join().unwrap(), 3);
        outcomes.record("both");
    });
}

/// A value published behind one in flight is seen by nobody yet; its notification may have gone to
/// a receiver that found nothing. Whoever publishes the first reaches both.
#[test]
fn late_publication_reaches_all() {
    let config = Config::at_least(200_000).exactly(&["both"]);
    check("mpmc late publication reaches all", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(2);
        let other = rx.clone();
        let sender = tx.clone();
        let one = thread::spawn(move || other.recv().unwrap());
        let late = thread::spawn(move || {
            sender.try_send(1).unwrap();
            sender
        });
        tx.try_send(2).unwrap();
        assert_eq!(rx.recv().unwrap() + one.join().unwrap(), 3);
        drop(late.join().unwrap());
        outcomes.record("both");
    });
}

/// A receiver that got a value passes on what more there is, also when a third takes the next
/// value just then: nobody may wait beside a value.
#[test]
fn passing_on_beside_a_third() {
    let config = Config::at_least(1_000).preemptions(3).required(&["passed on", "taken", "found"]);
    check("mpmc passing on beside a third", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(4);
        let (woken_one, woken_two) = (Flag::new(), Flag::new());
        let mut one = Box::pin(rx.recv_async());
        let mut two = Box::pin(rx.recv_async());
        assert_eq!(woken_one.poll(one.as_mut()), Poll::Pending);
        assert_eq!(woken_two.poll(two.as_mut()), Poll::Pending);
        let sender = tx.clone();
        let stopped = thread::spawn(move || drop(sender.try_send(1).map(|()| sender)));
        tx.try_send(2).unwrap();
        tx.try_send(3).unwrap();
        // Both were notified. What they find depends on how far the stopped sender is.
        if woken_two.poll(two.as_mut()).is_ready() || woken_one.poll(one.as_mut()).is_ready() {
            outcomes.record("found");
            stopped.join().unwrap();
            return;
        }
        let third = thread::spawn({
            let rx = rx.clone();
            move || rx.try_recv().is_ok()
        });
        stopped.join().unwrap();
        if woken_two.is_set() && woken_two.poll(two.as_mut()).is_ready() {
            let taken = third.join().unwrap();
            // Three were sent, at most two taken: the other one that waits was told.
            assert!(woken_one.is_set(), "asleep beside a value");
            outcomes.record(if taken { "taken" } else { "passed on" });
        } else {
            third.join().unwrap();
        }
    });
}

/// A task that was notified and is dropped before it takes the value: the next in line gets it.
#[test]
fn cancelled_receive_passes_on() {
    let config = Config::at_least(100).exactly(&["passed on"]);
    check("mpmc cancelled receive passes on", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(1);
        let other = rx.clone();
        let mut cancelled = Box::pin(rx.recv_async());
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(cancelled.as_mut().poll(&mut cx), Poll::Pending);
        let waiting = thread::spawn(move || other.recv());
        tx.try_send(1).unwrap();
        drop(cancelled);
        assert_eq!(waiting.join().unwrap(), Ok(1));
        outcomes.record("passed on");
    });
}

/// The last message was on its way when the channel was closed, and a future was told of it that nobody
/// polls any more: that nothing comes after it reaches the other receiver all the same.
#[test]
fn closed_behind_a_forgotten_receive() {
    let config = Config::at_least(10_000).required(&["forgotten"]).preemptions(3);
    check("mpmc closed behind a forgotten receive", config, |outcomes| {
        let (tx, rx) = mpmc::bounded(1);
        let other = rx.clone();
        let producer = thread::spawn(move || (tx.try_send(1).is_ok(), tx));
        let waiting = thread::spawn(move || other.recv().ok());
        rx.close();
        let mut future = Box::pin(rx.recv_async());
        let mut received = match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(received) => received.ok(),
            Poll::Pending => {
                std::mem::forget(future);
                outcomes.record("forgotten");
                None
            }
        };
        received = received.or_else(|| rx.try_recv().ok());
        let (sent, _tx) = producer.join().unwrap();
        let waited = waiting.join().unwrap();
        received = received.or_else(|| rx.try_recv().ok()).or(waited);
        assert_eq!(received, sent.then_some(1));
    });
}

/// A send beside a close, with a receiver that waits.
#[test]
fn send_beside_close() {
    let config = Config::at_least(200).exactly(&["received", "refused"]);
    check("mpmc send beside close", config, |outcomes| {
        let (tx, rx) = mpmc::builder().capacity(1).start_at(NEAR_WRAP).build().unwrap();
        let receiver = thread::spawn({
            let rx = rx.clone();
            move || rx.recv()
        });
        let closer = thread::spawn(move || rx.close());
        let sent = tx.try_send(1);
        let received = receiver.join().unwrap();
        closer.join().unwrap();
        match sent {
            Ok(()) => assert_eq!(received, Ok(1)),
            Err(error) => {
                assert_eq!(error, TrySendError::Closed(1));
                assert_eq!(received, Err(RecvError));
            }
        }
        outcomes.record(if sent.is_ok() { "received" } else { "refused" });
    });
}

/// Whoever takes a gate out of the quiet state runs the barrier, and nobody else does.
#[test]
fn quiet_gates_run_the_barrier() {
    check("mpmc quiet gates, alone", Config::at_least(1).exactly(&["ran"]), |outcomes| {
        want_membarrier(true);
        let (_tx, rx) = mpmc::bounded::<u64>(1);
        let before = membarrier_runs();
        let flag = Flag::new();
        let mut receives = [rx.recv_async(), rx.recv_async()];
        for receive in &mut receives {
            assert!(flag.poll(Pin::new(receive)).is_pending());
            assert_eq!(membarrier_runs(), before + 1);
        }
        outcomes.record("ran");
    });
}

/// Gates that start quiet, both sides waiting as tasks.
#[test]
fn quiet_gates() {
    let config = Config::at_least(500).exactly(&["received both"]);
    check("mpmc quiet gates", config, |outcomes| {
        want_membarrier(true);
        let (tx, rx) = mpmc::bounded(1);
        let producer = thread::spawn(move || {
            block_on(tx.send_async(1)).unwrap();
            block_on(tx.send_async(2)).unwrap();
            tx
        });
        assert_eq!(block_on(rx.recv_async()), Ok(1));
        assert_eq!(block_on(rx.recv_async()), Ok(2));
        drop(producer.join().unwrap());
        outcomes.record("received both");
    });
}
