//! Random programs for the threads of a history.

use crate::event::Value;
use crate::queue::{Credit, Rules, Side};

/// Draws a number below the given one.
pub type Dice<'a> = &'a mut dyn FnMut(usize) -> usize;

/// What a sender's thread is to do next.
#[derive(Clone, Debug)]
pub enum Sending {
    Try(Value),
    /// Waits for room; only where somebody is sure to make it, or to close.
    Wait(Value),
    Many(Vec<Value>),
    /// Reserves so many credits, sends these values with some of them, drops the rest.
    Reserve(usize, Vec<Value>),
    /// Drops the oldest value if there is no room.
    Force(Value),
    Clear(Value),
    Close,
}

/// What a receiver's thread is to do next.
#[derive(Clone, Debug)]
pub enum Receiving {
    Try,
    /// Waits for a value, or for the close.
    Wait,
    Many(usize),
    /// Acknowledges the oldest message it holds.
    Acknowledge,
    Request(usize),
    Close,
}

/// Which calls a program is made of.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// One call in so many closes the channel.
    pub closes: usize,
    pub permits: bool,
    pub batches: bool,
}

impl Palette {
    /// Everything.
    pub const ALL: Self = Self { closes: 12, permits: true, batches: true };
}

/// A sender's program of `calls` calls. Values are counted up from `first`.
pub fn sender(
    rules: &Rules,
    palette: Palette,
    first: Value,
    calls: usize,
    dice: Dice<'_>,
) -> Vec<Sending> {
    let mut next = first;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    let mut program = Vec::new();
    while program.len() < calls {
        let n = 1 + dice(rules.capacity.min(3));
        program.push(match dice(8) {
            _ if dice(palette.closes) == 0 => Sending::Close,
            0 | 1 if palette.permits => {
                let spent = dice(n + 1);
                Sending::Reserve(n, (0..spent).map(|_| fresh()).collect())
            }
            2 | 3 if palette.batches => Sending::Many((0..n + 1).map(|_| fresh()).collect()),
            4 | 5 if rules.credit == Credit::Evicting => Sending::Force(fresh()),
            6 if rules.credit == Credit::Evicting => Sending::Clear(fresh()),
            _ => Sending::Try(fresh()),
        });
    }
    program
}

/// A receiver's program of `calls` calls.
pub fn receiver(rules: &Rules, palette: Palette, calls: usize, dice: Dice<'_>) -> Vec<Receiving> {
    let mut program = Vec::new();
    while program.len() < calls {
        program.push(match dice(8) {
            _ if dice(palette.closes) == 0 => Receiving::Close,
            0 | 1 if palette.batches => Receiving::Many(1 + dice(3)),
            2..=4 if rules.credit == Credit::Acknowledged => Receiving::Acknowledge,
            2 | 3 if matches!(rules.credit, Credit::Requested(_)) => {
                Receiving::Request(1 + dice(2))
            }
            _ => Receiving::Try,
        });
    }
    program
}

/// A generator whose numbers depend on its seed alone.
#[derive(Clone, Debug)]
pub struct Numbers(u64);

impl Numbers {
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        // WRAP: splitmix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

impl Rules {
    /// A channel whose values are received and credits come back with the slots.
    #[must_use]
    pub fn new(tail: Side, head: Side, capacity: usize, senders: usize, receivers: usize) -> Self {
        Self { capacity, tail, head, credit: Credit::Slots, senders, receivers }
    }
}
