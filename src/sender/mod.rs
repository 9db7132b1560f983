//! The sending handle. Everything it does is in `chan::tx`; `one` and `many` pick the borrow.

mod forward;
mod many;
mod one;

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::task::{Context, Poll};
#[cfg(feature = "std")]
use core::time::Duration;

#[cfg(feature = "std")]
use crate::chan::Draining;
use crate::chan::{self, Tail, Tx, WeakTail};
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::finally::Finally;
use crate::flavour::{Flavour, Kind, Many, ManySenders};
use crate::future::{ClosedFuture, DrainedFuture};
use crate::overflow::Offered;
use crate::permit::Permit;
use crate::pressure::{PressureWatch, Stats};
use crate::raw::{End, Refused, TailWord};
#[cfg(feature = "std")]
use crate::wait::Deadline;
use crate::wait::Place;

/// Sends into a channel.
///
/// The last sender to be dropped closes the channel; receivers then drain what is queued.
///
/// On `spsc` there is one sender, and sending takes `&mut self`. On `mpsc` and `mpmc` a sender can
/// be cloned or shared, and sending takes `&self`. Otherwise the operations are the same.
///
/// Made by `bounded` or `builder` of [`spsc`](crate::spsc), [`mpsc`](crate::mpsc) and
/// [`mpmc`](crate::mpmc). A value crosses threads only if it is `Send`:
///
/// ```compile_fail,E0277
/// let (mut tx, _rx) = backpressure::spsc::bounded(1);
/// std::thread::spawn(move || tx.try_send(std::rc::Rc::new(1)));
/// ```
pub struct Sender<T, F: Flavour> {
    tail: Tail<T, F>,
    /// Where `poll_reserve` waits between polls.
    place: Place,
}

impl<T, F: Flavour> Sender<T, F> {
    pub(crate) fn new(tail: Tail<T, F>) -> Self {
        Self { tail, place: Place::of_handle() }
    }

    /// Takes a credit, or arranges that the task of `cx` is woken when it may be worth another try.
    ///
    /// For futures and sinks written by hand. The registration belongs to this handle, is renewed by
    /// the next call, and ends with success or with the handle.
    ///
    /// # Errors
    /// [`SendError`] when the channel is closed.
    ///
    /// # Cancel safety
    /// A pending call has taken nothing.
    pub fn poll_reserve(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Permit<'_, T, F>, SendError<()>>> {
        let mut tx = Some(Tx::new(self.tail.producer_mut()));
        Tx::poll_reserve(&mut tx, &mut self.place, cx, 1)
            .map(|granted| granted.map(Permit::new).map_err(|_| SendError(())))
    }

    /// Ready when there was room, which on a shared side another sender may take at once: follow with
    /// `try_send`, and poll again if that is refused.
    ///
    /// # Errors
    /// [`SendError`] when the channel is closed.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        let mut tx = Tx::new(self.tail.producer_mut());
        tx.poll_ready(&mut self.place, cx).map_err(|_| SendError(()))
    }

    /// Waits, as a task, until the channel is closed by whichever side.
    ///
    /// # Examples
    /// ```
    /// # pollster::block_on(async {
    /// let (tx, rx) = backpressure::mpsc::bounded::<i32>(1);
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    pub fn closed(&self) -> ClosedFuture<'_, T, F> {
        ClosedFuture::new(&self.tail)
    }

    /// Waits, as a task, until the channel is closed and nothing is left to be done: everything received,
    /// no permit out that could still send, and on an [acknowledged](crate::delivery) channel everything
    /// acknowledged.
    ///
    /// A forgotten permit keeps this waiting until the last sender is gone, a forgotten delivery for ever.
    /// On `spsc`, "everything received" means that the receiver has been told Closed, or is gone.
    ///
    /// # Examples
    /// ```
    /// # pollster::block_on(async {
    /// let (tx, mut rx) = backpressure::mpsc::builder().capacity(1).acknowledged().build().unwrap();
    /// tx.try_send(1).unwrap();
    /// tx.close();
    /// let delivery = rx.recv_async().await.unwrap();
    /// delivery.ack();
    /// tx.drained().await;
    /// # });
    /// ```
    pub fn drained(&self) -> DrainedFuture<'_, T, F> {
        DrainedFuture::of_sender(&self.tail)
    }

    /// The same, blocking the thread.
    #[cfg(feature = "std")]
    pub fn wait_drained(&self) {
        Draining::block::<F>(&self.tail, Deadline::Never);
    }

    /// The same, blocking the thread for at most `timeout`; whether the channel is drained.
    #[cfg(feature = "std")]
    pub fn wait_drained_timeout(&self, timeout: Duration) -> bool {
        Draining::block::<F>(&self.tail, Deadline::after(timeout))
    }

    /// The channel in numbers.
    ///
    /// Progress: wait-free, but for two short locks to count those who wait.
    #[must_use]
    pub fn stats(&self) -> Stats {
        chan::stats::<F>(&self.tail)
    }

    /// Watches the level of a channel built with [`watermarks`](crate::Builder::watermarks); `None` on
    /// channels that are not observed.
    #[must_use]
    pub fn pressure(&self) -> Option<PressureWatch> {
        self.tail.beside().observed().cloned().map(PressureWatch::new)
    }

    /// Refuses new sends from now on, and wakes everybody who waits. Whether this call was the one
    /// that closed the channel.
    ///
    /// What is queued can still be received, and permits still send.
    pub fn close(&self) -> bool {
        chan::close_tail(&self.tail)
    }

    /// Whether the channel is closed. Once true, it stays true; if false, another thread can change
    /// that at once.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.tail.is_closed()
    }

    /// How many messages may be queued or reserved at a time: exactly what was asked for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.tail.capacity()
    }

    /// How many messages are queued: a snapshot, always within `0..=capacity`.
    ///
    /// Receivers can make it smaller at once. On `spsc`, nobody else can make it larger.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail.len()
    }

    /// Whether nothing is queued: a snapshot. On `spsc`, no other thread can change `true`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every credit is out, queued or reserved: a snapshot. On `spsc`, no other thread can
    /// change `false`.
    #[must_use]
    pub fn is_full(&self) -> bool {
        chan::is_full(&self.tail)
    }

    /// How many credits are in permits: a snapshot.
    #[must_use]
    pub fn reserved(&self) -> usize {
        self.tail.reserved()
    }

    /// How many senders there are: a snapshot.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.tail.beside().senders()
    }

    /// How many receivers there are: a snapshot.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.tail.beside().receivers()
    }

    /// Whether both senders belong to one channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.tail.address() == other.tail.address()
    }
}

