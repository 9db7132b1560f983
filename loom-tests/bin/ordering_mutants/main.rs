//! Does any model notice when an ordering in the library is weaker than it is written?
//!
//! ```text
//! cargo run -p loom-tests --bin ordering-mutants [-- --only SUBSTRING] [--jobs N]
//! ```
//!
//! 1. Builds the model binaries (the canary excepted) and runs each once, which must pass and lists
//!    every ordering that it reached.
//! 2. Compares that list with the orderings written in `src/`; what no model reaches is `UNREACHED`.
//! 3. Checks what the sources promise in comments (`rules`), which is also a test of this package.
//! 4. Runs, for each slot and each legal weaker ordering (for fences also without the fence), those
//!    binaries which reached the slot, until the first test fails; the models first that the page of
//!    edges names for it. `src/sync/model.rs` swaps the ordering at run time, so that nothing is
//!    rebuilt.
//! 5. Requires of each model (or pattern) which the page names for an edge that it fails for some
//!    mutant of it; otherwise the name is `IDLE`.
//!
//! A mutant that no test kills, an ordering that is not reached, and a run that takes too long must
//! each stand in `excused_mutants.txt` with a reason. So must nothing else: an excuse that is no
//! longer needed fails as well. The exit code is 0 when all of that holds, 1 when it does not, and
//! 2 when the question could not be put.

mod claims;
mod excuses;
mod models;
mod orderings;
mod rules;
mod source;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use excuses::{Excuses, Finding};
use models::{Binary, Verdict};
use rules::Book;
use source::{Mention, Position, Sources};

/// Where excuses are written down, relative to the workspace.
const EXCUSES: &str = "loom-tests/excused_mutants.txt";

fn main() -> ExitCode {
    let run = Options::from_arguments().and_then(|options| Session::new(&options)?.run(&options));
    match run {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("ordering-mutants: {message}");
            ExitCode::from(2)
        }
    }
}

struct Options {
    only: Option<String>,
    jobs: usize,
}

impl Options {
    fn from_arguments() -> Result<Self, String> {
        let mut options = Self { only: None, jobs: 2 };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--only" => options.only = Some(value()?),
                "--jobs" => {
                    let jobs = value()?;
                    options.jobs = jobs.parse().map_err(|_| format!("--jobs {jobs}?"))?;
                }
                _ => return Err("usage: ordering-mutants [--only SUBSTRING] [--jobs N]".into()),
            }
        }
        options.jobs = options.jobs.max(1);
        Ok(options)
    }

    fn wants(&self, description: &str) -> bool {
        self.only.as_ref().is_none_or(|part| description.contains(part))
    }
}

/// One slot of one call site with another ordering in it.
struct Mutant {
    position: Position,
    /// The file as the compiler spells it, which is what the hook compares with.
    spelled: String,
    /// The call site as an excuse names it.
    site: String,
    slot: String,
    from: String,
    to: &'static str,
    /// The binaries that reached the slot, quickest first.
    binaries: Vec<usize>,
}

impl Mutant {
    /// The value of `ORDMUT`.
    fn request(&self) -> String {
        let Position { line, column, .. } = self.position;
        format!("{}:{line}:{column}/{}={}", self.spelled, self.slot, self.to)
    }

    fn finding(&self) -> Finding<'_> {
        Finding::Mutant {
            file: &self.position.file,
            site: &self.site,
            slot: &self.slot,
            from: &self.from,
            to: self.to,
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, site, slot, from, to, .. } = self;
        write!(f, "{position} [{site}] {slot} {from}->{to}")
    }
}

/// What became of a mutant, or of the mutants of one file.
#[derive(Default)]
struct Tally {
    killed: usize,
    excused: usize,
    survived: usize,
    timed_out: usize,
}

/// Everything known before the first mutant is tried.
struct Session {
    sources: Sources,
    excuses: Excuses,
    binaries: Vec<Binary>,
    baseline: Vec<models::Baseline>,
    book: Book,
}

