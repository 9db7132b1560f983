//! The futures. All are cancel-safe, fused (polled again after their end they stay pending), and
//! need no particular executor.

use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::chan::{Draining, Head, Rx, Tail, Tx};
use crate::error::{RecvError, SendError};
use crate::flavour::{Flavour, Item};
use crate::permit::{Permit, Permits};
use crate::raw::{End, Refused};
use crate::wait::Place;

/// Sends one value. Made by `send_async`.
///
/// # Cancel safety
/// The value stays in the future until it is accepted: a future dropped while pending drops its
/// value without sending it, and [`SendFuture::into_inner`] gives it back instead.
#[must_use = "futures do nothing unless awaited"]
pub struct SendFuture<'a, T, F: Flavour> {
    tx: Tx<'a, T, F>,
    value: Option<T>,
    place: Place,
}

impl<'a, T, F: Flavour> SendFuture<'a, T, F> {
    pub(crate) fn new(tx: Tx<'a, T, F>, value: T) -> Self {
        Self { tx, value: Some(value), place: Place::default() }
    }

    /// The value, unless it was sent (or handed back) already.
    #[must_use]
    pub fn into_inner(mut self) -> Option<T> {
        self.value.take()
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.value.is_none()
    }
}

// The value is moved in and out, never pinned.
impl<T, F: Flavour> Unpin for SendFuture<'_, T, F> {}

impl<T, F: Flavour> Future for SendFuture<'_, T, F> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.value.is_none() {
            return Poll::Pending;
        }
        this.tx.poll_send(&mut this.place, cx, &mut this.value).map(|sent| match sent {
            Ok(()) => Ok(()),
            Err(_) => Err(SendError(this.value.take().expect("a refused send leaves its value"))),
        })
    }
}

impl<T, F: Flavour> Drop for SendFuture<'_, T, F> {
    #[inline]
    fn drop(&mut self) {
        // CANCEL: a notification this future has and will not use goes to the next in line.
        self.tx.leave(&mut self.place);
    }
}

/// Sends every value of a vector, in order. Made by `send_many_async`.
///
/// # Cancel safety
/// What has not been sent is still in the vector, in order.
#[must_use = "futures do nothing unless awaited"]
pub struct SendManyFuture<'a, T, F: Flavour> {
    tx: Tx<'a, T, F>,
    values: &'a mut Vec<T>,
    sent: usize,
    ended: bool,
    place: Place,
}

impl<'a, T, F: Flavour> SendManyFuture<'a, T, F> {
    pub(crate) fn new(tx: Tx<'a, T, F>, values: &'a mut Vec<T>) -> Self {
        Self { tx, values, sent: 0, ended: false, place: Place::default() }
    }

    /// How many values have been sent so far.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T, F: Flavour> Future for SendManyFuture<'_, T, F> {
    type Output = Result<usize, SendError<usize>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        while !this.ended {
            match this.tx.poll_send_many(&mut this.place, cx, this.values) {
                Poll::Ready(Ok(n)) => {
                    this.sent += n;
                    this.ended = this.values.is_empty();
                }
                Poll::Ready(Err(_)) => {
                    this.ended = true;
                    return Poll::Ready(Err(SendError(this.sent)));
                }
                Poll::Pending => return Poll::Pending,
            }
            if this.ended {
                return Poll::Ready(Ok(this.sent));
            }
        }
        Poll::Pending
    }
}

impl<T, F: Flavour> Drop for SendManyFuture<'_, T, F> {
    fn drop(&mut self) {
        // CANCEL: as for `SendFuture`.
        self.tx.leave(&mut self.place);
    }
}

/// The common part of the two reserving futures.
struct Reserving<'a, T, F: Flavour> {
    /// Here until credits are granted for it.
    tx: Option<Tx<'a, T, F>>,
    n: usize,
    place: Place,
}

