//! Receiving: the ring's side, with the gates.

use alloc::vec::Vec;
use core::task::{Context, Poll};

use super::{Company, deliver};
use crate::error::{RecvError, RecvTimeoutError, TryRecvError};
use crate::flavour::Flavour;
use crate::raw::{Claimed, Consumer, Emptiness, Linger};
use crate::sync::{UNDER_MODEL, spin_loop};
use crate::wait::Place;
#[cfg(feature = "std")]
use crate::wait::{Deadline, block};

/// The right to receive, with everything that goes with it.
pub(crate) struct Rx<'a, T, F: Flavour>(Consumer<'a, T, F, Company>);

/// What an attempt to receive answers. The caller chooses the type, and the value goes into it
/// straight from the slot.
pub(crate) trait Answer<V> {
    fn value(value: V) -> Self;
    fn empty() -> Self;
    fn closed() -> Self;
}

impl<V> Answer<V> for Result<V, TryRecvError> {
    #[inline(always)]
    fn value(value: V) -> Self {
        Ok(value)
    }

    fn empty() -> Self {
        Err(TryRecvError::Empty)
    }

    fn closed() -> Self {
        Err(TryRecvError::Closed)
    }
}

impl<V> Answer<V> for Result<V, RecvTimeoutError> {
    #[inline(always)]
    fn value(value: V) -> Self {
        Ok(value)
    }

    fn empty() -> Self {
        Err(RecvTimeoutError::Timeout)
    }

    fn closed() -> Self {
        Err(RecvTimeoutError::Closed)
    }
}

/// The answer of a wait without deadline, which does not end empty.
impl<V> Answer<V> for Result<V, RecvError> {
    #[inline(always)]
    fn value(value: V) -> Self {
        Ok(value)
    }

    fn empty() -> Self {
        Err(RecvError)
    }

    fn closed() -> Self {
        Err(RecvError)
    }
}

/// The answer of one attempt of a wait: being empty is no end.
impl<V, A: Answer<V>> Answer<V> for Option<A> {
    #[inline(always)]
    fn value(value: V) -> Self {
        Some(A::value(value))
    }

    fn empty() -> Self {
        None
    }

    fn closed() -> Self {
        Some(A::closed())
    }
}

/// How often `try_recv` looks again at a value that is just being written: about 0.8 us.
const PATIENCE: u32 = if UNDER_MODEL { 1 } else { 32 };

impl<'a, T, F: Flavour> Rx<'a, T, F> {
    #[inline(always)]
    pub(crate) fn new(consumer: Consumer<'a, T, F, Company>) -> Self {
        Self(consumer)
    }

