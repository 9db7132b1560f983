//! A copy of the sources, in which bugs can be put and tests be run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::seed::{Seed, Test};

/// Longer than any of the tests takes, several times over.
const SECONDS: u32 = 60;
/// What `timeout` ends with.
const TIMED_OUT: i32 = 124;

/// The tests of `conformance` without its programs and the state machine, which would be compiled anew for
/// each bug: a package of these alone. Of the library they share, they use the bell.
const SLIM: &str = r#"
[package]
name = "slim"
edition = "2024"
[workspace]
[lib]
name = "backpressure_conformance"
path = "../conformance/src/bell.rs"
[dependencies]
backpressure = { path = ".." }
"#;
const SLIM_TESTS: [&str; 5] = ["survive", "lifecycle", "cancel", "traits", "idle"];
const SLIM_DEPENDENCIES: [&str; 4] = ["pollster", "tokio", "static_assertions", "rustix"];

/// How a test has ended.
pub(crate) enum Ran {
    Passed,
    /// With this output.
    Failed(String),
    Hung,
}

pub(crate) struct Copy {
    sources: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies what git knows of, or would if it were told.
    pub(crate) fn of(root: &Path) -> Self {
        let place = root.join("target/seeded-bugs");
        let copy = Self { sources: place.join("sources"), target: place.join("build") };
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let list = Command::new("git").args(list).current_dir(root).output();
        let list = list.expect("git lists the sources").stdout;
        for file in String::from_utf8_lossy(&list).split_terminator('\0') {
            let from = fs::read(root.join(file));
            // One that is deleted and not yet committed so.
            let Ok(text) = from else { continue };
            copy.write(file, &text);
        }
        let manifest = fs::read_to_string(root.join("conformance/Cargo.toml"));
        let manifest = manifest.expect("conformance has a manifest");
        let mut slim = SLIM.to_owned();
        for name in SLIM_DEPENDENCIES {
            let line = manifest.lines().find(|line| line.split(' ').next() == Some(name));
            slim += &format!("{}\n", line.expect("conformance has what its tests use"));
        }
        for test in SLIM_TESTS {
            let path = format!("../conformance/tests/{test}.rs");
            slim += &format!("[[test]]\nname = \"{test}\"\npath = \"{path}\"\n");
        }
        copy.write("slim/Cargo.toml", slim.as_bytes());
        copy.write("slim/Cargo.lock", &fs::read(root.join("Cargo.lock")).expect("a lock file"));
        copy
    }

    /// Writes a file, unless it is there: what has not changed is not compiled again.
    fn write(&self, file: &str, text: &[u8]) {
        let path = self.sources.join(file);
        if fs::read(&path).is_ok_and(|present| present == text) {
            return;
        }
        let directory = path.parent().expect("a file is in a directory");
        fs::create_dir_all(directory).expect("a directory can be made");
        fs::write(&path, text).expect("a file can be written");
    }

    /// Puts a bug in, or takes it out.
    pub(crate) fn patch(&self, seed: &Seed, out: bool) -> Result<(), String> {
        let mut patch = Command::new("patch");
        patch.args(["--silent", "--strip=1", "--fuzz=0", "--no-backup-if-mismatch", "--forward"]);
        if out {
            patch.args(["--reverse", "--force"]);
        }
        let text = File::open(&seed.patch).expect("the patch was read");
        let outcome = patch.current_dir(&self.sources).stdin(Stdio::from(text)).output();
        let outcome = outcome.expect("patch runs");
        if outcome.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
        Err(format!("{said}the patch does not apply"))
    }

    /// Compiles the library alone.
    pub(crate) fn build_library(&self) -> Result<(), String> {
        let mut cargo = self.cargo("build", "slim");
        self.succeeds(cargo.args(["-p", "backpressure"]))
    }

    /// Compiles a test.
    pub(crate) fn build(&self, test: &Test) -> Result<(), String> {
        let mut cargo = self.cargo_test(test);
        self.succeeds(cargo.arg("--no-run"))
    }

    fn succeeds(&self, command: &mut Command) -> Result<(), String> {
        let outcome = command.output().expect("cargo runs");
        if outcome.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&outcome.stderr).into_owned())
    }

    /// Runs a test that has been compiled.
    pub(crate) fn run(&self, test: &Test) -> Ran {
        let cargo = self.cargo_test(test);
        let mut timeout = Command::new("timeout");
        timeout.args(["--kill-after=5", &SECONDS.to_string()]).arg(cargo.get_program());
        timeout.args(cargo.get_args()).args(["--", "--exact", &test.name]);
        let variables = cargo.get_envs().filter_map(|(name, value)| Some((name, value?)));
        timeout.envs(variables).current_dir(&self.sources);
        let outcome = timeout.output().expect("timeout runs");
        let mut output = String::from_utf8_lossy(&outcome.stdout).into_owned();
        output += &String::from_utf8_lossy(&outcome.stderr);
        // A test of another name would pass by not being there.
        let ran = output.contains(&format!("test {} ... ok", test.name));
        match outcome.status.code() {
            Some(0) if ran => Ran::Passed,
            Some(TIMED_OUT) => Ran::Hung,
            _ => Ran::Failed(output),
        }
    }

    fn cargo_test(&self, test: &Test) -> Command {
        let Test { package, target, .. } = test;
        let mut cargo = match package.as_str() {
            "conformance" => self.cargo("test", "slim"),
            package => {
                let mut cargo = self.cargo("test", ".");
                cargo.args(["-p", package]);
                cargo
            }
        };
        match target.as_str() {
            "lib" => cargo.arg("--lib"),
            target => cargo.args(["--test", target]),
        };
        cargo
    }

    fn cargo(&self, verb: &str, workspace: &str) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        let manifest = self.sources.join(workspace).join("Cargo.toml");
        cargo.args([verb, "--manifest-path"]).arg(manifest);
        cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_TERM_COLOR", "never");
        cargo.env("RUST_BACKTRACE", "0").current_dir(&self.sources);
        cargo
    }
}
