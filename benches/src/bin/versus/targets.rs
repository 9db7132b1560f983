//! What the figures should be: each target with what was seen, passed or failed.

use std::fmt::Write as _;

use backpressure_benches::cells::{Kind, Metric};

use crate::samples::{Outcome, Series, geometric_mean};

/// One promise and its figures.
pub(crate) struct Verdict {
    target: String,
    /// `None` if none of its cells was run.
    passed: Option<bool>,
    seen: String,
}

impl Verdict {
    pub(crate) fn failed(&self) -> bool {
        self.passed == Some(false)
    }

    pub(crate) fn line(&self) -> String {
        let word = match self.passed {
            Some(true) => "pass",
            Some(false) => "FAIL",
            None => "not run",
        };
        format!("{word:<8} {}: {}", self.target, self.seen)
    }
}

/// All targets.
pub(crate) fn verdicts(outcomes: &[Outcome]) -> Vec<Verdict> {
    let field = Field(outcomes);
    let mut all = field.single_producer();
    all.extend(field.against_others());
    all.extend(field.processor_time());
    all.extend(field.few_processors());
    all.extend(field.credit_modes());
    all
}

struct Field<'a>(&'a [Outcome]);

impl Field<'_> {
    fn cell(&self, name: &str) -> Option<&Outcome> {
        self.0.iter().find(|outcome| outcome.cell == name)
    }

    fn single_producer(&self) -> Vec<Verdict> {
        let poll = self.cell("spsc/1x1/1024/poll/8B");
        let batches = self.cell("spsc/1x1/1024/poll/8B/by-256");
        let block = self.cell("spsc/1x1/1024/threads/8B");
        let of_rtrb = poll.and_then(|cell| Some(1.0 / cell.to("rtrb")?.value));
        let of_single = batches.and_then(|cell| {
            let single = cell.named("backpressure (single)")?;
            let ratio = cell.ratio(cell.ours()?, |_| Some(single))?;
            Some(1.0 / ratio.value)
        });
        let of_polling =
            poll.zip(block).and_then(|(poll, block)| across(block, poll)).map(|r| 1.0 / r);
        let of_crossbeam = block.and_then(|cell| Some(1.0 / cell.to("crossbeam")?.value));
        vec![
            at_least("polling spsc, 1024: throughput beside rtrb's", 1.5, of_rtrb),
            at_least("polling spsc, batches of 256 beside its single messages", 3.0, of_single),
            at_least("blocking spsc, 1024: throughput beside its own polling", 0.8, of_polling),
            at_least("blocking spsc, 1024: throughput beside crossbeam's", 3.0, of_crossbeam),
        ]
    }

    fn against_others(&self) -> Vec<Verdict> {
        let shared =
            |outcome: &Outcome| outcome.kind == Kind::Threads && !outcome.cell.starts_with("spsc/");
        let tasks = |outcome: &Outcome| outcome.kind == Kind::Tasks;
        let crowded =
            |outcome: &Outcome| matches!(outcome.kind, Kind::OneCpu | Kind::Oversubscribed);
        vec![
            self.never_slower("blocking mpsc and mpmc", &shared),
            self.mean_over("blocking mpsc and mpmc", "crossbeam", 2.0, &shared),
            self.never_slower("tasks", &tasks),
            self.mean_over("tasks", "tokio", 1.5, &tasks),
            self.mean_over("tasks", "flume", 1.5, &tasks),
            self.never_slower("one processor, and oversubscribed", &crowded),
        ]
    }

    /// In each of these cells we are no slower than the best of the others.
    fn never_slower(&self, what: &str, of: &dyn Fn(&Outcome) -> bool) -> Verdict {
        let some = self.0.iter().filter(|outcome| of(outcome));
        let ratios = some.filter_map(|outcome| Some((1.0 / outcome.to_best()?.value, outcome)));
        each(
            format!("{what}: throughput beside the best other, each cell at least 1.0"),
            ratios,
            |ratio| ratio >= 1.0,
        )
    }

    fn mean_over(
        &self,
        what: &str,
        whom: &str,
        least: f64,
        of: &dyn Fn(&Outcome) -> bool,
    ) -> Verdict {
        let some = self.0.iter().filter(|outcome| of(outcome));
        let mean = geometric_mean(some.filter_map(|outcome| Some(1.0 / outcome.to(whom)?.value)));
        let target = format!("{what}: throughput beside {whom}'s, geometric mean");
        at_least(&target, least, mean.map(|(mean, _)| mean))
    }

    fn processor_time(&self) -> Vec<Verdict> {
        let timed = self
            .0
            .iter()
            .filter(|outcome| outcome.metric == Metric::Nanos && outcome.others().count() > 1);
        let ratios = timed.filter_map(|outcome| {
            let (ours, median) = outcome.cpus()?;
            Some((ours / median, outcome))
        });
        let target =
            "processor time for a message beside the median contestant's, each cell at most 1.0";
        let busy = each(target.to_string(), ratios, |ratio| ratio <= 1.0);
        let idle = self.0.iter().filter(|outcome| outcome.kind == Kind::Idle);
        let idle = idle.filter_map(|outcome| {
            let regime = outcome.main_regime()?;
            Some((outcome.ours()?.value(regime)? / 1000.0, outcome))
        });
        let target = "idle waiting: ms of processor time a second, each cell at most 1";
        vec![busy, each(target.to_string(), idle, |ms| ms <= 1.0)]
    }

    fn few_processors(&self) -> Vec<Verdict> {
        let crowded = self.0.iter().filter_map(|outcome| {
            let usual = match outcome.kind {
                Kind::OneCpu => outcome.cell.replace("/one-cpu", ""),
                Kind::Oversubscribed => {
                    outcome.cell.replace("/16x16/", "/4x4/").replace("/16x1/", "/4x1/")
                }
                _ => return None,
            };
            Some((across(outcome, self.cell(&usual)?)?, outcome))
        });
        let target =
            "one processor, and oversubscribed: time beside the usual cell's, each at most 3";
        vec![each(target.to_string(), crowded, |ratio| ratio <= 3.0)]
    }

    fn credit_modes(&self) -> Vec<Verdict> {
        let kinds = [Kind::Threads, Kind::Tasks, Kind::Polling, Kind::Solo];
        ["acknowledged", "pulled"]
            .into_iter()
            .map(|mode| {
                let some = self.0.iter().filter(|outcome| kinds.contains(&outcome.kind));
                let ratios = some.filter_map(|outcome| {
                    let theirs = outcome.named(&format!("backpressure, {mode}"))?;
                    let ratio = outcome.ratio(theirs, |_| outcome.ours())?;
                    Some((1.0 / ratio.value, outcome))
                });
                let target =
                    format!("{mode}: throughput beside the plain channel, each cell at least 0.9");
                each(target, ratios, |ratio| ratio >= 0.9)
            })
            .collect()
    }
}

