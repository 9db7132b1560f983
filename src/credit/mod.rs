//! Credits on their own: a gate for whatever must not be too many at a time, or too fast.
//!
//! A pool has so many credits, which come back when their [`Permit`] is dropped: a semaphore. An on-demand
//! gate starts with none; somebody [grants](Credits::grant) them, and permits are spent: demand, or with a
//! ticker that grants, a token bucket. See [the page on credits](crate::docs::credits).
//!
//! ```
//! use backpressure::{AcquireError, Credits};
//!
//! let connections = Credits::pool(2);
//! let one = connections.try_acquire(1)?;
//! let two = connections.try_acquire(1)?;
//! assert_eq!(connections.try_acquire(1).unwrap_err(), AcquireError::Exhausted);
//! drop(one);
//! assert_eq!(connections.available(), 1);
//!
//! let demand = Credits::on_demand(100);
//! assert_eq!(demand.grant(3), 3);
//! demand.try_acquire(2)?.spend();
//! assert_eq!(demand.drain(), 1);
//! # drop(two);
//! # Ok::<(), AcquireError>(())
//! ```

mod acquire;
mod control;
mod counts;
mod permit;

use core::fmt;
#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

pub use acquire::AcquireFuture;
pub use control::{CreditCounters, CreditsBuilder, PauseGuard};
use counts::Counts;
pub use permit::Permit;

use crate::error::AcquireError;
use crate::sync::{Arc, AtomicU64, Mutex, Ordering};
#[cfg(feature = "std")]
use crate::wait::{Deadline, Experience, How, Unmet, WaitStrategy, block_in_line};
use crate::wait::{Gate, Place};

/// The most credits a gate can have: 2^48.
pub(crate) const MOST: u64 = 1 << 48;

/// The most that may be available or in one permit, where permits kept what was granted time after time.
const COUNTED: u64 = 1 << 60;

/// So many credits come back uncounted, since nobody can have enough permits of that size to reach [`COUNTED`].
const SMALL: u64 = u32::MAX as u64;

/// A gate of credits. Clones are handles of the same gate.
///
/// Acquiring is one compare-exchange, releasing one addition; both are lock-free. Who finds too few gets an
/// error ([`try_acquire`](Self::try_acquire)), blocks, or awaits. Granting and the other ways of control take a
/// short lock among themselves, which acquiring and releasing never do (but for releasing more than 2^32 at once).
///
/// What was done before a credit was released or granted is visible to whoever acquires it.
#[derive(Clone)]
pub struct Credits {
    shared: Arc<Shared>,
}

/// What all handles share.
struct Shared {
    counts: Counts,
    gate: Gate,
    is_pool: bool,
    /// The most there can be: what a pool has, or the most an on-demand gate holds ready.
    most: AtomicU64,
    control: Mutex<control::Control>,
    #[cfg(feature = "std")]
    strategy: WaitStrategy,
    #[cfg(feature = "std")]
    experience: Experience,
}

impl Credits {
    /// A pool of `total` credits, which come back when their permits are dropped.
    ///
    /// # Panics
    /// If `total` is above 2^48.
    #[must_use]
    pub fn pool(total: u64) -> Self {
        Self::builder().pool(total)
    }

    /// A gate that starts without credits and is [granted](Self::grant) them, up to `max` at a time.
    ///
    /// # Panics
    /// If `max` is above 2^48.
    #[must_use]
    pub fn on_demand(max: u64) -> Self {
        Self::builder().on_demand(max)
    }

    /// Starts with the settings of a gate.
    #[must_use]
    pub fn builder() -> CreditsBuilder {
        CreditsBuilder::new()
    }

