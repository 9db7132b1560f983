//! Bugs that shipped channel crates had or have, where no other file has a test for them already.
//!
//! The numbers are those of the list in `conformance/seeds/README.md`, which names the test of each; the
//! patches beside it put the bugs in.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use backpressure::{
    Credits, DropOldest, Merge, Offered, Receiver, Sender, TryRecvError, TrySendError,
    WaitStrategy, mpmc, mpsc, spsc,
};
use common::{Bell, Census, Channel, Counted, NEAR_WRAP, Rx, Tx};

/// A close beside a sender that evicts: once it has returned, the next offer is refused.
#[test]
fn survive_01_a_close_is_not_lost() {
    for round in 0..2_000 {
        let (mut tx, rx) = spsc::builder().capacity(1).evicting().build().unwrap();
        let closed = Arc::new(AtomicBool::new(false));
        let is_closed = Arc::clone(&closed);
        let begun = Arc::new(Barrier::new(2));
        let begins = Arc::clone(&begun);
        let sender = thread::spawn(move || {
            begins.wait();
            loop {
                // Read before the offer, which then comes after the close.
                let after = is_closed.load(Ordering::SeqCst);
                match tx.offer(0_u8, DropOldest) {
                    Err(error) => return assert_eq!(error, TrySendError::Closed(0)),
                    Ok(_) => assert!(!after, "accepted after the close"),
                }
            }
        });
        // Some way into the sender's loop.
        begun.wait();
        (0..round % 100).for_each(|_| std::hint::spin_loop());
        assert!(rx.close());
        closed.store(true, Ordering::SeqCst);
        sender.join().unwrap();
    }
}

/// Nothing is dropped that was never there: slots that nobody has written to have no value.
#[test]
fn survive_02_no_destructor_on_an_unwritten_slot() {
    /// Holds nothing, so that a destructor which runs on no value counts, and does no more harm.
    struct Counts;
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    impl Drop for Counts {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (tx, mut rx) = mpsc::bounded(4);
    for _ in 0..6 {
        assert!(tx.try_send(Counts).is_ok());
        drop(rx.try_recv());
    }
    std::mem::forget(tx.try_reserve_many(3));
    assert!(tx.try_send(Counts).is_ok());
    drop((rx, tx));
    assert_eq!(DROPPED.load(Ordering::SeqCst), 7);
}

/// Whatever is forgotten takes its credit with it; what is left serves the others, who are not kept.
#[test]
fn survive_02_what_is_forgotten_wedges_nobody() {
    let (tx, mut rx) = mpsc::builder().capacity(3).acknowledged().build().unwrap();
    std::mem::forget(tx.try_reserve().unwrap());
    tx.try_send(1).unwrap();
    std::mem::forget(rx.try_recv().unwrap());
    for _ in 0..10 {
        tx.try_send(2).unwrap();
        assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
        assert_eq!(*rx.try_recv().unwrap(), 2);
        assert!(matches!(rx.try_recv(), Err(TryRecvError::Empty)));
    }
    drop(tx);
    assert!(matches!(rx.try_recv(), Err(TryRecvError::Closed)));

    let gate = Credits::pool(2);
    std::mem::forget(gate.try_acquire(1).unwrap());
    assert!(gate.try_acquire(2).is_err() && gate.try_acquire(1).is_ok());
}

/// A merge is foreign code: while it runs, and after it has panicked, the channel is whole.
#[test]
fn survive_03_foreign_code_holds_no_slot() {
    let (tx, rx) = mpmc::builder().latest().build().unwrap();
    for round in 0..40 {
        tx.try_send(round).unwrap();
        let merge = |old: u32, new: u32| {
            // Nobody is kept out meanwhile.
            assert_eq!(tx.try_send(old), Ok(()));
            assert_eq!(rx.try_recv(), Ok(old));
            assert!(new % 2 == 0, "odd ones are not merged");
            old + new
        };
        let offered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tx.offer(round, Merge(merge))
        }));
        if round % 2 == 0 {
            assert_eq!(offered.unwrap(), Ok(Offered::Merged));
            assert_eq!(rx.try_recv(), Ok(2 * round));
        } else {
            assert!(offered.is_err());
        }
        assert_eq!((rx.try_recv(), rx.len()), (Err(TryRecvError::Empty), 0));
    }
}

/// Positions come round without anybody noticing.
fn survive_05_positions_wrap<C: Channel>()
where
    Sender<u64, C::Kind>: Tx<u64>,
    Receiver<u64, C::Kind>: Rx<u64>,
{
    for capacity in [1, 3, 4] {
        let (mut tx, mut rx) = C::make::<u64>(capacity, NEAR_WRAP);
        for i in 0..20 {
            let batch: Vec<_> = (i..i + capacity as u64).collect();
            assert_eq!(Tx::try_send_many(&mut tx, &mut batch.clone()), Ok(capacity));
            assert_eq!(Tx::try_send(&mut tx, 99), Err(TrySendError::Full(99)));
            assert_eq!(Rx::drain(&mut rx), batch);
        }
    }
}

/// Senders that evict exceed the capacity by one each, for a moment; nobody sees that.
#[test]
fn survive_06_len_stays_within_the_capacity() {
    let (tx, rx) = mpmc::builder().capacity(2).evicting().start_at(NEAR_WRAP).build().unwrap();
    let over = AtomicBool::new(false);
    // Nobody looks before each sender has sent: 300,000 looks may be over before a thread begins.
    let begun = Barrier::new(3);
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let _ = tx.offer(0_u8, DropOldest).unwrap();
                begun.wait();
                while !over.load(Ordering::Relaxed) {
                    let _ = tx.offer(0_u8, DropOldest).unwrap();
                }
            });
        }
        begun.wait();
        let lens = (0..300_000).map(|_| rx.len());
        let most = lens.max();
        over.store(true, Ordering::Relaxed);
        assert_eq!(most, Some(2));
    });
}

