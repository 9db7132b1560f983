//! `try_send` beside `try_recv` on several threads: what losing a race costs is no lock or yield either.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use backpressure::{TryRecvError, TrySendError, mpmc, mpsc, spsc};

use crate::nonblocking;

/// Messages of each sender.
const EACH: u64 = 20_000;

/// How many calls were made.
pub fn all() -> u64 {
    let calls = AtomicU64::new(0);
    macro_rules! contend {
        ($ends:expr, $senders:expr, $receivers:expr) => {{
            let (tx, rx) = $ends;
            let txs = $senders(tx);
            let rxs = $receivers(rx);
            thread::scope(|threads| {
                for mut tx in txs {
                    threads.spawn(|| {
                        // Whoever is refused makes way outside, as users do.
                        let own = &mut tx;
                        calls.fetch_add(
                            (0..EACH)
                                .map(|i| until(|| nonblocking(|| sent(own.try_send(i)))))
                                .sum(),
                            Ordering::Relaxed,
                        );
                        drop(tx);
                    });
                }
                for mut rx in rxs {
                    threads.spawn(|| {
                        let own = &mut rx;
                        let mut done = false;
                        while !done {
                            let n = until(|| {
                                nonblocking(|| match own.try_recv() {
                                    Ok(_) => true,
                                    Err(TryRecvError::Empty) => false,
                                    Err(TryRecvError::Closed) => {
                                        done = true;
                                        true
                                    }
                                })
                            });
                            calls.fetch_add(n, Ordering::Relaxed);
                        }
                        drop(rx);
                    });
                }
            });
        }};
    }
    for capacity in [1, 3, 64] {
        contend!(spsc::bounded::<u64>(capacity), one, one);
        contend!(mpsc::bounded::<u64>(capacity), two, one);
        contend!(mpmc::bounded::<u64>(capacity), two, two);
        contend!(mpmc::builder().evicting().capacity(capacity).build::<u64>().unwrap(), two, two);
    }
    calls.into_inner()
}

fn one<H>(handle: H) -> Vec<H> {
    vec![handle]
}

fn two<H: Clone>(handle: H) -> Vec<H> {
    vec![handle.clone(), handle]
}

fn sent(result: Result<(), TrySendError<u64>>) -> bool {
    match result {
        Ok(()) => true,
        Err(TrySendError::Full(_)) => false,
        Err(TrySendError::Closed(_)) => unreachable!("receivers stay until the end"),
    }
}

/// Calls until it works; how many calls that took.
fn until(mut attempt: impl FnMut() -> bool) -> u64 {
    let mut calls = 1;
    while !attempt() {
        calls += 1;
        for _ in 0..8 {
            spin_loop();
        }
        thread::yield_now();
    }
    calls
}
