//! Rounds on channels that weigh their messages.

use std::sync::Arc;
use std::time::Duration;

use backpressure::flavour::{Ack, Flavour, Keep, Kind, Many, ManySenders, One};
use backpressure::weighted::{Oversize, WeighError, Weighted, WeightedSender, weighted};
use backpressure::{Receiver, Sender};

use crate::common::{Rx, conserved};
use crate::executors::{Crew, Executor, panic_on_purpose};
use crate::ledger::{Dice, Ledger, Producer, Token};
use crate::round::{Desk, check_ledger};
use crate::tasks::abandon;
use crate::watchdog;

/// More than the weights of most messages, and less than that of some.
const BUDGET: u64 = 5;

/// Messages of each sender.
const STEPS: u32 = 1000;

pub fn mpsc(dice: &mut Dice) -> u64 {
    let capacity = 1 + dice.roll(8) as usize;
    round::<One, Keep>(dice, backpressure::mpsc::bounded(capacity))
}

pub fn mpmc(dice: &mut Dice) -> u64 {
    let capacity = 1 + dice.roll(8) as usize;
    round::<Many, Keep>(dice, backpressure::mpmc::bounded(capacity))
}

pub fn acknowledged(dice: &mut Dice) -> u64 {
    let builder = backpressure::mpmc::builder().capacity(1 + dice.roll(8) as usize);
    round::<Many, Ack>(dice, builder.acknowledged().build().unwrap())
}

fn round<C: 'static, M: 'static>(
    dice: &mut Dice,
    ends: (Sender<Weighted<Token>, Kind<Many, C, M>>, Receiver<Weighted<Token>, Kind<Many, C, M>>),
) -> u64
where
    Kind<Many, C, M>: ManySenders,
    Receiver<Weighted<Token>, Kind<Many, C, M>>: Rx<Weighted<Token>>,
{
    let oversize = if dice.once_in(2) { Oversize::Reject } else { Oversize::AdmitAlone };
    watchdog::round(format!("weighted, {oversize:?}"));
    let ledger = Arc::new(Ledger::default());
    let (tx, rx) = weighted(ends, BUDGET, oversize, Token::weight);
    let mut senders = Crew::new();
    for _ in 0..1 + dice.roll(4) {
        let executor = Executor::draw(dice, None);
        let worker = Sending {
            tx: tx.clone(),
            desk: Desk::new(dice, &ledger, executor, "weighing sender"),
            producer: ledger.producer(),
        };
        match executor {
            Executor::Thread => senders.block(|| worker.block()),
            _ => senders.task(executor, worker.run()),
        }
    }
    let mut receivers = Crew::new();
    let executor = Executor::draw(dice, None);
    let desk = Desk::new(dice, &ledger, executor, "receiver");
    match executor {
        Executor::Thread => receivers.block(move || receive(rx, &desk)),
        _ => receivers.task(executor, receive_async(rx, desk)),
    }
    senders.join();
    tx.inner().close();
    receivers.join();
    assert_eq!(tx.weight(), 0, "all of the budget is back");
    conserved(&tx.stats());
    drop(tx);
    check_ledger(&ledger);
    let (accepted, received) = (Ledger::get(&ledger.accepted), Ledger::get(&ledger.received));
    assert_eq!(accepted, received, "messages accepted, and received");
    received
}

struct Sending<C: 'static, M: 'static>
where
    Kind<Many, C, M>: ManySenders,
{
    tx: WeightedSender<Token, Kind<Many, C, M>>,
    desk: Desk,
    producer: Producer,
}

impl<C: 'static, M: 'static> Sending<C, M>
where
    Kind<Many, C, M>: ManySenders,
{
    fn block(mut self) {
        for _ in 0..STEPS {
            let value = self.producer.make();
            let sent = match self.desk.dice.roll(4) {
                0 | 1 => {
                    self.desk.line.doing("send");
                    self.tx.send(value)
                }
                2 => {
                    self.desk.line.doing("send_timeout");
                    let patience = Duration::from_micros(self.desk.dice.roll(200));
                    self.tx.send_timeout(value, patience)
                }
                _ => self.tx.try_send(value),
            };
            self.count(sent);
        }
    }

    async fn run(mut self) {
        for _ in 0..STEPS {
            let value = self.producer.make();
            if self.desk.dice.once_in(4) {
                let sent = self.tx.try_send(value);
                self.count(sent);
                continue;
            }
            self.desk.line.doing("send_async");
            let polls = if self.desk.dice.once_in(3) { self.desk.dice.roll(4) } else { u64::MAX };
            if let Some(sent) = abandon(self.tx.send_async(value), polls).await {
                self.count(sent);
            }
        }
    }

    fn count(&mut self, sent: Result<(), WeighError<Token>>) {
        Ledger::add(&self.desk.ledger.accepted, u64::from(sent.is_ok()));
        if self.desk.dice.once_in(5000) {
            panic_on_purpose();
        }
    }
}

fn receive<F: Flavour>(mut rx: Receiver<Weighted<Token>, F>, desk: &Desk)
where
    Receiver<Weighted<Token>, F>: Rx<Weighted<Token>>,
{
    desk.line.doing("recv");
    // Bounded by the senders, after whose end the channel is closed.
    while Rx::recv(&mut rx).is_ok() {
        Ledger::add(&desk.ledger.received, 1);
    }
}

async fn receive_async<F: Flavour>(mut rx: Receiver<Weighted<Token>, F>, desk: Desk)
where
    Receiver<Weighted<Token>, F>: Rx<Weighted<Token>>,
{
    desk.line.doing("recv_async");
    while Rx::recv_async(&mut rx).await.is_ok() {
        Ledger::add(&desk.ledger.received, 1);
    }
}
