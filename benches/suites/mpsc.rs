//! `cargo bench -p backpressure-benches --bench mpsc`

mod criterion_cells;

fn main() {
    criterion_cells::run("mpsc");
}
