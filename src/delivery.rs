//! Messages that keep their credit until they are acknowledged.
//!
//! On a channel built with [`acknowledged`](crate::Builder::acknowledged) a credit does not come back
//! when a message is received, but when it has been dealt with: receivers yield a [`Delivery`], and
//! dropping that is the acknowledgement. So the capacity bounds what is queued *and* what is being
//! worked on, wherever that is.
//!
//! ```
//! use backpressure::{TrySendError, mpsc};
//!
//! let (tx, mut rx) = mpsc::builder().capacity(2).acknowledged().build()?;
//! tx.try_send("a")?;
//! tx.try_send("b")?;
//! let a = rx.recv()?;
//! assert_eq!(*a, "a");
//! assert_eq!(tx.try_send("c"), Err(TrySendError::Full("c"))); // still being worked on
//! a.ack();
//! tx.try_send("c")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Pipelines
//!
//! Hop by hop: acknowledge after the next stage accepted. Each message then always holds a credit of
//! some channel, and no more are under way than all capacities together.
//!
//! End to end: make the next channel one of deliveries, and [`map`](Delivery::map) what was received
//! into it. The credit of the first channel goes along, and comes back when the last stage drops the
//! delivery: no more are under way than the first capacity, whatever lies between.
//!
//! Filtering is dropping a delivery. For a fan-out, put the [`Lease`] into an `Arc` beside each copy:
//! the credit comes back when the last of them is dropped.

use core::fmt;
use core::ops::{Deref, DerefMut};
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::chan::Window;
use crate::raw::Loan;

/// A message, and the credit it was sent with.
///
/// Dropping it, also while unwinding, drops the message and then gives the credit back. A forgotten
/// one ([`mem::forget`](core::mem::forget)) loses its credit for good: it stays counted as in delivery,
/// and everybody else goes on with what is left.
#[must_use = "dropping a delivery acknowledges it"]
pub struct Delivery<T> {
    // Dropped in this order, the second even if dropping the first panics.
    value: T,
    lease: Lease,
}

impl<T> Delivery<T> {
    pub(crate) fn new(value: T, lease: Lease) -> Self {
        Self { value, lease }
    }

    /// Says that the message has been dealt with: drops it, and gives its credit back.
    ///
    /// Progress: lock-free, but for waking a sender that waits. Takes the delivery, so that nothing can
    /// be acknowledged twice:
    ///
    /// ```compile_fail,E0382
    /// # use backpressure::mpsc;
    /// # let (tx, mut rx) = mpsc::builder().capacity(1).acknowledged().build().unwrap();
    /// # tx.try_send(1).unwrap();
    /// let delivery = rx.try_recv().unwrap();
    /// delivery.ack();
    /// delivery.ack();
    /// ```
    pub fn ack(self) {
        drop(self);
    }

    /// Makes another message of it, under the same credit.
    ///
    /// If `f` panics, the credit comes back and the message is lost with the panic.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{Delivery, mpsc};
    ///
    /// let (tx, mut rx) = mpsc::builder().capacity(4).acknowledged().build()?;
    /// let (to_sink, mut at_sink) = mpsc::bounded::<Delivery<usize>>(1);
    /// tx.try_send("three")?;
    /// to_sink.send(rx.recv()?.map(str::len))?;
    /// assert_eq!(*at_sink.recv()?, 5); // here the credit of the first channel comes back
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Delivery<U> {
        let (value, lease) = self.into_parts();
        Delivery { value: f(value), lease }
    }

    /// The message, and its credit apart from it.
    pub fn into_parts(self) -> (T, Lease) {
        (self.value, self.lease)
    }

    /// Puts a message under a credit.
    pub fn from_parts(value: T, lease: Lease) -> Self {
        Self { value, lease }
    }
}

impl<T> Deref for Delivery<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Delivery<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> fmt::Debug for Delivery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

/// The credit of a message, apart from the message. Dropping it gives the credit back.
#[must_use = "dropping a lease gives its credit back"]
pub struct Lease(Loan<Window>);

impl Lease {
    pub(crate) fn new(loan: Loan<Window>) -> Self {
        Self(loan)
    }

    /// Gives the credit back.
    pub fn release(self) {
        drop(self.0);
    }
}

// Nothing is ever left half done: what the credit is given back to changes by single exchanges.
impl UnwindSafe for Lease {}
impl RefUnwindSafe for Lease {}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}
