//! What was measured, and what it comes to.

use std::collections::BTreeMap;

use backpressure_benches::cells::{Cell, Entry, Kind, Metric, Role};
use backpressure_benches::histogram::Histogram;

use crate::host::Failure;
use crate::regime::Regime;

/// Fewer pairs of a regime than this say nothing.
const ENOUGH: usize = 3;

/// One clean sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) round: usize,
    pub(crate) regime: Regime,
    /// In the cell's unit.
    pub(crate) value: f64,
    /// Nanoseconds of processor time for a message.
    pub(crate) cpu: f64,
}

/// All samples of one contestant in one cell.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// In each sample.
    pub(crate) messages: u64,
    pub(crate) points: Vec<Point>,
    pub(crate) latency: BTreeMap<Regime, Histogram>,
    pub(crate) failure: Option<Failure>,
}

impl Series {
    pub(crate) fn new(entry: &Entry, messages: Result<u64, Failure>) -> Self {
        Self {
            name: entry.name.clone(),
            role: entry.role,
            messages: messages.unwrap_or(1),
            points: Vec::new(),
            latency: BTreeMap::new(),
            failure: messages.err(),
        }
    }

    #[cfg(test)]
    pub(crate) fn of_points(name: &str, role: Role, points: Vec<Point>) -> Self {
        let (name, latency) = (name.to_string(), BTreeMap::new());
        Self { name, role, messages: 1, points, latency, failure: None }
    }

    fn of(&self, regime: Regime) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.regime == regime)
    }

    /// Median in the cell's unit.
    pub(crate) fn value(&self, regime: Regime) -> Option<f64> {
        median(self.of(regime).map(|point| point.value).collect())
    }

    /// Median of processor time for a message.
    pub(crate) fn cpu(&self, regime: Regime) -> Option<f64> {
        median(self.of(regime).map(|point| point.cpu).collect())
    }

    pub(crate) fn samples(&self, regime: Regime) -> usize {
        self.of(regime).count()
    }

    pub(crate) fn takes_part(&self) -> bool {
        self.failure.is_none()
    }
}

/// All rounds of one cell.
pub(crate) struct Outcome {
    pub(crate) cell: String,
    pub(crate) kind: Kind,
    pub(crate) metric: Metric,
    pub(crate) series: Vec<Series>,
}

/// A ratio over all regimes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) value: f64,
    /// How many pairs of samples of the same round and regime it comes from.
    pub(crate) pairs: usize,
}

impl Outcome {
    pub(crate) fn new(cell: &Cell, series: Vec<Series>) -> Self {
        Self { cell: cell.name.clone(), kind: cell.kind, metric: cell.metric, series }
    }

    pub(crate) fn ours(&self) -> Option<&Series> {
        self.series.iter().find(|series| series.role == Role::Ours && series.takes_part())
    }

    /// By the name in the tables, or by that with something behind it, such as `tokio (single)`.
    pub(crate) fn named(&self, name: &str) -> Option<&Series> {
        let called = |series: &&Series| {
            let rest = series.name.strip_prefix(name);
            series.takes_part()
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
        };
        self.series.iter().find(called)
    }

    pub(crate) fn others(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(|series| series.role == Role::Other && series.takes_part())
    }

    /// The regime in which we have most samples.
    pub(crate) fn main_regime(&self) -> Option<Regime> {
        let ours = self.ours()?;
        self.regimes().into_iter().max_by_key(|regime| ours.samples(*regime))
    }

    pub(crate) fn regimes(&self) -> Vec<Regime> {
        let of_all = self.series.iter().flat_map(|series| &series.points);
        let mut regimes: Vec<_> = of_all.map(|point| point.regime).collect();
        regimes.sort_unstable();
        regimes.dedup();
        regimes
    }

