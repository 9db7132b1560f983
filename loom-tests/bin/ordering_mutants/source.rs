//! The library's text: where orderings are written, and what to call those places.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// Not searched: its orderings are those of the facade's own machinery.
const FACADE: &str = "src/sync/";

const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

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
            let function = lines[..=index].iter().rev().find_map(|line| function_name(line));
            format!("{}: {}", function.unwrap_or("-"), lines[index].trim())
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
            for call in text.calls_with_ordering() {
                let (line, column) = text.line_and_column(call);
                let position = Position { file: file.clone(), line, column };
                let Some(site) = self.site(&position) else { continue };
                mentions.push(Mention { position, site });
            }
        }
        mentions
    }
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

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A file's characters with comments, strings and character literals blanked out.
struct Text(Vec<char>);

impl Text {
    fn new(source: &str) -> Self {
        let mut text: Vec<char> = source.chars().collect();
        let mut at = 0;
        while at < text.len() {
            let end = token_end(&text, at);
            if end > at {
                for c in &mut text[at..end] {
                    if *c != '\n' {
                        *c = ' ';
                    }
                }
            }
            at = end.max(at + 1);
        }
        Self(text)
    }

    /// Drops everything from the first module under `#[cfg(test)]` on: by custom it ends the file.
    fn cut_tests(&mut self) {
        let text: String = self.0.iter().collect();
        let mut start = 0;
        let mut under_test = None;
        for line in text.split_inclusive('\n') {
            let code = line.trim();
            let is_test = code.starts_with("#[cfg(test)]") || code.starts_with("#[cfg(all(test,");
            if is_test && under_test.is_none() {
                under_test = Some(start);
            } else if let Some(cut) = under_test {
                let module = code.starts_with("mod ") || code.starts_with("pub(crate) mod ");
                if module && code.ends_with('{') {
                    self.0.truncate(cut);
                    return;
                }
                if !code.is_empty() && !code.starts_with("#[") {
                    under_test = None;
                }
            }
            start += line.chars().count();
        }
    }

    /// Where the names of the functions begin that are called with `Ordering::X`; where no call
    /// encloses it, where that stands itself.
    fn calls_with_ordering(&self) -> Vec<usize> {
        let mut calls: Vec<usize> = Vec::new();
        for at in 0..self.0.len() {
            if !self.ordering_at(at) {
                continue;
            }
            let call = self.enclosing_call(at).unwrap_or(at);
            if !self.starts_with(call, "compiler_fence") && !calls.contains(&call) {
                calls.push(call);
            }
        }
        calls
    }

    fn ordering_at(&self, at: usize) -> bool {
        const TYPE: &str = "Ordering::";
        let named = at.checked_sub(1).is_some_and(|before| is_word(self.0[before]));
        !named && self.starts_with(at, TYPE) && {
            let name = at + TYPE.len();
            ORDERINGS.iter().any(|ordering| {
                let end = self.0.get(name + ordering.len());
                self.starts_with(name, ordering) && !end.copied().is_some_and(is_word)
            })
        }
    }

    fn starts_with(&self, at: usize, pattern: &str) -> bool {
        let rest = self.0.get(at..).unwrap_or_default();
        pattern.chars().enumerate().all(|(n, c)| rest.get(n) == Some(&c))
    }

    /// The beginning of the callee's name: of a method's name itself, of a path's first part.
    fn enclosing_call(&self, from: usize) -> Option<usize> {
        let mut depth = 0usize;
        let opening = (0..from).rev().find(|&i| match self.0[i] {
            ')' | ']' | '}' => {
                depth += 1;
                false
            }
            '(' | '[' | '{' if depth > 0 => {
                depth -= 1;
                false
            }
            c => "([{;".contains(c) && depth == 0,
        })?;
        if self.0[opening] != '(' {
            return None;
        }
        let mut start = self.word_start(opening);
        while start >= 2 && self.0[start - 2..start] == [':', ':'] {
            start = self.word_start(start - 2);
        }
        (start < opening).then_some(start)
    }

    fn word_start(&self, end: usize) -> usize {
        (0..end).rev().take_while(|&i| is_word(self.0[i])).last().unwrap_or(end)
    }

    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = &self.0[..at];
        let line = 1 + before.iter().filter(|&&c| c == '\n').count();
        let column = 1 + before.iter().rev().take_while(|&&c| c != '\n').count();
        (line, column)
    }
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none begins there.
fn token_end(text: &[char], at: usize) -> usize {
    let next = text.get(at + 1).copied();
    match (text[at], next) {
        ('/', Some('/')) => find(text, at, |i| text[i] == '\n'),
        ('/', Some('*')) => {
            let mut depth = 0usize;
            let mut i = at;
            while i + 1 < text.len() {
                match (text[i], text[i + 1]) {
                    ('/', '*') => depth += 1,
                    ('*', '/') if depth == 1 => return i + 2,
                    ('*', '/') => depth -= 1,
                    _ => {
                        i += 1;
                        continue;
                    }
                }
                i += 2;
            }
            text.len()
        }
        ('r', Some('"' | '#')) if at == 0 || !is_word(text[at - 1]) || text[at - 1] == 'b' => {
            let quote = find(text, at + 1, |i| text[i] != '#');
            if text.get(quote) != Some(&'"') {
                return at;
            }
            let hashes = quote - at - 1;
            let closes =
                |i: usize| text[i] == '"' && text[i + 1..].iter().take(hashes).all(|&c| c == '#');
            (find(text, quote + 1, closes) + 1 + hashes).min(text.len())
        }
        ('"', _) => literal_end(text, at, '"'),
        // A lifetime has no closing quote right behind its first character.
        ('\'', Some('\\')) => literal_end(text, at, '\''),
        ('\'', Some(_)) if text.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn find(text: &[char], from: usize, wanted: impl Fn(usize) -> bool) -> usize {
    (from..text.len()).find(|&i| wanted(i)).unwrap_or(text.len())
}

fn literal_end(text: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < text.len() && text[i] != quote {
        i += if text[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(text: &str) -> Sources {
        let lines = text.lines().map(String::from).collect();
        Sources { root: "/w".into(), files: BTreeMap::from([("src/a.rs".into(), lines)]) }
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
