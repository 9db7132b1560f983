//! Sending: the ring's side, with the gates.

use alloc::vec::Vec;
use core::task::{Context, Poll};

use super::Company;
use crate::finally::Finally;
use crate::flavour::{Credit, Flavour};
use crate::pressure::Drops;
use crate::raw::{Linger, Producer, Refused, Reserved, Shared, Sides};
#[cfg(feature = "std")]
use crate::wait::{Deadline, WaitStrategy};
use crate::wait::{Notes, Place};

/// The right to send, with everything that goes with it.
pub(crate) struct Tx<'a, T, F: Flavour>(Producer<'a, T, F, Company>);

/// Credits in hand; given back when dropped.
pub(crate) struct Held<'a, T, F: Flavour>(Reserved<'a, T, F, Company>);

impl<'a, T, F: Flavour> Tx<'a, T, F> {
    #[inline(always)]
    pub(crate) fn new(producer: Producer<'a, T, F, Company>) -> Self {
        Self(producer)
    }

    /// For those who do something else at once where there is no room.
    #[inline(always)]
    pub(crate) fn without_lingering(mut self) -> Self {
        self.0.linger = Linger::No;
        self
    }

    /// See [`Producer::reborrow`].
    #[inline(always)]
    fn reborrow(&mut self) -> Tx<'_, T, F> {
        Tx(self.0.reborrow())
    }

    #[inline(always)]
    pub(crate) fn company(&self) -> &'a Company {
        self.0.beside()
    }

    /// Sends the value, or gives it back.
    #[inline(always)]
    pub(crate) fn try_send(&mut self, value: T) -> Result<(), (T, Refused)> {
        match self.0.try_send(value) {
            Ok(()) => self.sent(),
            Err((value, Refused::Full)) if F::CREDIT != Credit::Slots => {
                self.reborrow().try_send_again(value)
            }
            Err((value, refused)) => Err((value, self.refused(refused))),
        }
    }

    /// After a publication.
    #[inline(always)]
    fn sent(&mut self) -> Result<(), (T, Refused)> {
        let notes = self.company().rx.notify();
        if notes.is_none() { Ok(()) } else { self.reborrow().sent_with(notes) }
    }

    #[cold]
    fn sent_with(mut self, notes: Notes) -> Result<(), (T, Refused)> {
        published(&self.0, notes);
        if notes.closing() { self.settle_one() } else { Ok(()) }
    }

    /// Looks for credits that were given back and are not yet in circulation.
    #[cold]
    fn try_send_again(mut self, mut value: T) -> Result<(), (T, Refused)> {
        let mut looked = false;
        while self.look_again(&mut looked) {
            match self.0.try_send(value) {
                Ok(()) => return self.sent(),
                Err((back, Refused::Full)) => value = back,
                Err((value, refused)) => return Err((value, self.refused(refused))),
            }
        }
        Err((value, Refused::Full))
    }

    /// After a refusal for lack of room: whether there may be credits after all, given back and not yet
    /// put into circulation.
    ///
    /// Lock-free: false in the end, or credits went to somebody.
    #[inline(always)]
    fn look_again(&self, looked: &mut bool) -> bool {
        self.company().look_again(1, &self.0.short_of(), looked)
    }

    /// Asks whether there is something for the next in line: room, or word of the close. Whoever waits
    /// until the channel is drained stands in line with senders.
    fn news(&self) -> impl Fn() -> bool + use<'a, T, F> {
        let (company, news, short) = (self.company(), self.0.news(), self.0.short_of());
        move || {
            let mut looked = false;
            loop {
                if news() {
                    return true;
                }
                if !company.look_again(1, &short, &mut looked) {
                    return false;
                }
            }
        }
    }

    /// Sends the value in `from`, or leaves it there: for those who try again.
    #[inline(always)]
    fn try_send_from(&mut self, from: &mut Option<T>, hurry: bool) -> Result<(), Refused> {
        let Some(value) = from.take() else {
            debug_assert!(false, "a send needs a value");
            return Ok(());
        };
        let sent = match self.0.try_send(value) {
            Ok(()) => self.sent(),
            Err((value, Refused::Full)) if hurry && F::CREDIT != Credit::Slots => {
                self.reborrow().try_send_again(value)
            }
            Err((value, refused)) => Err((value, self.refused(refused))),
        };
        sent.map_err(|(value, refused)| {
            *from = Some(value);
            refused
        })
    }

    /// A send or a reservation is refused.
    #[inline(always)]
    fn refused(&self, refused: Refused) -> Refused {
        if refused == Refused::Closed {
            // On an owned tail the receiver may have waited for a permit that it saw, and that was
            // not granted after all, or turned out to be forgotten. That is news for everybody.
            self.company().rx.wake_all();
        }
        refused
    }

    /// The channel is being closed while we sent: the value may have come too late.
    #[cold]
    fn settle_one(&mut self) -> Result<(), (T, Refused)> {
        let mut back = None;
        self.0.settle(&mut |value| back = Some(value));
        self.company().tx().notify(); // perhaps that was what kept the channel from being drained
        back.map_or(Ok(()), |value| Err((value, Refused::Closed)))
    }

    /// Sends from the front of `from` what there is room for; how many.
    pub(crate) fn try_send_many(&mut self, from: &mut Vec<T>) -> Result<usize, Refused> {
        if from.is_empty() {
            return if self.0.is_closed() { Err(Refused::Closed) } else { Ok(0) };
        }
        if F::CREDIT != Credit::Slots {
            // One claim: with the credits that are on their way, as far as there are slots for them.
            let most = self.0.capacity().min(from.len() as u64);
            self.company().look_again(most, &self.0.short_of(), &mut true);
        }
        let mut looked = false;
        let sent = loop {
            match self.0.try_send_many(from) {
                Ok(sent) => break sent,
                Err(Refused::Full) if self.look_again(&mut looked) => {}
                Err(refused) => return Err(self.refused(refused)),
            }
        };
        let notes = self.company().rx.notify_many(sent);
        published(&self.0, notes);
        if notes.closing() {
            let mut late = Vec::new();
            self.0.settle(&mut |value| late.push(value));
            self.company().tx().notify();
            let sent = sent as usize - late.len();
            // They came newest first, and belong before what was not sent.
            from.splice(..0, late.into_iter().rev());
            return if sent == 0 { Err(Refused::Closed) } else { Ok(sent) };
        }
        Ok(sent as usize)
    }

    /// Sends the value, waiting for room; gives it back if the deadline came first (then `Full`).
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(crate) fn send(
        &mut self,
        value: T,
        deadline: impl FnOnce() -> Deadline,
    ) -> Result<(), (T, Refused)> {
        match self.0.try_send(value) {
            Ok(()) => self.sent(),
            Err((value, Refused::Full)) => self.reborrow().wait_to_send(value, deadline()),
            Err((value, refused)) => Err((value, self.refused(refused))),
        }
    }

    #[cfg(feature = "std")]
    #[cold]
    fn wait_to_send(mut self, value: T, deadline: Deadline) -> Result<(), (T, Refused)> {
        let mut from = Some(value);
        let done = self.wait(deadline, |tx, hurry| granted(tx.try_send_from(&mut from, hurry)));
        match (done.unwrap_or(Err(Refused::Full)), from) {
            (Err(refused), Some(value)) => Err((value, refused)),
            _ => Ok(()),
        }
    }

    /// Waits until an attempt succeeds. Attempts are told whether there is hurry: while the thread is still
    /// awake, credits that are being put together are left to those who do that, so that they come several
    /// at a time. Before it sleeps, it looks for them itself.
    #[cfg(feature = "std")]
    #[cold]
    fn wait<R>(
        &mut self,
        deadline: Deadline,
        mut attempt: impl FnMut(&mut Self, bool) -> Option<R>,
    ) -> Option<R> {
        let (company, news) = (self.company(), self.news());
        let how = company.how_senders_wait();
        let mut since = None;
        company.wait_begins(&mut since);
        self.0.linger = Linger::No;
        let restless = matches!(how.strategy, WaitStrategy::Spin | WaitStrategy::Yield);
        let mut attempt = |place: &Place| attempt(self, restless || place.is_queued());
        let done = company.block_tx(false, how, deadline, &mut attempt, &news);
        self.0.linger = Linger::Briefly;
        company.wait_ends(&mut since, true);
        done
    }

    /// Sends all of `from`, waiting for room as often as needed; how many were sent before the
    /// channel was closed.
    #[cfg(feature = "std")]
    pub(crate) fn send_many(&mut self, from: &mut Vec<T>) -> Result<usize, usize> {
        let mut sent = 0;
        loop {
            match self.try_send_many(from) {
                Ok(n) => sent += n,
                Err(Refused::Closed) => return Err(sent),
                Err(Refused::Full) => {
                    match self.wait(Deadline::Never, |tx, _| granted(tx.try_send_many(from))) {
                        Some(Ok(n)) => sent += n,
                        _ => return Err(sent),
                    }
                }
            }
            if from.is_empty() {
                return Ok(sent);
            }
        }
    }

    /// One poll of a task's send.
    #[inline(always)]
    pub(crate) fn poll_send(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        from: &mut Option<T>,
    ) -> Poll<Result<(), Refused>> {
        if place.is_nowhere() {
            // PERF: most sends are done here, without a word about waiting.
            self.0.linger = Linger::Long;
            if let Some(done) = granted(self.try_send_from(from, true)) {
                return Poll::Ready(done);
            }
            if place.asks_again(self.company().tx(), cx) {
                return Poll::Pending;
            }
        }
        self.poll(place, cx, |tx| granted(tx.try_send_from(from, true)))
    }

    /// What is left of a task's poll when the first look found no room, or the task has waited.
    #[cold]
    fn poll<R>(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&mut Self) -> Option<R>,
    ) -> Poll<R> {
        let company = self.company();
        self.0.linger = Linger::No;
        let done = company.poll_tx(place, false, cx, || attempt(self));
        self.0.linger = Linger::Briefly;
        self.leave_if_ready(place, &done);
        done
    }

    /// One poll of a task's batch: ready when some were sent.
    pub(crate) fn poll_send_many(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
        from: &mut Vec<T>,
    ) -> Poll<Result<usize, Refused>> {
        if place.is_nowhere() {
            self.0.linger = Linger::Long;
            if let Some(done) = granted(self.try_send_many(from)) {
                return Poll::Ready(done);
            }
            if place.asks_again(self.company().tx(), cx) {
                return Poll::Pending;
            }
        }
        self.poll(place, cx, |tx| granted(tx.try_send_many(from)))
    }

    /// One poll of a handle that wants to know of room without taking it.
    pub(crate) fn poll_ready(
        &mut self,
        place: &mut Place,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Refused>> {
        let (company, news) = (self.company(), self.news());
        let done = company.poll_tx(place, false, cx, || {
            news().then(|| if self.0.is_closed() { Err(Refused::Closed) } else { Ok(()) })
        });
        self.leave_if_ready(place, &done);
        done
    }

    fn leave_if_ready<R>(&self, place: &mut Place, done: &Poll<R>) {
        if done.is_ready() {
            self.leave(place);
        } else {
            self.company().wait_begins(&mut place.since);
        }
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
        self.company().wait_ends(&mut place.since, true);
        place.give_up(self.company().tx(), self.news());
    }

    /// One poll of a wait for something else than this channel's credits, which its close ends: ready if it is
    /// closed.
    pub(crate) fn poll_closed(&self, place: &mut Place, cx: &mut Context<'_>) -> Poll<()> {
        let company = self.company();
        company.wait_begins(&mut place.since);
        place.poll(&company.closing, false, cx, |_| self.0.is_closed().then_some(()))
    }

    /// Ends that wait, finished or not.
    pub(crate) fn leave_closed(&self, place: &mut Place) {
        self.company().wait_ends(&mut place.since, true);
        place.give_up(&self.company().closing, || false);
    }

    /// Takes `n` credits at once, or none.
    pub(crate) fn try_reserve(self, n: usize) -> Result<Held<'a, T, F>, (Self, Refused)> {
        let (mut tx, mut looked) = (self, false);
        loop {
            match tx.0.try_reserve(n as u64) {
                Ok(reserved) => return Ok(Held(reserved)),
                Err((producer, refused)) => {
                    tx = Self(producer);
                    let short = tx.0.short_of();
                    if refused == Refused::Full
                        && tx.company().look_again(n as u64, &short, &mut looked)
                    {
                        continue;
                    }
                    let refused = tx.refused(refused);
                    return Err((tx, refused));
                }
            }
        }
    }

    /// Whether a waiting reservation may let a free credit lie that another sender could use.
    fn is_greedy(&self, n: usize) -> bool {
        n > 1 || self.0.permits_may_run_out()
    }

    /// Takes `n` credits at once, waiting for them; `None` if the channel is closed.
    #[cfg(feature = "std")]
    pub(crate) fn reserve(self, n: usize) -> Option<Held<'a, T, F>> {
        let (company, news, greedy) = (self.company(), self.news(), self.is_greedy(n));
        let mut right = Some(self);
        if let Some(done) = reserve_with(&mut right, n) {
            return done.ok();
        }
        let how = company.how_senders_wait();
        let mut attempt = |_: &Place| reserve_with(&mut right, n);
        let mut since = None;
        company.wait_begins(&mut since);
        let done = company.block_tx(greedy, how, Deadline::Never, &mut attempt, &news);
        company.wait_ends(&mut since, true);
        done?.ok()
    }

    /// One poll of a task's reservation. The right to send is in `right` until it is granted.
    pub(crate) fn poll_reserve(
        right: &mut Option<Self>,
        place: &mut Place,
        cx: &mut Context<'_>,
        n: usize,
    ) -> Poll<Result<Held<'a, T, F>, Refused>> {
        let Some(tx) = right else {
            return Poll::Pending;
        };
        let (company, news, greedy) = (tx.company(), tx.news(), tx.is_greedy(n));
        if place.is_nowhere() {
            if let Some(done) = reserve_with(right, n) {
                return Poll::Ready(done);
            }
            if place.asks_again(company.tx(), cx) {
                return Poll::Pending;
            }
        }
        let done = company.poll_tx(place, greedy, cx, || reserve_with(right, n));
        if done.is_ready() {
            company.wait_ends(&mut place.since, true);
            place.give_up(company.tx(), news);
        } else {
            company.wait_begins(&mut place.since);
        }
        done
    }
}

