//! Everything but streams: one thread alone, round trips, rare messages, drops, channels themselves.

use std::time::Duration;

use super::entry::{
    alone, array_copy, creation, dropping, dropping_one, memory, trips, trips_of_tasks, waiting,
    waiting_task,
};
use super::field::every;
use super::{Cell, Entry, Kind, Metric};
use crate::modes::{Block, Poll};
use crate::workloads::Shape;

fn pair(capacity: usize) -> Shape {
    Shape { producers: 1, consumers: 1, capacity }
}

/// A cell for each flavour.
fn flavours(
    shape: Shape,
    what: &str,
    kind: Kind,
    [spsc, mpsc, mpmc]: [Vec<Entry>; 3],
) -> impl Iterator<Item = Cell> {
    [
        Cell::new("spsc", shape, what, kind, spsc).quick_if(true),
        Cell::new("mpsc", shape, what, kind, mpsc),
        Cell::new("mpmc", shape, what, kind, mpmc),
    ]
    .into_iter()
}

/// All of them.
pub(super) fn cells() -> Vec<Cell> {
    let mut cells = uncontended();
    cells.extend(round_trips());
    cells.extend(rare());
    cells.extend(drops());
    cells.extend(channels());
    cells
}

fn uncontended() -> Vec<Cell> {
    let with_floor = |mut entries: Vec<Entry>| {
        entries.push(array_copy::<u64>(64));
        entries
    };
    let all = [
        every!(spsc polls: alone::<u64>(64, Poll)),
        every!(mpsc polls: alone::<u64>(64, Poll)),
        every!(mpmc polls: alone::<u64>(64, Poll)),
    ]
    .map(with_floor);
    flavours(pair(64), "solo/8B", Kind::Solo, all).map(|cell| cell.quick_if(true)).collect()
}

fn round_trips() -> Vec<Cell> {
    let shape = pair(1);
    let polling = [
        every!(spsc polls: trips::<u64>(1, Poll)),
        every!(mpsc polls: trips::<u64>(1, Poll)),
        every!(mpmc polls: trips::<u64>(1, Poll)),
    ]
    .map(|mut entries| {
        entries.extend(every!(@ trips::<u64>(1, Poll); TwoLines));
        entries
    });
    let threads = [
        every!(spsc threads: trips::<u64>(1, Block)),
        every!(mpsc threads: trips::<u64>(1, Block)),
        every!(mpmc threads: trips::<u64>(1, Block)),
    ];
    let tasks = [
        every!(spsc tasks: trips_of_tasks::<u64>(1)),
        every!(mpsc tasks: trips_of_tasks::<u64>(1)),
        every!(mpmc tasks: trips_of_tasks::<u64>(1)),
    ];
    flavours(shape, "ping-pong/poll", Kind::PingPong, polling)
        .chain(flavours(shape, "ping-pong/threads", Kind::PingPong, threads))
        .chain(flavours(shape, "ping-pong/tasks", Kind::PingPong, tasks))
        .map(|cell| cell.stretched(2))
        .collect()
}

fn rare() -> Vec<Cell> {
    let shape = pair(64);
    let [often, never] = [Duration::from_millis(1), Duration::from_secs(1)];
    let threads = |period| {
        [
            every!(spsc waits: waiting(period)),
            every!(mpsc waits: waiting(period)),
            every!(mpmc waits: waiting(period)),
        ]
    };
    let tasks = [
        every!(spsc tasks: waiting_task(often)),
        every!(mpsc tasks: waiting_task(often)),
        every!(mpmc tasks: waiting_task(often)),
    ];
    let trickles = flavours(shape, "trickle/threads", Kind::Trickle, threads(often))
        .chain(flavours(shape, "trickle/thread-task", Kind::Trickle, tasks))
        .map(|cell| cell.with_metric(Metric::MedianLatency).fixed(50, 15));
    let idle_task = every!(spsc tasks: waiting_task(never));
    let idle_task = Cell::new("spsc", shape, "idle/thread-task", Kind::Idle, idle_task);
    // One message, at the end of a second.
    let idle = flavours(shape, "idle/threads", Kind::Idle, threads(never))
        .chain([idle_task])
        .map(|cell| cell.with_metric(Metric::CpuPerSecond).fixed(1, 2));
    trickles.chain(idle).collect()
}

fn drops() -> Vec<Cell> {
    let shape = pair(64);
    let cell =
        |flavour, shape, all| Cell::new(flavour, shape, "drop-oldest/8B", Kind::DropOldest, all);
    let four = Shape { producers: 4, ..shape };
    let mut spsc = every!(@ dropping_one::<u64>(shape); SpscEvict);
    spsc.extend(every!(@ dropping::<u64>(shape); Array, AsyncChannel));
    vec![
        cell("spsc", shape, spsc).quick_if(true),
        cell("mpsc", four, every!(@ dropping::<u64>(four); MpscEvict, Array, AsyncChannel)),
        cell("mpmc", four, every!(@ dropping::<u64>(four); MpmcEvict, Array, AsyncChannel)),
    ]
}

fn channels() -> Vec<Cell> {
    let mut cells = Vec::new();
    for capacity in [64, 1024] {
        let shape = pair(capacity);
        let created = [
            every!(spsc polls: creation::<u64>(capacity)),
            every!(mpsc polls: creation::<u64>(capacity)),
            every!(mpmc polls: creation::<u64>(capacity)),
        ];
        let quick = |cell: Cell| {
            let quick = cell.quick && capacity == 64;
            cell.quick_if(quick)
        };
        cells.extend(flavours(shape, "create/8B", Kind::Creation, created).map(quick));
        let held = [
            every!(spsc polls: memory::<u64>(capacity)),
            every!(mpsc polls: memory::<u64>(capacity)),
            every!(mpmc polls: memory::<u64>(capacity)),
        ];
        let held = flavours(shape, "memory/8B", Kind::Memory, held).map(quick);
        // The same each time.
        cells.extend(held.map(|cell| cell.with_metric(Metric::Bytes).fixed(1, 1)));
    }
    cells
}
