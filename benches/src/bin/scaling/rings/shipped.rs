//! This crate's rings: `src/raw/{tail,head,ring}.rs`, access by access.
//!
//! Left out is what costs nothing here: the flags in the words (tested on values that are read anyway), and
//! the ways of closing, permits and eviction, which a stream of messages does not take.

use super::{Ring, full, vacant};
use crate::cpu::{Cpu, Slots, Word};
use crate::machine::Machine;

/// What else could be done after an exchange that failed, or before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// As shipped.
    None,
    /// The word is fetched for writing before it is read, so that the exchange finds it there.
    Fetch,
    /// So many stamps are read before the exchange: if another was faster, the next attempt needs no look.
    LookAhead(u64),
    /// The same, only after a failure, so that it costs nothing where nobody else is.
    LookAheadAfter(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Tail,
    Head,
}

pub(crate) struct Shipped {
    slots: Slots,
    tail: Word,
    head: Word,
    /// The word with `closing`, on the line of what never changes.
    constants: Word,
    /// The gates' words.
    receivers: Word,
    senders: Word,
    linger: u64,
    /// So many pauses after an exchange that failed, doubled with each failure up to so many; then the word is read
    /// again. Without, at once, with what the exchange found.
    backoff: Option<(u64, u64)>,
    shared_tail: bool,
    shared_head: bool,
    remedy: Remedy,
    /// Whether a send or receive ends with a fence, as it would without `membarrier`.
    fenced: bool,
}

impl Shipped {
    pub(crate) fn new(machine: &mut Machine, capacity: u64, sides: (bool, bool)) -> Self {
        Self {
            slots: machine.slots(capacity, false, vacant),
            tail: machine.word(0),
            head: machine.word(0),
            constants: machine.word(0),
            receivers: machine.word(0),
            senders: machine.word(0),
            linger: (capacity / 4).min(8),
            backoff: Some((8, 256)),
            shared_tail: sides.0,
            shared_head: sides.1,
            remedy: Remedy::None,
            fenced: false,
        }
    }

    pub(crate) fn with(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }

    pub(crate) fn backing_off(self, backoff: Option<(u64, u64)>) -> Self {
        Self { backoff, ..self }
    }

    pub(crate) fn without_lingering(self) -> Self {
        Self { linger: 0, ..self }
    }

    pub(crate) fn fenced(self) -> Self {
        Self { fenced: true, ..self }
    }

    pub(crate) fn spread(self, machine: &mut Machine) -> Self {
        Self { slots: machine.slots(self.slots.count, true, vacant), ..self }
    }

    /// How many positions from `at` on have the stamp that is wanted.
    async fn run_of(&self, cpu: &Cpu, at: u64, most: u64, stamp: fn(u64) -> u64) -> u64 {
        let mut n = 0;
        while n < most && cpu.load_stamp(self.slots, at + n).await == stamp(at + n) {
            n += 1;
        }
        n
    }

    /// Claims with compare-exchanges on the side's word; where from, and how many.
    async fn claim(&self, cpu: &Cpu, side: Side, most: u64) -> Option<(u64, u64)> {
        let (word, stamp): (_, fn(u64) -> u64) = match side {
            Side::Tail => (self.tail, vacant),
            Side::Head => (self.head, full),
        };
        if self.remedy == Remedy::Fetch {
            cpu.fetch(word).await;
        }
        let mut seen = cpu.load(word).await;
        let mut ahead = if let Remedy::LookAhead(n) = self.remedy { n } else { 1 };
        let mut known = seen..seen;
        let (mut failures, mut linger) = (0, self.linger);
        loop {
            if !known.contains(&seen) {
                let n = self.run_of(cpu, seen, most.max(ahead), stamp).await;
                known = seen..seen + n;
            }
            let mut n = (known.end - seen).min(most);
            if n == 0 && side == Side::Head {
                cpu.pause(self.linger.max(1)).await;
                n = u64::from(cpu.load_stamp(self.slots, seen).await == full(seen));
            }
            if n == 0 {
                if side == Side::Head {
                    cpu.load(self.tail).await;
                    linger = 0;
                }
                let again = cpu.load(word).await;
                if again == seen && linger == 0 {
                    return None;
                }
                if again == seen {
                    cpu.pause(std::mem::take(&mut linger)).await;
                }
                seen = again;
                continue;
            }
            match cpu.exchange(word, seen, seen + n).await {
                Ok(at) => return Some((at, n)),
                Err(actual) => seen = actual,
            }
            if let Remedy::LookAheadAfter(n) = self.remedy {
                ahead = n;
            }
            if let Some((first, most)) = self.backoff {
                cpu.pause((first << failures.min(16)).min(most)).await;
                failures += 1;
                seen = cpu.load(word).await;
            }
        }
    }

    async fn claim_owned_tail(&self, cpu: &Cpu, most: u64) -> Option<(u64, u64)> {
        let at = cpu.load(self.tail).await;
        cpu.load(self.constants).await;
        match self.run_of(cpu, at, most, vacant).await {
            0 => None,
            n => Some((at, n)),
        }
    }

    async fn claim_owned_head(&self, cpu: &Cpu, most: u64) -> Option<(u64, u64)> {
        let at = cpu.load(self.head).await;
        let mut n = self.run_of(cpu, at, most, full).await;
        if n == 0 {
            cpu.pause(if self.shared_tail { self.linger.max(1) } else { 1 }).await;
            n = u64::from(cpu.load_stamp(self.slots, at).await == full(at));
        }
        if n == 0 {
            // What does it mean? Asked of the word that tells of a close.
            cpu.load(if self.shared_tail { self.tail } else { self.constants }).await;
            return None;
        }
        cpu.store(self.head, at + n).await;
        Some((at, n))
    }

    async fn notify(&self, cpu: &Cpu, gate: Word) {
        if self.fenced {
            cpu.fence().await;
        }
        cpu.load(gate).await;
    }
}

impl Ring for Shipped {
    type Tx = ();
    type Rx = ();

    async fn try_send(&self, cpu: &Cpu, (): &mut (), value: u64, count: u64) -> u64 {
        let claimed = if self.shared_tail {
            self.claim(cpu, Side::Tail, count).await
        } else {
            self.claim_owned_tail(cpu, count).await
        };
        let Some((at, n)) = claimed else { return 0 };
        for i in 0..n {
            cpu.store(self.slots.value(at + i), value + i).await;
            cpu.store(self.slots.stamp(at + i), full(at + i)).await;
        }
        if !self.shared_tail {
            cpu.store(self.tail, at + n).await;
        }
        self.notify(cpu, self.receivers).await;
        n
    }

    async fn try_recv(&self, cpu: &Cpu, (): &mut (), most: u64) -> Vec<u64> {
        let claimed = if self.shared_head {
            self.claim(cpu, Side::Head, most).await
        } else {
            self.claim_owned_head(cpu, most).await
        };
        let Some((at, n)) = claimed else { return Vec::new() };
        let mut values = Vec::new();
        for at in at..at + n {
            values.push(cpu.load(self.slots.value(at)).await);
            cpu.store(self.slots.stamp(at), vacant(at + self.slots.count)).await;
        }
        self.notify(cpu, self.senders).await;
        values
    }
}
