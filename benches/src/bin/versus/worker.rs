//! The process in which samples run.
//!
//! It reads requests from its input, one a line, and answers each with one line. A contestant that hangs or
//! crashes takes this process along, not the comparison: whoever waits for the answer starts another one.

use std::io::{self, BufRead as _, Write as _};
use std::time::{Duration, Instant};
use std::{panic, process};

use backpressure_benches::cells::{Cell, Metric};
use backpressure_benches::histogram::Histogram;

use crate::regime::round_trip;

/// What runs: a contestant of a cell, by their places in the lists, and how many messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) cell: usize,
    pub(crate) contestant: usize,
    pub(crate) messages: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) wall: Duration,
    /// In the cell's unit.
    pub(crate) value: f64,
    /// Nanoseconds of processor time for a message.
    pub(crate) cpu: f64,
    /// Of the core-to-core round trip, if there is more than one core.
    pub(crate) before: Option<Duration>,
    pub(crate) after: Option<Duration>,
    pub(crate) latency: Option<Histogram>,
}

impl Request {
    pub(crate) fn to_line(self) -> String {
        format!("{} {} {}\n", self.cell, self.contestant, self.messages)
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').map(str::parse);
        let mut next = || numbers.next()?.ok();
        let (cell, contestant, messages) = (next()?, next()?, next()?);
        Some(Self { cell: cell as usize, contestant: contestant as usize, messages })
    }
}

impl Answer {
    fn to_line(&self) -> String {
        let nanos = |time: Option<Duration>| time.map_or(0, |time| time.as_nanos());
        let latency = self.latency.as_ref().map_or("-".to_string(), Histogram::to_text);
        format!(
            "{} {} {} {} {} {latency}",
            self.wall.as_nanos(),
            self.value,
            self.cpu,
            nanos(self.before),
            nanos(self.after),
        )
    }

    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let parts: Vec<_> = line.split(' ').collect();
        let [wall, value, cpu, before, after, latency] = parts[..] else { return None };
        let trip = |text: &str| {
            let nanos: u64 = text.parse().ok()?;
            Some((nanos > 0).then(|| Duration::from_nanos(nanos)))
        };
        Some(Self {
            wall: Duration::from_nanos(wall.parse().ok()?),
            value: value.parse().ok()?,
            cpu: cpu.parse().ok()?,
            before: trip(before)?,
            after: trip(after)?,
            latency: if latency == "-" { None } else { Some(Histogram::from_text(latency)?) },
        })
    }
}

/// A round trip measured before is good for this long.
const FRESH: Duration = Duration::from_millis(2);

/// Answers until there are no more requests.
pub(crate) fn serve(cells: &[Cell], one_cpu: bool) -> io::Result<()> {
    // A sample whose worker has panicked would wait for it for ever.
    panic::set_hook(Box::new(|why| {
        eprintln!("\n{why}");
        process::abort();
    }));
    if one_cpu && let Some(core) = core_affinity::get_core_ids().unwrap_or_default().first() {
        core_affinity::set_for_current(*core);
    }
    // As its documentation asks.
    crossfire::detect_backoff_cfg();
    let mut last = None;
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let request = Request::from_line(&line?).ok_or(io::ErrorKind::InvalidInput)?;
        let answer = answer(&cells[request.cell], request, &mut last);
        writeln!(output, "{}", answer.to_line())?;
        output.flush()?;
    }
    Ok(())
}

fn answer(cell: &Cell, request: Request, last: &mut Option<(Instant, Option<Duration>)>) -> Answer {
    let before = match last.take() {
        Some((when, trip)) if when.elapsed() < FRESH => trip,
        _ => round_trip(),
    };
    let sample = (cell.contestants[request.contestant].run)(request.messages);
    let after = round_trip();
    *last = Some((Instant::now(), after));
    Answer {
        wall: sample.wall,
        value: cell.metric.of(&sample, request.messages),
        cpu: match cell.metric {
            Metric::Bytes => f64::NAN,
            _ => sample.cpu.as_nanos() as f64 / request.messages as f64,
        },
        before,
        after,
        latency: sample.latency,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_survive_their_lines() {
        let request = Request { cell: 3, contestant: 14, messages: 1 << 40 };
        assert_eq!(Request::from_line(request.to_line().trim_end()), Some(request));
        assert_eq!(Request::from_line("1 2"), None);
        let mut latency = Histogram::default();
        latency.add(5);
        let answer = Answer {
            wall: Duration::from_micros(17),
            value: 1.25,
            cpu: 2.5,
            before: Some(Duration::from_nanos(60)),
            after: None,
            latency: Some(latency),
        };
        assert_eq!(Answer::from_line(&answer.to_line()), Some(answer));
        assert_eq!(Answer::from_line("nonsense"), None);
    }
}
