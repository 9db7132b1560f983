//! The credits of channels whose receivers give them back apart from the slots: by acknowledging what
//! they received, or by asking for more.
//!
//! # The protocol
//!
//! ```text
//!   one who gives back                        one who sends
//!   1. returned += n                          a. room within the limit? claim
//!   2. a batch together? raise the limit      b. none left: raise the limit to what was returned, again
//!   3. wake a sender that waits               c. nothing was: Full, or wait as at any gate
//! ```
//!
//! The limit's line is read by every claim and written once a batch; `returned` is written at every
//! acknowledgement and read by senders only when they have run out. So a batch withholds nothing: a
//! sender says Full, or sleeps, only after it has looked at `returned` itself. No handle has a copy of the
//! limit: the load finds it in the processor's own cache but once a batch, and a handle is shared by threads.
//!
//! Both only grow. A credit is in circulation up to the limit, given back and not yet in circulation
//! between the limit and `returned`, and in delivery between `returned` and the head.
//!
//! Acknowledgements are counted by the account that also keeps this memory (`raw::account`), in one
//! exchange. Whether step 2 or 3 is called for must be known before it: for 2 from the count, for 3 from a
//! bit beside the count, which a sender in line sets before its last look ([`Company::poll_tx`] and
//! [`Company::block_tx`]). Requests have a count of their own, and the gate's usual protocol.
//!
//! [`Company::poll_tx`]: super::Company::poll_tx
//! [`Company::block_tx`]: super::Company::block_tx

use crate::raw::{Kept, Lends, Limit, Position};
use crate::sync::{Arc, AtomicU64, Ordering};
use crate::wait::Gate;

/// A demand without end.
pub(crate) const UNBOUNDED: u64 = u64::MAX;

/// The most credits that are put into circulation at once, so that the limit never runs away from the
/// positions it is compared with, however many senders raise it for an endless demand.
const PORTION: u64 = 1 << 20;

/// See the module's text.
pub(crate) struct Window {
    limit: Arc<Limit>,
    /// What the limit is ahead of the count of those given back or asked for, when all of them are in
    /// circulation.
    base: u64,
    /// Where positions, and the count of those given back, started.
    start: Position,
    /// How many were ever asked for, on channels whose receivers do.
    requested: Option<AtomicU64>,
    batch: u64,
    /// Where senders wait for room.
    pub(crate) tx: Gate,
}

impl Window {
    /// `requested` credits wait to be used from the start, where receivers ask for them; `batch`
    /// acknowledgements are put together.
    pub(crate) fn new(
        limit: Arc<Limit>,
        start: u64,
        requested: Option<u64>,
        batch: u64,
        tx: Gate,
    ) -> Self {
        // Requests are counted from 0, acknowledgements from `start`.
        let counted = if requested.is_some() { 0 } else { start };
        let base = limit.count().wrapping_sub(counted);
        let requested = requested.map(AtomicU64::new);
        Self { limit, base, start: Position::new(start), requested, batch, tx }
    }

    /// Adds `n` credits, or an endless number.
    pub(crate) fn request(&self, n: u64) {
        let Some(requested) = &self.requested else { return };
        // ORDERING: Relaxed: the exchange decides.
        let mut seen = requested.load(Ordering::Relaxed);
        // Endless stays endless. ORDERING: Release on success, edge [E10]: what was done before the request
        // precedes what is done by whoever sends with its credit. Relaxed on failure: it is only tried again.
        while let Err(actual) = requested.compare_exchange_weak(
            seen,
            seen.saturating_add(n),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            seen = actual;
        }
        self.tx.notify_many(n);
    }

    /// How many acknowledged credits are not in circulation, `returned` having come back.
    fn put_together(&self, returned: Position, limit: u64) -> u64 {
        // Both are snapshots: the limit may be the newer one.
        let in_circulation = Position::new(limit.wrapping_sub(self.base));
        in_circulation.distance_to(returned).unwrap_or(0)
    }

    /// Puts a portion of what is not in circulation there; whether there was any.
    ///
    /// Lock-free: a retry means that somebody else did.
    fn raise(&self, not_in_circulation: impl Fn(u64) -> u64) -> bool {
        loop {
            // Before the other count, so that the exchange fails if this one has become too old.
            let limit = self.limit.count();
            let portion = not_in_circulation(limit).min(PORTION);
            if portion == 0 {
                return false;
            }
            if self.limit.raise(limit, portion) {
                return true;
            }
        }
    }
}

impl Lends for Window {
    #[inline(always)]
    fn is_due(&self, returned: Position) -> bool {
        self.put_together(returned, self.limit.count()) >= self.batch
    }

    #[cold]
    fn came_back(kept: &Kept<Self>, waiting: bool) {
        if kept.is_due(kept.returned()) {
            kept.collect();
        }
        if waiting {
            // UNWIND: a foreign waker may run; the bit then stays set, and the next one is told again.
            kept.tx.wake_one_waiting(|| kept.unmark_waiting());
        }
    }
}

impl Kept<Window> {
    /// How many credits are given back or asked for, and not yet in circulation: a snapshot.
    pub(crate) fn deferred(&self) -> u64 {
        self.not_in_circulation(self.limit.count())
    }

    fn not_in_circulation(&self, limit: u64) -> u64 {
        let Some(requested) = &self.requested else {
            return self.put_together(self.returned(), limit);
        };
        // ORDERING: Acquire, edge [E10]: whoever sends comes after those who asked for it.
        match requested.load(Ordering::Acquire) {
            UNBOUNDED => UNBOUNDED,
            total => total.saturating_sub(limit.wrapping_sub(self.base)),
        }
    }

    /// Puts a portion of what was given back or asked for into circulation; whether there was any.
    #[cold]
    pub(crate) fn collect(&self) -> bool {
        self.raise(|limit| self.not_in_circulation(limit))
    }

    /// How many credits have ever come back from deliveries.
    pub(crate) fn acked(&self) -> u64 {
        self.returned().since(self.start)
    }

    /// How many messages were taken, `head` being where receivers are, and not acknowledged: exact if
    /// nobody takes any more.
    pub(crate) fn in_delivery(&self, head: Position) -> u64 {
        self.returned().distance_to(head).unwrap_or(0)
    }
}
