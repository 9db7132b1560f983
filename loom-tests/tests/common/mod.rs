//! The harness around every model.
//!
//! A model checker that explores nothing is green. So each model states beforehand how many
//! executions it takes at least and which outcomes must be among them, and [`check`] holds it to
//! that:
//!
//! ```ignore
//! let config = Config::at_least(100).exactly(&["got 1", "got nothing"]);
//! check("one send beside one receive", config, |outcomes| {
//!     // ... threads, joins ...
//!     outcomes.record(format!("got {value}"));
//! });
//! ```
//!
//! `BACKPRESSURE_LOOM_PREEMPTIONS=3` (or `none`) replaces the usual preemption bound, and moves that of
//! models which have one of their own as far up; exhaustive models have none to replace. `LOOM_LOG` and `LOOM_LOCATION` work as in loom; its limits on time and on
//! permutations do not, because loom reports a run that they cut short as a success.
#![allow(dead_code, reason = "each test binary uses its part of the harness")]

pub(crate) mod acknowledged;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// The environment variable that replaces the preemption bound.
const BOUND: &str = "BACKPRESSURE_LOOM_PREEMPTIONS";

/// Bound 1 is known to miss weakened orderings; each step up costs about a factor of eight.
const DEFAULT_BOUND: usize = 2;

/// A first position from which a model's few messages cross the end of the 46 bits.
pub(crate) const NEAR_WRAP: u64 = (1 << 46) - 1;

/// How far a model is explored, and what it must have shown in the end.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    bound: Bound,
    max_branches: usize,
    floor: usize,
    required: &'static [&'static str],
    allowed: Option<&'static [&'static str]>,
}

/// How often one execution may switch away from a thread that could go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// This often, unless the environment says otherwise.
    Usually(usize),
    /// Without limit, whatever the environment says.
    Never,
}

impl Config {
    /// A model that takes `floor` executions or more at its own preemption bound.
    ///
    /// Choose a good part of what a correct run prints, so that a change which hides interleavings
    /// shows, while one that adds a few operations does not.
    pub(crate) fn at_least(floor: usize) -> Self {
        Self {
            bound: Bound::Usually(DEFAULT_BOUND),
            max_branches: 20_000,
            floor,
            required: &[],
            allowed: None,
        }
    }

    /// Outcomes that must each have occurred in some execution.
    pub(crate) fn required(mut self, outcomes: &'static [&'static str]) -> Self {
        self.required = outcomes;
        self
    }

    /// All outcomes there may be: recording any other fails the model.
    pub(crate) fn allowed(mut self, outcomes: &'static [&'static str]) -> Self {
        self.allowed = Some(outcomes);
        self
    }

    /// Outcomes that must all occur, and besides which there may be no other.
    pub(crate) fn exactly(self, outcomes: &'static [&'static str]) -> Self {
        self.required(outcomes).allowed(outcomes)
    }

    /// A preemption bound of this model's own, where the usual 2 is too low or too dear.
    pub(crate) fn preemptions(mut self, bound: usize) -> Self {
        self.bound = Bound::Usually(bound);
        self
    }

    /// No preemption bound, not even one from the environment.
    pub(crate) fn exhaustive(mut self) -> Self {
        self.bound = Bound::Never;
        self
    }

    /// Scheduling points per execution beyond which loom speaks of a livelock.
    pub(crate) fn max_branches(mut self, branches: usize) -> Self {
        self.max_branches = branches;
        self
    }

    /// The bound to use, and whether it explores less than the model's own.
    fn bound_in(&self, environment: Option<Option<usize>>) -> (Option<usize>, bool) {
        match (self.bound, environment) {
            (Bound::Never, _) | (Bound::Usually(_), Some(None)) => (None, false),
            (Bound::Usually(own), None) => (Some(own), false),
            (Bound::Usually(own), Some(Some(asked))) => {
                let moved = (own + asked).saturating_sub(DEFAULT_BOUND);
                (Some(moved), moved < own)
            }
        }
    }
}

