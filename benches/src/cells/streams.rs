//! Messages in a row: polling, blocking, as tasks, mixed; in batches; larger ones; too many threads; one
//! processor.

use super::entry::{array_copy, one, to_many, to_one};
use super::field::every;
use super::{Cell, Entry, Kind};
use crate::contestants::{Message, Words};
use crate::modes::{Await, AwaitMany, Block, BlockMany, Poll, PollMany};
use crate::workloads::Shape;

const CAPACITIES: [usize; 3] = [1, 64, 1024];

/// Each flavour with the usual numbers of senders and receivers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    Spsc,
    Mpsc,
    Mpmc,
}
use Flavour::{Mpmc, Mpsc, Spsc};

impl Flavour {
    const ALL: [Self; 3] = [Spsc, Mpsc, Mpmc];

    fn name(self) -> &'static str {
        match self {
            Spsc => "spsc",
            Mpsc => "mpsc",
            Mpmc => "mpmc",
        }
    }

    fn crowd(self, capacity: usize) -> Shape {
        let (producers, consumers) = match self {
            Spsc => (1, 1),
            Mpsc => (4, 1),
            Mpmc => (4, 4),
        };
        Shape { producers, consumers, capacity }
    }
}

fn pair(capacity: usize) -> Shape {
    Shape { producers: 1, consumers: 1, capacity }
}

fn threads<T: Message>(flavour: Flavour, shape: Shape) -> Vec<Entry> {
    match flavour {
        Spsc => every!(spsc threads: one::<T>(shape, Block, Block)),
        Mpsc => every!(mpsc threads: to_one::<T>(shape, Block, Block)),
        Mpmc => every!(mpmc threads: to_many::<T>(shape, Block, Block)),
    }
}

fn tasks<T: Message>(flavour: Flavour, shape: Shape) -> Vec<Entry> {
    match flavour {
        Spsc => every!(spsc tasks: one::<T>(shape, Await, Await)),
        Mpsc => every!(mpsc tasks: to_one::<T>(shape, Await, Await)),
        Mpmc => every!(mpmc tasks: to_many::<T>(shape, Await, Await)),
    }
}

fn thread_to_task(flavour: Flavour, shape: Shape) -> Vec<Entry> {
    match flavour {
        Spsc => every!(spsc mixed: one::<u64>(shape, Block, Await)),
        Mpsc => every!(mpsc mixed: to_one::<u64>(shape, Block, Await)),
        Mpmc => every!(mpmc mixed: to_many::<u64>(shape, Block, Await)),
    }
}

fn task_to_thread(flavour: Flavour, shape: Shape) -> Vec<Entry> {
    match flavour {
        Spsc => every!(spsc mixed: one::<u64>(shape, Await, Block)),
        Mpsc => every!(mpsc mixed: to_one::<u64>(shape, Await, Block)),
        Mpmc => every!(mpmc mixed: to_many::<u64>(shape, Await, Block)),
    }
}

fn polling<T: Message>(flavour: Flavour, shape: Shape) -> Vec<Entry> {
    let mut all = match flavour {
        Spsc => every!(spsc polls: one::<T>(shape, Poll, Poll)),
        Mpsc => every!(mpsc polls: to_one::<T>(shape, Poll, Poll)),
        Mpmc => every!(mpmc polls: to_many::<T>(shape, Poll, Poll)),
    };
    all.push(array_copy::<T>(shape.capacity));
    all
}

/// Those who have batches beside all others, who send and receive one by one.
fn beside(mut batched: Vec<Entry>, single: Vec<Entry>) -> Vec<Entry> {
    let has = |name: &str| batched.iter().any(|entry| entry.name.starts_with(name));
    let others = single.into_iter().filter(|entry| entry.name == super::OURS || !has(&entry.name));
    let others: Vec<_> = others.map(Entry::one_by_one).collect();
    batched.extend(others);
    batched
}

fn poll_batches(shape: Shape, n: usize) -> Vec<Entry> {
    let m = PollMany(n);
    let batched = every!(@ one::<u64>(shape, m, m); Spsc, Rtrb, Ringbuf, FibreSpsc);
    beside(batched, polling::<u64>(Spsc, shape))
}

fn thread_batches(flavour: Flavour, shape: Shape, n: usize) -> Vec<Entry> {
    let m = BlockMany(n);
    let batched = match flavour {
        Spsc => every!(@ one::<u64>(shape, m, m); Spsc, FibreSpsc),
        Mpsc => every!(@ to_one::<u64>(shape, m, m); Mpsc, FibreMpsc),
        Mpmc => every!(@ to_many::<u64>(shape, m, m); Mpmc, FibreMpmc),
    };
    beside(batched, threads::<u64>(flavour, shape))
}

fn task_batches(flavour: Flavour, shape: Shape, n: usize) -> Vec<Entry> {
    let m = AwaitMany(n);
    let half = |entries: Vec<Entry>| entries.into_iter().map(Entry::half);
    let mut batched = match flavour {
        Spsc => every!(@ one::<u64>(shape, m, m); Spsc, Tokio, FibreSpsc),
        Mpsc => every!(@ to_one::<u64>(shape, m, m); Mpsc, Tokio, FibreMpsc),
        Mpmc => every!(@ to_many::<u64>(shape, m, m); Mpmc, FibreMpmc),
    };
    match flavour {
        Spsc => batched.extend(half(every!(@ one::<u64>(shape, Await, m); RapidfireMpsc))),
        Mpsc => batched.extend(half(every!(@ to_one::<u64>(shape, Await, m); RapidfireMpsc))),
        Mpmc => {}
    }
    beside(batched, tasks::<u64>(flavour, shape))
}

