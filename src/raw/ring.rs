//! Slots, the ring they form, and the two ends through which it may be touched.
//!
//! The ring is the same for all flavours. What differs is how each side wins positions: alone with
//! plain stores, or shared with compare-exchanges. Those two disciplines are `tail` and `head`.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::MaybeUninit;

use crossbeam_utils::CachePadded;

use super::bound::Bound;
use super::position::{HeadWord, MAX_SLOTS, Position, Stamp, TailWord};
use super::runs::{LARGE, Memory};
use crate::backoff::pause;
use crate::finally::Finally;
use crate::sync::{AtomicU32, AtomicU64, Ordering, UnsafeCell, thread};

/// One place for a value, with the word that says whose turn it is.
pub(super) struct Slot<T> {
    stamp: AtomicU64,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Slot<T> {
    /// Whether it is somebody's turn who is now welcome to the value or to its place.
    #[inline(always)]
    fn is_stamped(&self, stamp: Stamp) -> bool {
        // ORDERING: Acquire, edges [E1], [E2]: what was done before the stamp precedes what is done because
        // of it.
        self.stamp.load(Ordering::Acquire) == stamp.bits()
    }

    /// See [`Core::publish`].
    ///
    /// # Safety
    /// The same, this being the slot of `at`.
    #[inline(always)]
    unsafe fn publish(&self, at: Position, value: T) {
        // SAFETY: [I3] from the claim to the stamp below the slot is the claimer's alone.
        self.value.with_mut(|cell| unsafe { (*cell).write(value) });
        // ORDERING: Release, edge [E1]: the write above precedes the consumer's read.
        self.stamp.store(Stamp::full(at).bits(), Ordering::Release);
    }

    /// See [`Core::take_out_as`].
    ///
    /// # Safety
    /// The same, this being the slot of a position that is one lap before `next_lap`.
    #[inline(always)]
    unsafe fn take_out_as<R>(&self, next_lap: Position, wrap: impl FnOnce(T) -> R) -> R {
        // SAFETY: [I4] the slot was published and is ours alone; after the stamp below nobody
        // takes it for full again, so the value is moved out exactly once.
        let wrapped = self.value.with(|cell| wrap(unsafe { (*cell).assume_init_read() }));
        // ORDERING: Release, edge [E2]: the read above precedes the next producer's write.
        self.stamp.store(Stamp::vacant(next_lap).bits(), Ordering::Release);
        wrapped
    }
}

/// The ring: a power of two of slots, of which at most `capacity` (plus `spare`) are in use.
///
/// A position `p` may be claimed when the message `capacity` places before it has been released.
/// That message's slot was stamped `vacant(p - capacity + slots)` by its consumer, so the test is
/// one load of the stamp `lead = slots - capacity` places ahead of `p`; where the capacity is a
/// power of two, it is the very slot that will be written. Positions are claimed one after the
/// other, each after the same test, so by induction everything before the tested message was
/// released as well: the slot of `p` itself is vacant, whatever the capacity.
pub(crate) struct Core<T, B: Bound> {
    pub(super) slots: Box<[Slot<T>]>,
    pub(super) mask: u64,
    /// How far ahead of a position its room test looks.
    pub(super) lead: u64,
    pub(super) capacity: u64,
    /// What else than its slot may keep a producer from claiming a position.
    pub(super) bound: B,
    /// How many pauses there are in lingering [`Linger::Briefly`], and [`Linger::Long`].
    linger_briefly: u32,
    linger_long: u32,
    /// How many there are at least where a consumer lingers: even a ring that is too small for more waits for
    /// a send that is just on its way.
    linger_least: u32,
    /// Closing of an owned tail; see `tail::Owned`. Read before each owned send, written thrice in
    /// a channel's life, so it may share the line of the constants above.
    pub(super) closing: AtomicU32,
    pub(super) tail: CachePadded<AtomicU64>,
    pub(super) head: CachePadded<AtomicU64>,
}

// SAFETY: [I1] values move from the producing to the consuming thread through the slots, so
// `T: Send` is needed; no `&T` is ever handed out, so `T: Sync` is not.
unsafe impl<T: Send, B: Bound> Sync for Core<T, B> {}
// SAFETY: [I1] the ring owns its values.
unsafe impl<T: Send, B: Bound> Send for Core<T, B> {}

/// 0.2 us where this was measured; see [`Linger`].
const MAX_LINGER: u64 = 8;

/// How long a side that has caught up with the other waits before it looks again.
///
/// PERF: decision 0002. At the other's heels every message moves its cache lines alone, and with them the
/// word that others claim from; a little later there are several at once. Not in small rings, where there
/// is little to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linger {
    No,
    /// For those who may go on with something else. A single producer's line is its own, so there only large
    /// rings are worth it.
    Briefly,
    /// For tasks, whose waits are dear.
    Long,
}

