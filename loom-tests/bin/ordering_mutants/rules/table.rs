//! The page of edges against the code: the same edges, on the sides that the page says.

use std::collections::{BTreeMap, BTreeSet};

use super::notes::{Clause, Operation};
use super::{PAGE, Violation, ids};
use crate::source::Sources;

/// The columns: edge, atomic, release side, acquire side, what it protects, models.
const COLUMNS: usize = 6;
const RELEASE: usize = 2;
const ACQUIRE: usize = 3;
const MODELS: usize = 5;

/// A line of the table.
struct Row<'a> {
    line: usize,
    edge: u32,
    cells: Vec<&'a str>,
}

pub(super) fn check(
    sources: &Sources,
    operations: &[Operation],
    page: &str,
    models: &BTreeSet<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut rows = BTreeMap::new();
    for row in rows_of(page) {
        if row.cells.len() != COLUMNS || row.cells.iter().any(|cell| cell.is_empty()) {
            violations.push(Violation::new(PAGE, row.line, "a row with an empty or missing cell"));
        } else if let Some(twice) = rows.insert(row.edge, row) {
            violations.push(Violation::new(PAGE, twice.line, "an edge that is declared twice"));
        }
    }
    violations.extend(undeclared(sources, &rows));
    for row in rows.values() {
        violations.extend(sides(row, operations));
        violations.extend(names(row, models));
    }
    violations
}

fn rows_of(page: &str) -> impl Iterator<Item = Row<'_>> {
    (1..).zip(page.lines()).filter_map(|(line, text)| {
        let cells = text.trim().strip_prefix('|')?.strip_suffix('|')?;
        let cells: Vec<_> = cells.split('|').map(str::trim).collect();
        let edge = cells.first()?.strip_prefix('E')?.parse().ok()?;
        Some(Row { line, edge, cells })
    })
}

/// Each edge, and each pattern in its last column.
pub(super) fn claims(page: &str) -> Vec<(u32, &str)> {
    let rows = rows_of(page).filter(|row| row.cells.len() == COLUMNS);
    rows.flat_map(|row| ticked(row.cells[MODELS]).map(move |name| (row.edge, name))).collect()
}

/// Edges that the code names and the page does not declare.
fn undeclared(sources: &Sources, rows: &BTreeMap<u32, Row<'_>>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, lines) in sources.files() {
        for (number, line) in (1..).zip(lines) {
            for edge in ids(line, 'E').filter(|edge| !rows.contains_key(edge)) {
                violations.push(Violation::new(file, number, format!("[E{edge}] is not declared")));
            }
        }
    }
    violations
}

/// Whether what a clause says puts its operation on a side.
fn is_on(side: usize, ordering: &str) -> bool {
    match ordering {
        "Release" => side == RELEASE,
        "Acquire" => side == ACQUIRE,
        // Of two fences that exclude each other either may be called the one or the other.
        "AcqRel" | "SeqCst" => true,
        _ => false,
    }
}

/// Compares the sides in a row with the operations that name its edge.
fn sides(row: &Row<'_>, operations: &[Operation]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let listed = [RELEASE, ACQUIRE].map(|side| ticked(row.cells[side]).collect::<Vec<_>>());
    let place = |operation: &Operation| {
        let file = operation.file.strip_prefix("src/").unwrap_or(&operation.file);
        format!("{file}::{}", operation.function)
    };
    let of_edge: Vec<_> = operations
        .iter()
        .flat_map(|operation| operation.clauses.iter().map(move |clause| (operation, clause)))
        .filter(|(_, clause)| clause.edges.contains(&row.edge))
        .collect();
    for (side, places) in [RELEASE, ACQUIRE].into_iter().zip(&listed) {
        if places.is_empty() {
            violations.push(Violation::new(PAGE, row.line, format!("E{} lacks a side", row.edge)));
        }
        for &listed in places {
            let holds = of_edge
                .iter()
                .any(|(at, clause)| is_on(side, clause.ordering) && place(at) == listed);
            if !holds {
                let what = format!("no operation in `{listed}` is on that side of E{}", row.edge);
                violations.push(Violation::new(PAGE, row.line, what));
            }
        }
    }
    for (operation, clause) in of_edge {
        let place = place(operation);
        let [release, acquire] = [0, 1].map(|side: usize| listed[side].contains(&&*place));
        let fine = match clause.ordering {
            "Release" => release,
            "Acquire" => acquire,
            "AcqRel" => release && acquire,
            "SeqCst" => release || acquire,
            _ => true,
        };
        if !fine {
            let Clause { ordering, .. } = clause;
            let what = format!("`{place}` is not listed as a side of E{}: {ordering}", row.edge);
            violations.push(Violation::new(&operation.file, operation.line, what));
        }
    }
    violations
}

