//! How producers win positions: alone ([`Owned`]) or among others ([`Shared`]).

use core::mem;

use super::bound::Bound;
use super::position::{Position, TailWord};
use super::ring::{Core, Lingering};
use super::runs::{Memory, Runs};
use super::{Owned, Shared};
use crate::backoff::{Backoff, pause};
use crate::sync::{Ordering, fence};

/// Why a position or a credit could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No credit left: the message `capacity` places back has not been released.
    Full,
    /// No more sends.
    Closed,
}

/// What an empty place at the head means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emptiness {
    /// Nothing was sent.
    Empty,
    /// A producer has claimed the position and has not published yet.
    InFlight,
    /// Closed, drained, and no permit outstanding: nothing will ever come.
    Closed,
    /// Something was published while we looked.
    LookAgain,
}

/// The producer side's discipline.
///
/// # Safety
/// Every method is called by an end that may act for the side: for [`Owned`] by the only producer
/// (`emptiness`: by the only consumer).
pub(crate) trait TailSide: Sized {
    /// Whether a send may find out only after its publication that the receiver closed the channel.
    const SETTLES: bool;
    /// What an end of this side remembers.
    type Memory: Memory;

    /// Wins between 1 and `most` consecutive positions. The caller publishes each of them. If there is
    /// no room, it may linger a little.
    unsafe fn claim<T, B: Bound>(
        core: &Core<T, B>,
        most: u64,
        lingering: Lingering<'_, Self::Memory>,
    ) -> Result<(Position, u64), Refused>;

    /// Told after the last of `n` claimed positions was published, of which `spent` were won by
    /// [`TailSide::claim_reserved`].
    unsafe fn published<T, B: Bound>(core: &Core<T, B>, n: u64, spent: u64);

    /// Puts `n` credits into a permit: `n` later calls of [`TailSide::claim_reserved`] find room.
    unsafe fn reserve<T, B: Bound>(core: &Core<T, B>, n: u64) -> Result<(), Refused>;

    /// Spends a credit of a permit on a position; `None` if nobody will ever receive it.
    unsafe fn claim_reserved<T, B: Bound>(core: &Core<T, B>) -> Option<Position>;

    /// Gives `n` credits of a permit back.
    unsafe fn unreserve<T, B: Bound>(core: &Core<T, B>, n: u64);

    /// After a publication that found the channel closing: gives `back` what came too late to be
    /// received, newest first.
    unsafe fn settle<T, B: Bound>(core: &Core<T, B>, back: &mut dyn FnMut(T));

    /// What it means that `head` has nothing published.
    unsafe fn emptiness<T, B: Bound>(core: &Core<T, B>, head: Position) -> Emptiness;

    /// Refuses new sends from now on; whether this call was the one that did.
    fn close<T, B: Bound>(core: &Core<T, B>) -> bool;

    /// Refuses permits too: the last receiver is gone.
    fn seal<T, B: Bound>(core: &Core<T, B>);

    /// The last receiver takes nothing more: what sends in progress publish is dropped with the ring.
    fn abandon<T, B: Bound>(core: &Core<T, B>);

    /// Drops the credits of forgotten permits: the last sender is gone, and every permit borrowed
    /// from one.
    fn abandon_permits<T, B: Bound>(core: &Core<T, B>);

    fn is_closed<T, B: Bound>(core: &Core<T, B>) -> bool;

    /// Whether nothing will ever be taken any more. An owned tail knows only once the receiver was told.
    fn is_finished<T, B: Bound>(core: &Core<T, B>) -> bool;

    /// Whether fewer than `n` credits in circulation are left, whatever the slots say: a snapshot.
    fn is_short_of<T, B: Bound>(core: &Core<T, B>, n: u64) -> bool {
        // ORDERING: Relaxed: a snapshot; a claim tests for itself.
        let seen = core.load_tail(Ordering::Relaxed);
        core.within_bound(seen.position().plus(seen.reserved()), n) < n
    }

    /// Whether a claim would find room now: a snapshot.
    fn has_room<T, B: Bound>(core: &Core<T, B>) -> bool;

    /// Whether every credit is queued or in a permit: a snapshot.
    fn is_full<T, B: Bound>(core: &Core<T, B>) -> bool {
        !Self::has_room(core)
    }
}

