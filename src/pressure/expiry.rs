//! Messages that become worthless with age.

use alloc::sync::Arc;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::time::Duration;

use super::Clock;
use crate::Receiver;
use crate::delivery::Delivery;
#[cfg(feature = "std")]
use crate::error::RecvError;
use crate::error::TryRecvError;
use crate::flavour::{Flavour, Item};

/// How old messages may become, and the clock that says how old they are. Senders
/// [stamp](Self::stamp) with it, receivers ask with it.
///
/// # Examples
/// ```
/// use backpressure::mpsc;
/// use backpressure::pressure::{Expiry, SystemClock};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let expiry = Expiry::new(Duration::from_secs(60), Arc::new(SystemClock));
/// let (tx, mut rx) = mpsc::bounded(8);
/// tx.send(expiry.stamp("fresh"))?;
/// assert_eq!(**rx.recv_fresh(&expiry)?, *"fresh");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Expiry {
    max_age: Duration,
    clock: Arc<dyn Clock>,
}

/// A message, and when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed<T> {
    value: T,
    sent: Duration,
}

/// What knows when it was sent: a [`Timed`] message, or a delivery of one.
pub trait Aged {
    /// When, by the clock that stamped it.
    fn sent(&self) -> Duration;
}

impl Expiry {
    /// Messages are worthless when they are older than `max_age`.
    #[must_use]
    pub fn new(max_age: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { max_age, clock }
    }

    /// Says that a message is being sent now.
    pub fn stamp<T>(&self, value: T) -> Timed<T> {
        Timed { value, sent: self.clock.now() }
    }

    /// For how long a message has been under way.
    #[must_use]
    pub fn sojourn(&self, message: &impl Aged) -> Duration {
        self.clock.now().saturating_sub(message.sent())
    }

    /// Whether a message has become too old.
    #[must_use]
    pub fn is_expired(&self, message: &impl Aged) -> bool {
        self.sojourn(message) > self.max_age
    }
}

impl<T> Timed<T> {
    /// For how long it has been under way, by the clock of `expiry`; see [`Expiry::sojourn`].
    #[must_use]
    pub fn sojourn(&self, expiry: &Expiry) -> Duration {
        expiry.sojourn(self)
    }

    /// The message.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Timed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Timed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Aged for Timed<T> {
    fn sent(&self) -> Duration {
        self.sent
    }
}

/// Deliveries of messages that know when they were sent.
impl<T> Delivery<Timed<T>> {
    /// For how long it has been under way, by the clock of `expiry`: queued, and in the hands of whoever received
    /// it.
    ///
    /// # Examples
    /// ```
    /// use backpressure::mpsc;
    /// use backpressure::pressure::{Expiry, SystemClock};
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// let expiry = Expiry::new(Duration::from_secs(60), Arc::new(SystemClock));
    /// let (tx, mut rx) = mpsc::builder().capacity(8).acknowledged().build()?;
    /// tx.send(expiry.stamp("work"))?;
    /// let delivery = rx.recv_fresh(&expiry)?;
    /// assert!(delivery.sojourn(&expiry) <= Duration::from_secs(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn sojourn(&self, expiry: &Expiry) -> Duration {
        expiry.sojourn(self)
    }
}

impl<T> Aged for Delivery<Timed<T>> {
    fn sent(&self) -> Duration {
        self.deref().sent
    }
}

/// Receiving only what is not too old. Expired messages are dropped, their credits come back, and they are
/// counted in [`Stats`](super::Stats).
impl<T, F: Flavour> Receiver<Timed<T>, F>
where
    Item<Timed<T>, F>: Aged,
{
    /// Receives the oldest message that is not too old, without waiting.
    ///
    /// # Errors
    /// As `try_recv`.
    pub fn try_recv_fresh(&mut self, expiry: &Expiry) -> Result<Item<Timed<T>, F>, TryRecvError> {
        loop {
            let item: Item<Timed<T>, F> = self.rx_mut().try_recv::<Result<_, TryRecvError>>()?;
            if !expiry.is_expired(&item) {
                return Ok(item);
            }
            self.count_expired();
        }
    }

    /// The same, blocking the thread while nothing is queued.
    ///
    /// # Errors
    /// As `recv`.
    #[cfg(feature = "std")]
    pub fn recv_fresh(&mut self, expiry: &Expiry) -> Result<Item<Timed<T>, F>, RecvError> {
        loop {
            let item: Item<Timed<T>, F> =
                self.rx_mut().recv::<Result<_, RecvError>>(|| crate::wait::Deadline::Never)?;
            if !expiry.is_expired(&item) {
                return Ok(item);
            }
            self.count_expired();
        }
    }

    /// The same, waiting as a task.
    ///
    /// # Errors
    /// As `recv_async`.
    ///
    /// # Cancel safety
    /// A message that is not too old is taken out only by the poll that returns it.
    pub async fn recv_fresh_async(
        &mut self,
        expiry: &Expiry,
    ) -> Result<Item<Timed<T>, F>, crate::error::RecvError> {
        loop {
            let item = crate::future::RecvFuture::new(self.rx_mut()).await?;
            if !expiry.is_expired(&item) {
                return Ok(item);
            }
            self.count_expired();
        }
    }
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiry").field("max_age", &self.max_age).finish_non_exhaustive()
    }
}
