//! What a thread does before it sleeps.

use crate::sync::{AtomicU32, Ordering, UNDER_MODEL, spin_loop, thread};

/// What a blocking operation does while it waits, and a task before it queues.
///
/// Chosen per channel with `Builder::wait_strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitStrategy {
    /// A few pauses, a few yields, then sleep. How many is decided from the number of processors
    /// that the process might use when it made its first channel, and from whether such waits have
    /// lately been worth it. An idle wait uses no processor time.
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
/// The same where a waiting thread may be what keeps its peer from running.
const STEPS_CROWDED: u32 = 5;
/// Yields before sleeping, at the most and at the least.
const YIELDS: u32 = 16;
const YIELDS_LEAST: u32 = 2;

/// What a thread that is about to wait knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How<'a> {
    pub(crate) strategy: WaitStrategy,
    pub(crate) experience: &'a Experience,
    /// Handles on the side that waits: about as many threads.
    pub(crate) waiting: usize,
    /// Handles on the side that is waited for.
    pub(crate) awaited: usize,
}

/// What waiting at one side of a channel has achieved so far: how many yields it is worth.
#[derive(Debug)]
pub(crate) struct Experience(AtomicU32);

impl Experience {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(YIELDS))
    }
}

impl How<'_> {
    /// Whether the waiting side could occupy every processor that those it waits for might use.
    ///
    /// PERF: four senders and a receiver on two processors take half the time per message if a sender
    /// that waits yields after 31 pauses instead of 127, and an eighth less if the receiver does as well. With as
    /// many as there are processors on both sides, the longer wait is better. Decision 0005 has the figures.
    fn is_in_the_way(self, processors: usize) -> bool {
        self.awaited.min(self.waiting) < processors && self.waiting + self.awaited > processors
    }

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
        let processors = thread::parallelism();
        if processors > 1 {
            let steps = if self.is_in_the_way(processors) { STEPS_CROWDED } else { STEPS };
            for step in 0..steps {
                for _ in 0..1 << step {
                    spin_loop();
                }
                if let Some(done) = attempt() {
                    return Some(done);
                }
            }
        }
        let Experience(yields_worth) = self.experience;
        // ORDERING: Relaxed: a guess shared by whoever waits here.
        let yields = yields_worth.load(Ordering::Relaxed);
        for _ in 0..yields {
            if expired() {
                return None;
            }
            thread::yield_now();
            if let Some(done) = attempt() {
                if yields < YIELDS {
                    // ORDERING: Relaxed: as above.
                    yields_worth.store(yields + 1, Ordering::Relaxed);
                }
                return Some(done);
            }
        }
        if yields > YIELDS_LEAST {
            // ORDERING: Relaxed: as above.
            yields_worth.store(yields - 1, Ordering::Relaxed);
        }
        None
    }
}
