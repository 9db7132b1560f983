//! How the rings should scale to more cores than there are here: their memory accesses, executed by simulated
//! cores with simulated cache lines.
//!
//! * `cpu`, `lines`, `machine`, `costs`: the machine;
//! * `rings`: the algorithms, ours and others'; `stream`: the workload; `field`: who is compared;
//! * `checks`: what the model is held against.

mod checks;
mod costs;
mod cpu;
mod field;
mod lines;
mod machine;
mod rings;
mod stream;
#[cfg(test)]
mod tests;

use std::env;
use std::process::ExitCode;

use costs::Costs;
use field::{CONTESTANTS, Flavour};

const HELP: &str = "\
usage: scaling [--near NS] [--far NS] [--cluster N] [--work NS] [--cores N]... [--capacity N]
               [--only TEXT]... [--checks]

  --near NS      round trip between two cores of a cluster that store and poll one word in turns (40)
  --far NS       the same between clusters (160)
  --cluster N    cores of a cluster (8)
  --work NS      what everybody has to do between two messages (0)
  --cores N      how many in all, two to 256 (2, 4, 8, 16, 64 and 256)
  --capacity N   slots, a power of two (1024)
  --only TEXT    only flavours or algorithms whose name contains it (or another TEXT)
  --checks       what the simulation says beside what was measured, instead
";

struct Options {
    costs: Costs,
    cores: Vec<usize>,
    capacity: u64,
    only: Vec<String>,
    checks: bool,
}

fn main() -> ExitCode {
    match parse(env::args().skip(1)) {
        Ok(Some(options)) => run(&options),
        Ok(None) => print!("{HELP}"),
        Err(complaint) => {
            eprintln!("scaling: {complaint}\n\n{HELP}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let (mut near, mut far, mut cluster, mut work) = (40.0, 160.0, 8, 0);
    let (mut cores, mut capacity, mut only, mut checks) = (Vec::new(), 1024, Vec::new(), false);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        let number = |text: String| {
            text.parse::<u64>().map_err(|_| format!("`{text}` is not a number that fits here"))
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--near" => near = number(value()?)? as f64,
            "--far" => far = number(value()?)? as f64,
            "--work" => work = number(value()?)?,
            "--cluster" => cluster = number(value()?)?.max(1) as usize,
            "--cores" => cores.push(number(value()?)?.clamp(2, lines::CORES as u64) as usize),
            "--capacity" => capacity = number(value()?)?.next_power_of_two().max(16),
            "--only" => only.push(value()?),
            "--checks" => checks = true,
            _ => return Err(format!("there is no option `{argument}`")),
        }
    }
    if cores.is_empty() {
        cores = vec![2, 4, 8, 16, 64, 256];
    }
    let costs = Costs::of_round_trips(near, far);
    let costs = Costs { cluster, work: costs.work + 1000 * work, ..costs };
    Ok(Some(Options { costs, cores, capacity, only, checks }))
}

fn run(options: &Options) {
    if options.checks {
        println!("{:55} measured  simulated  factor", "");
        for check in checks::all() {
            let (measured, simulated) = (check.measured, check.simulated);
            println!("{:55} {measured:8.2} {simulated:10.2} {:7.2}", check.what, check.factor());
        }
        return;
    }
    println!(
        "millions of messages a second (lines moved, exchanges failed a message; busiest sender's share)"
    );
    for flavour in Flavour::ALL {
        let wanted = |name: &str| {
            let only = &options.only;
            only.is_empty() || only.iter().any(|t| name.contains(t.as_str()) || flavour.name() == t)
        };
        let all = CONTESTANTS.iter().filter(|it| it.flavours.contains(&flavour));
        let chosen: Vec<_> = all.filter(|it| wanted(it.name)).collect();
        if chosen.is_empty() {
            continue;
        }
        let cores = if flavour == Flavour::Spsc { &[2][..] } else { &options.cores };
        let head = |&cores: &usize| {
            let (senders, receivers) = flavour.crowd(cores);
            format!("{:>25}", format!("{senders}x{receivers}"))
        };
        println!("\n{:22}{}", flavour.name(), cores.iter().map(head).collect::<String>());
        for contestant in chosen {
            let cell = |&cores: &usize| {
                let race = field::race(flavour, cores, options.costs, options.capacity);
                let Some((outcome, _)) = (contestant.run)(&race) else {
                    return format!("{:>25}", "does not end");
                };
                let notes = format!(
                    "({:.1}, {:.1}; {:.1})",
                    outcome.transfers(),
                    outcome.failures(),
                    outcome.busiest
                );
                format!("{:7.2} {notes:17}", outcome.millions_a_second())
            };
            println!("{:22}{}", contestant.name, cores.iter().map(cell).collect::<String>());
        }
    }
}
