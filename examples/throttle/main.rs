//! A throttle: a token bucket made of a credit gate and a ticker.
//!
//! ```sh
//! cargo run --release --example throttle -- [PER_SECOND] [BURST] [SECONDS]
//! ```

mod bucket;

use core::time::Duration;
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

fn run() -> Result<(), Box<dyn core::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |n| n.parse());
    let (rate, burst, seconds) = (number(200)?, number(20)?, number(1)?);
    if rate == 0 || burst == 0 {
        return Err("nothing would ever be sent".into());
    }
    let start = Instant::now();
    let (step, mut next) = (Duration::from_secs(1) / rate.try_into()?, start);
    let ticker = || {
        next += step;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    };
    let sent = bucket::run(4, burst, rate * seconds, ticker, |_sender| {});
    let took = start.elapsed();
    println!(
        "{sent} sent in {took:.2?} by 4 senders: {:.0} a second, at {rate} a second and a burst of {burst}",
        sent as f64 / took.as_secs_f64()
    );
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("throttle: {error}");
            ExitCode::FAILURE
        }
    }
}