/// Checks that the models in a row exist.
fn names(row: &Row<'_>, models: &BTreeSet<String>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let patterns: Vec<_> = ticked(row.cells[MODELS]).collect();
    if patterns.is_empty() {
        violations.push(Violation::new(PAGE, row.line, format!("no model for E{}", row.edge)));
    }
    for pattern in patterns {
        if !models.iter().any(|model| fits(pattern, model)) {
            let what = format!("`{pattern}` is no model");
            violations.push(Violation::new(PAGE, row.line, what));
        }
    }
    violations
}

/// What stands between backticks.
fn ticked(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Whether a name fits a pattern, in which `*` stands for any text.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            name.char_indices()
                .map(|(at, _)| at)
                .chain([name.len()])
                .any(|at| fits(rest, &name[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "fn put() {\n    // ORDERING: Release, edge [E1]: what we did.\n    \
                        x.store(1, Ordering::Release);\n}\nfn get() {\n    \
                        // ORDERING: Acquire, edge [E1]: as above.\n    x.load(Ordering::Acquire);\n}";
    const ROW: &str = "| E1 | x | `a.rs::put` | `a.rs::get` | a value | `ring::*_over` |";

    fn faults(code: &str, page: &str) -> Vec<String> {
        let sources = Sources::of(&[("src/a.rs", code)]);
        let (operations, _) = super::super::notes::check(&sources);
        let models = BTreeSet::from(["ring::hand_over".into()]);
        check(&sources, &operations, page, &models).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_page_passes() {
        assert_eq!(faults(CODE, ROW), [""; 0]);
    }

    #[test]
    fn edges_are_declared_and_used() {
        assert_eq!(
            faults(CODE, ""),
            ["src/a.rs:2: [E1] is not declared", "src/a.rs:6: [E1] is not declared"]
        );
        let unused = "src/docs/memory_model.md:1: no operation in";
        assert_eq!(
            faults("", ROW),
            [
                format!("{unused} `a.rs::put` is on that side of E1"),
                format!("{unused} `a.rs::get` is on that side of E1"),
            ]
        );
        assert_eq!(
            faults(CODE, &format!("{ROW}\n{ROW}")),
            ["src/docs/memory_model.md:1: an edge that is declared twice"]
        );
    }

    #[test]
    fn each_side_is_where_the_page_says() {
        let swapped = ROW.replace("put", "x").replace("get", "put").replace("::x`", "::get`");
        assert_eq!(faults(CODE, &swapped).len(), 4);
        let one_sided = CODE.split("fn get").next().expect("a first half");
        assert_eq!(
            faults(one_sided, ROW),
            ["src/docs/memory_model.md:1: no operation in `a.rs::get` is on that side of E1"]
        );
        let more = format!("{CODE}\n{}", CODE.replace("put", "set").replace("get", "put"));
        assert_eq!(
            faults(&more, ROW),
            [
                "src/a.rs:11: `a.rs::set` is not listed as a side of E1: Release",
                "src/a.rs:15: `a.rs::put` is not listed as a side of E1: Acquire",
            ]
        );
    }

    #[test]
    fn models_exist() {
        let fault = |row: &str| faults(CODE, row);
        assert_eq!(
            fault(&ROW.replace("ring", "wheel")),
            ["src/docs/memory_model.md:1: `wheel::*_over` is no model"]
        );
        assert_eq!(
            fault(&ROW.replace("`ring::*_over`", "all")),
            ["src/docs/memory_model.md:1: no model for E1"]
        );
        assert_eq!(
            fault(&ROW.replace("a value", "")),
            [
                "src/docs/memory_model.md:1: a row with an empty or missing cell",
                "src/a.rs:2: [E1] is not declared",
                "src/a.rs:6: [E1] is not declared",
            ]
        );
    }

    #[test]
    fn patterns_fit() {
        assert!(fits("a::*b*", "a::xxbyy") && fits("*::b", "a::b") && fits("a", "a"));
        assert!(!fits("a::b", "a::bc") && !fits("*::b", "a::c") && !fits("a*b", "b"));
    }
}
