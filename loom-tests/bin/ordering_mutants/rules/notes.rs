//! The `ORDERING:` comments: every operation has one that fits it, and every one has an operation.
//!
//! A comment consists of clauses, one for each ordering in use:
//!
//! ```text
//! ORDERING: Release on success, edge [E3]: the reason. Acquire on failure, edges [E3], [E4]: the reason.
//! ```
//!
//! What stands before the colon says which ordering it is about. Ids behind the word "edge" (or
//! "edges") are edges that the operation is a side of; others in brackets only refer to one. A
//! `Relaxed` needs no edge, but a reason.

use std::collections::BTreeMap;

use super::comment::{self, Comment};
use super::{Violation, ids};
use crate::source::{Sources, function_at};
use crate::text::{ORDERINGS, Text, is_word};

/// Stand for fences, although they are given no ordering by name.
const BARRIERS: [&str; 2] = ["membarrier::light", "membarrier::heavy"];

/// The fewest words that make a reason.
const REASON: usize = 2;

/// An atomic operation or a fence, and what its comment says.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) function: String,
    pub(super) clauses: Vec<Clause>,
}

/// What a comment says about one ordering.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) ordering: &'static str,
    pub(super) edges: Vec<u32>,
    /// How many words of reason.
    words: usize,
}

/// Reads all operations, and checks each against its comment.
pub(super) fn check(sources: &Sources) -> (Vec<Operation>, Vec<Violation>) {
    let mut operations = Vec::new();
    let mut violations = Vec::new();
    for (file, lines) in sources.files() {
        let mut text = Text::new(&lines.join("\n"));
        text.cut_tests();
        check_file(file, lines, &text, &mut operations, &mut violations);
    }
    (operations, violations)
}

fn check_file(
    file: &str,
    lines: &[String],
    text: &Text,
    operations: &mut Vec<Operation>,
    violations: &mut Vec<Violation>,
) {
    let code = text.lines();
    let mut calls = text.calls_with_ordering();
    for barrier in BARRIERS {
        calls.extend(text.places_of(barrier).into_iter().map(|at| (at, vec!["SeqCst"])));
    }
    // Several operations of one statement may share a comment: together they must use all of it.
    let mut said = BTreeMap::<usize, (Vec<Clause>, Vec<&str>)>::new();
    for (at, orderings) in calls {
        let (line, _) = text.line_and_column(at);
        let Some(Comment { line: start, text }) =
            comment::above(lines, &code, line - 1, "ORDERING:")
        else {
            violations.push(Violation::new(file, line, "an operation without `ORDERING:` comment"));
            continue;
        };
        let clauses = clauses(&text);
        for ordering in &orderings {
            if let Some(what) = fault(&clauses, ordering) {
                violations.push(Violation::new(file, line, what));
            }
        }
        said.entry(start).or_default().1.extend(&orderings);
        said.entry(start).or_default().0 = self::clauses(&text);
        let function = function_at(lines, line - 1).unwrap_or("-").into();
        operations.push(Operation { file: file.into(), line, function, clauses });
    }
    for (line, (clauses, used)) in &said {
        for clause in clauses.iter().filter(|clause| !used.contains(&clause.ordering)) {
            let what = format!("the comment speaks of {}, the code does not", clause.ordering);
            violations.push(Violation::new(file, *line, what));
        }
    }
    for line in comment::all(&lines[..code.len().min(lines.len())], "ORDERING:") {
        if !said.contains_key(&line) {
            let what = "an `ORDERING:` comment that stands above no operation";
            violations.push(Violation::new(file, line, what));
        }
    }
}

/// What is wrong with what the comment says about an ordering in use.
fn fault(clauses: &[Clause], ordering: &str) -> Option<String> {
    let Some(clause) = clauses.iter().find(|clause| clause.ordering == ordering) else {
        return Some(format!("the comment does not say why {ordering}"));
    };
    if clause.words < REASON {
        return Some(format!("{ordering} has no reason"));
    }
    (ordering != "Relaxed" && clause.edges.is_empty()).then(|| format!("{ordering} names no edge"))
}

