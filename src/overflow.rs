//! What a send that never waits does when every credit is out.
//!
//! A policy is a value given to `offer`. Which ones exist for a channel is decided by its type: a
//! policy that the ring cannot carry out soundly does not compile there.
//!
//! | policy | what is dropped | comes back as | needs |
//! |---|---|---|---|
//! | [`Fail`] | nothing | `Err(TrySendError::Full)` | |
//! | [`DropNewest`] | the new value | [`Offered::Rejected`] | |
//! | [`DropOldest`] | the oldest queued value | [`Offered::Evicted`] | an evicting channel |
//! | [`Clear`] | the whole backlog | [`Offered::Cleared`] | an evicting channel |
//! | [`Merge`] | nothing: two values become one | [`Offered::Merged`] | a latest-value channel |

use alloc::vec::Vec;

use crate::chan::Tx;
use crate::error::TrySendError;
use crate::flavour::{Evicting, Flavour, Latching};
use crate::pressure::Drops;
use crate::raw::Refused;

/// What became of an offered value.
#[must_use = "it may hold a value that was dropped from the channel"]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offered<T> {
    /// Queued; nothing was dropped.
    Sent,
    /// Not queued: this is the new value (under [`Merge`], as merged so far).
    Rejected(T),
    /// Queued; this is the oldest value, which made room for it.
    Evicted(T),
    /// Queued; this is what was queued before, oldest first.
    Cleared(Vec<T>),
    /// Merged with the queued value, which it replaces.
    Merged,
}

/// A policy for a full channel. Sealed: implemented by the five types of this module.
#[expect(private_bounds, reason = "the bound is what seals it")]
pub trait Overflow<T, F: Flavour>: Policy<T, F> {}

impl<T, F: Flavour, P: Policy<T, F>> Overflow<T, F> for P {}

/// What a policy does; only called by `offer`.
pub(crate) trait Policy<T, F: Flavour> {
    fn offer(self, tx: Tx<'_, T, F>, value: T) -> Result<Offered<T>, TrySendError<T>>;
}

/// Hands the new value back as an error, like `try_send`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fail;

/// Drops the new value: it comes back as [`Offered::Rejected`].
#[derive(Clone, Copy, Debug, Default)]
pub struct DropNewest;

/// Drops the oldest queued value: it comes back as [`Offered::Evicted`].
///
/// The new value is rejected instead where there is nothing to evict: all credits are in permits,
/// or the value that would have to go is just being written by another sender. Also when so many
/// receivers were stopped in the middle of taking a value that the spare slots are used up. Where
/// several senders evict at once, one may find its own value to be the oldest.
#[derive(Clone, Copy, Debug, Default)]
pub struct DropOldest;

/// Drops everything queued: it comes back as [`Offered::Cleared`]. Allocates for the backlog.
///
/// The new value is rejected instead where [`DropOldest`] would do so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clear;

/// Replaces the queued value by `f(queued, new)`.
///
/// Only for latest-value channels, whose capacity is 1: the newest value is the oldest there, so it
/// can be taken out, merged while nothing of the channel is held, and sent again. A receiver may
/// find the channel empty in between. When several senders merge at once, the merges combine in
/// some order: make `f` associative and commutative then. If `f` panics, its two arguments are lost
/// with the panic, and the channel is as if neither had been sent.
///
/// The new value is rejected where [`DropOldest`] would do so. If another sender gets in between
/// and is stopped while it writes, or the channel is closed meanwhile, what comes back is the value
/// as merged so far: it may hold what was queued before.
#[derive(Clone, Copy, Debug)]
pub struct Merge<M>(pub M);

fn full_or_closed<T>((value, refused): (T, Refused)) -> TrySendError<T> {
    match refused {
        Refused::Full => TrySendError::Full(value),
        Refused::Closed => TrySendError::Closed(value),
    }
}

/// `try_send`, as the public handles and the policies share it.
#[inline(always)]
pub(crate) fn try_send<T, F: Flavour>(
    tx: &mut Tx<'_, T, F>,
    value: T,
) -> Result<(), TrySendError<T>> {
    tx.try_send(value).map_err(full_or_closed)
}

impl<T, F: Flavour> Policy<T, F> for Fail {
    fn offer(self, mut tx: Tx<'_, T, F>, value: T) -> Result<Offered<T>, TrySendError<T>> {
        try_send(&mut tx, value).map(|()| Offered::Sent)
    }
}

impl<T, F: Flavour> Policy<T, F> for DropNewest {
    fn offer(self, mut tx: Tx<'_, T, F>, value: T) -> Result<Offered<T>, TrySendError<T>> {
        match try_send(&mut tx, value) {
            Ok(()) => Ok(Offered::Sent),
            Err(TrySendError::Full(value)) => {
                Drops::add(&tx.company().drops.rejected, 1);
                Ok(Offered::Rejected(value))
            }
            Err(closed) => Err(closed),
        }
    }
}

/// Sends if there is room; otherwise sends by `displace`, or rejects.
fn offer_or<T, F: Flavour>(
    mut tx: Tx<'_, T, F>,
    value: T,
    displace: impl FnOnce(&mut Tx<'_, T, F>, T) -> Result<Offered<T>, (T, Refused)>,
) -> Result<Offered<T>, TrySendError<T>> {
    let value = match try_send(&mut tx, value) {
        Ok(()) => return Ok(Offered::Sent),
        Err(TrySendError::Full(value)) => value,
        Err(closed) => return Err(closed),
    };
    match displace(&mut tx, value) {
        Ok(offered) => Ok(offered),
        // Room may have come in the meantime.
        Err((value, Refused::Full)) => DropNewest.offer(tx, value),
        Err(closed) => Err(full_or_closed(closed)),
    }
}

impl<T, F: Evicting> Policy<T, F> for DropOldest {
    fn offer(self, tx: Tx<'_, T, F>, value: T) -> Result<Offered<T>, TrySendError<T>> {
        offer_or(tx, value, |tx, value| {
            Ok(match tx.displace(value)? {
                Some(oldest) => Offered::Evicted(oldest),
                None => Offered::Sent,
            })
        })
    }
}

impl<T, F: Evicting> Policy<T, F> for Clear {
    fn offer(self, tx: Tx<'_, T, F>, value: T) -> Result<Offered<T>, TrySendError<T>> {
        offer_or(tx, value, |tx, value| tx.displace_all(value).map(Offered::Cleared))
    }
}

impl<T, F: Latching, M: FnMut(T, T) -> T> Policy<T, F> for Merge<M> {
    fn offer(self, mut tx: Tx<'_, T, F>, mut value: T) -> Result<Offered<T>, TrySendError<T>> {
        let Self(mut merge) = self;
        let mut merged = false;
        loop {
            value = match try_send(&mut tx, value) {
                Ok(()) if merged => return Ok(Offered::Merged),
                Ok(()) => return Ok(Offered::Sent),
                Err(TrySendError::Full(value)) => value,
                Err(closed) => return Err(closed),
            };
            // Lock-free: each round means that another sender got in between.
            match tx.evict() {
                // UNWIND: nothing of the channel is held while foreign code runs.
                Some(queued) => value = merge(queued, value),
                None => {
                    return match DropNewest.offer(tx, value) {
                        Ok(Offered::Sent) if merged => Ok(Offered::Merged),
                        offered => offered,
                    };
                }
            }
            merged = true;
        }
    }
}
