//! A source file as characters: what is code in it, and where calls begin.

use std::collections::BTreeMap;

pub(crate) const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];

pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A file's characters with comments, strings and character literals blanked out.
pub(crate) struct Text(Vec<char>);

impl Text {
    pub(crate) fn new(source: &str) -> Self {
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
    pub(crate) fn cut_tests(&mut self) {
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

    /// Where the names of the functions begin that are called with `Ordering::X` (where no call
    /// encloses it, where that stands itself), and the orderings of each.
    pub(crate) fn calls_with_ordering(&self) -> BTreeMap<usize, Vec<&'static str>> {
        let mut calls = BTreeMap::<usize, Vec<_>>::new();
        for at in 0..self.0.len() {
            if let Some(ordering) = self.ordering_at(at) {
                let call = self.enclosing_call(at).unwrap_or(at);
                calls.entry(call).or_default().push(ordering);
            }
        }
        calls
    }

    fn ordering_at(&self, at: usize) -> Option<&'static str> {
        const TYPE: &str = "Ordering::";
        let named = at.checked_sub(1).is_some_and(|before| is_word(self.0[before]));
        if named || !self.starts_with(at, TYPE) {
            return None;
        }
        let name = at + TYPE.len();
        ORDERINGS.into_iter().find(|ordering| {
            let end = self.0.get(name + ordering.len());
            self.starts_with(name, ordering) && !end.copied().is_some_and(is_word)
        })
    }

    /// Where `word` stands as a whole one.
    pub(crate) fn places_of(&self, word: &str) -> Vec<usize> {
        let ends = |at: usize| self.0.get(at).copied().is_none_or(|c| !is_word(c));
        let begins = |at: usize| at == 0 || !is_word(self.0[at - 1]);
        let length = word.chars().count();
        let is_there = |&at: &usize| self.starts_with(at, word) && begins(at) && ends(at + length);
        (0..self.0.len()).filter(is_there).collect()
    }

    pub(crate) fn at(&self, at: usize) -> Option<char> {
        self.0.get(at).copied()
    }

    pub(crate) fn skip_space(&self, at: usize) -> usize {
        let space = self.0.iter().skip(at).take_while(|c| c.is_whitespace()).count();
        at + space
    }

    /// The word that begins at `at`.
    pub(crate) fn word(&self, at: usize) -> String {
        self.0.iter().skip(at).take_while(|&&c| is_word(c)).collect()
    }

    /// The word that comes next at or behind `at`, if white space alone lies before it.
    pub(crate) fn next_word(&self, at: usize) -> String {
        self.word(self.skip_space(at))
    }

    /// Behind `as name`, if that comes next.
    pub(crate) fn skip_rename(&self, at: usize) -> usize {
        let keyword = self.skip_space(at);
        if self.word(keyword) != "as" {
            return at;
        }
        let name = self.skip_space(keyword + "as".len());
        name + self.word(name).chars().count()
    }

    /// Whether `at` goes on with a path that began in a crate, or with a field or method.
    pub(crate) fn follows_path(&self, at: usize) -> bool {
        let before = |n: usize| at.checked_sub(n).and_then(|i| self.at(i));
        match (before(2), before(1)) {
            (_, Some('.')) => true,
            (Some(':'), Some(':')) => before(3).is_some_and(|c| is_word(c) || c == '>'),
            _ => false,
        }
    }

    /// The first character at or behind `at` that is no white space.
    pub(crate) fn next_visible(&self, at: usize) -> Option<char> {
        self.at(self.skip_space(at))
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.iter().collect::<String>().lines().map(String::from).collect()
    }

    pub(crate) fn starts_with(&self, at: usize, pattern: &str) -> bool {
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

    pub(crate) fn line_and_column(&self, at: usize) -> (usize, usize) {
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
