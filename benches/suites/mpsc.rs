//! `cargo bench -p backpressure-benches --bench mpsc`

mod criterion_cells;

use backpressure_benches::cells;

fn main() {
    criterion_cells::run(&cells::mpsc());
}
