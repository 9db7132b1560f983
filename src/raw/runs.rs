//! How long to linger, as far as the runs between two catchings-up tell: decision 0013.
//!
//! Where lines travel for longer than a side lingers, a side that then goes on is at the other's heels again at once.
//! As long as messages come in a stream, and yet in short runs, longer pauses make the runs longer.

use super::position::Position;
use crate::sync::{AtomicU32, Ordering};

/// What an end remembers of the times when it had caught up with the other side.
pub(crate) trait Memory {
    fn new() -> Self;

    /// It has caught up again, at `at`: how many pauses it lingers for, at least `least`.
    fn earned(&self, at: Position, least: u32) -> u32;
}

/// Sides with one handle have their word to themselves, and gain little; remembering costs them as much.
impl Memory for () {
    fn new() -> Self {}

    #[inline(always)]
    fn earned(&self, _: Position, least: u32) -> u32 {
        least
    }
}

/// Each handle's own: nothing that other handles read may be written whenever somebody has caught up.
pub(crate) struct Runs {
    /// Where it had caught up the last time: the low bits of that position's count.
    caught_up: AtomicU32,
    pauses: AtomicU32,
}

/// Fewer messages than this in a run are no stream: somebody waits for an answer to each.
const STREAM: u32 = 8;
/// A run that is long enough.
const ENOUGH: u32 = 64;
/// In smaller rings such a run would be too large a part of the capacity.
pub(super) const LARGE: u64 = 8 * ENOUGH as u64;
/// 1.7 us where this was measured.
const MOST: u32 = 64;

impl Memory for Runs {
    fn new() -> Self {
        Self { caught_up: AtomicU32::new(0), pauses: AtomicU32::new(0) }
    }

    /// PERF: inlined, since a call costs every operation the registers that it would have to keep.
    #[inline(always)]
    fn earned(&self, at: Position, least: u32) -> u32 {
        let here = at.count() as u32;
        // ORDERING: Relaxed, here and below: a guess of this handle's; threads that share it lose each other's.
        let last = self.caught_up.load(Ordering::Relaxed);
        // ORDERING: Relaxed: as above.
        self.caught_up.store(here, Ordering::Relaxed);
        // ORDERING: Relaxed: as above.
        let before = self.pauses.load(Ordering::Relaxed).max(least);
        // WRAP: the low bits are enough to tell short runs from others.
        let pauses = match here.wrapping_sub(last) {
            0 => return least, // nothing came: nobody waits long for nothing
            run if run < STREAM => least,
            run if run < ENOUGH => (before * 2).min(MOST),
            _ => before,
        };
        // ORDERING: Relaxed: as above.
        self.pauses.store(pauses, Ordering::Relaxed);
        pauses
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn short_runs_of_a_stream_earn_longer_pauses() {
        let (mut at, runs) = (Position::new((1 << 46) - 100), Runs::new());
        let mut after = |messages: u64| {
            at = at.plus(messages);
            runs.earned(at, 8)
        };
        after(1);
        assert_eq!([after(63), after(8), after(40)], [16, 32, 64]);
        assert_eq!([after(63), after(64), after(10_000)], [64; 3], "no more, and kept");
        assert_eq!([after(0), after(64)], [8, 64], "nobody waits long for nothing");
        assert_eq!(after(7), 8, "no stream any more");
        assert_eq!([after(1), after(64), after(63)], [8, 8, 16]);
    }
}
