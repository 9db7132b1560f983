//! The facade's everyday face: `core`, `alloc`, and with the `std` feature threads and a lock.

pub(crate) use alloc::sync::Arc;
pub(crate) use core::hint::spin_loop;
#[cfg(target_has_atomic = "64")]
pub(crate) use core::sync::atomic::AtomicU64;
#[cfg(not(backpressure_tsan))]
pub(crate) use core::sync::atomic::fence;
pub(crate) use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering, compiler_fence};
// Positions have 64 bits everywhere; see decision 0008 for what they cost where atomics have not.
#[cfg(not(target_has_atomic = "64"))]
pub(crate) use portable_atomic::AtomicU64;

pub(crate) use crate::raw::membarrier;

/// A fence that ThreadSanitizer can see: it knows of no others.
///
/// Stronger than a fence, since whoever passes here is ordered after everybody who passed before. What
/// that hides is for the models to find; what it avoids is a report for every edge that a fence carries.
#[cfg(backpressure_tsan)]
pub(crate) fn fence(_: Ordering) {
    static PASSED: AtomicU32 = AtomicU32::new(0);
    // ORDERING: AcqRel, no edge of its own: stands in for the fence whose edge is named where it is called.
    PASSED.fetch_add(1, Ordering::AcqRel);
}

/// Sizes that a model checker must shrink ask this.
pub(crate) const UNDER_MODEL: bool = false;

/// `core`'s cell behind the interface that lets the checker watch each access.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(core::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

#[cfg(feature = "std")]
pub(crate) use with_std::*;

#[cfg(feature = "std")]
mod with_std {
    pub(crate) use parking_lot::Mutex;
    pub(crate) use std::process::abort;

    pub(crate) mod thread {
        use alloc::sync::Arc;
        use alloc::task::Wake;
        use core::cell::Cell;
        use core::task::Waker;
        use std::sync::OnceLock;
        use std::thread::{self, Thread};
        use std::time::Instant;

        pub(crate) use std::thread::yield_now;

        /// Sleeps until woken, or until `deadline`; may also return for no reason.
        pub(crate) fn park_until(deadline: Option<Instant>) {
            match deadline {
                None => thread::park(),
                Some(at) => thread::park_timeout(at.saturating_duration_since(Instant::now())),
            }
        }

        struct Unpark(Thread);

        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }

            fn wake_by_ref(self: &Arc<Self>) {
                self.0.unpark();
            }
        }

        /// A waker that ends this thread's next (or present) [`park_until`].
        ///
        /// Made once per thread, so that waiting allocates nothing afterwards.
        pub(crate) fn current_waker() -> Waker {
            fn fresh() -> Waker {
                Waker::from(Arc::new(Unpark(thread::current())))
            }
            std::thread_local! {
                static CACHED: Waker = fresh();
            }
            // A destructor of another thread-local may still send or receive.
            CACHED.try_with(Waker::clone).unwrap_or_else(|_| fresh())
        }

        /// True once in so many calls of this thread: a count that no other processor has to see.
        pub(crate) fn now_and_then(every: u32) -> bool {
            std::thread_local! {
                static CALLS: Cell<u32> = const { Cell::new(0) };
            }
            let count = |calls: &Cell<u32>| {
                calls.set(calls.get().wrapping_add(1));
                calls.get() % every == 0
            };
            CALLS.try_with(count).unwrap_or(false)
        }

        /// How many threads can run at once, as the process was allowed when first asked: by whoever makes
        /// the first channel. Whoever waits first may be tied to one processor, and its peer to another.
        pub(crate) fn parallelism() -> usize {
            static CPUS: OnceLock<usize> = OnceLock::new();
            *CPUS.get_or_init(processors)
        }

        /// What this thread may use; if it is tied to one processor, what the process's first thread may use: a
        /// program that ties its threads to processors makes channels in them too.
        fn processors() -> usize {
            match thread::available_parallelism().map_or(1, usize::from) {
                // A share of the time of more processors than one counts as one: nobody is tied.
                1 if allowed("/proc/thread-self/status") == Some(1) => {
                    allowed("/proc/self/status").unwrap_or(1)
                }
                here => here,
            }
        }

        /// On how many processors a thread may run, as Linux tells it; an interpreter would end the program.
        fn allowed(status: &str) -> Option<usize> {
            if cfg!(any(miri, not(target_os = "linux"))) {
                return None;
            }
            let status = std::fs::read_to_string(status).ok()?;
            let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed:"))?;
            let ones = mask.chars().filter_map(|digit| digit.to_digit(16)).map(u32::count_ones);
            Some(ones.sum::<u32>() as usize)
        }

        #[cfg(all(test, target_os = "linux", not(miri)))]
        mod tests {
            use super::*;

            #[test]
            fn a_thread_tied_to_one_processor_counts_those_of_the_process() {
                let all = processors();
                let tied = thread::spawn(|| {
                    let first = core_affinity::get_core_ids().expect("there are some")[0];
                    assert!(core_affinity::set_for_current(first));
                    assert_eq!(thread::available_parallelism().map_or(0, usize::from), 1);
                    assert_eq!(allowed("/proc/thread-self/status"), Some(1));
                    processors()
                });
                assert_eq!(tied.join().expect("it does not panic"), all);
            }
        }
    }
}

#[cfg(not(feature = "std"))]
pub(crate) use crate::raw::SpinMutex as Mutex;

#[cfg(not(feature = "std"))]
pub(crate) mod thread {
    /// There is nobody to yield to.
    pub(crate) use core::hint::spin_loop as yield_now;

    /// Nobody knows: more than one thing at a time.
    pub(crate) fn parallelism() -> usize {
        2
    }

    /// Only asked where the process can be asked for a barrier.
    pub(crate) fn now_and_then(_every: u32) -> bool {
        false
    }
}

/// Ends the program where going on would be unsound; a panic while panicking aborts.
#[cfg(not(feature = "std"))]
pub(crate) fn abort() -> ! {
    struct Twice;
    impl Drop for Twice {
        fn drop(&mut self) {
            panic!("too many handles");
        }
    }
    let _second = Twice;
    panic!("too many handles");
}
