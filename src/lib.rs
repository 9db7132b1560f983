//! Bounded channels whose capacity is a **credit**.
//!
//! A credit is the right to put one message in flight. Senders spend credits, receivers give them
//! back; a sender that finds none left learns of it in the way it chose:
//!
//! | it wants to | operation |
//! |---|---|
//! | block the thread | `send`, `send_timeout`, `send_deadline` |
//! | wait as a task | `send_async`, `poll_reserve` |
//! | get the value back | `try_send` |
//! | have something dropped, and get that back | `offer` with a [policy](overflow) |
//! | hold the credit before it has the value | `reserve` and its kin |
//!
//! Three flavours: [`spsc`], [`mpsc`], [`mpmc`]. Threads and tasks mix on one channel, on any
//! executor. Capacities are exact, whatever they are, and all memory is allocated when a channel is
//! made.
//!
//! ```
//! use backpressure::{TrySendError, mpsc};
//!
//! let (tx, mut rx) = mpsc::bounded(2);
//! let worker = std::thread::spawn(move || rx.iter().sum::<u32>());
//! for i in 0..1000 {
//!     tx.send(i).unwrap(); // waits whenever the worker is two messages behind
//! }
//! drop(tx); // closes the channel
//! assert_eq!(worker.join().unwrap(), 499_500);
//! ```
//!
//! Credits come back when a message is received, or when it is [acknowledged](delivery), or as receivers
//! [ask](Builder::pulled): see [modes](docs::modes).
//!
//! Further pages: [guide](docs::guide), [modes](docs::modes), [words of others](docs::comparison),
//! [guarantees](docs::guarantees), [memory model](docs::memory_model), [performance](docs::performance).
//!
//! # Where the code is
//!
//! 1. [`Sender::try_send`](mpsc::Sender) in `src/sender/` picks the borrow;
//! 2. `Tx::try_send` in `src/chan/tx.rs` sends, then wakes whoever waits;
//! 3. `Producer::try_send` in `src/raw/mod.rs` claims (`raw/tail.rs`) and publishes (`raw/ring.rs`).
//!
//! Receiving mirrors it: `src/receiver/`, `src/chan/rx.rs`, `src/raw/head.rs`. Waiting is in
//! `src/wait`, and knows nothing of rings; rings are in `src/raw`, and know nothing of waiting.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod backoff;
mod builder;
mod chan;
pub mod credit;
pub mod delivery;
pub mod docs;
mod error;
mod finally;
pub mod flavour;
pub mod future;
pub mod mpmc;
pub mod mpsc;
pub mod overflow;
mod permit;
pub mod pressure;
#[expect(unsafe_code, reason = "the rings; nowhere else does `unsafe` compile")]
mod raw;
mod receiver;
mod sender;
pub mod spsc;
mod sync;
mod wait;
pub mod weighted;

/// For the models only: whether gates may use the barrier that the waiting side pays for, and how often they have.
#[cfg(backpressure_loom)]
pub use sync::membarrier::{runs as membarrier_runs, want as want_membarrier};

pub use builder::Builder;
pub use credit::Credits;
pub use delivery::{Delivery, Lease};
pub use error::{
    AcquireError, BuildError, RecvError, RecvTimeoutError, RequestError, SendError,
    SendTimeoutError, TryRecvError, TrySendError,
};
pub use overflow::{Clear, DropNewest, DropOldest, Fail, Merge, Offered};
pub use permit::{Permit, Permits};
#[cfg(feature = "std")]
pub use receiver::{IntoIter, Iter};
pub use receiver::{Receiver, TryIter};
pub use sender::{Sender, WeakSender};
#[cfg(feature = "std")]
pub use wait::WaitStrategy;
