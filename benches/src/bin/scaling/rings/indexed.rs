//! A ring for one sender and one receiver with two counters, of which each side keeps the other's in its
//! handle for as long as that is enough: rtrb and its like.

use super::Ring;
use crate::cpu::{Cpu, Word};
use crate::machine::Machine;

pub(crate) struct Indexed {
    values: Vec<Word>,
    tail: Word,
    head: Word,
}

impl Indexed {
    pub(crate) fn new(machine: &mut Machine, capacity: u64) -> Self {
        // Values of eight bytes, eight in a line.
        let value = |at| if at % 8 == 0 { machine.word(0) } else { machine.beside(0) };
        let values = (0..capacity).map(value).collect();
        Self { values, tail: machine.word(0), head: machine.word(0) }
    }

    fn value(&self, at: u64) -> Word {
        self.values[at as usize % self.values.len()]
    }
}

/// The own counter, and what was last seen of the other's.
#[derive(Default)]
pub(crate) struct Seen {
    own: u64,
    other: u64,
}

impl Ring for Indexed {
    type Tx = Seen;
    type Rx = Seen;

    async fn try_send(&self, cpu: &Cpu, tx: &mut Seen, value: u64, count: u64) -> u64 {
        let capacity = self.values.len() as u64;
        if tx.own - tx.other + count > capacity {
            tx.other = cpu.load(self.head).await;
        }
        let n = count.min(capacity - (tx.own - tx.other));
        for i in 0..n {
            cpu.store(self.value(tx.own + i), value + i).await;
        }
        if n > 0 {
            tx.own += n;
            cpu.store(self.tail, tx.own).await;
        }
        n
    }

    async fn try_recv(&self, cpu: &Cpu, rx: &mut Seen, most: u64) -> Vec<u64> {
        if rx.other - rx.own < most {
            rx.other = cpu.load(self.tail).await;
        }
        let n = most.min(rx.other - rx.own);
        let mut values = Vec::new();
        for i in 0..n {
            values.push(cpu.load(self.value(rx.own + i)).await);
        }
        if n > 0 {
            rx.own += n;
            cpu.store(self.head, rx.own).await;
        }
        values
    }
}
