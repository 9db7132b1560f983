//! The rings, and the only tree where `unsafe` compiles.
//!
//! A ring is reached through two ends, [`Tail`] and [`Head`], made together by [`pair`]. From an
//! end one gets a [`Producer`] or [`Consumer`]: from an owned end only by a mutable borrow, so that
//! the borrow checker keeps the single side single; from a shared one by any borrow. Both give
//! access to `X`, whatever the layers above keep beside the ring in the same allocation. Nothing in
//! here knows what that is, or that anybody ever waits.
//!
//! ```text
//!   Tail (owned: &mut / shared: &)          Head (owned: &mut / shared: &)
//!      | producer()                            | consumer()
//!   Producer::try_send --> TailSide::claim   Consumer::claim --> HeadSide::claim
//!                          Core::publish         Claimed::take --> Core::take_out_as
//! ```
//!
//! # Invariants
//!
//! * **I1** A value is owned by exactly one of: the sender before its claim, the slot from the
//!   publication to the taking, the receiver afterwards.
//! * **I2** A ring has `mask + 1` slots, a power of two; `position & mask` is always in bounds.
//! * **I3** From the claim of position `p` to the stamp `full(p)`, the slot of `p` belongs to the
//!   claimer alone: the room test saw the release of every earlier lap's use, and no consumer looks
//!   at a slot that is not stamped full.
//! * **I4** From the taking of `p` to the stamp `vacant(p + slots)`, the slot belongs to the taker
//!   alone: heads only move forward, one taker a position, and no producer claims a slot's next
//!   position before that stamp.
//! * **I5** A value may be taken back by its producer only after the single consumer has announced
//!   (by an exchange) that it never looks at a slot again.
//! * **I6** Single sides are single: an owned end is not `Clone`, and its producer or consumer
//!   borrows it mutably.
//! * **I7** What a lock guards is touched under the lock only.
//! * **I8** System calls made here touch no memory of ours.
//! * **I9** An account is alive while it has a reference, or a credit lent from it is out, or the ring that
//!   lends from it is there: it is freed by the one exchange that ends all three.
//!
//! The edges (`E1` and so on) that comments name are declared in `src/docs/memory_model.md`.

mod account;
mod bound;
mod head;
#[cfg(not(feature = "std"))]
mod lock;
#[cfg(not(backpressure_loom))]
pub(crate) mod membarrier;
mod position;
mod ring;
mod runs;
mod tail;

use alloc::vec::Vec;
use core::fmt;

pub(crate) use account::{Kept, Lender, Lending, Lends, Loan};
pub(crate) use bound::{Bound, ByHead, ByLimit, BySlots, Limit};
pub(crate) use head::HeadSide;
#[cfg(not(feature = "std"))]
pub(crate) use lock::SpinMutex;
pub(crate) use position::{Position, TailWord};
use ring::Lingering;
pub(crate) use ring::{Core, Linger, Unmakeable};
use runs::Memory;
pub(crate) use tail::{Emptiness, Refused, TailSide};

use crate::sync::Arc;

/// A side with one handle: plain stores.
#[derive(Debug)]
pub(crate) enum Owned {}

/// A side with any number of handles: positions are won by compare-exchange.
#[derive(Debug)]
pub(crate) enum Shared {}

/// Which discipline the two sides of a ring follow.
pub(crate) trait Sides {
    /// The producers' side.
    type Tail: TailSide;
    /// The consumers' side.
    type Head: HeadSide;
    /// What bounds the producers beside the slots.
    type Bound: Bound;
}

/// What the layers above keep beside a ring.
pub(crate) trait Beside {
    /// What is kept by the credits that a ring lends.
    type Lent: Lends;
}

/// The ring and its company, in one allocation.
struct Joint<T, S: Sides, X: Beside> {
    core: Core<T, S::Bound>,
    beside: X,
    /// Where credits are lent with the messages, the account of that.
    lender: Option<Lender<X::Lent>>,
}

impl<T, S: Sides, X: Beside> Drop for Joint<T, S, X> {
    fn drop(&mut self) {
        if let Some(lender) = self.lender.take() {
            lender.end(self.core.head_position());
        }
    }
}

