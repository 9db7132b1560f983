//! What the sources promise about their orderings and about `unsafe`, read as text.
//!
//! * Every atomic operation and fence stands under an `ORDERING:` comment that gives each of its
//!   orderings a reason, and each but `Relaxed` an edge (`notes`).
//! * The page of edges and the code name the same edges; both sides of each are where the page says,
//!   and the models that should fail without it exist (`table`).
//! * Atomics, fences, cells and threads come from `src/sync` only (`facade`).
//! * `unsafe` stands in `src/raw` only, each under a `SAFETY:` comment that names a declared
//!   invariant, and every invariant is used (`invariants`).

mod comment;
mod facade;
mod invariants;
mod notes;
mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use self::notes::Operation;
use crate::source::{Position, Sources};
use crate::text::is_word;

/// The page that declares the edges, relative to the workspace.
const PAGE: &str = "src/docs/memory_model.md";

/// Where the models are.
const MODELS: &str = "loom-tests/tests";

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    file: String,
    line: usize,
    what: String,
}

impl Violation {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// The rules' view of the workspace.
pub(crate) struct Book {
    page: String,
    models: BTreeSet<String>,
    operations: Vec<Operation>,
    /// All places where a rule is broken.
    pub(crate) broken: Vec<Violation>,
}

impl Book {
    /// Reads the page and the names of the models, and checks everything.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub(crate) fn read(root: &Path, sources: &Sources) -> Result<Self, String> {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let page = read(&root.join(PAGE))?;
        let mut models = BTreeSet::new();
        let directory = root.join(MODELS);
        let failed = |error| format!("{}: {error}", directory.display());
        for entry in std::fs::read_dir(&directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                models.extend(tests_in(&read(&path)?).map(|test| format!("{stem}::{test}")));
            }
        }
        let (operations, mut broken) = notes::check(sources);
        broken.extend(table::check(sources, &operations, &page, &models));
        broken.extend(facade::check(sources));
        broken.extend(invariants::check(sources));
        broken.sort();
        Ok(Self { page, models, operations, broken })
    }

    /// The edges that the operation in this line is a side of.
    pub(crate) fn edges_at(&self, position: &Position) -> BTreeSet<u32> {
        let here = |operation: &&Operation| {
            operation.file == position.file && operation.line == position.line
        };
        let clauses = self.operations.iter().filter(here).flat_map(|at| &at.clauses);
        clauses.flat_map(|clause| clause.edges.iter().copied()).collect()
    }

    /// Each edge, and each pattern of names by which the page says who fails without it.
    pub(crate) fn claims(&self) -> Vec<(u32, &str)> {
        table::claims(&self.page)
    }

    /// The models that a pattern stands for: file and name.
    pub(crate) fn models(&self, pattern: &str) -> impl Iterator<Item = (&str, &str)> {
        let models = self.models.iter().filter(move |model| table::fits(pattern, model));
        models.filter_map(|model| model.split_once("::"))
    }
}

/// The names of the functions under `#[test]`.
fn tests_in(source: &str) -> impl Iterator<Item = &str> {
    source.split("#[test]").skip(1).filter_map(|rest| {
        let (_, name) = rest.split_once("fn ")?;
        name.split(|c| !is_word(c)).next()
    })
}

/// The numbers of all `[E1]` (for `E`) in a text.
fn ids(text: &str, kind: char) -> impl Iterator<Item = u32> {
    text.split('[').skip(1).filter_map(move |rest| {
        let (id, _) = rest.split_once(']')?;
        id.strip_prefix(kind)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_keep_the_rules() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        let sources = Sources::read(root).expect("readable sources");
        let broken = Book::read(root, &sources).expect("a page and models").broken;
        let text: Vec<_> = broken.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{} rules broken:\n{}", broken.len(), text.join("\n"));
    }

    #[test]
    fn numbers_are_read() {
        assert_eq!(ids("[E1], [I2] and ([E10]) but [Edge]", 'E').collect::<Vec<_>>(), [1, 10]);
    }

    #[test]
    fn tests_are_found() {
        let text = "#[test]\nfn one() {}\nfn helper() {}\n#[test]\n#[should_panic]\nfn two() {}";
        assert_eq!(tests_in(text).collect::<Vec<_>>(), ["one", "two"]);
    }
}
