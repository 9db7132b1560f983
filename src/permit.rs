//! Credits in hand before the value is.

use core::fmt;

use crate::chan::Held;
use crate::error::SendError;
use crate::flavour::Flavour;

/// One credit: the right to send one value, which cannot fail for lack of room.
///
/// Made by `reserve` and its kin. Dropping it gives the credit back and wakes a waiting sender.
///
/// A forgotten permit ([`mem::forget`](core::mem::forget)) takes its credit out of circulation
/// until the last sender is dropped. It leaves no hole in the queue: other senders and the
/// receivers go on.
///
/// A channel that is closed while permits are out stays open for them: they still send, and
/// receivers see Closed only when none is left.
#[must_use = "a permit that is dropped gives its credit back unused"]
pub struct Permit<'a, T, F: Flavour>(Held<'a, T, F>);

impl<'a, T, F: Flavour> Permit<'a, T, F> {
    pub(crate) fn new(held: Held<'a, T, F>) -> Self {
        debug_assert_eq!(held.left(), 1);
        Self(held)
    }

    /// Sends the value. Never waits.
    ///
    /// Progress: wait-free on `spsc`; on shared sides lock-free, retrying only when another sender
    /// got in between.
    ///
    /// # Errors
    /// [`SendError`] with the value, if the last receiver is gone.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = backpressure::mpsc::bounded(1);
    /// let permit = tx.try_reserve().unwrap();
    /// assert!(tx.try_send("no room left for this").is_err());
    /// permit.send("this one has its place").unwrap();
    /// assert_eq!(rx.recv().unwrap(), "this one has its place");
    /// ```
    pub fn send(mut self, value: T) -> Result<(), SendError<T>> {
        self.0.send(value).map_err(SendError)
    }
}

impl<T, F: Flavour> fmt::Debug for Permit<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

/// Several credits, taken at once. See [`Permit`].
#[must_use = "permits that are dropped give their credits back unused"]
pub struct Permits<'a, T, F: Flavour>(Held<'a, T, F>);

impl<'a, T, F: Flavour> Permits<'a, T, F> {
    pub(crate) fn new(held: Held<'a, T, F>) -> Self {
        Self(held)
    }

    /// How many values can still be sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.left()
    }

    /// Whether all credits have been used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a value with one of the credits. Never waits; progress as [`Permit::send`].
    ///
    /// # Errors
    /// [`SendError`] with the value, if the last receiver is gone.
    ///
    /// # Panics
    /// If no credit is left.
    ///
    /// # Examples
    /// ```
    /// let (mut tx, mut rx) = backpressure::spsc::bounded(4);
    /// let mut permits = tx.try_reserve_many(3).unwrap();
    /// permits.send('a').unwrap();
    /// permits.send('b').unwrap();
    /// assert_eq!(permits.len(), 1);
    /// drop(permits); // the third credit goes back
    /// assert_eq!(rx.try_iter().collect::<String>(), "ab");
    /// ```
    pub fn send(&mut self, value: T) -> Result<(), SendError<T>> {
        assert!(!self.is_empty(), "no credit left in these permits");
        self.0.send(value).map_err(SendError)
    }
}

impl<T, F: Flavour> fmt::Debug for Permits<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permits").field("len", &self.len()).finish()
    }
}
