//! The cells of one flavour as criterion groups: those that anything but `versus` can run.

use std::time::Duration;

use backpressure_benches::cells::{self, Cell, Kind};
use criterion::{Criterion, SamplingMode, Throughput};

/// Messages an iteration: enough that starting the threads is not most of it.
const MESSAGES: u64 = 4_096;

/// No memory, no second of silence, and nobody who has confined this process to one processor.
fn can_run(cell: &Cell) -> bool {
    cell.messages.is_none() && cell.kind != Kind::OneCpu
}

pub fn run(flavour: &str) {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    let all = cells::all();
    for cell in all.iter().filter(|cell| cell.name.starts_with(flavour) && can_run(cell)) {
        let mut group = criterion.benchmark_group(&cell.name);
        group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(MESSAGES));
        for contestant in &cell.contestants {
            // The workers' own clock, and one set of threads a sample: making and starting them is not what
            // is compared.
            group.bench_function(&contestant.name, |bencher| {
                bencher.iter_custom(|times| (contestant.run)(times * MESSAGES).wall);
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
