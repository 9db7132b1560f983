//! The facade's face under the model checker.
//!
//! Every item of [`real`](super) stands here again on loom's types, so that loom decides which
//! thread runs next and which of the stores still visible a load returns. Two things differ from a
//! plain re-export:
//!
//! * **Orderings can be replaced from outside.** Each atomic operation knows its call site and asks
//!   [`mutation`] which ordering to use. One build therefore serves all ordering mutants;
//!   `loom-tests/bin/ordering_mutants` drives it.
//! * **Parking is rebuilt** on a token of its own, because loom's loses wake-ups that a real thread
//!   keeps (see [`thread::Parker`]).
//!
//! What loom cannot show, and what therefore needs another tool: `SeqCst` *accesses* count as
//! `AcqRel` only (fences are right), a failed or weak compare-exchange never reads an old value and
//! never fails spuriously, no load overtakes a later store, no deadline fires.
#![allow(dead_code, unused_imports, reason = "a facade may offer more than the library uses today")]

use core::panic::Location;

use self::mutation::Slot;

pub(crate) use core::sync::atomic::Ordering;
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::Arc;

/// Nothing: who spins does so for a bounded while, and loom's own would always let others go first,
/// so that no model would see the end of that while.
pub(crate) fn spin_loop() {}

/// Sizes that a model checker must shrink ask this.
pub(crate) const UNDER_MODEL: bool = true;

/// Loom's fence, with a replaceable ordering; a mutant may also leave it out.
#[track_caller]
pub(crate) fn fence(order: Ordering) {
    if let Some(order) = mutation::ordering(Location::caller(), Slot::Fence, order) {
        loom::sync::atomic::fence(order);
    }
}

/// What `raw::membarrier` offers, for models that ask for it; the others check the pair of real
/// fences, which is also what runs where the system call is missing.
///
/// Loom has no asymmetric fences. Here both halves are full ones: what is checked is the protocol
/// around them (when the word is quiet, who must run the barrier, under which lock), and that it
/// needs both. That the real pair orders as much as two full fences do is the kernel's promise, and
/// the argument in `src/docs/memory_model.md`.
pub(crate) mod membarrier {
    use core::cell::Cell;

    use super::{Ordering, fence};

    std::thread_local! {
        // Loom runs all threads of a model on the thread that called it.
        static WANTED: Cell<bool> = const { Cell::new(false) };
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
        fence(Ordering::SeqCst);
    }
}

/// Where a user's process would end, a model fails.
pub(crate) fn abort() -> ! {
    panic!("the library would have aborted the process here");
}

/// An atomic of loom's whose orderings go through [`mutation`].
///
/// The methods are `#[track_caller]` because the call site is the mutant's name, and loom's reports
/// then point there too.
macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name(loom::sync::atomic::$name);

        impl $name {
            #[track_caller]
            pub(crate) fn new(value: $value) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.0.load(mutation::access(Location::caller(), Slot::Load, order))
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, mutation::access(Location::caller(), Slot::Store, order));
            }

            atomic!(@rmw $value: swap, fetch_or, fetch_and);

            #[track_caller]
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let site = Location::caller();
                let success = mutation::access(site, Slot::Exchange, success);
                let failure = mutation::access(site, Slot::ExchangeFailed, failure);
                self.0.compare_exchange(current, new, success, failure)
            }

            /// As strong as [`compare_exchange`](Self::compare_exchange): loom knows no spurious
            /// failures, so a loop around it is only seen retrying for a reason.
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
                let order = mutation::access(Location::caller(), Slot::ReadModifyWrite, order);
                self.0.$method(value, order)
            }
        )+
    };
    (integer $name:ident, $value:ty) => {
        atomic!($name, $value);

        impl $name {
            atomic!(@rmw $value: fetch_add, fetch_sub, fetch_max);

            /// What `get_mut` is for: loom wants to know when the exclusive access ends.
            #[track_caller]
            pub(crate) fn with_mut<R>(&mut self, access: impl FnOnce(&mut $value) -> R) -> R {
                self.0.with_mut(access)
            }
        }
    };
}

atomic!(integer AtomicU32, u32);
atomic!(integer AtomicU64, u64);
atomic!(integer AtomicUsize, usize);
atomic!(AtomicBool, bool);

/// Loom's lock with the interface of the one that users get: no poisoning to unwrap.
///
/// Inside loom the lock is poisoned all the same when a panic passes through a guard's scope, and
/// the next `lock` then fails the model. Take that as a finding: no foreign code belongs under it.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

pub(crate) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("loom's lock() has no error to return")
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
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