/// The clauses of a comment.
fn clauses(text: &str) -> Vec<Clause> {
    let mut starts: Vec<(usize, usize, &'static str)> = Vec::new();
    for ordering in ORDERINGS {
        for (at, _) in text.match_indices(ordering) {
            let rest = &text[at + ordering.len()..];
            if text[..at].ends_with(is_word) || rest.starts_with(is_word) {
                continue;
            }
            // Up to the colon there is no end of a sentence and no other ordering.
            let Some(colon) = rest.find(':') else { continue };
            let head = &rest[..colon];
            if !head.contains(['.', ';']) && !ORDERINGS.iter().any(|other| head.contains(other)) {
                starts.push((at, at + ordering.len() + colon + 1, ordering));
            }
        }
    }
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|&(at, ..)| at).chain([text.len()]);
    let clause = |(&(at, reason, ordering), end): (&(usize, usize, &'static str), usize)| Clause {
        ordering,
        edges: edges(&text[at..end]),
        words: text[reason..end].split_whitespace().count(),
    };
    starts.iter().zip(ends).map(clause).collect()
}

/// The ids behind the word "edge" or "edges".
fn edges(clause: &str) -> Vec<u32> {
    let lists = clause.split("edge").skip(1).map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    let list = |rest: &'_ str| {
        let is_list = |c: char| c.is_ascii_digit() || "[]E, ".contains(c);
        let end = rest.find(|c| !is_list(c)).unwrap_or(rest.len());
        ids(&rest[..end], 'E').collect::<Vec<_>>()
    };
    lists.flat_map(list).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let (_, violations) = check(&Sources::of(&[("src/a.rs", text)]));
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_comment_passes() {
        let text = "fn f() {\n    // ORDERING: Release on success, edge [E3]: what we did. Acquire on \
                    failure, edges [E3],\n    // [E4]: as above.\n    match x.compare_exchange(\n        \
                    1, 2, Ordering::Release, Ordering::Acquire) {\n    // ORDERING: Relaxed: a \
                    number.\n    _ => x.load(Ordering::Relaxed) }\n}";
        assert_eq!(faults(text), [""; 0]);
        let (operations, _) = check(&Sources::of(&[("src/a.rs", text)]));
        let [exchange, _] = operations.as_slice() else { panic!("two operations") };
        assert_eq!((exchange.line, exchange.function.as_str()), (4, "f"));
        let edges: Vec<_> = exchange.clauses.iter().map(|c| (c.ordering, &*c.edges)).collect();
        assert_eq!(edges, [("Release", &[3][..]), ("Acquire", &[3, 4][..])]);
    }

    #[test]
    fn a_missing_comment_is_found() {
        let missing = ["src/a.rs:1: an operation without `ORDERING:` comment"];
        assert_eq!(faults("x.load(Ordering::Relaxed);"), missing);
        assert_eq!(faults("membarrier::heavy();"), missing);
        assert_eq!(faults("compiler_fence(Ordering::SeqCst);"), missing);
        let second = "// ORDERING: Relaxed: a number.\nx.load(Ordering::Relaxed);\n\
                      x.load(Ordering::Relaxed);";
        assert_eq!(faults(second), ["src/a.rs:3: an operation without `ORDERING:` comment"]);
    }

    #[test]
    fn an_ordering_needs_its_edge_or_its_reason() {
        let fault = |comment: &str, ordering: &str| {
            faults(&format!("// ORDERING: {comment}\nx.load(Ordering::{ordering});"))
        };
        assert_eq!(
            fault("Acquire: sees [E1] what was", "Acquire"),
            ["src/a.rs:2: Acquire names no edge"]
        );
        assert_eq!(fault("Relaxed: because", "Relaxed"), ["src/a.rs:2: Relaxed has no reason"]);
        assert_eq!(
            fault("Relaxed.", "Relaxed"),
            ["src/a.rs:2: the comment does not say why Relaxed"]
        );
    }

    #[test]
    fn a_comment_that_fell_behind_is_found() {
        let text = "// ORDERING: Acquire, edge [E1]: sees what was.\nx.load(Ordering::Relaxed);";
        assert_eq!(
            faults(text),
            [
                "src/a.rs:2: the comment does not say why Relaxed",
                "src/a.rs:1: the comment speaks of Acquire, the code does not",
            ]
        );
        let text = "// ORDERING: Relaxed: a number.\nx.read();";
        assert_eq!(
            faults(text),
            ["src/a.rs:1: an `ORDERING:` comment that stands above no operation"]
        );
    }
}
