//! How consumers win positions: alone ([`Owned`]) or among others ([`Shared`]).

use super::bound::Bound;
use super::position::{HeadWord, Position};
use super::ring::{Core, Lingering};
use super::runs::{Memory, Runs};
use super::tail::{Emptiness, TailSide};
use super::{Owned, Shared};
use crate::backoff::Backoff;
use crate::sync::Ordering;

/// The consumer side's discipline.
///
/// # Safety
/// Every method is called by an end that may act for the side: for [`Owned`] by the only consumer.
pub(crate) trait HeadSide: Sized {
    /// What an end of this side remembers.
    type Memory: Memory;

    /// Wins published positions, at most as many as `most` says for the present head, after `prepare`
    /// was told how many there may be. The caller takes each of them out. If there are none, it may
    /// linger a little.
    ///
    /// UNWIND: `prepare` may; nothing has been won yet.
    unsafe fn claim<T, B: Bound, P: TailSide>(
        core: &Core<T, B>,
        most: impl Fn(Position) -> u64,
        prepare: impl FnMut(u64),
        lingering: Lingering<'_, Self::Memory>,
    ) -> Result<(Position, u64), Emptiness>;

    /// Whether a value could be taken now: a snapshot.
    fn has_value<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Relaxed: a snapshot; taking tests for itself.
        let mut seen = core.load_head(Ordering::Relaxed);
        loop {
            if core.is_full_at(seen.position()) {
                return true;
            }
            // That place may have been emptied since, with more behind it.
            // ORDERING: Relaxed: the stamp just read [E2] shows the head that passed it.
            let again = core.load_head(Ordering::Relaxed);
            if again == seen {
                return false;
            }
            seen = again;
        }
    }
}

/// Counts published values from `at` on.
#[inline(always)]
fn full_from<T, B: Bound, M: Memory>(
    core: &Core<T, B>,
    at: Position,
    most: u64,
    lingering: Lingering<'_, M>,
) -> u64 {
    let mut n = core.full_from(at, most);
    if n == 0 && most > 0 && core.second_look(at, lingering) {
        n = 1;
    }
    n
}

impl HeadSide for Owned {
    type Memory = ();

    #[inline(always)]
    unsafe fn claim<T, B: Bound, P: TailSide>(
        core: &Core<T, B>,
        most: impl Fn(Position) -> u64,
        mut prepare: impl FnMut(u64),
        lingering: Lingering<'_, Self::Memory>,
    ) -> Result<(Position, u64), Emptiness> {
        loop {
            // ORDERING: Relaxed: only this side writes the word.
            let head = core.load_head(Ordering::Relaxed);
            if head.is_finished() {
                return Err(Emptiness::Closed);
            }
            let at = head.position();
            let n = full_from(core, at, most(at), lingering);
            if n > 0 {
                prepare(n);
                // ORDERING: Relaxed: only `len` reads it elsewhere; the stamps give the slots back.
                core.head.store(HeadWord::at(at.plus(n)).bits(), Ordering::Relaxed);
                return Ok((at, n));
            }
            // SAFETY: [I6] we are the only consumer, by this method's contract.
            match unsafe { P::emptiness(core, at) } {
                Emptiness::LookAgain => {}
                other => return Err(other),
            }
        }
    }
}

impl HeadSide for Shared {
    type Memory = Runs;

    /// Lock-free: a retry means that another consumer moved the head.
    #[inline(always)]
    unsafe fn claim<T, B: Bound, P: TailSide>(
        core: &Core<T, B>,
        most: impl Fn(Position) -> u64,
        mut prepare: impl FnMut(u64),
        lingering: Lingering<'_, Self::Memory>,
    ) -> Result<(Position, u64), Emptiness> {
        // ORDERING: Acquire, edge [E8]: what those who moved the head could see is seen from here on, so that
        // no place is called empty beside a value that was sent before another one was received.
        let look = || core.load_head(Ordering::Acquire);
        let (mut seen, mut backoff) = (look(), Backoff::new());
        loop {
            let at = seen.position();
            let n = full_from(core, at, most(at), lingering);
            if n == 0 {
                // SAFETY: [I6] a shared tail asks nothing of the caller, and only those are paired
                // with a shared head.
                let empty = unsafe { P::emptiness(core, at) };
                // "In flight" may as well mean that our head is old.
                // It is not older than the stamp just read [E2]: whoever took `at` moved the head before
                // stamping the slot.
                let again = look();
                if again == seen {
                    return Err(empty);
                }
                seen = again;
                continue;
            }
            prepare(n);
            let next = HeadWord::at(at.plus(n));
            // That the slots are full was learnt from their stamps [E1], and since the head still is `at`,
            // nobody took them. ORDERING: Release on success, edge [E8]: what we could see, and our own claim
            // if we evict, to whoever finds the head moved. Relaxed on failure: we look again.
            match core.head.compare_exchange_weak(
                seen.bits(),
                next.bits(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok((at, n)),
                Err(_) => {
                    backoff = backoff.make_way();
                    seen = look();
                }
            }
        }
    }
}

impl Shared {
    /// After a claim beyond the capacity: takes the oldest values, of those that are more than the channel has
    /// credits for, and of those before `limit` if there is one, but at most `most`. Their slots are the
    /// caller's.
    ///
    /// One value for each claim is enough, whoever of several evicting producers takes which: one
    /// that finds nothing too many may have missed a later claim, but no claim by a producer whose
    /// taking moved the head as far as it saw. So the last claim is either seen, or its producer
    /// still takes its value.
    #[inline(always)]
    pub(super) fn claim_excess<T, B: Bound>(
        core: &Core<T, B>,
        limit: Option<Position>,
        most: u64,
    ) -> Option<(Position, u64)> {
        let too_many = |at: Position| {
            // ORDERING: Relaxed: as fresh as our own claim, and as the claims of those who moved the head,
            // which was just read [E8].
            let tail = core.load_tail(Ordering::Relaxed);
            let used = at.distance_to(tail.position().plus(tail.reserved())).unwrap_or(0);
            let before_limit = limit.and_then(|limit| at.distance_to(limit)).unwrap_or(0);
            used.saturating_sub(core.capacity).max(before_limit).min(most)
        };
        // SAFETY: [I6] a shared head may be acted for by anybody.
        unsafe { <Self as HeadSide>::claim::<T, B, Self>(core, too_many, |_| {}, Lingering::NOT) }
            .ok()
    }
}
