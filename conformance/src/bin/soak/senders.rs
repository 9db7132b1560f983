//! What a sending worker does, one drawn step after the other.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use backpressure::{SendError, SendTimeoutError, Sender, TrySendError};

use crate::cases::Case;
use crate::common::Tx;
use crate::executors::panic_on_purpose;
use crate::ledger::{Dice, Ledger, Producer, Token};
use crate::round::{Desk, Shelf};
use crate::tasks::{abandon, yield_now};

/// The channel is closed, or this worker has had enough.
pub struct Over;

/// One sending worker.
pub struct Sending<C: Case> {
    pub tx: Option<Sender<Token, C::Kind>>,
    pub desk: Desk,
    pub shelf: Arc<Shelf<C>>,
    pub producer: Producer,
    pub steps: u32,
}

impl<C: Case> Sending<C>
where
    Sender<Token, C::Kind>: Tx<Token>,
{
    pub fn block(mut self) {
        for _ in 0..self.steps {
            if self.blocking_step().is_err() {
                self.shelf.keep_sender(self.tx.take());
                return;
            }
        }
    }

    pub async fn run(mut self) {
        for _ in 0..self.steps {
            if self.task_step().await.is_err() {
                self.shelf.keep_sender(self.tx.take());
                return;
            }
        }
    }

    fn parts(&mut self) -> (&mut Sender<Token, C::Kind>, &mut Producer, &mut Dice) {
        let tx = self.tx.as_mut().expect("there until the end");
        (tx, &mut self.producer, &mut self.desk.dice)
    }

    fn accepted(&self, n: u64) {
        Ledger::add(&self.desk.ledger.accepted, n);
    }

    fn blocking_step(&mut self) -> Result<(), Over> {
        let roll = self.desk.dice.roll(10);
        let (_, producer, dice) = self.parts();
        match roll {
            0..=2 => {
                let value = producer.make();
                self.desk.line.doing("send");
                let sent = Tx::send(self.parts().0, value);
                self.count(sent)
            }
            3 => {
                let patience = Duration::from_micros(dice.roll(200));
                let value = producer.make();
                self.desk.line.doing("send_timeout");
                match Tx::send_timeout(self.parts().0, value, patience) {
                    Err(SendTimeoutError::Timeout(_)) => Ok(()),
                    sent => self.count(sent),
                }
            }
            4 => {
                let batch = dice.roll(12);
                let mut values = producer.batch(batch);
                self.desk.line.doing("send_many");
                let sent = Tx::send_many(self.parts().0, &mut values);
                self.count_batch(batch, &values, sent)
            }
            5 => {
                let value = producer.make();
                self.desk.line.doing("reserve");
                let sent = Tx::reserve_then(self.parts().0, value);
                self.count(sent)
            }
            _ => self.step_at_once(),
        }
    }

    async fn task_step(&mut self) -> Result<(), Over> {
        let roll = self.desk.dice.roll(10);
        // Most are awaited to the end; some are dropped after a few polls.
        let polls = if self.desk.dice.once_in(3) { self.desk.dice.roll(4) } else { u64::MAX };
        let (_, producer, dice) = self.parts();
        match roll {
            0..=2 => {
                let value = producer.make();
                self.desk.line.doing("send_async");
                let sent = abandon(Tx::send_async(self.parts().0, value), polls).await;
                sent.map_or(Ok(()), |sent| self.count(sent))
            }
            3 => {
                let value = producer.make();
                self.desk.line.doing("reserve_async");
                let sent = abandon(Tx::reserve_then_async(self.parts().0, value), polls).await;
                sent.map_or(Ok(()), |sent| self.count(sent))
            }
            4 => {
                let batch = dice.roll(12);
                let mut values = producer.batch(batch);
                self.desk.line.doing("send_many_async");
                let (tx, ..) = self.parts();
                let sent = abandon(Tx::send_many_async(tx, &mut values), polls).await;
                self.count_batch(batch, &values, sent.unwrap_or(Ok(0)))
            }
            5 => {
                self.desk.line.doing("poll_ready");
                let (tx, producer, _) = self.parts();
                let sent = match std::future::poll_fn(|cx| tx.poll_ready(cx)).await {
                    Ok(()) => Tx::try_send(tx, producer.make()),
                    Err(SendError(())) => Err(TrySendError::Closed(producer.make())),
                };
                self.count_unless_full(sent)
            }
            6 => {
                self.desk.line.doing("yield");
                yield_now().await;
                Ok(())
            }
            _ => self.step_at_once(),
        }
    }

    /// What neither blocks nor awaits.
    fn step_at_once(&mut self) -> Result<(), Over> {
        self.desk.line.doing("something at once");
        let roll = self.desk.dice.roll(16);
        let (tx, producer, dice) = self.parts();
        match roll {
            0..=3 => {
                let sent = Tx::try_send(tx, producer.make());
                self.count_unless_full(sent)
            }
            4 | 5 => {
                let sent = Tx::try_reserve_then(tx, producer.make());
                self.count_unless_full(sent)
            }
            6 | 7 => {
                let batch = dice.roll(12);
                let mut values = producer.batch(batch);
                let sent = Tx::try_send_many(tx, &mut values);
                self.count_batch(batch, &values, sent)
            }
            8 => {
                let batch = dice.roll(tx.capacity().min(8) as u64);
                let values = producer.batch(batch);
                let sent = C::spend_permits(tx, values);
                self.accepted(sent);
                Ok(())
            }
            9 => {
                Tx::reserve_and_drop(tx);
                Ok(())
            }
            10..=13 => {
                let value = producer.make();
                match C::offer(tx, value, dice) {
                    Ok(accepted) => {
                        self.accepted(u64::from(accepted));
                        Ok(())
                    }
                    Err(error) => self.count_unless_full(Err(error)),
                }
            }
            _ => self.rare_step(),
        }
    }

    fn rare_step(&mut self) -> Result<(), Over> {
        let ledger = Arc::clone(&self.desk.ledger);
        let (tx, producer, dice) = self.parts();
        match dice.roll(600) {
            0 => drop(tx.close()),
            1 | 2 => {
                // A permit and a message go down with it.
                let _value = producer.make();
                let _permit = tx.poll_reserve(&mut Context::from_waker(Waker::noop()));
                panic_on_purpose();
            }
            3..=200 => {
                if let Some(other) = C::another_sender(tx) {
                    *tx = other;
                    *producer = ledger.producer();
                }
            }
            201..=300 => {
                assert!(tx.len() <= tx.capacity() && tx.reserved() <= tx.capacity());
                assert!(tx.sender_count() >= 1);
            }
            _ => std::thread::yield_now(),
        }
        Ok(())
    }

    fn count<E>(&mut self, sent: Result<(), E>) -> Result<(), Over> {
        self.accepted(u64::from(sent.is_ok()));
        sent.map_err(|_| Over)
    }

    fn count_unless_full(&mut self, sent: Result<(), TrySendError<Token>>) -> Result<(), Over> {
        match sent {
            Err(TrySendError::Full(_)) => Ok(()),
            sent => self.count(sent),
        }
    }

    /// What is still in the vector was not sent, however the call ended.
    fn count_batch<E>(
        &mut self,
        batch: u64,
        left: &[Token],
        sent: Result<usize, E>,
    ) -> Result<(), Over> {
        self.accepted(batch - left.len() as u64);
        sent.map(drop).map_err(|_| Over)
    }
}
