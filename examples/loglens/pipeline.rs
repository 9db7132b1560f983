//! The three stages and the two channels between them.

use std::io::{self, BufRead};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use backpressure::flavour::{Kind, Many, ManyReceivers};
use backpressure::{DropNewest, DropOldest, Offered, Receiver, mpmc, mpsc};

use crate::report::{Entry, Report};

/// What the reader does when the parsers are behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Block,
    Async,
    DropOldest,
    DropNewest,
}

impl Mode {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "block" => Self::Block,
            "async" => Self::Async,
            "drop-oldest" => Self::DropOldest,
            "drop-newest" => Self::DropNewest,
            _ => return None,
        })
    }

    /// Whether lines may be missing from the result.
    pub(crate) fn drops(self) -> bool {
        matches!(self, Self::DropOldest | Self::DropNewest)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) capacity: usize,
    pub(crate) parsers: usize,
    /// How long a parser sleeps over each line.
    pub(crate) slow: Duration,
    /// Whether to show progress on standard error.
    pub(crate) progress: bool,
}

#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) report: Report,
    pub(crate) read: u64,
    pub(crate) bytes_read: u64,
    pub(crate) parsed: u64,
    pub(crate) counted: u64,
    pub(crate) dropped: u64,
    pub(crate) peak_lines: usize,
    pub(crate) peak_entries: usize,
    pub(crate) elapsed: Duration,
}

struct Line {
    number: u64,
    text: Vec<u8>,
}

type Lines<M> = Receiver<Line, Kind<Many, Many, M>>;

/// What the stages count while they run.
#[derive(Default)]
struct Flow {
    read: AtomicU64,
    bytes_read: AtomicU64,
    parsed: AtomicU64,
    dropped: AtomicU64,
    peak_lines: AtomicUsize,
    peak_entries: AtomicUsize,
}

/// Runs the pipeline until the input ends and everything is counted.
pub(crate) fn run(input: Box<dyn BufRead + Send + '_>, settings: &Settings) -> io::Result<Outcome> {
    let flow = Flow::default();
    let began = Instant::now();
    let (read, report) = thread::scope(|threads| {
        let (flow, capacity) = (&flow, settings.capacity);
        let unmakeable = |error| io::Error::other(format!("no channel of {capacity}: {error}"));
        if settings.mode == Mode::DropOldest {
            // Senders that evict need a channel that lets them.
            let (tx, rx) =
                mpmc::builder().capacity(capacity).evicting().build().map_err(unmakeable)?;
            let counting = parse_and_count(threads, rx, settings, flow).map_err(unmakeable)?;
            let read = read_lines(input, flow, |line| {
                let offered = tx.offer(line, DropOldest);
                flow.lines_wait(tx.len());
                flow.note_drop(offered)
            });
            drop(tx);
            return Ok::<_, io::Error>((read, finish(counting)));
        }
        let (tx, rx) = mpmc::builder().capacity(capacity).build().map_err(unmakeable)?;
        let counting = parse_and_count(threads, rx, settings, flow).map_err(unmakeable)?;
        let read = read_lines(input, flow, |line| {
            let going = match settings.mode {
                Mode::DropNewest => flow.note_drop(tx.offer(line, DropNewest)),
                Mode::Async => pollster::block_on(tx.send_async(line)).is_ok(),
                _ => tx.send(line).is_ok(),
            };
            flow.lines_wait(tx.len());
            going
        });
        // The parsers end when the last sender is gone and the channel is empty, and so on down.
        drop(tx);
        Ok((read, finish(counting)))
    })?;
    read?;
    let (report, counted) = report;
    Ok(Outcome {
        report,
        counted,
        read: flow.read.into_inner(),
        bytes_read: flow.bytes_read.into_inner(),
        parsed: flow.parsed.into_inner(),
        dropped: flow.dropped.into_inner(),
        peak_lines: flow.peak_lines.into_inner(),
        peak_entries: flow.peak_entries.into_inner(),
        elapsed: began.elapsed(),
    })
}