impl<'a, T, F: Flavour> Reserving<'a, T, F> {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<crate::chan::Held<'a, T, F>, SendError<()>>> {
        Tx::poll_reserve(&mut self.tx, &mut self.place, cx, self.n).map(|granted| {
            // Whatever the answer, this was the end.
            self.tx = None;
            granted.map_err(|_: Refused| SendError(()))
        })
    }
}

impl<T, F: Flavour> Drop for Reserving<'_, T, F> {
    fn drop(&mut self) {
        // CANCEL: as for `SendFuture`. Without `tx` the wait has ended and left already.
        if let Some(tx) = &self.tx {
            tx.leave(&mut self.place);
        }
    }
}

/// Takes one credit. Made by `reserve_async`.
///
/// # Cancel safety
/// Dropped while pending, it has taken nothing.
#[must_use = "futures do nothing unless awaited"]
pub struct ReserveFuture<'a, T, F: Flavour>(Reserving<'a, T, F>);

impl<'a, T, F: Flavour> ReserveFuture<'a, T, F> {
    pub(crate) fn new(tx: Tx<'a, T, F>) -> Self {
        Self(Reserving { tx: Some(tx), n: 1, place: Place::default() })
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.0.tx.is_none()
    }
}

impl<'a, T, F: Flavour> Future for ReserveFuture<'a, T, F> {
    type Output = Result<Permit<'a, T, F>, SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().0.poll(cx).map_ok(Permit::new)
    }
}

/// Takes several credits at once, or none. Made by `reserve_many_async`.
///
/// # Cancel safety
/// Dropped while pending, it has taken nothing.
#[must_use = "futures do nothing unless awaited"]
pub struct ReserveManyFuture<'a, T, F: Flavour>(Reserving<'a, T, F>);

impl<'a, T, F: Flavour> ReserveManyFuture<'a, T, F> {
    pub(crate) fn new(tx: Tx<'a, T, F>, n: usize) -> Self {
        Self(Reserving { tx: Some(tx), n, place: Place::default() })
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.0.tx.is_none()
    }
}

impl<'a, T, F: Flavour> Future for ReserveManyFuture<'a, T, F> {
    type Output = Result<Permits<'a, T, F>, SendError<()>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().0.poll(cx).map_ok(Permits::new)
    }
}

/// Receives one value. Made by `recv_async`.
///
/// # Cancel safety
/// A value is taken out of the channel only by the poll that returns it.
#[must_use = "futures do nothing unless awaited"]
pub struct RecvFuture<'a, T, F: Flavour> {
    rx: Rx<'a, T, F>,
    place: Place,
    ended: bool,
}

impl<'a, T, F: Flavour> RecvFuture<'a, T, F> {
    pub(crate) fn new(rx: Rx<'a, T, F>) -> Self {
        Self { rx, place: Place::default(), ended: false }
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T, F: Flavour> Future for RecvFuture<'_, T, F> {
    type Output = Result<Item<T, F>, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Pending;
        }
        let done = this.rx.poll_recv(&mut this.place, cx);
        this.ended = done.is_ready();
        done
    }
}

impl<T, F: Flavour> Drop for RecvFuture<'_, T, F> {
    #[inline]
    fn drop(&mut self) {
        // CANCEL: as for `SendFuture`.
        self.rx.leave(&mut self.place);
    }
}

/// Receives at least one value, and as many more as there are, up to a limit. Made by
/// `recv_many_async`.
///
/// # Cancel safety
/// Values are taken out of the channel only by the poll that returns their number.
#[must_use = "futures do nothing unless awaited"]
pub struct RecvManyFuture<'a, T, F: Flavour> {
    rx: Rx<'a, T, F>,
    into: &'a mut Vec<Item<T, F>>,
    limit: usize,
    place: Place,
    ended: bool,
}

