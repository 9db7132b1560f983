//! Memory that is kept by the credits that are out.
//!
//! A receiver lends a credit with each message it takes, and the credit may come back from any thread,
//! long after the channel is gone. What it comes back to must still be there then. The count of credits
//! that have come back says so: as long as it differs from the count of those lent, one is out. So a
//! credit costs no reference count beside the count of credits, and giving one back is a single exchange.
//!
//! # The protocol
//!
//! ```text
//!   63            18 17      1       0
//!  +----------------+---------+---------+
//!  |  returned: 46  | refs:17 | WAITING |
//!  +----------------+---------+---------+
//! ```
//!
//! * *Lending* touches nothing: the ring's head counts what was taken, and each position is taken once.
//! * `returned` counts from where the positions begin: once everything is back, it is where the head is.
//! * *Giving back* is one exchange, `returned + 1`. After it the memory may be gone. Whoever still has
//!   something to do there (somebody waits, or a batch is together) makes the same exchange take a
//!   reference.
//! * *The end.* The ring has a reference as well. Before it gives that up it writes down how far it has lent.
//! * The exchange that leaves no reference, and everything returned, is the last access of all; whoever made
//!   it frees the memory. Edge [E12].
//!
//! `WAITING` is for those who wait for credits. Like `returned` it lies in this word, so that one of two
//! comes first: the exchange that gives back (then whoever sets the bit sees the credit), or the one that
//! sets the bit (then whoever gives back sees it, and wakes). No fence, no second word.

use alloc::boxed::Box;
use core::ops::Deref;
use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use super::position::Position;
use crate::backoff::Backoff;
use crate::sync::{AtomicU64, Ordering, UnsafeCell, abort};

/// The packed word of an [`Account`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word(u64);

impl Word {
    const WAITING: u64 = 1;
    const REF: u64 = 1 << 1;
    const REFS_MASK: u64 = (1 << Self::RETURNED_SHIFT) - Self::REF;
    const RETURNED_SHIFT: u32 = 18;

    /// Nothing has come back to whoever counts from `start`.
    fn at(start: Position) -> Self {
        Self(start.count() << Self::RETURNED_SHIFT)
    }

    fn returned(self) -> Position {
        Position::new(self.0 >> Self::RETURNED_SHIFT)
    }

    fn is_waiting(self) -> bool {
        self.0 & Self::WAITING != 0
    }

    fn with_returned(self) -> Self {
        // WRAP: the count occupies the top bits, so its carry leaves the word.
        Self(self.0.wrapping_add(1 << Self::RETURNED_SHIFT))
    }

    /// A reference more, for a moment or for a handle: 131,071 threads would have to be inside at once.
    fn with_ref(self) -> Self {
        if self.0 & Self::REFS_MASK == Self::REFS_MASK {
            abort();
        }
        Self(self.0 + Self::REF)
    }

    fn without_ref(self) -> Self {
        debug_assert!(self.0 & Self::REFS_MASK != 0);
        Self(self.0 - Self::REF)
    }

    /// Whether nobody can reach the account any more, every position before `lent` having been lent.
    fn is_over(self, lent: impl FnOnce() -> Position) -> bool {
        self.0 & Self::REFS_MASK == 0 && self.returned() == lent()
    }
}

/// What those who give credits back do it to.
pub(crate) trait Lends {
    /// Whether there is something to be done now that so many have come back.
    fn is_due(&self, returned: Position) -> bool;

    /// Does it; `waiting` if somebody waits for credits. The memory is kept meanwhile.
    fn came_back(kept: &Kept<Self>, waiting: bool)
    where
        Self: Sized;
}

struct Account<W> {
    word: CachePadded<AtomicU64>,
    /// The first position that was not lent; written when none will be any more.
    lent: AtomicU64,
    /// Looked at by all, never changed: a cell, so that the models see looks beside the freeing.
    beside: UnsafeCell<W>,
}

/// A reference to an account.
pub(crate) struct Kept<W>(NonNull<Account<W>>);

/// The right to lend credits, one for each position that is taken from the ring that holds it.
pub(crate) struct Lender<W>(Kept<W>);

/// The credit of a message that is just being taken.
pub(crate) struct Lending<'a, W>(Option<&'a Lender<W>>);

/// One credit that is out. Given back when dropped.
pub(crate) struct Loan<W: Lends>(NonNull<Account<W>>);

