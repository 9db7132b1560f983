//! The model binaries: building them, and running one with something in its environment.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Tests loom, not the library: no ordering of ours is in it.
const CANARY: &str = "canary";

/// Long enough for any unmutated suite, short enough to notice a hang.
const BASELINE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// A run shorter than this is never called too long.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(120);

/// One compiled file of `loom-tests/tests`.
pub(crate) struct Binary {
    pub(crate) name: String,
    path: PathBuf,
}

/// What a binary does while nothing is mutated.
pub(crate) struct Baseline {
    pub(crate) took: Duration,
    pub(crate) reached: BTreeSet<Slot>,
}

impl Baseline {
    /// When a mutated run is called too long: a weaker ordering lets loom explore more.
    pub(crate) fn timeout(&self) -> Duration {
        SHORTEST_TIMEOUT.max(self.took * 10)
    }
}

/// A line of the hook's list: `file:line:column/slot Ordering`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// As the compiler spells it.
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) slot: String,
    pub(crate) written: String,
}

/// How a run ended.
pub(crate) enum Verdict {
    Passed,
    /// With the name of the test, or what else went wrong.
    Failed(String),
    TimedOut,
}

/// Builds all tests of this package and says where they are.
///
/// # Errors
///
/// If cargo cannot be run, or does not succeed.
pub(crate) fn build(root: &Path) -> Result<Vec<Binary>, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "-p", "loom-tests", "--tests", "--no-run", "--message-format=json"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        return Err("the models do not build".into());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut binaries: Vec<_> = messages.lines().filter_map(Binary::from_message).collect();
    binaries.retain(|binary| binary.name != CANARY);
    binaries.sort_by(|one, other| one.name.cmp(&other.name));
    if binaries.is_empty() {
        return Err("there are no models".into());
    }
    Ok(binaries)
}

