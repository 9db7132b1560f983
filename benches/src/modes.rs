//! How one side of a channel is driven: polling, blocking, as a task; one by one or in batches.
//!
//! A mode is written once, for all contestants: the same patience between attempts, the same black boxes. A
//! library that lacks a mode does not compile in it.

use std::hint::{black_box, spin_loop};
use std::thread;

use crate::contestants::{
    ForTasks, Message, Polled, RecvAsync, RecvBlocking, RecvMany, RecvManyAsync, SendAsync,
    SendBlocking, SendMany, SendManyAsync, TryRecv, TryRecvMany, TrySend, TrySendMany,
};
use crate::race::Work;

/// A way to send.
pub trait Sending<H, T: Message>: Copy + Send + 'static {
    /// Sends `count` messages, then lets go of the handle.
    fn all(self, tx: H, count: u64) -> Work;
}

/// A way to receive.
pub trait Receiving<H, T: Message>: Copy + Send + 'static {
    /// Receives `most` messages, or until the channel is closed, then lets go of the handle.
    fn all(self, rx: H, most: u64) -> Work;
}

/// A way in which a thread sends.
pub trait Sends<H, T: Message>: Copy + Send + 'static {
    /// Sends `count` messages.
    fn send(self, tx: &mut H, count: u64);
}

/// A way in which a thread receives.
pub trait Receives<H, T: Message>: Copy + Send + 'static {
    /// Receives `most` messages, or until the channel is closed; how many.
    fn recv(self, rx: &mut H, most: u64) -> u64;
}

/// What all who poll do between attempts: pause, and yield now and then, or two of them on one
/// processor would wait for each other's time slices.
#[derive(Debug, Default)]
pub struct Patience(u32);

impl Patience {
    /// Once.
    #[inline(always)]
    pub fn wait(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(64) {
            thread::yield_now();
        } else {
            spin_loop();
        }
    }
}

/// The message of this number, of which the compiler knows nothing.
#[inline(always)]
pub fn message<T: Message>(n: u64) -> T {
    black_box(T::numbered(n))
}

/// `try_send` and `try_recv` until they succeed.
#[derive(Clone, Copy, Debug)]
pub struct Poll;

impl<H: TrySend<T>, T: Message> Sends<H, T> for Poll {
    fn send(self, tx: &mut H, count: u64) {
        for n in 0..count {
            let value = message(n);
            let mut patience = Patience::default();
            while !tx.offer(value) {
                patience.wait();
            }
        }
    }
}

