//! Credits in hand.

use core::fmt;
use core::ops::Deref;

use super::{COUNTED, Credits, Shared};

/// Some credits of a gate, given back when this is dropped, also while unwinding.
///
/// A forgotten permit ([`mem::forget`](core::mem::forget)) is out for good. [`spend`](Self::spend) is what says
/// that credits are used up; a pool knows then that it is smaller.
#[must_use = "a permit that is dropped gives its credits back"]
pub struct Permit<'a> {
    of: Of<'a>,
    n: u64,
}

/// Borrowing costs nothing; owning is a reference counted.
enum Of<'a> {
    Borrowed(&'a Credits),
    Owned(Credits),
}

impl Deref for Of<'_> {
    type Target = Credits;

    fn deref(&self) -> &Credits {
        match self {
            Self::Borrowed(credits) => credits,
            Self::Owned(credits) => credits,
        }
    }
}

impl<'a> Permit<'a> {
    pub(super) fn borrowed(credits: &'a Credits, n: u64) -> Self {
        Self { of: Of::Borrowed(credits), n }
    }

    /// How many credits it holds.
    #[must_use]
    pub fn credits(&self) -> u64 {
        self.n
    }

    /// Splits `n` credits off; `None` if it has not so many, or `n` is 0.
    ///
    /// # Examples
    /// ```
    /// # use backpressure::Credits;
    /// let gate = Credits::pool(5);
    /// let mut permit = gate.try_acquire(5).unwrap();
    /// let two = permit.split(2).unwrap();
    /// drop(permit);
    /// assert_eq!(gate.available(), 3);
    /// # drop(two);
    /// ```
    pub fn split(&mut self, n: u64) -> Option<Permit<'a>> {
        if n == 0 || n > self.n {
            return None;
        }
        let of = match &self.of {
            Of::Borrowed(credits) => Of::Borrowed(credits),
            Of::Owned(credits) => Of::Owned(credits.clone()),
        };
        self.n -= n;
        Some(Permit { of, n })
    }

    /// Adds another permit's credits to this one's.
    ///
    /// # Errors
    /// The other permit, if it is of another gate, or both together have more than 2^60 credits.
    pub fn merge<'b>(&mut self, mut other: Permit<'b>) -> Result<(), Permit<'b>> {
        let both = self.n + other.n;
        if !self.of.same_gate(&other.of) || both > COUNTED {
            return Err(other);
        }
        self.n = both;
        other.n = 0;
        Ok(())
    }

    /// Uses the credits up: they do not come back, and a pool is smaller for them.
    pub fn spend(mut self) {
        let n = core::mem::take(&mut self.n);
        if self.of.shared.is_pool {
            self.of.shared.used_up(n);
        }
    }

    /// The same credits without a borrow: for other threads, tasks and structures.
    pub fn into_owned(mut self) -> Permit<'static> {
        let credits = Credits::clone(&self.of);
        Permit { of: Of::Owned(credits), n: core::mem::take(&mut self.n) }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.n > 0 {
            Shared::give(&self.of.shared, self.n);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("credits", &self.n).finish()
    }
}
