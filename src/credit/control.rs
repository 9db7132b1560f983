//! Everything but acquiring and releasing: what is rarely done, one at a time.

use core::fmt;

use super::counts::Counts;
use super::{COUNTED, Credits, MOST, Shared};
use crate::sync::{Arc, AtomicU64, Mutex, Ordering};
use crate::wait::Gate;
#[cfg(feature = "std")]
use crate::wait::{Experience, WaitStrategy};

/// Settings of a gate before it is made.
#[derive(Clone, Debug)]
pub struct CreditsBuilder {
    fifo: bool,
    max_waiters: usize,
    #[cfg(feature = "std")]
    strategy: WaitStrategy,
}

/// What the lock guards.
pub(super) struct Control {
    /// Ever put into circulation other than by a release, and ever taken out other than by acquiring.
    granted: u128,
    withdrawn: u128,
    /// Of the latter those that came back when no more could be counted: the counts know nothing of them.
    uncounted: u128,
    pauses: usize,
}

/// What has become of a gate's credits: cumulative, modulo 2^62. Exact when nobody is using the gate, a
/// snapshot otherwise.
///
/// `granted + returned == acquired + revoked + available`; what permits hold or have spent is
/// `acquired - returned`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreditCounters {
    /// Put into circulation: a pool's total, grants, growth.
    pub granted: u64,
    /// Taken by permits.
    pub acquired: u64,
    /// Given back by permits.
    pub returned: u64,
    /// Taken out of circulation: revoked, drained, shrunk.
    pub revoked: u64,
    /// Available now; see [`Credits::available`].
    pub available: i64,
}

impl CreditsBuilder {
    pub(super) fn new() -> Self {
        Self {
            fifo: false,
            max_waiters: usize::MAX,
            #[cfg(feature = "std")]
            strategy: WaitStrategy::default(),
        }
    }

    /// Serves waiters strictly in the order in which they came, and nobody before them.
    ///
    /// The trap of it: a future that stands first and is not polled keeps everybody waiting. The trap of
    /// doing without: those who want much may wait for ever beside a stream of those who want little.
    #[must_use]
    pub fn fifo(mut self) -> Self {
        self.fifo = true;
        self
    }

    /// How many may wait at a time; any number if not set. Waiters are a queue too, and this bounds it. Who was
    /// told to look and has not yet still counts, so a forgotten wait keeps its place.
    #[must_use]
    pub fn max_waiters(mut self, most: usize) -> Self {
        self.max_waiters = most;
        self
    }

    /// How blocking operations wait. [`WaitStrategy::Adaptive`] if not set. Where waiters stand in line, or
    /// are counted, `Spin` and `Yield` sleep as `Park` does: who never sleeps is in no line.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn wait_strategy(mut self, strategy: WaitStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Makes a [pool](Credits::pool).
    ///
    /// # Panics
    /// If `total` is above 2^48.
    #[must_use]
    pub fn pool(self, total: u64) -> Credits {
        self.build(true, total, total)
    }

    /// Makes an [on-demand gate](Credits::on_demand).
    ///
    /// # Panics
    /// If `max` is above 2^48.
    #[must_use]
    pub fn on_demand(self, max: u64) -> Credits {
        self.build(false, 0, max)
    }

    fn build(self, pool: bool, available: u64, most: u64) -> Credits {
        assert!(most <= MOST, "{most} are more credits than a gate can count");
        let control = Control { granted: available.into(), withdrawn: 0, uncounted: 0, pauses: 0 };
        #[cfg(feature = "std")]
        let strategy = match self.strategy {
            WaitStrategy::Spin | WaitStrategy::Yield
                if self.fifo || self.max_waiters < usize::MAX =>
            {
                WaitStrategy::Park
            }
            strategy => strategy,
        };
        let shared = Shared {
            counts: Counts::new(available),
            is_pool: pool,
            gate: Gate::with(self.fifo, self.max_waiters),
            most: AtomicU64::new(most),
            control: Mutex::new(control),
            #[cfg(feature = "std")]
            strategy,
            #[cfg(feature = "std")]
            experience: Experience::new(),
        };
        Credits { shared: Arc::new(shared) }
    }
}

/// Control, by whoever holds a handle.
impl Credits {
    /// Puts up to `n` new credits into circulation; how many: what would make more than the maximum available is
    /// not accepted. A pool has all its credits, and a closed gate needs none: they accept 0.
    ///
    /// Progress: a short lock, then waking. Runs no code of those who wait, except their wakers.
    pub fn grant(&self, n: u64) -> u64 {
        let mut control = self.shared.control.lock();
        let accepted = control.accept(&self.shared, n);
        drop(control);
        self.shared.gate.notify_many(accepted);
        accepted
    }

    /// Grants what is missing to have granted `total` credits since the gate was made; how many that were.
    /// The same total twice grants nothing the second time, so that it can be sent again.
    pub fn grant_to(&self, total: u64) -> u64 {
        let mut control = self.shared.control.lock();
        // What was granted may be more than any total by now.
        let missing = u128::from(total).saturating_sub(control.granted);
        let accepted = control.accept(&self.shared, missing as u64);
        drop(control);
        self.shared.gate.notify_many(accepted);
        accepted
    }

