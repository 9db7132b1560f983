//! Asking for messages, on channels whose receivers do.

use super::Receiver;
use crate::chan::UNBOUNDED;
use crate::error::RequestError;
use crate::flavour::{Flavour, Kind, Pull};
use crate::raw::End;

/// Operations of the receivers of a channel built with [`pulled`](crate::Builder::pulled).
///
/// A request is a promise: it cannot be taken back, since a sender that has seen it may be sending.
impl<T, P, C> Receiver<T, Kind<P, C, Pull>>
where
    Kind<P, C, Pull>: Flavour,
{
    /// Asks for `n` more messages, and wakes senders that wait for that. Returns how many are asked for
    /// and not yet sent, as [`demand`](Self::demand) does.
    ///
    /// Requests add up, and saturate: `u64::MAX` is an endless demand, and stays one.
    ///
    /// Progress: lock-free, but for waking senders. Runs no code of theirs.
    ///
    /// # Errors
    /// [`RequestError`] if `n` is 0. Asking for less than nothing does not compile:
    ///
    /// ```compile_fail,E0600
    /// # let (_tx, rx) = backpressure::mpsc::builder().capacity(1).pulled(0).build::<()>().unwrap();
    /// rx.request(-1);
    /// ```
    pub fn request(&self, n: u64) -> Result<u64, RequestError> {
        if n == 0 {
            return Err(RequestError);
        }
        if let Some(window) = self.head.beside().window() {
            window.request(n);
        }
        Ok(self.demand())
    }

    /// Asks for everything that will ever be sent: from now on the capacity alone holds senders back.
    pub fn request_unbounded(&self) {
        if let Some(window) = self.head.beside().window() {
            window.request(UNBOUNDED);
        }
    }

    /// How many messages are asked for and neither sent nor reserved: a snapshot. `u64::MAX` if the demand
    /// is endless.
    #[must_use]
    pub fn demand(&self) -> u64 {
        let deferred = self.head.beside().window().map_or(0, |window| window.deferred());
        deferred.saturating_add(self.head.available())
    }
}
