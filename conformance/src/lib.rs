//! The operation languages that the property tests in `tests/` and the fuzz targets in `fuzz/` share.
//!
//! A [`channel::Case`] is a channel and a list of operations on it. The [`machine`] carries them out on the
//! real channel and on a plain model side by side, on one thread: futures are entities that an operation
//! creates, and others poll, drop or forget. After every operation each number of the channel is compared with
//! the model's, and the machine asks whether a wake-up was lost. [`gate`] does the same for a gate of credits.
//!
//! * [`targets`]: what a fuzz target does with its bytes;
//! * `bell`, `value`: wakers that count, values that notice when they are dropped twice;
//! * `puppet`: futures that do what an operation tells them;
//! * `face`, `channel`, `policy`: one face for every flavour, how a channel is chosen and made, and what is done
//!   where it is full.

pub mod bell;
pub mod channel;
mod face;
pub mod gate;
pub mod machine;
mod model;
mod op;
mod policy;
mod puppet;
pub mod targets;
mod value;

pub use bell::Bell;
pub use policy::Policy;

/// The index that a byte points at, if there is anything.
#[must_use]
pub fn pick(byte: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(byte) % len)
}

/// The entry of a table that a byte points at.
fn entry<T: Copy>(table: &[T], byte: u8) -> T {
    table[usize::from(byte) % table.len()]
}
