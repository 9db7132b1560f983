//! The tables: everybody in each cell, and one row a cell.

use std::fmt::Write as _;

use backpressure_benches::cells::{Kind, Metric, Role};

use crate::regime::Regime;
use crate::samples::{Outcome, Ratio, Series, geometric_mean};

/// Everybody in one cell, the best first, for each regime.
pub(crate) fn everybody(outcome: &Outcome) -> String {
    let mut text = format!("\n{} ({})\n", outcome.cell, outcome.metric.unit());
    for regime in outcome.regimes() {
        let mut known: Vec<_> = outcome
            .series
            .iter()
            .filter_map(|series| Some((series.value(regime)?, series)))
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (value, series) in known {
            text += &line(outcome, regime, value, series);
        }
    }
    for series in &outcome.series {
        if let Some(failure) = series.failure {
            _ = writeln!(text, "  {:<9} {:<34} {}", "", series.name, failure.text());
        }
    }
    text
}

fn line(outcome: &Outcome, regime: Regime, value: f64, series: &Series) -> String {
    let mark = if matches!(series.role, Role::Ours | Role::Variant) { '*' } else { ' ' };
    let mut text = format!(
        "{mark} {regime:<9} {:<34} {:>3} {:>10}",
        series.name,
        series.samples(regime),
        digits(value)
    );
    if outcome.metric != Metric::Bytes {
        _ = write!(text, "  cpu {:>9}", series.cpu(regime).map_or("?".into(), digits));
    }
    if let Some(latency) = series.latency.get(&regime) {
        let q = |q| latency.quantile(q).map_or("?".into(), digits);
        let [half, most, nearly] = [0.5, 0.99, 0.999].map(q);
        _ = write!(text, "  p50 {half} p99 {most} p99.9 {nearly} of {}", latency.len());
    }
    text.push('\n');
    text
}

const HEAD: &str = "\
| cell | round trip | pairs | ours | best other | ours / best | / crossbeam | / tokio | / flume | cpu: ours | cpu: median |
|---|---|---|---|---|---|---|---|---|---|---|
";

/// A Markdown table with one row a cell, losses first told below it.
pub(crate) fn summary(outcomes: &[Outcome]) -> String {
    let mut text = HEAD.to_string();
    for row in outcomes.iter().filter_map(row) {
        text += &row;
        text.push('\n');
    }
    let ratio = |ratio: fn(&Outcome) -> Option<Ratio>| {
        move |outcome: &Outcome| ratio(outcome).map(|ratio| ratio.value)
    };
    let best = ratio(|outcome| outcome.to_best());
    let mut losses: Vec<_> =
        outcomes.iter().filter_map(|outcome| best(outcome).map(|ratio| (ratio, outcome))).collect();
    let n = losses.len();
    losses.retain(|(ratio, _)| *ratio > 1.0);
    losses.sort_by(|a, b| b.0.total_cmp(&a.0));
    _ = writeln!(text, "\n{n} cells, {} won, {} lost:", n - losses.len(), losses.len());
    for (ratio, outcome) in &losses {
        let winner = outcome.main_regime().and_then(|regime| outcome.best_other(regime));
        let winner = winner.map_or("?", |series| series.name.as_str());
        _ = writeln!(text, "  {ratio:.2}  {}  ({winner})", outcome.cell);
    }
    text += &means(outcomes);
    text
}

/// Geometric means of ratios, of all cells and by kind.
fn means(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "\nGeometric means of our time beside theirs (cells in brackets):\n\n\
         | kind | best other | crossbeam | tokio | flume |\n|---|---|---|---|---|\n",
    );
    let mean = |kind: Option<Kind>, of: &dyn Fn(&Outcome) -> Option<Ratio>| {
        let some = outcomes.iter().filter(|outcome| match kind {
            Some(kind) => outcome.kind == kind,
            // Bytes and the like are no times.
            None => outcome.metric == Metric::Nanos,
        });
        let ratios = some.filter_map(of).map(|ratio| ratio.value);
        geometric_mean(ratios).map_or(String::new(), |(mean, n)| format!("{mean:.2} ({n})"))
    };
    let mut row = |name: &str, kind| {
        let best = mean(kind, &|outcome| outcome.to_best());
        let [a, b, c] =
            ["crossbeam", "tokio", "flume"].map(|name| mean(kind, &|outcome| outcome.to(name)));
        _ = writeln!(text, "| {name} | {best} | {a} | {b} | {c} |");
    };
    for kind in Kind::ALL {
        if outcomes.iter().any(|outcome| outcome.kind == kind) {
            row(kind.title(), Some(kind));
        }
    }
    row("all times", None);
    text
}

fn row(outcome: &Outcome) -> Option<String> {
    let regime = outcome.main_regime()?;
    let ours = outcome.ours()?;
    let best = outcome.best_other(regime);
    let ratio = |ratio: Option<Ratio>| ratio.map_or(String::new(), |r| format!("{:.2}", r.value));
    let to_best = outcome.to_best();
    let (cpu, median) =
        outcome.cpus().map_or(Default::default(), |(ours, median)| (digits(ours), digits(median)));
    Some(format!(
        "| {} | {regime} | {} | {} | {} {} | {} | {} | {} | {} | {cpu} | {median} |",
        outcome.cell,
        to_best.map_or(0, |ratio| ratio.pairs),
        digits(ours.value(regime)?),
        best.and_then(|best| best.value(regime)).map_or(String::new(), digits),
        best.map_or("", |best| best.name.as_str()),
        ratio(to_best),
        ratio(outcome.to("crossbeam")),
        ratio(outcome.to("tokio")),
        ratio(outcome.to("flume")),
    ))
}

/// Three digits are all that is meant.
pub(crate) fn digits(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
