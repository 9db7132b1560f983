//! Several rings of ours instead of one: a sender keeps to its own, a receiver goes round. First in, first
//! out only for each sender.

use super::{Ring, Shipped};
use crate::cpu::Cpu;
use crate::machine::Machine;

pub(crate) struct Lanes {
    rings: Vec<Shipped>,
    /// How many handles were given a lane, on either side.
    given: std::cell::Cell<(usize, usize)>,
}

impl Lanes {
    pub(crate) fn new(machine: &mut Machine, capacity: u64, lanes: usize) -> Self {
        let ring = |_| Shipped::new(machine, (capacity / lanes as u64).max(2), (true, true));
        Self { rings: (0..lanes).map(ring).collect(), given: Default::default() }
    }
}

impl Ring for Lanes {
    type Tx = Option<usize>;
    type Rx = Option<usize>;

    async fn try_send(&self, cpu: &Cpu, tx: &mut Option<usize>, value: u64, count: u64) -> u64 {
        let lane = *tx.get_or_insert_with(|| {
            let (senders, receivers) = self.given.get();
            self.given.set((senders + 1, receivers));
            senders % self.rings.len()
        });
        self.rings[lane].try_send(cpu, &mut (), value, count).await
    }

    async fn try_recv(&self, cpu: &Cpu, rx: &mut Option<usize>, most: u64) -> Vec<u64> {
        let lane = rx.get_or_insert_with(|| {
            let (senders, receivers) = self.given.get();
            self.given.set((senders, receivers + 1));
            receivers % self.rings.len()
        });
        for _ in 0..self.rings.len() {
            let values = self.rings[*lane].try_recv(cpu, &mut (), most).await;
            if !values.is_empty() {
                return values;
            }
            *lane = (*lane + 1) % self.rings.len();
        }
        Vec::new()
    }
}
