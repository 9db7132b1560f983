//! One face for all flavours, so that each test is written once.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part of this")]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backpressure::flavour::{Ack, Evict, Flavour, Kind, Latest, Many, One, Pull};
use backpressure::pressure::{Clock, Stats};
use backpressure::{
    Delivery, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender,
    TryRecvError, TrySendError, mpmc, mpsc, spsc,
};

#[path = "../../../histories/drive/conserved.rs"]
mod conservation;
pub use conservation::{conserved, values_conserved};

/// A waker that counts its calls.
pub type Bell = backpressure_conformance::Bell;

/// What every sender can do, whatever it borrows for it.
pub trait Tx<T: Send + 'static>: Send + 'static {
    fn try_send(&mut self, value: T) -> Result<(), TrySendError<T>>;
    fn send(&mut self, value: T) -> Result<(), SendError<T>>;
    fn send_timeout(&mut self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>>;
    fn send_async(&mut self, value: T) -> impl Future<Output = Result<(), SendError<T>>> + Send;
    fn try_send_many(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>>;
    fn send_many(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>>;
    fn send_many_async(
        &mut self,
        values: &mut Vec<T>,
    ) -> impl Future<Output = Result<usize, SendError<usize>>> + Send;
    fn try_reserve_then(&mut self, value: T) -> Result<(), TrySendError<T>>;
    fn reserve_then(&mut self, value: T) -> Result<(), SendError<T>>;
    fn reserve_then_async(
        &mut self,
        value: T,
    ) -> impl Future<Output = Result<(), SendError<T>>> + Send;
    /// Takes a credit and drops it unused; whether there was one.
    fn reserve_and_drop(&mut self) -> bool;
    /// Takes a credit and forgets it; whether there was one.
    fn reserve_and_forget(&mut self) -> bool;
    /// Sends as many as given with permits taken at once; `false` if they could not be had.
    fn try_reserve_many_then(&mut self, values: Vec<T>) -> bool;
    /// The same, blocking.
    fn reserve_many_then(&mut self, values: Vec<T>);
}

/// What every receiver can do.
pub trait Rx<T: Send + 'static>: Send + 'static {
    fn try_recv(&mut self) -> Result<T, TryRecvError>;
    fn recv(&mut self) -> Result<T, RecvError>;
    fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError>;
    fn recv_async(&mut self) -> impl Future<Output = Result<T, RecvError>> + Send;
    fn try_recv_many(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError>;
    fn recv_many(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError>;
    fn recv_many_async(
        &mut self,
        into: &mut Vec<T>,
        limit: usize,
    ) -> impl Future<Output = Result<usize, RecvError>> + Send;
    fn drain(&mut self) -> Vec<T>;
    fn next_of_iter(&mut self) -> Option<T>;
    fn all_of_try_iter(&mut self) -> Vec<T>;
    fn stats(&self) -> Stats;
}

/// A value, or a delivery that is acknowledged when its value is taken out.
pub trait Plain<T> {
    fn plain(self) -> T;
}

impl<T> Plain<T> for T {
    fn plain(self) -> T {
        self
    }
}

impl<T> Plain<T> for Delivery<T> {
    fn plain(self) -> T {
        self.into_parts().0
    }
}

macro_rules! faces {
    ($($kind:ty),*) => {$(
        impl<T: Send + 'static> Tx<T> for Sender<T, $kind> {
            fn try_send(&mut self, value: T) -> Result<(), TrySendError<T>> {
                Self::try_send(self, value)
            }
            fn send(&mut self, value: T) -> Result<(), SendError<T>> {
                Self::send(self, value)
            }
            fn send_timeout(&mut self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
                Self::send_timeout(self, value, timeout)
            }
            fn send_async(&mut self, value: T) -> impl Future<Output = Result<(), SendError<T>>> + Send {
                Self::send_async(self, value)
            }
            fn try_send_many(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>> {
                Self::try_send_many(self, values)
            }
            fn send_many(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>> {
                Self::send_many(self, values)
            }
            async fn send_many_async(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>> {
                Self::send_many_async(self, values).await
            }
            fn try_reserve_then(&mut self, value: T) -> Result<(), TrySendError<T>> {
                match Self::try_reserve(self) {
                    Ok(permit) => permit.send(value).map_err(|error| TrySendError::Closed(error.0)),
                    Err(TrySendError::Full(())) => Err(TrySendError::Full(value)),
                    Err(TrySendError::Closed(())) => Err(TrySendError::Closed(value)),
                }
            }
            fn reserve_then(&mut self, value: T) -> Result<(), SendError<T>> {
                match Self::reserve(self) {
                    Ok(permit) => permit.send(value),
                    Err(_) => Err(SendError(value)),
                }
            }
            async fn reserve_then_async(&mut self, value: T) -> Result<(), SendError<T>> {
                match Self::reserve_async(self).await {
                    Ok(permit) => permit.send(value),
                    Err(_) => Err(SendError(value)),
                }
            }
            fn reserve_and_drop(&mut self) -> bool {
                Self::try_reserve(self).is_ok()
            }
            fn reserve_and_forget(&mut self) -> bool {
                Self::try_reserve(self).map(std::mem::forget).is_ok()
            }
            fn try_reserve_many_then(&mut self, values: Vec<T>) -> bool {
                let Ok(mut permits) = Self::try_reserve_many(self, values.len()) else {
                    return false;
                };
                for value in values {
                    assert!(permits.send(value).is_ok());
                }
                true
            }
            fn reserve_many_then(&mut self, values: Vec<T>) {
                let mut permits = Self::reserve_many(self, values.len()).unwrap();
                for value in values {
                    assert!(permits.send(value).is_ok());
                }
            }
        }

        impl<T: Send + 'static> Rx<T> for Receiver<T, $kind> {
            fn try_recv(&mut self) -> Result<T, TryRecvError> {
                Self::try_recv(self).map(Plain::plain)
            }
            fn recv(&mut self) -> Result<T, RecvError> {
                Self::recv(self).map(Plain::plain)
            }
            fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
                Self::recv_timeout(self, timeout).map(Plain::plain)
            }
            async fn recv_async(&mut self) -> Result<T, RecvError> {
                Self::recv_async(self).await.map(Plain::plain)
            }
            fn try_recv_many(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError> {
                let mut items = Vec::new();
                let n = Self::try_recv_many(self, &mut items, limit);
                into.extend(items.into_iter().map(Plain::plain));
                n
            }
            fn recv_many(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
                let mut items = Vec::new();
                let n = Self::recv_many(self, &mut items, limit);
                into.extend(items.into_iter().map(Plain::plain));
                n
            }
            async fn recv_many_async(&mut self, into: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
                let mut items = Vec::new();
                let n = Self::recv_many_async(self, &mut items, limit).await;
                into.extend(items.into_iter().map(Plain::plain));
                n
            }
            fn drain(&mut self) -> Vec<T> {
                Self::drain(self).map(Plain::plain).collect()
            }
            fn next_of_iter(&mut self) -> Option<T> {
                Self::iter(self).next().map(Plain::plain)
            }
            fn all_of_try_iter(&mut self) -> Vec<T> {
                Self::try_iter(self).map(Plain::plain).collect()
            }
            fn stats(&self) -> Stats {
                Self::stats(self)
            }
        }
    )*};
}
faces!(
    Kind<One, One>,
    Kind<Many, One>,
    Kind<Many, Many>,
    Kind<One, One, Evict>,
    Kind<Many, One, Evict>,
    Kind<Many, Many, Evict>,
    Kind<Many, Many, Latest>,
    Kind<One, One, Ack>,
    Kind<Many, Many, Ack>,
    Kind<Many, One, Pull>
);

/// Handles of a new channel.
pub type Ends<T, F> = (Sender<T, F>, Receiver<T, F>);

/// A flavour, and how its handles multiply: into `n` if the flavour can, else into one.
pub trait Channel {
    type Kind: Flavour;
    fn make<T>(capacity: usize, start: u64) -> Ends<T, Self::Kind>;
    fn senders<T>(tx: Sender<T, Self::Kind>, n: usize) -> Vec<Sender<T, Self::Kind>>;
    fn receivers<T>(rx: Receiver<T, Self::Kind>, n: usize) -> Vec<Receiver<T, Self::Kind>>;
}

fn clones<H: Clone>(handle: H, n: usize) -> Vec<H> {
    let mut all = vec![handle];
    all.extend((1..n).map(|_| all[0].clone()).collect::<Vec<_>>());
    all
}

macro_rules! channel {
    ($name:ident, $kind:ty, $builder:expr, $senders:expr, $receivers:expr) => {
        pub struct $name;
        impl Channel for $name {
            type Kind = $kind;
            fn make<T>(capacity: usize, start: u64) -> Ends<T, $kind> {
                $builder.capacity(capacity).start_at(start).build().unwrap()
            }
            fn senders<T>(tx: Sender<T, $kind>, n: usize) -> Vec<Sender<T, $kind>> {
                $senders(tx, n)
            }
            fn receivers<T>(rx: Receiver<T, $kind>, n: usize) -> Vec<Receiver<T, $kind>> {
                $receivers(rx, n)
            }
        }
    };
}
fn alone<H>(handle: H, _: usize) -> Vec<H> {
    vec![handle]
}
channel!(Spsc, Kind<One, One>, spsc::builder(), alone, alone);
channel!(Mpsc, Kind<Many, One>, mpsc::builder(), clones, alone);
channel!(Mpmc, Kind<Many, Many>, mpmc::builder(), clones, clones);
channel!(EvictingSpsc, Kind<One, One, Evict>, spsc::builder().evicting(), alone, alone);
channel!(EvictingMpmc, Kind<Many, Many, Evict>, mpmc::builder().evicting(), clones, clones);

channel!(AcknowledgedSpsc, Kind<One, One, Ack>, spsc::builder().acknowledged(), alone, alone);
channel!(AcknowledgedMpmc, Kind<Many, Many, Ack>, mpmc::builder().acknowledged(), clones, clones);
channel!(PulledMpsc, Kind<Many, One, Pull>, mpsc::builder().pulled(u64::MAX), clones, alone);

/// Runs one generic test for each flavour, as a test of its own.
#[macro_export]
macro_rules! for_each_flavour {
    ($($test:ident),* $(,)?) => {
        mod on {
            mod spsc { $(#[test] fn $test() { $crate::$test::<$crate::common::Spsc>(); })* }
            mod mpsc { $(#[test] fn $test() { $crate::$test::<$crate::common::Mpsc>(); })* }
            mod mpmc { $(#[test] fn $test() { $crate::$test::<$crate::common::Mpmc>(); })* }
            mod evicting_spsc { $(#[test] fn $test() { $crate::$test::<$crate::common::EvictingSpsc>(); })* }
            mod evicting_mpmc { $(#[test] fn $test() { $crate::$test::<$crate::common::EvictingMpmc>(); })* }
            mod acknowledged_spsc { $(#[test] fn $test() { $crate::$test::<$crate::common::AcknowledgedSpsc>(); })* }
            mod acknowledged_mpmc { $(#[test] fn $test() { $crate::$test::<$crate::common::AcknowledgedMpmc>(); })* }
            mod pulled_mpsc { $(#[test] fn $test() { $crate::$test::<$crate::common::PulledMpsc>(); })* }
        }
    };
}

/// A position a few messages before all 46 bits of it wrap.
pub const NEAR_WRAP: u64 = (1 << 46) - 3;

/// A clock that is moved by hand, in milliseconds.
#[derive(Default)]
pub struct Hand(AtomicU64);

impl Hand {
    pub fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Counts values that are alive, per test.
#[derive(Clone, Debug, Default)]
pub struct Census {
    alive: Arc<Mutex<HashMap<u64, i64>>>,
    made: Arc<AtomicUsize>,
}

/// A value that must be dropped exactly once.
#[derive(Debug)]
pub struct Counted {
    pub id: u64,
    census: Census,
}

impl Census {
    pub fn make(&self, id: u64) -> Counted {
        self.made.fetch_add(1, Ordering::Relaxed);
        *self.alive.lock().unwrap().entry(id).or_default() += 1;
        Counted { id, census: self.clone() }
    }

    /// How many are alive; panics if any was dropped twice.
    pub fn alive(&self) -> usize {
        let alive = self.alive.lock().unwrap();
        assert!(alive.values().all(|&n| n >= 0), "dropped twice: {alive:?}");
        alive.values().sum::<i64>().try_into().unwrap()
    }

    pub fn made(&self) -> usize {
        self.made.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *self.census.alive.lock().unwrap().get_mut(&self.id).unwrap() -= 1;
    }
}

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}
