//! What a thread does before it sleeps.

use crate::sync::{AtomicU32, Ordering, UNDER_MODEL, spin_loop, thread};

/// What a blocking operation does while it waits, and a task before it queues.
///
/// Chosen per channel with `Builder::wait_strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitStrategy {
    /// A few pauses, a few yields, then sleep. How many is decided from whether they have lately been worth it;
    /// no pauses if the process might use a single processor only when it made its first channel. An idle wait
    /// uses no processor time.
    ///
    /// A task asks to be polled once more before it queues (it wakes itself and returns `Pending`), where nobody
    /// stands in line and that has lately been worth it, and never on a channel that is observed. The same under
    /// `Yield` and `Spin`.
    #[default]
    Adaptive,
    /// Sleep at once, queue at once. For waits that are known to be long.
    Park,
    /// Yield to other threads until the wait is over; never sleeps. Uses a whole processor while
    /// nothing else wants it.
    Yield,
    /// Pause in a loop; never yields, never sleeps. For a thread with a processor of its own, whose
    /// peers have theirs: anywhere else it is a disaster.
    Spin,
}

/// Looks before the first yield, with more than one processor, and after twice as many pauses each
/// time: a peer that is about to come is met soon, and one that comes steadily is not met at every
/// single message, with a cache line travelling for each.
const STEPS: u32 = 7;
/// The same where pauses have lately achieved nothing.
const STEPS_LEAST: u32 = 3;
/// How many waits are ended by a yield before all pauses are tried again.
const TRIAL: u32 = 64;
/// Yields before sleeping, at the most and at the least.
const YIELDS: u32 = 16;
const YIELDS_LEAST: u32 = 2;

/// What a thread that is about to wait knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) strategy: WaitStrategy,
    pub(crate) experience: &'a Experience,
}

/// What waiting at one side of a channel has achieved so far.
///
/// Those who wait at the same time lose each other's counts, which is no loss.
#[derive(Debug)]
pub(crate) struct Experience {
    /// Waits that a yield ended, since pauses last ended one: the peer was kept from running by who waited for
    /// it. Each makes the next wait's pauses half as many.
    in_vain: AtomicU32,
    /// How many yields a wait is worth.
    yields: AtomicU32,
}

impl Experience {
    pub(crate) fn new() -> Self {
        Self { in_vain: AtomicU32::new(0), yields: AtomicU32::new(YIELDS) }
    }

    /// How many looks with pauses before them a wait is worth.
    ///
    /// PERF: where a thread that waits keeps its peer from running, all pauses cost two or three times as much a
    /// message: decision 0005 has the figures.
    fn steps(&self) -> u32 {
        // ORDERING: Relaxed: a guess shared by whoever waits here.
        match self.in_vain.load(Ordering::Relaxed) {
            TRIAL.. => STEPS,
            in_vain => STEPS.saturating_sub(in_vain).max(STEPS_LEAST),
        }
    }

    fn pauses_paid(&self) {
        // ORDERING: Relaxed: as above.
        if self.in_vain.load(Ordering::Relaxed) != 0 {
            // ORDERING: Relaxed: as above.
            self.in_vain.store(0, Ordering::Relaxed);
        }
    }

    fn pauses_failed(&self) {
        // ORDERING: Relaxed: as above.
        let in_vain = self.in_vain.load(Ordering::Relaxed);
        // ORDERING: Relaxed: as above.
        self.in_vain.store(if in_vain < TRIAL { in_vain + 1 } else { STEPS }, Ordering::Relaxed);
    }

    fn yields(&self) -> u32 {
        // ORDERING: Relaxed: as above.
        self.yields.load(Ordering::Relaxed)
    }

    fn set_yields(&self, yields: u32) {
        // ORDERING: Relaxed: as above.
        self.yields.store(yields, Ordering::Relaxed);
    }
}

impl How<'_> {
    /// Waits actively for a while (or for ever, if the strategy says so): the result, if one came
    /// in time, or if `expired` said that it is too late to sleep.
    pub(crate) fn wait_awake<R>(
        self,
        mut attempt: impl FnMut() -> Option<R>,
        mut expired: impl FnMut() -> bool,
    ) -> Option<R> {
        match self.strategy {
            WaitStrategy::Park => None,
            WaitStrategy::Spin | WaitStrategy::Yield => loop {
                if let Some(done) = attempt() {
                    return Some(done);
                }
                if expired() {
                    return None;
                }
                if self.strategy == WaitStrategy::Spin && !UNDER_MODEL {
                    spin_loop();
                } else {
                    thread::yield_now();
                }
            },
            WaitStrategy::Adaptive if UNDER_MODEL => None,
            WaitStrategy::Adaptive => self.adaptive(attempt, expired),
        }
    }

    fn adaptive<R>(
        self,
        mut attempt: impl FnMut() -> Option<R>,
        mut expired: impl FnMut() -> bool,
    ) -> Option<R> {
        if thread::parallelism() > 1 {
            for step in 0..self.experience.steps() {
                for _ in 0..1 << step {
                    spin_loop();
                }
                if let Some(done) = attempt() {
                    self.experience.pauses_paid();
                    return Some(done);
                }
            }
        }
        let yields = self.experience.yields();
        for _ in 0..yields {
            if expired() {
                return None;
            }
            thread::yield_now();
            if let Some(done) = attempt() {
                self.experience.pauses_failed();
                if yields < YIELDS {
                    self.experience.set_yields(yields + 1);
                }
                return Some(done);
            }
        }
        if yields > YIELDS_LEAST {
            self.experience.set_yields(yields - 1);
        }
        None
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn pauses_that_achieve_nothing_become_fewer() {
        let experience = Experience::new();
        let next = || {
            let steps = experience.steps();
            experience.pauses_failed();
            steps
        };
        assert_eq!([next(), next(), next(), next(), next(), next()], [7, 6, 5, 4, 3, 3]);
        assert!((6..64).all(|_| next() == 3));
        assert_eq!([next(), next(), next()], [7, 3, 3], "one wait in so many tries all of them");
        experience.pauses_paid();
        assert_eq!(next(), 7);
    }
}
