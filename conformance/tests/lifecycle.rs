//! Handles, closing, and what becomes of values that nobody receives.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use backpressure::{
    BuildError, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender,
    TryRecvError, TrySendError, WaitStrategy, mpmc, mpsc, spsc,
};
use common::{Bell, Census, Channel, Counted, NEAR_WRAP, Rx, Tx};

fn closing_from_either_side<C: Channel>()
where
    Sender<u32, C::Kind>: Tx<u32>,
    Receiver<u32, C::Kind>: Rx<u32>,
{
    for by_sender in [true, false] {
        let (mut tx, mut rx) = C::make::<u32>(2, NEAR_WRAP);
        Tx::send(&mut tx, 1).unwrap();
        assert!(!tx.is_closed() && !rx.is_closed());
        assert!(if by_sender { tx.close() } else { rx.close() }, "the first to close");
        assert!(!tx.close() && !rx.close(), "closed already");
        assert!(tx.is_closed() && rx.is_closed());
        assert_eq!(Tx::try_send(&mut tx, 2), Err(TrySendError::Closed(2)));
        assert_eq!(Tx::send(&mut tx, 3), Err(SendError(3)));
        let error = Tx::send_timeout(&mut tx, 4, Duration::MAX).unwrap_err();
        assert_eq!(error, SendTimeoutError::Closed(4));
        assert_eq!(pollster::block_on(Tx::send_async(&mut tx, 5)), Err(SendError(5)));
        let mut values = vec![6, 7];
        assert_eq!(Tx::try_send_many(&mut tx, &mut values), Err(SendError(0)));
        assert_eq!(Tx::send_many(&mut tx, &mut values), Err(SendError(0)));
        assert_eq!(values, [6, 7]);
        assert_eq!(Tx::try_reserve_then(&mut tx, 8), Err(TrySendError::Closed(8)));
        assert_eq!(Tx::reserve_then(&mut tx, 9), Err(SendError(9)));
        // What was accepted comes first, then Closed, for ever.
        assert_eq!(Rx::recv(&mut rx), Ok(1));
        assert_eq!(Rx::recv(&mut rx), Err(RecvError));
        assert_eq!(Rx::try_recv(&mut rx), Err(TryRecvError::Closed));
        let closed = Err(RecvTimeoutError::Closed);
        assert_eq!(Rx::recv_timeout(&mut rx, Duration::MAX), closed);
        assert_eq!(pollster::block_on(Rx::recv_async(&mut rx)), Err(RecvError));
        assert_eq!(Rx::try_recv_many(&mut rx, &mut Vec::new(), 1), Err(TryRecvError::Closed));
        assert_eq!(Rx::recv_many(&mut rx, &mut Vec::new(), 1), Err(RecvError));
        assert_eq!(Rx::next_of_iter(&mut rx), None);
        assert!(Rx::drain(&mut rx).is_empty());
    }
}

fn the_last_receiver_drops_what_is_queued<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Rx<Counted>,
{
    let census = Census::default();
    let (mut tx, mut rx) = C::make::<Counted>(5, NEAR_WRAP);
    for i in 0..5 {
        Tx::try_send(&mut tx, census.make(i)).unwrap();
    }
    drop(Rx::try_recv(&mut rx).unwrap());
    let mut receivers = C::receivers(rx, 3);
    let last = receivers.pop().unwrap();
    drop(receivers);
    assert_eq!(census.alive(), 4);
    drop(last);
    assert_eq!(census.alive(), 0, "although a sender is left");
    let refused = Tx::try_send(&mut tx, census.make(9)).unwrap_err();
    assert!(matches!(&refused, TrySendError::Closed(value) if value.id == 9));
    drop(refused);
    drop(tx);
    assert_eq!(census.alive(), 0);
}

fn senders_leave_and_values_stay<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Rx<Counted>,
{
    let census = Census::default();
    let (mut tx, mut rx) = C::make::<Counted>(3, NEAR_WRAP);
    for i in 0..3 {
        Tx::try_send(&mut tx, census.make(i)).unwrap();
    }
    drop(C::senders(tx, 3));
    assert!(rx.is_closed());
    assert_eq!(rx.sender_count(), 0);
    assert_eq!(Rx::recv(&mut rx).unwrap().id, 0);
    assert_eq!(Rx::drain(&mut rx).len(), 2);
    assert!(Rx::recv(&mut rx).is_err());
    assert_eq!(census.alive(), 0);
}

