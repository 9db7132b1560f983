//! Rings whose positions are drawn, not won: a fetch-and-add never fails, and cannot be given back. Whoever
//! draws waits at the slot. And the same slots with counters that are won, as `atomic_queue` has both.

use super::{Ring, full, vacant};
use crate::cpu::{Cpu, Slots, Word};
use crate::machine::Machine;

/// Tickets on both sides over stamped slots. `try_` here waits for its slot for as long as that takes.
pub(crate) struct Tickets {
    slots: Slots,
    tail: Word,
    head: Word,
}

impl Tickets {
    pub(crate) fn new(machine: &mut Machine, capacity: u64, spread: bool) -> Self {
        let slots = machine.slots(capacity, spread, vacant);
        Self { slots, tail: machine.word(0), head: machine.word(0) }
    }

    async fn wait(&self, cpu: &Cpu, at: u64, stamp: u64) {
        while cpu.load_stamp(self.slots, at).await != stamp {
            cpu.pause(1).await;
        }
    }
}

impl Ring for Tickets {
    type Tx = ();
    type Rx = ();

    async fn try_send(&self, cpu: &Cpu, (): &mut (), value: u64, count: u64) -> u64 {
        let at = cpu.add(self.tail, count).await;
        for i in 0..count {
            self.wait(cpu, at + i, vacant(at + i)).await;
            cpu.store(self.slots.value(at + i), value + i).await;
            cpu.store(self.slots.stamp(at + i), full(at + i)).await;
        }
        count
    }

    async fn try_recv(&self, cpu: &Cpu, (): &mut (), _: u64) -> Vec<u64> {
        let at = cpu.add(self.head, 1).await;
        self.wait(cpu, at, full(at)).await;
        let value = cpu.load(self.slots.value(at)).await;
        cpu.store(self.slots.stamp(at), vacant(at + self.slots.count)).await;
        vec![value]
    }
}

/// `atomic_queue`'s `AtomicQueue`: a slot is a word that is zero while empty, moved by read-modify-writes.
/// Its `try_` functions win a counter after a look at the other one; its optimistic ones draw tickets.
pub(crate) struct Counted {
    slots: Slots,
    tail: Word,
    head: Word,
    optimistic: bool,
}

impl Counted {
    pub(crate) fn new(machine: &mut Machine, capacity: u64, optimistic: bool) -> Self {
        let slots = machine.slots(capacity, true, |_| 0);
        Self { slots, tail: machine.word(0), head: machine.word(0), optimistic }
    }

    /// A position of `word`, or None if the `other` counter forbids the next one.
    async fn position(
        &self,
        cpu: &Cpu,
        (word, other): (Word, Word),
        refused: impl Fn(u64, u64) -> bool,
    ) -> Option<u64> {
        if self.optimistic {
            return Some(cpu.add(word, 1).await);
        }
        let mut at = cpu.load(word).await;
        loop {
            if refused(at, cpu.load(other).await) {
                return None;
            }
            match cpu.exchange(word, at, at + 1).await {
                Ok(at) => return Some(at),
                Err(actual) => at = actual,
            }
        }
    }
}

impl Ring for Counted {
    type Tx = ();
    type Rx = ();

    async fn try_send(&self, cpu: &Cpu, (): &mut (), value: u64, _: u64) -> u64 {
        let position = self.position(cpu, (self.tail, self.head), |tail, head| {
            tail.saturating_sub(head) >= self.slots.count
        });
        let Some(at) = position.await else { return 0 };
        let slot = self.slots.stamp(at);
        while cpu.exchange(slot, 0, value + 1).await.is_err() {
            loop {
                cpu.pause(1).await;
                if cpu.load(slot).await == 0 {
                    break;
                }
            }
        }
        1
    }

    async fn try_recv(&self, cpu: &Cpu, (): &mut (), _: u64) -> Vec<u64> {
        let position = self.position(cpu, (self.head, self.tail), |head, tail| tail <= head);
        let Some(at) = position.await else { return Vec::new() };
        let slot = self.slots.stamp(at);
        loop {
            match cpu.swap(slot, 0).await {
                0 => {}
                value => return vec![value - 1],
            }
            loop {
                cpu.pause(1).await;
                if cpu.load(slot).await != 0 {
                    break;
                }
            }
        }
    }
}