/// A value that comes just when a timed receive gives up is received by it or by the next one.
#[test]
fn survive_10_nothing_is_lost_at_the_deadline() {
    const ROUNDS: u32 = 300;
    let builder = spsc::builder().capacity(1).wait_strategy(WaitStrategy::Park);
    let (mut tx, mut rx) = builder.build().unwrap();
    let (mut ready, mut go) = spsc::bounded(1);
    let sender = thread::spawn(move || {
        for round in 0..ROUNDS {
            let deadline: Instant = go.recv().unwrap();
            while Instant::now() < deadline {
                std::hint::spin_loop();
            }
            tx.send(round).unwrap();
        }
    });
    for round in 0..ROUNDS {
        // Each a little further past the moment at which the sender sends.
        let deadline = Instant::now() + Duration::from_micros(100);
        ready.send(deadline).unwrap();
        let late = Duration::from_micros(u64::from(round % 30));
        let timed = rx.recv_deadline(deadline + late).ok();
        assert_eq!(timed.or_else(|| rx.recv_timeout(Duration::from_secs(10)).ok()), Some(round));
    }
    sender.join().unwrap();
}

/// A timeout that cannot be added to the present time is for ever.
#[test]
fn survive_10_an_endless_timeout() {
    let (mut tx, mut rx) = spsc::bounded(1);
    let receiver = thread::spawn(move || rx.recv_timeout(Duration::MAX));
    while tx.stats().waiting_receivers == 0 && !receiver.is_finished() {
        thread::yield_now();
    }
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(receiver.join().unwrap(), Ok(1));
}

/// One of two receivers goes, and its waker with it.
#[test]
fn survive_12_a_waker_goes_with_its_handle() {
    let (_tx, rx) = mpmc::bounded::<u8>(1);
    let (mut other, bell) = (rx.clone(), Bell::new());
    assert!(bell.with(|cx| other.poll_recv(cx)).is_pending());
    drop(other);
    assert_eq!((rx.stats().waiting_receivers, Arc::strong_count(&bell)), (0, 1));
}

/// A handle that is polled again and again stands in line once.
#[test]
fn survive_12_polling_again_does_not_queue_again() {
    let (mut tx, mut rx) = mpsc::bounded::<u8>(1);
    let bell = Bell::new();
    for _ in 0..100 {
        assert!(bell.with(|cx| rx.poll_recv(cx)).is_pending());
        assert_eq!((rx.stats().waiting_receivers, Arc::strong_count(&bell)), (1, 2));
    }
    tx.try_send(1).unwrap();
    for _ in 0..100 {
        assert!(bell.with(|cx| tx.poll_reserve(cx)).is_pending());
        assert_eq!(tx.stats().waiting_senders, 1);
    }
    drop((tx, rx));
    assert_eq!(Arc::strong_count(&bell), 1);
}

/// One place: full, empty, and what was there is what comes out.
fn survive_13_capacity_one<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Rx<Counted>,
{
    let census = Census::default();
    let (mut tx, mut rx) = C::make::<Counted>(1, NEAR_WRAP);
    for id in 0..20 {
        assert!(Tx::try_send(&mut tx, census.make(id)).is_ok());
        assert!(matches!(Tx::try_send(&mut tx, census.make(99)), Err(TrySendError::Full(_))));
        assert_eq!(Rx::try_recv(&mut rx).unwrap().id, id);
        assert_eq!(Rx::try_recv(&mut rx).unwrap_err(), TryRecvError::Empty);
        assert_eq!(census.alive(), 0);
    }
}

for_each_flavour!(survive_05_positions_wrap, survive_13_capacity_one);

/// Threads that all share one processor hand a message to and fro: each must let the other run.
#[cfg(target_os = "linux")]
#[test]
fn survive_14_one_processor() {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    const TRIPS: u32 = 50_000;
    // More processors are known to the process than its threads may use.
    drop(spsc::bounded::<u8>(1));
    let allowed = sched_getaffinity(None).unwrap();
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu)).unwrap());
    let pinned = thread::spawn(move || {
        sched_setaffinity(None, &one).unwrap();
        let ((mut there, mut arrives), (mut back, mut returns)) =
            (spsc::bounded(1), spsc::bounded(1));
        // Inherits the one processor.
        let echo = thread::spawn(move || {
            while let Ok(i) = arrives.recv() {
                back.send(i).unwrap();
            }
        });
        for i in 0..TRIPS {
            there.send(i).unwrap();
            assert_eq!(returns.recv(), Ok(i));
        }
        drop(there);
        echo.join().unwrap();
    });
    pinned.join().unwrap();
}

/// A waker that begins another wait on the very side that it is called from.
#[test]
fn survive_16_wakers_are_called_outside_locks() {
    struct Again(mpmc::Sender<u8>, AtomicUsize);
    impl Wake for Again {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::SeqCst);
            let mut first = std::pin::pin!(self.0.send_async(1));
            let mut second = std::pin::pin!(self.0.send_async(2));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(
                first.as_mut().poll(&mut cx).is_ready(),
                "there is room: it was woken for that"
            );
            assert!(second.as_mut().poll(&mut cx).is_pending());
        }
    }
    let (tx, rx) = mpmc::bounded(1);
    tx.try_send(0).unwrap();
    let again = Arc::new(Again(tx.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&again));
    let mut send = Box::pin(tx.send_async(9));
    assert!(send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(0), Ok(1)));
    assert!(again.1.load(Ordering::SeqCst) >= 1);
}
