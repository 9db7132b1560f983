//! Real threads, the library as users have it, and a signal that stops one of them wherever it happens to be.
//!
//! Nobody waits here, so nobody holds the lock of a list: whoever is stopped, the calls of the others return.
//! What exactly they may be answered is in `answers`; here every value is counted, and those of one sender
//! come in order.
#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "signals: to stop a thread that does not know of it")]

use std::collections::HashMap;
use std::mem;
use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use backpressure::{Credits, Delivery, DropOldest, Offered, TrySendError, mpmc, mpsc, spsc};

/// Stops in each test.
const STOPS: usize = 200;
/// Calls of each of the others while a thread is stopped.
const CALLS: u64 = 100;
/// Whoever has not returned by then never will.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many threads have been stopped, and up to which of them may go on.
static STOPPED: AtomicU64 = AtomicU64::new(0);
static GO_ON: AtomicU64 = AtomicU64::new(0);

/// Stays until it may go on. Does only what a handler may do: atomics, and a sleep.
extern "C" fn stay(_: libc::c_int) {
    let stop = STOPPED.fetch_add(1, Ordering::SeqCst) + 1;
    while GO_ON.load(Ordering::SeqCst) < stop {
        let moment = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };
        // SAFETY: only reads `moment`, which is there.
        unsafe { libc::nanosleep(&raw const moment, std::ptr::null_mut()) };
    }
}

/// Makes the signal do that.
fn install() {
    // SAFETY: an action of zeros has no flags and no mask; `stay` is a handler's signature.
    let outcome = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = stay as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut())
    };
    assert_eq!(outcome, 0);
}

/// Waits until something has come about.
fn until(what: &str, mut come: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !come() {
        assert!(begin.elapsed() < PATIENCE, "in vain: {what}");
        thread::yield_now();
    }
}

/// What a thread does again and again; `true` when it is for the last time.
type Work = Box<dyn FnMut(bool) + Send>;

/// A thread at work, and how often it has returned from a call.
struct Worker {
    returns: Arc<AtomicU64>,
    thread: JoinHandle<Work>,
}

impl Worker {
    fn start(mut work: Work, over: &Arc<AtomicBool>) -> Self {
        let (returns, over) = (Arc::<AtomicU64>::default(), Arc::clone(over));
        let count = Arc::clone(&returns);
        let thread = thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                work(false);
                // Lets others run where processors are few, between calls and not in them.
                if count.fetch_add(1, Ordering::SeqCst) % 64 == 0 {
                    thread::yield_now();
                }
            }
            work
        });
        Self { returns, thread }
    }

    fn returns(&self) -> u64 {
        self.returns.load(Ordering::SeqCst)
    }
}

/// Stops one after the other, while all the others have to return from so many calls.
fn stop_one_by_one(work: Vec<Work>) {
    static ONE_TEST_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_TEST_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    install();
    let over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = work.into_iter().map(|work| Worker::start(work, &over)).collect();
    for stop in 0..STOPS {
        let victim = stop % workers.len();
        until("all are at work", || workers.iter().all(|worker| worker.returns() > 0));
        let before = STOPPED.load(Ordering::SeqCst);
        // SAFETY: the thread runs until it is joined below.
        let sent =
            unsafe { libc::pthread_kill(workers[victim].thread.as_pthread_t(), libc::SIGUSR1) };
        assert_eq!(sent, 0);
        until("the signal arrives", || STOPPED.load(Ordering::SeqCst) > before);
        for (i, other) in workers.iter().enumerate() {
            let from = other.returns();
            let returned = || i == victim || other.returns() >= from + CALLS;
            until("the others return although one is stopped", returned);
        }
        GO_ON.store(before + 1, Ordering::SeqCst);
    }
    over.store(true, Ordering::SeqCst);
    let mut work: Vec<_> =
        workers.into_iter().map(|worker| worker.thread.join().unwrap()).collect();
    work.iter_mut().for_each(|work| work(true));
}

/// Values that went in, and came out in whatever way: how many, and a sum in which each counts differently.
#[derive(Clone, Default)]
struct Tally(Arc<[AtomicU64; 4]>);

impl Tally {
    fn add(&self, at: usize, value: u64) {
        self.0[at].fetch_add(1, Ordering::SeqCst);
        // WRAP: sums modulo 2^64, of values spread over all of it.
        self.0[at + 1].fetch_add(value.wrapping_mul(0x9e37_79b9_7f4a_7c15), Ordering::SeqCst);
    }

    fn accepted(&self, value: u64) {
        self.add(0, value);
    }

    fn came_out(&self, value: u64) {
        self.add(2, value);
    }

    fn balances(&self) {
        let [sent, sum_sent, out, sum_out] = [0, 1, 2, 3].map(|i| self.0[i].load(Ordering::SeqCst));
        assert_eq!((sent, sum_sent), (out, sum_out));
        assert!(sent > 0);
    }
}

/// The values of one sender, each once.
struct Values(u64);

