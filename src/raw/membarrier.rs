//! A fence that the rarely waiting side pays for both.
//!
//! "Publish, then look whether somebody sleeps" beside "say that I sleep, then look whether
//! something was published" needs a store-load fence on both sides. On the publishing side that
//! fence would cost more than the rest of a send. `membarrier(PRIVATE_EXPEDITED)` lets the side
//! about to sleep run one on every thread of the process instead:
//!
//! * [`heavy`] returned `true`: for every other thread, each of its instructions lies entirely
//!   before or entirely after the barrier, with everything before it visible to us, and everything
//!   we did before it visible to it.
//! * [`light`] keeps the compiler from swapping what stands before and after it. The processor
//!   still may; the barrier then lands on one side or the other of the swapped pair, which is what
//!   the argument in `wait::gate` needs.
//!
//! Measured on a two-core Zen 3 guest: 0.4-0.7 us when no other thread of the process runs,
//! 10-19 us when one does; a futex wake costs 10-30 us there.
//!
//! Where the call is missing (other systems, old kernels, some sandboxes), [`available`] says so and
//! the gate keeps real fences on both sides. Under the model checker another face of this module
//! stands in `sync::model`.

use crate::sync::{Ordering, compiler_fence};

/// The publishing side's half.
#[inline(always)]
pub(crate) fn light() {
    // ORDERING: SeqCst for the compiler alone, edge [E5]: keeps the publication before the gate's load in
    // program order, so that a peer's `heavy` separates the two.
    compiler_fence(Ordering::SeqCst);
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod linux {
    use std::sync::OnceLock;

    // From linux/membarrier.h; `libc` names the call but not its commands on every target.
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: [I8] `membarrier(command, flags)` reads no memory of ours; flags must be zero.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0) == 0 }
    }

    /// Registers the process once; the first channel pays for it, not the first wait.
    pub(crate) fn available() -> bool {
        static REGISTERED: OnceLock<bool> = OnceLock::new();
        // Miri and ThreadSanitizer know neither the call nor the reorderings it is for.
        *REGISTERED.get_or_init(|| {
            !cfg!(any(miri, backpressure_tsan))
                && membarrier(REGISTER_PRIVATE_EXPEDITED)
                && membarrier(PRIVATE_EXPEDITED)
        })
    }

    pub(crate) fn heavy() {
        if !membarrier(PRIVATE_EXPEDITED) {
            // It worked when the process registered; without it a wake-up can be lost.
            crate::sync::abort();
        }
    }
}

#[cfg(all(feature = "std", target_os = "linux"))]
pub(crate) use linux::{available, heavy};

#[cfg(not(all(feature = "std", target_os = "linux")))]
mod missing {
    pub(crate) fn available() -> bool {
        false
    }

    pub(crate) fn heavy() {
        unreachable!("the gate never relaxes where membarrier is missing");
    }
}

#[cfg(not(all(feature = "std", target_os = "linux")))]
pub(crate) use missing::{available, heavy};

#[cfg(all(test, feature = "std", target_os = "linux"))]
mod tests {
    use std::thread;

    use crossbeam_utils::CachePadded;

    use super::*;
    use crate::sync::{AtomicU32, spin_loop};

    /// The litmus test of what the two halves are for: each thread stores, and looks at what the other stored.
    /// Without a barrier between, both may miss the other, on x86 too.
    #[test]
    fn one_of_two_sees_the_other() {
        const ROUNDS: u32 = 20_000;
        if !available() {
            return;
        }
        let here = [const { CachePadded::new(AtomicU32::new(0)) }; 2];
        let mine = [const { CachePadded::new(AtomicU32::new(0)) }; 2];
        let play = |me: usize, between: fn()| {
            let missed_in = |round: u32| {
                // ORDERING: Relaxed, all: only that both begin a round at about the same time.
                here[me].store(round, Ordering::Relaxed);
                let mut looks = 0;
                while here[1 - me].load(Ordering::Relaxed) < round {
                    looks += 1;
                    if looks % 1024 == 0 { thread::yield_now() } else { spin_loop() }
                }
                // Who came last is ahead; a little later they are level.
                (0..round % 8 * u32::from(looks == 0)).for_each(|_| spin_loop());
                // ORDERING: Relaxed, both: what is tested orders them.
                mine[me].store(round, Ordering::Relaxed);
                between();
                mine[1 - me].load(Ordering::Relaxed) < round
            };
            (1..=ROUNDS).map(missed_in).collect::<Vec<_>>()
        };
        let (one, other) = thread::scope(|threads| {
            let one = threads.spawn(|| play(0, light));
            (play(1, heavy), one.join().expect("it does not panic"))
        });
        let missed = one.iter().zip(&other).filter(|(one, other)| **one && **other).count();
        assert_eq!(missed, 0, "of {ROUNDS} rounds, in which each stored before it looked");
    }
}