#[cfg(feature = "std")]
#[inline(always)]
fn send_until<T, F: Flavour>(
    mut tx: Tx<'_, T, F>,
    value: T,
    deadline: impl FnOnce() -> Deadline,
) -> Result<(), SendTimeoutError<T>> {
    tx.send(value, deadline).map_err(|(value, refused)| match refused {
        Refused::Closed => SendTimeoutError::Closed(value),
        Refused::Full => SendTimeoutError::Timeout(value),
    })
}

// Panics of foreign code leave a channel usable; see the guarantees.
impl<T, F: Flavour> UnwindSafe for Sender<T, F> {}
impl<T, F: Flavour> RefUnwindSafe for Sender<T, F> {}

/// What `force_send` tells of an offer.
fn dropped<T>(offered: Result<Offered<T>, TrySendError<T>>) -> Result<Option<T>, SendError<T>> {
    match offered {
        Ok(Offered::Evicted(value) | Offered::Rejected(value)) => Ok(Some(value)),
        Ok(_) => Ok(None),
        Err(error) => Err(SendError(error.into_inner())),
    }
}

fn refused_permit(refused: Refused) -> TrySendError<()> {
    match refused {
        Refused::Full => TrySendError::Full(()),
        Refused::Closed => TrySendError::Closed(()),
    }
}

/// What can never be granted is refused at once, instead of waited for.
fn check_permits(n: usize, capacity: usize) {
    assert!(n > 0, "a reservation needs at least one credit");
    assert!(n <= capacity, "a reservation of {n} credits exceeds the capacity of {capacity}");
    assert!(n as u64 <= TailWord::MAX_RESERVED, "a reservation of {n} credits is too large");
}

impl<T, C, M> Clone for Sender<T, Kind<Many, C, M>>
where
    Kind<Many, C, M>: ManySenders,
{
    fn clone(&self) -> Self {
        self.tail.beside().add_sender();
        Self::new(self.tail.clone())
    }
}

impl<T, F: Flavour> Drop for Sender<T, F> {
    fn drop(&mut self) {
        let mut place = core::mem::take(&mut self.place);
        // UNWIND: leaving may run foreign wakers.
        let mut tail = Finally::new(&mut self.tail, |tail| chan::drop_sender(tail));
        Tx::new(tail.producer_mut()).leave(&mut place);
    }
}

impl<T, F: Flavour> fmt::Debug for Sender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Refers to a channel without keeping it open. Made by `Sender::downgrade`.
pub struct WeakSender<T, F: Flavour> {
    tail: WeakTail<T, F>,
}

impl<T, C, M> WeakSender<T, Kind<Many, C, M>>
where
    Kind<Many, C, M>: ManySenders,
{
    /// A sender, unless the last one is gone.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = backpressure::mpsc::bounded(1);
    /// let weak = tx.downgrade();
    /// weak.upgrade().unwrap().try_send(1).unwrap();
    /// drop(tx);
    /// assert!(weak.upgrade().is_none());
    /// # drop(rx);
    /// ```
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T, Kind<Many, C, M>>> {
        self.tail.beside().revive_sender().then(|| Sender::new(self.tail.upgrade()))
    }
}

impl<T, F: Flavour> Clone for WeakSender<T, F> {
    fn clone(&self) -> Self {
        Self { tail: self.tail.clone() }
    }
}

impl<T, F: Flavour> fmt::Debug for WeakSender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