    /// Who of the others is fastest in this regime.
    pub(crate) fn best_other(&self, regime: Regime) -> Option<&Series> {
        let known = self.others().filter_map(|series| Some((series.value(regime)?, series)));
        known.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, series)| series)
    }

    /// Our time beside that of the best other contestant of each regime.
    pub(crate) fn to_best(&self) -> Option<Ratio> {
        self.ratio(self.ours()?, |regime| self.best_other(regime))
    }

    /// Our time beside somebody's.
    pub(crate) fn to(&self, name: &str) -> Option<Ratio> {
        let base = self.named(name)?;
        self.ratio(self.ours()?, |_| Some(base))
    }

    /// One's time beside another's: medians of pairs of the same round and regime, and of the regimes with
    /// enough of them the geometric mean, weighted by pairs.
    pub(crate) fn ratio<'a>(
        &'a self,
        series: &Series,
        base: impl Fn(Regime) -> Option<&'a Series>,
    ) -> Option<Ratio> {
        let mut known = Vec::new();
        for regime in self.regimes() {
            let Some(base) = base(regime) else { continue };
            let pairs: Vec<f64> = series
                .of(regime)
                .filter_map(|point| {
                    let theirs = base.of(regime).find(|other| other.round == point.round)?;
                    // Idle contestants may cost nothing that can be measured.
                    Some((point.value.max(1e-9)) / theirs.value.max(1e-9))
                })
                .collect();
            known.push((pairs.len(), median(pairs)));
        }
        let most = known.iter().map(|(n, _)| *n).max()?;
        let enough = known.into_iter().filter(|(n, _)| *n >= ENOUGH.min(most));
        let known: Vec<_> = enough.filter_map(|(n, ratio)| Some((n, ratio?))).collect();
        let pairs: usize = known.iter().map(|(n, _)| n).sum();
        let logs: f64 = known.iter().map(|(n, ratio)| ratio.ln() * *n as f64).sum();
        (pairs > 0).then(|| Ratio { value: (logs / pairs as f64).exp(), pairs })
    }

    /// Processor time for a message in the main regime: ours, and the median of all who take part, us
    /// included.
    pub(crate) fn cpus(&self) -> Option<(f64, f64)> {
        let regime = self.main_regime()?;
        let ours = self.ours()?.cpu(regime)?;
        let others = self.others().filter_map(|series| series.cpu(regime));
        let median = median(others.chain([ours]).collect())?;
        (!median.is_nan()).then_some((ours, median))
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(values[n / 2]),
        _ => Some((values[n / 2 - 1] + values[n / 2]) / 2.0),
    }
}

pub(crate) fn geometric_mean(values: impl IntoIterator<Item = f64>) -> Option<(f64, usize)> {
    let logs: Vec<f64> = values.into_iter().map(f64::ln).collect();
    let n = logs.len();
    (n > 0).then(|| ((logs.iter().sum::<f64>() / n as f64).exp(), n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, role: Role, values: &[(usize, Regime, f64)]) -> Series {
        let point = |&(round, regime, value)| Point { round, regime, value, cpu: value };
        Series::of_points(name, role, values.iter().map(point).collect())
    }

    fn outcome(series: Vec<Series>) -> Outcome {
        Outcome { cell: "x".into(), kind: Kind::Threads, metric: Metric::Nanos, series }
    }

    #[test]
    fn pairs_are_of_one_round_and_regime_and_the_best_is_chosen_in_each() {
        let near = |values: [f64; 3]| [0, 1, 2].map(|i| (i, Regime::Near, values[i]));
        let far = |values: [f64; 3]| [0, 1, 2].map(|i| (i + 3, Regime::Far, values[i]));
        let all = |name, role, n, f| series(name, role, &[near(n), far(f)].concat());
        let outcome = outcome(vec![
            all("backpressure", Role::Ours, [2.0, 2.0, 9.0], [8.0; 3]),
            all("a", Role::Other, [1.0; 3], [100.0; 3]),
            all("b", Role::Other, [50.0; 3], [2.0; 3]),
            all("floor", Role::Floor, [0.1; 3], [0.1; 3]),
        ]);
        let ratio = outcome.to_best().expect("there are pairs");
        // Twice the time of a when near, four times that of b when far.
        assert_eq!(ratio.pairs, 6);
        assert!((ratio.value - 8.0_f64.sqrt()).abs() < 1e-9, "{ratio:?}");
        assert!(outcome.to("b").is_some_and(|ratio| ratio.value < 1.0));
        assert_eq!(outcome.to("c"), None);
    }

    #[test]
    fn who_failed_is_nobodys_best() {
        let mut broken = series("a", Role::Other, &[(0, Regime::Near, 1.0)]);
        broken.failure = Some(Failure::Hung);
        let ours = series("backpressure", Role::Ours, &[(0, Regime::Near, 1.0)]);
        assert_eq!(outcome(vec![ours, broken]).to_best(), None);
    }

    #[test]
    fn medians_and_means() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(vec![]), None);
        assert_eq!(geometric_mean([]), None);
        let (mean, n) = geometric_mean([2.0, 8.0]).expect("two values");
        assert!((mean - 4.0).abs() < 1e-9 && n == 2);
    }
}
