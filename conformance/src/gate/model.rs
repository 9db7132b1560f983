//! A gate of credits as plain numbers, too wide to wrap.

use backpressure::AcquireError;

use super::Settings;

/// The most a gate can have, or hold ready.
pub(super) const MOST: u64 = 1 << 48;
/// The most that may be available, or in one permit.
const COUNTED: u128 = 1 << 60;
/// So many at a time come back without a look at [`COUNTED`].
const SMALL: u64 = u32::MAX as u64;

/// Names somebody who waits.
pub(super) type Ticket = u64;

#[derive(Debug)]
pub(super) struct Model {
    settings: Settings,
    /// What a pool has, or what an on-demand gate holds ready at the most.
    pub(super) most: u128,
    pub(super) available: i128,
    pub(super) granted: u128,
    pub(super) acquired: u128,
    pub(super) returned: u128,
    pub(super) revoked: u128,
    /// In permits that somebody has, in forgotten ones, and used up.
    pub(super) held: u128,
    pub(super) forgotten: u128,
    pub(super) spent: u128,
    pub(super) pauses: usize,
    pub(super) closed: bool,
    /// Who waits, forgotten or not, in the order in which they came.
    pub(super) line: Vec<Ticket>,
    next_ticket: Ticket,
}

impl Model {
    pub(super) fn new(settings: &Settings) -> Self {
        let total = if settings.pool { settings.size } else { 0 };
        Self {
            most: settings.size.into(),
            available: total.into(),
            granted: total.into(),
            acquired: 0,
            returned: 0,
            revoked: 0,
            held: 0,
            forgotten: 0,
            spent: 0,
            pauses: 0,
            closed: false,
            line: Vec::new(),
            next_ticket: 0,
            settings: settings.clone(),
        }
    }

    fn is_open(&self) -> bool {
        !self.closed && self.pauses == 0
    }

    /// Whether nobody comes before the holder of this ticket, or before a newcomer.
    fn is_next(&self, ticket: Option<Ticket>) -> bool {
        !self.settings.fifo || self.line.first().is_none_or(|first| Some(*first) == ticket)
    }

    /// What can never be.
    fn refusal(&self, n: u64) -> Option<AcquireError> {
        match n {
            0 => Some(AcquireError::Nothing),
            n if u128::from(n) > self.most => Some(AcquireError::TooLarge),
            _ => None,
        }
    }

    /// Taking so many now, if it can be at all.
    fn take(&self, n: u64, ticket: Option<Ticket>) -> Option<Result<(), AcquireError>> {
        let there = self.is_open() && self.available >= i128::from(n);
        (there && self.is_next(ticket)).then_some(Ok(()))
    }

    /// How an attempt at once ends; `None` if it may succeed later.
    pub(super) fn attempt(&self, n: u64) -> Option<Result<(), AcquireError>> {
        let refused = self.refusal(n).or(self.closed.then_some(AcquireError::Closed));
        refused.map(Err).or_else(|| self.take(n, None))
    }

    /// The same for a task: that the gate is closed comes before everything else.
    pub(super) fn poll(&self, n: u64, ticket: Option<Ticket>) -> Option<Result<(), AcquireError>> {
        let refused = self.closed.then_some(AcquireError::Closed).or(self.refusal(n));
        refused.map(Err).or_else(|| self.take(n, ticket))
    }

    /// What `acquire_up_to` finds.
    pub(super) fn up_to(&self, n: u64) -> u64 {
        if self.is_open() && self.is_next(None) {
            n.min(u64::try_from(self.available).unwrap_or(0))
        } else {
            0
        }
    }

    /// Whether so many wait that a newcomer must not.
    pub(super) fn is_crowded(&self) -> bool {
        self.line.len() >= self.settings.max_waiters
    }

    /// Somebody begins to wait.
    pub(super) fn enlist(&mut self) -> Ticket {
        self.next_ticket += 1;
        self.line.push(self.next_ticket);
        self.next_ticket
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.line.retain(|other| *other != ticket);
    }

    pub(super) fn acquire(&mut self, n: u64) {
        self.available -= i128::from(n);
        self.acquired += u128::from(n);
        self.held += u128::from(n);
    }

    /// A permit is dropped.
    pub(super) fn release(&mut self, n: u64) {
        self.held -= u128::from(n);
        self.returned += u128::from(n);
        let room = COUNTED.saturating_sub(self.available.max(0) as u128);
        let back = if n > SMALL { room.min(n.into()) } else { n.into() };
        self.available += back as i128;
        self.revoked += u128::from(n) - back;
    }

    pub(super) fn forget(&mut self, n: u64) {
        self.held -= u128::from(n);
        self.forgotten += u128::from(n);
    }

    /// A permit's credits are used up; those that a pool in debt has not got any more pay the debt.
    pub(super) fn spend(&mut self, n: u64) {
        let n = u128::from(n);
        self.held -= n;
        if !self.settings.pool {
            self.spent += n;
            return;
        }
        let smaller = n.min(self.most);
        self.most -= smaller;
        self.spent += smaller;
        self.returned += n - smaller;
        self.available += (n - smaller) as i128;
    }

    /// Whether two permits may become one.
    pub(super) fn may_merge(a: u64, b: u64) -> bool {
        u128::from(a) + u128::from(b) <= COUNTED
    }

    /// How many of so many new credits are accepted.
    pub(super) fn grant(&mut self, n: u64) -> u64 {
        if self.settings.pool || self.closed {
            return 0;
        }
        let accepted = u128::from(n).min(self.most.saturating_sub(self.available.max(0) as u128));
        self.available += accepted as i128;
        self.granted += accepted;
        accepted as u64
    }

    pub(super) fn grant_to(&mut self, total: u64) -> u64 {
        self.grant(u128::from(total).saturating_sub(self.granted) as u64)
    }

    pub(super) fn revoke(&mut self, n: u64) -> u64 {
        let revoked = (self.available.max(0) as u128).min(n.into());
        self.available -= revoked as i128;
        self.revoked += revoked;
        if self.settings.pool {
            self.most -= revoked;
        }
        revoked as u64
    }

    pub(super) fn resize(&mut self, total: u64) {
        let (total, before) = (u128::from(total), self.most);
        self.most = total;
        if self.settings.pool {
            self.available += total as i128 - before as i128;
            self.granted += total.saturating_sub(before);
            self.revoked += before.saturating_sub(total);
        }
    }

    pub(super) fn close(&mut self) -> bool {
        !std::mem::replace(&mut self.closed, true)
    }

    /// Every credit is somewhere.
    pub(super) fn check_conservation(&self) {
        let somewhere = self.available + (self.held + self.forgotten) as i128;
        if self.settings.pool {
            assert_eq!(somewhere, self.most as i128, "a pool's credits: {self:?}");
        }
        let circulating = self.granted as i128 - (self.revoked + self.spent) as i128;
        assert_eq!(somewhere, circulating, "credits in circulation: {self:?}");
    }
}
