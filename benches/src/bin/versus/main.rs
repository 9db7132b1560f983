//! Contestants in random order, in short samples, on a machine that does not keep still.
//!
//! See `benches/README.md` for the method and for how to read what this prints.

mod charts;
mod host;
mod machine;
mod options;
mod record;
mod regime;
mod report;
mod rounds;
mod samples;
mod targets;
mod worker;

use std::io;
use std::process::ExitCode;
use std::time::Instant;

use backpressure_benches::cells;
use options::{Options, Task};
use rounds::{Plan, Runner};
use samples::Outcome;

fn main() -> ExitCode {
    let done = match options::parse(std::env::args().skip(1)) {
        Ok(Task::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Task::List) => {
            cells::all().iter().for_each(|cell| println!("{}", cell.name));
            return ExitCode::SUCCESS;
        }
        Ok(Task::Serve { one_cpu }) => {
            worker::serve(&cells::all(), one_cpu).map(|()| ExitCode::SUCCESS)
        }
        Ok(Task::Compare(options)) => compare(&options),
        Err(complaint) => {
            eprintln!("versus: {complaint}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("versus: {error}");
        ExitCode::FAILURE
    })
}

fn compare(options: &Options) -> io::Result<ExitCode> {
    let all = cells::all();
    let chosen: Vec<_> =
        all.iter().enumerate().filter(|(_, cell)| options.wants(&cell.name, cell.quick)).collect();
    let date = machine::date();
    let machine = machine::description().join("\n");
    let machine = format!("{machine}; {} rounds of {:?}", options.rounds, options.goal);
    println!("{date}\n{machine}");
    let plan = Plan { rounds: options.rounds, goal: options.goal };
    let mut runner = Runner::new(options.seed)?;
    let begin = Instant::now();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (done, (place, cell)) in chosen.iter().enumerate() {
        progress(done, chosen.len(), begin, &cell.name);
        let outcome = runner.run(*place, cell, plan)?;
        print!("{}", report::everybody(&outcome));
        outcomes.push(outcome);
    }
    progress(chosen.len(), chosen.len(), begin, "done\n");
    let verdicts = targets::verdicts(&outcomes);
    let text: String = verdicts.iter().map(|verdict| verdict.line() + "\n").collect();
    println!("\n{}\nTargets:\n{text}", report::summary(&outcomes));
    if let Some(name) = &options.record {
        let (date, machine) = (date.as_str(), machine.as_str());
        let run = record::Run { name, date, machine, verdicts: &text, outcomes: &outcomes };
        println!("kept as {}.*", run.write()?.display());
    }
    let missed = options.check && verdicts.iter().any(targets::Verdict::failed);
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// On one line of the terminal.
fn progress(done: usize, all: usize, begin: Instant, name: &str) {
    let elapsed = begin.elapsed().as_secs();
    let left = (elapsed * (all - done) as u64).checked_div(done as u64);
    let left = left.map_or("?".to_string(), |seconds| format!("{seconds}"));
    eprint!("\r[{done}/{all}] {elapsed} s, about {left} s left: {name:<40}");
}
