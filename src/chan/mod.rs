//! What a channel is made of: a ring, the gates beside it, and how many handles there are.
//!
//! [`Tx`] and [`Rx`] join the ring's `try_*` with the gates: each operation exists once, for every
//! flavour. The public handles in `sender` and `receiver` only pick the borrow.

mod drained;
mod rx;
mod tx;
mod window;

pub(crate) use drained::Draining;
pub(crate) use rx::Rx;
pub(crate) use tx::{Held, Tx};
pub(crate) use window::{UNBOUNDED, Window};

use core::fmt;
use core::task::{Context, Poll};
use core::time::Duration;

use crate::delivery::Lease;
use crate::error::TryRecvError;
use crate::finally::Finally;
use crate::flavour::{Credit, Flavour};
use crate::pressure::{Drops, Observed, Stats};
use crate::raw::{self, Beside, End, Kept, Lending, Position, Sides};
use crate::sync::{Arc, AtomicUsize, Ordering, UNDER_MODEL, abort, thread::yield_now};
#[cfg(feature = "std")]
use crate::wait::{Deadline, Experience, How, WaitStrategy, block};
use crate::wait::{Gate, Place};

/// What lies beside the ring, in the same allocation.
pub(crate) struct Company {
    /// Where senders wait for room, if there is no window.
    beside: Gate,
    /// Of credits that are given back apart from the slots; senders then wait there, in reach of whoever
    /// holds one.
    window: Option<Kept<Window>>,
    /// Where receivers wait for values.
    pub(crate) rx: Gate,
    /// Where `closed()` waits.
    pub(crate) closing: Gate,
    /// Where positions began.
    start: Position,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    pub(crate) drops: Drops,
    /// What only observed channels keep.
    observed: Option<Arc<Observed>>,
    #[cfg(feature = "std")]
    strategy: WaitStrategy,
    #[cfg(feature = "std")]
    tx_experience: Experience,
    #[cfg(feature = "std")]
    rx_experience: Experience,
}

pub(crate) type Tail<T, F> = raw::Tail<T, F, Company>;
pub(crate) type Head<T, F> = raw::Head<T, F, Company>;
pub(crate) type WeakTail<T, F> = raw::WeakTail<T, F, Company>;

impl Company {
    pub(crate) fn new(
        start: u64,
        window: Option<Kept<Window>>,
        observed: Option<Observed>,
        gate: impl Fn() -> Gate,
        #[cfg(feature = "std")] strategy: WaitStrategy,
    ) -> Self {
        Self {
            beside: gate(),
            rx: gate(),
            window,
            start: Position::new(start),
            drops: Drops::new(),
            observed: observed.map(Arc::new),
            closing: Gate::always_fenced(),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            #[cfg(feature = "std")]
            strategy,
            #[cfg(feature = "std")]
            tx_experience: Experience::new(),
            #[cfg(feature = "std")]
            rx_experience: Experience::new(),
        }
    }

    /// Where senders wait for room.
    #[inline(always)]
    pub(crate) fn tx(&self) -> &Gate {
        self.window.as_ref().map_or(&self.beside, |window| &window.tx)
    }

    /// The same, decided when the program is compiled.
    #[inline(always)]
    fn tx_of<F: Flavour>(&self) -> &Gate {
        match F::CREDIT {
            Credit::Slots => &self.beside,
            Credit::Acknowledged | Credit::Requested => self.tx(),
        }
    }

    /// One poll of a task's wait where senders wait.
    fn poll_tx<R>(
        &self,
        place: &mut Place,
        greedy: bool,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut() -> Option<R>,
    ) -> Poll<R> {
        place.poll(self.tx(), greedy, cx, |place| {
            self.before_a_look(place);
            attempt()
        })
    }

    /// The same for a thread, which may stay awake for a moment.
    #[cfg(feature = "std")]
    fn block_tx<R>(
        &self,
        greedy: bool,
        how: How<'_>,
        deadline: Deadline,
        attempt: &mut dyn FnMut(&Place) -> Option<R>,
        more: &dyn Fn() -> bool,
    ) -> Option<R> {
        let mut attempt = |place: &Place| {
            self.before_a_look(place);
            attempt(place)
        };
        block(self.tx(), greedy, how, deadline, &mut attempt, more)
    }

