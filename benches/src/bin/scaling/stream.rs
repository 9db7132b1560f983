//! The workload: senders and receivers, each on a core of its own, that poll.

use std::cell::RefCell;
use std::rc::Rc;

use crate::costs::{Costs, Time};
use crate::cpu::Cpu;
use crate::machine::{Counts, Machine};
use crate::rings::Ring;

/// Who sends and receives how much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    /// How many at a time.
    pub(crate) batch: u64,
    /// How many a sender sends; if none, senders go on until the receivers have got enough.
    pub(crate) each: Option<u64>,
    /// How many are received.
    pub(crate) messages: u64,
}

/// What came out, counted from when a quarter had been received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) time: Time,
    pub(crate) messages: u64,
    pub(crate) counts: Counts,
    /// What the busiest sender sent, beside an equal share.
    pub(crate) busiest: f64,
}

impl Outcome {
    pub(crate) fn nanoseconds(&self) -> f64 {
        self.time as f64 / 1000.0 / self.messages as f64
    }

    pub(crate) fn millions_a_second(&self) -> f64 {
        1000.0 / self.nanoseconds()
    }

    pub(crate) fn transfers(&self) -> f64 {
        (self.counts.reads + self.counts.writes) as f64 / self.messages as f64
    }

    #[cfg(test)]
    pub(crate) fn modifies(&self) -> f64 {
        self.counts.modifies as f64 / self.messages as f64
    }

    pub(crate) fn failures(&self) -> f64 {
        self.counts.failures as f64 / self.messages as f64
    }
}

/// Which receiver got what, in its order.
pub(crate) type Received = Vec<(usize, u64)>;

/// Sender and number of a message in one word.
const SENDER: u32 = 40;

/// The sender of a message, and its number there.
pub(crate) fn parts(message: u64) -> (u64, u64) {
    (message >> SENDER, message & ((1 << SENDER) - 1))
}

/// More events than any run needs: one that takes more goes round in circles.
const MOST_EVENTS: u64 = 400_000_000;

impl Stream {
    /// Runs it through the ring that `make` makes; `None` if it does not end.
    pub(crate) fn run<R: Ring>(
        self,
        costs: Costs,
        make: impl FnOnce(&mut Machine) -> R,
    ) -> Option<(Outcome, Received)> {
        let mut machine = Machine::new(costs);
        let ring = Rc::new(make(&mut machine));
        let received = Rc::new(RefCell::new(Received::new()));
        for core in 0..self.senders + self.receivers {
            // Neighbours send and receive, as far as there are both.
            let pairs = self.senders.min(self.receivers);
            let sends =
                if core < 2 * pairs { core % 2 == 0 } else { self.senders > self.receivers };
            let (ring, received) = (ring.clone(), received.clone());
            if sends {
                machine.start(|cpu| self.send(cpu, ring, (core as u64, costs.work)));
            } else {
                machine.start(|cpu| self.receive(cpu, ring, (core, costs.work), received));
            }
        }
        let (warm, all) = (self.messages as usize / 4, self.messages as usize);
        let mut start = None;
        let ended = machine.run(MOST_EVENTS, |machine| {
            let so_far = received.borrow().len();
            if start.is_none() && so_far >= warm {
                start = Some((machine.now, machine.counts, so_far));
            }
            so_far >= all
        });
        let (since, before, warm) = start.filter(|_| ended)?;
        let after = machine.counts;
        let counts = Counts {
            reads: after.reads - before.reads,
            writes: after.writes - before.writes,
            modifies: after.modifies - before.modifies,
            failures: after.failures - before.failures,
        };
        let received = received.take();
        let messages = (received.len() - warm) as u64;
        let mut sent = vec![0_u64; self.senders + self.receivers];
        received.iter().skip(warm).for_each(|&(_, message)| sent[parts(message).0 as usize] += 1);
        let most = sent.iter().max().map_or(0.0, |&most| most as f64);
        let busiest = most * self.senders as f64 / messages as f64;
        Some((Outcome { time: machine.now - since, messages, counts, busiest }, received))
    }

    async fn send<R: Ring>(self, cpu: Cpu, ring: Rc<R>, (core, work): (u64, Time)) {
        let mut tx = R::Tx::default();
        let (mut sent, most) = (0, self.each.unwrap_or(u64::MAX));
        while sent < most {
            cpu.spend(work).await;
            let value = core << SENDER | sent;
            match ring.try_send(&cpu, &mut tx, value, self.batch.min(most - sent)).await {
                0 => cpu.pause(1).await,
                n => sent += n,
            }
        }
    }

    async fn receive<R: Ring>(
        self,
        cpu: Cpu,
        ring: Rc<R>,
        (core, work): (usize, Time),
        received: Rc<RefCell<Received>>,
    ) {
        let mut rx = R::Rx::default();
        loop {
            cpu.spend(work).await;
            let values = ring.try_recv(&cpu, &mut rx, self.batch).await;
            if values.is_empty() {
                cpu.pause(1).await;
            }
            received.borrow_mut().extend(values.into_iter().map(|value| (core, value)));
        }
    }
}
