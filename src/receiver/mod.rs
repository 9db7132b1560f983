//! The receiving handle. Everything it does is in `chan::rx`; `one` and `many` pick the borrow.

mod many;
mod one;
mod pull;

use alloc::vec::Vec;
use core::fmt;
#[cfg(feature = "std")]
use core::iter::FusedIterator;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::task::{Context, Poll};
#[cfg(feature = "std")]
use core::time::Duration;

#[cfg(feature = "std")]
use crate::chan::Draining;
use crate::chan::{self, Head, Rx};
use crate::error::{RecvError, TryRecvError};
use crate::finally::Finally;
use crate::flavour::{Flavour, Item, Kind, Many, ManyReceivers};
use crate::future::DrainedFuture;
use crate::pressure::{Drops, PressureWatch, Stats};
use crate::raw::End;
#[cfg(feature = "std")]
use crate::wait::Deadline;
use crate::wait::Place;

/// Receives from a channel.
///
/// The last receiver to be dropped closes the channel and drops what is queued. What a sender was
/// just publishing then is dropped with the last handle at the latest.
///
/// On `spsc` and `mpsc` there is one receiver, and receiving takes `&mut self`. On `mpmc` a receiver
/// can be cloned or shared, and receiving takes `&self`. Otherwise the operations are the same.
///
/// Made by `bounded` or `builder` of [`spsc`](crate::spsc), [`mpsc`](crate::mpsc) and
/// [`mpmc`](crate::mpmc). A value crosses threads only if it is `Send`:
///
/// ```compile_fail,E0277
/// let (_tx, rx) = backpressure::mpmc::bounded::<std::rc::Rc<i32>>(1);
/// std::thread::spawn(move || rx.try_recv());
/// ```
pub struct Receiver<T, F: Flavour> {
    head: Head<T, F>,
    /// Where `poll_recv` waits between polls.
    place: Place,
}

impl<T, F: Flavour> Receiver<T, F> {
    pub(crate) fn new(head: Head<T, F>) -> Self {
        Self { head, place: Place::of_handle() }
    }

    /// Receives a value, or arranges that the task of `cx` is woken when it may be worth another try.
    ///
    /// For futures and streams written by hand. The registration belongs to this handle, is renewed
    /// by the next call, and ends with success or with the handle.
    ///
    /// # Errors
    /// [`RecvError`] when nothing will come any more.
    ///
    /// # Cancel safety
    /// A pending call has taken nothing.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item<T, F>, RecvError>> {
        Rx::new(self.head.consumer_mut()).poll_recv(&mut self.place, cx)
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
        DrainedFuture::of_receiver(&self.head)
    }

    /// The same, blocking the thread.
    #[cfg(feature = "std")]
    pub fn wait_drained(&self) {
        Draining::block::<F>(&self.head, Deadline::Never);
    }

    /// The same, blocking the thread for at most `timeout`; whether the channel is drained.
    #[cfg(feature = "std")]
    pub fn wait_drained_timeout(&self, timeout: Duration) -> bool {
        Draining::block::<F>(&self.head, Deadline::after(timeout))
    }

    /// The channel in numbers.
    ///
    /// Progress: wait-free, but for two short locks to count those who wait.
    #[must_use]
    pub fn stats(&self) -> Stats {
        chan::stats::<F>(&self.head)
    }

    /// Watches the level of a channel built with [`watermarks`](crate::Builder::watermarks); `None` on
    /// channels that are not observed.
    #[must_use]
    pub fn pressure(&self) -> Option<PressureWatch> {
        self.head.beside().observed().cloned().map(PressureWatch::new)
    }

    /// Refuses new sends from now on, and wakes everybody who waits. Whether this call was the one
    /// that closed the channel.
    ///
    /// What is queued can still be received, and permits still send.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = backpressure::mpsc::bounded(2);
    /// tx.try_send(1).unwrap();
    /// rx.close();
    /// assert!(tx.try_send(2).is_err());
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert!(rx.recv().is_err());
    /// ```
    pub fn close(&self) -> bool {
        chan::close_head(&self.head)
    }

    /// Whether the channel is closed; there may still be values to receive. Once true, it stays true;
    /// if false, another thread can change that at once.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.head.is_closed()
    }

    /// How many messages may be queued or reserved at a time: exactly what was asked for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.head.capacity()
    }

    /// How many messages are queued: a snapshot, always within `0..=capacity`.
    ///
    /// Senders can make it larger at once. On `spsc` and `mpsc`, nobody else can make it smaller,
    /// except a sender that evicts, or on `spsc` one that takes a value back which came after a close.
    #[must_use]
    pub fn len(&self) -> usize {
        self.head.len()
    }

    /// Whether nothing is queued: a snapshot. With one receiver, no other thread can change `false`,
    /// with the exceptions of [`len`](Self::len).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every credit is out, queued or reserved: a snapshot.
    #[must_use]
    pub fn is_full(&self) -> bool {
        chan::is_full(&self.head)
    }

    /// How many credits are in permits: a snapshot.
    #[must_use]
    pub fn reserved(&self) -> usize {
        self.head.reserved()
    }

    /// How many senders there are: a snapshot.
    #[must_use]
    pub fn sender_count(&self) -> usize {
        self.head.beside().senders()
    }

    /// How many receivers there are: a snapshot.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.head.beside().receivers()
    }

    /// Whether both receivers belong to one channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.head.address() == other.head.address()
    }

    pub(crate) fn rx_mut(&mut self) -> Rx<'_, T, F> {
        Rx::new(self.head.consumer_mut())
    }

    /// A message was too old.
    pub(crate) fn count_expired(&self) {
        Drops::add(&self.head.beside().drops.expired, 1);
    }
}

