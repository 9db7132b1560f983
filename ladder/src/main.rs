//! Everything that is not in `cargo test --workspace`, rung by rung, with a table at the end.
//!
//! ```sh
//! cargo run -p ladder -- [--short] [--only NAME]... [--list]
//! ```

mod rungs;

use core::time::Duration;
use std::process::{Command, ExitCode};
use std::time::Instant;

use rungs::{RUNGS, Rung};

const USAGE: &str = "usage: ladder [--short] [--only NAME]... [--list]";

/// A command's way to say that it cannot run here.
const SKIPPED: i32 = 3;

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

#[derive(Debug, Default)]
struct Arguments {
    short: bool,
    list: bool,
    only: Vec<String>,
}

impl Arguments {
    fn parse(mut all: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut found = Self::default();
        while let Some(argument) = all.next() {
            match argument.as_str() {
                "--short" => found.short = true,
                "--list" => found.list = true,
                "--only" => found.only.push(all.next().ok_or("--only wants a name")?),
                _ => return Err(format!("unknown: {argument}")),
            }
        }
        let known = |name: &String| RUNGS.iter().any(|rung| rung.name == name);
        match found.only.iter().find(|name| !known(name)) {
            Some(name) => Err(format!("no rung is called {name}; --list shows them")),
            None => Ok(found),
        }
    }

    fn wants(&self, rung: &Rung) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == rung.name)
    }

    /// Nothing, if the rung has no such commands.
    fn commands(&self, rung: &Rung) -> &'static [&'static str] {
        if self.short { rung.short } else { rung.full }
    }
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let chosen = RUNGS.iter().filter(|rung| arguments.wants(rung));
    if arguments.list {
        for rung in chosen {
            println!("{:<17} {}", rung.name, rung.catches);
            for command in arguments.commands(rung) {
                println!("{:<17} $ {command}", "");
            }
        }
        return ExitCode::SUCCESS;
    }
    let mut rows = Vec::new();
    for rung in chosen {
        let commands = arguments.commands(rung);
        if commands.is_empty() {
            continue;
        }
        println!("\n== {}: {}", rung.name, rung.catches);
        let begin = Instant::now();
        let outcome = climb(commands);
        rows.push((rung.name, outcome, begin.elapsed()));
    }
    report(&rows)
}

/// Runs commands until one does not pass.
fn climb(commands: &[&str]) -> Outcome {
    for command in commands {
        let outcome = run(command);
        if outcome != Outcome::Passed {
            return outcome;
        }
    }
    Outcome::Passed
}

/// Runs one command; what it says goes through, and its last line is the reason if it does not pass.
fn run(command: &str) -> Outcome {
    println!("$ {command}");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    // All in one stream, to be seen as it comes and to be kept for the reason.
    let script = format!("set -o pipefail; {{ {command}; }} 2>&1 | tee \"$0\"");
    let log = std::env::temp_dir().join(format!("ladder-{}.log", std::process::id()));
    let status = Command::new("bash").args(["-c", &script]).arg(&log).current_dir(root).status();
    let output = std::fs::read(&log).unwrap_or_default();
    let output = String::from_utf8_lossy(&output);
    let last = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // Left behind in a temporary directory, it would hurt nobody.
    let _ = std::fs::remove_file(&log);
    match status {
        Err(error) => Outcome::Failed(format!("bash: {error}")),
        Ok(status) if status.success() => Outcome::Passed,
        Ok(status) if status.code() == Some(SKIPPED) => Outcome::Skipped(last.to_owned()),
        Ok(_) => Outcome::Failed(last.to_owned()),
    }
}

fn report(rows: &[(&str, Outcome, Duration)]) -> ExitCode {
    println!("\n{:<17} {:<8} {:>7}  why", "rung", "result", "seconds");
    for (name, outcome, time) in rows {
        let (result, why) = match outcome {
            Outcome::Passed => ("pass", ""),
            Outcome::Skipped(why) => ("skipped", why.as_str()),
            Outcome::Failed(why) => ("FAIL", why.as_str()),
        };
        println!("{name:<17} {result:<8} {:>7.0}  {why}", time.as_secs_f64());
    }
    let failed = rows.iter().any(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_from_exit_codes() {
        assert_eq!(run("true"), Outcome::Passed);
        assert_eq!(run("echo no compiler; exit 3"), Outcome::Skipped("no compiler".into()));
        assert_eq!(run("echo one; echo two >&2; false"), Outcome::Failed("two".into()));
        assert_eq!(climb(&["true", "exit 3", "false"]), Outcome::Skipped(String::new()));
    }

    #[test]
    fn names_are_unique_and_arguments_know_them() {
        let parse = |text: &str| Arguments::parse(text.split_whitespace().map(String::from));
        for (i, rung) in RUNGS.iter().enumerate() {
            assert!(RUNGS[..i].iter().all(|other| other.name != rung.name));
            let only = parse(&format!("--short --only {}", rung.name)).unwrap();
            assert!(only.short && only.wants(rung));
            assert_eq!(RUNGS.iter().filter(|other| only.wants(other)).count(), 1);
            assert!(!rung.full.is_empty());
        }
        for wrong in ["--only", "--only nothing", "--fast"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
