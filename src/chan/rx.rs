//! Receiving: the ring's side, with the gates.

use alloc::vec::Vec;
use core::task::{Context, Poll};

use super::Company;
use crate::error::RecvError;
use crate::raw::{Consumer, Emptiness, Sides};
use crate::sync::{UNDER_MODEL, spin_loop};
use crate::wait::Place;
#[cfg(feature = "std")]
use crate::wait::{Deadline, block};

/// The right to receive, with everything that goes with it.
pub(crate) struct Rx<'a, T, F: Sides>(Consumer<'a, T, F, Company>);

/// The answer of an attempt to receive.
pub(crate) enum Taken<R> {
    Value(R),
    Empty,
    Closed,
}

/// How often `try_recv` looks again at a value that is just being written: about 0.8 us.
const PATIENCE: u32 = if UNDER_MODEL { 1 } else { 32 };

impl<'a, T, F: Sides> Rx<'a, T, F> {
    #[inline(always)]
    pub(crate) fn new(consumer: Consumer<'a, T, F, Company>) -> Self {
        Self(consumer)
    }

    #[inline(always)]
    fn company(&self) -> &'a Company {
        self.0.beside()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a sender is between claiming the next position and publishing it.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.0.is_in_flight()
    }

    /// Takes the oldest value.
    #[inline(always)]
    pub(crate) fn try_recv(&mut self) -> Taken<T> {
        match self.0.try_recv() {
            Ok(value) => {
                self.company().tx.notify();
                Taken::Value(value)
            }
            Err(Emptiness::InFlight) => self.look_again(|rx| rx.0.try_recv().map(|v| (v, 1))),
            Err(emptiness) => refused(emptiness),
        }
    }

    /// Takes up to `most` of the oldest values into `into`.
    pub(crate) fn try_recv_many(&mut self, into: &mut Vec<T>, most: usize) -> Taken<usize> {
        let mut attempt = |rx: &mut Self| rx.0.try_recv_many(into, most).map(|n| (n as usize, n));
        match attempt(self) {
            Ok((value, n)) => {
                self.company().tx.notify_many(n);
                Taken::Value(value)
            }
            Err(Emptiness::InFlight) => self.look_again(attempt),
            Err(emptiness) => refused(emptiness),
        }
    }

    /// A sender is between claiming the next position and publishing it: it needs a few
    /// nanoseconds, or was stopped there. Looks again for a bounded while, then calls it empty.
    #[cold]
    fn look_again<R>(
        &mut self,
        mut attempt: impl FnMut(&mut Self) -> Result<(R, u64), Emptiness>,
    ) -> Taken<R> {
        for _ in 0..PATIENCE {
            spin_loop();
            match attempt(self) {
                Ok((value, n)) => {
                    self.company().tx.notify_many(n);
                    return Taken::Value(value);
                }
                Err(Emptiness::InFlight) => {}
                Err(emptiness) => return refused(emptiness),
            }
        }
        Taken::Empty
    }

    /// Takes the oldest value, waiting for one: `Empty` if the deadline came first.
    #[cfg(feature = "std")]
    pub(crate) fn recv(&mut self, deadline: impl FnOnce() -> Deadline) -> Taken<T> {
        match self.try_recv() {
            Taken::Empty => self.wait(deadline(), |rx| rx.try_recv()),
            done => done,
        }
    }

    /// Takes up to `most` values, waiting for the first.
    #[cfg(feature = "std")]
    pub(crate) fn recv_many(&mut self, into: &mut Vec<T>, most: usize) -> Taken<usize> {
        match self.try_recv_many(into, most) {
            Taken::Empty => self.wait(Deadline::Never, |rx| rx.try_recv_many(into, most)),
            done => done,
        }
    }

    #[cfg(feature = "std")]
    fn wait<R>(
        &mut self,
        deadline: Deadline,
        mut attempt: impl FnMut(&mut Self) -> Taken<R>,
    ) -> Taken<R> {
        let (company, news) = (self.company(), self.0.news());
        let mut attempt = || told(attempt(self));
        let how = (company.strategy, &company.rx_experience);
        block(&company.rx, false, how, deadline, &mut attempt, &news).unwrap_or(Taken::Empty)
    }

    /// One poll of a task's receive.
    pub(crate) fn poll_recv(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, RecvError>> {
        self.poll(place, cx, |rx| rx.try_recv())
    }

    /// One poll of a task's batch.
    pub(crate) fn poll_recv_many(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        into: &mut Vec<T>,
        most: usize,
    ) -> Poll<Result<usize, RecvError>> {
        self.poll(place, cx, |rx| rx.try_recv_many(into, most))
    }

    fn poll<R>(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Self) -> Taken<R>,
    ) -> Poll<Result<R, RecvError>> {
        let gate = &self.company().rx;
        let done = place.poll(gate, false, cx, || told(attempt(self)));
        if done.is_ready() {
            self.leave(place);
        }
        done.map(Taken::or_closed)
    }

    /// Ends a task's wait, finished or not.
    pub(crate) fn leave(&self, place: &mut Place) {
        place.give_up(&self.company().rx, self.0.news());
    }
}

fn refused<R>(emptiness: Emptiness) -> Taken<R> {
    match emptiness {
        Emptiness::Closed => Taken::Closed,
        Emptiness::Empty | Emptiness::InFlight | Emptiness::LookAgain => Taken::Empty,
    }
}

/// What a waiting attempt makes of an answer: being empty is no end.
fn told<R>(answer: Taken<R>) -> Option<Taken<R>> {
    match answer {
        Taken::Empty => None,
        done => Some(done),
    }
}

impl<R> Taken<R> {
    /// The answer of a wait without deadline, which does not end empty.
    pub(crate) fn or_closed(self) -> Result<R, RecvError> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Empty | Self::Closed => Err(RecvError),
        }
    }
}