/// The producers' end.
pub(crate) struct Tail<T, S: Sides, X: Beside> {
    joint: Arc<Joint<T, S, X>>,
    memory: <S::Tail as TailSide>::Memory,
}

/// The consumers' end.
pub(crate) struct Head<T, S: Sides, X: Beside> {
    joint: Arc<Joint<T, S, X>>,
    memory: <S::Head as HeadSide>::Memory,
}

/// Keeps the allocation, gives no right to use the ring; becomes a shared [`Tail`] again.
pub(crate) struct WeakTail<T, S: Sides, X: Beside> {
    joint: Arc<Joint<T, S, X>>,
}

/// Joins both ends to a ring.
pub(crate) fn pair<T, S: Sides, X: Beside>(
    core: Core<T, S::Bound>,
    beside: X,
    lender: Option<Lender<X::Lent>>,
) -> (Tail<T, S, X>, Head<T, S, X>) {
    let joint = Arc::new(Joint { core, beside, lender });
    let tail = Tail { joint: joint.clone(), memory: Memory::new() };
    (tail, Head { joint, memory: Memory::new() })
}

/// What both ends can ask and do whichever discipline they follow.
pub(crate) trait End {
    type Beside;

    fn beside(&self) -> &Self::Beside;
    fn capacity(&self) -> usize;
    fn len(&self) -> usize;
    fn reserved(&self) -> usize;
    /// How many credits of those in circulation nobody has taken: a snapshot.
    fn available(&self) -> u64;
    /// Where the receivers are: counts up modulo positions.
    fn head(&self) -> Position;
    /// Where the senders are.
    fn tail(&self) -> Position;
    fn is_full(&self) -> bool;
    /// Whether fewer than `n` credits in circulation are left, whatever the slots say.
    fn is_short_of(&self, n: u64) -> bool;
    fn is_closed(&self) -> bool;
    /// Whether nothing will ever be taken any more.
    fn is_finished(&self) -> bool;
    /// Refuses new sends; whether this call was the one that did.
    fn close(&self) -> bool;
    /// Identifies the channel among all that are alive.
    fn address(&self) -> usize;
}

macro_rules! end {
    ($end:ident) => {
        impl<T, S: Sides, X: Beside> End for $end<T, S, X> {
            type Beside = X;

            #[inline(always)]
            fn beside(&self) -> &X {
                &self.joint.beside
            }

            fn capacity(&self) -> usize {
                self.joint.core.capacity()
            }

            fn len(&self) -> usize {
                self.joint.core.len()
            }

            fn reserved(&self) -> usize {
                self.joint.core.reserved()
            }

            fn available(&self) -> u64 {
                self.joint.core.available()
            }

            fn head(&self) -> Position {
                self.joint.core.head_position()
            }

            fn tail(&self) -> Position {
                self.joint.core.tail_position()
            }

            fn is_full(&self) -> bool {
                S::Tail::is_full(&self.joint.core)
            }

            fn is_short_of(&self, n: u64) -> bool {
                S::Tail::is_short_of(&self.joint.core, n)
            }

            fn is_closed(&self) -> bool {
                S::Tail::is_closed(&self.joint.core)
            }

            fn is_finished(&self) -> bool {
                S::Tail::is_finished(&self.joint.core)
            }

            fn close(&self) -> bool {
                S::Tail::close(&self.joint.core)
            }

            fn address(&self) -> usize {
                core::ptr::from_ref(&self.joint.core).addr()
            }
        }

        impl<T, S: Sides, X: Beside> fmt::Debug for $end<T, S, X> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($end))
                    .field("capacity", &self.capacity())
                    .field("len", &self.len())
                    .finish_non_exhaustive()
            }
        }
    };
}
end!(Tail);
end!(Head);
end!(WeakTail);

