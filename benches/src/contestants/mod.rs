//! The libraries, each behind the same few traits, used as its documentation says.
//!
//! A [`Contestant`] makes a channel; what its two handles can do are traits of the handles: polling,
//! blocking, waiting as a task, moving batches. One file for each kind of library.

mod both;
mod floor;
mod macros;
mod ours;
mod polling;
mod tasks;
mod threads;

use std::fmt;

pub use both::{
    AsyncChannel, CrossfireMpmc, CrossfireMpsc, CrossfireSpsc, FibreMpmc, FibreMpsc, FibreSpsc,
    Flume, Kanal, Loole,
};
pub use floor::TwoLines;
pub use ours::{
    Mpmc, MpmcAck, MpmcEvict, MpmcPull, Mpsc, MpscAck, MpscEvict, MpscPull, Spsc, SpscAck,
    SpscEvict, SpscPull,
};
pub use polling::{Array, NexusMpsc, NexusSpsc, Ringbuf, Rtrb};
pub use tasks::{RapidfireMpmc, RapidfireMpsc, Tachyonix, ThingbufTasks, Tokio};
pub use threads::{Crossbeam, Std, ThingbufThreads};

/// What is sent: made from a number, so that no two messages are the same constant.
pub trait Message: Copy + Default + fmt::Debug + Send + Sync + Unpin + 'static {
    /// How the cells call it.
    const NAME: &'static str;

    /// The message for this number.
    fn numbered(n: u64) -> Self;

    /// Its number again.
    fn number(self) -> u64;
}

impl Message for u64 {
    const NAME: &'static str = "8B";

    #[inline(always)]
    fn numbered(n: u64) -> Self {
        n
    }

    #[inline(always)]
    fn number(self) -> u64 {
        self
    }
}

/// A message of so many words.
#[derive(Clone, Copy, Debug)]
pub struct Words<const N: usize>([u64; N]);

impl<const N: usize> Default for Words<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

macro_rules! messages {
    ($($n:literal $name:literal),*) => {$(
        impl Message for Words<$n> {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn numbered(n: u64) -> Self {
                Self([n; $n])
            }

            #[inline(always)]
            fn number(self) -> u64 {
                self.0[0]
            }
        }
    )*};
}
messages!(8 "64B", 128 "1024B");

/// The answer of an attempt to receive.
#[derive(Clone, Copy, Debug)]
pub enum Polled<T> {
    /// A message.
    Value(T),
    /// Nothing there.
    Empty,
    /// Nothing will come any more.
    Closed,
}

impl<T> Polled<T> {
    /// Of a result, and whether its error means that the channel is only empty.
    #[inline(always)]
    pub fn of<E>(answer: Result<T, E>, is_empty: impl FnOnce(&E) -> bool) -> Self {
        match answer {
            Ok(value) => Self::Value(value),
            Err(error) if is_empty(&error) => Self::Empty,
            Err(_) => Self::Closed,
        }
    }
}

/// A bounded channel.
pub trait Contestant: 'static {
    /// What the tables call it.
    const NAME: &'static str;
    /// Its sending handle, that of threads if there are two kinds.
    type Tx<T: Message>: Send + 'static;
    /// Its receiving handle, that of threads if there are two kinds.
    type Rx<T: Message>: Send + 'static;

    /// Makes a channel.
    fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>);
}

/// Sends, or says that there is no room.
pub trait TrySend<T>: Send + 'static {
    /// Whether it was sent.
    fn offer(&mut self, value: T) -> bool;
}

/// Receives, or says why not.
pub trait TryRecv<T>: Send + 'static {
    /// What is there.
    fn look(&mut self) -> Polled<T>;
}

/// Sends, blocking the thread until there is room.
pub trait SendBlocking<T>: Send + 'static {
    /// Whether the channel was open, which it is.
    fn put(&mut self, value: T) -> bool;
}

/// Receives, blocking the thread until there is a message.
pub trait RecvBlocking<T>: Send + 'static {
    /// `None` when nothing will come any more.
    fn take(&mut self) -> Option<T>;
}

/// Sends, waiting for room as a task.
pub trait SendAsync<T>: Send + 'static {
    /// Whether the channel was open, which it is.
    fn put_async(&mut self, value: T) -> impl Future<Output = bool> + Send;
}

/// Receives, waiting as a task.
pub trait RecvAsync<T>: Send + 'static {
    /// `None` when nothing will come any more.
    fn take_async(&mut self) -> impl Future<Output = Option<T>> + Send;
}

/// A handle that a task can use, or can be turned into one, before the clock starts.
pub trait ForTasks {
    /// The kind that tasks use.
    type Handle;

    /// That handle.
    fn for_tasks(self) -> Self::Handle;
}

/// Sends several messages with one claim.
pub trait TrySendMany<T>: Send + 'static {
    /// Sends from the front what there is room for, and removes that.
    fn offer_many(&mut self, values: &mut Vec<T>);
}

/// Receives several messages with one claim.
pub trait TryRecvMany<T>: Send + 'static {
    /// Adds up to `limit`; how many, or why none.
    fn look_many(&mut self, into: &mut Vec<T>, limit: usize) -> Polled<usize>;
}

/// Sends several messages, blocking the thread until all have room.
pub trait SendMany<T>: Send + 'static {
    /// Sends all and removes them.
    fn put_many(&mut self, values: &mut Vec<T>) -> bool;
}

/// Receives several messages, blocking the thread until there is one.
pub trait RecvMany<T>: Send + 'static {
    /// Adds between 1 and `limit`; `None` when nothing will come any more.
    fn take_many(&mut self, into: &mut Vec<T>, limit: usize) -> Option<usize>;
}

/// Sends several messages, waiting as a task until all have room.
pub trait SendManyAsync<T>: Send + 'static {
    /// Sends all and removes them.
    fn put_many_async(&mut self, values: &mut Vec<T>) -> impl Future<Output = bool> + Send;
}

/// Receives several messages, waiting as a task until there is one.
pub trait RecvManyAsync<T>: Send + 'static {
    /// Adds between 1 and `limit`; `None` when nothing will come any more.
    fn take_many_async(
        &mut self,
        into: &mut Vec<T>,
        limit: usize,
    ) -> impl Future<Output = Option<usize>> + Send;
}

/// Sends at once, dropping the oldest message if there is no room.
pub trait ForceSend<T>: Send + 'static {
    /// Whether something was dropped.
    fn push_out(&mut self, value: T) -> bool;
}
