//! The operations of the only sender of a channel, by `&mut self`.

use alloc::vec::Vec;
#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

use super::{Sender, check_permits, dropped, refused_permit};
use crate::chan::Tx;
#[cfg(feature = "std")]
use crate::error::SendTimeoutError;
use crate::error::{SendError, TrySendError};
use crate::flavour::{Evicting, Flavour, Kind, One};
use crate::future::{ReserveFuture, ReserveManyFuture, SendFuture, SendManyFuture};
use crate::overflow::{self, DropOldest, Offered, Overflow};
use crate::permit::{Permit, Permits};
use crate::raw::Refused;
#[cfg(feature = "std")]
use crate::wait::Deadline;

/// Operations of the only sender of an `spsc` channel.
impl<T, C, M> Sender<T, Kind<One, C, M>>
where
    Kind<One, C, M>: Flavour,
{
    #[inline(always)]
    pub(crate) fn tx(&mut self) -> Tx<'_, T, Kind<One, C, M>> {
        Tx::new(self.tail.producer_mut())
    }

    /// Sends without waiting.
    ///
    /// Progress: wait-free.
    ///
    /// # Errors
    /// [`TrySendError::Full`] when every credit is out, [`TrySendError::Closed`] when the channel is
    /// closed; both hand the value back.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{TrySendError, spsc};
    ///
    /// let (mut tx, _rx) = spsc::bounded(1);
    /// assert_eq!(tx.try_send(1), Ok(()));
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// ```
    #[inline]
    pub fn try_send(&mut self, value: T) -> Result<(), TrySendError<T>> {
        overflow::try_send(&mut self.tx(), value)
    }

    /// Sends, blocking the thread while every credit is out.
    ///
    /// Progress: blocks until a receiver gives a credit back.
    ///
    /// # Errors
    /// [`SendError`] with the value when the channel is closed, also while waiting.
    ///
    /// # Examples
    /// ```
    /// let (mut tx, mut rx) = backpressure::spsc::bounded(1);
    /// std::thread::scope(|threads| {
    ///     threads.spawn(move || (0..10).try_for_each(|i| tx.send(i)));
    ///     assert_eq!(rx.iter().sum::<i32>(), 45);
    /// });
    /// ```
    #[cfg(feature = "std")]
    #[inline]
    pub fn send(&mut self, value: T) -> Result<(), SendError<T>> {
        self.send_until(value, || Deadline::Never).map_err(|error| SendError(error.into_inner()))
    }

    /// Sends, blocking the thread for at most `timeout`.
    ///
    /// A timeout too long to be added to the present time is for ever.
    ///
    /// # Errors
    /// [`SendTimeoutError::Timeout`] when no credit came free in time, [`SendTimeoutError::Closed`] when
    /// the channel is closed; both hand the value back.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{SendTimeoutError, spsc};
    /// use std::time::Duration;
    ///
    /// let (mut tx, _rx) = spsc::bounded(1);
    /// assert_eq!(tx.send_timeout(1, Duration::MAX), Ok(()));
    /// let error = tx.send_timeout(2, Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error, SendTimeoutError::Timeout(2));
    /// ```
    #[cfg(feature = "std")]
    pub fn send_timeout(&mut self, value: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(value, || Deadline::after(timeout))
    }

    /// Sends, blocking the thread until `deadline` at the latest. A deadline in the past still sends if
    /// there is room.
    ///
    /// # Errors
    /// As `send_timeout`.
    #[cfg(feature = "std")]
    pub fn send_deadline(
        &mut self,
        value: T,
        deadline: Instant,
    ) -> Result<(), SendTimeoutError<T>> {
        self.send_until(value, || Deadline::At(deadline))
    }

    /// Sends, waiting as a task. Any executor will do.
    ///
    /// # Errors
    /// The future ends with [`SendError`] and the value when the channel is closed.
    ///
    /// # Cancel safety
    /// The value stays in the future until it is accepted; see [`SendFuture`].
    ///
    /// # Examples
    /// ```
    /// # pollster::block_on(async {
    /// let (mut tx, mut rx) = backpressure::spsc::bounded(4);
    /// tx.send_async("hello").await.unwrap();
    /// assert_eq!(rx.recv_async().await, Ok("hello"));
    /// # });
    /// ```
    pub fn send_async(&mut self, value: T) -> SendFuture<'_, T, Kind<One, C, M>> {
        SendFuture::new(self.tx(), value)
    }

    /// Sends as many of `values` as there are credits for, without waiting and with one claim; how many.
    ///
    /// They are taken from the front of the vector; what was not admitted stays there, in order. The
    /// values of one claim are consecutive in the channel.
    ///
    /// Progress: wait-free.
    ///
    /// # Errors
    /// [`SendError`] when the channel is closed; every value is still in the vector.
    ///
    /// # Examples
    /// ```
    /// let (mut tx, _rx) = backpressure::spsc::bounded(3);
    /// let mut values = vec![1, 2, 3, 4, 5];
    /// assert_eq!(tx.try_send_many(&mut values), Ok(3));
    /// assert_eq!(values, [4, 5]);
    /// ```
    pub fn try_send_many(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>> {
        match self.tx().try_send_many(values) {
            Ok(sent) => Ok(sent),
            Err(Refused::Full) => Ok(0),
            Err(Refused::Closed) => Err(SendError(0)),
        }
    }

    /// Sends all of `values`, blocking the thread while every credit is out; how many that were.
    ///
    /// Values of other senders may come between those of different claims.
    ///
    /// # Errors
    /// [`SendError`] with the number of values that were sent before the channel was closed; the others
    /// are still in the vector, in order.
    #[cfg(feature = "std")]
    pub fn send_many(&mut self, values: &mut Vec<T>) -> Result<usize, SendError<usize>> {
        self.tx().send_many(values).map_err(SendError)
    }

    /// Sends all of `values`, waiting as a task; how many that were.
    ///
    /// # Errors
    /// As `send_many`.
    ///
    /// # Cancel safety
    /// What has not been sent is still in the vector, in order.
    pub fn send_many_async<'a>(
        &'a mut self,
        values: &'a mut Vec<T>,
    ) -> SendManyFuture<'a, T, Kind<One, C, M>> {
        SendManyFuture::new(self.tx(), values)
    }

    /// Takes a credit without waiting: the right to send one value later, which cannot fail for lack of
    /// room.
    ///
    /// Progress: as [`try_send`](Self::try_send).
    ///
    /// # Errors
    /// [`TrySendError`] when every credit is out, or the channel is closed.
    pub fn try_reserve(&mut self) -> Result<Permit<'_, T, Kind<One, C, M>>, TrySendError<()>> {
        self.tx().try_reserve(1).map(Permit::new).map_err(|(_, refused)| refused_permit(refused))
    }

    /// Takes a credit, blocking the thread while every credit is out.
    ///
    /// # Errors
    /// [`SendError`] when the channel is closed.
    #[cfg(feature = "std")]
    pub fn reserve(&mut self) -> Result<Permit<'_, T, Kind<One, C, M>>, SendError<()>> {
        self.tx().reserve(1).map(Permit::new).ok_or(SendError(()))
    }

    /// Takes a credit, waiting as a task.
    ///
    /// # Errors
    /// The future ends with [`SendError`] when the channel is closed.
    ///
    /// # Cancel safety
    /// Dropped while pending, it has taken nothing.
    pub fn reserve_async(&mut self) -> ReserveFuture<'_, T, Kind<One, C, M>> {
        ReserveFuture::new(self.tx())
    }

    /// Takes `n` credits at once, or none, without waiting.
    ///
    /// # Errors
    /// [`TrySendError`] when fewer than `n` credits are there, or the channel is closed.
    ///
    /// # Panics
    /// If `n` is 0, above the capacity, or above 32,767, the most that permits of one channel can hold.
    pub fn try_reserve_many(
        &mut self,
        n: usize,
    ) -> Result<Permits<'_, T, Kind<One, C, M>>, TrySendError<()>> {
        check_permits(n, self.capacity());
        self.tx().try_reserve(n).map(Permits::new).map_err(|(_, refused)| refused_permit(refused))
    }

    /// Takes `n` credits at once, blocking the thread until so many are there.
    ///
    /// Credits are not set aside while waiting: senders that need fewer go first, for as long as they
    /// keep coming.
    ///
    /// # Errors
    /// [`SendError`] when the channel is closed.
    ///
    /// # Panics
    /// As [`try_reserve_many`](Self::try_reserve_many).
    #[cfg(feature = "std")]
    pub fn reserve_many(
        &mut self,
        n: usize,
    ) -> Result<Permits<'_, T, Kind<One, C, M>>, SendError<()>> {
        check_permits(n, self.capacity());
        self.tx().reserve(n).map(Permits::new).ok_or(SendError(()))
    }

    /// Takes `n` credits at once, waiting as a task. Fairness as `reserve_many`.
    ///
    /// # Errors
    /// The future ends with [`SendError`] when the channel is closed.
    ///
    /// # Panics
    /// As [`try_reserve_many`](Self::try_reserve_many).
    ///
    /// # Cancel safety
    /// Dropped while pending, it has taken nothing.
    pub fn reserve_many_async(&mut self, n: usize) -> ReserveManyFuture<'_, T, Kind<One, C, M>> {
        check_permits(n, self.capacity());
        ReserveManyFuture::new(self.tx(), n)
    }

    /// Sends without ever waiting; when every credit is out, does what `policy` says. Whatever is dropped
    /// comes back.
    ///
    /// Progress: lock-free.
    ///
    /// # Errors
    /// [`TrySendError::Closed`] with the value when the channel is closed; [`TrySendError::Full`] under
    /// [`Fail`](crate::Fail) only.
    ///
    /// # Examples
    /// ```
    /// use backpressure::{DropNewest, DropOldest, Offered, spsc};
    ///
    /// let (mut tx, mut rx) = spsc::builder().capacity(2).evicting().build()?;
    /// assert_eq!(tx.offer(1, DropOldest), Ok(Offered::Sent));
    /// assert_eq!(tx.offer(2, DropOldest), Ok(Offered::Sent));
    /// assert_eq!(tx.offer(3, DropOldest), Ok(Offered::Evicted(1)));
    /// assert_eq!(tx.offer(4, DropNewest), Ok(Offered::Rejected(4)));
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [2, 3]);
    /// # Ok::<(), backpressure::BuildError>(())
    /// ```
    pub fn offer<P: Overflow<T, Kind<One, C, M>>>(
        &mut self,
        value: T,
        policy: P,
    ) -> Result<Offered<T>, TrySendError<T>> {
        policy.offer(self.tx().without_lingering(), value)
    }

    /// [`offer`](Self::offer) with [`DropOldest`]: sends, and hands back what was dropped for it.
    ///
    /// # Errors
    /// [`SendError`] with the value when the channel is closed.
    pub fn force_send(&mut self, value: T) -> Result<Option<T>, SendError<T>>
    where
        Kind<One, C, M>: Evicting,
    {
        dropped(self.offer(value, DropOldest))
    }

    #[cfg(feature = "std")]
    #[inline(always)]
    fn send_until(
        &mut self,
        value: T,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(), SendTimeoutError<T>> {
        super::send_until(self.tx(), value, deadline)
    }
}