/// How long an attempt lingers, and what its end remembers.
pub(crate) struct Lingering<'a, M> {
    pub(super) linger: Linger,
    pub(super) memory: Option<&'a M>,
}

impl<M> Lingering<'_, M> {
    pub(super) const NOT: Self = Self { linger: Linger::No, memory: None };
}

impl<M> Clone for Lingering<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Lingering<'_, M> {}

/// Why a ring could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmakeable {
    Zero,
    TooLarge,
    OutOfMemory,
}

impl<T, B: Bound> Core<T, B> {
    /// Allocates all memory the ring will ever use. `start` is where positions begin to count; `alone` says
    /// whether a producer has its word, and what it learns of credits, to itself.
    pub(crate) fn new(
        capacity: usize,
        start: u64,
        bound: B,
        alone: bool,
    ) -> Result<Self, Unmakeable> {
        let capacity = capacity as u64;
        if capacity == 0 {
            return Err(Unmakeable::Zero);
        }
        if capacity > MAX_SLOTS / 2 {
            return Err(Unmakeable::TooLarge);
        }
        let window = capacity + B::SPARE;
        // With a single slot, "full at p" and "vacant at p + 1" would be the same place in time.
        let count = window.next_power_of_two().max(2);
        let mask = count - 1;
        let count = usize::try_from(count).map_err(|_| Unmakeable::TooLarge)?;
        let mut slots = Vec::new();
        slots.try_reserve_exact(count).map_err(|_| Unmakeable::OutOfMemory)?;
        // On a single processor nobody else is on the way.
        let most = if thread::parallelism() > 1 { MAX_LINGER } else { 0 };
        let linger = |pauses: u64| pauses.min(most) as u32;
        let start = Position::new(start);
        let first = start.index(mask);
        // Each slot is vacant for the first position at or after `start` that maps to it.
        let offsets = (count - first..count).chain(0..count - first);
        slots.extend(offsets.map(|offset| Slot {
            stamp: AtomicU64::new(Stamp::vacant(start.plus(offset as u64)).bits()),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }));
        Ok(Self {
            slots: slots.into_boxed_slice(),
            mask,
            lead: count as u64 - window,
            capacity,
            bound,
            linger_briefly: linger(capacity / if alone { 128 } else { 4 }),
            linger_long: linger(capacity / 4),
            linger_least: linger(1),
            closing: AtomicU32::new(0),
            tail: CachePadded::new(AtomicU64::new(TailWord::at(start).bits())),
            head: CachePadded::new(AtomicU64::new(HeadWord::at(start).bits())),
        })
    }

    #[inline(always)]
    pub(super) fn slot(&self, at: Position) -> &Slot<T> {
        let index = at.index(self.mask);
        debug_assert!(index < self.slots.len());
        // SAFETY: [I2] there are `mask + 1` slots.
        unsafe { self.slots.get_unchecked(index) }
    }

    /// Whether `at` may be claimed, as far as released slots tell.
    #[inline(always)]
    pub(super) fn has_room_at(&self, at: Position) -> bool {
        self.room_from(at, 1) == 1
    }

    /// How many of `most` positions from `first` on may be claimed, if there are slots.
    #[inline(always)]
    pub(super) fn within_bound(&self, first: Position, most: u64) -> u64 {
        B::within(self, first, most)
    }

    /// Whether the value of `at` has been published and not yet released.
    #[inline(always)]
    pub(super) fn is_full_at(&self, at: Position) -> bool {
        self.full_from(at, 1) == 1
    }

    /// For how many pauses an end lingers that has caught up with the other side at `at`.
    #[inline(always)]
    pub(super) fn pauses<M: Memory>(&self, at: Position, lingering: Lingering<'_, M>) -> u32 {
        let least = match lingering.linger {
            Linger::No => 0,
            Linger::Briefly => self.linger_briefly,
            Linger::Long => self.linger_long,
        };
        match lingering.memory {
            Some(memory) if self.capacity >= LARGE && least > 0 => memory.earned(at, least),
            _ => least,
        }
    }

    /// Looks again after some pauses, before the consumer asks the producers' side what emptiness means.
    #[inline(always)]
    pub(super) fn second_look<M: Memory>(&self, at: Position, lingering: Lingering<'_, M>) -> bool {
        if lingering.linger == Linger::No || self.linger_least == 0 {
            return false;
        }
        pause(self.pauses(at, lingering).max(self.linger_least));
        self.is_full_at(at)
    }

