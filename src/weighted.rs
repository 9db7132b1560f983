//! Channels bounded by weight as well: a budget in units of your choice (bytes, rows), beside the number of
//! messages.
//!
//! [`weighted`] puts a [`Credits`] pool before the senders of a channel of [`Weighted`] messages. A message's
//! weight is taken before it is sent, and comes back when the received [`Weighted`] is dropped or its value
//! taken out, wherever that is; so the budget bounds what is queued and what receivers have not unpacked.
//!
//! What weighs more than the whole budget is refused at once, or enters alone, as [`Oversize`] says.
//!
//! ```
//! use backpressure::weighted::{Oversize, WeighError, weighted};
//! use backpressure::mpsc;
//!
//! let (tx, mut rx) = weighted(mpsc::bounded(100), 10, Oversize::Reject, |text: &&str| text.len() as u64);
//! tx.try_send("seven..").unwrap();
//! assert!(matches!(tx.try_send("seven..").unwrap_err(), WeighError::Full(_)));
//! assert!(matches!(tx.try_send("more than ten").unwrap_err(), WeighError::TooLarge(_)));
//! assert_eq!(rx.recv().unwrap().into_inner(), "seven..");
//! tx.try_send("again..").unwrap();
//! ```

use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::mem;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll};

#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

use crate::chan::Tx;
use crate::credit::{AcquireFuture, Credits, Permit};
use crate::error::TrySendError;
use crate::flavour::{Flavour, Kind, Many, ManySenders, One};
use crate::future::SendFuture;
use crate::pressure::Stats;
use crate::wait::Place;
#[cfg(feature = "std")]
use crate::wait::{Deadline, block_on_until};
use crate::{Receiver, Sender};

/// What becomes of a message that weighs more than the whole budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversize {
    /// It is refused: [`WeighError::TooLarge`].
    Reject,
    /// It enters when nothing else is there, and takes the whole budget: once in a while the bound is
    /// exceeded by one message.
    AdmitAlone,
}

/// A message and its weight, which comes back when this is dropped.
#[must_use = "dropping a message gives its weight back"]
pub struct Weighted<T> {
    // Dropped in this order: the weight comes back when the value is gone.
    value: T,
    weight: Option<Permit<'static>>,
}

impl<T> Weighted<T> {
    /// The message; its weight comes back.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// What it takes of the budget.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight.as_ref().map_or(0, Permit::credits)
    }
}

impl<T> Deref for Weighted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Weighted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Weighted").field("weight", &self.weight()).finish_non_exhaustive()
    }
}

/// Why a message was not sent; it comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WeighError<T> {
    /// Too little of the budget is left, or no credit of the channel.
    Full(T),
    /// It weighs more than the whole budget.
    TooLarge(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> WeighError<T> {
    /// The message that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::TooLarge(value) | Self::Closed(value) => value,
        }
    }
}

impl<T> fmt::Debug for WeighError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::TooLarge(_) => "TooLarge(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for WeighError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "sending beyond the budget",
            Self::TooLarge(_) => "sending more than the whole budget",
            Self::Closed(_) => "sending on a closed channel",
        })
    }
}

impl<T> Error for WeighError<T> {}

/// Sends messages that are weighed first. As with [`Sender`], sending takes `&mut self` where there is one
/// sender, and `&self` where there are many.
pub struct WeightedSender<T, F: Flavour> {
    tx: Sender<Weighted<T>, F>,
    budget: Credits,
    total: u64,
    oversize: Oversize,
    weigh: Arc<dyn Fn(&T) -> u64 + Send + Sync>,
}

/// Puts a budget of `total` units before the senders of a channel, whatever its flavour; `weigh` says how many a
/// message takes. The receiving side stays as it is.
///
/// # Panics
/// If `total` is 0 or above 2^48.
pub fn weighted<T, F: Flavour>(
    (tx, rx): (Sender<Weighted<T>, F>, Receiver<Weighted<T>, F>),
    total: u64,
    oversize: Oversize,
    weigh: impl Fn(&T) -> u64 + Send + Sync + 'static,
) -> (WeightedSender<T, F>, Receiver<Weighted<T>, F>) {
    assert!(total > 0, "a budget of nothing lets nothing through");
    let budget = Credits::builder().fifo().pool(total);
    let sender = WeightedSender { tx, budget, total, oversize, weigh: Arc::new(weigh) };
    (sender, rx)
}

