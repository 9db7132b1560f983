//! The algorithms: the shipped ones, and others to compare them with. Each is the real control flow over
//! simulated words: what is read decides what is done next.

mod deque;
mod indexed;
mod lanes;
mod scq;
mod shipped;
mod tickets;
mod vyukov;

pub(crate) use deque::Locked;
pub(crate) use indexed::Indexed;
pub(crate) use lanes::Lanes;
pub(crate) use scq::Scq;
pub(crate) use shipped::{Remedy, Shipped};
pub(crate) use tickets::{Counted, Tickets};
pub(crate) use vyukov::Vyukov;

use super::cpu::Cpu;

/// A bounded queue. Attempts that may wait inside say so.
pub(crate) trait Ring: 'static {
    /// What a sender's handle keeps.
    type Tx: Default;
    /// What a receiver's handle keeps.
    type Rx: Default;

    /// Sends `count` values that begin with `value`, or the first of them; how many.
    async fn try_send(&self, cpu: &Cpu, tx: &mut Self::Tx, value: u64, count: u64) -> u64;

    /// Receives up to `most`.
    async fn try_recv(&self, cpu: &Cpu, rx: &mut Self::Rx, most: u64) -> Vec<u64>;
}

/// Stamps of the rings whose slots say whose turn it is: twice the position, and one if there is a value.
fn vacant(at: u64) -> u64 {
    2 * at
}

fn full(at: u64) -> u64 {
    2 * at + 1
}
