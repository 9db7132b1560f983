//! The comparison's lines.

mod entry;
mod field;
mod other;
mod streams;

use crate::race::Sample;
use crate::workloads::Shape;

/// Runs a workload with so many messages.
pub type Run = Box<dyn Fn(u64) -> Sample>;

/// How a contestant counts in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one of ours that the cell is about.
    Ours,
    /// Ours in another mode, or one by one beside batches.
    Variant,
    /// Somebody else's channel.
    Other,
    /// No channel at all: what cannot be beaten.
    Floor,
}

/// Somebody in a cell.
pub struct Entry {
    /// What the tables call it.
    pub name: String,
    /// How it counts.
    pub role: Role,
    /// Does it.
    pub run: Run,
}

/// What cells have in common, for means and charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `try_send` and `try_recv`.
    Polling,
    /// Blocking threads.
    Threads,
    /// Tasks on two workers of tokio.
    Tasks,
    /// From threads to tasks.
    ThreadToTask,
    /// From tasks to threads.
    TaskToThread,
    /// Several messages at a time.
    Batches,
    /// Larger messages.
    Payloads,
    /// One thread alone.
    Solo,
    /// There and back.
    PingPong,
    /// Rare messages.
    Trickle,
    /// None at all, for a second.
    Idle,
    /// Many more threads than processors.
    Oversubscribed,
    /// Everything on one processor.
    OneCpu,
    /// Senders that never wait.
    DropOldest,
    /// Channels that come and go.
    Creation,
    /// What a channel allocates.
    Memory,
}

impl Kind {
    /// In order.
    pub const ALL: [Self; 16] = [
        Self::Polling,
        Self::Threads,
        Self::Tasks,
        Self::ThreadToTask,
        Self::TaskToThread,
        Self::Batches,
        Self::Payloads,
        Self::Solo,
        Self::PingPong,
        Self::Trickle,
        Self::Idle,
        Self::Oversubscribed,
        Self::OneCpu,
        Self::DropOldest,
        Self::Creation,
        Self::Memory,
    ];

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Threads => "blocking threads",
            Self::Tasks => "tasks",
            Self::ThreadToTask => "thread to task",
            Self::TaskToThread => "task to thread",
            Self::Batches => "batches",
            Self::Payloads => "larger messages",
            Self::Solo => "uncontended",
            Self::PingPong => "ping-pong",
            Self::Trickle => "trickle",
            Self::Idle => "idle",
            Self::Oversubscribed => "oversubscribed",
            Self::OneCpu => "one processor",
            Self::DropOldest => "drop oldest",
            Self::Creation => "creation",
            Self::Memory => "memory",
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Wall time for one message.
    Nanos,
    /// The median of single messages.
    MedianLatency,
    /// Processor time for one second of waiting.
    CpuPerSecond,
    /// Of one channel.
    Bytes,
}

impl Metric {
    /// What the figure counts.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Nanos => "ns per message",
            Self::MedianLatency => "ns, median",
            Self::CpuPerSecond => "us of processor time per second",
            Self::Bytes => "bytes",
        }
    }

    /// The figure of one sample.
    #[must_use]
    pub fn of(self, sample: &Sample, messages: u64) -> f64 {
        match self {
            Self::Nanos => sample.wall.as_nanos() as f64 / messages as f64,
            Self::MedianLatency => {
                sample.latency.as_ref().and_then(|all| all.quantile(0.5)).unwrap_or(f64::NAN)
            }
            Self::CpuPerSecond => sample.cpu.as_micros() as f64 / sample.wall.as_secs_f64(),
            Self::Bytes => sample.bytes.map_or(f64::NAN, |bytes| bytes as f64),
        }
    }
}

/// One workload with everybody who can do it.
pub struct Cell {
    /// Such as `mpsc/4x1/64/threads/8B`.
    pub name: String,
    /// What it has in common with others.
    pub kind: Kind,
    /// What is compared.
    pub metric: Metric,
    /// How often each runs, if that is not left to the caller.
    pub rounds: Option<usize>,
    /// How many messages a sample has, if that is not to be found out.
    pub messages: Option<u64>,
    /// How much longer than usual a sample should last.
    pub stretch: u32,
    /// Whether it belongs to the short version.
    pub quick: bool,
    /// Who runs.
    pub contestants: Vec<Entry>,
}

impl Cell {
    /// A cell as most are.
    fn new(flavour: &str, shape: Shape, what: &str, kind: Kind, contestants: Vec<Entry>) -> Self {
        let Shape { producers, consumers, capacity } = shape;
        Self {
            name: format!("{flavour}/{producers}x{consumers}/{capacity}/{what}"),
            kind,
            metric: Metric::Nanos,
            rounds: None,
            messages: None,
            stretch: 1,
            quick: false,
            contestants,
        }
    }

    /// Takes it into the short version, on this condition.
    fn quick_if(self, quick: bool) -> Self {
        Self { quick, ..self }
    }

    fn with_metric(self, metric: Metric) -> Self {
        Self { metric, ..self }
    }

    /// Always so many messages, in so many rounds.
    fn fixed(self, messages: u64, rounds: usize) -> Self {
        Self { messages: Some(messages), rounds: Some(rounds), ..self }
    }

    fn stretched(self, stretch: u32) -> Self {
        Self { stretch, ..self }
    }

    /// The same on one processor, where whoever starts it must have confined the process.
    fn on_one_cpu(self) -> Self {
        Self { name: format!("{}/one-cpu", self.name), kind: Kind::OneCpu, ..self }
    }
}

/// The name of our own channels.
pub const OURS: &str = "backpressure";

/// All cells.
#[must_use]
pub fn all() -> Vec<Cell> {
    let mut cells = streams::cells();
    cells.extend(other::cells());
    cells
}
