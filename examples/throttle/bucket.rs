//! A token bucket: a gate of credits, and somebody who grants them as time goes by.

use core::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use backpressure::Credits;

/// Lets `senders` threads send as fast as the bucket allows, until `tick` has been waited for `ticks` times; how
/// many they sent.
pub(crate) fn run(
    senders: usize,
    burst: u64,
    ticks: u64,
    mut tick: impl FnMut(),
    send: impl Fn(usize) + Sync,
) -> u64 {
    let bucket = &Credits::on_demand(burst);
    bucket.grant(burst);
    let (sent, send) = (&AtomicU64::new(0), &send);
    thread::scope(|threads| {
        for sender in 0..senders {
            threads.spawn(move || {
                while let Ok(token) = bucket.acquire(1) {
                    send(sender);
                    sent.fetch_add(1, Ordering::Relaxed);
                    token.spend();
                }
            });
        }
        for _ in 0..ticks {
            tick();
            bucket.grant(1); // beyond the burst, nothing is saved up
        }
        bucket.close();
    });
    sent.load(Ordering::Relaxed)
}