/// After a publication: what else the receivers' gate asked for.
fn published<T, F: Flavour>(producer: &Producer<'_, T, F, Company>, notes: Notes) {
    let company = producer.beside();
    if notes.watched() {
        company.note(&producer.depth());
    }
    if notes.told() && producer.is_closed() {
        // One of them was told of the message. That it may have been the last concerns them all: whoever
        // closes later than we looked tells them all behind a fence, and they find the message.
        company.rx.wake_all();
    }
}

/// What a waiting attempt makes of an answer: being full is no end.
fn granted<R>(answer: Result<R, Refused>) -> Option<Result<R, Refused>> {
    match answer {
        Err(Refused::Full) => None,
        done => Some(done),
    }
}

/// An attempt at a reservation, which uses up the right to send only if it succeeds.
fn reserve_with<'a, T, F: Flavour>(
    right: &mut Option<Tx<'a, T, F>>,
    n: usize,
) -> Option<Result<Held<'a, T, F>, Refused>> {
    match right.take()?.try_reserve(n) {
        Ok(held) => Some(Ok(held)),
        Err((tx, refused)) => {
            *right = Some(tx);
            granted(Err(refused))
        }
    }
}

impl<T, F: Flavour + Sides<Tail = Shared, Head = Shared>> Tx<'_, T, F> {
    /// Sends, and takes the oldest value away if that made one too many.
    pub(crate) fn displace(&mut self, value: T) -> Result<Option<T>, (T, Refused)> {
        let evicted = self.0.displace(value)?;
        let company = self.company();
        let notes = company.rx.notify();
        if evicted.is_some() {
            Drops::add(&company.drops.evicted, 1);
            company.tx().notify();
        }
        published(&self.0, notes);
        Ok(evicted)
    }

    /// Sends, and takes everything away that was queued before.
    pub(crate) fn displace_all(&mut self, value: T) -> Result<Vec<T>, (T, Refused)> {
        let mut backlog = Vec::new();
        self.0.displace_all(value, &mut backlog)?;
        let company = self.company();
        Drops::add(&company.drops.cleared, backlog.len() as u64);
        let notes = company.rx.notify();
        company.tx().notify_many(backlog.len() as u64);
        published(&self.0, notes);
        Ok(backlog)
    }

    /// Takes the oldest value away, to be merged into another.
    pub(crate) fn evict(&mut self) -> Option<T> {
        let evicted = self.0.evict();
        if evicted.is_some() {
            let company = self.company();
            Drops::add(&company.drops.merged, 1);
            if company.tx().notify().watched() {
                company.note(&self.0.depth());
            }
        }
        evicted
    }
}

