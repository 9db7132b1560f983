//! What can be seen of a channel's load: numbers ([`Stats`]), and a level that changes rarely enough to act
//! upon ([`PressureWatch`]). See [the page on pressure](crate::docs::pressure).

mod expiry;
mod observed;
mod stats;
mod watch;

use core::time::Duration;

pub use expiry::{Aged, Expiry, Timed};
pub(crate) use observed::{Marks, Observed};
pub(crate) use stats::Drops;
pub use stats::{Dropped, Stats};
pub use watch::{ChangedFuture, Level, PressureWatch};

/// Where the time comes from: for tests, or where there is no `std`.
pub trait Clock: Send + Sync {
    /// The time since some fixed moment. Never goes back.
    fn now(&self) -> Duration;
}

/// The time since the first time it was asked for.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed()
    }
}
