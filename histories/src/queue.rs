//! The sequential queue, and the steps in which each call changes it.
//!
//! A send of a shared side claims a place and then publishes into it; a receive of a shared side takes
//! values and then releases their slots. Between the two the value is in nobody's hands: receivers are
//! told Empty in front of a place that is claimed only, senders Full while a slot is not released.
//! An owned side has one step.

use crate::event::{Event, Value};

/// One side of a channel: one handle, or any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Owned,
    Shared,
}

/// How credits come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// With the slots.
    Slots,
    /// Senders may evict; a credit comes back when its value is taken.
    Evicting,
    /// By acknowledgement.
    Acknowledged,
    /// By request, beginning with so many.
    Requested(usize),
}

/// Which queue a history is compared with.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub capacity: usize,
    pub tail: Side,
    pub head: Side,
    pub credit: Credit,
    pub senders: usize,
    pub receivers: usize,
}

/// What has become of a place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Claimed,
    Published,
    Taken,
    Released,
}

/// The queue at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Queue {
    /// From the oldest place whose slot is not released to the newest.
    places: Vec<(Value, Stage)>,
    reserved: usize,
    /// Credits apart from the slots.
    credits: usize,
    closed: bool,
    sealed: bool,
    /// A receiver was told Closed: nothing may come any more.
    finished: bool,
    senders: usize,
    receivers: usize,
}

/// Where a call stands between its steps. All calls begin at 0.
pub(crate) type Progress = u8;

/// After its last step.
pub(crate) const DONE: Progress = Progress::MAX;

/// Beyond the steps that are counted from 0: those of a send that found the channel full and claims a
/// place beyond the capacity.
const BEYOND: Progress = 100;
/// A batch of an owned side that accepts less than there was room for, since the channel is closing.
const SHORT: Progress = 50;

/// Slots of an evicting channel beyond its capacity.
const SPARE: usize = 8;

fn is_claimed((_, stage): (Value, Stage)) -> bool {
    stage == Stage::Claimed
}

impl Queue {
    pub(crate) fn new(rules: &Rules) -> Self {
        let credits = match rules.credit {
            Credit::Slots | Credit::Evicting => usize::MAX,
            Credit::Acknowledged => rules.capacity,
            Credit::Requested(initial) => initial,
        };
        let (senders, receivers) = (rules.senders, rules.receivers);
        Self {
            places: Vec::new(),
            reserved: 0,
            credits,
            closed: false,
            sealed: false,
            finished: false,
            senders,
            receivers,
        }
    }

    /// The places that no receiver has taken.
    fn queued(&self) -> impl Iterator<Item = &(Value, Stage)> {
        self.places.iter().filter(|(_, stage)| matches!(stage, Stage::Claimed | Stage::Published))
    }

    fn used(&self, rules: &Rules) -> usize {
        let places = match rules.credit {
            Credit::Evicting => self.queued().count(),
            _ => self.places.len(),
        };
        places + self.reserved
    }

    fn room(&self, rules: &Rules) -> usize {
        let free = rules.capacity.saturating_sub(self.used(rules)).min(self.credits);
        free.min(self.slots(rules))
    }

    /// How many more places there are slots for, from the oldest that is not released.
    fn slots(&self, rules: &Rules) -> usize {
        let spare = if rules.credit == Credit::Evicting { SPARE } else { 0 };
        (rules.capacity + spare).saturating_sub(self.places.len() + self.reserved)
    }

    fn spend(&mut self, n: usize) {
        if self.credits != usize::MAX {
            self.credits -= n;
        }
    }

    fn earn(&mut self, n: usize) {
        self.credits = self.credits.saturating_add(n);
    }

    fn first(&self) -> Option<(Value, Stage)> {
        self.queued().next().copied()
    }

    fn push(&mut self, value: Value, stage: Stage) {
        self.places.push((value, stage));
    }

    /// Moves the place of `value` to its next stage.
    fn change(&mut self, value: Value, stage: Stage) {
        let place = self.places.iter_mut().find(|(v, _)| *v == value);
        place.expect("the place was claimed in an earlier step").1 = stage;
        let front = self.places.iter().take_while(|(_, stage)| *stage == Stage::Released).count();
        self.places.drain(..front);
    }