/// The same for the only sender and for one of many: `borrow` is what sending takes.
macro_rules! weighing {
    ($side:ident: $bound:ident, $($borrow:tt)+) => {
        /// Sending.
        impl<T, C, M> WeightedSender<T, Kind<$side, C, M>>
        where
            Kind<$side, C, M>: $bound,
        {
            /// Sends without waiting.
            ///
            /// Progress: lock-free, but for the weighing function. Senders that wait for weight come first.
            ///
            /// # Errors
            /// [`WeighError`] with the message.
            pub fn try_send($($borrow)+ self, value: T) -> Result<(), WeighError<T>> {
                let message = self.wrap(value)?;
                // Refused, the weight goes back with the wrapping.
                self.tx.try_send(message).map_err(|error| match error {
                    TrySendError::Full(message) => WeighError::Full(message.value),
                    TrySendError::Closed(message) => WeighError::Closed(message.value),
                })
            }

            /// Sends, waiting as a task, first for the weight and then for a credit of the channel. Those who
            /// wait for weight are served in the order in which they came, so that large messages are not
            /// passed by.
            ///
            /// # Errors
            /// The future ends with [`WeighError::TooLarge`] or [`WeighError::Closed`] and the message.
            ///
            /// # Cancel safety
            /// The message stays in the future until it is accepted; see [`WeighedSend::into_inner`]. A future
            /// that waits first in line and is not polled keeps the others waiting.
            pub fn send_async($($borrow)+ self, value: T) -> WeighedSend<'_, T, Kind<$side, C, M>> {
                let units = self.weigh(&value);
                WeighedSend { stage: Stage::new(self.tx.tx(), &self.budget, units, value) }
            }

            /// Sends, blocking the thread.
            ///
            /// # Errors
            /// [`WeighError::TooLarge`] or [`WeighError::Closed`] with the message.
            #[cfg(feature = "std")]
            pub fn send($($borrow)+ self, value: T) -> Result<(), WeighError<T>> {
                match self.try_send(value) {
                    Err(WeighError::Full(value)) => self.send_until(value, Deadline::Never),
                    done => done,
                }
            }

            /// Sends, blocking the thread for at most `timeout`. One too long to be added to the present time is
            /// for ever.
            ///
            /// # Errors
            /// As [`send`](Self::send), or [`WeighError::Full`] when the time is over.
            #[cfg(feature = "std")]
            pub fn send_timeout(
                $($borrow)+ self,
                value: T,
                timeout: Duration,
            ) -> Result<(), WeighError<T>> {
                self.send_until(value, Deadline::after(timeout))
            }

            /// Sends, blocking the thread until `deadline` at the latest. A deadline in the past still takes the
            /// room that is there.
            ///
            /// # Errors
            /// As [`send_timeout`](Self::send_timeout).
            #[cfg(feature = "std")]
            pub fn send_deadline(
                $($borrow)+ self,
                value: T,
                deadline: Instant,
            ) -> Result<(), WeighError<T>> {
                self.send_until(value, Deadline::At(deadline))
            }

            #[cfg(feature = "std")]
            fn send_until(
                $($borrow)+ self,
                value: T,
                deadline: Deadline,
            ) -> Result<(), WeighError<T>> {
                let mut send = self.send_async(value);
                match block_on_until(&mut send, deadline) {
                    Some(done) => done,
                    None => {
                        let value = send.into_inner().expect("not sent, so still there");
                        Err(WeighError::Full(value))
                    }
                }
            }
        }
    };
}
weighing!(One: Flavour, &mut);
weighing!(Many: ManySenders, &);

impl<T, F: Flavour> WeightedSender<T, F> {
    /// What the message takes of the budget, or nothing if it never fits.
    fn weigh(&self, value: &T) -> Option<u64> {
        match (self.weigh)(value) {
            weight if weight <= self.total => Some(weight),
            _ if self.oversize == Oversize::AdmitAlone => Some(self.total),
            _ => None,
        }
    }

    /// Takes the message's weight, if it is there.
    fn wrap(&self, value: T) -> Result<Weighted<T>, WeighError<T>> {
        let weight = match self.weigh(&value) {
            None => return Err(WeighError::TooLarge(value)),
            Some(0) => None,
            Some(units) => match self.budget.try_acquire(units) {
                Ok(permit) => Some(permit.into_owned()),
                Err(_) if self.tx.is_closed() => return Err(WeighError::Closed(value)),
                Err(_) => return Err(WeighError::Full(value)),
            },
        };
        Ok(Weighted { value, weight })
    }

    /// How much of the budget is taken: a snapshot.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.total - self.budget.available().max(0) as u64
    }

    /// The whole budget.
    #[must_use]
    pub fn budget(&self) -> u64 {
        self.total
    }

    /// The channel in numbers, with those who wait for weight among the senders that wait.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.tx.stats();
        stats.waiting_senders += self.budget.waiters();
        stats
    }

    /// The sender behind the budget, for whatever has nothing to do with weight.
    #[must_use]
    pub fn inner(&self) -> &Sender<Weighted<T>, F> {
        &self.tx
    }
}

impl<T, C, M> Clone for WeightedSender<T, Kind<Many, C, M>>
where
    Kind<Many, C, M>: ManySenders,
{
    fn clone(&self) -> Self {
        Self {
            tx: self.tx.clone(),
            budget: self.budget.clone(),
            total: self.total,
            oversize: self.oversize,
            weigh: self.weigh.clone(),
        }
    }
}