/// The bits of `Core::closing`, which an owned tail needs since it publishes with plain stores.
///
/// Closing must be decided once for both sides: either a send is accepted and received, or its
/// value comes back. With a shared tail the claim and the close are exchanges on one word. Here a
/// send may publish after the receiver found the channel closed and empty. Told as steps:
///
/// 1. the sender reads "open";
/// 2. the receiver closes;
/// 3. it finds the slot empty, and is about to say Closed;
/// 4. the sender publishes.
///
/// So both announce themselves by an exchange on this word, after the barrier of edge [E5] made
/// sure that the receiver saw the publication or the sender sees the close: the sender sets
/// `SETTLED` after publishing, the receiver sets `FINISHED` before it says Closed, and only if
/// nobody settled since it looked. Receiver second: the value was accepted, it looks again. Sender
/// second: the receiver has said Closed and never looks at a slot again; the sender takes its value
/// back.
///
/// A permit is granted only if the receiver sees it before it could finish, so what is sent with it
/// is late only if the channel was sealed, which no permit keeps from finishing.
mod closing {
    pub(super) const CLOSED: u32 = 1;
    pub(super) const FINISHED: u32 = 1 << 1;
    pub(super) const SETTLED: u32 = 1 << 2;
    pub(super) const SEALED: u32 = 1 << 3;
}

/// Tells the receiver how many credits are in permits, on an owned tail.
#[cold]
fn set_reserved<T, B: Bound>(core: &Core<T, B>, n: u64) {
    // ORDERING: Relaxed: only this side writes the word.
    let at = core.load_tail(Ordering::Relaxed).position();
    // ORDERING: Relaxed: ordered by the fence.
    core.tail.store(TailWord::at(at).with_reserved(n).bits(), Ordering::Relaxed);
    // ORDERING: SeqCst fence, edge [E5]: between the count and the caller's look at `closing`;
    // beside it, the close and the receiver's look at the count.
    fence(Ordering::SeqCst);
}

impl TailSide for Owned {
    const SETTLES: bool = true;
    type Memory = ();

    #[inline(always)]
    unsafe fn claim<T, B: Bound>(
        core: &Core<T, B>,
        most: u64,
        lingering: Lingering<'_, Self::Memory>,
    ) -> Result<(Position, u64), Refused> {
        // ORDERING: Relaxed: only this side writes the word.
        let seen = core.load_tail(Ordering::Relaxed);
        let at = seen.position();
        if seen.reserved() != 0 {
            // A permit borrows the sender. Since somebody sends, it is gone, and was forgotten.
            set_reserved(core, 0);
        }
        if Self::is_closed(core) {
            return Err(Refused::Closed);
        }
        let room = || core.room_from(at, core.within_bound(at, most));
        let mut n = room();
        if n == 0 {
            let pauses = core.pauses(at, lingering);
            if pauses > 0 {
                pause(pauses);
                n = room();
            }
        }
        if n == 0 { Err(Refused::Full) } else { Ok((at, n)) }
    }

    #[inline(always)]
    unsafe fn published<T, B: Bound>(core: &Core<T, B>, n: u64, spent: u64) {
        // ORDERING: Relaxed: only this side writes the word.
        let word = core.load_tail(Ordering::Relaxed).claimed(n).without_reserved(spent);
        // ORDERING: Release, edge [E4]: a receiver that finds no permit outstanding any more also
        // finds what the permit sent.
        core.tail.store(word.bits(), Ordering::Release);
    }

    unsafe fn reserve<T, B: Bound>(core: &Core<T, B>, n: u64) -> Result<(), Refused> {
        // Room found by the only producer stays until that producer uses it, so the permit's
        // exclusive borrow of the sender is the reservation. The count only tells the receiver not
        // to say Closed yet.
        // SAFETY: [I6] the caller's contract is this method's.
        let (_, found) = unsafe { <Self as TailSide>::claim(core, n, Lingering::NOT) }?;
        if found < n || n > TailWord::MAX_RESERVED {
            return Err(Refused::Full);
        }
        set_reserved(core, n);
        if Self::is_closed(core) {
            set_reserved(core, 0);
            return Err(Refused::Closed);
        }
        Ok(())
    }

    unsafe fn claim_reserved<T, B: Bound>(core: &Core<T, B>) -> Option<Position> {
        // ORDERING: Relaxed: a send that misses the seal is settled after publishing [E5].
        if core.closing.load(Ordering::Relaxed) & closing::SEALED != 0 {
            return None;
        }
        // ORDERING: Relaxed: only this side writes the word.
        Some(core.load_tail(Ordering::Relaxed).position())
    }