impl<T, S: Sides, X: Beside> Tail<T, S, X> {
    /// The right to produce, from the exclusive borrow of an end.
    #[inline(always)]
    pub(crate) fn producer_mut(&mut self) -> Producer<'_, T, S, X> {
        Producer { end: self, linger: Linger::Briefly }
    }

    /// The last sender is gone: no permit can be alive.
    pub(crate) fn abandon_permits(&mut self) {
        S::Tail::abandon_permits(&self.joint.core);
    }

    /// An end's allocation without its rights.
    pub(crate) fn downgrade(&self) -> WeakTail<T, S, X> {
        WeakTail { joint: self.joint.clone() }
    }
}

impl<T, S: Sides<Tail = Shared>, X: Beside> Tail<T, S, X> {
    /// The right to produce, which a shared end gives to anybody.
    #[inline(always)]
    pub(crate) fn producer(&self) -> Producer<'_, T, S, X> {
        Producer { end: self, linger: Linger::Briefly }
    }
}

impl<T, S: Sides<Tail = Shared>, X: Beside> Clone for Tail<T, S, X> {
    fn clone(&self) -> Self {
        Self { joint: self.joint.clone(), memory: Memory::new() }
    }
}

impl<T, S: Sides<Tail = Shared>, X: Beside> WeakTail<T, S, X> {
    pub(crate) fn upgrade(&self) -> Tail<T, S, X> {
        Tail { joint: self.joint.clone(), memory: Memory::new() }
    }
}

impl<T, S: Sides, X: Beside> Clone for WeakTail<T, S, X> {
    fn clone(&self) -> Self {
        Self { joint: self.joint.clone() }
    }
}

impl<T, S: Sides, X: Beside> Head<T, S, X> {
    /// The right to consume, from the exclusive borrow of an end.
    #[inline(always)]
    pub(crate) fn consumer_mut(&mut self) -> Consumer<'_, T, S, X> {
        Consumer { end: self, linger: Linger::Briefly }
    }

    /// Whether a send may find out only after its publication that this end closed the channel.
    pub(crate) fn sends_may_be_late(&self) -> bool {
        S::Tail::SETTLES
    }

    /// The last receiver is going: permits are refused as well from now on.
    pub(crate) fn seal(&mut self) {
        S::Tail::seal(&self.joint.core);
    }

    /// The last receiver takes nothing more, although sends are in progress.
    pub(crate) fn abandon(&mut self) {
        S::Tail::abandon(&self.joint.core);
    }
}

impl<T, S: Sides<Head = Shared>, X: Beside> Head<T, S, X> {
    /// The right to consume, which a shared end gives to anybody.
    #[inline(always)]
    pub(crate) fn consumer(&self) -> Consumer<'_, T, S, X> {
        Consumer { end: self, linger: Linger::Briefly }
    }
}

impl<T, S: Sides<Head = Shared>, X: Beside> Clone for Head<T, S, X> {
    fn clone(&self) -> Self {
        Self { joint: self.joint.clone(), memory: Memory::new() }
    }
}

/// The right to act as a producer, for as long as the end is borrowed.
pub(crate) struct Producer<'a, T, S: Sides, X: Beside> {
    end: &'a Tail<T, S, X>,
    /// How long an attempt that finds no room lingers. Those who wait have pauses of their own.
    pub(crate) linger: Linger,
}

/// The right to act as a consumer, for as long as the end is borrowed.
pub(crate) struct Consumer<'a, T, S: Sides, X: Beside> {
    end: &'a Head<T, S, X>,
    /// How long an attempt that finds nothing lingers; as for producers.
    pub(crate) linger: Linger,
}