    /// Takes the oldest value if it is this one, and there to be taken.
    fn take(&mut self, value: Value, stage: Stage) -> bool {
        let is_first = self.first() == Some((value, Stage::Published));
        if is_first {
            self.change(value, stage);
        }
        is_first
    }

    /// Whether a claim beyond the capacity is granted: what it would displace is published, or was taken,
    /// and there is a slot to spare.
    fn displaceable(&self, rules: &Rules) -> bool {
        if self.slots(rules) == 0 {
            return false;
        }
        let Some(victim) = self.used(rules).checked_sub(rules.capacity) else {
            return true;
        };
        self.queued().nth(victim).is_some_and(|(_, stage)| *stage == Stage::Published)
    }

    /// The next step of a call, if its answer allows one now.
    pub(crate) fn step(&self, rules: &Rules, event: &Event, at: Progress) -> Vec<(Self, Progress)> {
        let mut next = self.clone();
        let is_full = !self.closed && self.room(rules) == 0;
        let progress = match event {
            Event::Sent(value) => next.send(rules, *value, at),
            Event::SendFull(_) => is_full.then_some(DONE),
            Event::SentMany(_, 0) => is_full.then_some(DONE),
            Event::SentMany(values, sent) => next.send_many(rules, values, *sent, at),
            Event::SendClosed(_) | Event::SendManyClosed => self.closed.then_some(DONE),
            Event::ReserveClosed(n) => return self.reserve_in_vain(rules, *n, at),
            Event::Received(values, limit) => next.receive(rules, values, *limit, at),
            Event::ReceivedEmpty => (self.nothing_there() && !self.is_final()).then_some(DONE),
            Event::ReceivedClosed => {
                next.finished = true;
                (self.is_final() && self.first().is_none()).then_some(DONE)
            }
            Event::Forced(value) => return self.force(rules, *value, at),
            Event::Evicted { new, old } => next.displace(rules, *new, &[*old], false, at),
            Event::Cleared { new, old } => next.displace(rules, *new, old, true, at),
            Event::Rejected(_) => match at {
                // Full, nothing to displace, and full once more.
                1 => (!self.closed && !self.displaceable(rules)).then_some(2),
                0 => is_full.then_some(1),
                _ => is_full.then_some(DONE),
            },
            Event::ReserveFull(n) => (!self.closed && self.room(rules) < *n).then_some(DONE),
            other => next.without_queueing(rules, other, at),
        };
        progress.map(|progress| (next, progress)).into_iter().collect()
    }

    /// Refused since the channel is closed. Under an owned tail the permit may be out for a moment.
    fn reserve_in_vain(&self, rules: &Rules, n: usize, at: Progress) -> Vec<(Self, Progress)> {
        let mut ways = Vec::new();
        if self.closed {
            let mut next = self.clone();
            next.reserved -= if at == 0 { 0 } else { n };
            ways.push((next, DONE));
        } else if at == 0 && rules.tail == Side::Owned && self.room(rules) >= n {
            let mut next = self.clone();
            next.reserved += n;
            ways.push((next, 1));
        }
        ways
    }

    fn nothing_there(&self) -> bool {
        self.first().is_none_or(is_claimed)
    }

    /// Nothing more can come, apart from what is queued.
    fn is_final(&self) -> bool {
        self.closed && self.reserved == 0 && self.queued().next().is_none()
    }

    /// A single sender sees first that the channel is open, and then publishes, which may be after a close
    /// but not after the receiver was told so.
    fn send(&mut self, rules: &Rules, value: Value, at: Progress) -> Option<Progress> {
        match (rules.tail, at) {
            (Side::Owned, 0) => return (!self.closed).then_some(1),
            (Side::Shared, 1) => {
                self.change(value, Stage::Published);
                return Some(DONE);
            }
            _ => {}
        }
        let refused = match rules.tail {
            Side::Owned => self.finished,
            Side::Shared => self.closed,
        };
        if refused || self.room(rules) == 0 {
            return None;
        }
        self.spend(1);
        Some(match rules.tail {
            Side::Owned => {
                self.push(value, Stage::Published);
                DONE
            }
            Side::Shared => {
                self.push(value, Stage::Claimed);
                1
            }
        })
    }

