//! A lock around a deque. Nobody sleeps here, so the lock spins: read, then exchange, with pauses between.

use super::Ring;
use crate::cpu::{Cpu, Word};
use crate::machine::Machine;

pub(crate) struct Locked {
    lock: Word,
    /// Where the deque begins and how long it is, on one line.
    first: Word,
    len: Word,
    values: Vec<Word>,
}

impl Locked {
    pub(crate) fn new(machine: &mut Machine, capacity: u64) -> Self {
        let lock = machine.word(0);
        let (first, len) = (machine.word(0), machine.beside(0));
        let value = |at| if at % 8 == 0 { machine.word(0) } else { machine.beside(0) };
        Self { lock, first, len, values: (0..capacity).map(value).collect() }
    }

    async fn lock(&self, cpu: &Cpu) {
        let mut pauses = 1;
        while cpu.exchange(self.lock, 0, 1).await.is_err() {
            while cpu.load(self.lock).await != 0 {
                cpu.pause(pauses).await;
                pauses = (2 * pauses).min(64);
            }
        }
    }

    fn value(&self, at: u64) -> Word {
        self.values[at as usize % self.values.len()]
    }
}

impl Ring for Locked {
    type Tx = ();
    type Rx = ();

    async fn try_send(&self, cpu: &Cpu, (): &mut (), value: u64, count: u64) -> u64 {
        self.lock(cpu).await;
        let (first, len) = (cpu.load(self.first).await, cpu.load(self.len).await);
        let n = count.min(self.values.len() as u64 - len);
        for i in 0..n {
            cpu.store(self.value(first + len + i), value + i).await;
        }
        cpu.store(self.len, len + n).await;
        cpu.store(self.lock, 0).await;
        n
    }

    async fn try_recv(&self, cpu: &Cpu, (): &mut (), most: u64) -> Vec<u64> {
        self.lock(cpu).await;
        let (first, len) = (cpu.load(self.first).await, cpu.load(self.len).await);
        let n = most.min(len);
        let mut values = Vec::new();
        for i in 0..n {
            values.push(cpu.load(self.value(first + i)).await);
        }
        cpu.store(self.first, first + n).await;
        cpu.store(self.len, len - n).await;
        cpu.store(self.lock, 0).await;
        values
    }
}
