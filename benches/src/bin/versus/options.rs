//! The command line.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) const HELP: &str = "\
usage: versus [--quick] [--only TEXT]... [--rounds N] [--millis N] [--seed N] | --list

  --quick        the short version, about two minutes
  --only TEXT    only cells whose name contains it, such as `mpsc/4x1` or `/threads/` (or another TEXT)
  --rounds N     samples of each contestant in each cell (20, or 15 if quick)
  --millis N     length of a sample (5, or 2 if quick)
  --seed N       of the random order (the time)
  --list         the names of all cells
";

/// What to do.
pub(crate) enum Task {
    Help,
    List,
    /// Runs samples for another process of this program.
    Serve {
        one_cpu: bool,
    },
    Compare(Options),
}

pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) only: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) goal: Duration,
    pub(crate) seed: u64,
}

pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut quick, mut only) = (false, Vec::new());
    let (mut rounds, mut millis, mut seed) = (None, None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--list" => return Ok(Task::List),
            "--serve" => return Ok(Task::Serve { one_cpu: false }),
            "--serve-one-cpu" => return Ok(Task::Serve { one_cpu: true }),
            "--quick" => quick = true,
            "--only" => only.push(value()?),
            "--rounds" => rounds = Some(number(&value()?)?),
            "--millis" => millis = Some(number(&value()?)?),
            "--seed" => seed = Some(number(&value()?)?),
            _ => return Err(format!("there is no option `{argument}`")),
        }
    }
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Ok(Task::Compare(Options {
        quick,
        only,
        rounds: rounds.unwrap_or(if quick { 15 } else { 20 }),
        goal: Duration::from_millis(millis.unwrap_or(if quick { 2 } else { 5 })),
        seed: seed.unwrap_or_else(now),
    }))
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits here"))
}