    /// Those who acknowledge do not look at the gate: whoever is in line makes itself known to them.
    fn before_a_look(&self, place: &Place) {
        match &self.window {
            Some(window) if place.is_queued() => window.mark_waiting(),
            _ => {}
        }
    }

    /// After an attempt that found fewer than `n` credits, or no slot: puts credits into circulation that
    /// were given back. Whether another attempt may find what this one did not.
    ///
    /// There is always one more after the look at what was given back, which `looked` remembers: somebody
    /// else may have put it into circulation since the first.
    #[inline(always)]
    fn look_again(&self, n: u64, short_of: &dyn Fn(u64) -> bool, looked: &mut bool) -> bool {
        match self.window() {
            None => false,
            Some(window) => (short_of(n) && window.collect()) || !core::mem::replace(looked, true),
        }
    }

    /// The credits that are given back apart from the slots, in channels that do so.
    pub(crate) fn window(&self) -> Option<&Kept<Window>> {
        self.window.as_ref()
    }

    /// What an observed channel keeps.
    pub(crate) fn observed(&self) -> Option<&Arc<Observed>> {
        self.observed.as_ref()
    }

    /// After a change of what is queued that the gate wants noted.
    #[cold]
    fn note(&self, depth: &dyn Fn() -> usize) {
        if let Some(observed) = &self.observed {
            observed.look(depth);
        }
    }

    /// Times a wait, where somebody wants to know.
    fn wait_begins(&self, since: &mut Option<Duration>) {
        if let Some(observed) = &self.observed {
            observed.wait_begins(since);
        }
    }

    fn wait_ends(&self, since: &mut Option<Duration>, sender: bool) {
        if let Some(observed) = &self.observed {
            observed.wait_ends(since, sender);
        }
    }

