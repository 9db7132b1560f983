//! Pictures of the figures.

mod overview;
mod panels;
mod svg;

use backpressure_benches::cells::{Kind, Metric};

use crate::samples::Outcome;
use overview::Overview;

const TIMES: Overview = Overview {
    title: "Our figure beside the best other contestant's, cell by cell",
    subtitle: "Ratio, logarithmic, over all round trips seen; beside it who is best; below 1 we win",
    ratio: |outcome| {
        let best = outcome.best_other(outcome.main_regime()?)?;
        Some((outcome.to_best()?.value, best.name.clone()))
    },
};

const PROCESSOR: Overview = Overview {
    title: "Processor time for a message beside the median contestant's",
    subtitle: "Ratio, logarithmic, of all threads together; below 1 we need less than most",
    ratio: |outcome| {
        let (ours, median) = outcome.cpus()?;
        let timed = outcome.metric == Metric::Nanos && outcome.others().count() > 1;
        timed.then(|| (ours / median, String::new()))
    },
};

/// All charts, each with a name for its file.
pub(crate) fn all(outcomes: &[Outcome]) -> Vec<(String, String)> {
    let overviews = [("overview", TIMES), ("processor-time", PROCESSOR)];
    let overviews = overviews
        .iter()
        .filter_map(|(name, what)| Some((name.to_string(), overview::chart(what, outcomes)?)));
    let kinds = Kind::ALL
        .into_iter()
        .filter_map(|kind| Some((kind.title().replace(' ', "-"), panels::chart(kind, outcomes)?)));
    overviews.chain(kinds).collect()
}
