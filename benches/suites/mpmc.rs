//! `cargo bench -p backpressure-benches --bench mpmc`

mod criterion_cells;

fn main() {
    criterion_cells::run("mpmc");
}