    unsafe fn unreserve<T, B: Bound>(core: &Core<T, B>, n: u64) {
        // ORDERING: Relaxed: only this side writes the word.
        set_reserved(core, core.load_tail(Ordering::Relaxed).reserved() - n);
    }

    unsafe fn settle<T, B: Bound>(core: &Core<T, B>, back: &mut dyn FnMut(T)) {
        // ORDERING: Acquire, edge [E4]: what the receiver did not take before it finished it never
        // takes. That our publications precede this is the work of the gate's fence [E5], behind
        // which the close was seen.
        let before = core.closing.fetch_or(closing::SETTLED, Ordering::Acquire);
        if before & closing::FINISHED == 0 {
            return;
        }
        // ORDERING: Relaxed: only this side writes the word.
        let word = core.load_tail(Ordering::Relaxed);
        let mut at = word.position().minus(1);
        while core.is_full_at(at) {
            let rest = TailWord::at(at).with_reserved(word.reserved());
            // ORDERING: Relaxed: only this side writes the word.
            core.tail.store(rest.bits(), Ordering::Relaxed);
            // SAFETY: [I5] FINISHED came first: the receiver had taken everything that it saw, and
            // never looks at a slot again. What is still full is ours.
            back(unsafe { core.retract(at) });
            at = at.minus(1);
        }
    }

    unsafe fn emptiness<T, B: Bound>(core: &Core<T, B>, head: Position) -> Emptiness {
        // ORDERING: Relaxed, edge [E4]: that a sender which closed or settled did all else before is
        // the work of the fence below.
        let state = core.closing.load(Ordering::Relaxed);
        if state & closing::CLOSED == 0 {
            // Before any look at the sender's word, whose line would then travel at every poll.
            return Emptiness::Empty;
        }
        // ORDERING: Acquire fence, edge [E4]: whoever finds the channel closed, settled or finished comes
        // after what was done before. That our own close (and its mark on the gate) precedes the looks
        // below, beside the sender's publication and its look at the gate, or its permit and its look at
        // `closing`, is the work of the fence in the close's announcement [E5].
        fence(Ordering::Acquire);
        // ORDERING: Acquire, edge [E4]: before the look at the slot, so that a permit which was used
        // up in between is not missed in both places.
        let reserved = core.load_tail(Ordering::Acquire).reserved();
        if reserved != 0 && state & closing::SEALED == 0 {
            return Emptiness::Empty;
        }
        if core.is_full_at(head) {
            return Emptiness::LookAgain;
        }
        if state & closing::SETTLED != 0 {
            // ORDERING: Relaxed: what else a sender settled meanwhile is seen behind the next fence.
            core.closing.fetch_and(!closing::SETTLED, Ordering::Relaxed);
            return Emptiness::LookAgain;
        }
        // ORDERING: Relaxed on success, edge [E4]: that what was taken was taken before a sender
        // which finds this takes the rest back, or anybody takes the channel for drained, is the work
        // of the fence above. Relaxed on failure:
        // everything is looked at again.
        let finished = core.closing.compare_exchange(
            state,
            state | closing::FINISHED,
            Ordering::Relaxed,
            Ordering::Relaxed,
        );
        if finished.is_err() {
            return Emptiness::LookAgain;
        }
        // ORDERING: Relaxed: only this side reads the mark.
        let word = core.load_head(Ordering::Relaxed).finished();
        // ORDERING: Relaxed: as above.
        core.head.store(word.bits(), Ordering::Relaxed);
        Emptiness::Closed
    }

