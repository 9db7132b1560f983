//! Comments with a key word, and which piece of code they stand above.

/// A comment above a statement: the line of its key word (from 1), and what follows that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) line: usize,
    pub(super) text: String,
}

/// The comment with `keyword` right above the statement (or match arm, or argument) that the line
/// of this index belongs to.
///
/// `code` is `lines` without comments and literals.
pub(super) fn above(
    lines: &[String],
    code: &[String],
    index: usize,
    keyword: &str,
) -> Option<Comment> {
    let is_comment = |i: usize| lines[i].trim_start().starts_with("//");
    // To the first line of the statement.
    let mut first = index;
    while first > 0 && !is_comment(first - 1) {
        let before = code[first - 1].trim_end();
        if before.trim().is_empty() || before.ends_with([';', '{', '}', ',']) {
            return None;
        }
        first -= 1;
    }
    let top = (0..first).rev().take_while(|&i| is_comment(i)).last()?;
    let start = (top..first).rev().find(|&i| lines[i].contains(keyword))?;
    Some(Comment { line: start + 1, text: text(&lines[start..first], keyword) })
}

/// The lines (from 1) of all comments with `keyword`, documentation apart.
pub(super) fn all<'a>(lines: &'a [String], keyword: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_one = move |line: &str| {
        let line = line.trim_start();
        line.starts_with("//")
            && !line.starts_with("///")
            && !line.starts_with("//!")
            && line.contains(keyword)
    };
    (1..).zip(lines).filter(move |(_, line)| is_one(line)).map(|(number, _)| number)
}

/// What follows the key word, up to the next one (a word in capitals with a colon).
fn text(lines: &[String], keyword: &str) -> String {
    let words: Vec<_> = lines
        .iter()
        .flat_map(|line| line.trim().trim_start_matches('/').split_whitespace())
        .skip_while(|word| *word != keyword)
        .skip(1)
        .take_while(|word| !is_keyword(word))
        .collect();
    words.join(" ")
}

fn is_keyword(word: &str) -> bool {
    word.strip_suffix(':')
        .is_some_and(|name| name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, index: usize) -> Option<Comment> {
        let lines: Vec<_> = text.lines().map(String::from).collect();
        let code = crate::text::Text::new(text).lines();
        above(&lines, &code, index, "ORDERING:")
    }

    #[test]
    fn a_comment_belongs_to_the_statement_below_it() {
        let text = "// Before.\n// WRAP: no. ORDERING: why, and\n// where. PERF: x\nlet y =\n    x";
        let comment = Comment { line: 2, text: "why, and where.".into() };
        assert_eq!(found(text, 3), Some(comment.clone()));
        assert_eq!(found(text, 4), Some(comment));
    }

    #[test]
    fn a_comment_reaches_no_further() {
        assert_eq!(found("// ORDERING: why\na;\nb;", 2), None);
        assert_eq!(found("// ORDERING: why\n\na;", 2), None);
        assert_eq!(found("// other\na;", 1), None);
        assert_eq!(found("a;", 0), None);
    }

    #[test]
    fn documentation_is_no_comment() {
        let text = "/// ORDERING: a\n//! ORDERING: b\n// ORDERING: c";
        let lines: Vec<_> = text.lines().map(String::from).collect();
        assert_eq!(all(&lines, "ORDERING:").collect::<Vec<_>>(), [3]);
    }
}
