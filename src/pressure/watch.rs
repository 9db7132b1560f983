//! Waiting for the level to change.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::Observed;
use crate::sync::Arc;
use crate::wait::Place;
#[cfg(feature = "std")]
use crate::wait::block_on;

/// How loaded a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// Below the high mark, or has not reached it since it was at the low mark.
    Normal,
    /// Reached the high mark, and has not been at the low mark since.
    High,
    /// Closed; whatever it was before.
    Closed,
}

/// Watches the level of a channel built with [`watermarks`](crate::Builder::watermarks).
///
/// High is entered at the high mark and left at the low one, so that a depth that moves around either changes
/// nothing: the edges strictly alternate. A level rather than a call for each edge: whoever comes late, or was
/// busy, sees the present one. A watch does not keep the channel open, and may outlive it.
///
/// # Examples
/// ```
/// use backpressure::mpsc;
/// use backpressure::pressure::Level;
///
/// let (tx, mut rx) = mpsc::builder().capacity(10).watermarks(8, 4).build().unwrap();
/// let mut watch = tx.pressure().unwrap();
/// for i in 0..8 {
///     tx.try_send(i).unwrap();
/// }
/// assert_eq!(watch.level(), Level::High);
/// pollster::block_on(async { assert_eq!(watch.changed().await, Level::High) });
/// for _ in 0..4 {
///     rx.try_recv().unwrap();
/// }
/// assert_eq!(watch.level(), Level::Normal);
/// ```
#[derive(Clone)]
pub struct PressureWatch {
    observed: Arc<Observed>,
    seen: u64,
}

impl PressureWatch {
    pub(crate) fn new(observed: Arc<Observed>) -> Self {
        let (_, seen) = observed.level();
        Self { observed, seen }
    }

    /// The present level: a snapshot.
    #[must_use]
    pub fn level(&self) -> Level {
        self.observed.level().0
    }

    /// How often the level has changed.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.observed.level().1
    }

    /// Waits, as a task, until the level has changed since this watch was made or last told; the present
    /// level. After the close, waits no more.
    ///
    /// # Cancel safety
    /// Nothing to lose: a change that was not told is told next time.
    pub fn changed(&mut self) -> ChangedFuture<'_> {
        ChangedFuture { watch: self, place: Place::default() }
    }

    /// The same, blocking the thread.
    #[cfg(feature = "std")]
    pub fn wait_changed(&mut self) -> Level {
        block_on(self.changed())
    }

    /// For how long the level has been high; `None` if it is not.
    #[must_use]
    pub fn high_for(&self) -> Option<Duration> {
        self.observed.high_times().0
    }

    /// For how long the level has been high in all.
    #[must_use]
    pub fn high_total(&self) -> Duration {
        self.observed.high_times().1
    }
}

impl fmt::Debug for PressureWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, epoch) = self.observed.level();
        f.debug_struct("PressureWatch").field("level", &level).field("epoch", &epoch).finish()
    }
}

/// Waits for a change of the level. Made by [`PressureWatch::changed`].
///
/// # Cancel safety
/// Nothing to lose.
#[must_use = "futures do nothing unless awaited"]
pub struct ChangedFuture<'a> {
    watch: &'a mut PressureWatch,
    place: Place,
}

impl Future for ChangedFuture<'_> {
    type Output = Level;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Level> {
        let this = self.get_mut();
        let PressureWatch { observed, seen } = &mut *this.watch;
        this.place.poll(&observed.changes, false, cx, |_| {
            let (level, epoch) = observed.level();
            (epoch != *seen || level == Level::Closed).then(|| {
                *seen = epoch;
                level
            })
        })
    }
}

impl Drop for ChangedFuture<'_> {
    fn drop(&mut self) {
        // Everybody is woken at once here: there is nothing to pass on.
        self.place.give_up(&self.watch.observed.changes, || false);
    }
}

impl fmt::Debug for ChangedFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangedFuture")
    }
}
