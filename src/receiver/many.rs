//! The operations of the receivers of a channel that may have several, by `&self`.

use alloc::vec::{self, Vec};
#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

#[cfg(feature = "std")]
use super::Iter;
use super::{Receiver, TryIter, drain_into};
use crate::chan::Rx;
use crate::error::TryRecvError;
#[cfg(feature = "std")]
use crate::error::{RecvError, RecvTimeoutError};
use crate::flavour::{Item, Kind, Many, ManyReceivers};
use crate::future::{RecvFuture, RecvManyFuture};
#[cfg(feature = "std")]
use crate::wait::Deadline;

/// Operations of the receivers of an `mpmc` channel.
impl<T, P, M> Receiver<T, Kind<P, Many, M>>
where
    Kind<P, Many, M>: ManyReceivers,
{
    #[inline(always)]
    fn rx(&self) -> Rx<'_, T, Kind<P, Many, M>> {
        Rx::new(self.head.consumer())
    }

    /// Receives without waiting.
    ///
    /// Progress: lock-free; a retry means that another receiver won. A sender that was stopped between
    /// claiming its place and publishing into it hides what was sent after it.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] when nothing is queued (or the next value is still
    /// being written, see Progress); [`TryRecvError::Closed`] when the channel
    /// is closed and everything that was sent has been received.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{TryRecvError, mpmc};
    ///
    /// let (tx, rx) = mpmc::bounded(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<Item<T, Kind<P, Many, M>>, TryRecvError> {
        self.rx().try_recv()
    }

    /// Receives, blocking the thread while nothing is queued.
    ///
    /// Progress: blocks until a sender publishes.
    ///
    /// # Errors
    /// [`RecvError`] when the channel is closed and everything that was sent has been received.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = backpressure::mpmc::bounded(1);
    /// tx.send("last words").unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv(), Ok("last words"));
    /// assert!(rx.recv().is_err());
    /// ```
    #[cfg(feature = "std")]
    #[inline]
    pub fn recv(&self) -> Result<Item<T, Kind<P, Many, M>>, RecvError> {
        self.rx().recv(|| Deadline::Never)
    }

    /// Receives, blocking the thread for at most `timeout`.
    ///
    /// A timeout too long to be added to the present time is for ever.
    ///
    /// # Errors
    /// [`RecvTimeoutError::Timeout`] when nothing came in time, [`RecvTimeoutError::Closed`] when nothing
    /// will come any more.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{RecvTimeoutError, mpmc};
    /// use std::time::Duration;
    ///
    /// let (_tx, rx) = mpmc::bounded::<i32>(1);
    /// let answer = rx.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(answer, Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(
        &self,
        timeout: Duration,
    ) -> Result<Item<T, Kind<P, Many, M>>, RecvTimeoutError> {
        self.rx().recv(|| Deadline::after(timeout))
    }

    /// Receives, blocking the thread until `deadline` at the latest. A deadline in the past still
    /// receives what is queued.
    ///
    /// # Errors
    /// As `recv_timeout`.
    #[cfg(feature = "std")]
    pub fn recv_deadline(
        &self,
        deadline: Instant,
    ) -> Result<Item<T, Kind<P, Many, M>>, RecvTimeoutError> {
        self.rx().recv(|| Deadline::At(deadline))
    }

    /// Receives, waiting as a task. Any executor will do.
    ///
    /// # Errors
    /// The future ends with [`RecvError`](crate::RecvError) when nothing will come any more.
    ///
    /// # Cancel safety
    /// A value is taken out only by the poll that returns it.
    pub fn recv_async(&self) -> RecvFuture<'_, T, Kind<P, Many, M>> {
        RecvFuture::new(self.rx())
    }

    /// Appends up to `limit` queued values to `into`, without waiting and with one claim; how many.
    ///
    /// Allocates only if the vector has not room for what is there.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = backpressure::mpmc::bounded(8);
    /// tx.try_send_many(&mut vec![1, 2, 3]).unwrap();
    /// let mut batch = Vec::with_capacity(2);
    /// assert_eq!(rx.try_recv_many(&mut batch, 2), Ok(2));
    /// assert_eq!(batch, [1, 2]);
    /// ```
    pub fn try_recv_many(
        &self,
        into: &mut Vec<Item<T, Kind<P, Many, M>>>,
        limit: usize,
    ) -> Result<usize, TryRecvError> {
        if limit == 0 {
            return Ok(0);
        }
        self.rx().try_recv_many(into, limit)
    }

    /// Appends between 1 and `limit` values to `into`, blocking the thread while nothing is queued; how
    /// many. With a limit of 0, returns at once.
    ///
    /// # Errors
    /// [`RecvError`] when nothing will come any more.
    #[cfg(feature = "std")]
    pub fn recv_many(
        &self,
        into: &mut Vec<Item<T, Kind<P, Many, M>>>,
        limit: usize,
    ) -> Result<usize, RecvError> {
        if limit == 0 {
            return Ok(0);
        }
        self.rx().recv_many(into, limit)
    }

    /// Appends between 1 and `limit` values to `into`, waiting as a task; how many. With a limit of 0,
    /// ends at once.
    ///
    /// # Errors
    /// The future ends with [`RecvError`](crate::RecvError) when nothing will come any more.
    ///
    /// # Cancel safety
    /// Values are taken out only by the poll that returns their number.
    pub fn recv_many_async<'a>(
        &'a self,
        into: &'a mut Vec<Item<T, Kind<P, Many, M>>>,
        limit: usize,
    ) -> RecvManyFuture<'a, T, Kind<P, Many, M>> {
        RecvManyFuture::new(self.rx(), into, limit)
    }

    /// Takes what is queued at this moment, with one claim. Allocates for it.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = backpressure::mpmc::bounded(8);
    /// tx.try_send_many(&mut vec![1, 2, 3]).unwrap();
    /// assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    #[must_use = "what is not looked at is dropped"]
    pub fn drain(&self) -> vec::IntoIter<Item<T, Kind<P, Many, M>>> {
        let mut backlog = Vec::new();
        drain_into(self.rx(), &mut backlog);
        backlog.into_iter()
    }

    /// Receives until the channel is closed and drained, blocking the thread for each value.
    #[cfg(feature = "std")]
    pub fn iter(&self) -> Iter<'_, T, Kind<P, Many, M>> {
        Iter { rx: self.rx() }
    }

    /// Receives until nothing is queued. Never waits.
    pub fn try_iter(&self) -> TryIter<'_, T, Kind<P, Many, M>> {
        TryIter { rx: self.rx() }
    }
}
