//! The machine: cores with store buffers, a directory of cache lines, and time.
//!
//! Everything happens in the order of simulated time, and at equal times in the order in which it was
//! planned, so a run is repeatable to the last digit. A value changes when the core has the right to write
//! its line, never before; stores of one core are seen in their order; loads may pass them; a
//! read-modify-write waits for them.
//!
//! A request for a line is served when all earlier ones for that line have been. A part of its way later the
//! present holders lose their rights (until then they go on using the line, which is what lets a core do
//! several operations a visit); after the rest of it the line is there, and the waiting operation is
//! executed at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use super::costs::{Costs, Time};
use super::cpu::{Change, Cpu, Guess, Slots, Step, Word};
use super::lines::{Line, Request};

type Program = Pin<Box<dyn Future<Output = ()>>>;

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Lines that came for reading.
    pub(crate) reads: u64,
    /// Lines that came for writing, or were taken away from other readers.
    pub(crate) writes: u64,
    /// Read-modify-writes, and how many of them were exchanges that failed.
    pub(crate) modifies: u64,
    pub(crate) failures: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A core takes its program's next step.
    Ready(usize),
    /// The holders of a line learn of the request that is served.
    Probe(usize, Time),
    /// The line has arrived.
    Arrive(usize),
}

struct Core {
    cpu: Cpu,
    program: Option<Program>,
    /// A step that waits for a line, or for the store buffer.
    blocked: Option<Step>,
    stores: VecDeque<(Word, u64)>,
    /// Which lines it has asked for.
    asked: Vec<(usize, bool)>,
    noise: u64,
}

/// See the module's text.
pub(crate) struct Machine {
    pub(crate) costs: Costs,
    pub(crate) now: Time,
    pub(crate) counts: Counts,
    words: Vec<u64>,
    line_of: Vec<usize>,
    lines: Vec<Line>,
    cores: Vec<Core>,
    events: BinaryHeap<Reverse<(Time, u64, Event)>>,
    planned: u64,
}

impl Machine {
    pub(crate) fn new(costs: Costs) -> Self {
        Self {
            costs,
            now: 0,
            counts: Counts::default(),
            words: Vec::new(),
            line_of: Vec::new(),
            lines: Vec::new(),
            cores: Vec::new(),
            events: BinaryHeap::new(),
            planned: 0,
        }
    }

    /// A word on a line of its own.
    pub(crate) fn word(&mut self, value: u64) -> Word {
        self.lines.push(Line::default());
        self.beside(value)
    }

    /// A word on the line of the one made before.
    pub(crate) fn beside(&mut self, value: u64) -> Word {
        self.line_of.push(self.lines.len() - 1);
        self.words.push(value);
        Word(self.words.len() - 1)
    }

    /// A ring of slots, stamped by `stamp`.
    pub(crate) fn slots(&mut self, count: u64, spread: bool, stamp: impl Fn(u64) -> u64) -> Slots {
        let slots = Slots { first: self.words.len(), count, spread };
        for i in 0..count {
            if i % Slots::A_LINE == 0 {
                self.word(0);
            } else {
                self.beside(0);
            }
            self.beside(0);
        }
        for at in 0..count {
            self.words[slots.stamp(at).0] = stamp(at);
        }
        slots
    }

    /// A core that runs a program, with the number of those that were there before.
    pub(crate) fn start<F>(&mut self, program: impl FnOnce(Cpu) -> F)
    where
        F: Future<Output = ()> + 'static,
    {
        let cpu = Cpu::default();
        let program: Program = Box::pin(program(cpu.clone()));
        let core = self.cores.len();
        self.cores.push(Core {
            cpu,
            program: Some(program),
            blocked: None,
            stores: VecDeque::new(),
            asked: Vec::new(),
            // Never zero, and far from the neighbours'.
            noise: (core as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
        });
        // Not all at the same picosecond.
        self.plan(core as Time * 137, Event::Ready(core));
    }

    fn plan(&mut self, after: Time, event: Event) {
        self.planned += 1;
        self.events.push(Reverse((self.now + after, self.planned, event)));
    }

    /// Runs until all programs have ended, or `enough`; false if neither happens within `most` events.
    pub(crate) fn run(&mut self, most: u64, mut enough: impl FnMut(&Self) -> bool) -> bool {
        for _ in 0..most {
            let Some(Reverse((time, _, event))) = self.events.pop() else { return true };
            self.now = time;
            match event {
                Event::Ready(core) => self.proceed(core),
                Event::Probe(line, rest) => self.probe(line, rest),
                Event::Arrive(line) => self.arrive(line),
            }
            if enough(self) {
                return true;
            }
        }
        false
    }

    /// Polls a core's program for its next step, and takes it.
    fn proceed(&mut self, core: usize) {
        let it = &mut self.cores[core];
        let Some(program) = &mut it.program else { return };
        if program.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            it.program = None;
            return;
        }
        it.blocked = it.cpu.asked.take();
        self.attempt(core);
    }

