//! Any number of senders, one receiver.
//!
//! The ring is shared by the senders, who claim their places with one compare-exchange each, and owned by the receiver
//! (D. Vyukov's bounded queue, with the room test explained in `src/raw/ring.rs`).
//!
//! ```
//! let (tx, mut rx) = backpressure::mpsc::bounded(8);
//! tx.send("hello").unwrap();
//! assert_eq!(rx.recv(), Ok("hello"));
//! ```

use crate::builder::{self, Builder};
use crate::flavour::{Keep, Kind, Many, One};

/// This flavour, in mode `M`.
pub type Flavour<M = Keep> = Kind<Many, One, M>;
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
