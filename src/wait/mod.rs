//! Waiting: for threads and tasks alike, through wakers.
//!
//! Nothing here knows what is waited for. A wait is "try once" as a closure, a [`Gate`] at which
//! those who make it succeed call, and a waker: the task's, or one made from the thread's parker.

mod gate;
mod list;
#[cfg(feature = "std")]
mod park;
mod second_poll;
#[cfg(feature = "std")]
mod strategy;

use core::mem;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

pub(crate) use gate::{Gate, Notes};
use list::Standing;
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
    standing: Standing,
    greedy: bool,
    /// When the wait began, if somebody wants to know.
    pub(crate) since: Option<Duration>,
}

impl Place {
    /// A place that a handle keeps between polls. Nobody may ever come back for it, so it does not
    /// use up a notification that another waiter, perhaps on the same handle, needs.
    pub(crate) fn of_handle() -> Self {
        Self { greedy: true, ..Self::default() }
    }

    /// Queues, or renews the waker; the caller then looks again before it waits. False if too many wait.
    #[must_use]
    fn take(&mut self, gate: &Gate, waker: &Waker, greedy: bool) -> bool {
        gate.enlist(&mut self.standing, waker, greedy || self.greedy)
    }

    /// Whether this stands in line: its holder is about to sleep, or has slept.
    #[inline(always)]
    pub(crate) fn is_queued(&self) -> bool {
        matches!(self.standing, Standing::InLine(_))
    }

    /// After a look of a task that found nothing, and stands nowhere: whether it is to be polled once more before
    /// it queues. It is then woken for it.
    ///
    /// Not while somebody stands in line, who would be told after this one has looked, each time.
    #[cold]
    pub(crate) fn asks_again(&mut self, gate: &Gate, cx: &Context<'_>) -> bool {
        debug_assert!(self.is_nowhere(), "a wait asks once");
        if !gate.second_polls.are_worth_it() || gate.has_a_line() {
            return false;
        }
        self.standing = Standing::AskedAgain;
        cx.waker().wake_by_ref();
        true
    }

    /// Whether no wait has begun.
    #[inline(always)]
    pub(crate) fn is_nowhere(&self) -> bool {
        matches!(self.standing, Standing::Nowhere)
    }

    /// Where places are kept: whether nobody comes before this one.
    pub(crate) fn is_next(&self, gate: &Gate) -> bool {
        gate.is_next(&self.standing)
    }

    /// Ends the wait. `more` says whether there is something for the next in line, and is only
    /// asked if this one stood in line.
    ///
    /// Also what a cancelled wait does, so that the notification it may hold is not lost.
    pub(crate) fn give_up(&mut self, gate: &Gate, more: impl FnOnce() -> bool) {
        match mem::take(&mut self.standing) {
            Standing::Nowhere => {}
            Standing::AskedAgain => gate.second_polls.failed(), // it never came
            Standing::InLine(key) => {
                gate.leave(key);
                if more() {
                    gate.pass_on();
                }
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
        let done = attempt(self);
        if matches!(self.standing, Standing::AskedAgain) {
            self.standing = Standing::Nowhere;
            match done {
                Some(_) => gate.second_polls.paid(),
                None => gate.second_polls.failed(),
            }
        }
        if let Some(done) = done {
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
