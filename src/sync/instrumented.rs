//! Atomics, fence and lock of every face that is not the users' own.
//!
//! Each operation asks the face first: [`face::access`] says which ordering to use, or that the
//! operation is to be left out; what else it does (nothing, a count, a stop) is its own affair.
#![allow(dead_code, unused_imports, reason = "a facade may offer more than the library uses today")]

use core::panic::Location;

use super::face;

pub(crate) use core::sync::atomic::Ordering;

/// What an ordering is given to. A compare-exchange has two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Load,
    Store,
    ReadModifyWrite,
    Exchange,
    ExchangeFailed,
    Fence,
}

/// The face's fence; a mutant may leave it out.
#[track_caller]
pub(crate) fn fence(order: Ordering) {
    if let Some(order) = face::access(Location::caller(), Slot::Fence, order) {
        face::atomic::fence(order);
    }
}

/// An atomic of the face's.
///
/// The methods are `#[track_caller]` because the call site is the mutant's name, and loom's reports
/// then point there too. What is left out has no effect and answers as if it had had one; a
/// load, that there is nothing.
macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name(face::atomic::$name);

        impl $name {
            #[track_caller]
            pub(crate) fn new(value: $value) -> Self {
                Self(face::atomic::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                let order = face::access(Location::caller(), Slot::Load, order);
                order.map_or(0, |order| self.0.load(order))
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                if let Some(order) = face::access(Location::caller(), Slot::Store, order) {
                    self.0.store(value, order);
                }
            }

            atomic!(@rmw $value: swap, fetch_or, fetch_and, fetch_add, fetch_sub, fetch_max);

            #[track_caller]
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let site = Location::caller();
                let success = face::access(site, Slot::Exchange, success);
                let failure = face::failure(site, failure);
                match success {
                    Some(success) => self.0.compare_exchange(current, new, success, failure),
                    None => Ok(current),
                }
            }

            /// As strong as [`compare_exchange`](Self::compare_exchange): without spurious failures, a
            /// loop around it is only seen retrying for a reason.
            #[track_caller]
            pub(crate) fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }
        }
    };
    (@rmw $value:ty: $($method:ident),+) => {
        $(
            #[track_caller]
            pub(crate) fn $method(&self, value: $value, order: Ordering) -> $value {
                match face::access(Location::caller(), Slot::ReadModifyWrite, order) {
                    Some(order) => self.0.$method(value, order),
                    None => self.0.load(Ordering::Relaxed),
                }
            }
        )+
    };
}

atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);

/// The checker's lock with the interface of the one that users get: no poisoning to unwrap.
///
/// Inside the checker the lock is poisoned all the same when a panic passes through a guard's scope,
/// and the next `lock` then fails the test. Take that as a finding: no foreign code belongs under it.
#[cfg(not(backpressure_stall))]
#[derive(Debug)]
pub(crate) struct Mutex<T>(face::lock::Mutex<T>);

#[cfg(not(backpressure_stall))]
impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(face::lock::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> face::lock::MutexGuard<'_, T> {
        self.0.lock().expect("no panic passes through a guard's scope")
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> Option<face::lock::MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}
