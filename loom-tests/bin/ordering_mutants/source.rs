//! The library's text: where orderings are written, and what to call those places.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use crate::text::{Text, is_word};

/// Not searched: its orderings are those of the facade's own machinery.
const FACADE: &str = "src/sync/";

/// A place in a file, as the compiler counts: from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// Relative to the workspace, `/` between directories.
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A call that is given an ordering by name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// Of the called function's name: what `Location::caller` says in there.
    pub(crate) position: Position,
    pub(crate) site: String,
}

/// Every file under `src`, except for the facade.
pub(crate) struct Sources {
    root: PathBuf,
    files: BTreeMap<String, Vec<String>>,
}

impl Sources {
    /// # Errors
    ///
    /// If a directory or a file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let mut sources = Self { root: root.into(), files: BTreeMap::new() };
        let mut directories = vec![root.join("src")];
        while let Some(directory) = directories.pop() {
            let failed = |error| format!("{}: {error}", directory.display());
            for entry in std::fs::read_dir(&directory).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let file = sources.relative(&path);
                if path.is_dir() {
                    directories.push(path);
                } else if file.ends_with(".rs") && !file.starts_with(FACADE) {
                    let text = std::fs::read_to_string(&path)
                        .map_err(|error| format!("{}: {error}", path.display()))?;
                    sources.files.insert(file, text.lines().map(String::from).collect());
                }
            }
        }
        Ok(sources)
    }

    /// The files as they stand in the rules' tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let lines = |text: &str| text.lines().map(String::from).collect();
        let files = files.iter().map(|&(file, text)| (file.into(), lines(text))).collect();
        Self { root: "/w".into(), files }
    }

    /// Every file and its lines.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.files.iter().map(|(file, lines)| (file.as_str(), lines.as_slice()))
    }

    /// The position that the compiler spells like this.
    pub(crate) fn position(&self, file: &str, line: usize, column: usize) -> Position {
        Position { file: self.relative(&self.root.join(file)), line, column }
    }

    /// `path` without `..` and without the workspace in front.
    fn relative(&self, path: &Path) -> String {
        let mut plain = PathBuf::new();
        for component in path.components() {
            match component {
                Component::ParentDir => drop(plain.pop()),
                Component::CurDir => {}
                other => plain.push(other),
            }
        }
        let relative = plain.strip_prefix(&self.root).unwrap_or(&plain);
        let names: Vec<_> = relative.iter().map(|name| name.to_string_lossy()).collect();
        names.join("/")
    }

    /// What to call a place: its function and the text of its line, and from the second such line in
    /// the file on, which one it is.
    pub(crate) fn site(&self, position: &Position) -> Option<String> {
        let lines = self.files.get(&position.file)?;
        let index = position.line.checked_sub(1)?;
        let name = |index: usize| {
            format!("{}: {}", function_at(lines, index).unwrap_or("-"), lines[index].trim())
        };
        let text = lines.get(index)?.trim();
        let site = name(index);
        let twins = (0..index).filter(|&i| lines[i].trim() == text && name(i) == site).count();
        Some(if twins == 0 { site } else { format!("{site} #{}", twins + 1) })
    }

    /// All calls outside tests that name an ordering, each once.
    pub(crate) fn mentions(&self) -> Vec<Mention> {
        let mut mentions = Vec::new();
        for (file, lines) in &self.files {
            if file.ends_with("/tests.rs") {
                continue;
            }
            let mut text = Text::new(&lines.join("\n"));
            text.cut_tests();
            for &call in text.calls_with_ordering().keys() {
                if text.starts_with(call, "compiler_fence") {
                    continue;
                }
                let (line, column) = text.line_and_column(call);
                let position = Position { file: file.clone(), line, column };
                let Some(site) = self.site(&position) else { continue };
                mentions.push(Mention { position, site });
            }
        }
        mentions
    }
}

