//! Atomics, fences, cells, locks and threads are named in `src/sync` only.
//!
//! The checker watches what goes through there; an atomic from elsewhere would be one that no model
//! sees. Found by their paths, in `use` trees and in the code.

use super::Violation;
use crate::source::Sources;
use crate::text::{Text, is_word};

/// Whose items are meant.
const CRATES: [&str; 5] = ["core", "std", "alloc", "loom", "parking_lot"];

/// What may not be named through them: modules, and items of modules that are otherwise free.
const FORBIDDEN: [&str; 11] = [
    "atomic",
    "thread",
    "hint",
    "UnsafeCell",
    "SyncUnsafeCell",
    "Mutex",
    "RwLock",
    "Condvar",
    "Barrier",
    "mpsc",
    "LazyLock",
];

/// Modules that lead to those under a shorter name.
const DOORS: [&str; 2] = ["sync", "cell"];

pub(super) fn check(sources: &Sources) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, lines) in sources.files() {
        let mut text = Text::new(&lines.join("\n"));
        text.cut_tests();
        for (at, path) in paths(&text) {
            if is_forbidden(&path) {
                let (line, _) = text.line_and_column(at);
                let what = format!("`{}` goes around `src/sync`", path.join("::"));
                violations.push(Violation::new(file, line, what));
            }
        }
    }
    violations
}

fn is_forbidden(path: &[String]) -> bool {
    let is = |names: &[&str], name: &String| names.contains(&name.as_str());
    let renamed_root = path.len() == 2 && (path[1] == "*" || path[1] == "self");
    let door = path.last().is_some_and(|last| is(&DOORS, last) || last == "self" || last == "*")
        && path.iter().any(|name| is(&DOORS, name));
    // Reference counts alone may come from `alloc`: where the order of the last drop matters, the
    // sources use the facade's.
    renamed_root || door || path[0] == "loom" || path.iter().any(|name| is(&FORBIDDEN, name))
}

/// Every path that begins with one of [`CRATES`], trees of `use` unfolded, and where it begins.
fn paths(text: &Text) -> Vec<(usize, Vec<String>)> {
    let mut paths = Vec::new();
    for root in CRATES {
        for at in text.places_of(root) {
            let end = at + root.chars().count();
            if text.starts_with(end, "::") && !text.follows_path(at) {
                unfold(text, end + 2, &mut vec![root.into()], at, &mut paths);
            }
        }
    }
    paths
}

/// Reads what follows `prefix::` from `at` on; returns where it ends.
fn unfold(
    text: &Text,
    mut at: usize,
    prefix: &mut Vec<String>,
    start: usize,
    paths: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let depth = prefix.len();
    loop {
        at = text.skip_space(at);
        match text.at(at) {
            Some('{') => {
                at += 1;
                loop {
                    at = text.skip_space(at);
                    match text.at(at) {
                        Some(',') => at += 1,
                        Some('}') => break at += 1,
                        Some(c) if is_word(c) || c == '*' || c == '{' => {
                            at = unfold(text, at, prefix, start, paths);
                        }
                        _ => break,
                    }
                }
                break;
            }
            Some(c) if is_word(c) || c == '*' => {
                let name = if c == '*' { "*".into() } else { text.word(at) };
                at += name.chars().count();
                prefix.push(name);
                if !text.starts_with(at, "::") {
                    paths.push((start, prefix.clone()));
                    at = text.skip_rename(at);
                    break;
                }
                at += 2;
            }
            // The generics of a path in an expression.
            _ => {
                paths.push((start, prefix.clone()));
                break;
            }
        }
    }
    prefix.truncate(depth);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        check(&Sources::of(&[("src/a.rs", text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_facade_does_not_offer_is_free() {
        let text = "use core::{fmt, mem::{self, MaybeUninit}, cell::Cell};\nuse alloc::sync::Arc as A;\n\
                    use crate::sync::{AtomicU64, thread};\n// std::thread::spawn\nuse std::sync::OnceLock;\n\
                    fn f() { core::mem::swap(a, b); g::<core::task::Waker>(); x.core::y(); }\n\
                    #[cfg(test)]\nmod tests {\n    use std::thread;\n}";
        assert_eq!(faults(text), [""; 0]);
    }

    #[test]
    fn ways_around_the_facade_are_found() {
        for (text, path) in [
            ("use core::sync::atomic::AtomicU64;", "core::sync::atomic::AtomicU64"),
            ("use std::{fmt, sync::{Arc, atomic}};", "std::sync::atomic"),
            ("use core::cell::{Cell, UnsafeCell as U};", "core::cell::UnsafeCell"),
            ("fn f() { std::thread::yield_now(); }", "std::thread::yield_now"),
            ("use std::sync;", "std::sync"),
            ("use core::cell::*;", "core::cell::*"),
            ("use core::*;", "core::*"),
            ("use parking_lot::Mutex;", "parking_lot::Mutex"),
            ("fn f(x: &::core::hint::X) {}", "core::hint::X"),
        ] {
            assert_eq!(faults(text), [format!("src/a.rs:1: `{path}` goes around `src/sync`")]);
        }
    }
}