// SAFETY: [I9] an account is a counted allocation like an `Arc`: its references may be used, and the last
// one dropped, on any thread, if what it holds allows both.
unsafe impl<W: Send + Sync> Send for Kept<W> {}
// SAFETY: [I9] as above.
unsafe impl<W: Send + Sync> Sync for Kept<W> {}
// SAFETY: [I9] as above.
unsafe impl<W: Lends + Send + Sync> Send for Loan<W> {}
// SAFETY: [I9] as above.
unsafe impl<W: Lends + Send + Sync> Sync for Loan<W> {}

impl<W> Account<W> {
    /// Changes the word, and frees the account if nobody can reach it any more.
    ///
    /// Lock-free: a retry means that somebody else changed the word.
    ///
    /// # Safety
    /// The account is alive, and `next` takes away what kept it so (or nothing). It is not touched again,
    /// but by what the change has left.
    #[inline(always)]
    unsafe fn change(this: NonNull<Self>, mut next: impl FnMut(&Self, Word) -> Word) {
        // SAFETY: [I9] alive, by this function's contract; not used after the exchange.
        let account = unsafe { this.as_ref() };
        // ORDERING: Acquire, edge [E12]: the count of those lent was written before the ring's reference went;
        // and if the exchange turns out to be the last one, nobody else was left when this word was read, so every
        // other look at the account precedes its end.
        let look = || Word(account.word.load(Ordering::Acquire));
        let (mut seen, mut backoff) = (look(), Backoff::new());
        loop {
            let wanted = next(account, seen);
            let is_last = wanted.is_over(|| account.lent());
            // ORDERING: Release on success, edge [E10]: what was done with the message precedes what is
            // done by whoever sends with its credit; edge [E12]: our looks at the account precede its end.
            // Relaxed on failure: we look again, at what our own credit or reference keeps alive.
            match account.word.compare_exchange_weak(
                seen.0,
                wanted.0,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) if is_last => {
                    // SAFETY: [I9] no credit, no reference, and the ring is gone: this was the last one.
                    return unsafe { Self::free(this) };
                }
                Ok(_) => return,
                Err(_) => {
                    backoff = backoff.make_way();
                    seen = look();
                }
            }
        }
    }

    fn lent(&self) -> Position {
        // ORDERING: Relaxed: asked for when no reference is left, which was seen [E12] by the caller's load.
        Position::new(self.lent.load(Ordering::Relaxed))
    }

    /// # Safety
    /// Nobody else can reach the account.
    #[cold]
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: [I9] alive until the end of this function, and ours alone.
        let account = unsafe { Box::from_raw(this.as_ptr()) };
        account.beside.with_mut(|_| ());
        drop(account);
    }
}

impl<W> Lender<W> {
    /// A new account, for a ring whose positions begin at `start`.
    pub(crate) fn new(beside: W, start: Position) -> Self {
        Self(Kept::with(Word::at(start).with_ref(), beside))
    }

    pub(crate) fn kept(&self) -> &Kept<W> {
        &self.0
    }

    /// The ring is gone, and its head will not move from here any more.
    pub(super) fn end(self, head: Position) {
        // ORDERING: Relaxed: the exchange that gives our reference up orders it before whoever finds none left.
        self.0.account().lent.store(head.count(), Ordering::Relaxed);
    }
}

impl<'a, W: Lends> Lending<'a, W> {
    /// # Safety
    /// Made once at the most for each position that is taken from the ring of `lender`.
    #[inline(always)]
    pub(super) unsafe fn new(lender: Option<&'a Lender<W>>) -> Self {
        Self(lender)
    }

    /// The credit, if this ring lends any.
    #[inline(always)]
    pub(crate) fn lend(self) -> Option<Loan<W>> {
        // [I9] The account ends with as many returned as positions were taken, so not before this one.
        self.0.map(|lender| Loan(lender.0.0))
    }
}

impl<W> Kept<W> {
    /// A new account that nothing is ever lent from: kept by its references alone.
    pub(crate) fn new(beside: W) -> Self {
        Self::with(Word::at(Position::new(0)).with_ref(), beside)
    }

    fn with(word: Word, beside: W) -> Self {
        let account = Account {
            word: CachePadded::new(AtomicU64::new(word.0)),
            lent: AtomicU64::new(0),
            beside: UnsafeCell::new(beside),
        };
        Self(NonNull::from(Box::leak(Box::new(account))))
    }

