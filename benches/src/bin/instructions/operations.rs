//! What is counted: each operation in a loop, alone, with 8-byte messages.
//!
//! Nothing is ever contended here, and no wait ever begins: these are the paths that a message takes
//! when all is well.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use backpressure::{Credits, DropOldest, Offered, mpmc, mpsc, spsc};
use backpressure_benches::contestants::{
    Contestant, Crossbeam, Mpmc, MpmcAck, MpmcPull, Mpsc, MpscAck, MpscPull, Polled, RecvAsync,
    RecvBlocking, Rtrb, SendAsync, SendBlocking, Spsc, SpscAck, SpscPull, Std, TryRecv,
    TryRecvMany, TrySend, TrySendMany,
};
use crossbeam_queue::ArrayQueue;

/// Slots of every channel; a multiple of the batches would be a special case, so batches have more.
const CAPACITY: usize = 64;
const BATCH_CAPACITY: usize = 1024;

/// One line of the table.
pub(crate) struct Operation {
    /// Such as `spsc/try`: who, and what.
    pub(crate) name: &'static str,
    /// Whether it is ours, and has a limit.
    pub(crate) ours: bool,
    /// Does it for so many messages.
    pub(crate) run: fn(u64),
}

const fn ours(name: &'static str, run: fn(u64)) -> Operation {
    Operation { name, ours: true, run }
}

const fn theirs(name: &'static str, run: fn(u64)) -> Operation {
    Operation { name, ours: false, run }
}

/// All of them.
pub(crate) const OPERATIONS: &[Operation] = &[
    ours("spsc/try", tried::<Spsc>),
    ours("mpsc/try", tried::<Mpsc>),
    ours("mpmc/try", tried::<Mpmc>),
    ours("spsc/block", blocked::<Spsc>),
    ours("mpsc/block", blocked::<Mpsc>),
    ours("mpmc/block", blocked::<Mpmc>),
    ours("spsc/batch-16", batched::<Spsc, 16>),
    ours("mpsc/batch-16", batched::<Mpsc, 16>),
    ours("mpmc/batch-16", batched::<Mpmc, 16>),
    ours("spsc/batch-256", batched::<Spsc, 256>),
    ours("mpsc/batch-256", batched::<Mpsc, 256>),
    ours("mpmc/batch-256", batched::<Mpmc, 256>),
    ours("spsc/async", awaited::<Spsc>),
    ours("mpsc/async", awaited::<Mpsc>),
    ours("mpmc/async", awaited::<Mpmc>),
    ours("spsc/reserve", reserved_spsc),
    ours("mpsc/reserve", reserved_mpsc),
    ours("mpmc/reserve", reserved_mpmc),
    ours("spsc/evict", evicted_spsc),
    ours("mpsc/evict", evicted_mpsc),
    ours("mpmc/evict", evicted_mpmc),
    ours("spsc/acknowledge", tried::<SpscAck>),
    ours("mpsc/acknowledge", tried::<MpscAck>),
    ours("mpmc/acknowledge", tried::<MpmcAck>),
    ours("spsc/pulled", tried::<SpscPull>),
    ours("mpsc/pulled", tried::<MpscPull>),
    ours("mpmc/pulled", tried::<MpmcPull>),
    ours("credits/acquire", acquired),
    theirs("rtrb/try", tried::<Rtrb>),
    theirs("rtrb/batch-16", rtrb_chunks::<16>),
    theirs("rtrb/batch-256", rtrb_chunks::<256>),
    theirs("crossbeam/try", tried::<Crossbeam>),
    theirs("crossbeam/block", blocked::<Crossbeam>),
    theirs("std/try", tried::<Std>),
    theirs("std/block", blocked::<Std>),
    theirs("ArrayQueue/try", array_queue),
    theirs("ArrayQueue/evict", array_queue_evicting),
];

/// `try_send` and `try_recv`.
fn tried<C: Contestant>(messages: u64)
where
    C::Tx<u64>: TrySend<u64>,
    C::Rx<u64>: TryRecv<u64>,
{
    let (mut tx, mut rx) = C::bounded::<u64>(CAPACITY);
    for i in 0..messages {
        assert!(tx.offer(black_box(i)));
        match rx.look() {
            Polled::Value(value) => drop(black_box(value)),
            Polled::Empty | Polled::Closed => panic!("a message was sent"),
        }
    }
}

/// `send` and `recv`.
fn blocked<C: Contestant>(messages: u64)
where
    C::Tx<u64>: SendBlocking<u64>,
    C::Rx<u64>: RecvBlocking<u64>,
{
    let (mut tx, mut rx) = C::bounded::<u64>(CAPACITY);
    for i in 0..messages {
        assert!(tx.put(black_box(i)));
        black_box(rx.take()).expect("a message was sent");
    }
}

