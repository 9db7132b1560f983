//! Runs workers at once, and says how long that took and what it cost.
//!
//! Threads are made, and put on their processors, before the clocks start, and so is the runtime of the
//! tasks; tasks are spawned after.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::{ProcessTime, ThreadTime};
use tokio::runtime::{Builder, Runtime};

use crate::histogram::Histogram;

/// One run of a workload.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// From the first worker's start to the last one's end.
    pub wall: Duration,
    /// Processor time of all workers that count.
    pub cpu: Duration,
    /// How long single messages took, if that was asked for.
    pub latency: Option<Histogram>,
    /// What one channel allocated, if that was asked for.
    pub bytes: Option<u64>,
}

/// What one worker does.
pub struct Work {
    how: How,
    counts: bool,
}

enum How {
    Thread(Box<dyn FnOnce() + Send>),
    Task(Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Work {
    /// On a thread of its own.
    pub fn thread(work: impl FnOnce() + Send + 'static) -> Self {
        Self { how: How::Thread(Box::new(work)), counts: true }
    }

    /// As a task on the two workers of tokio's runtime.
    pub fn task(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { how: How::Task(Box::pin(work)), counts: true }
    }

    /// It is no part of what is measured: its processor time is left out.
    #[must_use]
    pub fn uncounted(self) -> Self {
        Self { counts: false, ..self }
    }
}

/// Made once, by the first sample that has tasks, in its warm-up.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).build().expect("a runtime can be made")
});

/// Tasks end where they can be waited for; then their threads need a moment to fall asleep, before which
/// the system has not added up their time.
const FALL_ASLEEP: Duration = Duration::from_micros(200);

/// Runs the workers at once. Threads are dealt out to the processors in turn: left to itself the scheduler
/// now and then puts two that talk on one processor, and everything else drowns in that. Tasks go where
/// their runtime puts them.
///
/// # Panics
/// If a worker does.
#[must_use]
pub fn race(workers: Vec<Work>) -> Sample {
    let (mut threads, mut tasks) = (Vec::new(), Vec::new());
    for Work { how, counts } in workers {
        match how {
            How::Thread(work) => threads.push((work, counts)),
            How::Task(work) => tasks.push(work),
        }
    }
    let runtime = (!tasks.is_empty()).then(|| &*RUNTIME);
    let line = StartingLine::new(threads.len());
    let (tell, laps) = mpsc::channel();
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let running: Vec<_> = threads
        .into_iter()
        .enumerate()
        .map(|(i, (work, counts))| {
            let core = (!cores.is_empty()).then(|| cores[i % cores.len()]);
            let (line, tell) = (line.clone(), tell.clone());
            thread::spawn(move || {
                core.map(core_affinity::set_for_current);
                // Nobody is there to be told if the main thread has panicked.
                _ = tell.send(line.run(work, counts));
                line.end.wait();
            })
        })
        .collect();
    drop(tell);
    line.wait_for_all();
    let (before, start) = (ProcessTime::now(), Instant::now());
    line.go.store(true, Ordering::Release);
    let tasks: Vec<_> = runtime
        .into_iter()
        .flat_map(|runtime| {
            let spawn = |task| {
                runtime.spawn(async move {
                    task.await;
                    Instant::now()
                })
            };
            tasks.drain(..).map(spawn).collect::<Vec<_>>()
        })
        .collect();
    let laps: Vec<Lap> = running.iter().map(|_| laps.recv().expect("a worker ends")).collect();
    let ends = tasks.into_iter().map(|task| {
        let runtime = runtime.expect("tasks have a runtime");
        runtime.block_on(task).expect("a task ends")
    });
    let end = ends.chain(laps.iter().map(|lap| lap.end)).max().unwrap_or(start);
    let cpu = |counts| laps.iter().filter(|lap| lap.counts == counts).map(|lap| lap.cpu).sum();
    let (start, cpu) = if runtime.is_some() {
        thread::sleep(FALL_ASLEEP);
        (start, before.elapsed().saturating_sub(cpu(false)))
    } else {
        (laps.iter().map(|lap| lap.start).min().unwrap_or(start), cpu(true))
    };
    line.end.wait();
    running.into_iter().for_each(|thread| thread.join().expect("a worker panicked"));
    Sample { wall: end.saturating_duration_since(start), cpu, ..Sample::default() }
}

struct Lap {
    start: Instant,
    end: Instant,
    cpu: Duration,
    counts: bool,
}

struct StartingLine {
    present: AtomicUsize,
    all: usize,
    go: AtomicBool,
    /// Nobody leaves before the clocks are read, since leaving takes time as well.
    end: Barrier,
}

impl StartingLine {
    fn new(all: usize) -> Arc<Self> {
        let (present, go) = (AtomicUsize::new(0), AtomicBool::new(false));
        Arc::new(Self { present, all, go, end: Barrier::new(all + 1) })
    }

    fn wait_for_all(&self) {
        while self.present.load(Ordering::Relaxed) < self.all {
            thread::yield_now();
        }
    }

    fn run(&self, work: Box<dyn FnOnce() + Send>, counts: bool) -> Lap {
        self.present.fetch_add(1, Ordering::Relaxed);
        while !self.go.load(Ordering::Acquire) {
            thread::yield_now();
        }
        let (before, start) = (ThreadTime::now(), Instant::now());
        work();
        let end = Instant::now();
        Lap { start, end, cpu: before.elapsed(), counts }
    }
}