    /// Sees that the channel is open (step 0), looks how many there is room for (1), claims so many (2, of
    /// which a single sender knows nothing), and publishes each.
    fn send_many(
        &mut self,
        rules: &Rules,
        values: &[Value],
        sent: usize,
        at: Progress,
    ) -> Option<Progress> {
        match at {
            0 => (!self.closed).then_some(1),
            1 => {
                let most = self.room(rules).min(values.len());
                // Under an owned tail a close can make it less than there was room for. Where credits are apart
                // from the slots, other senders can take those in circulation between look and claim.
                let is_short = sent < most && rules.tail == Side::Owned;
                let beside = sent < most && rules.senders > 1 && self.credits != usize::MAX;
                (sent == most || is_short || beside).then_some(if is_short { SHORT + 2 } else { 2 })
            }
            2 if rules.tail == Side::Shared => {
                let granted = !self.closed && self.room(rules) >= sent;
                values[..sent].iter().for_each(|value| self.push(*value, Stage::Claimed));
                granted.then(|| {
                    self.spend(sent);
                    3
                })
            }
            2 => Some(3),
            _ => self.publish_next(rules, values, sent, at),
        }
    }

    fn publish_next(
        &mut self,
        rules: &Rules,
        values: &[Value],
        sent: usize,
        at: Progress,
    ) -> Option<Progress> {
        let is_short = at > SHORT;
        let nth = usize::from(if is_short { at - SHORT - 2 } else { at - 3 });
        if nth == sent {
            return self.closed.then_some(DONE);
        }
        match rules.tail {
            Side::Owned if self.finished => return None,
            Side::Owned => {
                self.spend(1);
                self.push(values[nth], Stage::Published);
            }
            Side::Shared => self.change(values[nth], Stage::Published),
        }
        Some(if nth + 1 == sent && !is_short { DONE } else { at + 1 })
    }

    fn receive(
        &mut self,
        rules: &Rules,
        values: &[Value],
        limit: usize,
        at: Progress,
    ) -> Option<Progress> {
        if at == 0 {
            let there = self.queued().take_while(|(_, stage)| *stage == Stage::Published);
            let most: Vec<_> = there.map(|(value, _)| *value).take(limit).collect();
            if most != values {
                return None;
            }
            // A single receive finds and takes in one step; a batch looks first.
            if limit > 1 {
                return Some(1);
            }
            return self.take_all(rules, values);
        }
        if at == 1 {
            return self.take_all(rules, values);
        }
        let nth = usize::from(at) - 2;
        self.change(values[nth], Stage::Released);
        Some(if nth + 1 == values.len() { DONE } else { at + 1 })
    }

    /// Takes the values that were found, if nobody else has. What is left to be done is to release them, one
    /// by one; a single receiver's value is in nobody's way before.
    fn take_all(&mut self, rules: &Rules, values: &[Value]) -> Option<Progress> {
        let now = rules.head == Side::Owned && values.len() == 1;
        let stage = if now { Stage::Released } else { Stage::Taken };
        let taken = values.iter().all(|value| self.take(*value, stage));
        taken.then_some(if now { DONE } else { 2 })
    }

    /// A send that would have evicted: there was room, or room came after it had claimed its place.
    fn force(&self, rules: &Rules, value: Value, at: Progress) -> Vec<(Self, Progress)> {
        let mut ways = Vec::new();
        if at < BEYOND {
            let mut next = self.clone();
            let progress = next.send(rules, value, at);
            ways.extend(progress.map(|progress| (next, progress)));
        }
        if at == 0 || at >= BEYOND {
            let mut next = self.clone();
            let done = next.displace(rules, value, &[], false, at.saturating_sub(BEYOND));
            ways.extend(done.map(|at| (next, if at == DONE { DONE } else { BEYOND + at })));
        }
        ways
    }

