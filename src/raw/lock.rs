//! The short lock of builds without `std`: the list of waiters is held for a few instructions.

use core::fmt;
use core::ops::{Deref, DerefMut};

use crate::sync::thread::yield_now;
use crate::sync::{AtomicU32, Ordering, UnsafeCell};

/// A test-and-set lock. It spins; never take it where its holder cannot run (an interrupt handler
/// on the same core).
pub(crate) struct SpinMutex<T> {
    locked: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: [I7] the lock hands the value to one thread at a time, so `T: Send` is all it takes.
unsafe impl<T: Send> Sync for SpinMutex<T> {}
// SAFETY: [I7] owning the lock is owning the value.
unsafe impl<T: Send> Send for SpinMutex<T> {}

impl<T> SpinMutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { locked: AtomicU32::new(0), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            yield_now();
        }
    }

    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        // ORDERING: Acquire on success, edge [E6]: sees what the last holder did; Relaxed on
        // failure: nothing is read.
        self.locked
            .compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
            // A guard made too early would be dropped, and unlock what another holds.
            .then(|| Guard(self))
    }
}

impl<T> fmt::Debug for SpinMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpinMutex { .. }")
    }
}

/// Holds the lock until dropped.
pub(crate) struct Guard<'a, T>(&'a SpinMutex<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: [I7] the guard exists, so this thread holds the lock.
        self.0.value.with(|value| unsafe { &*value })
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: [I7] the guard exists and is borrowed mutably.
        self.0.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // ORDERING: Release, edge [E6]: hands what was done under the lock to the next holder.
        self.0.locked.store(0, Ordering::Release);
    }
}