fn counts_and_identity<C: Channel>()
where
    Sender<u8, C::Kind>: Tx<u8>,
    Receiver<u8, C::Kind>: Rx<u8>,
{
    let (mut tx, rx) = C::make::<u8>(3, NEAR_WRAP);
    assert_eq!((tx.capacity(), rx.capacity()), (3, 3));
    for n in 0..3 {
        assert_eq!((tx.len(), rx.len()), (n, n));
        assert_eq!((tx.is_empty(), tx.is_full()), (n == 0, false));
        Tx::try_send(&mut tx, 0).unwrap();
    }
    assert!(rx.is_full() && tx.is_full() && !rx.is_empty());
    assert_eq!(Tx::try_send(&mut tx, 1), Err(TrySendError::Full(1)));
    let (other_tx, other_rx) = C::make::<u8>(3, 0);
    assert!(!tx.same_channel(&other_tx) && !rx.same_channel(&other_rx));
    let (senders, receivers) = (C::senders(tx, 2), C::receivers(rx, 3));
    let (tx, rx) = (&senders[0], &receivers[0]);
    assert_eq!((tx.sender_count(), rx.sender_count()), (senders.len(), senders.len()));
    assert_eq!((tx.receiver_count(), rx.receiver_count()), (receivers.len(), receivers.len()));
    assert!(senders.iter().all(|other| tx.same_channel(other)));
    assert!(receivers.iter().all(|other| rx.same_channel(other)));
}

/// Threads and tasks that wait on either side are all told.
fn closing_wakes_everybody<C: Channel>()
where
    Sender<u32, C::Kind>: Tx<u32>,
    Receiver<u32, C::Kind>: Rx<u32>,
{
    for drop_it in [true, false] {
        let (mut tx, rx) = C::make::<u32>(1, 0);
        Tx::try_send(&mut tx, 0).unwrap();
        let mut bells = Vec::new();
        let mut senders = C::senders(tx, 3);
        let mut futures: Vec<_> = senders
            .iter_mut()
            .map(|tx| {
                let mut future = Box::pin(Tx::send_async(tx, 1));
                let bell = Bell::new();
                assert!(bell.poll(future.as_mut()).is_pending());
                bells.push(bell);
                future
            })
            .collect();
        if drop_it {
            drop(rx);
        } else {
            rx.close();
        }
        for (future, bell) in futures.iter_mut().zip(&bells) {
            assert_eq!(bell.rings(), 1);
            assert_eq!(bell.poll(future.as_mut()), Poll::Ready(Err(SendError(1))));
        }

        let (tx, rx) = C::make::<u32>(1, 0);
        let receivers: Vec<_> = C::receivers(rx, 3)
            .into_iter()
            .map(|mut rx| thread::spawn(move || Rx::recv(&mut rx)))
            .collect();
        if drop_it {
            drop(tx);
            for receiver in receivers {
                assert_eq!(receiver.join().unwrap(), Err(RecvError));
            }
        } else {
            tx.close();
            for receiver in receivers {
                assert_eq!(receiver.join().unwrap(), Err(RecvError));
            }
        }
    }
}

fn closed_is_told<C: Channel>() {
    let (tx, rx) = C::make::<u32>(1, 0);
    let bell = Bell::new();
    let mut closed = pin!(tx.closed());
    assert!(bell.poll(closed.as_mut()).is_pending());
    drop(rx);
    assert_eq!(bell.rings(), 1);
    assert!(bell.poll(closed.as_mut()).is_ready());
    assert!(closed.is_terminated());
    assert!(bell.poll(closed.as_mut()).is_pending(), "fused");
}

/// A destructor that panics ends its own call; every other value is dropped once, and the channel goes
/// on.
#[test]
fn panicking_destructors() {
    struct Bomb(Arc<AtomicUsize>, bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            assert!(!self.1, "a bomb goes off");
        }
    }
    fn filled<C: Channel>(dropped: &Arc<AtomicUsize>, at: usize) -> common::Ends<Bomb, C::Kind>
    where
        Sender<Bomb, C::Kind>: Tx<Bomb>,
    {
        let (mut tx, rx) = C::make::<Bomb>(5, NEAR_WRAP);
        for i in 0..5 {
            assert!(Tx::try_send(&mut tx, Bomb(Arc::clone(dropped), i == at)).is_ok());
        }
        (tx, rx)
    }
    macro_rules! on {
        ($($flavour:ident),*) => {$({
            use common::$flavour as F;
            for at in 0..5 {
                // The last receiver goes, with a sender left; then with none.
                for sender_left in [true, false] {
                    let dropped = Arc::new(AtomicUsize::new(0));
                    let (tx, rx) = filled::<F>(&dropped, at);
                    let tx = sender_left.then_some(tx);
                    let panic = catch_unwind(AssertUnwindSafe(|| drop(rx)));
                    assert!(panic.is_err());
                    assert_eq!(dropped.load(Ordering::SeqCst), 5);
                    drop(tx);
                    assert_eq!(dropped.load(Ordering::SeqCst), 5);
                }
                // A batch that is being dropped by its receiver.
                let dropped = Arc::new(AtomicUsize::new(0));
                let (mut tx, mut rx) = filled::<F>(&dropped, at);
                let panic = catch_unwind(AssertUnwindSafe(|| drop(Rx::drain(&mut rx))));
                assert!(panic.is_err());
                assert_eq!(dropped.load(Ordering::SeqCst), 5);
                assert!(Tx::try_send(&mut tx, Bomb(Arc::clone(&dropped), false)).is_ok());
                assert!(Rx::try_recv(&mut rx).is_ok());
                assert_eq!(dropped.load(Ordering::SeqCst), 6);
            }
        })*};
    }
    on!(Spsc, Mpsc, Mpmc, EvictingSpsc, EvictingMpmc);
}

