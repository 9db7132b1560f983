//! The operations of the only receiver of a channel, by `&mut self`.

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
use crate::flavour::{Flavour, Item, Kind, One};
use crate::future::{RecvFuture, RecvManyFuture};
#[cfg(feature = "std")]
use crate::wait::Deadline;

/// Operations of the only receiver of an `spsc` or `mpsc` channel.
impl<T, P, M> Receiver<T, Kind<P, One, M>>
where
    Kind<P, One, M>: Flavour,
{
    #[inline(always)]
    fn rx(&mut self) -> Rx<'_, T, Kind<P, One, M>> {
        Rx::new(self.head.consumer_mut())
    }

    /// Receives without waiting.
    ///
    /// Progress: wait-free on `spsc`. On `mpsc` too; a sender that was stopped between claiming its place
    /// and publishing into it hides what was sent after it.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] when nothing is queued (or the next value is still
    /// being written, see Progress); [`TryRecvError::Closed`] when the channel
    /// is closed and everything that was sent has been received.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{TryRecvError, spsc};
    ///
    /// let (mut tx, mut rx) = spsc::bounded(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<Item<T, Kind<P, One, M>>, TryRecvError> {
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
    /// let (mut tx, mut rx) = backpressure::spsc::bounded(1);
    /// tx.send("last words").unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv(), Ok("last words"));
    /// assert!(rx.recv().is_err());
    /// ```
    #[cfg(feature = "std")]
    #[inline]
    pub fn recv(&mut self) -> Result<Item<T, Kind<P, One, M>>, RecvError> {
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
    /// use backpressure::{RecvTimeoutError, spsc};
    /// use std::time::Duration;
    ///
    /// let (_tx, mut rx) = spsc::bounded::<i32>(1);
    /// let answer = rx.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(answer, Err(RecvTimeoutError::Timeout));
    /// ```
    #[cfg(feature = "std")]
    pub fn recv_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<Item<T, Kind<P, One, M>>, RecvTimeoutError> {
        self.rx().recv(|| Deadline::after(timeout))
    }

    /// Receives, blocking the thread until `deadline` at the latest. A deadline in the past still
    /// receives what is queued.
    ///
    /// # Errors
    /// As `recv_timeout`.
    #[cfg(feature = "std")]
    pub fn recv_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<Item<T, Kind<P, One, M>>, RecvTimeoutError> {
        self.rx().recv(|| Deadline::At(deadline))
    }

    /// Receives, waiting as a task. Any executor will do.
    ///
    /// # Errors
    /// The future ends with [`RecvError`](crate::RecvError) when nothing will come any more.
    ///
    /// # Cancel safety
    /// A value is taken out only by the poll that returns it.
    pub fn recv_async(&mut self) -> RecvFuture<'_, T, Kind<P, One, M>> {
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
    /// let (mut tx, mut rx) = backpressure::spsc::bounded(8);
    /// tx.try_send_many(&mut vec![1, 2, 3]).unwrap();
    /// let mut batch = Vec::with_capacity(2);
    /// assert_eq!(rx.try_recv_many(&mut batch, 2), Ok(2));
    /// assert_eq!(batch, [1, 2]);
    /// ```
    pub fn try_recv_many(
        &mut self,
        into: &mut Vec<Item<T, Kind<P, One, M>>>,
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
        &mut self,
        into: &mut Vec<Item<T, Kind<P, One, M>>>,
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
        &'a mut self,
        into: &'a mut Vec<Item<T, Kind<P, One, M>>>,
        limit: usize,
    ) -> RecvManyFuture<'a, T, Kind<P, One, M>> {
        RecvManyFuture::new(self.rx(), into, limit)
    }

    /// Takes what is queued at this moment, with one claim. Allocates for it.
    ///
    /// # Examples
    /// ```
    /// let (mut tx, mut rx) = backpressure::spsc::bounded(8);
    /// tx.try_send_many(&mut vec![1, 2, 3]).unwrap();
    /// assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    #[must_use = "what is not looked at is dropped"]
    pub fn drain(&mut self) -> vec::IntoIter<Item<T, Kind<P, One, M>>> {
        let mut backlog = Vec::new();
        drain_into(self.rx(), &mut backlog);
        backlog.into_iter()
    }

    /// Receives until the channel is closed and drained, blocking the thread for each value.
    #[cfg(feature = "std")]
    pub fn iter(&mut self) -> Iter<'_, T, Kind<P, One, M>> {
        Iter { rx: self.rx() }
    }

    /// Receives until nothing is queued. Never waits.
    pub fn try_iter(&mut self) -> TryIter<'_, T, Kind<P, One, M>> {
        TryIter { rx: self.rx() }
    }
}
