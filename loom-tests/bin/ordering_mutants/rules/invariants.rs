//! `unsafe` stands in `src/raw` only, and says which of the invariants declared there make it sound.

use std::collections::BTreeMap;

use super::{Violation, comment, ids};
use crate::source::Sources;
use crate::text::Text;

const TREE: &str = "src/raw/";

/// Declares the invariants, each in a line `* **I1** ...` of its documentation.
const DECLARED_IN: &str = "src/raw/mod.rs";

pub(super) fn check(sources: &Sources) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut declared = declarations(sources);
    for (file, lines) in sources.files() {
        violations.extend(check_unsafe(file, lines));
        for (number, line) in (1..).zip(lines) {
            for id in ids(line, 'I') {
                match declared.get_mut(&id) {
                    Some((_, used)) => *used = true,
                    None => {
                        let what = format!("[I{id}] is not declared");
                        violations.push(Violation::new(file, number, what));
                    }
                }
            }
        }
    }
    for (id, (line, _)) in declared.into_iter().filter(|(_, (_, used))| !used) {
        violations.push(Violation::new(DECLARED_IN, line, format!("nothing names [I{id}]")));
    }
    violations
}

/// The invariants, where each is declared, and whether it is used.
fn declarations(sources: &Sources) -> BTreeMap<u32, (usize, bool)> {
    let lines = sources.files().find(|&(file, _)| file == DECLARED_IN).map(|(_, lines)| lines);
    let declares = |(number, line): (usize, &String)| {
        let id = line.trim().strip_prefix("//! * **I")?.split_once("**")?.0.parse().ok()?;
        Some((id, (number, false)))
    };
    (1..).zip(lines.unwrap_or_default()).filter_map(declares).collect()
}

fn check_unsafe(file: &str, lines: &[String]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let text = Text::new(&lines.join("\n"));
    let code = text.lines();
    for at in text.places_of("unsafe") {
        let (line, _) = text.line_and_column(at);
        if !file.starts_with(TREE) {
            violations.push(Violation::new(file, line, "`unsafe` outside `src/raw`"));
            continue;
        }
        let behind = at + "unsafe".len();
        let needs = text.next_visible(behind) == Some('{') || text.next_word(behind) == "impl";
        if !needs {
            // A function, whose documentation says what its caller promises.
            continue;
        }
        let named = comment::above(lines, &code, line - 1, "SAFETY:")
            .is_some_and(|comment| ids(&comment.text, 'I').next().is_some());
        if !named {
            let what = "`unsafe` without a `SAFETY:` comment that names an invariant";
            violations.push(Violation::new(file, line, what));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(files: &[(&str, &str)]) -> Vec<String> {
        check(&Sources::of(files)).iter().map(ToString::to_string).collect()
    }

    const DECLARATION: (&str, &str) = (DECLARED_IN, "//! * **I1** A slot has one owner.");

    #[test]
    fn an_explained_block_passes() {
        let text = "// SAFETY: [I1] ours.\nunsafe impl Sync for X {}\n/// # Safety\nunsafe fn f() {\n    \
                    // SAFETY: [I1] ours.\n    g(unsafe { h() });\n}";
        assert_eq!(faults(&[DECLARATION, ("src/raw/a.rs", text)]), [""; 0]);
    }

    #[test]
    fn an_unexplained_block_is_found() {
        let fault = "src/raw/a.rs:2: `unsafe` without a `SAFETY:` comment that names an invariant";
        let used = ("src/b.rs", "// [I1]");
        for text in ["// SAFETY: ours.\nunsafe { h() }", "\nunsafe impl Sync for X {}"] {
            assert_eq!(faults(&[DECLARATION, ("src/raw/a.rs", text), used]), [fault]);
        }
        assert_eq!(
            faults(&[("src/a.rs", "fn f() { unsafe { g() } }")]),
            ["src/a.rs:1: `unsafe` outside `src/raw`"]
        );
    }

    #[test]
    fn invariants_are_declared_and_used() {
        assert_eq!(faults(&[DECLARATION]), ["src/raw/mod.rs:1: nothing names [I1]"]);
        assert_eq!(
            faults(&[DECLARATION, ("src/raw/a.rs", "// [I1], and [I2]")]),
            ["src/raw/a.rs:1: [I2] is not declared"]
        );
    }
}
