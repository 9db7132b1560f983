//! The command line.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) const HELP: &str = "\
usage: versus [--quick] [--only TEXT]... [--rounds N] [--millis N] [--seed N] [--check] [--record NAME]
       versus --list

  --quick        the short version, about two minutes
  --only TEXT    only cells whose name contains it, such as `mpsc/4x1` or `/threads/` (or another TEXT);
                 `$` at its end stands for the end of the name
  --rounds N     samples of each contestant in each cell (20, or 15 if quick)
  --millis N     length of a sample (8, or 2 if quick)
  --seed N       of the random order (the time)
  --check        fails if a target is missed
  --record NAME  keeps tables and charts in benches/record, with the date before the name
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
    pub(crate) check: bool,
    pub(crate) record: Option<String>,
}

impl Options {
    /// Whether to run the cell of this name.
    pub(crate) fn wants(&self, name: &str, quick: bool) -> bool {
        let matches = |text: &String| match text.strip_suffix('$') {
            Some(end) => name.ends_with(end),
            None => name.contains(text.as_str()),
        };
        if self.only.is_empty() { quick || !self.quick } else { self.only.iter().any(matches) }
    }
}

pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let (mut quick, mut check, mut record, mut only) = (false, false, None, Vec::new());
    let (mut rounds, mut millis, mut seed) = (None, None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(Task::Help),
            "--list" => return Ok(Task::List),
            "--serve" => return Ok(Task::Serve { one_cpu: false }),
            "--serve-one-cpu" => return Ok(Task::Serve { one_cpu: true }),
            "--quick" => quick = true,
            "--check" => check = true,
            "--record" => record = Some(value()?),
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
        goal: Duration::from_millis(millis.unwrap_or(if quick { 2 } else { 8 })),
        seed: seed.unwrap_or_else(now),
        check,
        record,
    }))
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number that fits here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Options {
        match parse(line.split_whitespace().map(str::to_string)) {
            Ok(Task::Compare(options)) => options,
            _ => panic!("`{line}` compares"),
        }
    }

    #[test]
    fn cells_are_chosen_by_parts_of_their_names_or_by_being_quick() {
        let named = options("--only mpsc/4x1 --only 1024/poll/8B$ --quick");
        assert!(named.wants("mpsc/4x1/1/tasks/8B", false));
        assert!(named.wants("spsc/1x1/1024/poll/8B", false));
        assert!(!named.wants("spsc/1x1/1024/poll/8B/by-16", true));
        assert!(options("").wants("anything", false));
        assert!(!options("--quick").wants("anything", false));
    }

    #[test]
    fn complaints_are_about_what_is_wrong() {
        let complaint = |line: &str| parse(line.split(' ').map(str::to_string)).err();
        assert!(complaint("--rounds many").is_some_and(|text| text.contains("many")));
        assert!(complaint("--only").is_some_and(|text| text.contains("needs a value")));
        assert!(complaint("--fast").is_some_and(|text| text.contains("--fast")));
    }
}
