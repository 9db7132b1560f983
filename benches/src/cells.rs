//! The comparison's lines.

use std::thread;
use std::time::Duration;

use crate::contestants::{
    Contestant, Crossbeam, ManyReceivers, ManySenders, Message, Mpmc, MpmcAck, MpmcPull, Mpsc,
    MpscAck, MpscPull, Rtrb, Spsc, SpscAck, SpscPull, Std,
};
use crate::modes::{Await, Block, BlockBatches, Mode, Poll, PollBatches};
use crate::workloads::{Sample, Shape, ping_pong, solo, stream};

/// Runs a workload with so many messages.
pub type Run = Box<dyn Fn(u64) -> Sample>;

/// One workload with everybody who can do it.
pub struct Cell {
    /// Such as `mpsc/4x1/64/block/u64`.
    pub name: String,
    /// Who runs, by name; the first is ours.
    pub contestants: Vec<(&'static str, Run)>,
}

/// The contestant that the others are compared with.
pub const BASE: &str = Crossbeam::NAME;
/// Ours in batches, beside the others one by one.
pub const BATCHES: &str = "backpressure, batches";
/// Ours as tasks, beside the others as threads.
pub const ASYNC: &str = "backpressure, async";

const CAPACITIES: [usize; 4] = [1, 16, 64, 1024];

fn named<C: Contestant>(run: impl Fn(u64) -> Sample + 'static) -> (&'static str, Run) {
    (C::NAME, Box::new(run))
}

/// One sender, one receiver.
fn one<C: Contestant, M: Mode<C>, T: Message>(shape: Shape) -> (&'static str, Run) {
    named::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        stream::<C, M, T>(vec![tx], vec![rx], messages)
    })
}

fn senders<C: ManySenders, T: Message>(tx: C::Tx<T>, n: usize) -> Vec<C::Tx<T>> {
    let mut all: Vec<_> = (1..n).map(|_| C::another_tx(&tx)).collect();
    all.push(tx);
    all
}

/// Several senders, one receiver.
fn to_one<C: ManySenders, M: Mode<C>, T: Message>(shape: Shape) -> (&'static str, Run) {
    named::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        stream::<C, M, T>(senders::<C, T>(tx, shape.producers), vec![rx], messages)
    })
}

/// Several on both sides.
fn to_many<C, M, T>(shape: Shape) -> (&'static str, Run)
where
    C: ManySenders + ManyReceivers,
    M: Mode<C>,
    T: Message,
{
    named::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        let mut receivers: Vec<_> = (1..shape.consumers).map(|_| C::another_rx(&rx)).collect();
        receivers.push(rx);
        stream::<C, M, T>(senders::<C, T>(tx, shape.producers), receivers, messages)
    })
}

fn alone<C: Contestant, M: Mode<C>, T: Message>(shape: Shape) -> (&'static str, Run) {
    named::<C>(move |messages| solo::<C, M, T>(shape, messages))
}

fn trips<C: Contestant, M: Mode<C>, T: Message>(shape: Shape) -> (&'static str, Run) {
    named::<C>(move |messages| ping_pong::<C, M, T>(shape, messages))
}

