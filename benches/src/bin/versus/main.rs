//! Contestants in turns, in short samples, on a machine that does not keep still.
//!
//! See `benches/README.md` for the method and for how to read what this prints.

mod regime;
mod report;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, thread};

use backpressure_benches::cells::{self, BASE, Cell, Run};
use regime::{Regime, round_trip};
use report::{Line, Outcome};

const HELP: &str = "\
usage: versus [--only TEXT]... [--rounds N] [--millis N] [--csv FILE] [--check RATIO] [--one-cpu]

  --only TEXT    only cells whose name contains it, such as `mpsc/4x1` or `block` (or another TEXT)
  --rounds N     samples of each contestant in each cell (40)
  --millis N     length of a sample (5)
  --csv FILE     writes every line there as well
  --check RATIO  fails if in some cell our time exceeds RATIO times crossbeam's, or is not known
  --one-cpu      refuses to run on more: to be started as `taskset -c 0 versus --one-cpu`
";

struct Options {
    only: Vec<String>,
    rounds: usize,
    goal: Duration,
    csv: Option<String>,
    check: Option<f64>,
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
    let wanted = |cell: &Cell| {
        options.only.is_empty() || options.only.iter().any(|text| cell.name.contains(text))
    };
    let mut cells = [cells::spsc(), cells::mpsc(), cells::mpmc()].into_iter().flatten();
    let cells: Vec<_> = cells.by_ref().filter(wanted).collect();
    let machine = format!("{}; {} rounds", report::machine(), options.rounds);
    println!("{machine}\n\n{}", report::head());
    let mut outcomes = Vec::new();
    for (i, cell) in cells.iter().enumerate() {
        eprint!("[{}/{}] {}\r", i + 1, cells.len(), cell.name);
        let outcome = run(cell, &options);
        print!("{}", outcome.lines());
        outcomes.push(outcome);
    }
    println!("\n{}", report::summary(&outcomes));
    if let Some(path) = options.csv
        && let Err(error) = fs::write(&path, report::csv(&machine, &outcomes))
    {
        eprintln!("versus: {path}: {error}");
        return ExitCode::FAILURE;
    }
    let too_slow = options.check.map_or(Vec::new(), |most| report::too_slow(&outcomes, most));
    if too_slow.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("slower than allowed beside {BASE}:\n{}", too_slow.join("\n"));
    ExitCode::FAILURE
}

/// All rounds of one cell.
fn run(cell: &Cell, options: &Options) -> Outcome {
    let calibrate = |(_, run): &(_, Run)| cells::calibrate(run, options.goal);
    // To each its own number: a sample must last, however fast the contestant.
    let messages: Vec<_> = cell.contestants.iter().map(calibrate).collect();
    let n = cell.contestants.len();
    let mut lines: BTreeMap<(Regime, usize), Line> = BTreeMap::new();
    for round in 0..options.rounds {
        let mut samples = vec![None; n];
        // Each round begins with another one, so that nobody always comes after the same.
        for index in (0..n).map(|i| (i + round) % n) {
            let before = round_trip();
            let sample = (cell.contestants[index].1)(messages[index]);
            let after = round_trip();
            // If the machine changed in between, nobody knows what this sample measured.
            if let Some(regime) = Regime::of(before, after) {
                samples[index] = Some((regime, sample));
            }
        }
        let each = |time: Duration, index| time.as_nanos() as f64 / messages[index] as f64;
        let base = cell.contestants.iter().position(|(name, _)| *name == BASE);
        let base = base.and_then(|base| {
            samples[base].map(|(regime, sample)| (regime, each(sample.wall, base)))
        });
        for (index, sample) in samples.into_iter().enumerate() {
            let Some((regime, sample)) = sample else { continue };
            let wall = each(sample.wall, index);
            let line = lines.entry((regime, index)).or_default();
            line.wall.push(wall);
            line.cpu.extend(sample.cpu.map(|cpu| each(cpu, index)));
            if let Some((of_base, base)) = base
                && of_base == regime
            {
                line.ratios.push(wall / base);
            }
        }
    }
    let contestants = cell.contestants.iter().map(|(name, _)| *name).collect();
    Outcome { cell: cell.name.clone(), contestants, lines }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options {
        only: Vec::new(),
        rounds: 40,
        goal: Duration::from_millis(5),
        csv: None,
        check: None,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--only" => options.only.push(value()?),
            "--csv" => options.csv = Some(value()?),
            "--rounds" => options.rounds = number(&value()?)?,
            "--millis" => options.goal = Duration::from_millis(number(&value()?)?),
            "--check" => options.check = Some(number(&value()?)?),
            "--one-cpu" => one_processor()?,
            _ => return Err(format!("there is no option `{argument}`")),
        }
    }
    Ok(Some(options))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits here"))
}

fn one_processor() -> Result<(), String> {
    match thread::available_parallelism().map_or(1, usize::from) {
        1 => Ok(()),
        n => Err(format!("{n} processors to use; start it as `taskset -c 0 versus ...`")),
    }
}