/// `try_send_many` and `try_recv_many`, with filling and emptying the vectors.
fn batched<C: Contestant, const K: u64>(messages: u64)
where
    C::Tx<u64>: TrySendMany<u64>,
    C::Rx<u64>: TryRecvMany<u64>,
{
    let (mut tx, mut rx) = C::bounded::<u64>(BATCH_CAPACITY);
    let (mut from, mut into) = (Vec::new(), Vec::new());
    for _ in 0..messages / K {
        from.extend(0..K);
        tx.offer_many(&mut from);
        match rx.look_many(&mut into, K as usize) {
            Polled::Value(received) => assert_eq!(received as u64, K),
            Polled::Empty | Polled::Closed => panic!("messages were sent"),
        }
        black_box(&mut into).clear();
    }
}

/// Futures that are ready when first polled.
fn awaited<C: Contestant>(messages: u64)
where
    C::Tx<u64>: SendAsync<u64>,
    C::Rx<u64>: RecvAsync<u64>,
{
    let (mut tx, mut rx) = C::bounded::<u64>(CAPACITY);
    let mut cx = Context::from_waker(Waker::noop());
    for i in 0..messages {
        assert!(pin!(tx.put_async(black_box(i))).poll(&mut cx).is_ready());
        assert!(black_box(pin!(rx.take_async()).poll(&mut cx)).is_ready());
    }
}

/// The flavours' operations are called the same, but are not one trait.
macro_rules! of_flavour {
    ($($flavour:ident: $reserved:ident, $evicted:ident;)*) => {$(
        /// `try_reserve`, the permit's `send`, and `try_recv`.
        #[allow(unused_mut, reason = "shared sides need no `mut`")]
        fn $reserved(messages: u64) {
            let (mut tx, mut rx) = $flavour::bounded(CAPACITY);
            for i in 0..messages {
                tx.try_reserve().expect("there is room").send(black_box(i)).expect("it is open");
                black_box(rx.try_recv()).expect("a message was sent");
            }
        }

        /// `offer` with `DropOldest` on a full channel.
        #[allow(unused_mut, reason = "shared sides need no `mut`")]
        fn $evicted(messages: u64) {
            let builder = $flavour::builder().capacity(CAPACITY).evicting();
            let (mut tx, _rx) = builder.build().expect("the capacity is sound");
            let mut evicted = 0;
            for i in 0..messages + CAPACITY as u64 {
                match black_box(tx.offer(black_box(i), DropOldest)) {
                    Ok(Offered::Evicted(_)) => evicted += 1,
                    other => assert!(other.is_ok()),
                }
            }
            assert_eq!(evicted, messages);
        }
    )*};
}
of_flavour! {
    spsc: reserved_spsc, evicted_spsc;
    mpsc: reserved_mpsc, evicted_mpsc;
    mpmc: reserved_mpmc, evicted_mpmc;
}

/// `Credits::try_acquire`, and the permit dropped.
fn acquired(times: u64) {
    let credits = Credits::pool(CAPACITY as u64);
    for _ in 0..times {
        drop(black_box(credits.try_acquire(black_box(1))).expect("there are credits"));
    }
}

/// rtrb's way to move several.
fn rtrb_chunks<const K: u64>(messages: u64) {
    let (mut tx, mut rx) = rtrb::RingBuffer::<u64>::new(BATCH_CAPACITY);
    let (mut from, mut into) = (Vec::new(), Vec::new());
    for _ in 0..messages / K {
        from.extend(0..K);
        let room = tx.write_chunk_uninit(K as usize).expect("there is room");
        assert_eq!(room.fill_from_iter(from.drain(..)) as u64, K);
        into.extend(rx.read_chunk(K as usize).expect("messages were sent"));
        black_box(&mut into).clear();
    }
}

fn array_queue(messages: u64) {
    let queue = ArrayQueue::new(CAPACITY);
    for i in 0..messages {
        queue.push(black_box(i)).expect("there is room");
        black_box(queue.pop()).expect("a message was sent");
    }
}

/// `force_push` on a full queue.
fn array_queue_evicting(messages: u64) {
    let queue = ArrayQueue::new(CAPACITY);
    let mut evicted = 0;
    for i in 0..messages + CAPACITY as u64 {
        evicted += u64::from(black_box(queue.force_push(black_box(i))).is_some());
    }
    assert_eq!(evicted, messages);
}