    /// Writes a value into a claimed slot and hands it to whoever takes this position.
    ///
    /// # Safety
    /// The caller has claimed `at` and has not written it yet ([I3]).
    #[inline(always)]
    pub(super) unsafe fn publish(&self, at: Position, value: T) {
        // SAFETY: [I3] the caller's contract is the same.
        unsafe { self.slot(at).publish(at, value) }
    }

    /// Moves the value out of a slot that was taken, and gives the slot back for the next lap.
    ///
    /// # Safety
    /// The caller has seen `is_full_at(at)`, and taking `at` made it the only reader ([I4]).
    #[inline(always)]
    pub(super) unsafe fn take_out(&self, at: Position) -> T {
        // SAFETY: [I4] the caller's contract is the same.
        unsafe { self.take_out_as(at, |value| value) }
    }

    /// The same, with the value put into its `wrap` before anything else happens, so that a large one
    /// is copied once on its way out. `wrap` is a constructor: it cannot unwind.
    ///
    /// # Safety
    /// As for [`Core::take_out`].
    #[inline(always)]
    pub(super) unsafe fn take_out_as<R>(&self, at: Position, wrap: impl FnOnce(T) -> R) -> R {
        let next_lap = at.plus(self.mask + 1);
        // SAFETY: [I4] the caller's contract is the same.
        unsafe { self.slot(at).take_out_as(next_lap, wrap) }
    }

    /// The slots of `n` positions from `first` on: up to the ring's end, and from its beginning.
    ///
    /// PERF: a batch then has nothing to compute for each of its slots.
    #[inline(always)]
    fn stretch(&self, first: Position, n: u64) -> [&[Slot<T>]; 2] {
        let (from, n) = (first.index(self.mask), n as usize);
        let (before, rest) = self.slots.split_at(from);
        match n.checked_sub(rest.len()) {
            None => [&rest[..n], &[]],
            Some(more) => [rest, &before[..more]],
        }
    }

    /// Writes `n` values into claimed slots, from `first` on, and hands each to whoever takes its position.
    ///
    /// PERF: the last one first. Whoever looks for the first one then finds all of them, and is not at
    /// the heels of somebody who writes, with a cache line travelling for every few values.
    ///
    /// # Safety
    /// As for [`Core::publish`]. `values` has as many, and runs no foreign code.
    #[inline(always)]
    pub(super) unsafe fn publish_run(
        &self,
        first: Position,
        n: u64,
        values: impl DoubleEndedIterator<Item = T>,
    ) {
        let mut at = first.plus(n);
        let mut values = values.rev();
        for slots in self.stretch(first, n).into_iter().rev() {
            for slot in slots.iter().rev() {
                let Some(value) = values.next() else { return debug_assert!(false) };
                at = at.minus(1);
                // SAFETY: [I3] the caller's contract; each position once.
                unsafe { slot.publish(at, value) };
            }
        }
    }

    /// Moves `n` values out of slots that were taken, from `first` on, to the end of `into`, which has room
    /// for them, and gives each slot back: the last one first, as in [`Core::publish_run`].
    ///
    /// # Safety
    /// As for [`Core::take_out_as`].
    #[inline(always)]
    pub(super) unsafe fn take_run<R>(
        &self,
        first: Position,
        n: u64,
        into: &mut Vec<R>,
        mut wrap: impl FnMut(T) -> R,
    ) {
        let mut next_lap = first.plus(self.mask + 1 + n);
        let len = into.len();
        let mut places = into.spare_capacity_mut()[..n as usize].iter_mut().rev();
        for slots in self.stretch(first, n).into_iter().rev() {
            for slot in slots.iter().rev() {
                let Some(place) = places.next() else { return debug_assert!(false) };
                next_lap = next_lap.minus(1);
                // SAFETY: [I4] the caller's contract; each position once.
                place.write(unsafe { slot.take_out_as(next_lap, &mut wrap) });
            }
        }
        // SAFETY: [I1] each of these places was just written.
        unsafe { into.set_len(len + n as usize) };
    }

    /// How many positions from `at` on, at most `most`, have been published and not yet released [E1]: the
    /// producers' writes precede our reads.
    #[inline(always)]
    pub(super) fn full_from(&self, at: Position, most: u64) -> u64 {
        self.run(at, most, Stamp::full)
    }

    /// How many positions from `at` on, at most `most`, may be claimed, as far as released slots tell [E2]:
    /// their consumers' releases, and through them and the chain of claims [E3] those of every earlier
    /// slot, precede our writes.
    #[inline(always)]
    pub(super) fn room_from(&self, at: Position, most: u64) -> u64 {
        self.run(at.plus(self.lead), most, Stamp::vacant)
    }