impl<'a, T, S: Sides, X: Beside> Producer<'a, T, S, X> {
    /// The same right for as long as this one is borrowed.
    ///
    /// PERF: to be given away where a reference to this would have to be, so that this can stay in registers.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Producer<'_, T, S, X> {
        Producer { end: self.end, linger: self.linger }
    }

    #[inline(always)]
    fn lingering(&self) -> Lingering<'a, <S::Tail as TailSide>::Memory> {
        Lingering { linger: self.linger, memory: Some(&self.end.memory) }
    }

    #[inline(always)]
    pub(crate) fn beside(&self) -> &'a X {
        &self.end.joint.beside
    }

    /// Asks whether a waiting producer would be told something now: room, or that there will be none.
    /// Whatever the producer is being used for.
    pub(crate) fn news(&self) -> impl Fn() -> bool + use<'a, T, S, X> {
        let core = &self.end.joint.core;
        || S::Tail::is_closed(core) || S::Tail::has_room(core)
    }

    pub(crate) fn is_closed(&self) -> bool {
        S::Tail::is_closed(&self.end.joint.core)
    }

    /// Asks how many messages are queued.
    pub(crate) fn depth(&self) -> impl Fn() -> usize + use<'a, T, S, X> {
        let core = &self.end.joint.core;
        || core.len()
    }

    /// Asks whether fewer than so many credits in circulation are left, whatever the slots say.
    pub(crate) fn short_of(&self) -> impl Fn(u64) -> bool + use<'a, T, S, X> {
        let core = &self.end.joint.core;
        |n| S::Tail::is_short_of(core, n)
    }

    /// The most credits that can be out at a time.
    pub(crate) fn capacity(&self) -> u64 {
        self.end.joint.core.capacity
    }

    /// Whether a reservation can be refused although there is room.
    pub(crate) fn permits_may_run_out(&self) -> bool {
        self.capacity() > TailWord::MAX_RESERVED
    }

    /// Moves the value into the ring, or gives it back.
    #[inline(always)]
    pub(crate) fn try_send(&mut self, value: T) -> Result<(), (T, Refused)> {
        let core = &self.end.joint.core;
        // SAFETY: [I6] `&mut Producer` of an owned end is the only producer.
        match unsafe { S::Tail::claim(core, 1, self.lingering()) } {
            Ok((at, _)) => {
                // SAFETY: [I3] claimed just above. Nothing between can unwind.
                unsafe { core.publish(at, value) };
                // SAFETY: [I6] as above; published just now.
                unsafe { S::Tail::published(core, 1, 0) };
                Ok(())
            }
            Err(refused) => Err((value, refused)),
        }
    }

    /// Moves values from the front of `from` into the ring with one claim; how many.
    pub(crate) fn try_send_many(&mut self, from: &mut Vec<T>) -> Result<u64, Refused> {
        let core = &self.end.joint.core;
        // SAFETY: [I6] `&mut Producer` of an owned end is the only producer.
        let (first, n) = unsafe { S::Tail::claim(core, from.len() as u64, self.lingering()) }?;
        // SAFETY: [I3] claimed just above. `Drain` runs no code of `T`'s as long as it is used up, which
        // it is.
        unsafe { core.publish_run(first, n, from.drain(..n as usize)) };
        // SAFETY: [I6] as above; all `n` are published.
        unsafe { S::Tail::published(core, n, 0) };
        Ok(n)
    }

    /// After a send that found the channel closing: gives `back` what came too late to be
    /// received, newest first.
    pub(crate) fn settle(&mut self, back: &mut dyn FnMut(T)) {
        // SAFETY: [I6] `&mut Producer` of an owned end is the only producer.
        unsafe { S::Tail::settle(&self.end.joint.core, back) }
    }

    /// Takes `n` credits out of circulation.
    pub(crate) fn try_reserve(self, n: u64) -> Result<Reserved<'a, T, S, X>, (Self, Refused)> {
        // SAFETY: [I6] holding the `Producer` of an owned end is being the only producer.
        match unsafe { S::Tail::reserve(&self.end.joint.core, n) } {
            Ok(()) => Ok(Reserved { producer: self, left: n }),
            Err(refused) => Err((self, refused)),
        }
    }
}

#[cfg(test)]
impl<T, S: Sides<Tail = Shared>, X: Beside> Producer<'_, T, S, X> {
    /// What a sender leaves behind that is stopped between claiming a place and publishing into it.
    pub(crate) fn stop_in_a_send(&self) {
        // SAFETY: [I6] a shared side may be acted for by anybody.
        let claimed =
            unsafe { <Shared as TailSide>::claim(&self.end.joint.core, 1, Lingering::NOT) };
        debug_assert!(claimed.is_ok());
    }
}

