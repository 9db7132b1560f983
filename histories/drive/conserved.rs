//! What adds up of a channel at rest.
//!
//! Compiled into each test that needs it, against the library under the name `backpressure`.
#![allow(dead_code, reason = "each test uses its part of this")]

use backpressure::pressure::Stats;

/// Every value is somewhere.
pub fn values_conserved(stats: &Stats) {
    let dropped = stats.dropped;
    let replaced = dropped.evicted + dropped.cleared + dropped.merged;
    let taken = stats.received + dropped.expired + dropped.undelivered;
    assert_eq!(stats.sent, taken + replaced + stats.queued as u64, "{stats:?}");
    if stats.acked + stats.in_delivery > 0 {
        assert_eq!(taken, stats.acked + stats.in_delivery, "{stats:?}");
    }
}

/// Every value is somewhere, and every credit too, unless demand without end makes more of them. For channels
/// that nothing was forgotten of, and whose receivers did not ask for a number.
pub fn conserved(stats: &Stats) {
    values_conserved(stats);
    if stats.deferred == u64::MAX {
        return;
    }
    let out = (stats.reserved + stats.queued) as u64 + stats.in_delivery;
    assert_eq!(stats.available + out + stats.deferred, stats.capacity as u64, "{stats:?}");
}
