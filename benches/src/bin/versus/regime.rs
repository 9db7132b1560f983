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

/// Trips are timed a few at a time, and the median counts: a time slice that somebody else takes away
/// falls into one of the groups only.
const TRIPS: u32 = 50;
const GROUPS: u32 = 25;

/// Time for a cache line to go there and back, between the two processors that samples use first; `None` if
/// there is one only.
pub(crate) fn round_trip() -> Option<Duration> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let [here, there, ..] = cores[..] else { return None };
    let ball = AtomicU32::new(0);
    let wait_for = |n: u32| {
        let mut looks = 0_u32;
        while ball.load(Ordering::Acquire) != n {
            looks += 1;
            // Somebody else's work may be in the partner's way.
            if looks.is_multiple_of(4096) { thread::yield_now() } else { spin_loop() }
        }
    };
    let group = |first: u32| {
        let start = Instant::now();
        for trip in first..first + TRIPS {
            ball.store(2 * trip + 1, Ordering::Release);
            wait_for(2 * trip + 2);
        }
        start.elapsed() / TRIPS
    };
    thread::scope(|threads| {
        threads.spawn(|| {
            core_affinity::set_for_current(there);
            for trip in 0..(GROUPS + 1) * TRIPS {
                wait_for(2 * trip + 1);
                ball.store(2 * trip + 2, Ordering::Release);
            }
        });
        let measuring = threads.spawn(|| {
            core_affinity::set_for_current(here);
            // The first group waits for the partner to exist.
            group(0);
            let mut groups: Vec<_> = (1..=GROUPS).map(|i| group(i * TRIPS)).collect();
            groups.sort_unstable();
            groups.get(groups.len() / 2).copied()
        });
        measuring.join().ok().flatten()
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Regime {
    /// Below 85 ns: probably two threads of one core.
    Near,
    /// Below 250 ns: probably two cores with a cache in common.
    Middle,
    /// Beyond: far away, or others were running.
    Far,
    /// One processor for all.
    Alone,
    /// It does not matter.
    Any,
}

impl Regime {
    /// `None` if the two measurements do not tell of the same machine.
    pub(crate) fn of(before: Option<Duration>, after: Option<Duration>) -> Option<Self> {
        let Some((before, after)) = before.zip(after) else { return Some(Self::Alone) };
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
            Self::Alone => "one-cpu",
            Self::Any => "any",
        })
    }
}
