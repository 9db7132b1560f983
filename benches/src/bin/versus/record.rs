//! What stays: a table for programs, one for people, and the charts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::regime::Regime;
use crate::samples::{Outcome, Series};
use crate::{charts, report};

/// Beside each other, from the root of the repository.
const FOLDER: &str = "benches/record";

const COLUMNS: &str = "cell,kind,unit,regime,contestant,role,samples,messages,value,cpu_ns_per_message,\
                       p50,p99,p99_9,single_messages,ours_to_this,pairs,failure";

/// Everything about one run.
pub(crate) struct Run<'a> {
    pub(crate) name: &'a str,
    pub(crate) date: &'a str,
    pub(crate) machine: &'a str,
    pub(crate) verdicts: &'a str,
    pub(crate) outcomes: &'a [Outcome],
}

impl Run<'_> {
    /// Writes all; where to.
    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let folder = Path::new(FOLDER);
        if !folder.is_dir() {
            let why =
                format!("there is no {FOLDER} here; start this at the root of the repository");
            return Err(io::Error::new(io::ErrorKind::NotFound, why));
        }
        let base = folder.join(format!("{}-{}", self.date, self.name));
        fs::write(base.with_extension("csv"), self.csv())?;
        fs::write(base.with_extension("md"), self.markdown())?;
        fs::create_dir_all(&base)?;
        for (name, svg) in charts::all(self.outcomes) {
            fs::write(base.join(format!("{name}.svg")), svg)?;
        }
        Ok(base)
    }

    fn csv(&self) -> String {
        let lines = [self.date].into_iter().chain(self.machine.lines());
        let mut text: String = lines.map(|line| format!("# {line}\n")).collect();
        text = text + COLUMNS + "\n";
        for outcome in self.outcomes {
            for series in &outcome.series {
                if !series.takes_part() {
                    text += &csv_line(outcome, series, None);
                }
                for regime in outcome.regimes() {
                    if series.samples(regime) > 0 {
                        text += &csv_line(outcome, series, Some(regime));
                    }
                }
            }
        }
        text
    }

    fn markdown(&self) -> String {
        let Self { name, date, machine, verdicts, outcomes } = self;
        let charts = charts::all(outcomes);
        let pictures: String = charts
            .iter()
            .map(|(chart, _)| format!("* [{chart}]({date}-{name}/{chart}.svg)\n"))
            .collect();
        let everybody: String = outcomes.iter().map(report::everybody).collect();
        format!(
            "# {date}, {name}\n\n{machine}\n\n{}\n## Targets\n\n```text\n{verdicts}```\n\n## Charts\n\n\
             {pictures}\n## Everybody\n\n```text{everybody}```\n",
            report::summary(outcomes)
        )
    }
}

/// One contestant in one regime, or why there is nothing of it.
fn csv_line(outcome: &Outcome, series: &Series, regime: Option<Regime>) -> String {
    let figure = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.3}"));
    let of =
        |value: fn(&Series, Regime) -> Option<f64>| figure(regime.and_then(|r| value(series, r)));
    let latency = regime.and_then(|regime| series.latency.get(&regime));
    let quantile = |q| figure(latency.and_then(|latency| latency.quantile(q)));
    let ratio = outcome.to(&series.name);
    let mut line = format!(
        "{},{},{},{},\"{}\",{:?},{},{}",
        outcome.cell,
        outcome.kind.title(),
        outcome.metric.unit().replace(',', ""),
        regime.map_or(String::new(), |regime| regime.to_string()),
        series.name,
        series.role,
        regime.map_or(0, |regime| series.samples(regime)),
        series.messages,
    );
    _ = writeln!(
        line,
        ",{},{},{},{},{},{},{},{},{}",
        of(Series::value),
        of(Series::cpu),
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        latency.map_or(String::new(), |latency| latency.len().to_string()),
        figure(ratio.map(|ratio| ratio.value)),
        ratio.map_or(0, |ratio| ratio.pairs),
        series.failure.map_or("", |failure| failure.text()),
    );
    line
}
