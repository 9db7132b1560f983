//! Is the checker itself sound enough to be trusted with rings?
//!
//! These models use loom alone and nothing of the library. All of them fail on the released loom
//! 0.7.3, which would leave every other model here green without exploring it; see
//! `vendor/loom/PATCHED.md`.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::{Config, Outcomes, check};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use loom::thread;

const SLOTS: usize = 2;

/// The smallest ring that has the shape of a real one: each end reads the index that it writes.
struct Ring {
    slots: [Cell<usize>; SLOTS],
    head: AtomicUsize,
    tail: AtomicUsize,
    /// `Release`, or the seeded mistake.
    publication: Ordering,
}

impl Ring {
    fn new(publication: Ordering) -> Self {
        Self {
            slots: [Cell::new(0), Cell::new(0)],
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
            publication,
        }
    }

    fn try_push(&self, value: usize) -> bool {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail - self.head.load(Ordering::Acquire) == SLOTS {
            return false;
        }
        self.slots[tail % SLOTS].set(value);
        self.tail.store(tail + 1, self.publication);
        true
    }

    fn try_pop(&self) -> Option<usize> {
        let head = self.head.load(Ordering::Relaxed);
        if head == self.tail.load(Ordering::Acquire) {
            return None;
        }
        let value = self.slots[head % SLOTS].get();
        self.head.store(head + 1, Ordering::Release);
        Some(value)
    }
}

/// Three pushes beside three pops, none of which waits.
fn three_beside_three(publication: Ordering) -> impl Fn(&Outcomes) + Send + Sync + 'static {
    move |outcomes| {
        let ring = Arc::new(Ring::new(publication));
        let producer = thread::spawn({
            let ring = Arc::clone(&ring);
            move || (1..=3).filter(|&value| ring.try_push(value)).collect::<Vec<_>>()
        });
        let received: Vec<_> = (0..3).filter_map(|_| ring.try_pop()).collect();
        let sent = producer.join().expect("the producer returns");

        assert!(sent.starts_with(&received), "sent {sent:?}, received {received:?}");
        outcomes.record(format!("{} sent, {} received", sent.len(), received.len()));
    }
}

#[test]
fn a_ring_is_explored() {
    let config = Config::at_least(1_001).exhaustive().exactly(&[
        "2 sent, 0 received",
        "2 sent, 1 received",
        "2 sent, 2 received",
        "3 sent, 1 received",
        "3 sent, 2 received",
        "3 sent, 3 received",
    ]);
    check("ring, published with Release", config, three_beside_three(Ordering::Release));
}

#[test]
fn a_missing_release_is_reported() {
    expect_race("ring, published with Relaxed", three_beside_three(Ordering::Relaxed));
}

/// Explores `model` without bound; loom must report two accesses that nothing orders.
fn expect_race(name: &str, model: impl Fn(&Outcomes) + Send + Sync + 'static) {
    let config = Config::at_least(0).exhaustive();
    let verdict = catch_unwind(AssertUnwindSafe(|| check(name, config, model)));
    let Err(panic) = verdict else { panic!("loom found nothing wrong with `{name}`") };
    let message = panic.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    assert!(message.contains("Causality violation"), "loom stopped for another reason: {message}");
}

/// The program of tokio-rs/loom issue 392: a load that matters to nobody, before a store that does.
#[test]
fn a_load_before_a_store_hides_nothing() {
    let config = Config::at_least(2).exactly(&["set", "not yet set"]);
    check("load, then store, beside a load", config, |outcomes| {
        let flag = Arc::new(AtomicBool::new(false));
        let setter = thread::spawn({
            let flag = Arc::clone(&flag);
            move || {
                let _ = flag.load(Ordering::Relaxed);
                flag.store(true, Ordering::Relaxed);
            }
        });
        let seen = flag.load(Ordering::Relaxed);
        setter.join().expect("the setter returns");
        outcomes.record(if seen { "set" } else { "not yet set" });
    });
}

/// A fence behind the publication does not publish: the reader may see the flag and pass its own
/// fence before the writer reaches the other one.
#[test]
fn a_fence_may_come_late() {
    expect_race("flag, published by a later fence", |_| {
        let shared = Arc::new((Cell::new(0), AtomicBool::new(false)));
        let writer = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                shared.0.set(1);
                shared.1.store(true, Ordering::Relaxed);
                fence(Ordering::SeqCst);
            }
        });
        if shared.1.load(Ordering::Relaxed) {
            fence(Ordering::SeqCst);
            assert_eq!(shared.0.get(), 1);
        }
        writer.join().expect("the writer returns");
    });
}