    /// Takes `n` credits, or none, without waiting.
    ///
    /// Progress: lock-free; a retry means that somebody else took some. At a FIFO gate, refused while anybody
    /// waits.
    ///
    /// # Errors
    /// [`AcquireError::Exhausted`] when fewer are available, [`AcquireError::TooLarge`] when so many can never
    /// be, [`AcquireError::Nothing`] for 0, [`AcquireError::Closed`] when the gate is closed.
    pub fn try_acquire(&self, n: u64) -> Result<Permit<'_>, AcquireError> {
        self.shared.check(n)?;
        match self.shared.attempt(n, &Place::default()) {
            Some(taken) => taken.map(|()| Permit::borrowed(self, n)),
            None => Err(AcquireError::Exhausted),
        }
    }

    /// Takes as many credits as there are, up to `n`, without waiting; `None` if there are none, or the gate is
    /// closed or paused. At a FIFO gate also while anybody waits.
    ///
    /// Progress: as [`try_acquire`](Self::try_acquire).
    #[must_use]
    pub fn acquire_up_to(&self, n: u64) -> Option<Permit<'_>> {
        if !Place::default().is_next(&self.shared.gate) {
            return None;
        }
        match self.shared.counts.take_up_to(n) {
            0 => None,
            taken => Some(Permit::borrowed(self, taken)),
        }
    }

    /// Takes `n` credits, blocking the thread until so many are there.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire), but instead of being exhausted it waits, unless as many wait as
    /// may: [`AcquireError::TooManyWaiters`].
    #[cfg(feature = "std")]
    pub fn acquire(&self, n: u64) -> Result<Permit<'_>, AcquireError> {
        self.acquire_until(n, || Deadline::Never)
    }

    /// Takes `n` credits, blocking the thread for at most `timeout`. One too long to be added to the present
    /// time is for ever.
    ///
    /// # Errors
    /// As `acquire`, or [`AcquireError::TimedOut`].
    #[cfg(feature = "std")]
    pub fn acquire_timeout(&self, n: u64, timeout: Duration) -> Result<Permit<'_>, AcquireError> {
        self.acquire_until(n, || Deadline::after(timeout))
    }

    /// Takes `n` credits, blocking the thread until `deadline` at the latest. A deadline in the past still
    /// takes what is there.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    #[cfg(feature = "std")]
    pub fn acquire_deadline(&self, n: u64, deadline: Instant) -> Result<Permit<'_>, AcquireError> {
        self.acquire_until(n, || Deadline::At(deadline))
    }

    #[cfg(feature = "std")]
    fn acquire_until(
        &self,
        n: u64,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<Permit<'_>, AcquireError> {
        match self.try_acquire(n) {
            Err(AcquireError::Exhausted) => {}
            done => return done,
        }
        let shared = &*self.shared;
        let how = How { strategy: shared.strategy, experience: &shared.experience };
        // UNWIND: a permit already, which gives its credits back if the end of the wait unwinds.
        let mut attempt = |place: &Place| {
            shared.attempt(n, place).map(|taken| taken.map(|()| Permit::borrowed(self, n)))
        };
        let more = || shared.has_some();
        block_in_line(&shared.gate, n > 1, how, deadline(), &mut attempt, &more).unwrap_or_else(
            |unmet| {
                Err(match unmet {
                    Unmet::Late => AcquireError::TimedOut,
                    Unmet::Crowded => AcquireError::TooManyWaiters,
                })
            },
        )
    }

    /// Takes `n` credits, waiting as a task. Any executor will do.
    ///
    /// # Errors
    /// The future ends as `acquire` does.
    ///
    /// # Cancel safety
    /// Dropped while pending, it has taken nothing, and whoever waits behind it may go on.
    pub fn acquire_async(&self, n: u64) -> AcquireFuture<'_> {
        AcquireFuture::new(self, n)
    }

    /// How many credits are available: a snapshot. Negative while a pool that was made smaller has more out
    /// than it has.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.shared.counts.available()
    }

    /// How many wait: a snapshot.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.shared.gate.waiters()
    }

    /// Whether the gate is closed. Once true, it stays true.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.counts.is_closed()
    }

    /// Whether both are handles of one gate.
    #[must_use]
    pub fn same_gate(&self, other: &Self) -> bool {
        core::ptr::eq(&*self.shared, &*other.shared)
    }
}

impl Shared {
    /// What can never be acquired is refused at once.
    fn check(&self, n: u64) -> Result<(), AcquireError> {
        if n == 0 {
            return Err(AcquireError::Nothing);
        }
        // ORDERING: Relaxed: a resize wakes those who wait, who then ask again.
        if n > self.most.load(Ordering::Relaxed) {
            return Err(AcquireError::TooLarge);
        }
        Ok(())
    }

    /// One attempt of somebody in line, or of a newcomer: `None` if it may try again later.
    fn attempt(&self, n: u64, place: &Place) -> Option<Result<(), AcquireError>> {
        if self.counts.is_closed() {
            return Some(Err(AcquireError::Closed));
        }
        if let Err(never) = self.check(n) {
            return Some(Err(never));
        }
        (place.is_next(&self.gate) && self.counts.take(n)).then_some(Ok(()))
    }

    /// Whether there is something for the next in line.
    fn has_some(&self) -> bool {
        self.counts.has_some()
    }

    /// Credits come back.
    fn give(&self, n: u64) {
        if n > SMALL {
            self.give_vast(n);
        } else {
            self.counts.give(n);
        }
        self.gate.notify_many(n);
    }
}

impl fmt::Debug for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credits")
            .field("available", &self.available())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
