//! Whether what threads did to a channel is something that the documented queue could have answered.
//!
//! Each thread [records](Log) its calls with the moments of call and answer. [`check`] then looks for an
//! order of the calls' steps, each between its call and its answer, in which the sequential queue of
//! [`Rules`] gives the very answers that were given (Wing and Gong's search, with Lowe's memory of
//! configurations that have failed). If there is none, the channel broke a promise.
//!
//! The queue is the one of `src/docs/guarantees.md`, section "Answers while others are in progress": a
//! call of a shared side has more than one step, and Full and Empty are exact between steps.

mod check;
mod event;
pub mod program;
mod queue;

pub use check::{Violation, check};
pub use event::{Call, Clock, Event, History, Log, Value};
pub use queue::{Credit, Rules, Side};
