//! The operation language that the property tests in `tests/` and the fuzz targets in `fuzz/` share.
//!
//! A [`channel::Case`] is a channel and a list of operations on it. The [`machine`] carries them out on the
//! real channel and on a plain [`model`] side by side, on one thread: futures are entities that an operation
//! creates, and others poll, drop or forget. After every operation each number of the channel is compared with
//! the model's, and the machine asks whether a wake-up was lost. [`gate`] does the same for a gate of credits,
//! and [`weighing`] for channels with a budget.
//!
//! * `bell`, `value`: wakers that count, values that notice when they are dropped twice;
//! * `puppet`: futures that do what an operation tells them;
//! * `face`, `channel`: one face for every flavour, and how a channel is chosen and made.

pub mod bell;
pub mod channel;
mod face;
pub mod machine;
mod model;
mod puppet;
mod value;

pub use bell::Bell;