/// Ordering mutants: which ordering each call site really uses.
///
/// Two environment variables, read once per process:
///
/// * `ORDMUT=file:line:column/slot=Ordering` puts another ordering in one slot of one call site;
///   `none` in place of the ordering removes a fence.
/// * `ORDMUT_LIST=path` appends one line `file:line:column/slot Ordering` to that file for every
///   slot, the first time it is reached. The file is complete at any moment, so tests need not do
///   anything for it, and a model that fails half-way has told what it reached.
mod mutation {
    use alloc::collections::BTreeSet;
    use alloc::format;
    use alloc::string::String;
    use core::panic::Location;
    use core::sync::atomic::Ordering;
    use std::fs::{File, OpenOptions};
    use std::io::Write;
    use std::sync::{Mutex, OnceLock, PoisonError};

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

    impl Slot {
        const ALL: [Self; 6] = [
            Self::Load,
            Self::Store,
            Self::ReadModifyWrite,
            Self::Exchange,
            Self::ExchangeFailed,
            Self::Fence,
        ];

        /// The name in both environment variables and in `excused_mutants.txt`.
        fn name(self) -> &'static str {
            match self {
                Self::Load => "load",
                Self::Store => "store",
                Self::ReadModifyWrite => "rmw",
                Self::Exchange => "cas",
                Self::ExchangeFailed => "cas-fail",
                Self::Fence => "fence",
            }
        }
    }

    /// One slot of one call site.
    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Place<Name> {
        line: u32,
        column: u32,
        slot: Slot,
        file: Name,
    }

    struct Mutant {
        place: Place<String>,
        /// `None` for a fence that is gone.
        ordering: Option<Ordering>,
    }

    struct Reached {
        places: BTreeSet<Place<&'static str>>,
        file: File,
    }

    /// What the environment asks for.
    struct Requests {
        mutant: Option<Mutant>,
        reached: Option<Mutex<Reached>>,
    }

    fn requests() -> &'static Requests {
        static REQUESTS: OnceLock<Requests> = OnceLock::new();
        REQUESTS.get_or_init(|| Requests {
            mutant: std::env::var("ORDMUT").ok().map(|text| {
                parse(&text).unwrap_or_else(|| panic!("ORDMUT cannot be understood: {text}"))
            }),
            reached: std::env::var_os("ORDMUT_LIST").map(|path| {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&path)
                    .unwrap_or_else(|error| panic!("ORDMUT_LIST={path:?}: {error}"));
                Mutex::new(Reached { places: BTreeSet::new(), file })
            }),
        })
    }

    /// Reads `file:line:column/slot=Ordering`. Files may contain any of the separators.
    fn parse(text: &str) -> Option<Mutant> {
        let (place, ordering) = text.rsplit_once('=')?;
        let (site, slot) = place.rsplit_once('/')?;
        let mut parts = site.rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let line = parts.next()?.parse().ok()?;
        let file = parts.next()?.into();
        let slot = Slot::ALL.into_iter().find(|known| known.name() == slot)?;
        let ordering = match ordering {
            "Relaxed" => Some(Ordering::Relaxed),
            "Acquire" => Some(Ordering::Acquire),
            "Release" => Some(Ordering::Release),
            "AcqRel" => Some(Ordering::AcqRel),
            "SeqCst" => Some(Ordering::SeqCst),
            "none" if slot == Slot::Fence => None,
            _ => return None,
        };
        Some(Mutant { place: Place { line, column, slot, file }, ordering })
    }

    /// The ordering to use at `site`, where the source says `written`; `None` for a removed fence.
    pub(super) fn ordering(
        site: &'static Location<'static>,
        slot: Slot,
        written: Ordering,
    ) -> Option<Ordering> {
        let requests = requests();
        let place = Place { line: site.line(), column: site.column(), slot, file: site.file() };
        if let Some(reached) = &requests.reached {
            // A model that panics in here fails for its own reason; the list stays usable.
            let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
            if reached.places.insert(place.clone()) {
                let Place { line, column, slot, file } = &place;
                // One write per line: several test processes may share the file.
                let entry = format!("{file}:{line}:{column}/{} {written:?}\n", slot.name());
                reached.file.write_all(entry.as_bytes()).expect("ORDMUT_LIST is writable");
            }
        }
        match &requests.mutant {
            Some(mutant)
                if (mutant.place.line, mutant.place.column, mutant.place.slot)
                    == (place.line, place.column, place.slot)
                    && mutant.place.file == place.file =>
            {
                mutant.ordering
            }
            _ => Some(written),
        }
    }

    /// [`ordering`] for everything but fences, which alone can be removed.
    pub(super) fn access(
        site: &'static Location<'static>,
        slot: Slot,
        written: Ordering,
    ) -> Ordering {
        ordering(site, slot, written).expect("only fences can be removed")
    }
}
