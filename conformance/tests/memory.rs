//! What is allocated, and when: counted by the allocator.
#![expect(unused_mut, reason = "the same text serves sides with one handle and with many")]
#![expect(unsafe_code, reason = "a global allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use backpressure::{DropOldest, mpmc, mpsc, spsc};

struct Counting;

static ALL: AtomicUsize = AtomicUsize::new(0);
thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALL.fetch_add(1, Ordering::Relaxed);
        // A thread that ends may allocate after its counters are gone.
        let _ = CALLS.try_with(|calls| calls.set(calls.get() + 1));
        let _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size()));
        let _ = LIVE.try_with(|live| live.set(live.get() + layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let _ = LIVE.try_with(|live| live.set(live.get() - layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn calls() -> usize {
    CALLS.get()
}

fn bytes_of<R>(make: impl FnOnce() -> R) -> (usize, R) {
    let before = BYTES.get();
    let made = make();
    (BYTES.get() - before, made)
}

/// Slots of one value and one stamp each; beside them a fixed amount, the same for every type and
/// capacity of a flavour. Documented in the guarantees.
#[test]
fn a_channel_is_its_slots_and_a_fixed_rest() {
    // The process's first channel asks the system a few things.
    drop(spsc::bounded::<u8>(1));
    macro_rules! rest {
        ($builder:expr, $spare:expr) => {{
            let rest = |capacity: usize| {
                let slots = (capacity + $spare).next_power_of_two().max(2);
                let (small, _ends) = bytes_of(|| $builder.capacity(capacity).build::<u8>());
                let (word, _ends) = bytes_of(|| $builder.capacity(capacity).build::<u64>());
                let (page, _ends) = bytes_of(|| $builder.capacity(capacity).build::<[u8; 4096]>());
                let rests = [small - slots * 16, word - slots * 16, page - slots * (4096 + 8)];
                assert!(rests.iter().all(|rest| *rest == rests[0]), "{rests:?}");
                rests[0]
            };
            let rests = [1, 2, 3, 64, 1000, 1024, 1025].map(rest);
            assert!(rests.iter().all(|rest| *rest == rests[0]), "{rests:?}");
            rests[0]
        }};
    }
    let rests = [
        rest!(spsc::builder(), 0),
        rest!(mpsc::builder(), 0),
        rest!(mpmc::builder(), 0),
        rest!(mpmc::builder().evicting(), 8),
    ];
    let windows = [rest!(mpsc::builder().acknowledged(), 0), rest!(mpmc::builder().pulled(0), 0)];
    println!("beside the slots: {rests:?} bytes, with a window {windows:?}");
    assert_eq!(windows[0], windows[1]);
    assert!(rests.iter().all(|rest| *rest == rests[0]));
    // "About a dozen cache lines" of 128 bytes, as padding is on this processor.
    if cfg!(target_arch = "x86_64") {
        assert!(rests[0] <= 12 * 128, "{rests:?}");
        assert!(windows[0] - rests[0] <= 7 * 128, "{windows:?}");
    }
}

/// What deliveries come back to is freed with the last of them, be that before or after the channel's end, and
/// wherever positions begin and wrap. Not earlier: somebody would come back to nothing.
#[test]
fn a_channel_is_freed_with_its_last_delivery() {
    drop(spsc::bounded::<u8>(1));
    macro_rules! ends {
        ($flavour:ident, $start:expr, $messages:expr, $kept:expr) => {{
            let (messages, kept) = ($messages, $kept);
            // Made before anything is measured, as large as it will be.
            let mut deliveries = Vec::with_capacity(8);
            let before = LIVE.get();
            let builder = $flavour::builder().capacity(8).start_at($start);
            let (tx, rx) = builder.acknowledged().build::<u8>().unwrap();
            let (mut tx, mut rx) = (tx, rx);
            let whole = LIVE.get() - before;
            for i in 0..messages {
                tx.try_send(i).unwrap();
                deliveries.push(rx.try_recv().unwrap());
                if deliveries.len() > kept {
                    drop(deliveries.swap_remove(0));
                }
            }
            tx.try_send(9).unwrap(); // dropped with the channel
            drop((tx, rx));
            while !deliveries.is_empty() {
                let left = LIVE.get() - before;
                assert!(0 < left && left < whole, "{left} of {whole} bytes are left");
                drop(deliveries.pop());
            }
            assert_eq!(LIVE.get(), before);
        }};
    }
    for start in [0, 1, (1 << 46) - 3, (1 << 46) - 1] {
        for kept in [0, 1, 5] {
            ends!(spsc, start, 20, kept);
            ends!(mpsc, start, 20, kept);
            ends!(mpmc, start, 20, kept);
        }
        ends!(spsc, start, 0, 0);
        ends!(mpmc, start, 0, 0);
    }
}

#[test]
fn messages_allocate_nothing() {
    let (acked, mut deliveries) = mpsc::builder().capacity(4).acknowledged().build().unwrap();
    let (mut tx, mut rx) = spsc::bounded(4);
    let (many, shared) = mpmc::builder().capacity(4).evicting().build().unwrap();
    let mut batch = Vec::with_capacity(8);
    let mut into = Vec::with_capacity(8);
    let before = calls();
    for i in 0..100 {
        tx.try_send(i).unwrap();
        many.try_send(i).unwrap();
        acked.try_send(i).unwrap();
        drop(deliveries.try_recv().unwrap().map(i64::from));
        tx.try_reserve().unwrap().send(i).unwrap();
        many.try_reserve_many(2).unwrap().send(i).unwrap();
        batch.extend([i, i]);
        tx.try_send_many(&mut batch).unwrap();
        assert!(batch.is_empty());
        let _ = many.offer(i, DropOldest);
        let _ = many.force_send(i);
        rx.try_recv_many(&mut into, 8).unwrap();
        into.clear();
        while shared.try_recv().is_ok() {}
    }
    assert_eq!(calls(), before);
}

/// Pending futures, polled, woken and dropped: after the first on each side the list of waiters is
/// there.
#[test]
fn tasks_wait_without_allocating() {
    let mut cx = Context::from_waker(Waker::noop());
    let (tx, mut rx) = mpsc::bounded(1);
    let mut before = 0;
    for round in 0..100 {
        if round == 1 {
            before = calls();
        }
        {
            let mut receive = pin!(rx.recv_async());
            assert!(receive.as_mut().poll(&mut cx).is_pending());
            tx.try_send(round).unwrap();
            assert!(receive.as_mut().poll(&mut cx).is_ready());
        }
        tx.try_send(round).unwrap();
        {
            let mut send = pin!(tx.send_async(round));
            assert!(send.as_mut().poll(&mut cx).is_pending());
            assert_eq!(rx.try_recv(), Ok(round));
            assert!(send.as_mut().poll(&mut cx).is_ready());
        }
        rx.try_recv().unwrap();
    }
    assert_eq!(calls(), before);
}

/// Threads that put each other to sleep at every message.
#[test]
fn threads_wait_without_allocating() {
    fn steady(mut round_trip: impl FnMut(u64) -> bool) -> usize {
        for i in 0..50 {
            assert!(round_trip(i));
        }
        let before = calls();
        for i in 50..2_000 {
            assert!(round_trip(i));
        }
        calls() - before
    }
    /// Makes the list's first entry, and the thread's waker.
    const MOMENT: Duration = Duration::from_millis(1);
    let (mut there, mut at_peer) = spsc::bounded(1);
    let (back, mut at_us) = mpsc::bounded(1);
    assert!(at_peer.recv_timeout(MOMENT).is_err() && at_us.recv_timeout(MOMENT).is_err());
    let peer = thread::spawn(move || {
        let (_keep, mut nothing) = spsc::bounded::<()>(1);
        assert!(nothing.recv_timeout(MOMENT).is_err());
        steady(|_| at_peer.recv().is_ok_and(|value: u64| back.send(value).is_ok()))
    });
    let ours = steady(|i| {
        there.send(i).unwrap();
        at_us.recv() == Ok(i)
    });
    assert_eq!((ours, peer.join().unwrap()), (0, 0));
}