    #[cfg(feature = "std")]
    pub(crate) fn how_senders_wait(&self) -> How<'_> {
        How { strategy: self.strategy, experience: &self.tx_experience }
    }

    #[cfg(feature = "std")]
    pub(crate) fn how_receivers_wait(&self) -> How<'_> {
        How { strategy: self.strategy, experience: &self.rx_experience }
    }

    pub(crate) fn senders(&self) -> usize {
        // ORDERING: Relaxed: a number for people.
        self.senders.load(Ordering::Relaxed)
    }

    pub(crate) fn receivers(&self) -> usize {
        // ORDERING: Relaxed: a number for people.
        self.receivers.load(Ordering::Relaxed)
    }

    pub(crate) fn add_sender(&self) {
        // ORDERING: Relaxed: the new handle comes from an old one, which keeps the count above 0.
        check(self.senders.fetch_add(1, Ordering::Relaxed));
    }

    pub(crate) fn add_receiver(&self) {
        // ORDERING: Relaxed: as above.
        check(self.receivers.fetch_add(1, Ordering::Relaxed));
    }

    /// One more sender, unless there is none left.
    pub(crate) fn revive_sender(&self) -> bool {
        // ORDERING: Relaxed: the exchange decides.
        let mut seen = self.senders.load(Ordering::Relaxed);
        while seen != 0 {
            check(seen);
            // ORDERING: Relaxed, both: counting; the ring orders what senders do.
            match self.senders.compare_exchange_weak(
                seen,
                seen + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(actual) => seen = actual,
            }
        }
        false
    }

    /// Whether this was the last sender.
    fn drop_sender(&self) -> bool {
        // ORDERING: AcqRel, edge [E7]: what every sender did precedes what the last one's drop does.
        self.senders.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Whether this was the last receiver.
    fn drop_receiver(&self) -> bool {
        // ORDERING: AcqRel, edge [E7]: as above, for receivers.
        self.receivers.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Tells everybody that the channel is closed, after it was.
    fn announce_close(&self) {
        let _then_watches = Finally::new(self.observed.as_ref(), |observed| {
            if let Some(observed) = observed {
                observed.close();
            }
        });
        // UNWIND: a waker may panic; the others are told all the same.
        let _then_watchers = Finally::new(&self.closing, |gate| gate.wake_all());
        let _then_senders = Finally::new(self.tx(), |gate| gate.wake_all());
        self.rx.wake_all();
    }
}

impl Beside for Company {
    type Lent = Window;
}

/// What a receiver gets to see of a value.
#[inline(always)]
fn deliver<T, F: Flavour>(value: T, lending: Lending<'_, Window>) -> F::Item<T> {
    F::deliver(value, || match lending.lend() {
        Some(loan) => Lease::new(loan),
        None => unreachable!("deliveries are made by channels with a window"),
    })
}

/// Half the range is far more than there can be handles, unless they are leaked in a loop.
fn check(count: usize) {
    if count > usize::MAX / 2 {
        abort();
    }
}

/// Whether a send would find no credit or no slot: a snapshot.
pub(crate) fn is_full(end: &impl End<Beside = Company>) -> bool {
    let mut looked = false;
    while end.is_full() {
        if !end.beside().look_again(1, &|n| end.is_short_of(n), &mut looked) {
            return true;
        }
    }
    false
}

/// Whether nothing is left to be done: closed, everything received, no permit out that could still
/// send, and on an acknowledged channel everything acknowledged. Once true, it stays true.
pub(crate) fn is_drained<F: Flavour>(end: &impl End<Beside = Company>) -> bool {
    let acknowledged = || match F::CREDIT {
        Credit::Acknowledged => {
            end.beside().window().is_none_or(|window| window.in_delivery(end.head()) == 0)
        }
        Credit::Slots | Credit::Requested => true,
    };
    end.is_finished() && acknowledged()
}

/// The channel in numbers.
pub(crate) fn stats<F: Flavour>(end: &impl End<Beside = Company>) -> Stats {
    let company = end.beside();
    let dropped = company.drops.read();
    let since = |position: Position| position.since(company.start);
    let taken = since(end.head());
    let acknowledged = F::CREDIT == Credit::Acknowledged;
    let window = company.window();
    let (send_wait, recv_wait) = company.observed().map_or_else(Default::default, |o| o.waits());
    Stats {
        capacity: end.capacity(),
        available: end.available(),
        reserved: end.reserved(),
        queued: end.len(),
        in_delivery: window.filter(|_| acknowledged).map_or(0, |w| w.in_delivery(end.head())),
        deferred: window.map_or(0, |window| window.deferred()),
        waiting_senders: company.tx().waiters(),
        waiting_receivers: company.rx.waiters(),
        sent: since(end.tail()),
        received: taken.saturating_sub(dropped.after_sending()),
        acked: window.filter(|_| acknowledged).map_or(0, |window| window.acked()),
        dropped,
        peak: company.observed().map_or(0, |observed| observed.peak()),
        send_wait,
        recv_wait,
    }
}

/// A sender refuses further sends and wakes everybody; whether this call was the one that did.
pub(crate) fn close_tail<T, F: Sides>(tail: &Tail<T, F>) -> bool {
    let first = tail.close();
    if first {
        tail.beside().announce_close();
    }
    first
}

/// A receiver refuses further sends and wakes everybody; whether this call was the one that did.
pub(crate) fn close_head<T, F: Sides>(head: &Head<T, F>) -> bool {
    let first = head.close();
    if first {
        announce_to_senders(head);
    }
    first
}

fn announce_to_senders<T, F: Sides>(head: &Head<T, F>) {
    // PERF: the barrier takes most of the time that an unused channel lives. A sender that is gone sends
    // nothing any more; what of it is not seen yet goes with the ring, which goes with whoever is last.
    if head.sends_may_be_late() && head.beside().senders() > 0 {
        head.beside().rx.mark_closing();
    }
    head.beside().announce_close();
}

/// A sender handle is dropped.
pub(crate) fn drop_sender<T, F: Sides>(tail: &mut Tail<T, F>) {
    if tail.beside().drop_sender() {
        tail.abandon_permits();
        tail.close();
        // Also if the channel was closed before: with the permits gone, receivers may be done.
        tail.beside().announce_close();
    }
}

/// A receiver handle is dropped. The last one takes with it what is queued.
pub(crate) fn drop_receiver<T, F: Flavour>(head: &mut Head<T, F>) {
    if !head.beside().drop_receiver() {
        return;
    }
    head.seal();
    // UNWIND: announcing may run foreign wakers.
    let mut head = Finally::new(head, |head| discard(head));
    head.close();
    // Also if the channel was closed before: permits are refused only now.
    announce_to_senders(&head);
    // UNWIND: each value has left the ring before its destructor runs; if that panics, the others
    // go all the same (and a second panic ends the program, as everywhere).
    discard(&mut head);
    core::mem::forget(head); // once is enough
}

/// How often the last receiver lets a send that is in progress go on: it needs a few nanoseconds and
/// runs no foreign code, unless its thread is stopped. The checker's yields would always see it through.
const DISCARD_YIELDS: u32 = if UNDER_MODEL { 0 } else { 1_000 };

/// Drops what is queued, also behind sends that are in progress. If one of those does not go on, the
/// rest is dropped with the ring, and nobody waits for it.
fn discard<T, F: Flavour>(head: &mut Head<T, F>) {
    let mut rx = Rx::new(head.consumer_mut());
    let drops = &rx.company().drops;
    let mut yields = 0;
    loop {
        match rx.reborrow().try_recv::<Result<F::Item<T>, TryRecvError>>() {
            Ok(value) => {
                Drops::add(&drops.undelivered, 1);
                drop(value);
                yields = 0;
            }
            Err(TryRecvError::Empty) if rx.is_in_flight() && yields != DISCARD_YIELDS => {
                yield_now();
                yields += 1;
            }
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Closed) => return,
        }
    }
    head.abandon();
    head.beside().tx().notify(); // perhaps that was what kept the channel from being drained
}

