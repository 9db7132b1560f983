//! What is in a web server's access log, and how a pipeline under pressure behaves.
//!
//! Three stages, each on threads of its own, joined by bounded channels: one reads lines, several
//! parse them, one counts. How the reader sends decides what happens when the others cannot keep up:
//! it waits (as a thread or as a task), or lines are dropped, and counted.
//!
//! The log beside this file is synthetic.
#![expect(clippy::std_instead_of_core, reason = "a program, not a library for `no_std`")]

mod pipeline;
mod report;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use pipeline::{Mode, Outcome, Settings};
use report::Report;

const HELP: &str = "\
Analyses an access log in the Common or Combined Log Format.

usage: loglens [options] [FILE]     FILE may be `-` for standard input; without it, a sample

  --mode MODE      what the reader does when the parsers are behind:
                   block (default), async, drop-oldest, drop-newest
  --capacity N     lines, and parsed entries, that may wait between two stages (256)
  --parsers N      threads that parse (2)
  --slow MICROS    parsers sleep so long over each line, to see the pressure
  --repeat N       read the input N times over (1)
  --top N          how many paths and clients to list (5)
  --verify         compare with a sequential pass, or, if lines may be dropped, check the accounts
  --help           this text
";

/// What the command line asks for.
struct Request {
    source: Source,
    settings: Settings,
    repeat: usize,
    top: usize,
    verify: bool,
}

/// Where the lines are, so that they can be read more than once.
enum Source {
    File(PathBuf),
    Memory(Vec<u8>),
}

fn main() -> ExitCode {
    let request = match parse_arguments(std::env::args().skip(1)) {
        Ok(Some(request)) => request,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(complaint) => {
            eprintln!("loglens: {complaint}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(&request) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loglens: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(request: &Request) -> io::Result<()> {
    let outcome = pipeline::run(request.open()?, &request.settings)?;
    let mut out = io::stdout().lock();
    outcome.report.print(&mut out, request.top)?;
    print_flow(&mut out, &outcome)?;
    if request.verify {
        let verdict = verify(request, &outcome)?;
        writeln!(out, "verified     {verdict}")?;
    }
    Ok(())
}

/// How the lines went through the stages.
fn print_flow(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let seconds = outcome.elapsed.as_secs_f64();
    writeln!(
        out,
        "stages       {} read, {} parsed, {} counted",
        outcome.read, outcome.parsed, outcome.counted
    )?;
    writeln!(out, "dropped      {}", outcome.dropped)?;
    writeln!(out, "peak depth   {} lines, {} entries", outcome.peak_lines, outcome.peak_entries)?;
    writeln!(
        out,
        "throughput   {:.0} lines/s, {:.1} MB/s, {seconds:.3} s",
        outcome.read as f64 / seconds,
        outcome.bytes_read as f64 / seconds / 1e6,
    )
}

/// Compares with what one thread finds, as far as nothing may have been dropped.
fn verify(request: &Request, outcome: &Outcome) -> io::Result<&'static str> {
    let complete = outcome.read == outcome.parsed + outcome.dropped
        && outcome.parsed == outcome.counted
        && outcome.counted == outcome.report.lines();
    if !complete {
        return Err(io::Error::other("the stages do not add up"));
    }
    if request.settings.mode.drops() {
        return Ok("every line was counted or dropped");
    }
    if Report::sequential(request.open()?)? != outcome.report || outcome.dropped > 0 {
        return Err(io::Error::other("a sequential pass finds something else"));
    }
    Ok("same as a sequential pass")
}

impl Request {
    fn open(&self) -> io::Result<Box<dyn BufRead + Send + '_>> {
        let mut all: Box<dyn BufRead + Send + '_> = Box::new(io::empty());
        for _ in 0..self.repeat {
            all = match &self.source {
                Source::File(path) => Box::new(all.chain(open_file(path)?)),
                Source::Memory(bytes) => Box::new(all.chain(Cursor::new(bytes))),
            };
        }
        Ok(all)
    }
}

fn open_file(path: &Path) -> io::Result<BufReader<File>> {
    let file = File::open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(BufReader::new(file))
}

/// `None` if only help was asked for.
fn parse_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Option<Request>, String> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/loglens/access.log");
    let progress = io::stderr().is_terminal();
    let mut request = Request {
        source: Source::File(sample),
        settings: Settings {
            mode: Mode::Block,
            capacity: 256,
            parsers: 2,
            slow: Duration::ZERO,
            progress,
        },
        repeat: 1,
        top: 5,
        verify: false,
    };
    let mut path = None;
    while let Some(argument) = arguments.next() {
        let mut number = |least: usize| -> Result<usize, String> {
            let text = arguments.next().ok_or_else(|| format!("{argument} needs a number"))?;
            match text.parse() {
                Ok(n) if n >= least => Ok(n),
                _ => Err(format!("{argument} needs a number from {least} on, not `{text}`")),
            }
        };
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--verify" => request.verify = true,
            "--capacity" => request.settings.capacity = number(1)?,
            "--parsers" => request.settings.parsers = number(1)?,
            "--repeat" => request.repeat = number(1)?,
            "--top" => request.top = number(0)?,
            "--slow" => request.settings.slow = Duration::from_micros(number(0)? as u64),
            "--mode" => {
                let text = arguments.next().ok_or("--mode needs a mode")?;
                request.settings.mode =
                    Mode::parse(&text).ok_or_else(|| format!("there is no mode `{text}`"))?;
            }
            flag if flag.starts_with('-') && flag != "-" => {
                return Err(format!("there is no option `{flag}`"));
            }
            _ if path.is_some() => return Err("one file at a time".into()),
            _ => path = Some(argument),
        }
    }
    match path.as_deref() {
        None => {}
        Some("-") => {
            let mut all = Vec::new();
            io::stdin()
                .read_to_end(&mut all)
                .map_err(|error| format!("standard input: {error}"))?;
            request.source = Source::Memory(all);
        }
        Some(path) => request.source = Source::File(path.into()),
    }
    Ok(Some(request))
}
