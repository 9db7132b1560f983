//! A list of cells as criterion groups.

use std::time::Duration;

use backpressure_benches::cells::Cell;
use criterion::{Criterion, SamplingMode, Throughput};

/// Messages an iteration: enough that starting the threads is not most of it.
const MESSAGES: u64 = 4_096;

pub fn run(cells: &[Cell]) {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .configure_from_args();
    for cell in cells {
        let mut group = criterion.benchmark_group(&cell.name);
        group.sampling_mode(SamplingMode::Flat).throughput(Throughput::Elements(MESSAGES));
        for (name, run) in &cell.contestants {
            // The workers' own clock, and one set of threads a sample: making and starting them is not what
            // is compared.
            group.bench_function(*name, |bencher| {
                bencher.iter_custom(|times| run(times * MESSAGES).wall);
            });
        }
        group.finish();
    }
    criterion.final_summary();
}
