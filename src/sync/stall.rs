//! The facade's face for stall tests: real threads and real atomics, with a step before each operation.
//!
//! A step counts, and stops the thread if the test has armed it to stop there. Locks are taken by
//! trying, so that waiting for one is steps too, and a thread can be stopped before it takes one and
//! before it gives one back.
#![allow(dead_code, unused_imports, reason = "a facade may offer more than the library uses today")]

use core::ops::{Deref, DerefMut};
use core::panic::Location;

use backpressure_steps::step;

use super::instrumented::{Ordering, Slot};

pub(crate) use super::real::{
    Arc, UnsafeCell, abort, compiler_fence, membarrier, spin_loop, thread,
};
pub(super) use core::sync::atomic;

/// Bounded looks are shrunk: what is counted is whether they end.
pub(crate) const UNDER_MODEL: bool = true;

/// A step; the operation is then done as written.
pub(super) fn access(
    site: &'static Location<'static>,
    _: Slot,
    written: Ordering,
) -> Option<Ordering> {
    step(site);
    Some(written)
}

/// The ordering of an exchange that fails: part of the same step.
pub(super) fn failure(_: &'static Location<'static>, written: Ordering) -> Ordering {
    written
}

/// The users' lock, taken by steps.
#[derive(Debug)]
pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            thread::yield_now();
        }
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let site = Location::caller();
        step(site);
        self.0.try_lock().map(|held| MutexGuard { held, site })
    }
}

/// A lock that is given back by a step.
pub(crate) struct MutexGuard<'a, T> {
    held: parking_lot::MutexGuard<'a, T>,
    site: &'static Location<'static>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.held
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.held
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        step(self.site);
    }
}
