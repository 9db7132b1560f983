//! `cargo bench -p backpressure-benches --bench spsc`

mod criterion_cells;

fn main() {
    criterion_cells::run("spsc");
}
