//! Sends a little more than 2^32 messages through channels of each ring, so that whatever has 32 bits wraps
//! by itself: positions have more, on every target. Alone up to the wrap, and over it with two threads.
//!
//! ```sh
//! cargo run --release -p backpressure-conformance --bin through-the-wrap --target i686-unknown-linux-gnu
//! ```

use std::thread;
use std::time::Instant;

use backpressure::{mpmc, mpsc, spsc};

const WRAP: u64 = 1 << 32;
/// Where the threads take over, and how much they send.
const ALONE: u64 = WRAP - 100_000;
const TOGETHER: u64 = 200_000;

/// The last messages before the wrap and the first behind it meet in a ring of this size.
const CAPACITY: u64 = 64;

macro_rules! through {
    ($flavour:ident) => {{
        let begin = Instant::now();
        let (mut tx, mut rx) = $flavour::bounded::<u64>(CAPACITY as usize);
        let (tx_here, rx_here) = (&mut tx, &mut rx);
        let (mut batch, mut received) = (Vec::new(), Vec::new());
        let mut next = 0;
        while next < ALONE {
            let size = CAPACITY.min(ALONE - next);
            batch.extend(next..next + size);
            assert_eq!(tx_here.try_send_many(&mut batch), Ok(size as usize));
            assert_eq!(rx_here.try_recv_many(&mut received, CAPACITY as usize), Ok(size as usize));
            assert!(received.drain(..).eq(next..next + size));
            next += size;
        }
        let sender = thread::spawn(move || {
            for value in ALONE..ALONE + TOGETHER {
                tx.send(value).unwrap();
            }
        });
        for value in ALONE..ALONE + TOGETHER {
            assert_eq!(rx.recv(), Ok(value));
        }
        sender.join().unwrap();
        let stats = rx.stats();
        assert_eq!(
            (stats.sent, stats.received, stats.queued),
            (next + TOGETHER, next + TOGETHER, 0)
        );
        assert!(rx.recv().is_err());
        println!(
            "{}: {} messages with {}-bit words in {:.0} s",
            stringify!($flavour),
            stats.sent,
            usize::BITS,
            begin.elapsed().as_secs_f64()
        );
    }};
}

fn main() {
    through!(spsc);
    through!(mpsc);
    through!(mpmc);
}
