//! The one place that names atomics, cells, locks and threads.
//!
//! Everything else imports them from here, so that the model checker can take their place without
//! a word changed elsewhere. Two faces with the same items: [`real`](self) for users, `model` under
//! `cfg(backpressure_loom)`, where each ordering can also be weakened from the environment to show
//! that some model notices.

#[cfg(not(backpressure_loom))]
mod real;
#[cfg(not(backpressure_loom))]
pub(crate) use real::*;

#[cfg(backpressure_loom)]
mod model;
#[cfg(backpressure_loom)]
pub(crate) use model::*;
