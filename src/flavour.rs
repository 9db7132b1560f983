//! The flavours as types: who may send, who may receive, and what may be dropped.
//!
//! One usually meets these through the aliases in [`spsc`](crate::spsc), [`mpsc`](crate::mpsc) and
//! [`mpmc`](crate::mpmc); code that is generic over channels names [`Flavour`].

use core::fmt;
use core::marker::PhantomData;

use crate::raw::{Owned, Shared, Sides};

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

/// A flavour: senders `P`, receivers `C`, and the mode `M`.
pub struct Kind<P, C, M = Keep>(PhantomData<fn() -> (P, C, M)>);

impl<P, C, M> fmt::Debug for Kind<P, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kind")
    }
}

/// Every flavour there is. Sealed: to be named in bounds, not implemented.
#[expect(private_bounds, reason = "the bound is what seals it")]
pub trait Flavour: Sides + 'static {}

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

impl<P, C, M> Flavour for Kind<P, C, M>
where
    Kind<P, C, M>: Sides,
    P: 'static,
    C: 'static,
    M: 'static,
{
}
impl<C, M> ManySenders for Kind<Many, C, M> where Self: Flavour + Sides<Tail = Shared> {}
impl<P, M> ManyReceivers for Kind<P, Many, M> where Self: Flavour + Sides<Head = Shared> {}
impl<P: 'static, C: 'static> Evicting for Kind<P, C, Evict> {}
impl<P: 'static, C: 'static> Evicting for Kind<P, C, Latest> {}
impl<P: 'static, C: 'static> Latching for Kind<P, C, Latest> {}

// Which ring serves which flavour. An owned side's positions are moved with plain stores, so a
// sender that evicts needs the receivers' side shared, even where one receiver is all there is.

impl Sides for Kind<One, One, Keep> {
    type Tail = Owned;
    type Head = Owned;
    const SPARE: u64 = 0;
}

impl Sides for Kind<Many, One, Keep> {
    type Tail = Shared;
    type Head = Owned;
    const SPARE: u64 = 0;
}

impl Sides for Kind<Many, Many, Keep> {
    type Tail = Shared;
    type Head = Shared;
    const SPARE: u64 = 0;
}

impl<P, C> Sides for Kind<P, C, Evict> {
    type Tail = Shared;
    type Head = Shared;
    const SPARE: u64 = EVICTING_SPARE;
}

impl<P, C> Sides for Kind<P, C, Latest> {
    type Tail = Shared;
    type Head = Shared;
    const SPARE: u64 = EVICTING_SPARE;
}

/// Slots beyond the capacity of an evicting channel: how many senders may be between putting their
/// value in and taking the oldest out, plus how many receivers may be stopped in the middle of
/// taking one, before a sender has to reject its value instead.
const EVICTING_SPARE: u64 = 8;
