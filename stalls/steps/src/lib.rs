//! Steps of a thread: counted, and stopped before a chosen one.
//!
//! A checker's face of the library calls [`step`] before each atomic operation. A test makes one thread
//! its [`Victim`], to be stopped before its k-th step, and counts what another one needs meanwhile
//! ([`within`]).

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex};

/// Where a thread stopped.
pub type Site = &'static Location<'static>;

/// A thread that is stopped, or will be.
#[derive(Clone, Debug, Default)]
pub struct Victim(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    stopped_at: Option<Site>,
    done: bool,
    released: bool,
}

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
    /// The step before which this thread stops, and who waits for that.
    static ARMED: RefCell<Option<(u64, Victim)>> = const { RefCell::new(None) };
    /// How many steps this thread may take, and whom it lets go when it takes more.
    static BOUND: RefCell<Option<(u64, Victim)>> = const { RefCell::new(None) };
}

/// One step of the present thread.
pub fn step(site: Site) {
    let steps = STEPS.get() + 1;
    STEPS.set(steps);
    let stop = ARMED.with_borrow_mut(|armed| armed.take_if(|(at, _)| *at == steps));
    if let Some((_, victim)) = stop {
        victim.stop(site);
    }
    let over = BOUND.with_borrow_mut(|bound| bound.take_if(|(most, _)| steps > *most));
    if let Some((_, victim)) = over {
        victim.release();
    }
}

impl Victim {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `operation` on the present thread, which stops before its `k`-th step (from 1) until it is
    /// [released](Self::release). Returns how many steps there were.
    pub fn run(&self, k: u64, operation: impl FnOnce()) -> u64 {
        STEPS.set(0);
        ARMED.set(Some((k, self.clone())));
        operation();
        ARMED.set(None);
        self.change(|state| state.done = true);
        STEPS.get()
    }

    /// Waits until the victim has stopped or finished: where it stopped.
    #[must_use]
    pub fn wait(&self) -> Option<Site> {
        let (state, changed) = &*self.0;
        let settled = |state: &mut State| state.stopped_at.is_none() && !state.done;
        changed.wait_while(state.lock().unwrap(), settled).unwrap().stopped_at
    }

    /// Lets the victim go on.
    pub fn release(&self) {
        self.change(|state| state.released = true);
    }

    fn stop(&self, site: Site) {
        self.change(|state| state.stopped_at = Some(site));
        let (state, changed) = &*self.0;
        drop(changed.wait_while(state.lock().unwrap(), |state| !state.released).unwrap());
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.0;
        change(&mut state.lock().unwrap());
        changed.notify_all();
    }
}

/// Runs `operation` on the present thread: its answer, if it came within `most` steps. If not, `victim`
/// is let go, so that the operation ends all the same.
pub fn within<R>(most: u64, victim: &Victim, operation: impl FnOnce() -> R) -> Option<R> {
    STEPS.set(0);
    BOUND.set(Some((most, victim.clone())));
    let answer = operation();
    BOUND.take().map(|_| answer)
}

/// How many steps the present thread has taken since it was last asked to count.
#[must_use]
pub fn steps() -> u64 {
    STEPS.get()
}
