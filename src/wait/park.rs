//! A thread's wait: awake for a moment, then asleep.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::time::Instant;

use super::{Gate, How, Place};
use crate::sync::thread;

/// When a wait ends without result.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deadline {
    /// It does not.
    Never,
    /// At this moment, or at once if that is past.
    At(Instant),
}

impl Deadline {
    /// `timeout` from now. One too long to be expressed is for ever.
    pub(crate) fn after(timeout: Duration) -> Self {
        Instant::now().checked_add(timeout).map_or(Self::Never, Self::At)
    }

    fn has_passed(self) -> bool {
        match self {
            Self::Never => false,
            Self::At(at) => Instant::now() >= at,
        }
    }

    fn instant(self) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::At(at) => Some(at),
        }
    }
}

/// Blocks the thread until `attempt` succeeds, or until the deadline: then `None`.
///
/// There is always one attempt, and always one after the deadline. Attempts are told where they stand:
/// nowhere as long as the thread is awake. `more` says whether there is something for the next in line.
pub(crate) fn block<R>(
    gate: &Gate,
    greedy: bool,
    how: How<'_>,
    deadline: Deadline,
    attempt: &mut dyn FnMut(&Place) -> Option<R>,
    more: &dyn Fn() -> bool,
) -> Option<R> {
    block_in_line(gate, greedy, how, deadline, attempt, more).ok()
}

/// Why a wait ended without result.
#[derive(Debug)]
pub(crate) enum Unmet {
    /// The deadline came first.
    Late,
    /// As many wait as may.
    Crowded,
}

/// [`block`] at a gate where places are kept, or not everybody may wait.
#[cold]
#[inline(never)]
pub(crate) fn block_in_line<R>(
    gate: &Gate,
    greedy: bool,
    how: How<'_>,
    deadline: Deadline,
    attempt: &mut dyn FnMut(&Place) -> Option<R>,
    more: &dyn Fn() -> bool,
) -> Result<R, Unmet> {
    let nowhere = Place::default();
    let awake = how.wait_awake(|| attempt(&nowhere), || deadline.has_passed());
    if let Some(done) = awake {
        return Ok(done);
    }
    /// Leaves the queue, also when an attempt or a park unwinds.
    struct InLine<'a> {
        place: Place,
        gate: &'a Gate,
        more: &'a dyn Fn() -> bool,
    }
    impl Drop for InLine<'_> {
        fn drop(&mut self) {
            self.place.give_up(self.gate, self.more);
        }
    }
    let mut line = InLine { place: Place::default(), gate, more };
    let waker = thread::current_waker();
    let done = loop {
        // Asked before the last look, so that what came at the deadline is still taken.
        let late = deadline.has_passed();
        if !line.place.take(gate, &waker, greedy) {
            break Err(Unmet::Crowded);
        }
        if let Some(done) = attempt(&line.place) {
            break Ok(done);
        }
        if late {
            break Err(Unmet::Late);
        }
        thread::park_until(deadline.instant());
        // A look before queueing again: most wakes find what they were sent for.
        if let Some(done) = attempt(&line.place) {
            break Ok(done);
        }
    };
    // UNWIND: leaving may run a foreign waker. What was got is dropped then, which it would not be as a value
    // that is being returned.
    drop(line);
    done
}

/// Blocks the thread until a future ends, or until the deadline: then `None`. For waits at several gates at
/// once.
///
/// There is always one attempt, and always one after the deadline.
pub(crate) fn block_on_until<F: Future + Unpin>(
    future: &mut F,
    deadline: Deadline,
) -> Option<F::Output> {
    let waker = thread::current_waker();
    let mut cx = Context::from_waker(&waker);
    loop {
        let late = deadline.has_passed();
        match Pin::new(&mut *future).poll(&mut cx) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if late => return None,
            Poll::Pending => thread::park_until(deadline.instant()),
        }
    }
}

/// The same without a deadline.
pub(crate) fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    match block_on_until(&mut future, Deadline::Never) {
        Some(done) => done,
        None => unreachable!("there is no deadline"),
    }
}
