//! Futures that are dropped at any point lose nothing: no value, no credit, no notification.

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use backpressure::{
    Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, mpmc, mpsc, spsc,
};
use common::{Bell, Census, Channel, Counted, NEAR_WRAP, Rx, Tx};

/// Each future is dropped unpolled, pending, notified, and done.
fn dropped_at_every_poll<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Rx<Counted>,
{
    let census = Census::default();
    let (mut tx, mut rx) = C::make::<Counted>(1, NEAR_WRAP);
    let bell = Bell::new();

    drop(Tx::send_async(&mut tx, census.make(1)));
    assert_eq!(census.alive(), 0, "never polled, so never sent");
    assert_eq!(tx.len(), 0);
    Tx::try_send(&mut tx, census.make(2)).unwrap();
    {
        let mut pending = Box::pin(Tx::send_async(&mut tx, census.make(3)));
        assert!(bell.poll(pending.as_mut()).is_pending());
        drop(pending);
        assert_eq!(census.alive(), 1);
    }
    {
        let mut notified = Box::pin(Tx::send_async(&mut tx, census.make(4)));
        assert!(bell.poll(notified.as_mut()).is_pending());
        assert_eq!(Rx::try_recv(&mut rx).unwrap().id, 2);
        assert_eq!(bell.rings(), 1);
        drop(notified);
        assert_eq!(census.alive(), 0);
    }
    // The credit is still there, and so is the channel's only place.
    Tx::try_send(&mut tx, census.make(5)).unwrap();
    assert_eq!(Rx::try_recv(&mut rx).unwrap().id, 5);

    drop(Rx::recv_async(&mut rx));
    {
        let mut pending = Box::pin(Rx::recv_async(&mut rx));
        assert!(bell.poll(pending.as_mut()).is_pending());
    }
    {
        let mut notified = Box::pin(Rx::recv_async(&mut rx));
        assert!(bell.poll(notified.as_mut()).is_pending());
        Tx::try_send(&mut tx, census.make(6)).unwrap();
        drop(notified);
    }
    assert_eq!(Rx::try_recv(&mut rx).unwrap().id, 6, "not lost with the future");

    // Batches: what was sent is sent, what was not is in the vector.
    let mut batch: Vec<_> = (7..10).map(|id| census.make(id)).collect();
    {
        let mut pending = Box::pin(Tx::send_many_async(&mut tx, &mut batch));
        assert!(bell.poll(pending.as_mut()).is_pending());
    }
    assert_eq!(batch.iter().map(|value| value.id).collect::<Vec<_>>(), [8, 9]);
    assert_eq!(Rx::try_recv(&mut rx).unwrap().id, 7);
    let mut into = Vec::new();
    {
        let mut pending = Box::pin(Rx::recv_many_async(&mut rx, &mut into, 5));
        assert!(bell.poll(pending.as_mut()).is_pending());
        Tx::try_send(&mut tx, census.make(10)).unwrap();
    }
    assert!(into.is_empty());
    assert_eq!(Rx::recv_many(&mut rx, &mut into, 5), Ok(1));
    drop((into, batch));

    // Permits: pending takes nothing, granted and dropped gives back.
    Tx::try_send(&mut tx, census.make(11)).unwrap();
    {
        let mut pending = Box::pin(Tx::reserve_then_async(&mut tx, census.make(12)));
        assert!(bell.poll(pending.as_mut()).is_pending());
    }
    assert_eq!(Rx::try_recv(&mut rx).unwrap().id, 11);
    assert!(Tx::reserve_and_drop(&mut tx));
    Tx::try_send(&mut tx, census.make(13)).unwrap();
    drop((tx, rx));
    assert_eq!(census.alive(), 0);
}

for_each_flavour!(dropped_at_every_poll);

