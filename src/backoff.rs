//! Pausing between two looks at what others change.

use crate::sync::{UNDER_MODEL, spin_loop};

/// Pauses so often.
#[inline(always)]
pub(crate) fn pause(pauses: u32) {
    for _ in 0..pauses {
        spin_loop();
    }
}

/// Makes way for those who won an exchange, twice as long each time. They get several done in a row meanwhile,
/// without a cache line travelling for each; decision 0012 has the figures.
///
/// Source: T. E. Anderson, The performance of spin lock alternatives for shared-memory multiprocessors, 1990.
#[derive(Clone, Copy)]
pub(crate) struct Backoff(u32);

impl Backoff {
    /// Powers of two of pauses, after the first failure and at the most.
    const FIRST: u32 = 3;
    const MOST: u32 = 8;

    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self(Self::FIRST)
    }

    /// After an exchange that somebody else won; the caller then looks again. Not for the checker, which would take
    /// it for waiting.
    #[must_use]
    #[inline(always)]
    pub(crate) fn make_way(self) -> Self {
        if UNDER_MODEL {
            return self;
        }
        pause(1 << self.0);
        Self((self.0 + 1).min(Self::MOST))
    }
}