    /// Takes a core's step if it can be taken now; else sees to it that the line comes.
    fn attempt(&mut self, core: usize) {
        let Some(step) = self.cores[core].blocked else { return };
        let done = match step {
            Step::Spend(time) => Some((0, self.about(core, time))),
            Step::Pause(pauses) => Some((0, self.about(core, pauses * self.costs.pause))),
            Step::Fence => self.cores[core].stores.is_empty().then_some((0, self.costs.modify)),
            Step::Fetch(word) => {
                self.ask(core, self.line_of[word.0], true);
                Some((0, self.costs.hit))
            }
            Step::Load { word, guess } => self.load(core, word, guess),
            Step::Store { word, value } => self.store(core, word, value),
            Step::Modify { word, change } => self.modify(core, word, change),
        };
        if let Some((answer, time)) = done {
            self.cores[core].blocked = None;
            self.cores[core].cpu.answer.set(Some(answer));
            self.plan(time, Event::Ready(core));
        }
    }

    /// An eighth more or less, the same in every run: real cores do not march in step for ever.
    fn about(&mut self, core: usize, time: Time) -> Time {
        let state = &mut self.cores[core].noise;
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        time * 7 / 8 + *state % (time / 4 + 1)
    }

    fn load(&mut self, core: usize, word: Word, guess: Option<Guess>) -> Option<(u64, Time)> {
        let own = self.cores[core].stores.iter().rev().find(|store| store.0 == word);
        if let Some(&(_, value)) = own {
            return Some((value, self.costs.hit));
        }
        let line = self.line_of[word.0];
        if self.lines[line].may(core, false) {
            return Some((self.words[word.0], self.costs.hit));
        }
        self.ask(core, line, false);
        if let Some(Guess { slots, from }) = guess {
            for at in from..from + self.costs.ahead {
                self.ask(core, self.line_of[slots.stamp(at).0], false);
            }
        }
        None
    }

    fn store(&mut self, core: usize, word: Word, value: u64) -> Option<(u64, Time)> {
        if self.cores[core].stores.len() == self.costs.buffer {
            return None;
        }
        self.cores[core].stores.push_back((word, value));
        self.ask(core, self.line_of[word.0], true);
        self.drain(core);
        Some((0, self.costs.hit))
    }

    /// Lets the stores whose turn it is be seen.
    fn drain(&mut self, core: usize) {
        while let Some(&(word, value)) = self.cores[core].stores.front() {
            let line = self.line_of[word.0];
            if !self.lines[line].may(core, true) {
                return self.ask(core, line, true);
            }
            self.words[word.0] = value;
            self.cores[core].stores.pop_front();
        }
    }

    fn modify(&mut self, core: usize, word: Word, change: Change) -> Option<(u64, Time)> {
        if !self.cores[core].stores.is_empty() {
            return None;
        }
        let line = self.line_of[word.0];
        if !self.lines[line].may(core, true) {
            self.ask(core, line, true);
            return None;
        }
        let place = &mut self.words[word.0];
        let before = *place;
        match change {
            Change::Add(n) => *place = before.wrapping_add(n),
            Change::Or(bits) => *place = before | bits,
            Change::Swap(value) => *place = value,
            Change::Exchange { seen, wanted } if seen == before => *place = wanted,
            Change::Exchange { .. } => self.counts.failures += 1,
        }
        self.counts.modifies += 1;
        self.lines[line].locked_until = self.now + self.costs.modify;
        Some((before, self.costs.modify))
    }

    /// Asks for a line, unless the core may use it so already, or has asked.
    fn ask(&mut self, core: usize, line: usize, to_write: bool) {
        let asked = &mut self.cores[core].asked;
        let there = self.lines[line].may(core, to_write);
        if there || asked.iter().any(|&(other, writes)| other == line && (writes || !to_write)) {
            return;
        }
        asked.push((line, to_write));
        self.lines[line].waiting.push_back(Request { core, to_write });
        if self.lines[line].served.is_empty() {
            self.serve(line);
        }
    }

    fn serve(&mut self, line: usize) {
        let it = &mut self.lines[line];
        it.next();
        let way = |request: &Request| {
            let others = it.holders.iter().filter(|&other| other != request.core);
            let ways = others.map(|other| self.costs.distance(request.core, other));
            match request.to_write {
                _ if it.may(request.core, request.to_write) => 0,
                // Everybody has to answer.
                true => ways.max().unwrap_or(self.costs.near),
                // The nearest does.
                false => ways.min().unwrap_or(self.costs.near),
            }
        };
        let Some(longest) = it.served.iter().map(way).max() else { return };
        if longest > 0 {
            let writes = it.served.iter().filter(|request| request.to_write).count() as u64;
            self.counts.writes += writes;
            self.counts.reads += it.served.len() as u64 - writes;
        }
        let way = longest / self.costs.probe;
        self.plan(way, Event::Probe(line, longest - way));
    }

    fn probe(&mut self, line: usize, rest: Time) {
        let it = &mut self.lines[line];
        if it.locked_until > self.now {
            // The operation is finished, but it is the last one.
            it.writer = None;
            let later = it.locked_until - self.now;
            return self.plan(later, Event::Probe(line, rest));
        }
        it.probe();
        self.plan(rest, Event::Arrive(line));
    }

    fn arrive(&mut self, line: usize) {
        self.lines[line].grant();
        // The desk is taken until all of them have had their operation.
        for request in self.lines[line].served.clone() {
            let asked = (line, request.to_write);
            self.cores[request.core].asked.retain(|&other| other != asked);
            self.drain(request.core);
            self.attempt(request.core);
        }
        self.lines[line].served.clear();
        self.serve(line);
    }
}
