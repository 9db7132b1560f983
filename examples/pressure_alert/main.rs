//! A service whose second stage becomes slow for a while, and a watcher that says so when it lasts, with what an
//! operator wants to know.
//!
//! ```sh
//! cargo run --release --example pressure_alert
//! ```

mod alert;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use alert::Alert;
use backpressure::{DropNewest, mpsc};

fn main() {
    let orders = mpsc::builder().capacity(100).watermarks(80, 20);
    let (tx, mut rx) = orders.build::<u64>().expect("the marks are sound");
    let watch = tx.pressure().expect("it is observed");
    let watched = tx.downgrade();
    let done = &AtomicBool::new(false);
    let start = Instant::now();
    thread::scope(|threads| {
        threads.spawn(move || {
            // 2,000 orders a second for three seconds; what does not fit is refused.
            for order in 0..6_000 {
                if tx.offer(order, DropNewest).is_err() {
                    return;
                }
                thread::sleep(Duration::from_micros(500));
            }
        });
        threads.spawn(move || {
            for order in &mut rx {
                // A bad spell: ten times slower.
                let slow = (1_500..2_000).contains(&order);
                thread::sleep(Duration::from_micros(if slow { 4_000 } else { 200 }));
            }
            let stats = rx.stats();
            println!(
                "{:5.1} s  {} sent, {} received, {} shed; peak {} of {}; receivers waited {:.1} s",
                start.elapsed().as_secs_f64(),
                stats.sent,
                stats.received,
                stats.dropped.rejected,
                stats.peak,
                stats.capacity,
                stats.recv_wait.as_secs_f64(),
            );
            done.store(true, Ordering::Relaxed);
        });
        threads.spawn(move || {
            let mut alert = Alert::new("orders", Duration::from_millis(500));
            while !done.load(Ordering::Relaxed) {
                let stats = watched.upgrade().map(|tx| tx.stats());
                if let Some(message) = stats.and_then(|stats| alert.look(&watch, &stats)) {
                    println!("{:5.1} s  {message}", start.elapsed().as_secs_f64());
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
    });
}
