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
//! sender says Full, or sleeps, only after it has looked at `returned` itself.
//!
//! Both only grow. A credit is in circulation up to the limit, given back and not yet in circulation
//! between the limit and `returned`, and in delivery between `returned` and the head.

use crossbeam_utils::CachePadded;

use crate::raw::{Limit, Position};
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
    /// Where the limit started: that of no returned credit.
    base: u64,
    /// Where positions started.
    start: u64,
    returned: CachePadded<AtomicU64>,
    batch: u64,
    /// Where senders wait for room.
    pub(crate) tx: Gate,
}

impl Window {
    /// `returned` credits wait to be used from the start; `batch` of them move at a time.
    pub(crate) fn new(limit: Arc<Limit>, start: u64, returned: u64, batch: u64, tx: Gate) -> Self {
        let base = limit.count();
        let returned = CachePadded::new(AtomicU64::new(returned));
        Self { limit, base, start, returned, batch, tx }
    }

    /// Gives back `n` credits that were taken from this window.
    pub(crate) fn give_back(&self, n: u64) {
        // ORDERING: Release, edge [E10]: what was done with the message precedes what is done by
        // whoever sends with its credit.
        let returned = self.returned.fetch_add(n, Ordering::Release) + n;
        if self.not_in_circulation(returned, self.limit.count()) >= self.batch {
            self.collect();
        }
        self.tx.notify_many(n);
    }

    /// Adds `n` credits, or an endless number.
    pub(crate) fn request(&self, n: u64) {
        // ORDERING: Relaxed: the exchange decides.
        let mut seen = self.returned.load(Ordering::Relaxed);
        // Endless stays endless. ORDERING: Release on success, edge [E10]: as in `give_back`. Relaxed
        // on failure: it is only tried again.
        while let Err(actual) = self.returned.compare_exchange_weak(
            seen,
            seen.saturating_add(n),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            seen = actual;
        }
        self.tx.notify_many(n);
    }

    /// How many credits were ever given back or asked for.
    pub(crate) fn returned(&self) -> u64 {
        // ORDERING: Acquire, edge [E10]: whoever counts the credits comes after those who gave them
        // back.
        self.returned.load(Ordering::Acquire)
    }

    /// How many credits are given back or asked for, and not yet in circulation: a snapshot.
    pub(crate) fn deferred(&self) -> u64 {
        self.not_in_circulation(self.returned(), self.limit.count())
    }

    /// How many messages were taken, `head` being where receivers are, and not acknowledged: exact if
    /// nobody takes any more.
    pub(crate) fn in_delivery(&self, head: Position) -> u64 {
        // WRAP: all are counted modulo positions.
        let returned = Position::new(self.start.wrapping_add(self.returned()));
        returned.distance_to(head).unwrap_or(0)
    }

    fn not_in_circulation(&self, returned: u64, limit: u64) -> u64 {
        match returned {
            UNBOUNDED => UNBOUNDED,
            // Both are snapshots: the limit may be the newer one.
            _ => returned.saturating_sub(limit.wrapping_sub(self.base)),
        }
    }

    /// Puts a portion of what was given back into circulation; whether there was any.
    ///
    /// Lock-free: a retry means that somebody else did.
    #[cold]
    pub(crate) fn collect(&self) -> bool {
        loop {
            // Before the other, so that the exchange fails if it has become too old.
            let limit = self.limit.count();
            let portion = self.not_in_circulation(self.returned(), limit).min(PORTION);
            if portion == 0 {
                return false;
            }
            if self.limit.raise(limit, portion) {
                return true;
            }
        }
    }
}
