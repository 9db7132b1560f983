//! Any number of senders and receivers; each message goes to one of them.
//!
//! The ring is shared on both sides: one compare-exchange for a send, one for a receive
//! (D. Vyukov's bounded queue, with the room test explained in `src/raw/ring.rs`).
//!
//! ```
//! let (tx, rx) = backpressure::mpmc::bounded(8);
//! tx.send("hello").unwrap();
//! assert_eq!(rx.recv(), Ok("hello"));
//! ```

use crate::builder::{self, Builder};
use crate::flavour::{Keep, Kind, Many};

/// This flavour, in mode `M`.
pub type Flavour<M = Keep> = Kind<Many, Many, M>;
/// The sending side. See [`Sender`](crate::Sender).
pub type Sender<T, M = Keep> = crate::Sender<T, Flavour<M>>;
/// The receiving side. See [`Receiver`](crate::Receiver).
pub type Receiver<T, M = Keep> = crate::Receiver<T, Flavour<M>>;

/// Makes a channel for exactly `capacity` messages.
///
/// # Panics
/// If `capacity` is 0, or too large; [`builder`] returns an error instead.
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    builder::build_or_panic(builder().capacity(capacity))
}

/// Starts with the settings of a channel.
#[must_use]
pub fn builder() -> Builder<Flavour> {
    Builder::new()
}