    #[inline(always)]
    pub(crate) fn company(&self) -> &'a Company {
        self.0.beside()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a sender is between claiming the next position and publishing it.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.0.is_in_flight()
    }

    /// The same right for as long as this one is borrowed.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Rx<'_, T, F> {
        Rx(self.0.reborrow())
    }

    /// Takes the oldest value.
    ///
    /// PERF: this and others take the right itself, so that it need not lie in memory for those who come late.
    #[inline(always)]
    pub(crate) fn try_recv<A: Answer<F::Item<T>>>(mut self) -> A {
        match self.0.claim() {
            Ok(claimed) => self.take(claimed),
            Err(emptiness) => self.try_recv_late(emptiness),
        }
    }

    #[cold]
    fn try_recv_late<A: Answer<F::Item<T>>>(mut self, emptiness: Emptiness) -> A {
        match self.look_again(emptiness, Consumer::claim) {
            Ok(claimed) => self.take(claimed),
            Err(answer) => answer.into_answer(),
        }
    }

    #[inline(always)]
    fn take<A: Answer<F::Item<T>>>(&self, claimed: Claimed<'a, T, F, Company>) -> A {
        let company = self.company();
        let answer = claimed.take_as(|value, lending| A::value(deliver::<T, F>(value, lending)));
        if company.tx_of::<F>().notify().watched() {
            company.note(&self.0.depth());
        }
        answer
    }

    /// Takes up to `most` of the oldest values into `into`.
    pub(crate) fn try_recv_many<A: Answer<usize>>(
        &mut self,
        into: &mut Vec<F::Item<T>>,
        most: usize,
    ) -> A {
        let company = self.company();
        let mut attempt = |ring: &mut Consumer<'a, T, F, Company>| {
            ring.try_recv_many(into, most, deliver::<T, F>)
        };
        let first = attempt(&mut self.0);
        match first.or_else(|emptiness| self.look_again(emptiness, attempt)) {
            Ok(n) => {
                if company.tx().notify_many(n).watched() {
                    company.note(&self.0.depth());
                }
                A::value(n as usize)
            }
            Err(answer) => answer.into_answer(),
        }
    }

    /// What the emptiness comes to. If a sender is between claiming the next position and publishing
    /// it, it needs a few nanoseconds, or was stopped there: looks again for a bounded while, then
    /// calls it empty.
    #[cold]
    fn look_again<R>(
        &mut self,
        mut emptiness: Emptiness,
        mut attempt: impl FnMut(&mut Consumer<'a, T, F, Company>) -> Result<R, Emptiness>,
    ) -> Result<R, Nothing> {
        let mut patience = PATIENCE;
        while emptiness == Emptiness::InFlight && patience > 0 {
            patience -= 1;
            spin_loop();
            match attempt(&mut self.0) {
                Ok(done) => return Ok(done),
                Err(again) => emptiness = again,
            }
        }
        if emptiness != Emptiness::Closed {
            return Err(Nothing::Now);
        }
        if self.0.sends_may_be_late() {
            // Being told so was what kept the channel from being drained.
            self.company().tx().notify();
        }
        Err(Nothing::Ever)
    }

    /// Takes the oldest value, waiting for one: `empty` if the deadline came first.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(crate) fn recv<A: Answer<F::Item<T>>>(mut self, deadline: impl FnOnce() -> Deadline) -> A {
        match self.0.claim() {
            Ok(claimed) => self.take(claimed),
            Err(Emptiness::Closed) => self.try_recv(), // which says so to others as well
            Err(_) => self.wait(deadline(), |rx| rx.reborrow().try_recv()),
        }
    }

    /// Takes up to `most` values, waiting for the first.
    #[cfg(feature = "std")]
    pub(crate) fn recv_many<A: Answer<usize>>(
        mut self,
        into: &mut Vec<F::Item<T>>,
        most: usize,
    ) -> A {
        match self.try_recv_many::<Option<A>>(into, most) {
            Some(done) => done,
            None => self.wait(Deadline::Never, |rx| rx.try_recv_many(into, most)),
        }
    }

    #[cfg(feature = "std")]
    #[cold]
    fn wait<V, A: Answer<V>>(
        mut self,
        deadline: Deadline,
        mut attempt: impl FnMut(&mut Self) -> Option<A>,
    ) -> A {
        let (company, news) = (self.company(), self.0.news());
        let how = company.how_receivers_wait();
        let mut since = None;
        company.wait_begins(&mut since);
        self.0.linger = Linger::No;
        let done = block(&company.rx, false, how, deadline, &mut |_| attempt(&mut self), &news);
        company.wait_ends(&mut since, false);
        done.unwrap_or_else(A::empty)
    }

    /// One poll of a task's receive.
    #[inline(always)]
    pub(crate) fn poll_recv(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<F::Item<T>, RecvError>> {
        if place.is_nowhere() {
            // PERF: most receives are done here, without a word about waiting.
            self.0.linger = Linger::Long;
            match self.0.claim() {
                Ok(claimed) => return Poll::Ready(self.take(claimed)),
                Err(Emptiness::Empty) if place.asks_again(&self.company().rx, cx) => {
                    return Poll::Pending;
                }
                Err(_) => {}
            }
        }
        self.poll(place, cx, |rx| rx.reborrow().try_recv())
    }

    /// One poll of a task's batch.
    pub(crate) fn poll_recv_many(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        into: &mut Vec<F::Item<T>>,
        most: usize,
    ) -> Poll<Result<usize, RecvError>> {
        if place.is_nowhere() {
            self.0.linger = Linger::Long;
            if let Some(done) = self.try_recv_many(into, most) {
                return Poll::Ready(done);
            }
            if place.asks_again(&self.company().rx, cx) {
                return Poll::Pending;
            }
        }
        self.poll(place, cx, |rx| rx.try_recv_many(into, most))
    }

    #[cold]
    fn poll<A>(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Self) -> Option<A>,
    ) -> Poll<A> {
        let gate = &self.company().rx;
        self.0.linger = Linger::No;
        let done = place.poll(gate, false, cx, |_| attempt(self));
        self.0.linger = Linger::Briefly;
        if done.is_ready() {
            self.leave(place);
        } else {
            self.company().wait_begins(&mut place.since);
        }
        done
    }

    /// Ends a task's wait, finished or not.
    #[inline]
    pub(crate) fn leave(&self, place: &mut Place) {
        if !place.is_nowhere() {
            self.leave_queue(place);
        }
    }

    #[cold]
    fn leave_queue(&self, place: &mut Place) {
        self.company().wait_ends(&mut place.since, false);
        place.give_up(&self.company().rx, self.0.news());
    }
}

/// Why there is no value.
enum Nothing {
    /// Nothing is queued.
    Now,
    /// Closed, and everything was received.
    Ever,
}

impl Nothing {
    fn into_answer<V, A: Answer<V>>(self) -> A {
        match self {
            Self::Now => A::empty(),
            Self::Ever => A::closed(),
        }
    }
}