/// All of them.
pub(super) fn cells() -> Vec<Cell> {
    let mut cells = polled();
    for flavour in Flavour::ALL {
        cells.extend(CAPACITIES.into_iter().flat_map(|capacity| crowds(flavour, capacity)));
        cells.extend(batches(flavour));
        cells.extend(payloads(flavour));
    }
    cells.extend(oversubscribed());
    cells.extend(one_cpu());
    cells
}

/// With more threads than two, polling on two processors measures how soon the pollers give way.
fn polled() -> Vec<Cell> {
    let mut cells = Vec::new();
    for flavour in Flavour::ALL {
        for capacity in CAPACITIES {
            let shape = pair(capacity);
            let all = polling::<u64>(flavour, shape);
            let cell = Cell::new(flavour.name(), shape, "poll/8B", Kind::Polling, all);
            cells.push(cell.quick_if(flavour == Spsc || capacity == 64));
        }
    }
    for n in [16, 256] {
        let (shape, what) = (pair(1024), format!("poll/8B/by-{n}"));
        let all = poll_batches(shape, n);
        cells.push(Cell::new("spsc", shape, &what, Kind::Batches, all).quick_if(true));
    }
    for (what, all) in [
        ("poll/64B", polling::<Words<8>>(Spsc, pair(1024))),
        ("poll/1024B", polling::<Words<128>>(Spsc, pair(1024))),
    ] {
        cells.push(Cell::new("spsc", pair(1024), what, Kind::Payloads, all));
    }
    cells
}

fn crowds(flavour: Flavour, capacity: usize) -> Vec<Cell> {
    let shape = flavour.crowd(capacity);
    let cell = |shape, what, kind, all| Cell::new(flavour.name(), shape, what, kind, all);
    let mut cells = vec![
        cell(shape, "threads/8B", Kind::Threads, threads::<u64>(flavour, shape)).quick_if(true),
        cell(shape, "tasks/8B", Kind::Tasks, tasks::<u64>(flavour, shape)).quick_if(true),
        cell(shape, "thread-task/8B", Kind::ThreadToTask, thread_to_task(flavour, shape))
            .quick_if(capacity == 64),
        cell(shape, "task-thread/8B", Kind::TaskToThread, task_to_thread(flavour, shape))
            .quick_if(capacity == 64 && flavour == Mpsc),
    ];
    if flavour != Spsc {
        let all = threads::<u64>(flavour, pair(capacity));
        cells.push(cell(pair(capacity), "threads/8B", Kind::Threads, all));
    }
    if flavour == Mpmc {
        for (producers, consumers) in [(1, 4), (2, 2)] {
            let shape = Shape { producers, consumers, capacity };
            let all = threads::<u64>(flavour, shape);
            cells.push(cell(shape, "threads/8B", Kind::Threads, all));
        }
    }
    cells
}

fn batches(flavour: Flavour) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (capacity, n) in [(64, 16), (1024, 16), (1024, 256)] {
        let shape = flavour.crowd(capacity);
        let cell = |how: &str, all| {
            let what = format!("{how}/8B/by-{n}");
            Cell::new(flavour.name(), shape, &what, Kind::Batches, all)
        };
        cells.push(cell("threads", thread_batches(flavour, shape, n)).quick_if(n == 256));
        cells.push(cell("tasks", task_batches(flavour, shape, n)));
    }
    cells
}

fn payloads(flavour: Flavour) -> Vec<Cell> {
    let mut cells = Vec::new();
    for capacity in [64, 1024] {
        let shape = flavour.crowd(capacity);
        let cell = |what, all| Cell::new(flavour.name(), shape, what, Kind::Payloads, all);
        cells.push(cell("threads/64B", threads::<Words<8>>(flavour, shape)));
        let large = cell("threads/1024B", threads::<Words<128>>(flavour, shape));
        cells.push(large.quick_if(capacity == 64));
    }
    let shape = flavour.crowd(64);
    let all = tasks::<Words<8>>(flavour, shape);
    cells.push(Cell::new(flavour.name(), shape, "tasks/64B", Kind::Payloads, all));
    cells
}

fn oversubscribed() -> Vec<Cell> {
    let mut cells = Vec::new();
    for capacity in CAPACITIES {
        let shape = Shape { producers: 16, consumers: 16, capacity };
        let all = threads::<u64>(Mpmc, shape);
        let cell = Cell::new("mpmc", shape, "threads/8B", Kind::Oversubscribed, all);
        cells.push(cell.quick_if(capacity == 64).stretched(2));
        let shape = Shape { consumers: 1, ..shape };
        let all = threads::<u64>(Mpsc, shape);
        cells.push(Cell::new("mpsc", shape, "threads/8B", Kind::Oversubscribed, all).stretched(2));
    }
    cells
}

fn one_cpu() -> Vec<Cell> {
    let mut cells = Vec::new();
    for flavour in Flavour::ALL {
        for capacity in CAPACITIES {
            let shape = flavour.crowd(capacity);
            let cell =
                |what, all| Cell::new(flavour.name(), shape, what, Kind::OneCpu, all).on_one_cpu();
            let blocking = cell("threads/8B", threads::<u64>(flavour, shape));
            cells.push(blocking.quick_if(capacity == 64));
            cells.push(cell("tasks/8B", tasks::<u64>(flavour, shape)));
        }
    }
    cells
}