impl<T, F: Flavour> fmt::Debug for WeightedSender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeightedSender")
            .field("weight", &self.weight())
            .field("budget", &self.total)
            .field("tx", &self.tx)
            .finish_non_exhaustive()
    }
}

/// Sends one weighed message. Made by `send_async` of a [`WeightedSender`].
#[must_use = "futures do nothing unless awaited"]
pub struct WeighedSend<'a, T, F: Flavour> {
    stage: Stage<'a, T, F>,
}

enum Stage<'a, T, F: Flavour> {
    TooLarge(T),
    Weighing(Weighing<'a, T, F>),
    Sending(SendFuture<'a, Weighted<T>, F>),
    Ended,
}

/// A wait for weight, which the end of the channel ends as well.
struct Weighing<'a, T, F: Flavour> {
    value: T,
    acquire: AcquireFuture<'a>,
    closing: Closing<'a, T, F>,
}

/// The right to send, and a place among those who are told of the close, left when this is dropped.
struct Closing<'a, T, F: Flavour> {
    /// Here until the weight was acquired.
    tx: Option<Tx<'a, Weighted<T>, F>>,
    place: Place,
}

impl<'a, T, F: Flavour> Stage<'a, T, F> {
    fn new(tx: Tx<'a, Weighted<T>, F>, budget: &'a Credits, units: Option<u64>, value: T) -> Self {
        match units {
            None => Self::TooLarge(value),
            Some(0) => Self::Sending(SendFuture::new(tx, Weighted { value, weight: None })),
            Some(units) => {
                let closing = Closing { tx: Some(tx), place: Place::default() };
                Self::Weighing(Weighing { value, acquire: budget.acquire_async(units), closing })
            }
        }
    }
}

impl<'a, T, F: Flavour> Closing<'a, T, F> {
    /// Ready if the channel is closed, else the task of `cx` is told when it is.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(tx) = &self.tx else { return Poll::Pending };
        tx.poll_closed(&mut self.place, cx)
    }

    /// The wait ends, and the right to send goes on.
    fn end(mut self) -> Option<Tx<'a, Weighted<T>, F>> {
        self.leave();
        self.tx.take()
    }

    fn leave(&mut self) {
        if let Some(tx) = &self.tx {
            tx.leave_closed(&mut self.place);
        }
    }
}

impl<T, F: Flavour> Drop for Closing<'_, T, F> {
    fn drop(&mut self) {
        // CANCEL: everybody is woken at once by a close: there is nothing to pass on.
        self.leave();
    }
}

impl<T, F: Flavour> WeighedSend<'_, T, F> {
    /// The message, unless it was sent (or handed back) already.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        match self.stage {
            Stage::TooLarge(value) | Stage::Weighing(Weighing { value, .. }) => Some(value),
            Stage::Sending(send) => send.into_inner().map(Weighted::into_inner),
            Stage::Ended => None,
        }
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }
}

// The message is moved in and out, never pinned.
impl<T, F: Flavour> Unpin for WeighedSend<'_, T, F> {}

impl<T, F: Flavour> Future for WeighedSend<'_, T, F> {
    type Output = Result<(), WeighError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            let answer = match mem::replace(&mut this.stage, Stage::Ended) {
                Stage::Ended => return Poll::Pending,
                Stage::TooLarge(value) => Err(WeighError::TooLarge(value)),
                Stage::Weighing(mut weighing) => match Pin::new(&mut weighing.acquire).poll(cx) {
                    Poll::Ready(Ok(permit)) => {
                        let message =
                            Weighted { value: weighing.value, weight: Some(permit.into_owned()) };
                        let tx = weighing.closing.end().expect("here until now");
                        this.stage = Stage::Sending(SendFuture::new(tx, message));
                        continue;
                    }
                    Poll::Ready(Err(_)) => Err(WeighError::TooLarge(weighing.value)),
                    Poll::Pending if weighing.closing.poll(cx).is_ready() => {
                        Err(WeighError::Closed(weighing.value))
                    }
                    Poll::Pending => {
                        this.stage = Stage::Weighing(weighing);
                        return Poll::Pending;
                    }
                },
                Stage::Sending(mut send) => match Pin::new(&mut send).poll(cx) {
                    Poll::Pending => {
                        this.stage = Stage::Sending(send);
                        return Poll::Pending;
                    }
                    Poll::Ready(sent) => {
                        sent.map_err(|error| WeighError::Closed(error.0.into_inner()))
                    }
                },
            };
            return Poll::Ready(answer);
        }
    }
}

impl<T, F: Flavour> fmt::Debug for WeighedSend<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeighedSend").field("is_terminated", &self.is_terminated()).finish()
    }
}