    /// How many slots from that of `first` on, at most `most`, have the stamp that they should have.
    #[inline(always)]
    fn run(&self, first: Position, most: u64, right: impl Fn(Position) -> Stamp) -> u64 {
        if most == 0 || !self.slot(first).is_stamped(right(first)) {
            0
        } else if most == 1 {
            1
        } else {
            1 + self.run_on(first.plus(1), most - 1, right)
        }
    }

    /// What a batch looks at behind its first slot.
    ///
    /// PERF: apart from the one look of a single message, and with nothing to compute for each slot.
    #[inline(never)]
    fn run_on(&self, first: Position, most: u64, right: impl Fn(Position) -> Stamp) -> u64 {
        let mut at = first;
        for slots in self.stretch(first, most.min(self.mask)) {
            for slot in slots {
                if !slot.is_stamped(right(at)) {
                    return at.since(first);
                }
                at = at.plus(1);
            }
        }
        at.since(first)
    }

    /// Takes a published value back before anybody could have looked at it.
    ///
    /// # Safety
    /// The caller published `at` itself, and no consumer will ever look at the slot ([I5]).
    pub(super) unsafe fn retract(&self, at: Position) -> T {
        let slot = self.slot(at);
        // SAFETY: [I5] written by this thread, seen by no other.
        let value = slot.value.with(|cell| unsafe { (*cell).assume_init_read() });
        // ORDERING: Relaxed: nobody reads this slot any more but `drop`, which is exclusive.
        slot.stamp.store(Stamp::vacant(at).bits(), Ordering::Relaxed);
        value
    }

    // The models tell call sites apart by it; it costs nothing elsewhere once inlined.
    #[track_caller]
    #[inline(always)]
    pub(super) fn load_tail(&self, ordering: Ordering) -> TailWord {
        TailWord::from_bits(self.tail.load(ordering))
    }

    #[track_caller]
    #[inline(always)]
    pub(super) fn load_head(&self, ordering: Ordering) -> HeadWord {
        HeadWord::from_bits(self.head.load(ordering))
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// How many messages are queued (claimed by senders, not yet claimed by receivers): a snapshot.
    pub(crate) fn len(&self) -> usize {
        // ORDERING: Relaxed: a number for people; nothing is read on the strength of it. Head
        // first, so that a lagging tail cannot make more than the clamp repairs.
        let head = self.load_head(Ordering::Relaxed).position();
        // ORDERING: Relaxed: as above.
        let tail = self.load_tail(Ordering::Relaxed).position();
        head.distance_to(tail).unwrap_or(0).min(self.capacity) as usize
    }

    /// How many credits of those in circulation nobody has taken: a snapshot.
    pub(crate) fn available(&self) -> u64 {
        // ORDERING: Relaxed: numbers for people.
        let tail = self.load_tail(Ordering::Relaxed);
        B::left(self, tail.position().plus(tail.reserved()))
    }

    /// Where the senders are: a snapshot.
    pub(crate) fn tail_position(&self) -> Position {
        // ORDERING: Relaxed: a snapshot.
        self.load_tail(Ordering::Relaxed).position()
    }

    /// Where the receivers are: a snapshot.
    pub(crate) fn head_position(&self) -> Position {
        // ORDERING: Relaxed: a snapshot.
        self.load_head(Ordering::Relaxed).position()
    }

    /// How many credits permits hold: a snapshot. An owned tail needs no such count.
    pub(crate) fn reserved(&self) -> usize {
        // ORDERING: Relaxed: a number for people.
        self.load_tail(Ordering::Relaxed).reserved() as usize
    }
}

impl<T, B: Bound> Drop for Core<T, B> {
    fn drop(&mut self) {
        /// Drops what is queued between two positions.
        fn discard<T, B: Bound>((core, next, end): &mut (&mut Core<T, B>, Position, Position)) {
            while next != end {
                let at = *next;
                // UNWIND: advanced before the value's destructor runs, so it runs once.
                *next = at.plus(1);
                if core.is_full_at(at) {
                    // SAFETY: [I4] `&mut Core`: nobody else can take it; full was just seen.
                    drop(unsafe { core.take_out(at) });
                }
            }
        }
        // ORDERING: Relaxed, both: `&mut self` is ordered after everything by the last handle.
        let next = self.load_head(Ordering::Relaxed).position();
        // ORDERING: Relaxed: as above.
        let end = self.load_tail(Ordering::Relaxed).position();
        // UNWIND: if a destructor panics, the other values go all the same.
        let mut rest = Finally::new((self, next, end), discard);
        discard(&mut rest);
    }
}
