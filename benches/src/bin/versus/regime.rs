//! How far apart the processors are just now.
//!
//! The host of a virtual machine moves its virtual processors about: two threads of one core, two cores
//! of one cache, two sockets. A channel between threads is mostly cache lines that travel, so its time
//! changes by a factor of five, within seconds, with nothing of ours changed.

use std::fmt;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const TRIPS: u32 = 1_000;

/// Mean time for a cache line to go there and back.
pub(crate) fn round_trip() -> Duration {
    let ball = AtomicU32::new(0);
    let wait_for = |n: u32| {
        let mut looks = 0_u32;
        while ball.load(Ordering::Acquire) != n {
            looks += 1;
            // With one processor nobody else moves while we look.
            if looks.is_multiple_of(256) { thread::yield_now() } else { spin_loop() }
        }
    };
    thread::scope(|threads| {
        let partner = threads.spawn(|| {
            for trip in 0..TRIPS {
                wait_for(2 * trip + 1);
                ball.store(2 * trip + 2, Ordering::Release);
            }
        });
        let mut start = Instant::now();
        for trip in 0..TRIPS {
            ball.store(2 * trip + 1, Ordering::Release);
            wait_for(2 * trip + 2);
            if trip == 0 {
                // The first one waits for the partner to exist.
                start = Instant::now();
            }
        }
        let all = start.elapsed();
        partner.join().expect("the partner does not panic");
        all / (TRIPS - 1)
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Regime {
    /// Below 85 ns: probably two threads of one core.
    Near,
    /// Below 250 ns: probably two cores with a cache in common.
    Middle,
    /// Beyond, or one processor for both.
    Far,
}

impl Regime {
    /// `None` if the two measurements do not tell of the same machine.
    pub(crate) fn of(before: Duration, after: Duration) -> Option<Self> {
        let (less, more) = (before.min(after), before.max(after));
        if more.as_nanos() * 2 > less.as_nanos() * 3 {
            return None;
        }
        Some(match ((less + more) / 2).as_nanos() {
            ..85 => Self::Near,
            85..250 => Self::Middle,
            _ => Self::Far,
        })
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Near => "<85ns",
            Self::Middle => "85-250ns",
            Self::Far => ">250ns",
        })
    }
}