/// The first in line was told and is dropped; the second must be told then.
#[test]
fn notifications_are_passed_on() {
    // Receivers.
    let (tx, rx) = mpmc::bounded(2);
    let (first, second) = (Bell::new(), Bell::new());
    let mut one = Box::pin(rx.recv_async());
    let mut two = Box::pin(rx.recv_async());
    assert!(first.poll(one.as_mut()).is_pending() && second.poll(two.as_mut()).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!((first.rings(), second.rings()), (1, 0));
    drop(one);
    assert_eq!(second.rings(), 1);
    assert_eq!(second.poll(two.as_mut()), Poll::Ready(Ok(1)));
    drop(two);

    // Senders, and a permit among them.
    tx.try_send(2).unwrap();
    tx.try_send(3).unwrap();
    let (first, second) = (Bell::new(), Bell::new());
    let mut one = Box::pin(tx.reserve_async());
    let mut two = Box::pin(tx.send_async(4));
    assert!(first.poll(one.as_mut()).is_pending() && second.poll(two.as_mut()).is_pending());
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!((first.rings(), second.rings()), (1, 0));
    drop(one);
    assert_eq!(second.rings(), 1);
    assert_eq!(second.poll(two.as_mut()), Poll::Ready(Ok(())));

    // One that was not told passes nothing on.
    let (first, second) = (Bell::new(), Bell::new());
    let mut one = Box::pin(tx.send_async(5));
    let mut two = Box::pin(tx.send_async(6));
    assert!(first.poll(one.as_mut()).is_pending() && second.poll(two.as_mut()).is_pending());
    drop(one);
    assert_eq!(second.rings(), 0);
}

/// A granted permit that is dropped is a credit for the next in line.
#[test]
fn dropped_permits_wake_the_next() {
    let (tx, _rx) = mpsc::bounded(1);
    let permit = tx.try_reserve().unwrap();
    let bell = Bell::new();
    let mut waiting = Box::pin(tx.send_async(1));
    assert!(bell.poll(waiting.as_mut()).is_pending());
    drop(permit);
    assert_eq!(bell.rings(), 1);
    assert_eq!(bell.poll(waiting.as_mut()), Poll::Ready(Ok(())));
}

/// Whoever needs two credits is told of each, together with the next in line, who may need only one.
#[test]
fn greedy_waiters_do_not_keep_others_asleep() {
    let (tx, rx) = mpsc::bounded(2);
    let mut rx = rx;
    assert_eq!(tx.try_send_many(&mut vec![1, 2]), Ok(2));
    let (greedy, modest) = (Bell::new(), Bell::new());
    let mut two = Box::pin(tx.reserve_many_async(2));
    let mut one = Box::pin(tx.send_async(3));
    assert!(greedy.poll(two.as_mut()).is_pending() && modest.poll(one.as_mut()).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((greedy.rings(), modest.rings()), (1, 1));
    assert!(greedy.poll(two.as_mut()).is_pending());
    assert_eq!(modest.poll(one.as_mut()), Poll::Ready(Ok(())));
    drop(one);
    assert_eq!(rx.drain().len(), 2);
    assert!(greedy.rings() >= 2);
    let Poll::Ready(Ok(permits)) = greedy.poll(two.as_mut()) else {
        panic!("two credits are free")
    };
    assert_eq!(permits.len(), 2);
}

/// A future that waits, and is never polled again.
fn forget_pending<F: Future>(future: F) {
    let mut future = Box::pin(future);
    assert!(Bell::new().poll(future.as_mut()).is_pending());
    std::mem::forget(future);
}

/// Decision 0004: a forgotten future takes one notification with it, and not two.
#[test]
fn a_forgotten_future_absorbs_one_notification() {
    let (tx, rx) = mpmc::bounded(2);
    forget_pending(rx.recv_async());
    let bell = Bell::new();
    let mut waiting = Box::pin(rx.recv_async());
    assert!(bell.poll(waiting.as_mut()).is_pending());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    assert_eq!(bell.rings(), 1);
    assert_eq!(bell.poll(waiting.as_mut()), Poll::Ready(Ok(1)));
}

/// Found by the operation machine: a closed channel waited for a permit that turned out to be forgotten, and
/// the one notification went to a forgotten future.
#[test]
fn word_of_a_forgotten_permit_passes_a_forgotten_future() {
    let (mut tx, mut rx) = spsc::bounded::<i32>(1);
    std::mem::forget(tx.try_reserve().unwrap());
    rx.close();
    forget_pending(rx.recv_async());
    let bell = Bell::new();
    assert!(bell.with(|cx| rx.poll_recv(cx)).is_pending());
    assert_eq!(tx.try_send(1), Err(TrySendError::Closed(1)));
    assert_eq!(bell.rings(), 1);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

/// Found by the operation machine: what is sent with the last permit of a closed channel goes to one receiver,
/// but that nothing comes after it concerns them all.
#[test]
fn word_of_the_last_permit_passes_a_forgotten_future() {
    let (tx, rx) = mpmc::bounded(1);
    let permit = tx.try_reserve().unwrap();
    rx.close();
    forget_pending(rx.recv_async());
    let bell = Bell::new();
    let mut waiting = Box::pin(rx.recv_async());
    assert!(bell.poll(waiting.as_mut()).is_pending());
    permit.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(bell.rings(), 1);
    assert_eq!(bell.poll(waiting.as_mut()), Poll::Ready(Err(RecvError)));
}

#[test]
fn futures_are_fused() {
    let (mut tx, mut rx) = spsc::bounded(1);
    let bell = Bell::new();
    let mut send = pin!(tx.send_async(1));
    assert_eq!(bell.poll(send.as_mut()), Poll::Ready(Ok(())));
    assert!(send.is_terminated());
    assert!(bell.poll(send.as_mut()).is_pending());
    let mut receive = pin!(rx.recv_async());
    assert_eq!(bell.poll(receive.as_mut()), Poll::Ready(Ok(1)));
    assert!(receive.is_terminated());
    assert!(bell.poll(receive.as_mut()).is_pending());
    assert_eq!(bell.rings(), 0);
}

#[test]
fn a_cancelled_send_can_give_its_value_back() {
    let (mut tx, _rx) = spsc::bounded(1);
    let mut done = Box::pin(tx.send_async("first"));
    assert!(Bell::new().poll(done.as_mut()).is_ready());
    assert_eq!(std::pin::Pin::into_inner(done).into_inner(), None);
    let mut pending = Box::pin(tx.send_async("second"));
    assert!(Bell::new().poll(pending.as_mut()).is_pending());
    assert_eq!(std::pin::Pin::into_inner(pending).into_inner(), Some("second"));
}

/// The waker of the last poll is the one that is called.
#[test]
fn wakers_are_replaced() {
    let (mut tx, mut rx) = spsc::bounded(1);
    let (old, new) = (Bell::new(), Bell::new());
    let mut receive = pin!(rx.recv_async());
    assert!(old.poll(receive.as_mut()).is_pending());
    assert!(new.poll(receive.as_mut()).is_pending());
    assert_eq!(Arc::strong_count(&old), 1, "the old waker is dropped at once");
    tx.try_send(1).unwrap();
    assert_eq!((old.rings(), new.rings()), (0, 1));
}

/// A registration ends with its future, and one that a handle keeps with the handle.
#[test]
fn wakers_do_not_outlive_who_waits() {
    let (tx, mut rx) = mpsc::bounded::<u8>(1);
    let bell = Bell::new();
    assert!(bell.with(|cx| rx.poll_recv(cx)).is_pending());
    assert_eq!(Arc::strong_count(&bell), 2);
    drop(rx);
    assert_eq!(Arc::strong_count(&bell), 1);
    drop(tx);
}

/// A waker is foreign code wherever it is touched: called, replaced, or dropped. It may use the channel.
#[test]
fn wakers_may_use_the_channel() {
    struct Meddler {
        tx: mpmc::Sender<u8>,
        called: AtomicBool,
    }
    impl Wake for Meddler {
        fn wake(self: Arc<Self>) {
            self.called.store(true, Ordering::SeqCst);
            assert_eq!(self.tx.try_send(2), Err(TrySendError::Closed(2)));
            let mut send = pin!(self.tx.send_async(3));
            let _ = send.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
    impl Drop for Meddler {
        fn drop(&mut self) {
            let mut send = pin!(self.tx.send_async(4));
            let _ = send.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        }
    }
    let (tx, rx) = mpmc::bounded(1);
    let meddler = |tx: &mpmc::Sender<u8>| {
        Arc::new(Meddler { tx: tx.clone(), called: AtomicBool::new(false) })
    };
    tx.try_send(0).unwrap();
    // Waits on the side that its own destructor waits on: replaced, then called, then dropped.
    let mut send = Box::pin(tx.send_async(1));
    let waker = Waker::from(meddler(&tx));
    assert!(send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    let called = meddler(&tx);
    let waker = Waker::from(Arc::clone(&called));
    assert!(send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    tx.close();
    assert!(called.called.load(Ordering::SeqCst));
    assert_eq!(
        send.as_mut().poll(&mut Context::from_waker(&waker)),
        Poll::Ready(Err(SendError(1)))
    );
    drop(send);
    assert_eq!(rx.try_recv(), Ok(0));
}

/// A waker that panics ends the call it was called from; whoever waits behind it is woken all the same.
#[test]
fn a_panicking_waker_keeps_nobody_asleep() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker panics");
        }
    }
    let (tx, rx) = mpmc::bounded::<u8>(1);
    let bell = Bell::new();
    let mut first = Box::pin(rx.recv_async());
    let panics = Waker::from(Arc::new(Panics));
    assert!(first.as_mut().poll(&mut Context::from_waker(&panics)).is_pending());
    let mut second = Box::pin(rx.recv_async());
    assert!(bell.poll(second.as_mut()).is_pending());
    let mut closed = Box::pin(tx.closed());
    assert!(bell.poll(closed.as_mut()).is_pending());
    let close = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rx.close()));
    assert!(close.is_err());
    assert_eq!(bell.rings(), 2);
    assert!(bell.poll(second.as_mut()).is_ready() && bell.poll(closed.as_mut()).is_ready());
}

/// `select!` drops the loser at every round: nothing gets lost between two channels and a timer.
#[test]
fn select_loops_lose_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (left, mut from_left) = mpsc::bounded::<u32>(1);
        let (right, from_right) = mpmc::bounded::<u32>(1);
        let sender = |send: bool| {
            let (left, right) = (left.clone(), right.clone());
            tokio::spawn(async move {
                for i in 0..2_000 {
                    if send { left.send_async(i).await } else { right.send_async(i).await }
                        .unwrap();
                }
            })
        };
        let senders = [sender(true), sender(false)];
        drop((left, right));
        let (mut lefts, mut rights) = (0, 0);
        while lefts + rights < 4_000 {
            tokio::select! {
                Ok(value) = from_left.recv_async() => { assert_eq!(value, lefts); lefts += 1; }
                Ok(value) = from_right.recv_async() => { assert_eq!(value, rights); rights += 1; }
                () = tokio::time::sleep(Duration::from_micros(1)) => {}
            }
        }
        assert_eq!((lefts, rights), (2_000, 2_000));
        for sender in senders {
            sender.await.unwrap();
        }
        common::conserved(&from_left.stats());
        common::conserved(&from_right.stats());
    });
}

/// Sends that are given up at random moments, beside a receiver: accepted or handed back, never both.
#[test]
fn abandoned_sends_account_for_every_value() {
    let census = Census::default();
    let (tx, mut rx) = mpsc::bounded(2);
    let mark = census.clone();
    let sender = thread::spawn(move || {
        let mut accepted = Vec::new();
        for id in 0..3_000 {
            let mut send = Box::pin(tx.send_async(mark.make(id)));
            // One to three polls, then it is given up.
            let done = (0..id % 3 + 1).any(|_| {
                thread::yield_now();
                Bell::new().poll(send.as_mut()).is_ready()
            });
            if done {
                accepted.push(id);
            } else {
                let value = std::pin::Pin::into_inner(send).into_inner().unwrap();
                assert_eq!(value.id, id);
            }
        }
        accepted
    });
    let mut received = Vec::new();
    while let Ok(value) = rx.recv() {
        received.push(value.id);
    }
    assert_eq!(received, sender.join().unwrap());
    assert_eq!(census.alive(), 0);
    common::conserved(&rx.stats());
}
