//! The gate between those who wait on one side of a channel and those who could wake them.
//!
//! # The protocol
//!
//! Whoever makes progress (publishes a value, releases a slot) then calls [`Gate::notify`];
//! whoever finds nothing calls [`Gate::enlist`], **looks again**, and only then sleeps.
//!
//! ```text
//!   the one who changes something            the one about to wait
//!   1. publish                               a. enlist; word := WAITING (under the lock)
//!   2. fence                                 b. fence
//!   3. read the word; WAITING? wake one      c. look again; found? leave : sleep
//! ```
//!
//! Edge [E5]: between the two fences one comes first. If 2 does, the look in c finds what 1
//! published. If b does, 3 reads WAITING and wakes. Either way nobody sleeps beside a value.
//!
//! # The word
//!
//! * `QUIET` (0): nobody waits, and nobody has lately. Step 2 is a compiler fence, so that a send
//!   costs no fence at all; step b then has to be a barrier on every thread of the process.
//! * `FENCED`: step 2 is a real fence, so step b can be one too. Parking and polling in turns, as
//!   a channel of capacity 1 does, costs 10 ns a side here instead of a system call.
//! * `WAITING` (with `FENCED`): at least one entry is queued and not yet notified.
//! * `CLOSING` (with `FENCED`): for owned tails, see `raw::tail`: a send that reads it must settle.
//! * `WATCHED` (with `FENCED`, from the start): whoever changes something has to look at the pressure.
//!
//! The word leaves `QUIET` only under the lock, followed by the barrier before the lock is given
//! up: whoever finds `FENCED` under the lock knows that every later notifier reads it too. It
//! returns to `QUIET` under the lock, with nobody queued, when none has begun to wait for a while.
//! Where the barrier is missing the word starts as `FENCED` and stays so. The models check both.
//!
//! # Who is woken
//!
//! One waiter a message, in the order they came, outside the lock. A waiter that leaves, whether
//! it got what it came for, gave up, or was dropped, wakes the next if there is more to be had: so
//! a notification is never lost with its bearer, and a late publication behind which others queued
//! up reaches as many waiters as there are values. Those who need several credits at once do not
//! use up a notification: the next in line is woken with them.

use core::mem;
use core::task::Waker;

use crossbeam_utils::CachePadded;

use super::list::{Key, Standing, WaitList};
use super::second_poll::SecondPolls;
use crate::finally::Finally;
use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, fence, membarrier, thread};

const QUIET: u32 = 0;
const FENCED: u32 = 1;
const WAITING: u32 = 1 << 1;
const CLOSING: u32 = 1 << 2;
const WATCHED: u32 = 1 << 3;

/// What else the gate asks of those who notify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notes(u32);

impl Notes {
    const NONE: Self = Self(0);

    #[inline(always)]
    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The channel is being closed under an owned tail: settle.
    pub(crate) fn closing(self) -> bool {
        self.0 & CLOSING != 0
    }

    /// Somebody wants to know of the change. There was a fence since.
    pub(crate) fn watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// Somebody was told who waited. There was a fence before.
    pub(crate) fn told(self) -> bool {
        self.0 & WAITING != 0
    }
}

/// One message in so many of a thread looks whether the gate has calmed down.
const CALM_CHECK: u32 = 256;

/// See the module's text.
pub(crate) struct Gate {
    /// Whether waiters keep their places until they leave, so that the first in line is the next.
    in_line: bool,
    /// Read after every operation of the other side, written around waits: a line of its own.
    word: CachePadded<AtomicU32>,
    list: Mutex<Queue>,
    /// How many wait, counting those who were notified and have not left: they may queue up again. Written under
    /// the lock.
    held: AtomicUsize,
    pub(super) second_polls: SecondPolls,
}

