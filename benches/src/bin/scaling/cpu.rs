//! What a simulated core can do, and how the programs that it runs are written: as `async` functions, which
//! the compiler turns into step machines. Each access is one step; the machine answers when its time has come.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::costs::Time;

/// A 64-bit word of the simulated memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) usize);

/// What a read-modify-write makes of a word. It answers with what was there before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Add(u64),
    Or(u64),
    Swap(u64),
    Exchange { seen: u64, wanted: u64 },
}

/// One step of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Reads a word. If its line is not there, the core guesses that all is as usual and asks for the
    /// lines of `guess` further slots of the same ring meanwhile.
    Load {
        word: Word,
        guess: Option<Guess>,
    },
    Store {
        word: Word,
        value: u64,
    },
    Modify {
        word: Word,
        change: Change,
    },
    /// Gets a line for writing without touching it, and does not wait: PREFETCHW.
    Fetch(Word),
    /// Waits until the own stores are seen by all.
    Fence,
    Spend(Time),
    Pause(u64),
}

/// Where a core gets to by guessing: words a stride apart, round a ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess {
    pub(crate) slots: Slots,
    pub(crate) from: u64,
}

/// The slots of a ring in the simulated memory: a stamp and a value each, in lines of 64 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots {
    pub(crate) first: usize,
    pub(crate) count: u64,
    /// Neighbouring positions in different lines: the index with its lowest bits, `line` of them, moved up.
    pub(crate) spread: bool,
}

impl Slots {
    /// Slots of 16 bytes in a line of 64.
    pub(crate) const A_LINE: u64 = 4;

    fn index(&self, at: u64) -> usize {
        let index = at % self.count;
        if !self.spread {
            return index as usize;
        }
        let lines = self.count / Self::A_LINE;
        (index % lines * Self::A_LINE + index / lines) as usize
    }

    pub(crate) fn stamp(&self, at: u64) -> Word {
        Word(self.first + 2 * self.index(at))
    }

    pub(crate) fn value(&self, at: u64) -> Word {
        Word(self.first + 2 * self.index(at) + 1)
    }
}

/// A program's handle on the core that runs it.
#[derive(Clone, Default)]
pub(crate) struct Cpu {
    pub(crate) asked: Rc<Cell<Option<Step>>>,
    pub(crate) answer: Rc<Cell<Option<u64>>>,
}

impl Cpu {
    fn step(&self, step: Step) -> Stepping {
        Stepping { cpu: self.clone(), step: Some(step) }
    }

    pub(crate) async fn load(&self, word: Word) -> u64 {
        self.step(Step::Load { word, guess: None }).await
    }

    /// Reads the stamp of a position whose successors the same core will want next.
    pub(crate) async fn load_stamp(&self, slots: Slots, at: u64) -> u64 {
        let guess = Some(Guess { slots, from: at + 1 });
        self.step(Step::Load { word: slots.stamp(at), guess }).await
    }

    pub(crate) async fn store(&self, word: Word, value: u64) {
        self.step(Step::Store { word, value }).await;
    }

    pub(crate) async fn add(&self, word: Word, n: u64) -> u64 {
        self.step(Step::Modify { word, change: Change::Add(n) }).await
    }

    pub(crate) async fn or(&self, word: Word, bits: u64) -> u64 {
        self.step(Step::Modify { word, change: Change::Or(bits) }).await
    }

    pub(crate) async fn swap(&self, word: Word, value: u64) -> u64 {
        self.step(Step::Modify { word, change: Change::Swap(value) }).await
    }

    /// A compare-exchange.
    pub(crate) async fn exchange(&self, word: Word, seen: u64, wanted: u64) -> Result<u64, u64> {
        let change = Change::Exchange { seen, wanted };
        let found = self.step(Step::Modify { word, change }).await;
        if found == seen { Ok(found) } else { Err(found) }
    }

    pub(crate) async fn fetch(&self, word: Word) {
        self.step(Step::Fetch(word)).await;
    }

    pub(crate) async fn fence(&self) {
        self.step(Step::Fence).await;
    }

    pub(crate) async fn spend(&self, time: Time) {
        self.step(Step::Spend(time)).await;
    }

    pub(crate) async fn pause(&self, pauses: u64) {
        if pauses > 0 {
            self.step(Step::Pause(pauses)).await;
        }
    }
}

struct Stepping {
    cpu: Cpu,
    step: Option<Step>,
}

impl Future for Stepping {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u64> {
        if let Some(step) = self.step.take() {
            self.cpu.asked.set(Some(step));
            return Poll::Pending;
        }
        self.cpu.answer.take().map_or(Poll::Pending, Poll::Ready)
    }
}