/// The function whose declaration is the last at or above the line of this index.
pub(crate) fn function_at(lines: &[String], index: usize) -> Option<&str> {
    lines[..=index].iter().rev().find_map(|line| function_name(line))
}

/// The name in a line that declares a function.
fn function_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        return None;
    }
    let (before, after) = line.split_once("fn ")?;
    // `fn` as a word, not as the end of one, and not a function pointer's type.
    if before.ends_with(is_word) {
        return None;
    }
    let end = after.find(|c| !is_word(c)).unwrap_or(after.len());
    (end > 0).then_some(&after[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        Sources::of(&[("src/a.rs", text)])
    }

    fn mentions(text: &str) -> Vec<(usize, usize, String)> {
        let found = sources(text).mentions();
        found.into_iter().map(|m| (m.position.line, m.position.column, m.site)).collect()
    }

    #[test]
    fn a_call_is_found_by_its_name() {
        let text = "fn f(&self) {\n    let x = self.x.load(Ordering::Acquire);\n    \
                    sync::fence(Ordering::SeqCst);\n}";
        assert_eq!(
            mentions(text),
            [
                (2, 20, "f: let x = self.x.load(Ordering::Acquire);".into()),
                (3, 5, "f: sync::fence(Ordering::SeqCst);".into()),
            ]
        );
    }

    #[test]
    fn a_call_over_several_lines_counts_once_and_where_it_begins() {
        let text = "fn f() {\n    x\n        .compare_exchange(\n            g(1, ')'),\n            \
                    h[2],\n            Ordering::AcqRel,\n            Ordering::Acquire,\n        )";
        assert_eq!(mentions(text), [(3, 10, "f: .compare_exchange(".into())]);
    }

    #[test]
    fn words_about_orderings_do_not_count() {
        let text = "use x::Ordering;\n// x.load(Ordering::Acquire)\n/* /* */ Ordering::SeqCst */\n\
                    fn f<'a>() { g(\"x.load(Ordering::Relaxed)\", r#\"\"Ordering::Relaxed\"#); }\n\
                    fn g() { h(Ordering::Less, MyOrdering::Relaxed); }\n\
                    fn h() { compiler_fence(Ordering::SeqCst); }";
        assert_eq!(mentions(text), []);
    }

    #[test]
    fn an_ordering_outside_a_call_stands_for_itself() {
        let text = "fn f() {\n    let o = Ordering::Relaxed;\n}";
        assert_eq!(mentions(text), [(2, 13, "f: let o = Ordering::Relaxed;".into())]);
    }

    #[test]
    fn tests_at_the_end_do_not_count() {
        let text = "#[cfg(test)]\nuse x;\nfn f() { x.load(Ordering::Acquire); }\n\
                    #[cfg(all(test, feature = \"std\"))]\n#[expect(y)]\nmod tests {\n    \
                    fn g() { x.load(Ordering::Acquire); }\n}";
        assert_eq!(mentions(text), [(3, 12, "f: fn f() { x.load(Ordering::Acquire); }".into())]);
    }

    #[test]
    fn equal_lines_of_one_function_are_counted() {
        let text = "fn f() {\n    x.load(Ordering::Acquire);\n    x.load(Ordering::Acquire);\n}\n\
                    fn g() {\n    x.load(Ordering::Acquire);\n}";
        let sites: Vec<_> = mentions(text).into_iter().map(|(_, _, site)| site).collect();
        let line = "x.load(Ordering::Acquire);";
        assert_eq!(sites, [format!("f: {line}"), format!("f: {line} #2"), format!("g: {line}")]);
    }

    #[test]
    fn the_compilers_spelling_is_made_plain() {
        let position = sources("").position("loom-tests/../src/a.rs", 1, 2);
        assert_eq!(position.to_string(), "src/a.rs:1:2");
        let position = sources("").position("/w/loom-tests/../src/a.rs", 1, 2);
        assert_eq!(position.file, "src/a.rs");
    }
}