impl<H: TryRecv<T>, T: Message> Receives<H, T> for Poll {
    fn recv(self, rx: &mut H, most: u64) -> u64 {
        for n in 0..most {
            let mut patience = Patience::default();
            loop {
                match rx.look() {
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
#[derive(Clone, Copy, Debug)]
pub struct Block;

impl<H: SendBlocking<T>, T: Message> Sends<H, T> for Block {
    fn send(self, tx: &mut H, count: u64) {
        for n in 0..count {
            assert!(tx.put(message(n)));
        }
    }
}

impl<H: RecvBlocking<T>, T: Message> Receives<H, T> for Block {
    fn recv(self, rx: &mut H, most: u64) -> u64 {
        for n in 0..most {
            match rx.take() {
                Some(value) => _ = black_box(value),
                None => return n,
            }
        }
        most
    }
}

/// As [`Poll`], so many at a time.
#[derive(Clone, Copy, Debug)]
pub struct PollMany(pub usize);

impl<H: TrySendMany<T>, T: Message> Sends<H, T> for PollMany {
    fn send(self, tx: &mut H, count: u64) {
        let mut batches = Batches::new(count, self.0);
        while let Some(batch) = batches.next() {
            let mut patience = Patience::default();
            loop {
                tx.offer_many(batch);
                if batch.is_empty() {
                    break;
                }
                patience.wait();
            }
        }
    }
}

impl<H: TryRecvMany<T>, T: Message> Receives<H, T> for PollMany {
    fn recv(self, rx: &mut H, most: u64) -> u64 {
        let mut received = Received::new(most, self.0);
        while let Some((batch, limit)) = received.next() {
            let mut patience = Patience::default();
            loop {
                match rx.look_many(batch, limit) {
                    Polled::Value(_) => break,
                    Polled::Empty => patience.wait(),
                    Polled::Closed => return received.so_far,
                }
            }
        }
        most
    }
}

/// As [`Block`], so many at a time.
#[derive(Clone, Copy, Debug)]
pub struct BlockMany(pub usize);

impl<H: SendMany<T>, T: Message> Sends<H, T> for BlockMany {
    fn send(self, tx: &mut H, count: u64) {
        let mut batches = Batches::new(count, self.0);
        while let Some(batch) = batches.next() {
            assert!(tx.put_many(batch));
        }
    }
}

impl<H: RecvMany<T>, T: Message> Receives<H, T> for BlockMany {
    fn recv(self, rx: &mut H, most: u64) -> u64 {
        let mut received = Received::new(most, self.0);
        while let Some((batch, limit)) = received.next() {
            if rx.take_many(batch, limit).is_none() {
                return received.so_far;
            }
        }
        most
    }
}

/// What is sent in batches, in a vector that is used again.
struct Batches<T> {
    batch: Vec<T>,
    size: u64,
    sent: u64,
    count: u64,
}

impl<T: Message> Batches<T> {
    fn new(count: u64, size: usize) -> Self {
        Self { batch: Vec::with_capacity(size), size: size as u64, sent: 0, count }
    }

    #[inline(always)]
    fn next(&mut self) -> Option<&mut Vec<T>> {
        let end = self.count.min(self.sent + self.size);
        self.batch.extend((self.sent..end).map(message::<T>));
        self.sent = end;
        (!self.batch.is_empty()).then_some(&mut self.batch)
    }
}

/// What is received in batches, in a vector that is used again.
struct Received<T> {
    batch: Vec<T>,
    size: usize,
    so_far: u64,
    most: u64,
}

impl<T: Message> Received<T> {
    fn new(most: u64, size: usize) -> Self {
        Self { batch: Vec::with_capacity(size), size, so_far: 0, most }
    }

    /// Looks at what came last, and says how many may come next.
    #[inline(always)]
    fn next(&mut self) -> Option<(&mut Vec<T>, usize)> {
        self.so_far += self.batch.len() as u64;
        for value in self.batch.drain(..) {
            black_box(value);
        }
        let limit = self.size.min((self.most - self.so_far) as usize);
        (limit > 0).then_some((&mut self.batch, limit))
    }
}

macro_rules! on_threads {
    ($($Mode:ty),*) => {$(
        impl<H: Send + 'static, T: Message> Sending<H, T> for $Mode
        where
            Self: Sends<H, T>,
        {
            fn all(self, mut tx: H, count: u64) -> Work {
                Work::thread(move || self.send(&mut tx, count))
            }
        }

        impl<H: Send + 'static, T: Message> Receiving<H, T> for $Mode
        where
            Self: Receives<H, T>,
        {
            fn all(self, mut rx: H, most: u64) -> Work {
                Work::thread(move || _ = self.recv(&mut rx, most))
            }
        }
    )*};
}
on_threads!(Poll, Block, PollMany, BlockMany);

/// `send` and `recv` as a task.
#[derive(Clone, Copy, Debug)]
pub struct Await;

impl<H, T: Message> Sending<H, T> for Await
where
    H: ForTasks<Handle: SendAsync<T>>,
{
    fn all(self, tx: H, count: u64) -> Work {
        let mut tx = tx.for_tasks();
        Work::task(async move {
            for n in 0..count {
                assert!(tx.put_async(message(n)).await);
            }
        })
    }
}

impl<H, T: Message> Receiving<H, T> for Await
where
    H: ForTasks<Handle: RecvAsync<T>>,
{
    fn all(self, rx: H, most: u64) -> Work {
        let mut rx = rx.for_tasks();
        Work::task(async move {
            for _ in 0..most {
                match rx.take_async().await {
                    Some(value) => _ = black_box(value),
                    None => return,
                }
            }
        })
    }
}

/// As [`Await`], so many at a time.
#[derive(Clone, Copy, Debug)]
pub struct AwaitMany(pub usize);

impl<H, T: Message> Sending<H, T> for AwaitMany
where
    H: ForTasks<Handle: SendManyAsync<T>>,
{
    fn all(self, tx: H, count: u64) -> Work {
        let mut tx = tx.for_tasks();
        Work::task(async move {
            let mut batches = Batches::new(count, self.0);
            while let Some(batch) = batches.next() {
                assert!(tx.put_many_async(batch).await);
            }
        })
    }
}

impl<H, T: Message> Receiving<H, T> for AwaitMany
where
    H: ForTasks<Handle: RecvManyAsync<T>>,
{
    fn all(self, rx: H, most: u64) -> Work {
        let mut rx = rx.for_tasks();
        Work::task(async move {
            let mut received = Received::new(most, self.0);
            while let Some((batch, limit)) = received.next() {
                if rx.take_many_async(batch, limit).await.is_none() {
                    return;
                }
            }
        })
    }
}