/// What [`BOUND`] asks for: nothing, or a bound, or (`none`) no bound.
fn environment() -> Option<Option<usize>> {
    let text = std::env::var(BOUND).ok()?;
    Some(match text.as_str() {
        "none" => None,
        number => Some(
            number
                .parse()
                .unwrap_or_else(|_| panic!("{BOUND}={number} is neither a number nor `none`")),
        ),
    })
}

/// Collects what happened, across all executions of one model.
///
/// It lives outside loom: recording is no event that loom could schedule around, and synchronises
/// nothing that the model would see. Clones record in the same place.
#[derive(Clone, Debug)]
pub(crate) struct Outcomes {
    seen: Arc<Mutex<BTreeSet<String>>>,
    allowed: Option<&'static [&'static str]>,
}

impl Outcomes {
    fn new(allowed: Option<&'static [&'static str]>) -> Self {
        Self { seen: Arc::default(), allowed }
    }

    /// Notes the outcome of one execution.
    pub(crate) fn record(&self, outcome: impl Into<String>) {
        let outcome = outcome.into();
        if let Some(allowed) = self.allowed {
            assert!(
                allowed.contains(&outcome.as_str()),
                "outcome `{outcome}` is not among the allowed ones: {allowed:?}"
            );
        }
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    }

    fn seen(&self) -> BTreeSet<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Explores `model` and checks what `config` promises about it.
///
/// A panic in any execution fails the test; the model's name and the number of the execution are
/// printed below the panic's own message.
///
/// # Panics
///
/// If an execution panics, deadlocks, leaks or races, if there were too few executions, or if an
/// outcome is missing or not allowed.
pub(crate) fn check(name: &str, config: Config, model: impl Fn(&Outcomes) + Send + Sync + 'static) {
    let (bound, lowered) = config.bound_in(environment());

    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    builder.max_branches = config.max_branches;
    // Reaching either of these would end the run early and green.
    builder.max_duration = None;
    builder.max_permutations = None;

    let outcomes = Outcomes::new(config.allowed);
    let running = Running::start(name);
    let executions = Arc::clone(&running.executions);
    builder.check({
        let outcomes = outcomes.clone();
        move || {
            executions.fetch_add(1, Ordering::Relaxed);
            model(&outcomes);
        }
    });
    let executions = running.executions.load(Ordering::Relaxed);
    drop(running);

    let seen = outcomes.seen();
    let bound = bound.map_or("no preemption bound".into(), |n| format!("preemption bound {n}"));
    println!("model `{name}`: {executions} executions at {bound}; outcomes {seen:?}");
    if lowered {
        println!("model `{name}`: below its own bound, so nothing is asked of these figures");
        return;
    }
    assert!(
        executions >= config.floor,
        "model `{name}`: only {executions} executions at {bound}, expected {} or more",
        config.floor
    );
    let missing: Vec<_> = config.required.iter().filter(|&&o| !seen.contains(o)).collect();
    assert!(
        missing.is_empty(),
        "model `{name}`: {missing:?} never occurred at {bound}, only {seen:?}"
    );
}

thread_local! {
    /// The model that this thread is exploring. Loom runs a model's threads on one real thread.
    static EXPLORING: RefCell<Option<(String, Arc<AtomicUsize>)>> = const { RefCell::new(None) };
}

/// Says, until dropped, to which model and execution a panic on this thread belongs.
///
/// A panic hook rather than a `catch_unwind`: a failed execution is unwound with loom's objects
/// still about, and a second panic from one of their destructors ends the process before anything
/// could be caught.
struct Running {
    executions: Arc<AtomicUsize>,
}

impl Running {
    fn start(name: &str) -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                usual(info);
                EXPLORING.with_borrow(|exploring| {
                    if let Some((name, executions)) = exploring {
                        let number = executions.load(Ordering::Relaxed);
                        eprintln!("(in execution {number} of model `{name}`)");
                    }
                });
            }));
        });
        let executions = Arc::new(AtomicUsize::new(0));
        EXPLORING.set(Some((name.into(), Arc::clone(&executions))));
        Self { executions }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        EXPLORING.set(None);
    }
}
