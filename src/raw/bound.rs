//! What keeps producers from claiming positions, beside the slots themselves.
//!
//! Chosen with the flavour, so that a channel pays for its own bound alone.

use core::fmt;

use crossbeam_utils::CachePadded;

use super::position::Position;
use super::ring::Core;
use crate::sync::{Arc, AtomicU64, Ordering};

/// A ring's bound.
pub(crate) trait Bound: Sized + Send + Sync {
    /// Slots beyond the capacity, for senders that evict.
    const SPARE: u64;

    /// For a ring with so many credits in circulation from the start, counted from where its positions
    /// begin, if they are counted at all.
    fn new(count: u64) -> Self;

    /// What those who give credits back raise.
    fn limit(&self) -> Option<&Arc<Limit>> {
        None
    }

    /// How many of `most` positions from `first` on may be claimed, as far as this bound goes.
    #[inline(always)]
    fn within<T>(core: &Core<T, Self>, first: Position, most: u64) -> u64 {
        most.min(Self::left(core, first))
    }

    /// How many credits are left from `first` on: a snapshot. An old head only makes it smaller.
    #[inline(always)]
    fn left<T>(core: &Core<T, Self>, first: Position) -> u64 {
        core.capacity.saturating_sub(core.head_position().distance_to(first).unwrap_or(0))
    }
}

/// Nothing else: there are as many slots as credits, or the room test looks as far ahead.
#[derive(Debug)]
pub(crate) struct BySlots;

impl Bound for BySlots {
    const SPARE: u64 = 0;

    fn new(_: u64) -> Self {
        Self
    }

    #[inline(always)]
    fn within<T>(_: &Core<T, Self>, _: Position, most: u64) -> u64 {
        most
    }
}

/// There are slots to spare, so that an evicting producer does not run into the slot that a consumer
/// is just copying; the window of slots is wider than the capacity, so the head counts as well. Only rings
/// with a shared head have any.
#[derive(Debug)]
pub(crate) struct ByHead;

impl Bound for ByHead {
    /// How many senders may be between putting their value in and taking the oldest out, plus how many
    /// receivers may be stopped in the middle of taking one, before a sender has to reject its value
    /// instead.
    const SPARE: u64 = 8;

    fn new(_: u64) -> Self {
        Self
    }
}

/// Credits are given back apart from the slots.
pub(crate) struct ByLimit(Arc<Limit>);

impl Bound for ByLimit {
    const SPARE: u64 = 0;

    fn new(count: u64) -> Self {
        Self(Arc::new(Limit::new(count)))
    }

    fn limit(&self) -> Option<&Arc<Limit>> {
        Some(&self.0)
    }

    #[inline(always)]
    fn left<T>(core: &Core<T, Self>, first: Position) -> u64 {
        first.distance_to(core.bound.0.position()).unwrap_or(0)
    }
}

impl fmt::Debug for ByLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ByLimit").field(&self.0.count()).finish()
    }
}

/// How far producers may claim, where credits do not come back by themselves with the slots: counted
/// up by whoever gives credits back, and read modulo positions.
///
/// It only ever grows, so that a producer that goes by an old one errs on the safe side.
pub(crate) struct Limit(CachePadded<AtomicU64>);

impl Limit {
    fn new(count: u64) -> Self {
        Self(CachePadded::new(AtomicU64::new(count)))
    }

    pub(crate) fn count(&self) -> u64 {
        // ORDERING: Relaxed: `raise` decides.
        self.0.load(Ordering::Relaxed)
    }

    /// Puts `n` more credits into circulation, unless the count is not `seen` any more.
    pub(crate) fn raise(&self, seen: u64, n: u64) -> bool {
        // WRAP: 2^64 credits are more than will ever be given back.
        let raised = seen.wrapping_add(n);
        // ORDERING: Release on success, edge [E10]: what those who gave the credits back did before
        // precedes what is done by whoever sends with them. Relaxed on failure: whoever
        // raised it meanwhile answers for that.
        self.0.compare_exchange(seen, raised, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    #[inline(always)]
    fn position(&self) -> Position {
        // ORDERING: Acquire, edge [E10]: as above.
        Position::new(self.0.load(Ordering::Acquire))
    }
}