fn sizes_and_alignments<C: Channel>()
where
    Sender<(), C::Kind>: Tx<()>,
    Receiver<(), C::Kind>: Rx<()>,
{
    let (mut tx, mut rx) = C::make::<()>(3, NEAR_WRAP);
    for _ in 0..100 {
        assert_eq!(Tx::try_send_many(&mut tx, &mut vec![(); 5]), Ok(3));
        assert_eq!(Rx::drain(&mut rx).len(), 3);
    }
}

for_each_flavour!(
    closing_from_either_side,
    the_last_receiver_drops_what_is_queued,
    senders_leave_and_values_stay,
    counts_and_identity,
    closing_wakes_everybody,
    closed_is_told,
    sizes_and_alignments,
);

#[test]
fn large_and_over_aligned_values() {
    #[derive(Clone, PartialEq, Debug)]
    #[repr(align(256))]
    struct Page([u8; 4096]);
    let (mut tx, mut rx) = spsc::bounded(3);
    let (many, shared) = mpmc::bounded(3);
    for i in 0..20 {
        tx.try_send(Page([i; 4096])).unwrap();
        many.try_send(Page([i; 4096])).unwrap();
        let (one, two) = (rx.try_recv().unwrap(), shared.try_recv().unwrap());
        assert_eq!((&one.0[..], &two.0[..]), (&[i; 4096][..], &[i; 4096][..]));
        assert_eq!(std::ptr::from_ref(&one).addr() % 256, 0);
    }
}

#[test]
fn weak_senders_do_not_keep_a_channel_open() {
    let (tx, mut rx) = mpsc::bounded(1);
    let weak = tx.downgrade();
    let twin = weak.clone();
    let revived = weak.upgrade().unwrap();
    assert!(revived.same_channel(&tx));
    assert_eq!(rx.sender_count(), 2);
    drop(tx);
    revived.try_send(1).unwrap();
    drop(revived);
    assert!(weak.upgrade().is_none() && twin.upgrade().is_none());
    assert_eq!(rx.recv(), Ok(1));
    assert_eq!(rx.recv(), Err(RecvError));
    // After an explicit close a weak sender still finds its channel, closed.
    let (tx, rx) = mpmc::bounded(1);
    let weak = tx.downgrade();
    rx.close();
    assert_eq!(weak.upgrade().unwrap().try_send(1), Err(TrySendError::Closed(1)));
}

/// Nothing that was accepted is missed before Closed, whoever closes when; nothing refused arrives.
#[test]
fn closed_is_exact_under_load() {
    const ROUNDS: u64 = 400;
    for round in 0..ROUNDS {
        let (tx, rx) = mpmc::bounded(3);
        let accepted: u64 = thread::scope(|threads| {
            let senders: Vec<_> = (0..3)
                .map(|_| {
                    let tx = tx.clone();
                    threads.spawn(move || (0..).take_while(|&i| tx.send(i).is_ok()).count() as u64)
                })
                .collect();
            let closer = {
                let rx = rx.clone();
                threads.spawn(move || {
                    (0..round % 7).for_each(|_| assert!(rx.recv().is_ok()));
                    rx.close();
                    round % 7
                })
            };
            let mut received = 0;
            while rx.recv().is_ok() {
                received += 1;
            }
            let accepted = senders.into_iter().map(|sender| sender.join().unwrap()).sum();
            assert_eq!(accepted, received + closer.join().unwrap());
            accepted
        });
        assert!(accepted >= round % 7);
        assert!(rx.is_empty());
        common::conserved(&rx.stats());
    }
}

