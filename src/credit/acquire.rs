//! Acquiring as a task.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::{Credits, Permit};
use crate::error::AcquireError;
use crate::wait::{Crowded, Place};

/// Takes some credits. Made by [`Credits::acquire_async`].
///
/// # Cancel safety
/// Dropped while pending, it has taken nothing, and whoever waits behind it may go on.
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireFuture<'a> {
    credits: &'a Credits,
    n: u64,
    place: Place,
    ended: bool,
}

impl<'a> AcquireFuture<'a> {
    pub(super) fn new(credits: &'a Credits, n: u64) -> Self {
        Self { credits, n, place: Place::default(), ended: false }
    }

    /// Whether the future has ended.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.ended
    }

    fn leave(&mut self) {
        let shared = &self.credits.shared;
        self.place.give_up(&shared.gate, || shared.has_some());
    }
}

impl<'a> Future for AcquireFuture<'a> {
    type Output = Result<Permit<'a>, AcquireError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Pending;
        }
        let (shared, n) = (&this.credits.shared, this.n);
        let done =
            this.place.poll_in_line(&shared.gate, n > 1, cx, |place| shared.attempt(n, place));
        let Poll::Ready(done) = done else { return Poll::Pending };
        this.ended = true;
        // UNWIND: leaving may run a foreign waker; the permit gives its credits back then.
        let permit = match done {
            Ok(taken) => taken.map(|()| Permit::borrowed(this.credits, n)),
            Err(Crowded) => Err(AcquireError::TooManyWaiters),
        };
        this.leave();
        Poll::Ready(permit)
    }
}

impl Drop for AcquireFuture<'_> {
    fn drop(&mut self) {
        // CANCEL: a notification this future has and will not use goes to the next in line, and so does the
        // first place.
        self.leave();
    }
}

impl fmt::Debug for AcquireFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireFuture")
            .field("credits", &self.n)
            .field("is_terminated", &self.ended)
            .finish_non_exhaustive()
    }
}
