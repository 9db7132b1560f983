//! All rounds of a cell: everybody once a round, in random order.

use std::io;
use std::time::Duration;

use backpressure_benches::cells::{Cell, Kind, Metric};

use crate::host::{Failure, Host};
use crate::regime::Regime;
use crate::samples::{Outcome, Point, Series};
use crate::worker::{Answer, Request};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) goal: Duration,
}

/// Messages of the shortest sample.
const FEW: u64 = 64;
/// So many samples in a regime that did not change are wanted of everybody.
const CLEAN: usize = 15;

/// Both processes, and the order of things.
pub(crate) struct Runner {
    everywhere: Host,
    one_cpu: Host,
    dice: Dice,
}

impl Runner {
    pub(crate) fn new(seed: u64) -> io::Result<Self> {
        let (everywhere, one_cpu) = (Host::new(false)?, Host::new(true)?);
        Ok(Self { everywhere, one_cpu, dice: Dice(seed | 1) })
    }

    /// Runs the cell, which is the one of this place in the list.
    pub(crate) fn run(&mut self, place: usize, cell: &Cell, plan: Plan) -> io::Result<Outcome> {
        let host = if cell.kind == Kind::OneCpu { &mut self.one_cpu } else { &mut self.everywhere };
        let goal = plan.goal * cell.stretch;
        let mut series = Vec::new();
        for (contestant, entry) in cell.contestants.iter().enumerate() {
            let request = Request { cell: place, contestant, messages: 1 };
            let messages = match cell.messages {
                Some(messages) => Ok(messages),
                None => calibrate(host, request, goal)?,
            };
            series.push(Series::new(entry, messages));
        }
        let rounds = cell.rounds.map_or(plan.rounds, |rounds| rounds.min(plan.rounds));
        let enough = rounds.min(CLEAN);
        let mut order: Vec<_> = (0..series.len()).collect();
        // Some rounds more, if the machine does not keep still.
        for round in 0..rounds * 2 {
            if round >= rounds && clean(&series) >= enough {
                break;
            }
            self.dice.shuffle(&mut order);
            for &contestant in &order {
                sample(host, (place, cell), contestant, round, &mut series[contestant])?;
            }
        }
        Ok(Outcome::new(cell, series))
    }
}

/// The fewest clean samples that any has who takes part.
fn clean(series: &[Series]) -> usize {
    let alive = series.iter().filter(|series| series.failure.is_none());
    alive.map(|series| series.points.len()).min().unwrap_or(0)
}

fn sample(
    host: &mut Host,
    (place, cell): (usize, &Cell),
    contestant: usize,
    round: usize,
    series: &mut Series,
) -> io::Result<()> {
    if series.failure.is_some() {
        return Ok(());
    }
    match host.ask(Request { cell: place, contestant, messages: series.messages })? {
        // Some are a thousand times slower at one time than at another: who is only slow gets a second chance.
        Err(Failure::Hung) if series.messages > FEW && cell.messages.is_none() => {
            series.messages = FEW;
        }
        Err(failure) => series.failure = Some(failure),
        Ok(answer) => {
            // If the machine changed in between, nobody knows what this sample measured.
            if let Some(regime) = regime(cell.metric, &answer) {
                if let Some(latency) = &answer.latency {
                    series.latency.entry(regime).or_default().merge(latency);
                }
                series.points.push(Point { round, regime, value: answer.value, cpu: answer.cpu });
            }
        }
    }
    Ok(())
}

/// Memory, and the price of doing nothing, have nothing to do with the way between processors.
fn regime(metric: Metric, answer: &Answer) -> Option<Regime> {
    match metric {
        Metric::Bytes | Metric::CpuPerSecond => Some(Regime::Any),
        Metric::Nanos | Metric::MedianLatency => Regime::of(answer.before, answer.after),
    }
}

/// A time slice of somebody else's makes a few messages look slow, and so few would then be all that is ever
/// sampled: what took long enough is looked at so often.
const LOOKS: usize = 3;

/// How many messages take about so long; a warm-up as well.
fn calibrate(
    host: &mut Host,
    request: Request,
    goal: Duration,
) -> io::Result<Result<u64, Failure>> {
    let mut messages = FEW;
    loop {
        let mut shortest = Duration::MAX;
        for _ in 0..LOOKS {
            match host.ask(Request { messages, ..request })? {
                Ok(answer) => shortest = shortest.min(answer.wall),
                Err(failure) => return Ok(Err(failure)),
            }
            if shortest < goal / 4 {
                break;
            }
        }
        if shortest >= goal / 4 || messages >= 1 << 24 {
            let times = goal.as_secs_f64() / shortest.as_secs_f64().max(1e-9);
            return Ok(Ok(((messages as f64 * times) as u64).clamp(FEW, 1 << 26)));
        }
        messages *= 4;
    }
}

/// Random enough for an order (xorshift).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for i in (1..order.len()).rev() {
            order.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_loses_nobody_and_lets_everybody_be_first() {
        let mut dice = Dice(1);
        let mut first = [0; 5];
        for _ in 0..1_000 {
            let mut order = [0, 1, 2, 3, 4];
            dice.shuffle(&mut order);
            first[order[0]] += 1;
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3, 4]);
        }
        assert!(first.iter().all(|times| (100..300).contains(times)), "{first:?}");
    }
}
