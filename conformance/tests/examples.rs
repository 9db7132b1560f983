//! The programs on top, as parts.

#[path = "../../examples/pressure_alert/alert.rs"]
mod alert;
#[path = "../../examples/throttle/bucket.rs"]
mod bucket;
#[path = "../../examples/shed_front/front.rs"]
mod front;
#[path = "../../examples/pull_source/source.rs"]
mod source;
#[path = "../../examples/hash_tree/tree.rs"]
mod tree;

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backpressure::pressure::Clock;
use backpressure::{DropNewest, mpsc};
use front::{Breaker, Weather};

#[test]
fn a_pulled_source_reads_what_was_asked_for() {
    let text: String = (0..1000).map(|i| format!("line {i}\n")).collect();
    let mut shown = Vec::new();
    let report = source::show_pages(Cursor::new(text.clone()), 7, 3, |_, page| {
        shown.extend_from_slice(page);
    })
    .unwrap();
    assert_eq!((report.pages, report.asked, report.read), (3, 21, 21));
    assert!(shown.iter().eq(text.lines().take(21).collect::<Vec<_>>().iter()));
    // The end comes within a page, and with it.
    let report = source::show_pages(Cursor::new("a\nb\nc"), 2, 9, |_, _| {}).unwrap();
    assert_eq!((report.pages, report.read), (2, 3));
    assert!(source::show_pages(Cursor::new("a"), 0, 1, |_, _| {}).is_err());
    assert!(source::show_pages(Cursor::new(b"\xff\n"), 1, 1, |_, _| {}).is_err());
}

#[test]
fn a_tree_is_hashed_within_its_window() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("src");
    let expected = tree::sequential(&root).unwrap();
    assert!(expected.files > 30);
    for (window, workers) in [(1, 1), (1, 3), (5, 2), (64, 4)] {
        let (sum, peak) = tree::pipeline(&root, window, workers).unwrap();
        assert_eq!(sum, expected);
        assert!(peak.files <= window as u64, "{peak:?} with a window of {window}");
        assert!(peak.bytes <= expected.bytes);
    }
    assert!(tree::pipeline(&root.join("no such directory"), 4, 2).is_err());
}

const FAIR: Weather =
    Weather { ticks: 400, arrivals: 4, capacity: 16, served_per_tick: 3, ill: (150, 220) };

#[test]
fn a_front_sheds_and_breaks() {
    let mut open = 0;
    let tally = front::run(FAIR, |_, _, breaker| {
        open += u64::from(breaker != Breaker::Closed { failures: 0 })
    });
    let accounted = tally.served + tally.failed + tally.shed + tally.rejected;
    assert_eq!(tally.arrived, accounted, "{tally:?}");
    assert!(tally.shed > 0 && tally.rejected > 0 && tally.opened >= 2, "{tally:?}");
    // While ill, the backend is left alone but for what was queued and the probes.
    assert!(tally.failed <= FAIR.capacity as u64 + 5 + 5, "{tally:?}");
    assert!(open >= 60);
    let fine = front::run(Weather { arrivals: 1, ill: (0, 0), ..FAIR }, |_, _, _| {});
    assert_eq!((fine.shed, fine.rejected, fine.failed), (0, 0, 0));
    assert_eq!(fine.arrived, fine.served);
}

#[test]
fn a_breaker_half_opens_with_one_probe() {
    let mut breaker = Breaker::Closed { failures: 0 };
    for i in 0..5 {
        assert!(breaker.admits(0));
        assert_eq!(breaker.learns(false, 10), i == 4);
    }
    assert!(!breaker.admits(29) && breaker.admits(30));
    assert!(!breaker.admits(30), "one probe");
    assert!(breaker.learns(false, 31));
    assert!(!breaker.admits(50) && breaker.admits(51));
    assert!(!breaker.learns(true, 52));
    assert_eq!(breaker, Breaker::Closed { failures: 0 });
}

#[test]
fn a_bucket_lets_no_more_through_than_it_was_given() {
    for senders in [1, 4] {
        let sent = bucket::run(senders, 5, 100, std::thread::yield_now, |_| {});
        assert!(sent <= 105, "{sent}");
    }
}

#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn an_alert_is_raised_when_pressure_lasts() {
    let clock = Arc::new(Hand::default());
    let builder = mpsc::builder().capacity(10).watermarks(8, 2).clock(clock.clone());
    let (tx, mut rx) = builder.build().unwrap();
    let watch = tx.pressure().unwrap();
    let mut alert = alert::Alert::new("orders", Duration::from_secs(2));
    for i in 0..12 {
        let _ = tx.offer(i, DropNewest).unwrap();
    }
    assert_eq!(alert.look(&watch, &tx.stats()), None, "a burst is no alert");
    clock.0.store(2_000, Ordering::SeqCst);
    let message = alert.look(&watch, &tx.stats()).unwrap();
    assert_eq!(message, "orders: under pressure for 2.0 s, 100 % full, 0 waiting, 2 shed");
    assert_eq!(alert.look(&watch, &tx.stats()), None, "once");
    clock.0.store(2_500, Ordering::SeqCst);
    assert_eq!(rx.try_iter().count(), 10);
    let message = alert.look(&watch, &tx.stats()).unwrap();
    assert_eq!(message, "orders: all clear (2.5 s under pressure in all, 2 shed)");
    assert_eq!(alert.look(&watch, &tx.stats()), None);
}