struct Queue {
    waiters: WaitList,
    /// How many may wait at a time.
    most: usize,
    begun_before: u64,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self::with(false, usize::MAX)
    }

    /// A gate whose waiters may keep their places, and of whom there may be at most so many.
    pub(crate) fn with(in_line: bool, most: usize) -> Self {
        Self::starting_at(if membarrier::available() { QUIET } else { FENCED }, in_line, most)
    }

    /// A gate where nobody ever calls [`Gate::notify`], so that quiet would save nothing.
    pub(crate) fn always_fenced() -> Self {
        Self::starting_at(FENCED, false, usize::MAX)
    }

    fn starting_at(word: u32, in_line: bool, most: usize) -> Self {
        Self {
            in_line,
            word: CachePadded::new(AtomicU32::new(word)),
            list: Mutex::new(Queue { waiters: WaitList::new(), most, begun_before: 0 }),
            held: AtomicUsize::new(0),
            second_polls: SecondPolls::never(),
        }
    }

    /// Makes every later change be noted.
    pub(crate) fn watched(self) -> Self {
        // ORDERING: Relaxed: nobody else has the gate yet.
        self.word.fetch_or(WATCHED | FENCED, Ordering::Relaxed);
        self
    }

    /// Lets tasks be polled once more before they queue, as far as that turns out to pay.
    pub(crate) fn with_second_polls(self, eager: bool) -> Self {
        Self { second_polls: SecondPolls::adaptive(eager), ..self }
    }

    /// After a change that lets one waiter go on: wakes one, if any waits.
    #[inline(always)]
    pub(crate) fn notify(&self) -> Notes {
        self.notify_many(1)
    }

    /// The same for `n` changes at once.
    #[inline(always)]
    pub(crate) fn notify_many(&self, n: u64) -> Notes {
        // ORDERING: SeqCst for the compiler, edge [E5]: between the caller's change and the look at
        // the word; for the processor, `heavy` on the other side sees to that.
        membarrier::light();
        // ORDERING: Relaxed, edge [E5]: ordered after the change by the compiler fence above and
        // the waiter's barrier; if it reads FENCED or more, by the fence in `notify_fenced`.
        if self.word.load(Ordering::Relaxed) == QUIET {
            return Notes::NONE;
        }
        self.notify_fenced(n)
    }

    #[cold]
    #[inline(never)]
    fn notify_fenced(&self, n: u64) -> Notes {
        // ORDERING: SeqCst fence, edges [E5], [E11]: between the caller's change and the look at the
        // word, and at the pressure.
        fence(Ordering::SeqCst);
        // ORDERING: Relaxed: ordered by the fence; what a waiter left is read under the lock.
        let word = self.word.load(Ordering::Relaxed);
        if word & WAITING != 0 {
            self.wake(n, self.in_line);
        } else {
            self.calm_down();
        }
        Notes(word & (CLOSING | WATCHED | WAITING))
    }

    /// Wakes the first `n` waiters, and those before them that a single change may not satisfy. Where they
    /// keep their places, the first alone: whoever leaves passes on what it leaves.
    #[cold]
    fn wake(&self, mut n: u64, keep_places: bool) {
        // Those who queue up again while this runs are not its concern: it ends.
        let mut present = None;
        while n > 0 {
            let mut queue = self.list.lock();
            let left = present.get_or_insert(queue.waiters.len());
            let first = if *left == 0 { None } else { queue.waiters.notify_first(keep_places) };
            if queue.waiters.is_empty() {
                self.nobody_waits(&mut queue);
            }
            drop(queue);
            let Some((waker, greedy)) = first else { return };
            if keep_places {
                return waker.wake();
            }
            *left -= 1;
            n -= u64::from(!greedy);
            // UNWIND: a waker may panic. The lock is free, the entry is out of the queue, and the
            // others are woken all the same.
            let others = Finally::new((self, n), |(gate, n)| gate.wake(*n, false));
            waker.wake();
            mem::forget(others);
        }
    }

    /// Wakes the first waiter, for those who know without a look at the word that there is one; says so
    /// under the lock if nobody is left.
    pub(crate) fn wake_one_waiting(&self, nobody: impl FnOnce()) {
        self.wake(1, self.in_line);
        let queue = self.list.lock();
        if queue.waiters.is_empty() {
            nobody();
        }
    }

    /// Takes WAITING away. The lock is held, so the queue cannot change meanwhile.
    fn nobody_waits(&self, _held: &mut Queue) {
        // ORDERING: Relaxed: the bit is only set under the lock, which is held.
        if self.word.load(Ordering::Relaxed) & WAITING != 0 {
            // ORDERING: Relaxed: under the lock; a notifier that still reads WAITING finds nobody.
            self.word.fetch_and(!WAITING, Ordering::Relaxed);
        }
    }

    /// Goes back to `QUIET` if nobody has begun to wait since this was last asked.
    fn calm_down(&self) {
        if !membarrier::available() {
            return;
        }
        if !thread::now_and_then(CALM_CHECK) {
            return;
        }
        if let Some(mut queue) = self.list.try_lock() {
            let begun = queue.waiters.begun;
            if begun == queue.begun_before && queue.waiters.is_empty() {
                // ORDERING: Relaxed: the next waiter finds QUIET under the lock and runs the
                // barrier. A closing gate keeps its mark and its fence.
                let _ =
                    self.word.compare_exchange(FENCED, QUIET, Ordering::Relaxed, Ordering::Relaxed);
            }
            queue.begun_before = begun;
        }
    }

    /// Queues a newcomer, or somebody who is in line already, and makes sure that from now on either the
    /// caller's next look finds a change, or the change finds the caller queued.
    ///
    /// False if so many wait already that a newcomer must not.
    #[must_use]
    pub(crate) fn enlist(&self, standing: &mut Standing, waker: &Waker, greedy: bool) -> bool {
        // A waker's `clone` is foreign code as well: not under the lock.
        let waker = waker.clone();
        let mut queue = self.list.lock();
        if !matches!(standing, Standing::InLine(_)) {
            let held = self.held();
            if held >= queue.most {
                drop(queue);
                return false;
            }
            self.hold(held + 1);
        }
        let replaced = queue.waiters.enlist(standing, waker, greedy);
        self.mark(WAITING);
        drop(queue);
        drop(replaced);
        // ORDERING: SeqCst fence, edge [E5]: between the mark and the caller's next look.
        fence(Ordering::SeqCst);
        true
    }

    /// Where places are kept: whether somebody in line, or a newcomer, has nobody before it.
    pub(crate) fn is_next(&self, standing: &Standing) -> bool {
        match standing {
            _ if !self.in_line => true,
            Standing::InLine(_) => self.list.lock().waiters.is_first(standing),
            // ORDERING: Relaxed: whoever queues up at the same time comes neither before nor after.
            _ => self.word.load(Ordering::Relaxed) & WAITING == 0,
        }
    }

    /// Whether anybody stands in line, or was told and has not left: a snapshot.
    pub(super) fn has_a_line(&self) -> bool {
        self.held() > 0
    }

    fn held(&self) -> usize {
        // ORDERING: Relaxed: under the lock; without it, whoever queues at the same time comes neither before nor
        // after.
        self.held.load(Ordering::Relaxed)
    }

    /// Somebody came or left. The lock is held.
    fn hold(&self, held: usize) {
        // ORDERING: Relaxed: as above.
        self.held.store(held, Ordering::Relaxed);
    }

    /// How many wait: a snapshot.
    pub(crate) fn waiters(&self) -> usize {
        self.list.lock().waiters.len()
    }

    /// Sets a bit that notifiers must see. The lock is held.
    fn mark(&self, bit: u32) {
        // ORDERING: Relaxed: the caller's fence or the barrier below orders it.
        let before = self.word.fetch_or(bit | FENCED, Ordering::Relaxed);
        if before == QUIET {
            // ORDERING: SeqCst barrier on every thread, edge [E5]: between the mark and the
            // caller's next look; beside it, a change and the look at the word.
            membarrier::heavy();
        }
    }

    /// Removes an entry. The caller then passes on what it may have been notified of
    /// ([`Gate::pass_on`]).
    pub(crate) fn leave(&self, key: Key) {
        let mut queue = self.list.lock();
        let waker = queue.waiters.remove(key);
        self.hold(self.held() - 1);
        if queue.waiters.is_empty() {
            self.nobody_waits(&mut queue);
        }
        drop(queue);
        // UNWIND: dropping a foreign waker may panic; nothing is left to do.
        drop(waker);
    }

    /// Wakes one more, because there is more to be had than the caller took.
    pub(crate) fn pass_on(&self) {
        // ORDERING: Relaxed: the caller has just held the lock; whoever enlists later looks again.
        if self.word.load(Ordering::Relaxed) & WAITING != 0 {
            self.wake(1, self.in_line);
        }
    }

    /// After a change that concerns everybody who waits: wakes them all, to look again. Where they keep their
    /// places, they keep them. Allocates there.
    pub(crate) fn tell_everybody(&self) {
        if !self.in_line {
            return self.wake(u64::MAX, false);
        }
        let wakers = self.list.lock().waiters.take_wakers();
        // UNWIND: a waker may panic; the others are woken all the same.
        let mut wakers =
            Finally::new(wakers.into_iter(), |rest| rest.by_ref().for_each(Waker::wake));
        for waker in wakers.by_ref() {
            waker.wake();
        }
    }

    /// Makes every later send on an owned tail settle.
    pub(crate) fn mark_closing(&self) {
        let _held = self.list.lock();
        self.mark(CLOSING);
    }

    /// Wakes everybody, for good: places are given up.
    pub(crate) fn wake_all(&self) {
        if !self.in_line && !self.is_waited_at() {
            return;
        }
        self.wake(u64::MAX, false);
    }

    /// After a change: whether it may concern somebody who waits. Whoever comes later finds it.
    fn is_waited_at(&self) -> bool {
        // ORDERING: SeqCst fence, edges [E5], [E11]: between the caller's change and the look at the word; and
        // between a close or a change of the level, which come before, and what their authors look at
        // after. In the quiet state a waiter's barrier would do as well, but changes for good are rare.
        fence(Ordering::SeqCst);
        // ORDERING: Relaxed: ordered by the fence.
        self.word.load(Ordering::Relaxed) & WAITING != 0
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::sync::thread::current_waker;

    /// The word returns to QUIET after a quiet spell, and the next waiter runs the barrier again.
    #[test]
    fn calms_down_and_stirs_again() {
        if !membarrier::available() {
            return;
        }
        let gate = Gate::new();
        let word = || gate.word.load(Ordering::Relaxed);
        let mut key = Standing::Nowhere;
        assert!(gate.enlist(&mut key, &current_waker(), false));
        assert_eq!(word(), FENCED | WAITING);
        gate.notify();
        assert_eq!(word(), FENCED);
        gate.leave(key.take_key().unwrap());
        // The first question sees that somebody began to wait, the second that nobody did since.
        for after in [FENCED, QUIET] {
            for _ in 0..CALM_CHECK {
                gate.notify();
            }
            assert_eq!(word(), after);
        }
        assert!(gate.enlist(&mut key, &current_waker(), false));
        assert_eq!(word(), FENCED | WAITING);
        gate.leave(key.take_key().unwrap());
        assert_eq!(word(), FENCED);
    }
}
