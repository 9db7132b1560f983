//! Waiting: for threads and tasks alike, through wakers.
//!
//! Nothing here knows what is waited for. A wait is "try once" as a closure, a [`Gate`] at which
//! those who make it succeed call, and a waker: the task's, or one made from the thread's parker.

mod gate;
mod list;
#[cfg(feature = "std")]
mod park;
#[cfg(feature = "std")]
mod strategy;

use core::task::{Context, Poll, Waker};
use core::time::Duration;

pub(crate) use gate::{Gate, Notes};
use list::Key;
#[cfg(feature = "std")]
pub(crate) use park::{Deadline, Unmet, block, block_in_line, block_on, block_on_until};
#[cfg(feature = "std")]
pub use strategy::WaitStrategy;
#[cfg(feature = "std")]
pub(crate) use strategy::{Experience, How};

/// As many wait as may.
#[derive(Debug)]
pub(crate) struct Crowded;

/// A place in the queue of one gate, given up when the wait ends in whatever way.
#[derive(Debug, Default)]
pub(crate) struct Place {
    key: Option<Key>,
    greedy: bool,
    /// When the wait began, if somebody wants to know.
    pub(crate) since: Option<Duration>,
}

impl Place {
    /// A place that a handle keeps between polls. Nobody may ever come back for it, so it does not
    /// use up a notification that another waiter, perhaps on the same handle, needs.
    pub(crate) fn of_handle() -> Self {
        Self { key: None, greedy: true, since: None }
    }

    /// Queues, or renews the waker; the caller then looks again before it waits. False if too many wait.
    #[must_use]
    fn take(&mut self, gate: &Gate, waker: &Waker, greedy: bool) -> bool {
        gate.enlist(&mut self.key, waker, greedy || self.greedy)
    }

    /// Whether this stands in line: its holder is about to sleep, or has slept.
    #[inline(always)]
    pub(crate) fn is_queued(&self) -> bool {
        self.key.is_some()
    }

    /// Where places are kept: whether nobody comes before this one.
    pub(crate) fn is_next(&self, gate: &Gate) -> bool {
        gate.is_next(self.key.as_ref())
    }

    /// Ends the wait. `more` says whether there is something for the next in line, and is only
    /// asked if this one stood in line.
    ///
    /// Also what a cancelled wait does, so that the notification it may hold is not lost.
    pub(crate) fn give_up(&mut self, gate: &Gate, more: impl FnOnce() -> bool) {
        if let Some(key) = self.key.take() {
            gate.leave(key);
            if more() {
                gate.pass_on();
            }
        }
    }

    /// One poll of a task's wait: tries, queues, and looks again. Attempts are told where they stand.
    ///
    /// On `Ready` the caller ends the wait with [`Place::give_up`].
    pub(crate) fn poll<R>(
        &mut self,
        gate: &Gate,
        greedy: bool,
        cx: &mut Context<'_>,
        attempt: impl FnMut(&Self) -> Option<R>,
    ) -> Poll<R> {
        self.poll_in_line(gate, greedy, cx, attempt).map(|done| match done {
            Ok(done) => done,
            Err(Crowded) => unreachable!("any number may wait at this gate"),
        })
    }

    /// The same at a gate where places are kept, or not everybody may wait.
    pub(crate) fn poll_in_line<R>(
        &mut self,
        gate: &Gate,
        greedy: bool,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&Self) -> Option<R>,
    ) -> Poll<Result<R, Crowded>> {
        if let Some(done) = attempt(self) {
            return Poll::Ready(Ok(done));
        }
        if !self.take(gate, cx.waker(), greedy) {
            return Poll::Ready(Err(Crowded));
        }
        match attempt(self) {
            Some(done) => Poll::Ready(Ok(done)),
            None => Poll::Pending,
        }
    }
}
