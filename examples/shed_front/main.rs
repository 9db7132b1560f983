//! A load-shedding front with a circuit breaker: requests beyond the queue are refused at once, and while the
//! backend is ill nobody waits for it. A simulation; every run is the same.
//!
//! ```sh
//! cargo run --release --example shed_front -- [ARRIVALS_PER_TICK] [QUEUE]
//! ```

mod front;

use std::process::ExitCode;

use front::{Breaker, Weather, run};

fn parse() -> Result<Weather, Box<dyn core::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let arrivals = arguments.next().map_or(Ok(4), |n| n.parse())?;
    let capacity = arguments.next().map_or(Ok(16), |n| n.parse())?;
    if capacity == 0 {
        return Err("a queue of 0 holds nothing".into());
    }
    Ok(Weather { ticks: 400, arrivals, capacity, served_per_tick: 3, ill: (150, 220) })
}

fn main() -> ExitCode {
    let weather = match parse() {
        Ok(weather) => weather,
        Err(error) => {
            eprintln!("shed_front: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut before = Breaker::Closed { failures: 0 };
    let tally = run(weather, |now, tally, breaker| {
        let kind = |breaker| match breaker {
            Breaker::Closed { .. } => "closed",
            Breaker::Open { .. } => "open",
            Breaker::HalfOpen => "half open",
        };
        if kind(before) != kind(breaker) {
            println!("tick {now:3}: breaker {} ({} failed so far)", kind(breaker), tally.failed);
        }
        before = breaker;
    });
    println!(
        "{} arrived: {} served, {} failed, {} shed, {} rejected by the breaker (opened {} times)",
        tally.arrived, tally.served, tally.failed, tally.shed, tally.rejected, tally.opened
    );
    ExitCode::SUCCESS
}