impl Session {
    fn new(options: &Options) -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .map(PathBuf::from)
            .ok_or("the package has no parent directory")?;
        let excuses = Excuses::read(&root.join(EXCUSES))?;
        let sources = Sources::read(&root)?;
        let book = Book::read(&root, &sources)?;
        let binaries = models::build(&root)?;
        println!("{} model binaries, {} jobs", binaries.len(), options.jobs);
        let baseline = binaries.iter().map(Binary::baseline).collect::<Result<_, _>>()?;
        Ok(Self { sources, excuses, binaries, baseline, book })
    }

    /// Whether everything is as it should be.
    fn run(mut self, options: &Options) -> Result<bool, String> {
        let mutants = self.mutants()?;
        let unreached = self.report_unreached(options);
        for violation in &self.book.broken {
            println!("BROKEN    {violation}");
        }

        let mutants: Vec<_> =
            mutants.into_iter().filter(|m| options.wants(&m.to_string())).collect();
        println!("{} mutants", mutants.len());
        let started = Instant::now();
        let mut tallies = BTreeMap::<&str, Tally>::new();
        self.try_all(&mutants, options.jobs, |excuses, mutant, verdict, took| {
            let tally = tallies.entry(&mutant.position.file).or_default();
            report(excuses, mutant, verdict, took, tally);
        });
        print_table(&tallies, started.elapsed());

        let bad = tallies.values().map(|t| t.survived + t.timed_out).sum::<usize>();
        let (stale, idle) = match options.only {
            None => (self.excuses.report_stale(), self.report_idle(&mutants)),
            Some(_) => (0, 0),
        };
        let broken = self.book.broken.len();
        println!(
            "{bad} unexcused mutants, {unreached} unexcused orderings, {stale} stale excuses, \
             {broken} broken rules, {idle} idle names"
        );
        Ok(bad + unreached + stale + broken + idle == 0)
    }

    /// All weaker versions of all slots that some binary reached.
    fn mutants(&self) -> Result<Vec<Mutant>, String> {
        // Quickest first, so that a kill costs little.
        let mut order: Vec<_> = (0..self.binaries.len()).collect();
        order.sort_by_key(|&index| self.baseline[index].took);
        let mut slots = BTreeMap::<&models::Slot, Vec<usize>>::new();
        for index in order {
            for slot in &self.baseline[index].reached {
                slots.entry(slot).or_default().push(index);
            }
        }
        let mut mutants = Vec::new();
        for (slot, binaries) in slots {
            let position = self.sources.position(&slot.file, slot.line, slot.column);
            let site = self.sources.site(&position).ok_or(format!(
                "{position} was reached, but is no line of a file under src/ (is the build fresh?)"
            ))?;
            for &to in orderings::weaker(&slot.slot, &slot.written)? {
                mutants.push(Mutant {
                    position: position.clone(),
                    spelled: slot.file.clone(),
                    site: site.clone(),
                    slot: slot.slot.clone(),
                    from: slot.written.clone(),
                    to,
                    binaries: binaries.clone(),
                });
            }
        }
        Ok(mutants)
    }

    /// Prints the orderings in the sources that no model reached; returns how many lack an excuse.
    fn report_unreached(&mut self, options: &Options) -> usize {
        let reached: BTreeSet<_> = self
            .baseline
            .iter()
            .flat_map(|baseline| &baseline.reached)
            .map(|slot| self.sources.position(&slot.file, slot.line, slot.column))
            .collect();
        println!("{} call sites reached", reached.len());
        let mut unexcused = 0;
        for Mention { position, site } in self.sources.mentions() {
            if reached.contains(&position) || !options.wants(&format!("{position} [{site}]")) {
                continue;
            }
            let finding = Finding::Unreached { file: &position.file, site: &site };
            if let Some(reason) = self.excuses.reason(&finding) {
                println!("excused   {position} [{site}] unreached: {reason}");
            } else {
                println!("UNREACHED {position} [{site}]\n          excuse: {finding}");
                unexcused += 1;
            }
        }
        unexcused
    }

    /// Tries every mutant on `jobs` threads and hands over each verdict as it comes.
    fn try_all<'m>(
        &mut self,
        mutants: &'m [Mutant],
        jobs: usize,
        mut each: impl FnMut(&mut Excuses, &'m Mutant, &Verdict, Duration),
    ) {
        let Self { binaries, baseline, excuses, book, .. } = self;
        let (binaries, baseline, book) = (&*binaries, &*baseline, &*book);
        let next = AtomicUsize::new(0);
        let (report, reports) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..jobs {
                let report = report.clone();
                let next = &next;
                scope.spawn(move || {
                    while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let started = Instant::now();
                        let verdict = try_one(mutant, binaries, baseline, book);
                        if report.send((mutant, verdict, started.elapsed())).is_err() {
                            return;
                        }
                    }
                });
            }
            // The reports end with the last of the clones.
            drop(report);
            for (mutant, verdict, took) in reports {
                each(excuses, mutant, &verdict, took);
            }
        });
    }
}