impl<T, F: Flavour> Held<'_, T, F> {
    pub(crate) fn left(&self) -> usize {
        self.0.left()
    }

    /// Sends with one of the credits; the value comes back if nobody will ever receive it.
    pub(crate) fn send(&mut self, value: T) -> Result<(), T> {
        self.0.send(value)?;
        let company = self.0.beside();
        let reserving = self.0.producer().permits_may_run_out().then(|| company.tx());
        // UNWIND: a receiver's waker may panic; who waits for a permit is told all the same.
        let _then_reserving = Finally::new(reserving, |gate| {
            if let Some(gate) = gate {
                gate.notify();
            }
        });
        let notes = company.rx.notify();
        published(self.0.producer(), notes);
        if notes.closing() {
            let mut late = None;
            self.0.producer().settle(&mut |value| late = Some(value));
            company.tx().notify();
            if let Some(value) = late {
                return Err(value);
            }
        }
        Ok(())
    }
}

impl<T, F: Flavour> Drop for Held<'_, T, F> {
    fn drop(&mut self) {
        let credits = self.0.left();
        if credits == 0 {
            return;
        }
        let company = self.0.beside();
        self.0.give_back();
        // UNWIND: a waker may panic; the receivers are told all the same.
        let _then_receivers = Finally::new(&mut self.0, |reserved| {
            if reserved.producer().is_closed() {
                // They may have waited for these permits before they could say Closed.
                reserved.beside().rx.wake_all();
            }
        });
        company.tx().notify_many(credits as u64);
    }
}
