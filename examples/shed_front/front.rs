//! A front that sheds what its backend cannot take, behind a circuit breaker. Driven tick by tick.

use backpressure::{TrySendError, mpsc};

/// What became of the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) arrived: u64,
    /// Refused because the queue was full.
    pub(crate) shed: u64,
    /// Refused because the breaker was open.
    pub(crate) rejected: u64,
    pub(crate) served: u64,
    pub(crate) failed: u64,
    pub(crate) opened: u64,
}

/// Trips after some failures in a row, tries one request after a while, and closes when that succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaker {
    Closed {
        failures: u32,
    },
    Open {
        until: u64,
    },
    /// One probe is under way.
    HalfOpen,
}

impl Breaker {
    const TRIPS_AFTER: u32 = 5;
    const STAYS_OPEN: u64 = 20;

    /// Whether a request may pass at this tick.
    pub(crate) fn admits(&mut self, now: u64) -> bool {
        match *self {
            Self::Closed { .. } => true,
            Self::Open { until } if now >= until => {
                *self = Self::HalfOpen;
                true
            }
            Self::Open { .. } | Self::HalfOpen => false,
        }
    }

    /// What the backend answered. Whether the breaker has just opened.
    pub(crate) fn learns(&mut self, success: bool, now: u64) -> bool {
        let failures = match *self {
            _ if success => 0,
            Self::Closed { failures } => failures + 1,
            // The probe failed; or an answer to something sent before the breaker opened.
            Self::HalfOpen | Self::Open { .. } => Self::TRIPS_AFTER,
        };
        let was_open = matches!(self, Self::Open { .. });
        match failures {
            0 if was_open => {}
            Self::TRIPS_AFTER.. => *self = Self::Open { until: now + Self::STAYS_OPEN },
            _ => *self = Self::Closed { failures },
        }
        !was_open && matches!(self, Self::Open { .. })
    }
}

/// The load: how many arrive per tick, how many the backend answers, and when it is ill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) ticks: u64,
    pub(crate) arrivals: u64,
    pub(crate) capacity: usize,
    pub(crate) served_per_tick: usize,
    pub(crate) ill: (u64, u64),
}

/// Runs it. The request is the tick at which it arrived.
pub(crate) fn run(weather: Weather, mut watch: impl FnMut(u64, &Tally, Breaker)) -> Tally {
    let (tx, mut rx) = mpsc::bounded(weather.capacity);
    let mut breaker = Breaker::Closed { failures: 0 };
    let mut tally = Tally::default();
    // A small generator, so that every run is the same.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for now in 0..weather.ticks {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        for _ in 0..seed % (2 * weather.arrivals + 1) {
            tally.arrived += 1;
            if !breaker.admits(now) {
                tally.rejected += 1;
                continue;
            }
            match tx.try_send(now) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => {
                    tally.shed += 1;
                    if breaker == Breaker::HalfOpen {
                        // The probe did not get through: try again next tick.
                        breaker = Breaker::Open { until: now + 1 };
                    }
                }
                Err(TrySendError::Closed(_)) => unreachable!("the receiver is ours"),
            }
        }
        for _arrived in rx.try_iter().take(weather.served_per_tick) {
            let success = !(weather.ill.0..weather.ill.1).contains(&now);
            if success {
                tally.served += 1;
            } else {
                tally.failed += 1;
            }
            tally.opened += u64::from(breaker.learns(success, now));
        }
        watch(now, &tally, breaker);
    }
    // What is still queued is answered after hours.
    tally.served += rx.try_iter().count() as u64;
    tally
}
