//! What a task does before it queues.
//!
//! A thread that must wait stays awake for a while first (`strategy`). A task would keep its executor from
//! others by that, but it can ask to be polled once more: it wakes itself and returns `Pending`, everybody
//! who is ready runs, and it looks again. Where its peer was among them, nobody has queued, taken a lock, or
//! been woken: decision 0011.

use crate::sync::{AtomicU32, Ordering, UNDER_MODEL};

/// Waits that queue at once, before one is tried the other way.
const TRIAL: u32 = 32;
/// As sure as can be that second polls pay.
const MOST: u32 = 48;
/// What a second poll that found nothing counts beside one that did: it has cost its executor a turn.
const FAILURE: u32 = 4;
/// Never tried.
const NEVER: u32 = u32::MAX;

/// What second polls have achieved at a gate so far. From `TRIAL` on the next wait has one.
///
/// Those who wait at the same time lose each other's counts, which is no loss.
pub(crate) struct SecondPolls(AtomicU32);

impl SecondPolls {
    pub(crate) fn never() -> Self {
        Self(AtomicU32::new(NEVER))
    }

    /// As far as they turn out to pay; `eager` takes it that they always have. Models have enough to explore
    /// without.
    pub(crate) fn adaptive(eager: bool) -> Self {
        let score = if eager { MOST } else { 0 };
        Self(AtomicU32::new(if UNDER_MODEL { NEVER } else { score }))
    }

    /// Before a task queues: whether a second poll is worth it. Whoever then has one says how it went:
    /// [`SecondPolls::paid`] or [`SecondPolls::failed`].
    pub(crate) fn are_worth_it(&self) -> bool {
        match self.score() {
            NEVER => false,
            score if score < TRIAL => {
                self.set_score(score + 1);
                false
            }
            _ => true,
        }
    }

    pub(crate) fn paid(&self) {
        self.set_score((self.score() + 1).min(MOST));
    }

    pub(crate) fn failed(&self) {
        let left = self.score().saturating_sub(FAILURE);
        self.set_score(if left < TRIAL { 0 } else { left });
    }

    fn score(&self) -> u32 {
        // ORDERING: Relaxed: a guess shared by whoever waits here.
        self.0.load(Ordering::Relaxed)
    }

    fn set_score(&self, score: u32) {
        // ORDERING: Relaxed: as above.
        self.0.store(score, Ordering::Relaxed);
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    fn tried(polls: &SecondPolls, waits: usize) -> usize {
        (0..waits).filter(|_| polls.are_worth_it()).count()
    }

    #[test]
    fn tried_after_a_while_and_dropped_where_they_fail() {
        let polls = SecondPolls::adaptive(false);
        assert_eq!(tried(&polls, 32), 0);
        assert_eq!(tried(&polls, 1), 1);
        polls.failed();
        assert_eq!(tried(&polls, 32), 0, "one failure on trial is enough");
        assert_eq!(tried(&polls, 1), 1);
        polls.paid();
        polls.paid();
        polls.paid();
        polls.paid();
        polls.failed();
        assert_eq!(tried(&polls, 1), 1, "four of five");
        polls.failed();
        assert_eq!(tried(&polls, 1), 0);
    }

    #[test]
    fn nothing_is_for_ever() {
        let polls = SecondPolls::adaptive(true);
        polls.paid();
        for _ in 0..4 {
            assert!(polls.are_worth_it());
            polls.failed();
        }
        assert!(polls.are_worth_it());
        polls.failed();
        assert!(!polls.are_worth_it(), "five failures in a row, however often it had paid");
        assert_eq!(tried(&SecondPolls::never(), 100), 0);
    }
}
