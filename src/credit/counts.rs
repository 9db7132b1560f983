//! The two counts of a gate.
//!
//! ```text
//!   taken: credits ever taken away  << 2 | PAUSED | CLOSED        limit: credits ever made available
//!   acquire, revoke, shrink: one exchange or addition here        release, grant, grow: one addition here
//!
//!   available = limit - taken, signed
//! ```
//!
//! Whatever makes fewer available changes `taken` by a read-modify-write; `limit` only grows. So an old look at
//! `limit` errs on the safe side, and taking is decided by one exchange: what was drained was not acquired,
//! nothing is acquired after a close or in a pause, and no more than there is.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, Ordering};

const CLOSED: u64 = 1;
const PAUSED: u64 = 1 << 1;
const SHIFT: u32 = 2;

pub(super) struct Counts {
    /// Written by those who take.
    taken: CachePadded<AtomicU64>,
    /// Written by those who give.
    limit: CachePadded<AtomicU64>,
}

/// How many credits lie between the two. WRAP: both are counted modulo 2^62, and never lie further apart
/// than 2^61: what a pool has is at most [`MOST`](super::MOST), and what comes back to an on-demand gate is
/// limited by [`COUNTED`](super::COUNTED).
fn between(taken: u64, limit: u64) -> i64 {
    ((limit << SHIFT).wrapping_sub(taken & !(CLOSED | PAUSED)) as i64) >> SHIFT
}

impl Counts {
    pub(super) fn new(available: u64) -> Self {
        Self {
            taken: CachePadded::new(AtomicU64::new(0)),
            limit: CachePadded::new(AtomicU64::new(available)),
        }
    }

    fn taken_now(&self) -> u64 {
        // ORDERING: Relaxed: the exchange decides, or it is a number for people.
        self.taken.load(Ordering::Relaxed)
    }

    fn limit_now(&self) -> u64 {
        // ORDERING: Acquire, edge [E9]: what was done before a credit was given precedes what is done by
        // whoever takes it.
        self.limit.load(Ordering::Acquire)
    }

    /// Takes as many as `wanted` says of those there are; how many.
    ///
    /// Lock-free: a retry means that somebody else took some, or paused or closed the gate.
    #[inline(always)]
    fn take_some(&self, wanted: impl Fn(u64) -> u64) -> u64 {
        let mut seen = self.taken_now();
        loop {
            if seen & (CLOSED | PAUSED) != 0 {
                return 0;
            }
            let there = between(seen, self.limit_now());
            let n = if there > 0 { wanted(there as u64) } else { 0 };
            if n == 0 {
                return 0;
            }
            // WRAP: as above. ORDERING: Relaxed, both: what is taken is ordered by the limit.
            match self.taken.compare_exchange_weak(
                seen,
                seen.wrapping_add(n << SHIFT),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return n,
                Err(actual) => seen = actual,
            }
        }
    }

    /// Takes `n`, or none.
    #[inline]
    pub(super) fn take(&self, n: u64) -> bool {
        self.take_some(|there| if there >= n { n } else { 0 }) == n
    }

    /// Takes up to `n`; how many.
    pub(super) fn take_up_to(&self, n: u64) -> u64 {
        self.take_some(|there| there.min(n))
    }

    /// Takes up to `n` out of circulation, also in a pause or after a close; how many.
    pub(super) fn withdraw(&self, n: u64) -> u64 {
        let mut seen = self.taken_now();
        loop {
            let there = between(seen, self.limit_now()).max(0) as u64;
            let n = there.min(n);
            if n == 0 {
                return 0;
            }
            // ORDERING: Relaxed, both: as in `take_some`.
            match self.taken.compare_exchange_weak(
                seen,
                seen.wrapping_add(n << SHIFT),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return n,
                Err(actual) => seen = actual,
            }
        }
    }

    /// Takes `n` out of circulation whether they are there or not: what is missing is a debt.
    pub(super) fn owe(&self, n: u64) {
        // ORDERING: Relaxed: as above.
        self.taken.fetch_add(n << SHIFT, Ordering::Relaxed);
    }

    /// Makes `n` more available.
    #[inline]
    pub(super) fn give(&self, n: u64) {
        // ORDERING: Release, edge [E9]: see `limit_now`. Every later addition carries this one along.
        self.limit.fetch_add(n, Ordering::Release);
    }

    pub(super) fn available(&self) -> i64 {
        between(self.taken_now(), self.limit_now())
    }

    /// Whether somebody could take something.
    pub(super) fn has_some(&self) -> bool {
        let taken = self.taken_now();
        taken & (CLOSED | PAUSED) == 0 && between(taken, self.limit_now()) > 0
    }

    /// How many were ever taken and given, modulo 2^62.
    pub(super) fn totals(&self) -> (u64, u64) {
        (self.taken_now() >> SHIFT, self.limit_now() & (u64::MAX >> SHIFT))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.taken_now() & CLOSED != 0
    }

    /// Whether this call was the one that did.
    pub(super) fn close(&self) -> bool {
        // ORDERING: Relaxed: the gate tells those who wait; nothing else is promised.
        self.taken.fetch_or(CLOSED, Ordering::Relaxed) & CLOSED == 0
    }

    pub(super) fn pause(&self) {
        // ORDERING: Relaxed: as above.
        self.taken.fetch_or(PAUSED, Ordering::Relaxed);
    }

    pub(super) fn resume(&self) {
        // ORDERING: Relaxed: as above.
        self.taken.fetch_and(!PAUSED, Ordering::Relaxed);
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_signed_and_survives_wrapping() {
        assert_eq!(between(0, 5), 5);
        assert_eq!(between(7 << SHIFT | CLOSED | PAUSED, 5), -2);
        assert_eq!(between(u64::MAX << SHIFT, 1), 2);
        assert_eq!(between(0, super::super::MOST), super::super::MOST as i64);
    }
}
