//! The committed limits: a file with one line an operation, and what it means to keep them.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Counts above `limit * MORE + SLACK` fail; so do those below `limit * LESS - SLACK`, whose limit is
/// stale and would let half of the gain be lost again unnoticed.
const MORE: f64 = 1.03;
const LESS: f64 = 0.90;
const SLACK: f64 = 1.0;
/// With another compiler than the recorded one: a coarse net, in one direction.
const MORE_ELSEWHERE: f64 = 1.25;

const COMPILER: &str = "# compiler: ";

/// Instructions a message, by operation, and the compiler that made them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) compiler: String,
    pub(crate) counts: BTreeMap<String, f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Kept,
    TooMany,
    /// Better than the limit by so much that the limit is worth nothing: bless it.
    Stale,
    /// No limit is known for it.
    Unknown,
}

impl Limits {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut compiler = None;
        let mut counts = BTreeMap::new();
        for line in text.lines() {
            if let Some(version) = line.strip_prefix(COMPILER) {
                compiler = Some(version.to_owned());
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                let (name, count) =
                    line.split_once(' ').ok_or_else(|| format!("what is `{line}`?"))?;
                let count = count.trim().parse().map_err(|_| format!("no number in `{line}`"))?;
                if counts.insert(name.to_owned(), count).is_some() {
                    return Err(format!("`{name}` is there twice"));
                }
            }
        }
        Ok(Self { compiler: compiler.ok_or("no compiler is named")?, counts })
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = String::from(
            "# Instructions a message, counted by callgrind; see benches/README.md. Rewritten by\n\
             # `cargo run --release -p backpressure-benches --bin instructions -- --bless FILE`.\n",
        );
        let _ = writeln!(text, "{COMPILER}{}", self.compiler);
        for (name, count) in &self.counts {
            let _ = writeln!(text, "{name:18} {count:.1}");
        }
        text
    }

    /// What to say of a count that was made with `compiler`.
    pub(crate) fn judge(&self, name: &str, count: f64, compiler: &str) -> Verdict {
        let Some(&limit) = self.counts.get(name) else { return Verdict::Unknown };
        let same = compiler == self.compiler;
        let most = limit * if same { MORE } else { MORE_ELSEWHERE } + SLACK;
        if count > most {
            Verdict::TooMany
        } else if same && count < limit * LESS - SLACK {
            Verdict::Stale
        } else {
            Verdict::Kept
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let counts = BTreeMap::from([("spsc/try".to_owned(), 40.0)]);
        Limits { compiler: "rustc 1.2.3".to_owned(), counts }
    }

    #[test]
    fn text_there_and_back() {
        assert_eq!(Limits::parse(&limits().to_text()), Ok(limits()));
    }

    #[test]
    fn nonsense_is_refused() {
        let with = |line: &str| Limits::parse(&format!("{COMPILER}x\n{line}\n"));
        assert!(with("spsc/try many").is_err());
        assert!(with("spsc/try").is_err());
        assert!(with("a 1\na 2").is_err());
        assert!(Limits::parse("a 1").is_err(), "a count without its compiler says nothing");
    }

    #[test]
    fn a_limit_has_two_sides() {
        let judge = |count| limits().judge("spsc/try", count, "rustc 1.2.3");
        assert_eq!(judge(42.3), Verdict::TooMany);
        assert_eq!(judge(42.1), Verdict::Kept);
        assert_eq!(judge(35.1), Verdict::Kept);
        assert_eq!(judge(34.9), Verdict::Stale);
        assert_eq!(limits().judge("spsc/send", 1.0, "rustc 1.2.3"), Verdict::Unknown);
    }

    #[test]
    fn another_compiler_has_a_coarse_net() {
        let judge = |count| limits().judge("spsc/try", count, "rustc 1.2.4");
        assert_eq!(judge(51.1), Verdict::TooMany);
        assert_eq!(judge(50.9), Verdict::Kept);
        assert_eq!(judge(1.0), Verdict::Kept);
    }
}