    fn close<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Release, edge [E4]: what this side did before precedes the other's Closed.
        core.closing.fetch_or(closing::CLOSED, Ordering::Release) & closing::CLOSED == 0
    }

    fn seal<T, B: Bound>(core: &Core<T, B>) {
        // ORDERING: Relaxed: `FINISHED`, set by `emptiness` on the way, orders the retraction.
        core.closing.fetch_or(closing::SEALED, Ordering::Relaxed);
    }

    fn abandon<T, B: Bound>(_: &Core<T, B>) {
        // A send in progress that finds the channel sealed takes its value back.
    }

    fn abandon_permits<T, B: Bound>(core: &Core<T, B>) {
        set_reserved(core, 0);
    }

    #[inline(always)]
    fn is_closed<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Relaxed: a send that reads "open" too late is settled after publishing [E5].
        let closed = core.closing.load(Ordering::Relaxed) & closing::CLOSED != 0;
        if closed {
            // ORDERING: Acquire fence, edge [E4]: whoever sees the close comes after it. Only here,
            // so that an open channel pays nothing.
            fence(Ordering::Acquire);
        }
        closed
    }

    fn is_finished<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Acquire, edge [E4]: what the receiver had taken before it finished counts as taken.
        core.closing.load(Ordering::Acquire) & closing::FINISHED != 0
    }

    fn has_room<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Relaxed: a snapshot; a claim tests for itself.
        let at = core.load_tail(Ordering::Relaxed).position();
        core.within_bound(at, 1) == 1 && core.has_room_at(at)
    }

    fn is_full<T, B: Bound>(core: &Core<T, B>) -> bool {
        // Whoever claims finds room that permits stand for: they are forgotten then. Others do not.
        // ORDERING: Relaxed: a snapshot.
        let seen = core.load_tail(Ordering::Relaxed);
        let first = seen.position().plus(seen.reserved());
        core.within_bound(first, 1) == 0 || !core.has_room_at(first)
    }
}

/// How many of `most` positions the word `seen` may claim beyond those that permits hold.
#[inline(always)]
fn room_for<T, B: Bound>(core: &Core<T, B>, seen: TailWord, most: u64) -> u64 {
    let first = seen.position().plus(seen.reserved());
    let most = core.within_bound(first, most);
    core.room_from(first, most)
}

/// One exchange on the tail word: `next` says what it should become, or why not.
///
/// Lock-free: a retry means that another producer changed the word.
#[inline(always)]
fn exchange<T, B: Bound>(
    core: &Core<T, B>,
    mut lingering: Lingering<'_, Runs>,
    mut next: impl FnMut(TailWord) -> Result<TailWord, Refused>,
) -> Result<TailWord, Refused> {
    // ORDERING: Acquire, edge [E4]: a caller that is told Closed comes after whoever closed; edge
    // [E3]: a claimer comes after the room that earlier ones have seen.
    let look = || core.load_tail(Ordering::Acquire);
    let mut seen = look();
    let mut backoff = Backoff::new();
    loop {
        let wanted = match next(seen) {
            Ok(wanted) => wanted,
            Err(Refused::Full) => {
                // The word may have been old: Full only holds for the present one.
                let again = look();
                if again == seen {
                    let once = mem::replace(&mut lingering, Lingering::NOT);
                    match core.pauses(seen.position(), once) {
                        0 => return Err(Refused::Full),
                        pauses => pause(pauses),
                    }
                }
                seen = again;
                continue;
            }
            Err(Refused::Closed) => return Err(Refused::Closed),
        };
        // ORDERING: Release on success, edge [E3]: the room that we have seen, and those before us,
        // is ordered before the writes of whoever claims next. We acquired theirs with `seen`.
        // Relaxed on failure: we look again.
        match core.tail.compare_exchange_weak(
            seen.bits(),
            wanted.bits(),
            Ordering::Release,
            Ordering::Relaxed,
        ) {
            Ok(_) => return Ok(seen),
            Err(_) => {
                backoff = backoff.make_way();
                seen = look();
            }
        }
    }
}

impl Shared {
    /// Wins one position although every credit is out, for a producer that then calls
    /// `take_excess`. Uses one of the spare slots.
    ///
    /// Each claim beyond the capacity names its victim, `capacity` places back, and is refused
    /// unless that value is published. Victims follow one another as claims do, so whatever lies
    /// between the head and the last victim is published, and as many values can be taken away as
    /// are too many. Refused otherwise (the victim is still being written, or its credit is in a
    /// permit), and when the spare slots are used up.
    pub(super) fn claim_beyond<T, B: Bound>(core: &Core<T, B>) -> Result<Position, Refused> {
        exchange(core, Lingering::NOT, |seen| {
            if seen.is_closed() {
                return Err(Refused::Closed);
            }
            let first = seen.position().plus(seen.reserved());
            let victim = first.minus(core.capacity);
            // ORDERING: Relaxed: a stamp that is not full any more [E2] shows the head that passed.
            let taken = || core.load_head(Ordering::Relaxed).position().is_after(victim);
            if (core.is_full_at(victim) || taken()) && core.has_room_at(first) {
                Ok(seen.claimed(1))
            } else {
                Err(Refused::Full)
            }
        })
        .map(TailWord::position)
    }
}

impl TailSide for Shared {
    const SETTLES: bool = false;
    type Memory = Runs;