    /// Takes up to `n` credits that nobody has acquired out of circulation; how many. A pool is then as much
    /// smaller.
    pub fn revoke(&self, n: u64) -> u64 {
        let mut control = self.shared.control.lock();
        let revoked = self.shared.counts.withdraw(n);
        control.withdrawn += u128::from(revoked);
        if self.shared.is_pool {
            // ORDERING: Relaxed: under the lock; see `Shared::check`.
            self.shared.most.fetch_sub(revoked, Ordering::Relaxed);
        }
        drop(control);
        // Somebody may wait for more than there can be now.
        self.shared.gate.tell_everybody();
        revoked
    }

    /// Takes every credit that nobody has acquired out of circulation; how many.
    pub fn drain(&self) -> u64 {
        self.revoke(u64::MAX)
    }

    /// Changes how many credits a pool has, or how many an on-demand gate holds ready at the most.
    ///
    /// A pool that is made smaller than what is out is in debt: credits that come back pay it first, and
    /// [`available`](Self::available) is negative meanwhile.
    ///
    /// # Panics
    /// If `total` is above 2^48.
    pub fn resize(&self, total: u64) {
        assert!(total <= MOST, "{total} are more credits than a gate can count");
        let mut control = self.shared.control.lock();
        // ORDERING: Relaxed: under the lock; see `Shared::check`.
        let before = self.shared.most.swap(total, Ordering::Relaxed);
        if self.shared.is_pool && total < before {
            self.shared.counts.owe(before - total);
            control.withdrawn += u128::from(before - total);
        } else if self.shared.is_pool {
            self.shared.counts.give(total - before);
            control.granted += u128::from(total - before);
        }
        drop(control);
        self.shared.gate.tell_everybody();
    }

    /// Lets nothing be acquired until the guard is dropped. Pauses are counted: the last guard counts.
    pub fn pause(&self) -> PauseGuard {
        let mut control = self.shared.control.lock();
        control.pauses += 1;
        self.shared.counts.pause();
        drop(control);
        PauseGuard { credits: self.clone() }
    }

    /// Lets nothing be acquired any more, and wakes everybody who waits. Whether this call was the one that
    /// closed the gate. Permits that are out stay good.
    pub fn close(&self) -> bool {
        let first = self.shared.counts.close();
        if first {
            self.shared.gate.wake_all();
        }
        first
    }

    /// What has become of the credits.
    #[must_use]
    pub fn counters(&self) -> CreditCounters {
        let control = self.shared.control.lock();
        let (taken, given) = self.shared.counts.totals();
        let (granted, revoked) = (counted(control.granted), counted(control.withdrawn));
        let uncounted = counted(control.uncounted);
        CreditCounters {
            granted,
            // WRAP: all of them are counted modulo 2^62.
            acquired: counted(taken.wrapping_sub(revoked).wrapping_add(uncounted).into()),
            returned: counted(given.wrapping_sub(granted).wrapping_add(uncounted).into()),
            revoked,
            available: self.shared.counts.available(),
        }
    }
}

/// A total as the counters show it.
fn counted(total: u128) -> u64 {
    total as u64 & (u64::MAX >> 2)
}

impl Shared {
    /// Credits come back that may be more than can be counted: those beyond are out of circulation.
    #[cold]
    pub(super) fn give_vast(&self, n: u64) {
        let mut control = self.control.lock();
        let there = self.counts.available().max(0) as u64;
        let back = n.min(COUNTED.saturating_sub(there));
        self.counts.give(back);
        control.withdrawn += u128::from(n - back);
        control.uncounted += u128::from(n - back);
    }

    /// Some credits of a pool were used up: it is smaller for them, and whoever wants more than it has is told.
    pub(super) fn used_up(&self, n: u64) {
        let control = self.control.lock();
        // ORDERING: Relaxed: under the lock; see `Shared::check`.
        let most = self.most.load(Ordering::Relaxed);
        // ORDERING: Relaxed: as above.
        self.most.store(most.saturating_sub(n), Ordering::Relaxed);
        // What a pool in debt has not got any more pays the debt.
        self.counts.give(n.saturating_sub(most));
        drop(control);
        self.gate.tell_everybody();
    }
}

impl Control {
    fn accept(&mut self, shared: &Shared, n: u64) -> u64 {
        if shared.is_pool || shared.counts.is_closed() {
            return 0;
        }
        let there = shared.counts.available().max(0) as u64;
        // ORDERING: Relaxed: under the lock.
        let accepted = n.min(shared.most.load(Ordering::Relaxed).saturating_sub(there));
        shared.counts.give(accepted);
        self.granted += u128::from(accepted);
        accepted
    }
}

/// Keeps a gate paused until dropped.
#[must_use = "the pause ends when this is dropped"]
pub struct PauseGuard {
    credits: Credits,
}

impl Drop for PauseGuard {
    fn drop(&mut self) {
        let shared = &*self.credits.shared;
        let mut control = shared.control.lock();
        control.pauses -= 1;
        let last = control.pauses == 0;
        if last {
            shared.counts.resume();
        }
        drop(control);
        if last {
            shared.gate.tell_everybody();
        }
    }
}

impl fmt::Debug for PauseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PauseGuard")
    }
}
