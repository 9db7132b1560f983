//! Vyukov's array queue, and `crossbeam_queue::ArrayQueue`, which is one with back-off and an exact Full.

use super::{Ring, full, vacant};
use crate::cpu::{Cpu, Slots, Word};
use crate::machine::Machine;

pub(crate) struct Vyukov {
    slots: Slots,
    tail: Word,
    head: Word,
    /// As crossbeam: pauses after an exchange that failed (1, 2, 4, up to 64), and a look at the other
    /// counter, behind a fence, before the answer.
    crossbeam: bool,
}

impl Vyukov {
    pub(crate) fn new(machine: &mut Machine, capacity: u64, crossbeam: bool) -> Self {
        let slots = machine.slots(capacity, false, vacant);
        Self { slots, tail: machine.word(0), head: machine.word(0), crossbeam }
    }

    /// Wins the next position of `word` whose slot has the stamp; None if the one there now has not.
    async fn claim(
        &self,
        cpu: &Cpu,
        (word, other): (Word, Word),
        stamp: fn(u64) -> u64,
        idle: impl Fn(u64, u64) -> bool,
    ) -> Option<u64> {
        let mut step = 0;
        let mut at = cpu.load(word).await;
        loop {
            if cpu.load_stamp(self.slots, at).await == stamp(at) {
                match cpu.exchange(word, at, at + 1).await {
                    Ok(at) => return Some(at),
                    Err(actual) => at = actual,
                }
                if self.crossbeam {
                    cpu.pause(1 << step).await;
                    step = (step + 1).min(6);
                }
                continue;
            }
            if self.crossbeam {
                cpu.fence().await;
                if idle(at, cpu.load(other).await) {
                    return None;
                }
                cpu.pause(1 << step).await;
                step = (step + 1).min(6);
            }
            let again = cpu.load(word).await;
            if !self.crossbeam && again == at {
                return None;
            }
            at = again;
        }
    }
}

impl Ring for Vyukov {
    type Tx = ();
    type Rx = ();

    async fn try_send(&self, cpu: &Cpu, (): &mut (), value: u64, _: u64) -> u64 {
        let count = self.slots.count;
        let no_room = |tail, head| head + count == tail;
        let claim = self.claim(cpu, (self.tail, self.head), vacant, no_room);
        let Some(at) = claim.await else { return 0 };
        cpu.store(self.slots.value(at), value).await;
        cpu.store(self.slots.stamp(at), full(at)).await;
        1
    }

    async fn try_recv(&self, cpu: &Cpu, (): &mut (), _: u64) -> Vec<u64> {
        let nothing = |head, tail| head == tail;
        let claim = self.claim(cpu, (self.head, self.tail), full, nothing);
        let Some(at) = claim.await else { return Vec::new() };
        let value = cpu.load(self.slots.value(at)).await;
        cpu.store(self.slots.stamp(at), vacant(at + self.slots.count)).await;
        vec![value]
    }
}