/// Runs the models that the page names, then the binaries that can tell, until one fails; otherwise
/// a timeout outweighs a pass.
fn try_one(
    mutant: &Mutant,
    binaries: &[Binary],
    baseline: &[models::Baseline],
    book: &Book,
) -> Verdict {
    let named =
        mutant.binaries.iter().map(|&index| (index, claims::named(book, mutant, &binaries[index])));
    let named = named.filter(|(_, tests)| !tests.is_empty());
    let all = mutant.binaries.iter().map(|&index| (index, Vec::new()));
    let mut verdict = Verdict::Passed;
    for (index, tests) in named.chain(all) {
        let environment = [("ORDMUT", mutant.request())];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_ref()));
        match binaries[index].run(&tests, &environment, baseline[index].timeout()) {
            Verdict::Passed => {}
            Verdict::TimedOut => verdict = Verdict::TimedOut,
            failed @ Verdict::Failed(_) => return failed,
        }
    }
    verdict
}

/// Prints one line about a mutant, and the excuse that it lacks.
fn report(
    excuses: &mut Excuses,
    mutant: &Mutant,
    verdict: &Verdict,
    took: Duration,
    tally: &mut Tally,
) {
    let took = took.as_secs_f64();
    let (word, counter) = match verdict {
        Verdict::Failed(test) => {
            println!("killed    {mutant}  {took:.1} s, {test}");
            tally.killed += 1;
            return;
        }
        Verdict::Passed => ("SURVIVED", &mut tally.survived),
        Verdict::TimedOut => ("TIMEOUT", &mut tally.timed_out),
    };
    let finding = mutant.finding();
    if let Some(reason) = excuses.reason(&finding) {
        println!("excused   {mutant}  {took:.1} s, {}: {reason}", word.to_lowercase());
        tally.excused += 1;
    } else {
        println!("{word:<9} {mutant}  {took:.1} s\n          excuse: {finding}");
        *counter += 1;
    }
}

fn print_table(tallies: &BTreeMap<&str, Tally>, took: Duration) {
    println!(
        "\n{:<40} {:>7} {:>8} {:>9} {:>8}",
        "file", "killed", "excused", "SURVIVED", "TIMEOUT"
    );
    let mut sum = Tally::default();
    for (file, tally) in tallies {
        print_row(file, tally);
        sum.killed += tally.killed;
        sum.excused += tally.excused;
        sum.survived += tally.survived;
        sum.timed_out += tally.timed_out;
    }
    print_row(&format!("all, in {:.0} s", took.as_secs_f64()), &sum);
}

fn print_row(title: &str, tally: &Tally) {
    let Tally { killed, excused, survived, timed_out } = tally;
    println!("{title:<40} {killed:>7} {excused:>8} {survived:>9} {timed_out:>8}");
}
