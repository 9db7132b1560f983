//! The one place that names atomics, cells, locks and threads.
//!
//! Everything else imports them from here, so that a checker can take their place without a word
//! changed elsewhere. Four faces with the same items, each switched on by the package that compiles
//! the sources for its tests:
//!
//! | face | cfg | what it is for |
//! |---|---|---|
//! | `real` | | users |
//! | `model` | `backpressure_loom` | every interleaving and every old value of a small model |
//! | `shuttle` | `backpressure_shuttle` | random interleavings of many threads |
//! | `stall` | `backpressure_stall` | a thread that stops before a chosen step, and counted steps |
//!
//! The last three wrap each atomic operation in the same way (`instrumented`); in the first two of
//! them an operation can also be weakened or left out from the environment (`mutation`), to show that
//! some test notices.

#[cfg(not(any(backpressure_loom, backpressure_shuttle, backpressure_stall)))]
pub(crate) use real::*;
#[cfg(not(backpressure_loom))]
#[cfg_attr(
    any(backpressure_shuttle, backpressure_stall),
    allow(
        dead_code,
        unused_imports,
        reason = "the other faces take from it what they leave as it is"
    )
)]
mod real;

#[cfg(any(backpressure_loom, backpressure_shuttle, backpressure_stall))]
mod instrumented;
#[cfg(any(backpressure_loom, backpressure_shuttle))]
mod mutation;

#[cfg(backpressure_loom)]
mod model;
#[cfg(backpressure_loom)]
use self::model as face;

#[cfg(backpressure_shuttle)]
mod shuttle;
#[cfg(backpressure_shuttle)]
use self::shuttle as face;

#[cfg(backpressure_stall)]
mod stall;
#[cfg(backpressure_stall)]
use self::stall as face;

#[cfg(any(backpressure_loom, backpressure_shuttle, backpressure_stall))]
pub(crate) use {face::*, instrumented::*};