    /// Full; a place beyond the capacity; published; then what is too many is taken away, or all that was
    /// there before.
    fn displace(
        &mut self,
        rules: &Rules,
        new: Value,
        old: &[Value],
        all: bool,
        at: Progress,
    ) -> Option<Progress> {
        match at {
            0 => (!self.closed && self.room(rules) == 0).then_some(1),
            1 => {
                let granted = !self.closed && self.displaceable(rules);
                self.push(new, Stage::Claimed);
                granted.then_some(2)
            }
            2 => {
                self.change(new, Stage::Published);
                Some(3)
            }
            _ => self.make_room(rules, new, old, all, at - 3),
        }
    }

    /// After the claim beyond the capacity: an eviction takes one value if there are too many, a clearing
    /// all that was there before. For each it looks, takes, and releases the slot: a credit that comes back
    /// after the look does not call the eviction off.
    fn make_room(
        &mut self,
        rules: &Rules,
        new: Value,
        old: &[Value],
        all: bool,
        at: Progress,
    ) -> Option<Progress> {
        let too_many = self.used(rules) > rules.capacity;
        if let Some(value) = old.get(usize::from(at / 3)) {
            let is_first = self.first() == Some((*value, Stage::Published));
            let right = match at % 3 {
                0 => is_first && (all || too_many),
                1 => self.take(*value, Stage::Taken),
                _ => {
                    self.change(*value, Stage::Released);
                    return Some(if all { at + 4 } else { DONE });
                }
            };
            return right.then_some(at + 4);
        }
        let own = self.queued().position(|(value, _)| *value == new).unwrap_or(0);
        let behind_a_claim = self.first().is_some_and(is_claimed);
        let nothing_to_take = !(too_many || all && own > 0) || behind_a_claim;
        nothing_to_take.then_some(DONE)
    }

    /// What changes credits, permits and handles.
    fn without_queueing(&mut self, rules: &Rules, event: &Event, at: Progress) -> Option<Progress> {
        match event {
            Event::Reserved(n) => {
                let granted = !self.closed && self.room(rules) >= *n;
                if granted {
                    self.reserved += n;
                    self.spend(*n);
                }
                granted.then_some(DONE)
            }
            Event::PermitSent(value) => self.send_reserved(rules, *value, at),
            Event::PermitClosed(_) => self.sealed.then_some(DONE),
            Event::PermitDropped(n) => {
                // Once sealed, nobody sees what became of the others.
                let left = self.reserved.checked_sub(*n).or(self.sealed.then_some(0))?;
                self.reserved = left;
                self.earn(*n);
                Some(DONE)
            }
            Event::Closed(first) => {
                let answer = *first != self.closed;
                self.closed = true;
                answer.then_some(DONE)
            }
            Event::SenderDropped => {
                self.senders -= 1;
                self.closed |= self.senders == 0;
                Some(DONE)
            }
            Event::ReceiverDropped if at == 0 => {
                self.receivers -= 1;
                self.sealed |= self.receivers == 0;
                Some(if self.sealed { 1 } else { DONE })
            }
            Event::ReceiverDropped if at == 1 => {
                self.closed = true;
                Some(2)
            }
            Event::ReceiverDropped => match self.first() {
                // What is queued goes as well.
                Some((value, Stage::Published)) => {
                    self.change(value, Stage::Released);
                    if rules.credit == Credit::Acknowledged {
                        self.earn(1);
                    }
                    Some(2)
                }
                _ => Some(DONE),
            },
            Event::Acknowledged => {
                self.earn(1);
                Some(DONE)
            }
            Event::Requested(n) => {
                self.earn(*n);
                Some(DONE)
            }
            other => unreachable!("{other:?} is a matter of the queue"),
        }
    }

    /// With a permit: there is room, and a close does not matter. An owned side publishes before the
    /// permit is gone, a shared one after.
    fn send_reserved(&mut self, rules: &Rules, value: Value, at: Progress) -> Option<Progress> {
        let (owned, first) = (rules.tail == Side::Owned, at == 0);
        if first && (self.sealed || self.finished) {
            return None;
        }
        match (owned, first) {
            (true, true) => self.push(value, Stage::Published),
            (false, true) => self.push(value, Stage::Claimed),
            (true, false) => {}
            (false, false) => self.change(value, Stage::Published),
        }
        if owned != first {
            self.reserved -= 1;
        }
        Some(if first { 1 } else { DONE })
    }
}
