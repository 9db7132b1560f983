//! `cargo bench -p backpressure-benches --bench mpmc`

mod criterion_cells;

use backpressure_benches::cells;

fn main() {
    criterion_cells::run(&cells::mpmc());
}