    fn account(&self) -> &Account<W> {
        // SAFETY: [I9] alive: this is a reference.
        unsafe { self.0.as_ref() }
    }

    /// How many credits have come back, counted from where positions begin.
    pub(crate) fn returned(&self) -> Position {
        // ORDERING: Acquire, edge [E10]: whoever counts the credits comes after those who gave them back.
        Word(self.account().word.load(Ordering::Acquire)).returned()
    }

    /// Makes whoever gives a credit back know that somebody waits; the caller then looks once more.
    pub(crate) fn mark_waiting(&self) {
        // ORDERING: Relaxed: one word. The look behind this sees the credits that came back before it, and
        // whoever gives one back after it sees the bit; the lock of the queue orders what it finds there.
        self.account().word.fetch_or(Word::WAITING, Ordering::Relaxed);
    }

    /// Nobody waits any more.
    pub(crate) fn unmark_waiting(&self) {
        // ORDERING: Relaxed: the caller holds the lock under which waiters queue up, and whoever does so
        // marks the word after that.
        self.account().word.fetch_and(!Word::WAITING, Ordering::Relaxed);
    }
}

impl<W> Clone for Kept<W> {
    fn clone(&self) -> Self {
        // SAFETY: [I9] alive: this is a reference, and stays one.
        unsafe { Account::change(self.0, |_, seen| seen.with_ref()) };
        Self(self.0)
    }
}

impl<W> Drop for Kept<W> {
    fn drop(&mut self) {
        // SAFETY: [I9] the reference is used up here.
        unsafe { Account::change(self.0, |_, seen| seen.without_ref()) }
    }
}

impl<W> Deref for Kept<W> {
    type Target = W;

    #[inline(always)]
    fn deref(&self) -> &W {
        // SAFETY: [I9] alive for as long as this reference; never changed while it is.
        self.account().beside.with(|beside| unsafe { &*beside })
    }
}

impl<W: Lends> Drop for Loan<W> {
    #[inline]
    fn drop(&mut self) {
        let mut held = None;
        // SAFETY: [I9] the credit is out until the exchange, which takes a reference in its place if the
        // account is needed after it.
        unsafe {
            Account::change(self.0, |account, seen| {
                let next = seen.with_returned();
                let due = account.beside.with(|beside| (*beside).is_due(next.returned()));
                held = (due || seen.is_waiting()).then_some(seen.is_waiting());
                if held.is_some() { next.with_ref() } else { next }
            });
        }
        if let Some(waiting) = held {
            // UNWIND: foreign wakers may run; the reference goes all the same.
            W::came_back(&Kept(self.0), waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST: u64 = (1 << 46) - 1;

    #[test]
    fn coming_back_over_the_wrap_leaves_the_other_fields_alone() {
        let word = Word(Word::at(Position::new(LAST)).0 | Word::WAITING).with_ref();
        let next = word.with_returned();
        assert_eq!(next.returned(), Position::new(0));
        assert!(next.is_waiting());
        assert_eq!(next.0 & Word::REFS_MASK, Word::REF);
        assert!(!next.is_over(|| Position::new(0)));
        assert!(next.without_ref().is_over(|| Position::new(0)));
    }

    #[test]
    fn references_fill_their_field_and_no_other() {
        const MOST: u32 = (1 << 17) - 1;
        let empty = Word::at(Position::new(LAST));
        let full = (0..MOST).fold(empty, |word, _| word.with_ref());
        assert_eq!(
            (full.0 & Word::REFS_MASK, full.returned()),
            (Word::REFS_MASK, empty.returned())
        );
        assert!(!full.is_waiting());
        assert_eq!((0..MOST).fold(full, |word, _| word.without_ref()), empty);
    }

    #[test]
    fn it_is_over_when_unreferenced_and_all_is_back() {
        let all = || Position::new(7);
        let back = Word::at(Position::new(7));
        assert!(back.is_over(all));
        assert!(!back.with_ref().is_over(all));
        assert!(!Word::at(Position::new(6)).is_over(all));
        // Somebody may still be marked as waiting: a forgotten future, that nobody will wake.
        assert!(Word(back.0 | Word::WAITING).is_over(all));
    }
}
