//! One sender, one receiver.
//!
//! The ring is owned on both sides: a send and a receive are a few plain loads and stores each
//! (D. Vyukov's bounded queue, with the room test explained in `src/raw/ring.rs`).
//!
//! ```
//! let (mut tx, mut rx) = backpressure::spsc::bounded(8);
//! tx.send("hello").unwrap();
//! assert_eq!(rx.recv(), Ok("hello"));
//! ```

use crate::builder::{self, Builder};
use crate::flavour::{Keep, Kind, One};

/// This flavour, in mode `M`.
pub type Flavour<M = Keep> = Kind<One, One, M>;
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
