//! What is measured. Threads are made, and channels too, before the clocks start.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::contestants::{Contestant, Message};
use crate::modes::Mode;

/// One run of a workload.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// From the first worker's start to the last one's end.
    pub wall: Duration,
    /// Processor time of all workers; `None` where the system does not tell.
    pub cpu: Option<Duration>,
}

/// How many threads send and receive, through what.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Sending threads.
    pub producers: usize,
    /// Receiving threads.
    pub consumers: usize,
    /// Of the channel.
    pub capacity: usize,
}

/// One thread fills the channel and empties it again: what the operations cost without contention.
pub fn solo<C: Contestant, M: Mode<C>, T: Message>(shape: Shape, messages: u64) -> Sample {
    let (mut tx, mut rx) = C::bounded::<T>(shape.capacity);
    race(vec![Box::new(move || {
        let mut left = messages;
        while left > 0 {
            let lap = left.min(shape.capacity as u64);
            M::send(&mut tx, lap);
            assert_eq!(M::recv(&mut rx, lap), lap);
            left -= lap;
        }
    })])
}

/// One message there, one back, through two channels: a round trip counts as one message.
pub fn ping_pong<C: Contestant, M: Mode<C>, T: Message>(shape: Shape, trips: u64) -> Sample {
    let (mut there, mut from_here) = C::bounded::<T>(shape.capacity);
    let (mut back, mut from_there) = C::bounded::<T>(shape.capacity);
    race(vec![
        Box::new(move || {
            for _ in 0..trips {
                M::send(&mut there, 1);
                assert_eq!(M::recv(&mut from_there, 1), 1);
            }
        }),
        Box::new(move || {
            for _ in 0..trips {
                assert_eq!(M::recv(&mut from_here, 1), 1);
                M::send(&mut back, 1);
            }
        }),
    ])
}

/// Producers send `messages` between them; consumers receive until they have all, or the channel is
/// closed. The handles are those the caller cloned.
pub fn stream<C: Contestant, M: Mode<C>, T: Message>(
    senders: Vec<C::Tx<T>>,
    receivers: Vec<C::Rx<T>>,
    messages: u64,
) -> Sample {
    let producers = senders.len() as u64;
    let mut workers: Vec<Worker> = Vec::new();
    for (i, mut tx) in (0..).zip(senders) {
        let share = messages / producers + u64::from(i < messages % producers);
        workers.push(Box::new(move || M::send(&mut tx, share)));
    }
    for mut rx in receivers {
        workers.push(Box::new(move || _ = M::recv(&mut rx, messages)));
    }
    race(workers)
}

type Worker<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Runs the workers at once, each on a thread of its own, which are dealt out to the processors in
/// turn: left to itself the scheduler now and then puts two that talk on one processor, and everything
/// else drowns in that.
fn race(workers: Vec<Worker<'_>>) -> Sample {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let line = StartingLine { present: AtomicUsize::new(0), all: workers.len() };
    let line = &line;
    let laps: Vec<Lap> = thread::scope(|threads| {
        let running: Vec<_> = workers
            .into_iter()
            .enumerate()
            .map(|(i, worker)| {
                let core = (!cores.is_empty()).then(|| cores[i % cores.len()]);
                threads.spawn(move || {
                    core.map(core_affinity::set_for_current);
                    line.run(worker)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().expect("a worker panicked")).collect()
    });
    let start = laps.iter().map(|lap| lap.start).min();
    let end = laps.iter().map(|lap| lap.end).max();
    Sample {
        wall: end.zip(start).map_or(Duration::ZERO, |(end, start)| end - start),
        cpu: laps.iter().map(|lap| lap.cpu).sum(),
    }
}

struct Lap {
    start: Instant,
    end: Instant,
    cpu: Option<Duration>,
}

struct StartingLine {
    present: AtomicUsize,
    all: usize,
}

impl StartingLine {
    fn run(&self, worker: Worker<'_>) -> Lap {
        self.present.fetch_add(1, Ordering::Relaxed);
        while self.present.load(Ordering::Relaxed) < self.all {
            thread::yield_now();
        }
        let cpu_before = cpu_of_this_thread();
        let start = Instant::now();
        worker();
        let end = Instant::now();
        let cpu = cpu_of_this_thread().zip(cpu_before).map(|(after, before)| after - before);
        Lap { start, end, cpu }
    }
}

/// Linux tells in nanoseconds, as of the last look of the scheduler, which a yield makes be now.
fn cpu_of_this_thread() -> Option<Duration> {
    thread::yield_now();
    let line = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    line.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}
