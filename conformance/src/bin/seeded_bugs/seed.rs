//! What a patch says about itself, above the differences.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// How a test takes note of a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symptom {
    Fails,
    Hangs,
    /// The model checker finds everybody asleep, and ends the program.
    Deadlocks,
    DoesNotCompile,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Test {
    pub(crate) package: String,
    /// Its file in `tests`, or `lib`.
    pub(crate) target: String,
    pub(crate) name: String,
}

/// One bug.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(crate) name: String,
    pub(crate) patch: PathBuf,
    pub(crate) what: String,
    pub(crate) test: Test,
    pub(crate) symptom: Symptom,
}

impl Seed {
    /// All seeds of a directory, in the order of their names.
    pub(crate) fn read_all(directory: &Path) -> Vec<Self> {
        let entries = fs::read_dir(directory).expect("there are seeds");
        let paths = entries.map(|entry| entry.expect("a directory can be read").path());
        let mut patches: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|end| end == "patch")).collect();
        patches.sort();
        patches.into_iter().map(Self::read).collect()
    }

    fn read(patch: PathBuf) -> Self {
        let text = fs::read_to_string(&patch).expect("a patch is a text");
        let name = patch.file_stem().expect("a patch has a name").to_string_lossy().into_owned();
        let field = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
            line.unwrap_or_else(|| panic!("{name}: no line begins with {key}"))
        };
        let words: Vec<_> = field("test:").split(' ').map(String::from).collect();
        let [package, target, test] = words.try_into().expect("a package, a target and a test");
        let symptom = match field("symptom:") {
            "fails" => Symptom::Fails,
            "hangs" => Symptom::Hangs,
            "deadlocks" => Symptom::Deadlocks,
            "does not compile" => Symptom::DoesNotCompile,
            other => panic!("{name}: {other} is no symptom"),
        };
        let what = text.lines().next().unwrap_or_default().into();
        Self { test: Test { package, target, name: test }, symptom, what, name, patch }
    }

    /// The line of the list that it is about.
    pub(crate) fn line(&self) -> u32 {
        let number = self.name.split('-').next().unwrap_or_default();
        number.parse().unwrap_or_else(|_| panic!("{} does not begin with a number", self.name))
    }
}

impl fmt::Display for Symptom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fails => "fails",
            Self::Hangs => "hangs",
            Self::Deadlocks => "deadlocks",
            Self::DoesNotCompile => "does not compile",
        })
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.package, self.target, self.name)
    }
}
