//! What an observed channel keeps beside its ring.
//!
//! Whoever changes the depth (a send, a receive, an acknowledgement) then looks at it, and moves the level if
//! a mark was crossed. Level and depth are two words, so there is a race to lose:
//!
//! 1. a sender finds the depth at the high mark;
//! 2. receivers take everything, find the level Normal, and have nothing to do;
//! 3. the sender sets the level to High, and nobody comes by any more.
//!
//! So after each change of the level the depth is looked at again, and between the two on both sides stands a
//! sequentially consistent fence (edge E11): either the receivers see High, or the sender sees that the
//! channel is empty.

use alloc::sync::Arc;
use core::time::Duration;

use crate::pressure::{Clock, Level};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, Ordering};
use crate::wait::Gate;

/// When the level changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    pub(crate) high: usize,
    pub(crate) low: usize,
}

impl Marks {
    fn are_crossed(self, state: u64, depth: usize) -> bool {
        if state & HIGH != 0 { depth <= self.low } else { depth >= self.high }
    }
}

const HIGH: u64 = 1;
const CLOSED: u64 = 1 << 1;
const EPOCH: u32 = 2;

/// See the module's text.
pub(crate) struct Observed {
    clock: Arc<dyn Clock>,
    marks: Option<Marks>,
    /// `epoch << 2 | CLOSED | HIGH`; written under the lock of `times`.
    state: AtomicU64,
    peak: AtomicUsize,
    times: Mutex<Times>,
    send_wait: AtomicU64,
    recv_wait: AtomicU64,
    /// Where watches wait for the next epoch.
    pub(crate) changes: Gate,
}

struct Times {
    high_since: Option<Duration>,
    high_before: Duration,
}

impl Observed {
    pub(crate) fn new(clock: Arc<dyn Clock>, marks: Option<Marks>) -> Self {
        Self {
            clock,
            marks,
            state: AtomicU64::new(0),
            peak: AtomicUsize::new(0),
            times: Mutex::new(Times { high_since: None, high_before: Duration::ZERO }),
            send_wait: AtomicU64::new(0),
            recv_wait: AtomicU64::new(0),
            changes: Gate::always_fenced(),
        }
    }

    /// After a change of the depth, and a fence.
    pub(crate) fn look(&self, depth: &dyn Fn() -> usize) {
        loop {
            let now = depth();
            // ORDERING: Relaxed: a number for people.
            self.peak.fetch_max(now, Ordering::Relaxed);
            let Some(marks) = self.marks else { return };
            // ORDERING: Relaxed, edge [E11]: ordered by the caller's fence, or by that of the announcement
            // below, which stands between the level and the next look at the depth.
            if !marks.are_crossed(self.state.load(Ordering::Relaxed), now) {
                return;
            }
            self.move_level(marks, depth);
        }
    }

    /// Moves the level, unless somebody else has: the depth that those saw who did is seen here.
    fn move_level(&self, marks: Marks, depth: &dyn Fn() -> usize) {
        let now = self.clock.now();
        let mut times = self.times.lock();
        // ORDERING: Relaxed: written under this lock only.
        let state = self.state.load(Ordering::Relaxed);
        if !marks.are_crossed(state, depth()) {
            return;
        }
        match times.high_since.take() {
            Some(since) => {
                let high = now.saturating_sub(since);
                times.high_before = times.high_before.saturating_add(high);
            }
            None => times.high_since = Some(now),
        }
        let next = (((state >> EPOCH) + 1) << EPOCH) | (state & (CLOSED | HIGH)) ^ HIGH;
        // ORDERING: Relaxed: as above; watches look again behind their gate.
        self.state.store(next, Ordering::Relaxed);
        drop(times);
        self.changes.wake_all();
    }

    /// The channel was closed.
    pub(crate) fn close(&self) {
        let times = self.times.lock();
        // ORDERING: Relaxed: written under this lock only.
        let state = self.state.load(Ordering::Relaxed);
        if state & CLOSED == 0 {
            let next = (((state >> EPOCH) + 1) << EPOCH) | state & HIGH | CLOSED;
            // ORDERING: Relaxed: as in `move_level`.
            self.state.store(next, Ordering::Relaxed);
        }
        drop(times);
        self.changes.wake_all();
    }

    /// The level, and how often it changed.
    pub(crate) fn level(&self) -> (Level, u64) {
        // ORDERING: Relaxed: a snapshot; waits look again behind their gate.
        let state = self.state.load(Ordering::Relaxed);
        let level = match state & (HIGH | CLOSED) {
            0 => Level::Normal,
            HIGH => Level::High,
            _ => Level::Closed,
        };
        (level, state >> EPOCH)
    }

    /// For how long the level has been high now, and in all.
    pub(crate) fn high_times(&self) -> (Option<Duration>, Duration) {
        let now = self.clock.now();
        let times = self.times.lock();
        let present = times.high_since.map(|since| now.saturating_sub(since));
        (present, times.high_before.saturating_add(present.unwrap_or_default()))
    }

    pub(crate) fn peak(&self) -> usize {
        // ORDERING: Relaxed: a number for people.
        self.peak.load(Ordering::Relaxed)
    }

    /// A sender (or a receiver) begins to wait, or goes on.
    pub(crate) fn wait_begins(&self, since: &mut Option<Duration>) {
        since.get_or_insert_with(|| self.clock.now());
    }

    /// It has ended.
    pub(crate) fn wait_ends(&self, since: &mut Option<Duration>, sender: bool) {
        let Some(since) = since.take() else { return };
        let nanos =
            self.clock.now().saturating_sub(since).as_nanos().try_into().unwrap_or(u64::MAX);
        let total = if sender { &self.send_wait } else { &self.recv_wait };
        // ORDERING: Relaxed: a number for people.
        let mut seen = total.load(Ordering::Relaxed);
        // ORDERING: Relaxed, both: as above.
        while let Err(actual) = total.compare_exchange_weak(
            seen,
            seen.saturating_add(nanos),
            Ordering::Relaxed,
            Ordering::Relaxed,
        ) {
            seen = actual;
        }
    }

    /// Time spent waiting: by senders, by receivers.
    pub(crate) fn waits(&self) -> (Duration, Duration) {
        // ORDERING: Relaxed: a number for people.
        let send = self.send_wait.load(Ordering::Relaxed);
        // ORDERING: Relaxed: as above.
        let recv = self.recv_wait.load(Ordering::Relaxed);
        (Duration::from_nanos(send), Duration::from_nanos(recv))
    }
}
