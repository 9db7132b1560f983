//! Rounds on a gate alone: permits taken, split, merged, spent, cancelled, and the gate changed meanwhile.

use std::sync::Arc;
use std::time::Duration;

use backpressure::credit::{CreditCounters, Permit};
use backpressure::{AcquireError, Credits};

use crate::executors::{Crew, Executor, panic_on_purpose};
use crate::ledger::{Dice, Ledger};
use crate::round::Desk;
use crate::tasks::abandon;
use crate::watchdog;

/// No permit asks for more, so that no pool ever shrinks below what somebody needs.
const MOST: u64 = 4;

/// Acquisitions of each worker.
const STEPS: u32 = 1000;

pub fn pool(dice: &mut Dice) -> u64 {
    let total = MOST + dice.roll(8);
    round(dice, "a pool", total)
}

pub fn on_demand(dice: &mut Dice) -> u64 {
    round(dice, "on demand", 0)
}

/// A pool of `total`, or a gate on demand for 0.
fn round(dice: &mut Dice, kind: &'static str, total: u64) -> u64 {
    let fifo = dice.once_in(2);
    watchdog::round(format!("a gate, {kind} of {total}, fifo {fifo}"));
    let builder = if fifo { Credits::builder().fifo() } else { Credits::builder() };
    let gate = if total > 0 { builder.pool(total) } else { builder.on_demand(3 * MOST) };
    let ledger = Arc::new(Ledger::default());
    let mut crew = Crew::new();
    for _ in 0..2 + dice.roll(4) {
        let executor = Executor::draw(dice, None);
        let desk = Desk::new(dice, &ledger, executor, "acquirer");
        let worker = Worker { gate: gate.clone(), desk, spends: total == 0 };
        match executor {
            Executor::Thread => crew.block(|| worker.block()),
            _ => crew.task(executor, worker.run()),
        }
    }
    let mut manager = Crew::new();
    let desk = Desk::new(dice, &ledger, Executor::Thread, "manager");
    let managed = gate.clone();
    manager.block(move || manage(&managed, desk, total));
    crew.join();
    gate.close();
    manager.join();
    let CreditCounters { granted, acquired, returned, revoked, available, .. } = gate.counters();
    assert_eq!(gate.waiters(), 0);
    let spent = Ledger::get(&ledger.dropped);
    assert_eq!(acquired, returned + spent, "credits acquired, given back, spent");
    assert_eq!(
        i128::from(granted) + i128::from(returned),
        i128::from(acquired) + i128::from(revoked) + i128::from(available),
        "credits in circulation"
    );
    Ledger::get(&ledger.accepted)
}

/// Changes the gate until it is closed.
fn manage(gate: &Credits, mut desk: Desk, total: u64) {
    desk.line.doing("managing");
    while !gate.is_closed() {
        match desk.dice.roll(8) {
            0 => {
                let pause = gate.pause();
                std::thread::yield_now();
                drop(pause);
            }
            1 if total > 0 => gate.resize(MOST + desk.dice.roll(8)),
            2 if total == 0 => drop(gate.revoke(desk.dice.roll(3))),
            3 if total == 0 => drop(gate.drain()),
            _ if total == 0 => drop(gate.grant(desk.dice.roll(2 * MOST))),
            _ => {}
        }
        std::thread::yield_now();
    }
}

struct Worker {
    gate: Credits,
    desk: Desk,
    /// Whether credits may be used up.
    spends: bool,
}

impl Worker {
    fn block(mut self) {
        let gate = self.gate.clone();
        for _ in 0..STEPS {
            let n = 1 + self.desk.dice.roll(MOST);
            let permit = match self.desk.dice.roll(4) {
                0 | 1 => {
                    self.desk.line.doing("acquire");
                    gate.acquire(n)
                }
                2 => {
                    self.desk.line.doing("acquire_timeout");
                    gate.acquire_timeout(n, Duration::from_micros(self.desk.dice.roll(200)))
                }
                _ => self.at_once(&gate, n),
            };
            self.use_up(permit);
        }
    }

    async fn run(mut self) {
        let gate = self.gate.clone();
        for _ in 0..STEPS {
            let n = 1 + self.desk.dice.roll(MOST);
            if self.desk.dice.once_in(4) {
                let permit = self.at_once(&gate, n);
                self.use_up(permit);
                continue;
            }
            self.desk.line.doing("acquire_async");
            let polls = if self.desk.dice.once_in(3) { self.desk.dice.roll(4) } else { u64::MAX };
            if let Some(permit) = abandon(gate.acquire_async(n), polls).await {
                self.use_up(permit);
            }
        }
    }

    fn at_once<'a>(&mut self, gate: &'a Credits, n: u64) -> Result<Permit<'a>, AcquireError> {
        if self.desk.dice.once_in(2) {
            gate.try_acquire(n)
        } else {
            gate.acquire_up_to(n).ok_or(AcquireError::Exhausted)
        }
    }

    /// Splits, merges, keeps, spends or drops a permit.
    fn use_up(&mut self, permit: Result<Permit<'_>, AcquireError>) {
        let mut permit = match permit {
            Ok(permit) => permit,
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                return;
            }
        };
        Ledger::add(&self.desk.ledger.accepted, 1);
        match self.desk.dice.roll(6) {
            0 => {
                let half = permit.split(permit.credits() / 2);
                if let Some(half) = half {
                    permit.merge(half).expect("of one gate");
                }
            }
            1 => drop(permit.split(1)),
            2 => {
                let kept = permit.into_owned();
                std::thread::yield_now();
                drop(kept);
            }
            3 if self.spends => {
                Ledger::add(&self.desk.ledger.dropped, permit.credits());
                permit.spend();
            }
            4 if self.desk.dice.once_in(500) => panic_on_purpose(),
            _ => {}
        }
    }
}
