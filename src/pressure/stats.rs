//! Counts of a channel.

use core::time::Duration;

use crate::sync::{AtomicU64, Ordering};

/// A channel in numbers, from `stats` of either handle. Exact while nobody uses the channel, otherwise a
/// snapshot whose numbers may be a few messages apart.
///
/// At rest `sent == received + dropped.evicted + dropped.cleared + dropped.merged + dropped.expired +
/// dropped.undelivered + queued`, and on channels that are neither pulled nor evicting
/// `available + reserved + queued + in_delivery + deferred == capacity`.
///
/// Totals count modulo 2^46.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How many messages may be in flight.
    pub capacity: usize,
    /// Credits in circulation that nobody has taken.
    pub available: u64,
    /// Credits in permits.
    pub reserved: usize,
    /// Messages in slots.
    pub queued: usize,
    /// Messages received and not acknowledged. 0 where credits come back on receive.
    pub in_delivery: u64,
    /// Credits given back or asked for, and not yet in circulation; they are when a sender needs one.
    /// `u64::MAX` for an endless demand.
    pub deferred: u64,
    /// Senders that stand in line.
    pub waiting_senders: usize,
    /// Receivers that stand in line.
    pub waiting_receivers: usize,
    /// Messages ever accepted.
    pub sent: u64,
    /// Messages ever given to receivers.
    pub received: u64,
    /// Messages ever acknowledged, be it by what dropped them: `received + dropped.expired +
    /// dropped.undelivered == acked + in_delivery` at rest. 0 where credits come back on receive.
    pub acked: u64,
    /// Messages that were dropped, or handed back instead of being accepted.
    pub dropped: Dropped,
    /// The most that was ever queued. Only on [observed](crate::Builder::observed) channels.
    pub peak: usize,
    /// Time that senders have spent waiting, added up, without the waits that go on. Only on observed channels.
    pub send_wait: Duration,
    /// The same for receivers.
    pub recv_wait: Duration,
}

/// What was dropped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// New values handed back by a policy.
    pub rejected: u64,
    /// Oldest values, displaced by new ones.
    pub evicted: u64,
    /// Values of a backlog that was cleared.
    pub cleared: u64,
    /// Values merged into another.
    pub merged: u64,
    /// Received too late, and dropped for it.
    pub expired: u64,
    /// Dropped with the last receiver.
    pub undelivered: u64,
}

/// The counts behind [`Dropped`]. Touched only when something is dropped.
#[derive(Debug)]
pub(crate) struct Drops {
    pub(crate) rejected: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) cleared: AtomicU64,
    pub(crate) merged: AtomicU64,
    pub(crate) expired: AtomicU64,
    pub(crate) undelivered: AtomicU64,
}

impl Drops {
    pub(crate) fn new() -> Self {
        Self {
            rejected: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            cleared: AtomicU64::new(0),
            merged: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            undelivered: AtomicU64::new(0),
        }
    }

    /// Counts `n` more.
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        // ORDERING: Relaxed: a number for people.
        counter.fetch_add(n, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Dropped {
        // ORDERING: Relaxed: as above.
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Dropped {
            rejected: read(&self.rejected),
            evicted: read(&self.evicted),
            cleared: read(&self.cleared),
            merged: read(&self.merged),
            expired: read(&self.expired),
            undelivered: read(&self.undelivered),
        }
    }
}

impl Dropped {
    /// Values that were accepted, and not received.
    pub(crate) fn after_sending(&self) -> u64 {
        self.evicted + self.cleared + self.merged + self.expired + self.undelivered
    }
}