/// Our time in one cell beside ours in another: of medians, in the regimes that both have seen, since these
/// samples were not taken in the same rounds.
fn across(of: &Outcome, base: &Outcome) -> Option<f64> {
    let (ours, theirs) = (of.ours()?, base.ours()?);
    let pairs: Vec<f64> = of
        .regimes()
        .into_iter()
        .filter_map(|regime| Some(ours.value(regime)? / theirs.value(regime)?))
        .collect();
    match geometric_mean(pairs) {
        Some((mean, _)) => Some(mean),
        // One processor is a regime of its own.
        None => Some(overall(of, ours)? / overall(base, theirs)?),
    }
}

fn overall(outcome: &Outcome, series: &Series) -> Option<f64> {
    geometric_mean(outcome.regimes().into_iter().filter_map(|regime| series.value(regime)))
        .map(|(mean, _)| mean)
}

fn at_least(target: &str, least: f64, seen: Option<f64>) -> Verdict {
    Verdict {
        target: format!("{target}, at least {least}"),
        passed: seen.map(|seen| seen >= least),
        seen: seen.map_or("-".to_string(), |seen| format!("{seen:.2}")),
    }
}

/// A target that every cell must meet: how many do, the mean, and those that do not.
fn each<'a>(
    target: String,
    figures: impl Iterator<Item = (f64, &'a Outcome)>,
    holds: impl Fn(f64) -> bool,
) -> Verdict {
    let figures: Vec<_> = figures.collect();
    let Some((mean, n)) = geometric_mean(figures.iter().map(|(figure, _)| figure.max(1e-3))) else {
        return Verdict { target, passed: None, seen: "-".to_string() };
    };
    let failing: Vec<_> = figures.iter().filter(|(figure, _)| !holds(*figure)).collect();
    let mut seen = format!("{} of {n} cells, geometric mean {mean:.2}", n - failing.len());
    for (figure, outcome) in &failing {
        _ = write!(seen, "\n           {figure:.2}  {}", outcome.cell);
    }
    Verdict { target, passed: Some(failing.is_empty()), seen }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime::Regime;
    use crate::samples::Point;
    use backpressure_benches::cells::Role;

    fn outcome(cell: &str, kind: Kind, values: &[(&str, Role, f64)]) -> Outcome {
        let series = values.iter().map(|&(name, role, value)| {
            let point = |round| Point { round, regime: Regime::Near, value, cpu: value };
            Series::of_points(name, role, (0..15).map(point).collect())
        });
        Outcome { cell: cell.into(), kind, metric: Metric::Nanos, series: series.collect() }
    }

    fn verdict<'a>(verdicts: &'a [Verdict], target: &str) -> &'a Verdict {
        verdicts.iter().find(|verdict| verdict.target.contains(target)).expect("there is one")
    }

    #[test]
    fn targets_pass_fail_or_were_not_run() {
        let seen = verdicts(&[
            outcome(
                "spsc/1x1/1024/poll/8B",
                Kind::Polling,
                &[
                    ("backpressure", Role::Ours, 2.0),
                    ("backpressure, pulled", Role::Variant, 2.1),
                    ("rtrb", Role::Other, 4.0),
                ],
            ),
            outcome(
                "spsc/1x1/1024/threads/8B",
                Kind::Threads,
                &[("backpressure", Role::Ours, 4.0), ("crossbeam", Role::Other, 40.0)],
            ),
        ]);
        assert_eq!(verdict(&seen, "beside rtrb's").passed, Some(true));
        assert_eq!(verdict(&seen, "beside its own polling").passed, Some(false));
        assert_eq!(verdict(&seen, "1024: throughput beside crossbeam's").passed, Some(true));
        assert_eq!(verdict(&seen, "tasks: throughput beside tokio's").passed, None);
        assert_eq!(verdict(&seen, "pulled").passed, Some(true));
        assert_eq!(verdict(&seen, "acknowledged").passed, None);
    }

    #[test]
    fn a_crowded_cell_is_compared_with_its_usual_one() {
        let ours = |value| [("backpressure", Role::Ours, value)];
        let seen = verdicts(&[
            outcome("mpmc/4x4/64/threads/8B", Kind::Threads, &ours(10.0)),
            outcome("mpmc/16x16/64/threads/8B", Kind::Oversubscribed, &ours(31.0)),
            outcome("mpmc/4x4/64/threads/8B/one-cpu", Kind::OneCpu, &ours(29.0)),
        ]);
        let verdict = verdict(&seen, "beside the usual cell's");
        assert_eq!(verdict.passed, Some(false));
        assert!(verdict.seen.starts_with("1 of 2 cells") && verdict.seen.contains("16x16"));
    }
}