/// Stage one: hands each line to `send`, which says whether to go on.
fn read_lines(
    mut input: Box<dyn BufRead + Send + '_>,
    flow: &Flow,
    mut send: impl FnMut(Line) -> bool,
) -> io::Result<()> {
    for number in 1.. {
        let mut text = Vec::new();
        let length = input.read_until(b'\n', &mut text)?;
        if length == 0 {
            break;
        }
        flow.read.fetch_add(1, Ordering::Relaxed);
        flow.bytes_read.fetch_add(length as u64, Ordering::Relaxed);
        if !send(Line { number, text }) {
            break;
        }
    }
    Ok(())
}

/// Stages two and three, waiting as threads or as tasks.
fn parse_and_count<'scope, M>(
    threads: &'scope Scope<'scope, '_>,
    lines: Lines<M>,
    settings: &'scope Settings,
    flow: &'scope Flow,
) -> Result<ScopedJoinHandle<'scope, (Report, u64)>, backpressure::BuildError>
where
    Kind<Many, Many, M>: ManyReceivers<Item<Line> = Line>,
{
    let (entries, mut parsed) = mpsc::builder().capacity(settings.capacity).build()?;
    for _ in 0..settings.parsers {
        let (lines, entries) = (lines.clone(), entries.clone());
        threads.spawn(move || {
            if settings.mode == Mode::Async {
                pollster::block_on(async {
                    while let Ok(line) = lines.recv_async().await {
                        let entry = parse(line, settings, flow);
                        if entries.send_async(entry).await.is_err() {
                            break;
                        }
                        flow.entries_wait(entries.len());
                    }
                });
            } else {
                for line in &lines {
                    if entries.send(parse(line, settings, flow)).is_err() {
                        break;
                    }
                    flow.entries_wait(entries.len());
                }
            }
        });
    }
    Ok(threads.spawn(move || {
        let mut counter = Counter::new(settings.progress, flow);
        if settings.mode == Mode::Async {
            pollster::block_on(async {
                while let Ok(entry) = parsed.recv_async().await {
                    counter.count(entry);
                }
            });
        } else {
            parsed.iter().for_each(|entry| counter.count(entry));
        }
        counter.end()
    }))
}

fn parse(line: Line, settings: &Settings, flow: &Flow) -> Entry {
    if !settings.slow.is_zero() {
        thread::sleep(settings.slow);
    }
    flow.parsed.fetch_add(1, Ordering::Relaxed);
    Entry::parse(line.number, &line.text)
}

fn finish(counting: ScopedJoinHandle<'_, (Report, u64)>) -> (Report, u64) {
    counting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Stage three: the report, and the progress display.
struct Counter<'a> {
    report: Report,
    counted: u64,
    flow: &'a Flow,
    /// When to show progress next; `None` for never.
    show_at: Option<Instant>,
    shown: bool,
}

impl<'a> Counter<'a> {
    fn new(progress: bool, flow: &'a Flow) -> Self {
        let show_at = progress.then(|| Instant::now() + Duration::from_millis(500));
        Self { report: Report::default(), counted: 0, flow, show_at, shown: false }
    }

    fn count(&mut self, entry: Entry) {
        self.report.add(entry);
        self.counted += 1;
        if self.counted & 63 == 0 && self.show_at.is_some_and(|at| Instant::now() >= at) {
            self.show_at = Some(Instant::now() + Duration::from_millis(100));
            self.shown = true;
            let read = self.flow.read.load(Ordering::Relaxed);
            let dropped = self.flow.dropped.load(Ordering::Relaxed);
            eprint!("\r{read} read, {} counted, {dropped} dropped", self.counted);
        }
    }

    fn end(self) -> (Report, u64) {
        if self.shown {
            eprintln!();
        }
        (self.report, self.counted)
    }
}

impl Flow {
    fn lines_wait(&self, depth: usize) {
        self.peak_lines.fetch_max(depth, Ordering::Relaxed);
    }

    fn entries_wait(&self, depth: usize) {
        self.peak_entries.fetch_max(depth, Ordering::Relaxed);
    }

    /// Counts what an offer dropped; whether the channel is still open.
    fn note_drop<E>(&self, offered: Result<Offered<Line>, E>) -> bool {
        if matches!(offered, Ok(Offered::Evicted(_) | Offered::Rejected(_))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        offered.is_ok()
    }
}
