//! Queues that can only be polled. They say nothing of an end, which a single consumer that counts need not
//! hear.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;
use ringbuf::traits::{Consumer, Producer, Split};
use ringbuf::{HeapCons, HeapProd, HeapRb};

use super::macros::{can, contestant};
use super::{Message, Polled};

/// One side of a shared `ArrayQueue`.
pub type Shared<T> = Arc<ArrayQueue<T>>;

contestant!(
    /// `crossbeam_queue::ArrayQueue`.
    Array, "ArrayQueue", Shared<T>, Shared<T>, |capacity| {
        let queue = Arc::new(ArrayQueue::new(capacity));
        (queue.clone(), queue)
    }
);
can! {
    try_send Shared<T>: |queue, value| queue.push(value).is_ok();
    force_send Shared<T>: |queue, value| queue.force_push(value).is_some();
    try_recv Shared<T>: |queue| queue.pop().map_or(Polled::Empty, Polled::Value);
}

contestant!(
    /// `rtrb::RingBuffer`.
    Rtrb, "rtrb", rtrb::Producer<T>, rtrb::Consumer<T>, |capacity| rtrb::RingBuffer::new(capacity)
);
can! {
    try_send rtrb::Producer<T>: |tx, value| tx.push(value).is_ok();
    try_send_many rtrb::Producer<T>: |tx, values| {
        let sent = tx.push_partial_slice(values).0.len();
        values.drain(..sent);
    };
    try_recv rtrb::Consumer<T>: |rx| rx.pop().map_or(Polled::Empty, Polled::Value);
    try_recv_many rtrb::Consumer<T>: |rx, into, limit| {
        received(into, limit, |slots| rx.pop_partial_slice(slots).0.len())
    };
}

contestant!(
    /// `ringbuf::HeapRb`.
    Ringbuf, "ringbuf", HeapProd<T>, HeapCons<T>, |capacity| HeapRb::new(capacity).split()
);
can! {
    try_send HeapProd<T>: |tx, value| tx.try_push(value).is_ok();
    try_send_many HeapProd<T>: |tx, values| {
        let sent = tx.push_slice(values);
        values.drain(..sent);
    };
    try_recv HeapCons<T>: |rx| rx.try_pop().map_or(Polled::Empty, Polled::Value);
    try_recv_many HeapCons<T>: |rx, into, limit| received(into, limit, |slots| rx.pop_slice(slots));
}

/// Queues that fill a slice are given one, of a length that the vector had before: nothing is cleared twice.
#[inline(always)]
fn received<T: Message>(
    into: &mut Vec<T>,
    limit: usize,
    fill: impl FnOnce(&mut [T]) -> usize,
) -> Polled<usize> {
    let before = into.len();
    into.resize(before + limit, T::default());
    let n = fill(&mut into[before..]);
    into.truncate(before + n);
    if n == 0 { Polled::Empty } else { Polled::Value(n) }
}

contestant!(
    /// `nexus_queue::spsc`.
    NexusSpsc, "nexus-queue", nexus_queue::spsc::Producer<T>, nexus_queue::spsc::Consumer<T>,
    |capacity| nexus_queue::spsc::ring_buffer(capacity)
);
can! {
    try_send nexus_queue::spsc::Producer<T>: |tx, value| tx.push(value).is_ok();
    try_recv nexus_queue::spsc::Consumer<T>: |rx| rx.pop().map_or(Polled::Empty, Polled::Value);
}

contestant!(
    /// `nexus_queue::mpsc`.
    NexusMpsc, "nexus-queue", nexus_queue::mpsc::Producer<T>, nexus_queue::mpsc::Consumer<T>,
    |capacity| nexus_queue::mpsc::ring_buffer(capacity)
);
can! {
    try_send nexus_queue::mpsc::Producer<T>: |tx, value| tx.push(value).is_ok();
    try_recv nexus_queue::mpsc::Consumer<T>: |rx| rx.pop().map_or(Polled::Empty, Polled::Value);
}