impl Binary {
    /// Reads one of cargo's messages; most are about something else.
    fn from_message(json: &str) -> Option<Self> {
        if !json.contains(r#""reason":"compiler-artifact""#) {
            return None;
        }
        let (_, target) = json.split_once(r#""target":{"kind":["test"]"#)?;
        Some(Self {
            name: string_after(target, r#""name":"#)?,
            path: string_after(json, r#""executable":"#)?.into(),
        })
    }

    /// Runs the binary unmutated; this must pass.
    ///
    /// # Errors
    ///
    /// If it does not, or its list cannot be read.
    pub(crate) fn baseline(&self) -> Result<Baseline, String> {
        let name = format!("ordering-mutants-{}-{}.txt", std::process::id(), self.name);
        let list = std::env::temp_dir().join(name);
        let started = Instant::now();
        let verdict = self.run(&[], &[("ORDMUT_LIST", list.as_ref())], BASELINE_TIMEOUT);
        let took = started.elapsed();
        let text = std::fs::read_to_string(&list);
        // It may not exist.
        let _ = std::fs::remove_file(&list);
        match verdict {
            Verdict::Passed => {}
            Verdict::Failed(test) => {
                return Err(format!(
                    "{test} fails without any mutant (or does not list its slots)"
                ));
            }
            Verdict::TimedOut => return Err(format!("{} does not come to an end", self.name)),
        }
        // A binary that never touches the library writes no list.
        let reached = text
            .unwrap_or_default()
            .lines()
            .map(|line| Slot::parse(line).ok_or(format!("unknown line in the list: {line}")))
            .collect::<Result<BTreeSet<_>, _>>()?;
        println!("baseline  {}: {:.1} s, {} slots", self.name, took.as_secs_f64(), reached.len());
        Ok(Baseline { took, reached })
    }

    /// Runs the tests of these names (all if there are none) one after another until one fails or
    /// `timeout` is over.
    pub(crate) fn run(
        &self,
        tests: &[&str],
        environment: &[(&str, &OsStr)],
        timeout: Duration,
    ) -> Verdict {
        let mut command = Command::new(&self.path);
        command
            .args(["--test-threads=1", "--exact"])
            .args(tests)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("ORDMUT")
            .env_remove("ORDMUT_LIST")
            // A backtrace does not fit on the stack of one of loom's threads for sure.
            .env("RUST_BACKTRACE", "0")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        match command.spawn() {
            Ok(child) => self.watch(child, timeout),
            Err(error) => Verdict::Failed(format!("{}: {error}", self.name)),
        }
    }

    fn watch(&self, mut child: Child, timeout: Duration) -> Verdict {
        let deadline = Instant::now() + timeout;
        let (line, lines) = mpsc::channel();
        let reader = child.stdout.take().map(|stdout| {
            thread::spawn(move || {
                for text in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if line.send(text).is_err() {
                        return;
                    }
                }
            })
        });
        let early = loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(text) => {
                    if let Some(test) = failed_test(&text) {
                        break Some(Verdict::Failed(format!("{}::{test}", self.name)));
                    }
                }
                Err(RecvTimeoutError::Timeout) => break Some(Verdict::TimedOut),
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        if early.is_some() {
            // It may have ended by itself meanwhile, which is as good.
            let _ = child.kill();
        }
        let status = child.wait();
        drop(lines);
        if let Some(reader) = reader {
            // The reader has nothing to fail with.
            let _ = reader.join();
        }
        early.unwrap_or_else(|| match status {
            Ok(status) if status.success() => Verdict::Passed,
            // No test's name: a second panic while unwinding ends the process.
            Ok(status) => Verdict::Failed(format!("{}: {status}", self.name)),
            Err(error) => Verdict::Failed(format!("{}: {error}", self.name)),
        })
    }
}

/// The name in libtest's `test NAME ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?.split(" - ").next()
}

/// The JSON string that follows `key`.
fn string_after(json: &str, key: &str) -> Option<String> {
    let rest = json.split_once(key)?.1.strip_prefix('"')?;
    let mut text = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            // Names and paths need no other escapes than of themselves.
            '\\' => text.push(characters.next()?),
            plain => text.push(plain),
        }
    }
}

impl Slot {
    fn parse(line: &str) -> Option<Self> {
        let (place, written) = line.rsplit_once(' ')?;
        let (site, slot) = place.rsplit_once('/')?;
        let mut parts = site.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?.into();
        Some(Self { file, line, column, slot: slot.into(), written: written.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_cargos_message_about_a_test() {
        let message = concat!(
            r#"{"reason":"compiler-artifact","package_id":"x","target":{"kind":["test"],"#,
            r#""crate_types":["bin"],"name":"ring","src_path":"/w/ring.rs"},"#,
            r#""executable":"/w \"q\"/ring-1","fresh":true}"#
        );
        let binary = Binary::from_message(message).expect("a test");
        assert_eq!(binary.name, "ring");
        assert_eq!(binary.path, Path::new("/w \"q\"/ring-1"));
        assert!(Binary::from_message(&message.replace("test", "bin")).is_none());
    }

    #[test]
    fn reads_a_line_of_the_list() {
        let slot = Slot::parse("loom-tests/../src/raw/ring.rs:7:12/cas-fail Acquire");
        let slot = slot.expect("well-formed");
        assert_eq!((slot.file.as_str(), slot.line), ("loom-tests/../src/raw/ring.rs", 7));
        assert_eq!((slot.column, slot.slot.as_str()), (12, "cas-fail"));
        assert_eq!(slot.written, "Acquire");
        assert_eq!(Slot::parse("ring.rs/load Acquire"), None);
    }

    #[test]
    fn knows_a_failed_test() {
        assert_eq!(failed_test("test spsc::order ... FAILED"), Some("spsc::order"));
        assert_eq!(failed_test("test x - should panic ... FAILED"), Some("x"));
        assert_eq!(failed_test("test result: FAILED. 1 passed"), None);
    }
}
