//! Medians, ratios, and the tables of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::{fs, thread};

use backpressure_benches::cells::{ASYNC, BASE, BATCHES};

use crate::regime::Regime;

/// Fewer pairs of a regime than this say nothing.
const ENOUGH: usize = 5;

/// What one contestant did in one regime.
#[derive(Default)]
pub(crate) struct Line {
    /// Nanoseconds a message.
    pub(crate) wall: Vec<f64>,
    /// Of all threads together.
    pub(crate) cpu: Vec<f64>,
    /// Time beside that of the base's sample in the same round.
    pub(crate) ratios: Vec<f64>,
}

/// All rounds of one cell.
pub(crate) struct Outcome {
    pub(crate) cell: String,
    /// In the cell's order: the first is ours.
    pub(crate) contestants: Vec<&'static str>,
    /// By regime and contestant.
    pub(crate) lines: BTreeMap<(Regime, usize), Line>,
}

/// The first line of the CSV after those that describe the machine.
const COLUMNS: &str = "cell,regime,contestant,samples,ns_per_message,cpu_ns_per_message,\
                       pairs,ratio,ratio_quartile_1,ratio_quartile_3";

pub(crate) fn head() -> String {
    format!(
        "{:<32} {:<9} {:<22} {:>3} {:>9} {:>9} {:>6}  quartiles",
        "cell", "regime", "contestant", "n", "ns/msg", "cpu ns", "ratio"
    )
}

impl Outcome {
    /// For people, one line for each contestant and regime.
    pub(crate) fn lines(&self) -> String {
        let mut text = String::new();
        for ((regime, index), line) in &self.lines {
            let contestant = self.contestants[*index];
            let (n, [wall, cpu]) = (line.wall.len(), [&line.wall, &line.cpu].map(|v| median(v)));
            let [ratio, low, high] = line.ratio();
            _ = writeln!(
                text,
                "{:<32} {regime:<9} {contestant:<22} {n:>3} {wall:>9.1} {cpu:>9.1} {ratio:>6.2}  {low:.2}-{high:.2}",
                self.cell
            );
        }
        text
    }

    /// The same for programs.
    fn csv(&self) -> String {
        let mut text = String::new();
        for ((regime, index), line) in &self.lines {
            let contestant = self.contestants[*index];
            let (n, pairs) = (line.wall.len(), line.ratios.len());
            let (wall, cpu) = (median(&line.wall), median(&line.cpu));
            let [ratio, low, high] = line.ratio();
            _ = writeln!(
                text,
                "{},{regime},\"{contestant}\",{n},{wall:.2},{cpu:.2},{pairs},{ratio:.3},{low:.3},{high:.3}",
                self.cell
            );
        }
        text
    }

    /// Our time beside the base's over the regimes with enough pairs: the geometric mean of their medians,
    /// weighted by pairs.
    fn ratio(&self) -> Option<f64> {
        let ours = self.lines.iter().filter(|((_, index), _)| *index == 0);
        let known: Vec<_> =
            ours.map(|(_, line)| &line.ratios).filter(|ratios| ratios.len() >= ENOUGH).collect();
        let weight: usize = known.iter().map(|ratios| ratios.len()).sum();
        let logs: f64 = known.iter().map(|ratios| median(ratios).ln() * ratios.len() as f64).sum();
        (weight > 0).then(|| (logs / weight as f64).exp())
    }

    /// A row of the summary, for the regime with most pairs.
    fn row(&self) -> Option<String> {
        let ours = self.lines.iter().filter(|((_, index), _)| *index == 0);
        let ((regime, _), our) = ours.max_by_key(|(_, line)| line.ratios.len())?;
        let mut row = format!("| {} | {regime} | {} |", self.cell, our.ratios.len());
        for name in [self.contestants[0], BASE, "std", "rtrb", BATCHES, ASYNC] {
            let index = self.contestants.iter().position(|contestant| *contestant == name);
            let line = index.and_then(|index| self.lines.get(&(*regime, index)));
            match line {
                Some(line) => {
                    let [wall, cpu] = [&line.wall, &line.cpu].map(|values| digits(median(values)));
                    _ = write!(row, " {wall} ({cpu}) |");
                }
                None => row.push_str(" |"),
            }
        }
        let [median, low, high] = our.ratio();
        let all = self.ratio().map_or("?".into(), |ratio| format!("{ratio:.2}"));
        _ = write!(row, " {median:.2} ({low:.2}-{high:.2}) | {all} |");
        Some(row)
    }
}

impl Line {
    /// Median and quartiles.
    fn ratio(&self) -> [f64; 3] {
        [0.5, 0.25, 0.75].map(|q| quantile(&self.ratios, q))
    }
}

/// A Markdown table with one row a cell, and what it comes to.
pub(crate) fn summary(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| cell | regime | pairs | ours | crossbeam | std | rtrb | ours, batches | ours, async \
         | ours / crossbeam (quartiles) | all regimes |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in outcomes.iter().filter_map(Outcome::row) {
        text += &row;
        text.push('\n');
    }
    let mut ratios: Vec<_> = outcomes.iter().filter_map(|o| Some((o.ratio()?, &o.cell))).collect();
    ratios.sort_by(|a, b| b.0.total_cmp(&a.0));
    let slower = ratios.iter().filter(|(ratio, _)| *ratio > 1.0).count();
    let logs: f64 = ratios.iter().map(|(ratio, _)| ratio.ln()).sum();
    let mean = (logs / ratios.len() as f64).exp();
    let n = ratios.len();
    _ = writeln!(
        text,
        "\n{n} cells, {slower} slower than {BASE}; geometric mean {mean:.2}. Worst:"
    );
    for (ratio, cell) in ratios.iter().take(slower.max(5)) {
        _ = writeln!(text, "  {ratio:.2}  {cell}");
    }
    text
}

/// The cells that fail a check, each with the reason.
pub(crate) fn too_slow(outcomes: &[Outcome], limit: f64) -> Vec<String> {
    let verdict = |outcome: &Outcome| match outcome.ratio() {
        Some(ratio) if ratio <= limit => None,
        Some(ratio) => Some(format!("{}: {ratio:.2} times {BASE}'s time", outcome.cell)),
        None => Some(format!("{}: too few clean samples, more --rounds", outcome.cell)),
    };
    outcomes.iter().filter_map(verdict).collect()
}

/// Everything.
pub(crate) fn csv(machine: &str, outcomes: &[Outcome]) -> String {
    let mut text: String = machine.lines().map(|line| format!("# {line}\n")).collect();
    text = text + COLUMNS + "\n";
    text.extend(outcomes.iter().map(Outcome::csv));
    text
}

/// Where the figures come from.
pub(crate) fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let field = |name| {
        let line = cpus.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, value)| value)
    };
    let guest = field("flags").split(' ').any(|flag| flag == "hypervisor");
    format!(
        "{}, family {}, {} processors to use, {}\n{} {}; load at start {}",
        field("model name"),
        field("cpu family"),
        thread::available_parallelism().map_or(1, usize::from),
        if guest { "virtual machine" } else { "no hypervisor seen" },
        std::env::consts::OS,
        read("/proc/sys/kernel/osrelease").trim(),
        read("/proc/loadavg").split(' ').next().unwrap_or("unknown"),
    )
}

/// `NaN` of nothing.
fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1) as f64 * q).round() as usize;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

/// Three digits are all that is meant.
fn digits(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