fn batched((_, run): (&'static str, Run)) -> (&'static str, Run) {
    (BATCHES, run)
}

fn awaited((_, run): (&'static str, Run)) -> (&'static str, Run) {
    (ASYNC, run)
}

fn cell(flavour: &str, what: &str, shape: Shape, contestants: Vec<(&'static str, Run)>) -> Cell {
    let Shape { producers, consumers, capacity } = shape;
    Cell { name: format!("{flavour}/{producers}x{consumers}/{capacity}/{what}"), contestants }
}

/// With more threads than processors, polling measures how soon the pollers give way.
fn can_poll(shape: Shape) -> bool {
    thread::available_parallelism().is_ok_and(|n| shape.producers + shape.consumers <= n.get())
}

/// One sender, one receiver, on the flavour made for that.
#[must_use]
pub fn spsc() -> Vec<Cell> {
    let shape = |capacity| Shape { producers: 1, consumers: 1, capacity };
    let mut cells = vec![
        cell(
            "spsc",
            "solo/u64",
            shape(64),
            vec![
                alone::<Spsc, Poll, u64>(shape(64)),
                alone::<Crossbeam, Poll, u64>(shape(64)),
                alone::<SpscAck, Poll, u64>(shape(64)),
                alone::<SpscPull, Poll, u64>(shape(64)),
                alone::<Std, Poll, u64>(shape(64)),
                alone::<Rtrb, Poll, u64>(shape(64)),
            ],
        ),
        cell(
            "spsc",
            "ping-pong/u64",
            shape(1),
            vec![
                trips::<Spsc, Block, u64>(shape(1)),
                trips::<Crossbeam, Block, u64>(shape(1)),
                trips::<Std, Block, u64>(shape(1)),
            ],
        ),
        cell(
            "spsc",
            "block/256B",
            shape(64),
            vec![
                one::<Spsc, Block, [u64; 32]>(shape(64)),
                one::<Crossbeam, Block, [u64; 32]>(shape(64)),
                one::<Std, Block, [u64; 32]>(shape(64)),
            ],
        ),
    ];
    for shape in CAPACITIES.map(shape) {
        cells.push(cell(
            "spsc",
            "poll/u64",
            shape,
            vec![
                one::<Spsc, Poll, u64>(shape),
                one::<Crossbeam, Poll, u64>(shape),
                one::<Std, Poll, u64>(shape),
                one::<Rtrb, Poll, u64>(shape),
                batched(one::<Spsc, PollBatches, u64>(shape)),
            ],
        ));
        cells.push(cell(
            "spsc",
            "block/u64",
            shape,
            vec![
                one::<Spsc, Block, u64>(shape),
                one::<Crossbeam, Block, u64>(shape),
                one::<Std, Block, u64>(shape),
                batched(one::<Spsc, BlockBatches, u64>(shape)),
                awaited(one::<Spsc, Await, u64>(shape)),
                one::<SpscAck, Block, u64>(shape),
                one::<SpscPull, Block, u64>(shape),
            ],
        ));
    }
    cells
}

/// Several senders, one receiver.
#[must_use]
pub fn mpsc() -> Vec<Cell> {
    let shape = |producers, capacity| Shape { producers, consumers: 1, capacity };
    let mut cells = vec![
        cell(
            "mpsc",
            "solo/u64",
            shape(1, 64),
            vec![
                alone::<Mpsc, Poll, u64>(shape(1, 64)),
                alone::<Crossbeam, Poll, u64>(shape(1, 64)),
                alone::<MpscAck, Poll, u64>(shape(1, 64)),
                alone::<MpscPull, Poll, u64>(shape(1, 64)),
                alone::<Std, Poll, u64>(shape(1, 64)),
            ],
        ),
        cell(
            "mpsc",
            "ping-pong/u64",
            shape(1, 1),
            vec![
                trips::<Mpsc, Block, u64>(shape(1, 1)),
                trips::<Crossbeam, Block, u64>(shape(1, 1)),
                trips::<Std, Block, u64>(shape(1, 1)),
            ],
        ),
        cell(
            "mpsc",
            "block/256B",
            shape(4, 64),
            vec![
                to_one::<Mpsc, Block, [u64; 32]>(shape(4, 64)),
                to_one::<Crossbeam, Block, [u64; 32]>(shape(4, 64)),
                to_one::<Std, Block, [u64; 32]>(shape(4, 64)),
            ],
        ),
    ];
    for producers in [1, 2, 4] {
        for capacity in CAPACITIES {
            let shape = Shape { producers, consumers: 1, capacity };
            if can_poll(shape) {
                cells.push(cell(
                    "mpsc",
                    "poll/u64",
                    shape,
                    vec![
                        to_one::<Mpsc, Poll, u64>(shape),
                        to_one::<Crossbeam, Poll, u64>(shape),
                        to_one::<Std, Poll, u64>(shape),
                    ],
                ));
            }
            cells.push(cell(
                "mpsc",
                "block/u64",
                shape,
                vec![
                    to_one::<Mpsc, Block, u64>(shape),
                    to_one::<Crossbeam, Block, u64>(shape),
                    to_one::<Std, Block, u64>(shape),
                    batched(to_one::<Mpsc, BlockBatches, u64>(shape)),
                    awaited(to_one::<Mpsc, Await, u64>(shape)),
                    to_one::<MpscAck, Block, u64>(shape),
                    to_one::<MpscPull, Block, u64>(shape),
                ],
            ));
        }
    }
    cells
}

/// Several on both sides.
#[must_use]
pub fn mpmc() -> Vec<Cell> {
    let shape = |threads, capacity| Shape { producers: threads, consumers: threads, capacity };
    let mut cells = vec![
        cell(
            "mpmc",
            "solo/u64",
            shape(1, 64),
            vec![
                alone::<Mpmc, Poll, u64>(shape(1, 64)),
                alone::<Crossbeam, Poll, u64>(shape(1, 64)),
                alone::<MpmcAck, Poll, u64>(shape(1, 64)),
                alone::<MpmcPull, Poll, u64>(shape(1, 64)),
            ],
        ),
        cell(
            "mpmc",
            "ping-pong/u64",
            shape(1, 1),
            vec![
                trips::<Mpmc, Block, u64>(shape(1, 1)),
                trips::<Crossbeam, Block, u64>(shape(1, 1)),
            ],
        ),
        cell(
            "mpmc",
            "block/256B",
            shape(4, 64),
            vec![
                to_many::<Mpmc, Block, [u64; 32]>(shape(4, 64)),
                to_many::<Crossbeam, Block, [u64; 32]>(shape(4, 64)),
            ],
        ),
    ];
    for (producers, consumers) in [(1, 1), (1, 4), (2, 2), (4, 4)] {
        for capacity in CAPACITIES {
            let shape = Shape { producers, consumers, capacity };
            if can_poll(shape) {
                cells.push(cell(
                    "mpmc",
                    "poll/u64",
                    shape,
                    vec![to_many::<Mpmc, Poll, u64>(shape), to_many::<Crossbeam, Poll, u64>(shape)],
                ));
            }
            cells.push(cell(
                "mpmc",
                "block/u64",
                shape,
                vec![
                    to_many::<Mpmc, Block, u64>(shape),
                    to_many::<Crossbeam, Block, u64>(shape),
                    batched(to_many::<Mpmc, BlockBatches, u64>(shape)),
                    awaited(to_many::<Mpmc, Await, u64>(shape)),
                    to_many::<MpmcAck, Block, u64>(shape),
                    to_many::<MpmcPull, Block, u64>(shape),
                ],
            ));
        }
    }
    cells
}

/// How many messages take this long, about; a warm-up as well.
#[must_use]
pub fn calibrate(run: &Run, goal: Duration) -> u64 {
    let mut messages = 64;
    loop {
        let wall = run(messages).wall;
        if wall >= goal / 4 || messages >= 1 << 24 {
            let times = goal.as_secs_f64() / wall.as_secs_f64();
            return ((messages as f64 * times) as u64).max(64);
        }
        messages *= 2;
    }
}
