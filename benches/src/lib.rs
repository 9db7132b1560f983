//! What `backpressure` costs, beside other channels: each workload is written once, for all of them.
//!
//! A [`Cell`](cells::Cell) is one line of the comparison: a workload, a capacity, a payload, and the
//! contestants that can do it. `cargo bench` (criterion) and `versus` run the same cells.
//!
//! * [`contestants`]: the libraries behind a few traits;
//! * [`modes`]: how one side of a channel is driven: polling, blocking, as a task, in batches;
//! * [`workloads`]: what is measured; [`race`]: with which clocks;
//! * [`cells`]: the list.

pub mod cells;
pub mod contestants;
pub mod histogram;
pub mod modes;
pub mod race;
pub mod workloads;
