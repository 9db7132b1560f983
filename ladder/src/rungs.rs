//! What there is to run.

/// One rung. Commands run from the root of the repository, one after the other; 0 passes, 3 skips with the
/// reason on the last line, anything else fails.
#[derive(Debug)]
pub(crate) struct Rung {
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) catches: &'static str,
    pub(crate) full: &'static [&'static str],
    /// What `--short` runs in its place; nothing where that makes no sense.
    pub(crate) short: &'static [&'static str],
}

pub(crate) const RUNGS: &[Rung] = &[
    Rung {
        name: "msrv",
        catches: "what the oldest promised compiler does not know",
        full: &[".ci/rungs/msrv"],
        short: &[".ci/rungs/msrv"],
    },
    Rung {
        name: "docs",
        catches: "broken links, features missing from the documentation, packages that do not pack",
        full: &[".ci/rungs/docs"],
        short: &[".ci/rungs/docs"],
    },
    Rung {
        name: "models",
        catches: "wrong protocols, one preemption deeper than the quick rung looks",
        full: &["env BACKPRESSURE_LOOM_PREEMPTIONS=3 cargo test -q -p loom-tests"],
        short: &[],
    },
    Rung {
        name: "ordering-mutants",
        catches: "orderings and fences that no model would miss",
        full: &["cargo run -q -p loom-tests --bin ordering-mutants"],
        short: &[],
    },
    Rung {
        name: "mutants",
        catches: "logic of rings, waiting, channels and credits that no test would miss",
        full: &[".ci/rungs/mutants"],
        short: &[],
    },
    Rung {
        name: "schedules",
        catches: "answers no queue could give, and lost wake-ups, in random schedules of many threads",
        full: &["env BACKPRESSURE_ROUNDS=1500 cargo test -q -p schedules"],
        short: &[],
    },
    Rung {
        name: "seeded-bugs",
        catches: "tests that would not notice the known bugs of other channels",
        full: &["cargo run -q -p backpressure-conformance --bin seeded-bugs"],
        short: &[],
    },
    Rung {
        name: "asan",
        catches: "use after free, double free, leaks",
        full: &[".ci/rungs/asan"],
        short: &[".ci/rungs/asan --short"],
    },
    Rung {
        name: "tsan",
        catches: "data races in what really runs",
        full: &[".ci/rungs/tsan"],
        short: &[],
    },
    Rung {
        name: "msan",
        catches: "reads of what was never written",
        full: &[".ci/rungs/msan"],
        short: &[],
    },
    Rung {
        name: "rtsan",
        catches: "allocations, locks, yields and system calls in try_*",
        full: &[".ci/rungs/rtsan"],
        short: &[".ci/rungs/rtsan --short"],
    },
    Rung {
        name: "miri",
        catches: "undefined behaviour that only an interpreter sees",
        full: &[".ci/rungs/miri"],
        short: &[".ci/rungs/miri"],
    },
    Rung {
        name: "i686",
        catches: "assumptions about the width of words, and the wrap of 2^32 messages",
        full: &[".ci/rungs/i686"],
        short: &[".ci/rungs/i686 --short"],
    },
    Rung {
        name: "aarch64",
        catches: "assumptions about x86",
        full: &[".ci/rungs/aarch64"],
        short: &[],
    },
    Rung {
        name: "bare-metal",
        catches: "std where there is none; 64-bit atomics where there are none",
        full: &[".ci/rungs/bare-metal"],
        short: &[".ci/rungs/bare-metal"],
    },
    Rung {
        name: "fuzz",
        catches: "sequences of operations nobody thought of",
        full: &[".ci/rungs/fuzz"],
        short: &[".ci/rungs/fuzz --short"],
    },
    Rung {
        name: "soak",
        catches: "what takes long to happen, on all executors at once",
        full: &[".ci/rungs/soak"],
        short: &[".ci/rungs/soak --short"],
    },
    Rung {
        name: "coverage",
        catches: "lines that nothing runs",
        full: &[".ci/rungs/coverage"],
        short: &[],
    },
];
