//! Contestants in turns, in short samples, on a machine that does not keep still.
//!
//! See `benches/README.md` for the method and for how to read what this prints.

mod regime;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use backpressure_benches::cells::{self, BASE, Cell};
use regime::{Regime, round_trip};

const HELP: &str = "\
usage: versus [--only TEXT] [--rounds N] [--millis N] [--csv FILE] [--check RATIO]

  --only TEXT    only cells whose name contains it, such as `mpsc/4x1` or `block`
  --rounds N     samples of each contestant in each cell (25)
  --millis N     length of a sample (10)
  --csv FILE     writes every line there as well
  --check RATIO  fails if in some cell our time exceeds RATIO times crossbeam's
";

struct Options {
    only: String,
    rounds: usize,
    goal: Duration,
    csv: Option<String>,
    check: Option<f64>,
}

/// What one contestant did in one regime.
#[derive(Default)]
struct Line {
    /// Nanoseconds a message.
    wall: Vec<f64>,
    cpu: Vec<f64>,
    /// Against the base's sample of the same round.
    ratios: Vec<f64>,
}

fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("versus: {complaint}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let mut csv =
        String::from("cell,regime,contestant,samples,ns_per_message,cpu_ns_per_message,ratio\n");
    let mut too_slow = Vec::new();
    println!(
        "{:<32} {:<9} {:<22} {:>3} {:>9} {:>9} {:>6}",
        "cell", "regime", "contestant", "n", "ns/msg", "cpu ns", "ratio"
    );
    for cell in cells::spsc().into_iter().chain(cells::mpsc()).chain(cells::mpmc()) {
        if !cell.name.contains(&options.only) {
            continue;
        }
        let lines = run(&cell, &options);
        let mut ours = Vec::new();
        for ((regime, index), line) in &lines {
            let contestant = cell.contestants[*index].0;
            let (n, wall, cpu) = (line.wall.len(), median(&line.wall), median(&line.cpu));
            let ratio = median(&line.ratios);
            println!(
                "{:<32} {regime:<9} {contestant:<22} {n:>3} {wall:>9.1} {cpu:>9.1} {ratio:>6.2}",
                cell.name
            );
            csv += &format!(
                "{},{regime},\"{contestant}\",{n},{wall:.2},{cpu:.2},{ratio:.3}\n",
                cell.name
            );
            if *index == 0 {
                ours.extend(&line.ratios);
            }
        }
        let ratio = median(&ours);
        if options.check.is_some_and(|most| ratio > most) {
            too_slow.push(format!("{}: {ratio:.2}", cell.name));
        }
    }
    if let Some(path) = options.csv
        && let Err(error) = fs::write(&path, csv)
    {
        eprintln!("versus: {path}: {error}");
        return ExitCode::FAILURE;
    }
    if too_slow.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("slower than allowed beside {BASE}:\n{}", too_slow.join("\n"));
    ExitCode::FAILURE
}

/// All rounds of one cell, by regime and contestant.
fn run(cell: &Cell, options: &Options) -> BTreeMap<(Regime, usize), Line> {
    let messages = cells::calibrate(cell, options.goal);
    let n = cell.contestants.len();
    let mut lines: BTreeMap<(Regime, usize), Line> = BTreeMap::new();
    for round in 0..options.rounds {
        let mut samples = vec![None; n];
        // Each round begins with another one, so that nobody always comes after the same.
        for index in (0..n).map(|i| (i + round) % n) {
            let before = round_trip();
            let sample = (cell.contestants[index].1)(messages);
            let after = round_trip();
            // If the machine changed in between, nobody knows what this sample measured.
            if let Some(regime) = Regime::of(before, after) {
                samples[index] = Some((regime, sample));
            }
        }
        let base = cell.contestants.iter().position(|(name, _)| *name == BASE);
        let base = base.and_then(|base| samples[base]);
        for (index, sample) in samples.into_iter().enumerate() {
            let Some((regime, sample)) = sample else { continue };
            let per_message = |time: Duration| time.as_nanos() as f64 / messages as f64;
            let line = lines.entry((regime, index)).or_default();
            line.wall.push(per_message(sample.wall));
            line.cpu.extend(sample.cpu.map(per_message));
            if let Some((of_base, base)) = base
                && of_base == regime
            {
                line.ratios.push(sample.wall.as_secs_f64() / base.wall.as_secs_f64());
            }
        }
    }
    lines
}

/// `NaN` of nothing.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        only: String::new(),
        rounds: 25,
        goal: Duration::from_millis(10),
        csv: None,
        check: None,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--only" => options.only = value()?,
            "--csv" => options.csv = Some(value()?),
            "--rounds" => options.rounds = number(&value()?)?,
            "--millis" => options.goal = Duration::from_millis(number(&value()?)?),
            "--check" => options.check = Some(number(&value()?)?),
            _ => return Err(format!("there is no option `{argument}`")),
        }
    }
    Ok(Some(options))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits here"))
}