    #[inline(always)]
    unsafe fn claim<T, B: Bound>(
        core: &Core<T, B>,
        most: u64,
        lingering: Lingering<'_, Self::Memory>,
    ) -> Result<(Position, u64), Refused> {
        let mut won = 0;
        let seen = exchange(core, lingering, |seen| {
            if seen.is_closed() {
                return Err(Refused::Closed);
            }
            won = room_for(core, seen, most);
            if won == 0 { Err(Refused::Full) } else { Ok(seen.claimed(won)) }
        })?;
        Ok((seen.position(), won))
    }

    #[inline(always)]
    unsafe fn published<T, B: Bound>(_: &Core<T, B>, _: u64, _: u64) {}

    unsafe fn reserve<T, B: Bound>(core: &Core<T, B>, n: u64) -> Result<(), Refused> {
        exchange(core, Lingering::NOT, |seen| {
            if seen.is_closed() {
                return Err(Refused::Closed);
            }
            let fits = seen.reserved() + n <= TailWord::MAX_RESERVED;
            if fits && room_for(core, seen, n) == n {
                Ok(seen.with_reserved(n))
            } else {
                Err(Refused::Full)
            }
        })
        .map(|_| ())
    }

    unsafe fn claim_reserved<T, B: Bound>(core: &Core<T, B>) -> Option<Position> {
        exchange(core, Lingering::NOT, |seen| {
            if seen.is_sealed() {
                return Err(Refused::Closed);
            }
            Ok(seen.without_reserved(1).claimed(1))
        })
        .ok()
        .map(TailWord::position)
    }

    unsafe fn unreserve<T, B: Bound>(core: &Core<T, B>, n: u64) {
        // Never refused: the closure has no error to give.
        let _ = exchange(core, Lingering::NOT, |seen| Ok(seen.without_reserved(n)));
    }

    unsafe fn settle<T, B: Bound>(_: &Core<T, B>, _: &mut dyn FnMut(T)) {
        // The claim was won on the word that closing changes: it came first.
    }

    unsafe fn emptiness<T, B: Bound>(core: &Core<T, B>, head: Position) -> Emptiness {
        // ORDERING: Acquire, edge [E4]: the closer's last actions precede our answer.
        let word = core.load_tail(Ordering::Acquire);
        if word.position() != head {
            Emptiness::InFlight
        } else if word.is_final() {
            Emptiness::Closed
        } else {
            Emptiness::Empty
        }
    }

    fn close<T, B: Bound>(core: &Core<T, B>) -> bool {
        // Always a read-modify-write: a plain store could undo a claim, or a claim a close.
        // ORDERING: Release, edge [E4]: what the closer did precedes the other side's Closed.
        core.tail.fetch_or(TailWord::CLOSED, Ordering::Release) & TailWord::CLOSED == 0
    }

    fn seal<T, B: Bound>(core: &Core<T, B>) {
        // ORDERING: Release, edge [E4]: as in `close`.
        core.tail.fetch_or(TailWord::CLOSED | TailWord::SEALED, Ordering::Release);
    }

    fn abandon<T, B: Bound>(core: &Core<T, B>) {
        // ORDERING: Relaxed: says of nothing that it was done.
        core.tail.fetch_or(TailWord::ABANDONED, Ordering::Relaxed);
    }

    fn abandon_permits<T, B: Bound>(core: &Core<T, B>) {
        // ORDERING: Relaxed: the receiver learns of it with the close that follows.
        core.tail.fetch_and(!TailWord::RESERVED_MASK, Ordering::Relaxed);
    }

    fn is_closed<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Acquire, edge [E4]: whoever sees the close comes after it.
        core.load_tail(Ordering::Acquire).is_closed()
    }

    fn is_finished<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Relaxed: a final word does not change any more, but to become abandoned, and a head
        // that has reached it neither.
        let word = core.load_tail(Ordering::Relaxed);
        word.is_final() && (word.is_abandoned() || core.head_position() == word.position())
    }

    fn has_room<T, B: Bound>(core: &Core<T, B>) -> bool {
        // ORDERING: Relaxed: a snapshot; a claim tests for itself.
        let mut seen = core.load_tail(Ordering::Relaxed);
        loop {
            if room_for(core, seen, 1) == 1 {
                return true;
            }
            // As in a claim, "full" only holds for the present word.
            // ORDERING: Relaxed: as above.
            let again = core.load_tail(Ordering::Relaxed);
            if again == seen {
                return false;
            }
            seen = again;
        }
    }
}