/// The same on the flavour whose sender learns of a close only after it has published.
#[test]
fn closed_is_exact_on_spsc() {
    for round in 0..1_000_u64 {
        let census = Census::default();
        let (mut tx, mut rx) = spsc::builder().capacity(2).start_at(NEAR_WRAP).build().unwrap();
        let mark = census.clone();
        let sender = thread::spawn(move || {
            let mut accepted = 0;
            loop {
                let mut batch = vec![mark.make(accepted), mark.make(accepted + 1)];
                match tx.send_many(&mut batch) {
                    Ok(n) => accepted += n as u64,
                    Err(SendError(n)) => {
                        accepted += n as u64;
                        let back: Vec<_> = batch.iter().map(|value| value.id).collect();
                        assert_eq!(back, (accepted..).take(2 - n).collect::<Vec<_>>());
                        return accepted;
                    }
                }
            }
        });
        for i in 0..round % 5 {
            assert_eq!(rx.recv().unwrap().id, i);
        }
        rx.close();
        let rest = rx.iter().count() as u64;
        assert_eq!(sender.join().unwrap(), round % 5 + rest);
        assert_eq!(census.alive(), 0);
        common::conserved(&rx.stats());
    }
}

#[test]
fn capacity_zero_is_refused() {
    let message = |make: fn()| {
        let panic = catch_unwind(make).unwrap_err();
        panic.downcast_ref::<String>().cloned().unwrap_or_default()
    };
    assert!(message(|| drop(spsc::bounded::<u8>(0))).contains("capacity"));
    assert!(message(|| drop(mpsc::bounded::<u8>(0))).contains("capacity"));
    assert!(message(|| drop(mpmc::bounded::<u8>(0))).contains("capacity"));
    let error = mpmc::builder().capacity(0).build::<u8>().unwrap_err();
    assert_eq!(error, BuildError::ZeroCapacity);
    assert_eq!(spsc::builder().build::<u8>().unwrap_err(), BuildError::ZeroCapacity);
}

#[test]
fn absurd_capacities_are_errors() {
    // The last two are about the width of positions, and no number at all on 32-bit targets.
    let positions = [1_u64 << 46, 1 << 45].map(usize::try_from);
    let words = [usize::MAX, usize::MAX / 2, isize::MAX as usize];
    for capacity in words.into_iter().chain(positions.into_iter().flatten()) {
        for error in [
            spsc::builder().capacity(capacity).build::<[u64; 4]>().unwrap_err(),
            mpsc::builder().capacity(capacity).build::<[u64; 4]>().unwrap_err(),
            mpmc::builder().capacity(capacity).evicting().build::<[u64; 4]>().unwrap_err(),
        ] {
            assert!(matches!(error, BuildError::CapacityTooLarge | BuildError::OutOfMemory));
        }
    }
}

#[test]
fn timeouts_of_any_size() {
    let (mut tx, mut rx) = spsc::bounded(1);
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    assert_eq!(tx.send_timeout(1, Duration::MAX), Ok(()));
    assert_eq!(tx.send_timeout(2, Duration::ZERO), Err(SendTimeoutError::Timeout(2)));
    let past = Instant::now() - Duration::from_nanos(1);
    assert_eq!(tx.send_deadline(3, past), Err(SendTimeoutError::Timeout(3)));
    // A deadline in the past still takes what is there.
    assert_eq!(rx.recv_deadline(past), Ok(1));
    assert_eq!(tx.send_deadline(4, past), Ok(()));
    assert_eq!(rx.recv_timeout(Duration::MAX), Ok(4));
    let before = Instant::now();
    let wait = Duration::from_millis(20);
    assert_eq!(rx.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    assert!(before.elapsed() >= wait, "not before its time");
}

/// A registration that nobody comes back for does not swallow the wake-up of a wait on the same handle.
#[test]
fn stale_registrations_absorb_nothing() {
    // The notification is only needed by whoever sleeps when it comes.
    let until_asleep = |asleep: &dyn Fn() -> bool| {
        while !asleep() {
            thread::yield_now();
        }
    };
    let builder = spsc::builder().capacity(1).wait_strategy(WaitStrategy::Park);
    let (mut tx, mut rx) = builder.build().unwrap();
    assert!(Bell::new().with(|cx| rx.poll_recv(cx)).is_pending());
    let receiver = thread::spawn(move || (rx.recv(), rx));
    until_asleep(&|| tx.stats().waiting_receivers == 2);
    tx.send(1).unwrap();
    let (received, _rx) = receiver.join().unwrap();
    assert_eq!(received, Ok(1));
    tx.send(2).unwrap();
    assert!(Bell::new().with(|cx| tx.poll_ready(cx)).is_pending());
    let (done, is_done) = spsc::bounded(1);
    let mut rx = _rx;
    let sender = thread::spawn(move || {
        let (mut tx, mut done) = (tx, done);
        tx.send(3).unwrap();
        done.send(()).unwrap();
    });
    until_asleep(&|| rx.stats().waiting_senders == 2);
    assert_eq!(rx.recv(), Ok(2));
    { is_done }.recv().unwrap();
    sender.join().unwrap();
    assert_eq!(rx.recv(), Ok(3));
}
