//! SCQ (Nikolaev 2019): lock-free in the strict sense, exact, and with tickets. Two rings of indices, one of
//! free cells and one of full ones, so that a ticket that finds nothing at its entry can be let go.

use super::Ring;
use crate::cpu::{Cpu, Word};
use crate::machine::Machine;

/// An entry: a cycle, whether a late ticket may still use it, and the index of a cell, or none.
const NONE: u64 = (1 << 23) - 1;
const SAFE: u64 = 1 << 23;
const CYCLE: u32 = 24;

struct Indices {
    entries: Vec<Word>,
    tail: Word,
    head: Word,
    /// How many tickets may still find nothing before the ring is empty.
    threshold: Word,
}

impl Indices {
    /// Room for `cells` indices; the first `filled` of them are there.
    fn new(machine: &mut Machine, cells: u64, filled: u64) -> Self {
        let count = 2 * cells;
        let lines = count / 8;
        // Neighbours in different lines: entry i is the (i / lines)th of line i % lines.
        let words: Vec<_> = (0..count)
            .map(|place| {
                let at = place % 8 * lines + place / 8;
                let entry = if at < filled { 1 << CYCLE | SAFE | at } else { SAFE | NONE };
                if place % 8 == 0 { machine.word(entry) } else { machine.beside(entry) }
            })
            .collect();
        let entry = |at: u64| words[(at % lines * 8 + at / lines) as usize];
        let threshold = if filled > 0 { 3 * cells - 1 } else { u64::MAX };
        Self {
            entries: (0..count).map(entry).collect(),
            tail: machine.word(count + filled),
            head: machine.word(count),
            threshold: machine.word(threshold),
        }
    }

    fn entry(&self, ticket: u64) -> (Word, u64) {
        let count = self.entries.len() as u64;
        (self.entries[(ticket % count) as usize], ticket / count)
    }

    fn full_threshold(&self) -> u64 {
        3 * (self.entries.len() as u64 / 2) - 1
    }

    /// There is always room: there are no more indices than cells.
    async fn put(&self, cpu: &Cpu, index: u64) {
        loop {
            let ticket = cpu.add(self.tail, 1).await;
            let (word, cycle) = self.entry(ticket);
            let mut seen = cpu.load(word).await;
            while seen >> CYCLE < cycle
                && seen & NONE == NONE
                && (seen & SAFE != 0 || cpu.load(self.head).await <= ticket)
            {
                match cpu.exchange(word, seen, cycle << CYCLE | SAFE | index).await {
                    Ok(_) => {
                        if cpu.load(self.threshold).await != self.full_threshold() {
                            cpu.store(self.threshold, self.full_threshold()).await;
                        }
                        return;
                    }
                    Err(actual) => seen = actual,
                }
            }
        }
    }

    async fn take(&self, cpu: &Cpu) -> Option<u64> {
        if (cpu.load(self.threshold).await as i64) < 0 {
            return None;
        }
        loop {
            let ticket = cpu.add(self.head, 1).await;
            let (word, cycle) = self.entry(ticket);
            let mut seen = cpu.load(word).await;
            loop {
                if seen >> CYCLE == cycle {
                    cpu.or(word, NONE).await;
                    return Some(seen & NONE);
                }
                let left = if seen & NONE == NONE {
                    cycle << CYCLE | seen & SAFE | NONE
                } else {
                    seen & !SAFE
                };
                if seen >> CYCLE > cycle {
                    break;
                }
                match cpu.exchange(word, seen, left).await {
                    Ok(_) => break,
                    Err(actual) => seen = actual,
                }
            }
            let mut tail = cpu.load(self.tail).await;
            if tail <= ticket + 1 {
                while let Err(actual) = cpu.exchange(self.tail, tail, ticket + 1).await {
                    if actual > ticket {
                        break;
                    }
                    tail = actual;
                }
                cpu.add(self.threshold, u64::MAX).await;
                return None;
            }
            if cpu.add(self.threshold, u64::MAX).await as i64 <= 0 {
                return None;
            }
        }
    }
}

pub(crate) struct Scq {
    free: Indices,
    full: Indices,
    cells: Vec<Word>,
}

impl Scq {
    pub(crate) fn new(machine: &mut Machine, capacity: u64) -> Self {
        let cell = |at| if at % 8 == 0 { machine.word(0) } else { machine.beside(0) };
        let cells = (0..capacity).map(cell).collect();
        let free = Indices::new(machine, capacity, capacity);
        Self { free, full: Indices::new(machine, capacity, 0), cells }
    }
}

impl Ring for Scq {
    type Tx = ();
    type Rx = ();

    async fn try_send(&self, cpu: &Cpu, (): &mut (), value: u64, _: u64) -> u64 {
        let Some(index) = self.free.take(cpu).await else { return 0 };
        cpu.store(self.cells[index as usize], value).await;
        self.full.put(cpu, index).await;
        1
    }

    async fn try_recv(&self, cpu: &Cpu, (): &mut (), _: u64) -> Vec<u64> {
        let Some(index) = self.full.take(cpu).await else { return Vec::new() };
        let value = cpu.load(self.cells[index as usize]).await;
        self.free.put(cpu, index).await;
        vec![value]
    }
}
