//! The facade's face under shuttle: one thread runs at a time, and before each atomic operation it is
//! decided at random who goes on.
//!
//! What this shows that the model checker cannot: more threads, longer runs, larger rings. What it
//! cannot show: anything about orderings, since every load returns the newest value, and fences are
//! nothing but places where another thread may go on. The waiting side's barrier is the real one, which
//! has nothing to do here; gates start quiet where the process has it.
#![allow(dead_code, unused_imports, reason = "a facade may offer more than the library uses today")]

pub(super) use super::mutation::{access, failure};
pub(crate) use super::real::{Arc, UnsafeCell, abort, compiler_fence, membarrier};
pub(super) use shuttle::sync as lock;
pub(super) use shuttle::sync::atomic;

/// Nothing: who spins does so for a bounded while.
pub(crate) fn spin_loop() {}

/// Sizes that a checker must shrink ask this.
pub(crate) const UNDER_MODEL: bool = true;

/// Threads that shuttle schedules.
pub(crate) mod thread {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::task::Waker;
    use std::time::Instant;

    use shuttle::rand::{Rng, thread_rng};
    use shuttle::thread::{self, Thread};

    pub(crate) use shuttle::thread::yield_now;

    /// Sleeps until woken. There is no clock: with a deadline the sleep may also end for no reason, and
    /// the caller then looks at its deadline, which tests put into the past or far into the future.
    pub(crate) fn park_until(deadline: Option<Instant>) {
        if deadline.is_some() && thread_rng().gen_bool(0.5) {
            yield_now();
        } else {
            thread::park();
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
    pub(crate) fn current_waker() -> Waker {
        Waker::from(Arc::new(Unpark(thread::current())))
    }

    /// One call in four, by the schedule's own dice: the tests are short.
    pub(crate) fn now_and_then(_every: u32) -> bool {
        thread_rng().gen_bool(0.25)
    }

    /// One: whatever adapts to the number of cores takes its shortest way.
    pub(crate) fn parallelism() -> usize {
        1
    }
}
