//! The facade's face under the model checker.
//!
//! Every item of [`real`](super) stands here again on loom's types, so that loom decides which
//! thread runs next and which of the stores still visible a load returns. Two things differ from a
//! plain re-export:
//!
//! * **Orderings can be replaced from outside.** Each atomic operation knows its call site and asks
//!   `mutation` which ordering to use (`instrumented` has the wrapper). One build therefore serves
//!   all ordering mutants; `loom-tests/bin/ordering_mutants` drives it.
//! * **Parking is rebuilt** on a token of its own, because loom's loses wake-ups that a real thread
//!   keeps (see [`thread::Parker`]).
//!
//! What loom cannot show, and what therefore needs another tool: `SeqCst` *accesses* count as
//! `AcqRel` only (fences are right), a failed or weak compare-exchange never reads an old value and
//! never fails spuriously, no load overtakes a later store, no deadline fires.
#![allow(dead_code, unused_imports, reason = "a facade may offer more than the library uses today")]

pub(super) use super::mutation::{access, failure};
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::Arc;
pub(super) use loom::sync::{self as lock, atomic};

/// Nothing: who spins does so for a bounded while, and loom's own would always let others go first,
/// so that no model would see the end of that while.
pub(crate) fn spin_loop() {}

/// Sizes that a model checker must shrink ask this.
pub(crate) const UNDER_MODEL: bool = true;

/// What `raw::membarrier` offers, for models that ask for it; the others check the pair of real
/// fences, which is also what runs where the system call is missing.
///
/// Loom has no asymmetric fences. Here both halves are full ones: what is checked is the protocol
/// around them (when the word is quiet, who must run the barrier, under which lock), and that it
/// needs both. That the real pair orders as much as two full fences do is the kernel's promise, and
/// the argument in `src/docs/memory_model.md`.
pub(crate) mod membarrier {
    use core::cell::Cell;

    use super::super::instrumented::{Ordering, fence};

    std::thread_local! {
        // Loom runs all threads of a model on the thread that called it.
        static WANTED: Cell<bool> = const { Cell::new(false) };
        static RUNS: Cell<usize> = const { Cell::new(0) };
    }

    /// Makes gates of channels that this model builds from now on start quiet.
    pub fn want(wanted: bool) {
        WANTED.set(wanted);
    }

    pub(crate) fn available() -> bool {
        WANTED.get()
    }

    #[track_caller]
    pub(crate) fn light() {
        if available() {
            fence(Ordering::SeqCst);
        }
    }

    #[track_caller]
    pub(crate) fn heavy() {
        RUNS.set(RUNS.get() + 1);
        fence(Ordering::SeqCst);
    }

    /// How often the barrier was run on this thread. Since the other half is a full fence here, no model would lose
    /// a wake-up if it were not.
    pub fn runs() -> usize {
        RUNS.get()
    }
}

/// Where a user's process would end, a model fails.
pub(crate) fn abort() -> ! {
    panic!("the library would have aborted the process here");
}

/// Threads that loom schedules.
pub(crate) mod thread {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::sync::atomic::Ordering;
    use core::task::Waker;
    use std::time::Instant;

    use loom::sync::atomic::AtomicUsize;
    use loom::thread::Thread;

    pub(crate) use loom::thread::yield_now;

    const EMPTY: usize = 0;
    const NOTIFIED: usize = 1;
    const PARKED: usize = 2;

    /// One thread's wake-up token, after the protocol of std's own parker.
    ///
    /// Loom's `Thread::unpark` is only safe to call on a thread that is inside `park`. At any other
    /// time it does things that no real thread does: it lets go a thread that waits for a lock, it
    /// is forgotten if the thread has yielded, and it hands over the waker's view of memory although
    /// nothing was read. The first two are false alarms, the third hides missing orderings. So the
    /// token is an atomic of its own, and loom's unpark is reached only by whoever took `PARKED`
    /// away, which is to say once per park.
    #[derive(Debug)]
    struct Parker {
        token: AtomicUsize,
        thread: Thread,
    }

    impl Parker {
        fn fresh() -> Arc<Self> {
            Arc::new(Self { token: AtomicUsize::new(EMPTY), thread: loom::thread::current() })
        }

        fn park(&self) {
            // Only the owner takes the token, so between the exchanges it can only be handed in.
            let parked =
                self.token.compare_exchange(EMPTY, PARKED, Ordering::Acquire, Ordering::Acquire);
            if parked.is_ok() {
                loom::thread::park();
            }
            let token = self.token.swap(EMPTY, Ordering::Acquire);
            assert_eq!(token, NOTIFIED, "loom let a parked thread go that nobody woke");
        }

        fn unpark(&self) {
            if self.token.swap(NOTIFIED, Ordering::Release) == PARKED {
                self.thread.unpark();
            }
        }
    }

    impl Wake for Parker {
        fn wake(self: Arc<Self>) {
            self.unpark();
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.unpark();
        }
    }

    loom::thread_local! {
        static PARKER: Arc<Parker> = Parker::fresh();
    }

    /// Sleeps until woken.
    pub(crate) fn park() {
        PARKER.with(Arc::clone).park();
    }

    /// Sleeps until woken. Loom has no clock: a deadline is one that does not pass in time.
    pub(crate) fn park_until(_deadline: Option<Instant>) {
        park();
    }

    /// A waker that ends this thread's next (or present) [`park`].
    pub(crate) fn current_waker() -> Waker {
        Waker::from(PARKER.with(Arc::clone))
    }

    /// Always: counting across executions would keep loom from repeating one.
    pub(crate) fn now_and_then(_every: u32) -> bool {
        true
    }

    /// One: whatever adapts to the number of cores takes its shortest way under the checker.
    pub(crate) fn parallelism() -> usize {
        1
    }
}