impl<T, S: Sides<Tail = Shared, Head = Shared>, X: Beside> Producer<'_, T, S, X> {
    /// Sends although every credit is out; the caller then takes away what is too many.
    fn send_beyond(&mut self, value: T) -> Result<Position, (T, Refused)> {
        let core = &self.end.joint.core;
        match Shared::claim_beyond(core) {
            Ok(at) => {
                // SAFETY: [I3] claimed just above. Nothing between can unwind.
                unsafe { core.publish(at, value) };
                Ok(at)
            }
            Err(refused) => Err((value, refused)),
        }
    }

    /// Sends, and takes the oldest value away if that made one too many.
    pub(crate) fn displace(&mut self, value: T) -> Result<Option<T>, (T, Refused)> {
        self.send_beyond(value)?;
        let joint = &*self.end.joint;
        let oldest = Shared::claim_excess(&joint.core, None, 1);
        Ok(oldest.map(|(at, _)| Claimed { joint, at }.take()))
    }

    /// Sends, and takes everything away that was queued before.
    pub(crate) fn displace_all(&mut self, value: T, into: &mut Vec<T>) -> Result<(), (T, Refused)> {
        let core = &self.end.joint.core;
        let mut most = core.slots.len() as u64;
        // UNWIND: allocates before anything is sent or taken.
        into.reserve(core.slots.len());
        let limit = self.send_beyond(value)?;
        while let Some((at, n)) = Shared::claim_excess(core, Some(limit), most) {
            // SAFETY: [I4] just claimed, and seen full; there is room in `into`.
            unsafe { core.take_run(at, n, into, |value| value) };
            most -= n;
        }
        Ok(())
    }

    /// Takes the oldest value away: only a shared head can be claimed from here.
    pub(crate) fn evict(&mut self) -> Option<T> {
        let core = &self.end.joint.core;
        // SAFETY: [I6] a shared head may be acted for by anybody.
        let (at, _) = unsafe {
            <Shared as HeadSide>::claim::<T, S::Bound, Shared>(core, |_| 1, |_| {}, Lingering::NOT)
        }
        .ok()?;
        Some(Claimed { joint: &self.end.joint, at }.take())
    }
}

impl<'a, T, S: Sides, X: Beside> Consumer<'a, T, S, X> {
    /// The same right for as long as this one is borrowed; as for producers.
    #[inline(always)]
    pub(crate) fn reborrow(&mut self) -> Consumer<'_, T, S, X> {
        Consumer { end: self.end, linger: self.linger }
    }

    #[inline(always)]
    fn lingering(&self) -> Lingering<'a, <S::Head as HeadSide>::Memory> {
        Lingering { linger: self.linger, memory: Some(&self.end.memory) }
    }

    #[inline(always)]
    pub(crate) fn beside(&self) -> &'a X {
        &self.end.joint.beside
    }

    /// Asks whether a waiting consumer would be told something now: a value, or that none comes.
    pub(crate) fn news(&self) -> impl Fn() -> bool + use<'a, T, S, X> {
        let core = &self.end.joint.core;
        || S::Head::has_value(core) || S::Tail::is_closed(core)
    }

    /// Whether a send may find out only after its publication that this side closed the channel.
    pub(crate) fn sends_may_be_late(&self) -> bool {
        S::Tail::SETTLES
    }

    pub(crate) fn len(&self) -> usize {
        self.end.joint.core.len()
    }

    /// Asks how many messages are queued.
    pub(crate) fn depth(&self) -> impl Fn() -> usize + use<'a, T, S, X> {
        let core = &self.end.joint.core;
        || core.len()
    }

    /// Whether positions have been claimed that are not taken yet. On an owned tail, which claims
    /// by publishing, that is what is queued.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.end.joint.core.len() > 0
    }

    /// Wins the oldest value, to be taken out at once.
    #[inline(always)]
    pub(crate) fn claim(&mut self) -> Result<Claimed<'a, T, S, X>, Emptiness> {
        let joint = &*self.end.joint;
        // SAFETY: [I6] `&mut Consumer` of an owned end is the only consumer.
        let (at, _) = unsafe {
            S::Head::claim::<T, S::Bound, S::Tail>(&joint.core, |_| 1, |_| {}, self.lingering())
        }?;
        Ok(Claimed { joint, at })
    }

    /// Takes up to `most` of the oldest values with one claim, each into its `wrap`; how many.
    ///
    /// Allocates before it claims, if `into` has not room for what it finds.
    pub(crate) fn try_recv_many<R>(
        &mut self,
        into: &mut Vec<R>,
        most: usize,
        mut wrap: impl FnMut(T, Lending<'a, X::Lent>) -> R,
    ) -> Result<u64, Emptiness> {
        let joint = &*self.end.joint;
        let reserve = |n: u64| into.reserve(n as usize);
        // SAFETY: [I6] `&mut Consumer` of an owned end is the only consumer.
        let (at, n) = unsafe {
            S::Head::claim::<T, S::Bound, S::Tail>(
                &joint.core,
                |_| most as u64,
                reserve,
                self.lingering(),
            )
        }?;
        // SAFETY: [I4] just claimed, and seen full; there is room in `into`, and `wrap` is a constructor.
        unsafe {
            joint.core.take_run(at, n, into, |value| {
                // SAFETY: [I9] once for each position.
                wrap(value, Lending::new(joint.lender.as_ref()))
            });
        }
        Ok(n)
    }
}

