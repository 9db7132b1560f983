//! What a round counts, and the messages that are counted.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::watchdog;

/// A small generator, so that a seed repeats every choice of a round (though not what the scheduler does).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // The generator needs bits to begin with.
        Self((seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    /// True once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }

    pub fn fork(&mut self) -> Self {
        Self::new(self.roll(1 << 50))
    }
}

/// The counts of one round.
#[derive(Debug, Default)]
pub struct Ledger {
    pub made: AtomicU64,
    pub dropped: AtomicU64,
    /// Said to be sent.
    pub accepted: AtomicU64,
    pub received: AtomicU64,
    /// Asked for, on pulled channels.
    pub asked: AtomicU64,
    producers: AtomicU32,
}

impl Ledger {
    pub fn add(count: &AtomicU64, n: u64) {
        count.fetch_add(n, Ordering::Relaxed);
        watchdog::progress();
    }

    pub fn get(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }

    /// A maker of messages that are numbered in the order in which they are sent.
    pub fn producer(self: &Arc<Self>) -> Producer {
        let id = self.producers.fetch_add(1, Ordering::Relaxed);
        Producer { id, next: 0, ledger: Arc::clone(self) }
    }
}

/// One sender's numbering.
#[derive(Debug)]
pub struct Producer {
    id: u32,
    next: u32,
    ledger: Arc<Ledger>,
}

impl Producer {
    pub fn make(&mut self) -> Token {
        self.next += 1;
        self.ledger.made.fetch_add(1, Ordering::Relaxed);
        let number = Box::new((self.id, self.next));
        Token { number, ledger: Arc::clone(&self.ledger) }
    }

    pub fn batch(&mut self, n: u64) -> Vec<Token> {
        (0..n).map(|_| self.make()).collect()
    }
}

/// A message: on the heap, so that whatever watches memory sees a second drop, and counted when dropped.
#[derive(Debug)]
pub struct Token {
    number: Box<(u32, u32)>,
    ledger: Arc<Ledger>,
}

impl Token {
    pub fn weight(&self) -> u64 {
        u64::from(self.number.1 % 7)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// One receiver's view: each producer's messages come in their order.
#[derive(Debug, Default)]
pub struct Order(HashMap<u32, u32>);

impl Order {
    pub fn check(&mut self, token: &Token) {
        let (producer, number) = *token.number;
        let last = self.0.insert(producer, number).unwrap_or(0);
        assert!(last < number, "message {number} of sender {producer} came after {last}");
    }
}