impl Values {
    fn of(sender: u64) -> Self {
        Self(sender << 48)
    }

    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

/// Checks that the values of one sender come in order.
#[derive(Default)]
struct Order(HashMap<u64, u64>);

impl Order {
    fn next(&mut self, value: u64) {
        let before = self.0.insert(value >> 48, value);
        assert!(before < Some(value), "{value} after {before:?}");
    }
}

/// A sender's work, in turns one, a batch, and with permits.
macro_rules! sends {
    ($tx:expr, $sender:literal, $tally:expr) => {{
        let (mut tx, tally) = ($tx, $tally.clone());
        let (mut values, mut turn) = (Values::of($sender), 0_u64);
        Box::new(move |last| {
            turn += 1;
            match turn % 3 {
                _ if last => {}
                0 => {
                    let value = values.next();
                    match tx.try_send(value) {
                        Ok(()) => tally.accepted(value),
                        Err(error) => assert_eq!(error, TrySendError::Full(value)),
                    }
                }
                1 => {
                    let all = [values.next(), values.next(), values.next()];
                    let sent = tx.try_send_many(&mut all.to_vec()).unwrap();
                    all[..sent].iter().for_each(|value| tally.accepted(*value));
                }
                _ => {
                    if let Ok(permit) = tx.try_reserve() {
                        let value = values.next();
                        permit.send(value).unwrap();
                        tally.accepted(value);
                    }
                }
            }
            let _ = &mut tx;
        }) as Work
    }};
}

/// A receiver's work, in turns one and a batch; for the last time, all there is.
macro_rules! receives {
    ($rx:expr, $tally:expr) => {{
        let (mut rx, tally) = ($rx, $tally.clone());
        let (mut order, mut turn) = (Order::default(), 0_u64);
        Box::new(move |last| {
            turn += 1;
            let mut taken = Vec::new();
            if last {
                taken.extend(rx.drain());
            } else if turn % 2 == 0 {
                taken.extend(rx.try_recv());
            } else {
                let _ = rx.try_recv_many(&mut taken, 3);
            }
            for value in taken.into_iter().map(Plain::plain) {
                order.next(value);
                tally.came_out(value);
            }
            let _ = &mut rx;
        }) as Work
    }};
}

/// A value, or a delivery that is acknowledged.
trait Plain {
    fn plain(self) -> u64;
}

impl Plain for u64 {
    fn plain(self) -> u64 {
        self
    }
}

impl Plain for Delivery<u64> {
    fn plain(self) -> u64 {
        *self
    }
}

#[test]
fn spsc_of_each_kind() {
    let tally = Tally::default();
    let (tx, rx) = spsc::bounded(3);
    stop_one_by_one(vec![sends!(tx, 0, tally), receives!(rx, tally)]);
    let (tx, rx) = spsc::builder().capacity(3).acknowledged().build().unwrap();
    stop_one_by_one(vec![sends!(tx, 0, tally), receives!(rx, tally)]);
    tally.balances();
}

#[test]
fn mpsc_of_each_kind() {
    let tally = Tally::default();
    let (tx, rx) = mpsc::bounded(3);
    stop_one_by_one(vec![sends!(tx.clone(), 0, tally), sends!(tx, 1, tally), receives!(rx, tally)]);
    let (tx, rx) = mpsc::builder().capacity(3).acknowledged().build().unwrap();
    stop_one_by_one(vec![sends!(tx.clone(), 0, tally), sends!(tx, 1, tally), receives!(rx, tally)]);
    tally.balances();
}

#[test]
fn mpmc_of_each_kind() {
    let tally = Tally::default();
    let (tx, rx) = mpmc::bounded(3);
    stop_one_by_one(vec![
        sends!(tx.clone(), 0, tally),
        sends!(tx, 1, tally),
        receives!(rx.clone(), tally),
        receives!(rx, tally),
    ]);
    let (tx, rx) = mpmc::builder().capacity(3).acknowledged().build().unwrap();
    stop_one_by_one(vec![
        sends!(tx.clone(), 0, tally),
        sends!(tx, 1, tally),
        receives!(rx.clone(), tally),
        receives!(rx, tally),
    ]);
    tally.balances();
}

#[test]
fn evicting() {
    let tally = Tally::default();
    let (tx, rx) = mpmc::builder().capacity(3).evicting().build().unwrap();
    let offers = |sender: u64| {
        let (tx, tally, mut values) = (tx.clone(), tally.clone(), Values::of(sender));
        Box::new(move |last| {
            if last {
                return;
            }
            let value = values.next();
            let offered = tx.offer(value, DropOldest).unwrap();
            if offered == Offered::Rejected(value) {
                return;
            }
            tally.accepted(value);
            if let Offered::Evicted(old) = offered {
                tally.came_out(old);
            }
        }) as Work
    };
    stop_one_by_one(vec![offers(0), offers(1), receives!(rx.clone(), tally), receives!(rx, tally)]);
    tally.balances();
}

#[test]
fn gates_of_credits() {
    let gate = Credits::pool(3);
    let takes = |n: u64| {
        let gate = gate.clone();
        Box::new(move |_| drop(gate.try_acquire(n))) as Work
    };
    stop_one_by_one(vec![takes(1), takes(2), takes(3)]);
    assert_eq!(gate.available(), 3);
}
