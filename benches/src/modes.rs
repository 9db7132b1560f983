//! How one side of a channel is driven. A library that lacks a mode does not compile in it.

use std::hint::{black_box, spin_loop};
use std::thread;

use crate::contestants::{Batching, Blocking, Contestant, Message, Polled, Tasks};

/// A way to send and to receive.
pub trait Mode<C: Contestant>: 'static {
    /// What cells call it.
    const NAME: &'static str;

    /// Sends `count` messages.
    fn send<T: Message>(tx: &mut C::Tx<T>, count: u64);

    /// Receives `most` messages, or until the channel is closed; how many.
    fn recv<T: Message>(rx: &mut C::Rx<T>, most: u64) -> u64;
}

/// How many messages a batch has.
pub const BATCH: usize = 16;

/// What all who poll do between attempts: pause, and yield now and then, or two of them on one
/// processor would wait for each other's time slices.
#[derive(Debug, Default)]
struct Patience(u32);

impl Patience {
    #[inline(always)]
    fn wait(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(64) {
            thread::yield_now();
        } else {
            spin_loop();
        }
    }
}

#[inline(always)]
fn message<T: Message>(n: u64) -> T {
    black_box(T::numbered(n))
}

/// `try_send` and `try_recv` until they succeed.
#[derive(Debug)]
pub enum Poll {}

impl<C: Contestant> Mode<C> for Poll {
    const NAME: &'static str = "poll";

    fn send<T: Message>(tx: &mut C::Tx<T>, count: u64) {
        for n in 0..count {
            let value = message(n);
            let mut patience = Patience::default();
            while !C::try_send(tx, value) {
                patience.wait();
            }
        }
    }

    fn recv<T: Message>(rx: &mut C::Rx<T>, most: u64) -> u64 {
        for n in 0..most {
            let mut patience = Patience::default();
            loop {
                match C::try_recv(rx) {
                    Polled::Value(value) => {
                        black_box(value);
                        break;
                    }
                    Polled::Empty => patience.wait(),
                    Polled::Closed => return n,
                }
            }
        }
        most
    }
}

/// Blocking `send` and `recv`.
#[derive(Debug)]
pub enum Block {}

impl<C: Blocking> Mode<C> for Block {
    const NAME: &'static str = "block";

    fn send<T: Message>(tx: &mut C::Tx<T>, count: u64) {
        for n in 0..count {
            C::send(tx, message(n));
        }
    }

    fn recv<T: Message>(rx: &mut C::Rx<T>, most: u64) -> u64 {
        for n in 0..most {
            match C::recv(rx) {
                Some(value) => _ = black_box(value),
                None => return n,
            }
        }
        most
    }
}

/// As [`Poll`], in batches of [`BATCH`].
#[derive(Debug)]
pub enum PollBatches {}

impl<C: Batching> Mode<C> for PollBatches {
    const NAME: &'static str = "poll";

    fn send<T: Message>(tx: &mut C::Tx<T>, count: u64) {
        send_batches(count, |batch| {
            let mut patience = Patience::default();
            loop {
                C::try_send_many(tx, batch);
                if batch.is_empty() {
                    break;
                }
                patience.wait();
            }
        });
    }

    fn recv<T: Message>(rx: &mut C::Rx<T>, most: u64) -> u64 {
        recv_batches(most, |batch, limit| {
            let mut patience = Patience::default();
            loop {
                match C::try_recv_many(rx, batch, limit) {
                    Polled::Value(n) => break Some(n),
                    Polled::Empty => patience.wait(),
                    Polled::Closed => break None,
                }
            }
        })
    }
}

/// As [`Block`], in batches of [`BATCH`].
#[derive(Debug)]
pub enum BlockBatches {}

impl<C: Batching> Mode<C> for BlockBatches {
    const NAME: &'static str = "block";

    fn send<T: Message>(tx: &mut C::Tx<T>, count: u64) {
        send_batches(count, |batch| C::send_many(tx, batch));
    }

    fn recv<T: Message>(rx: &mut C::Rx<T>, most: u64) -> u64 {
        recv_batches(most, |batch, limit| C::recv_many(rx, batch, limit))
    }
}

#[inline(always)]
fn send_batches<T: Message>(count: u64, mut send: impl FnMut(&mut Vec<T>)) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut next = 0;
    while next < count {
        let end = count.min(next + BATCH as u64);
        batch.extend((next..end).map(message::<T>));
        send(&mut batch);
        next = end;
    }
}

#[inline(always)]
fn recv_batches<T: Message>(
    most: u64,
    mut recv: impl FnMut(&mut Vec<T>, usize) -> Option<usize>,
) -> u64 {
    let mut batch = Vec::with_capacity(BATCH);
    let mut received = 0;
    while received < most {
        let limit = BATCH.min((most - received) as usize);
        let Some(n) = recv(&mut batch, limit) else { break };
        received += n as u64;
        for value in batch.drain(..) {
            black_box(value);
        }
    }
    received
}

/// `send_async` and `recv_async`, one task a thread.
#[derive(Debug)]
pub enum Await {}

impl<C: Tasks> Mode<C> for Await {
    const NAME: &'static str = "async";

    fn send<T: Message>(tx: &mut C::Tx<T>, count: u64) {
        pollster::block_on(async {
            for n in 0..count {
                C::send_async(tx, message(n)).await;
            }
        });
    }

    fn recv<T: Message>(rx: &mut C::Rx<T>, most: u64) -> u64 {
        pollster::block_on(async {
            for n in 0..most {
                match C::recv_async(rx).await {
                    Some(value) => _ = black_box(value),
                    None => return n,
                }
            }
            most
        })
    }
}
