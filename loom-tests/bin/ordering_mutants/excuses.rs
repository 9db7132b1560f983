//! The checked list of mutants that may survive and orderings that need not be reached.
//!
//! One excuse a line, fields between ` | `; blank lines and lines that begin with `#` do not count:
//!
//! ```text
//! src/raw/ring.rs | try_push: let head = self.head.load(Ordering::Acquire); | load | Acquire->Relaxed | reason
//! src/raw/lock.rs | try_lock: .compare_exchange(0, 1, | unreached | reason
//! src/raw/lock.rs | * | unreached | reason, for a whole file
//! ```
//!
//! Sites are named by function and text, not by number, so that an edit elsewhere leaves them alone.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::orderings;

/// Stands for every site of a file, where nothing of it is reached.
const WHOLE_FILE: &str = "*";

/// Something that fails the run unless it is excused.
pub(crate) enum Finding<'a> {
    Mutant { file: &'a str, site: &'a str, slot: &'a str, from: &'a str, to: &'a str },
    Unreached { file: &'a str, site: &'a str },
}

impl fmt::Display for Finding<'_> {
    /// As an excuse, except for the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mutant { file, site, slot, from, to } => {
                write!(f, "{file} | {site} | {slot} | {from}->{to}")
            }
            Self::Unreached { file, site } => write!(f, "{file} | {site} | unreached"),
        }
    }
}

struct Excuse {
    line: usize,
    reason: String,
    used: bool,
}

/// All excuses, by the text of what they excuse.
pub(crate) struct Excuses(BTreeMap<String, Excuse>);

impl Excuses {
    /// # Errors
    ///
    /// If the file exists but cannot be read, or a line of it makes no sense.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self(BTreeMap::new())),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut excuses = BTreeMap::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (finding, reason) = split(text)
                .ok_or_else(|| format!("excuse in line {line} cannot be understood: {text}"))?;
            let excuse = Excuse { line, reason, used: false };
            if excuses.insert(finding, excuse).is_some() {
                return Err(format!("line {line} repeats an excuse: {text}"));
            }
        }
        Ok(Self(excuses))
    }

    /// The reason why `finding` is no fault, if one was given.
    pub(crate) fn reason(&mut self, finding: &Finding<'_>) -> Option<&str> {
        let mut key = finding.to_string();
        match finding {
            Finding::Unreached { file, .. } if !self.0.contains_key(&key) => {
                key = Finding::Unreached { file, site: WHOLE_FILE }.to_string();
            }
            _ => {}
        }
        let excuse = self.0.get_mut(&key)?;
        excuse.used = true;
        Some(&excuse.reason)
    }

    /// Prints the excuses that nothing asked for, and returns their number.
    pub(crate) fn report_stale(&self) -> usize {
        let stale = self.0.iter().filter(|(_, excuse)| !excuse.used);
        stale.map(|(finding, excuse)| println!("STALE     line {}: {finding}", excuse.line)).count()
    }
}

/// Separates an excuse's reason from the rest. The source text may contain the separator too.
fn split(text: &str) -> Option<(String, String)> {
    const SEPARATOR: &str = " | ";
    let fields: Vec<_> = text.split(SEPARATOR).map(str::trim).collect();
    // The file and the site come first, the reason last.
    let kind = (2..fields.len()).find(|&i| {
        fields[i] == "unreached" || orderings::is_slot(fields[i]) && is_change(&fields, i)
    })?;
    let finding_ends = if fields[kind] == "unreached" { kind + 1 } else { kind + 2 };
    let reason = fields[finding_ends..].join(SEPARATOR);
    (!reason.is_empty()).then(|| (fields[..finding_ends].join(SEPARATOR), reason))
}

/// Whether `Acquire->Relaxed` or the like follows field `slot`.
fn is_change(fields: &[&str], slot: usize) -> bool {
    fields.get(slot + 1).is_some_and(|change| {
        change.split_once("->").is_some_and(|(from, to)| {
            orderings::weaker(fields[slot], from).is_ok_and(|weaker| weaker.contains(&to))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excuse_is_found_and_remembered() {
        let text = "# why\n\nsrc/a.rs | f: x.fetch_or(A | B, o) | rmw | AcqRel->Release | a | b\n";
        let mut excuses = Excuses::parse(text).expect("well-formed");
        assert_eq!(excuses.report_stale(), 1);
        let site = "f: x.fetch_or(A | B, o)";
        let (file, slot, from) = ("src/a.rs", "rmw", "AcqRel");
        let other = Finding::Mutant { file, site, slot, from, to: "Relaxed" };
        assert_eq!(excuses.reason(&other), None);
        let finding = Finding::Mutant { file, site, slot, from, to: "Release" };
        assert_eq!(excuses.reason(&finding), Some("a | b"));
        assert_eq!(excuses.report_stale(), 0);
    }

    #[test]
    fn a_whole_file_may_be_unreached() {
        let mut excuses = Excuses::parse("src/a.rs | * | unreached | no std").expect("well-formed");
        let finding = Finding::Unreached { file: "src/a.rs", site: "f: x.load(o)" };
        assert_eq!(excuses.reason(&finding), Some("no std"));
        let finding = Finding::Unreached { file: "src/b.rs", site: "f: x.load(o)" };
        assert_eq!(excuses.reason(&finding), None);
    }

    #[test]
    fn an_excuse_needs_a_reason_and_a_real_change() {
        for text in [
            "src/a.rs | f: x | load | Acquire->Relaxed",
            "src/a.rs | f: x | load | Relaxed->Acquire | stronger",
            "src/a.rs | f: x | unreached",
            "src/a.rs | f: x | whatever | reason",
            "src/a.rs | f: x | unreached | one\nsrc/a.rs | f: x | unreached | two",
        ] {
            assert!(Excuses::parse(text).is_err(), "{text}");
        }
    }
}