/// Takes what is queued at this moment.
fn drain_into<T, F: Flavour>(mut rx: Rx<'_, T, F>, backlog: &mut Vec<Item<T, F>>) {
    let most = rx.len();
    if most > 0 {
        // Empty or Closed by now: nothing to take, which the caller sees.
        let _: Result<usize, TryRecvError> = rx.try_recv_many(backlog, most);
    }
}

// Panics of foreign code leave a channel usable; see the guarantees.
impl<T, F: Flavour> UnwindSafe for Receiver<T, F> {}
impl<T, F: Flavour> RefUnwindSafe for Receiver<T, F> {}

impl<T, P, M> Clone for Receiver<T, Kind<P, Many, M>>
where
    Kind<P, Many, M>: ManyReceivers,
{
    fn clone(&self) -> Self {
        self.head.beside().add_receiver();
        Self::new(self.head.clone())
    }
}

impl<T, F: Flavour> Drop for Receiver<T, F> {
    fn drop(&mut self) {
        let mut place = core::mem::take(&mut self.place);
        // UNWIND: leaving may run foreign wakers.
        let mut head = Finally::new(&mut self.head, |head| chan::drop_receiver(head));
        Rx::new(head.consumer_mut()).leave(&mut place);
    }
}

impl<T, F: Flavour> fmt::Debug for Receiver<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Blocks for each value until the channel is closed and drained. Made by `iter`.
#[cfg(feature = "std")]
#[must_use = "iterators do nothing unless consumed"]
pub struct Iter<'a, T, F: Flavour> {
    rx: Rx<'a, T, F>,
}

#[cfg(feature = "std")]
impl<T, F: Flavour> Iterator for Iter<'_, T, F> {
    type Item = Item<T, F>;

    fn next(&mut self) -> Option<Item<T, F>> {
        self.rx.reborrow().recv::<Result<Item<T, F>, RecvError>>(|| Deadline::Never).ok()
    }
}

#[cfg(feature = "std")]
impl<T, F: Flavour> FusedIterator for Iter<'_, T, F> {}

/// Takes values until nothing is queued. Made by `try_iter`.
#[must_use = "iterators do nothing unless consumed"]
pub struct TryIter<'a, T, F: Flavour> {
    rx: Rx<'a, T, F>,
}

impl<T, F: Flavour> Iterator for TryIter<'_, T, F> {
    type Item = Item<T, F>;

    fn next(&mut self) -> Option<Item<T, F>> {
        self.rx.reborrow().try_recv::<Result<Item<T, F>, TryRecvError>>().ok()
    }
}

/// Owns the receiver and blocks for each value until the channel is closed and drained.
#[cfg(feature = "std")]
#[derive(Debug)]
#[must_use = "iterators do nothing unless consumed"]
pub struct IntoIter<T, F: Flavour> {
    receiver: Receiver<T, F>,
}

#[cfg(feature = "std")]
impl<T, F: Flavour> Iterator for IntoIter<T, F> {
    type Item = Item<T, F>;

    fn next(&mut self) -> Option<Item<T, F>> {
        self.receiver.rx_mut().recv::<Result<Item<T, F>, RecvError>>(|| Deadline::Never).ok()
    }
}

#[cfg(feature = "std")]
impl<T, F: Flavour> FusedIterator for IntoIter<T, F> {}

#[cfg(feature = "std")]
impl<T, F: Flavour> IntoIterator for Receiver<T, F> {
    type Item = Item<T, F>;
    type IntoIter = IntoIter<T, F>;

    fn into_iter(self) -> IntoIter<T, F> {
        IntoIter { receiver: self }
    }
}

#[cfg(feature = "std")]
impl<'a, T, F: Flavour> IntoIterator for &'a mut Receiver<T, F> {
    type Item = Item<T, F>;
    type IntoIter = Iter<'a, T, F>;

    fn into_iter(self) -> Iter<'a, T, F> {
        Iter { rx: self.rx_mut() }
    }
}

#[cfg(feature = "std")]
impl<'a, T, P, M> IntoIterator for &'a Receiver<T, Kind<P, Many, M>>
where
    Kind<P, Many, M>: ManyReceivers,
{
    type Item = Item<T, Kind<P, Many, M>>;
    type IntoIter = Iter<'a, T, Kind<P, Many, M>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(feature = "std")]
impl<T, F: Flavour> fmt::Debug for Iter<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iter")
    }
}

impl<T, F: Flavour> fmt::Debug for TryIter<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryIter")
    }
}
