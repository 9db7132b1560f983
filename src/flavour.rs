//! The flavours as types: who may send, who may receive, and what may be dropped.
//!
//! One usually meets these through the aliases in [`spsc`](crate::spsc), [`mpsc`](crate::mpsc) and
//! [`mpmc`](crate::mpmc); code that is generic over channels names [`Flavour`].

use core::fmt;
use core::marker::PhantomData;

use crate::delivery::{Delivery, Lease};
use crate::raw::{ByHead, ByLimit, BySlots, Owned, Shared, Sides};

/// One handle on this side; its operations take `&mut self`.
#[derive(Debug)]
pub enum One {}

/// Any number of handles on this side, by cloning; operations take `&self`.
#[derive(Debug)]
pub enum Many {}

/// Senders never take anything away.
#[derive(Debug)]
pub enum Keep {}

/// Senders may take the oldest values away: [`DropOldest`](crate::DropOldest) and
/// [`Clear`](crate::Clear) compile.
#[derive(Debug)]
pub enum Evict {}

/// Capacity 1, and senders may replace what is queued: [`Merge`](crate::Merge) compiles as well.
#[derive(Debug)]
pub enum Latest {}

/// Credits come back when a message is acknowledged: receivers yield a
/// [`Delivery`].
#[derive(Debug)]
pub enum Ack {}

/// Credits are what the receivers ask for: `request` compiles.
#[derive(Debug)]
pub enum Pull {}

/// A flavour: senders `P`, receivers `C`, and the mode `M`.
pub struct Kind<P, C, M = Keep>(PhantomData<fn() -> (P, C, M)>);

impl<P, C, M> fmt::Debug for Kind<P, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kind")
    }
}

/// Every flavour there is. Sealed: to be named in bounds, not implemented.
#[expect(private_bounds, reason = "the bound is what seals it")]
pub trait Flavour: Sides + 'static {
    /// What a receiver yields of a message `T`: the message, or a [`Delivery`] of it.
    type Item<T>;

    /// Where credits come from.
    #[doc(hidden)]
    const CREDIT: Credit;

    /// Makes it.
    #[doc(hidden)]
    fn deliver<T>(value: T, lease: impl FnOnce() -> Lease) -> Self::Item<T>;
}

/// Where the credits of a channel come from.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// With the slots: whoever takes a value gives its credit back.
    Slots,
    /// With the acknowledgements.
    Acknowledged,
    /// As the receivers ask.
    Requested,
}

/// Modes that let the capacity be chosen.
pub trait AnyCapacity: sealed::Sealed {}
impl AnyCapacity for Keep {}
impl AnyCapacity for Evict {}
impl AnyCapacity for Ack {}
impl AnyCapacity for Pull {}

mod sealed {
    use super::{Ack, Evict, Keep, Pull};

    pub trait Sealed {}
    impl Sealed for Keep {}
    impl Sealed for Evict {}
    impl Sealed for Ack {}
    impl Sealed for Pull {}
}

/// What the receivers of a channel of `T`s of flavour `F` yield.
pub type Item<T, F> = <F as Flavour>::Item<T>;

/// Flavours whose sender can be cloned.
#[expect(private_bounds, reason = "the bound is what seals it")]
pub trait ManySenders: Flavour + Sides<Tail = Shared> {}

/// Flavours whose receiver can be cloned.
#[expect(private_bounds, reason = "the bound is what seals it")]
pub trait ManyReceivers: Flavour + Sides<Head = Shared> {}

/// Flavours whose senders may take values away.
#[expect(private_bounds, reason = "the bound is what seals it")]
pub trait Evicting: Flavour + Sides<Tail = Shared, Head = Shared> {}

/// Flavours of capacity 1 whose senders may replace what is queued.
pub trait Latching: Evicting {}

macro_rules! yields_values {
    ($($mode:ident: $credit:ident),*) => {$(
        impl<P: 'static, C: 'static> Flavour for Kind<P, C, $mode>
        where
            Self: Sides,
        {
            type Item<T> = T;
            const CREDIT: Credit = Credit::$credit;

            #[inline(always)]
            fn deliver<T>(value: T, _: impl FnOnce() -> Lease) -> T {
                value
            }
        }
    )*};
}
yields_values!(Keep: Slots, Evict: Slots, Latest: Slots, Pull: Requested);

impl<P: 'static, C: 'static> Flavour for Kind<P, C, Ack>
where
    Self: Sides,
{
    type Item<T> = Delivery<T>;
    const CREDIT: Credit = Credit::Acknowledged;

    #[inline(always)]
    fn deliver<T>(value: T, lease: impl FnOnce() -> Lease) -> Delivery<T> {
        Delivery::new(value, lease())
    }
}

impl<C, M> ManySenders for Kind<Many, C, M> where Self: Flavour + Sides<Tail = Shared> {}
impl<P, M> ManyReceivers for Kind<P, Many, M> where Self: Flavour + Sides<Head = Shared> {}
impl<P: 'static, C: 'static> Evicting for Kind<P, C, Evict> {}
impl<P: 'static, C: 'static> Evicting for Kind<P, C, Latest> {}
impl<P: 'static, C: 'static> Latching for Kind<P, C, Latest> {}

// Which ring serves which flavour. An owned side's positions are moved with plain stores, so a
// sender that evicts needs the receivers' side shared, even where one receiver is all there is.

macro_rules! sides_as_handles {
    ($($mode:ident: $bound:ident),*) => {$(
        impl Sides for Kind<One, One, $mode> {
            type Tail = Owned;
            type Head = Owned;
            type Bound = $bound;
        }

        impl Sides for Kind<Many, One, $mode> {
            type Tail = Shared;
            type Head = Owned;
            type Bound = $bound;
        }

        impl Sides for Kind<Many, Many, $mode> {
            type Tail = Shared;
            type Head = Shared;
            type Bound = $bound;
        }
    )*};
}
sides_as_handles!(Keep: BySlots, Ack: ByLimit, Pull: ByLimit);

impl<P, C> Sides for Kind<P, C, Evict> {
    type Tail = Shared;
    type Head = Shared;
    type Bound = ByHead;
}

impl<P, C> Sides for Kind<P, C, Latest> {
    type Tail = Shared;
    type Head = Shared;
    type Bound = ByHead;
}