/// A published value that is the holder's alone, still in its slot.
///
/// Two steps, so that a large value goes from the slot straight to where the caller wants it. Whoever
/// holds this takes it out before anything else: dropped, it would leave the value and its slot lost.
#[must_use = "the slot waits for its value to be taken out"]
pub(crate) struct Claimed<'a, T, S: Sides, X: Beside> {
    joint: &'a Joint<T, S, X>,
    at: Position,
}

impl<'a, T, S: Sides, X: Beside> Claimed<'a, T, S, X> {
    #[inline(always)]
    fn take(self) -> T {
        self.take_as(|value, _| value)
    }

    /// Takes the value out and into its `wrap`, a constructor, with the credit that it came with.
    #[inline(always)]
    pub(crate) fn take_as<R>(self, wrap: impl FnOnce(T, Lending<'a, X::Lent>) -> R) -> R {
        let Self { joint, at } = self;
        // SAFETY: [I9] this is the only taking of `at`.
        let lending = unsafe { Lending::new(joint.lender.as_ref()) };
        // SAFETY: [I4] made only for positions just claimed, which were seen full; used up here.
        unsafe { joint.core.take_out_as(at, |value| wrap(value, lending)) }
    }
}

/// Credits in hand, and the right to produce with them.
///
/// Not given back when dropped: whoever does that also has to wake somebody. Forgotten ones are
/// lost to the channel until the last sender goes, and wedge nobody.
pub(crate) struct Reserved<'a, T, S: Sides, X: Beside> {
    producer: Producer<'a, T, S, X>,
    left: u64,
}

impl<'a, T, S: Sides, X: Beside> Reserved<'a, T, S, X> {
    pub(crate) fn left(&self) -> usize {
        self.left as usize
    }

    pub(crate) fn beside(&self) -> &'a X {
        self.producer.beside()
    }

    pub(crate) fn producer(&mut self) -> &mut Producer<'a, T, S, X> {
        &mut self.producer
    }

    /// Sends with one of the credits: never refused for lack of room, only when sealed.
    pub(crate) fn send(&mut self, value: T) -> Result<(), T> {
        assert!(self.left > 0, "a permit sends once for each credit");
        let core = &self.producer.end.joint.core;
        // SAFETY: [I6] this holds the producer, and one of its credits.
        let Some(at) = (unsafe { S::Tail::claim_reserved(core) }) else {
            return Err(value);
        };
        self.left -= 1;
        // SAFETY: [I3] claimed just above.
        unsafe { core.publish(at, value) };
        // SAFETY: [I6] as above; published just now, with a reserved credit.
        unsafe { S::Tail::published(core, 1, 1) };
        Ok(())
    }

    /// Puts what is left back into circulation.
    pub(crate) fn give_back(&mut self) {
        // SAFETY: [I6] this holds the producer, and that many of its credits.
        unsafe { S::Tail::unreserve(&self.producer.end.joint.core, self.left) };
        self.left = 0;
    }
}
