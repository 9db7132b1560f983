//! Counts the instructions of the hot operations, which do not depend on who else uses the machine.
//!
//! Runs itself under valgrind's callgrind, for so many messages and for twice as many: the difference
//! is the operation's, and start-up has cancelled out. See `benches/README.md`.

mod limits;
mod operations;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use limits::{Limits, Verdict};
use operations::{OPERATIONS, Operation};

const HELP: &str = "\
usage: instructions [--only TEXT]... [--check FILE | --bless FILE]

  --only TEXT   only operations whose name contains it, such as `mpsc` or `/batch` (or another TEXT)
  --check FILE  counts ours only, and fails if one leaves the limits in the file
  --bless FILE  counts ours only, and writes the limits there

Skipped with a message, and success, where there is no valgrind.
";

/// A multiple of every batch.
const MESSAGES: u64 = 2048;
/// With which compiler the operations were compiled.
const COMPILER: &str = env!("COMPILER");

#[derive(Default)]
struct Options {
    only: Vec<String>,
    check: Option<String>,
    bless: Option<String>,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(complaint) => {
            eprintln!("instructions: {complaint}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, String> {
    let mut args = env::args().skip(1);
    let mut options = Options::default();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n\n{HELP}"));
        match &*arg {
            "--counted" => return counted(&value()?, &value()?),
            "--only" => options.only.push(value()?),
            "--check" => options.check = Some(value()?),
            "--bless" => options.bless = Some(value()?),
            "--help" => {
                print!("{HELP}");
                return Ok(ExitCode::SUCCESS);
            }
            _ => return Err(format!("what is `{arg}`?\n\n{HELP}")),
        }
    }
    if let Err(reason) = can_count()? {
        println!("instructions: skipped, {reason}");
        return Ok(ExitCode::SUCCESS);
    }
    let limits_only = options.check.is_some() || options.bless.is_some();
    let wanted = |operation: &&Operation| {
        (operation.ours || !limits_only)
            && (options.only.is_empty() || options.only.iter().any(|t| operation.name.contains(t)))
    };
    let counts = count_all(&OPERATIONS.iter().filter(wanted).collect::<Vec<_>>())?;
    match (options.check, options.bless) {
        (Some(file), _) => check(&file, &counts, options.only.is_empty()),
        (None, Some(file)) => bless(&file, &counts),
        (None, None) => {
            println!("instructions a message; {COMPILER}");
            counts.iter().for_each(|(name, count)| println!("{name:18} {count:7.1}"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The counted program: one operation, so many times.
fn counted(name: &str, messages: &str) -> Result<ExitCode, String> {
    let messages = messages.parse().map_err(|_| "how many messages?".to_owned())?;
    let found = OPERATIONS.iter().find(|operation| operation.name == name);
    (found.ok_or("no such operation")?.run)(messages);
    Ok(ExitCode::SUCCESS)
}

/// Whether anything can be counted here, or why not.
fn can_count() -> Result<Result<(), &'static str>, String> {
    if cfg!(debug_assertions) {
        return Err("compile with --release: unoptimized code says nothing".to_owned());
    }
    if cfg!(not(target_arch = "x86_64")) {
        return Ok(Err("limits are for x86-64"));
    }
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    match valgrind {
        Ok(status) if status.success() => Ok(Ok(())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Err("valgrind is not installed")),
        other => Err(format!("valgrind does not start: {other:?}")),
    }
}

/// Counts them, as many at a time as there are processors.
fn count_all(operations: &[&Operation]) -> Result<BTreeMap<String, f64>, String> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut counts = Vec::new();
        while let Some(operation) = operations.get(next.fetch_add(1, Ordering::Relaxed)) {
            let once = instructions(operation.name, MESSAGES)?;
            let twice = instructions(operation.name, 2 * MESSAGES)?;
            let difference = twice.checked_sub(once).ok_or("twice as many took less")?;
            counts.push((operation.name.to_owned(), difference as f64 / MESSAGES as f64));
        }
        Ok::<_, String>(counts)
    };
    thread::scope(|threads| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..processors).map(|_| threads.spawn(worker)).collect();
        let mut all = BTreeMap::new();
        for worker in workers {
            all.extend(worker.join().map_err(|_| "a worker panicked")??);
        }
        Ok(all)
    })
}

/// How many instructions the whole program takes.
fn instructions(name: &str, messages: u64) -> Result<u64, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--counted", name, &messages.to_string()])
        .env("LC_ALL", "C")
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name} under valgrind: {}\n{said}", output.status));
    }
    let count = said.lines().find_map(|line| line.split_once("Collected :"));
    count
        .and_then(|(_, count)| count.trim().parse().ok())
        .ok_or_else(|| format!("valgrind counted nothing for {name}:\n{said}"))
}

fn check(file: &str, counts: &BTreeMap<String, f64>, all: bool) -> Result<ExitCode, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let limits = Limits::parse(&text).map_err(|error| format!("{file}: {error}"))?;
    if COMPILER != limits.compiler {
        println!("limits are from {}, this is {COMPILER}: 25 % more is let pass", limits.compiler);
    }
    let mut kept = true;
    for (name, &count) in counts {
        let verdict = limits.judge(name, count, COMPILER);
        kept &= verdict == Verdict::Kept;
        let limit =
            limits.counts.get(name).map_or("none".to_owned(), |limit| format!("{limit:.1}"));
        let remark = match verdict {
            Verdict::Kept => "",
            Verdict::TooMany => "  TOO MANY",
            Verdict::Stale => "  the limit is stale: bless it",
            Verdict::Unknown => "  no limit: bless it",
        };
        println!("{name:18} {count:7.1}  limit {limit:>7}{remark}");
    }
    if let Some(gone) = limits.counts.keys().find(|name| all && !counts.contains_key(*name)) {
        println!("{gone:18} has a limit, but is not counted: bless");
        kept = false;
    }
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn bless(file: &str, counts: &BTreeMap<String, f64>) -> Result<ExitCode, String> {
    let limits = Limits { compiler: COMPILER.to_owned(), counts: counts.clone() };
    fs::write(file, limits.to_text()).map_err(|error| format!("{file}: {error}"))?;
    println!("{} limits written to {file}", counts.len());
    Ok(ExitCode::SUCCESS)
}