impl<'a, T, F: Flavour> RecvManyFuture<'a, T, F> {
    pub(crate) fn new(rx: Rx<'a, T, F>, into: &'a mut Vec<Item<T, F>>, limit: usize) -> Self {
        Self { rx, into, limit, place: Place::default(), ended: false }
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T, F: Flavour> Future for RecvManyFuture<'_, T, F> {
    type Output = Result<usize, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Pending;
        }
        if this.limit == 0 {
            this.ended = true;
            return Poll::Ready(Ok(0));
        }
        let done = this.rx.poll_recv_many(&mut this.place, cx, this.into, this.limit);
        this.ended = done.is_ready();
        done
    }
}

impl<T, F: Flavour> Drop for RecvManyFuture<'_, T, F> {
    fn drop(&mut self) {
        // CANCEL: as for `SendFuture`.
        self.rx.leave(&mut self.place);
    }
}

/// Waits until the channel accepts no more sends. Made by [`Sender::closed`](crate::Sender::closed).
///
/// # Cancel safety
/// Nothing to lose.
#[must_use = "futures do nothing unless awaited"]
pub struct ClosedFuture<'a, T, F: Flavour> {
    tail: &'a Tail<T, F>,
    place: Place,
    ended: bool,
}

impl<'a, T, F: Flavour> ClosedFuture<'a, T, F> {
    pub(crate) fn new(tail: &'a Tail<T, F>) -> Self {
        Self { tail, place: Place::default(), ended: false }
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T, F: Flavour> Future for ClosedFuture<'_, T, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Pending;
        }
        let gate = &this.tail.beside().closing;
        let done = this.place.poll(gate, false, cx, |_| this.tail.is_closed().then_some(()));
        this.ended = done.is_ready();
        done
    }
}

impl<T, F: Flavour> Drop for ClosedFuture<'_, T, F> {
    fn drop(&mut self) {
        // Everybody is woken at once here: there is nothing to pass on.
        self.place.give_up(&self.tail.beside().closing, || false);
    }
}

/// Waits until a closed channel has nothing left. Made by `drained`.
///
/// # Cancel safety
/// Nothing to lose.
#[must_use = "futures do nothing unless awaited"]
pub struct DrainedFuture<'a, T, F: Flavour> {
    end: Either<'a, T, F>,
    draining: Draining,
    ended: bool,
}

enum Either<'a, T, F: Flavour> {
    Tail(&'a Tail<T, F>),
    Head(&'a Head<T, F>),
}

impl<'a, T, F: Flavour> DrainedFuture<'a, T, F> {
    pub(crate) fn of_sender(tail: &'a Tail<T, F>) -> Self {
        Self { end: Either::Tail(tail), draining: Draining::default(), ended: false }
    }

    pub(crate) fn of_receiver(head: &'a Head<T, F>) -> Self {
        Self { end: Either::Head(head), draining: Draining::default(), ended: false }
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T, F: Flavour> Future for DrainedFuture<'_, T, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Pending;
        }
        let done = match this.end {
            Either::Tail(tail) => this.draining.poll::<F>(tail, cx),
            Either::Head(head) => this.draining.poll::<F>(head, cx),
        };
        this.ended = done.is_ready();
        done
    }
}

impl<T, F: Flavour> Drop for DrainedFuture<'_, T, F> {
    fn drop(&mut self) {
        self.draining.leave(match self.end {
            Either::Tail(tail) => tail.beside(),
            Either::Head(head) => head.beside(),
        });
    }
}

macro_rules! debug {
    ($($future:ident),*) => {$(
        impl<T, F: Flavour> fmt::Debug for $future<'_, T, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future))
                    .field("is_terminated", &self.is_terminated())
                    .finish_non_exhaustive()
            }
        }
    )*};
}
debug!(
    SendFuture,
    SendManyFuture,
    ReserveFuture,
    ReserveManyFuture,
    RecvFuture,
    RecvManyFuture,
    ClosedFuture,
    DrainedFuture
);