impl fmt::Debug for Company {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Company")
            .field("senders", &self.senders())
            .field("receivers", &self.receivers())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "std", not(backpressure_loom)))]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::raw::{Bound, BySlots, Core};

    /// What tells this test that it is the program to be ended.
    const SECOND: &str = "BACKPRESSURE_TOO_MANY_HANDLES";

    fn with_handles(count: usize) -> Company {
        let company = Company::new(0, None, None, Gate::new, WaitStrategy::Park);
        for handles in [&company.senders, &company.receivers] {
            // ORDERING: Relaxed: nobody else has them.
            handles.store(count, Ordering::Relaxed);
        }
        company
    }

    /// A sender is stopped between claiming a place and publishing into it. What lies behind that place goes with
    /// the ring.
    #[test]
    fn the_last_receiver_does_not_wait_for_ever() {
        type Mpsc = crate::mpsc::Flavour;
        let core = Core::new(4, 0, BySlots::new(0), false).expect("it can be made");
        let company = Company::new(0, None, None, Gate::new, WaitStrategy::Park);
        let (mut tail, mut head) = raw::pair::<Arc<()>, Mpsc, Company>(core, company, None);
        let message = Arc::new(());
        let send = |tail: &Tail<_, Mpsc>| tail.producer().try_send(message.clone()).is_ok();
        assert!(send(&tail));
        tail.producer().stop_in_a_send();
        assert!(send(&tail));
        drop_receiver(&mut head);
        assert_eq!(head.beside().drops.read().undelivered, 1);
        assert_eq!(Arc::strong_count(&message), 2, "one is behind the place that stays empty");
        assert!(is_drained::<Mpsc>(&tail), "although that was claimed");
        drop_sender(&mut tail);
        drop((tail, head));
        assert_eq!(Arc::strong_count(&message), 1);
    }

    /// Not in an interpreter, which starts no other programs.
    #[cfg(not(miri))]
    #[test]
    fn too_many_handles_end_the_program() {
        const MOST: usize = usize::MAX / 2;
        let ends: [fn(&Company); 3] = [Company::add_sender, Company::add_receiver, |company| {
            let _ = company.revive_sender();
        }];
        if let Ok(which) = std::env::var(SECOND) {
            let which: usize = which.parse().expect("a number");
            ends[which](&with_handles(MOST + 1));
            return; // which is what must not come to pass
        }
        for (which, end) in ends.iter().enumerate() {
            end(&with_handles(MOST));
            let name = "chan::tests::too_many_handles_end_the_program";
            let program = std::env::current_exe().expect("this program");
            let output = Command::new(program)
                .args(["--exact", name])
                .env(SECOND, which.to_string())
                .output()
                .expect("it runs again");
            // Ended by a signal, where there are any, or by a code of its own; not by libtest.
            assert!(!matches!(output.status.code(), Some(0 | 101)), "{which}: {output:?}");
        }
    }
}
