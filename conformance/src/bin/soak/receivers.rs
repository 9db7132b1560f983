//! What a receiving worker does, one drawn step after the other.

use std::sync::Arc;
use std::time::Duration;

use backpressure::flavour::Item;
use backpressure::{Receiver, RecvTimeoutError, TryRecvError};

use crate::cases::Case;
use crate::common::{Plain, Rx};
use crate::executors::panic_on_purpose;
use crate::ledger::{Dice, Ledger, Order, Token};
use crate::round::{Desk, Shelf};
use crate::senders::Over;
use crate::tasks::abandon;

/// One receiving worker.
pub struct Receiving<C: Case> {
    pub rx: Option<Receiver<Token, C::Kind>>,
    pub desk: Desk,
    pub shelf: Arc<Shelf<C>>,
    pub order: Order,
    /// Whether it may leave before the channel is closed.
    pub leaves: bool,
}

impl<C: Case> Receiving<C>
where
    Receiver<Token, C::Kind>: Rx<Token>,
    Item<Token, C::Kind>: Plain<Token> + Send,
{
    pub fn block(mut self) {
        // Bounded by the senders, who take so many steps and are gone.
        while !self.leaves || !self.desk.dice.once_in(2000) {
            self.ask();
            if self.blocking_step().is_err() {
                self.shelf.keep_receiver(self.rx.take());
                return;
            }
        }
    }

    pub async fn run(mut self) {
        while !self.leaves || !self.desk.dice.once_in(2000) {
            self.ask();
            if self.task_step().await.is_err() {
                self.shelf.keep_receiver(self.rx.take());
                return;
            }
        }
    }

    fn parts(&mut self) -> (&mut Receiver<Token, C::Kind>, &mut Dice) {
        (self.rx.as_mut().expect("there until the end"), &mut self.desk.dice)
    }

    fn ask(&mut self) {
        let (rx, dice) = self.parts();
        let n = 1 + dice.roll(4);
        let asked = C::ask(rx, n);
        self.desk.ledger.asked.fetch_add(asked, std::sync::atomic::Ordering::Relaxed);
    }

    fn blocking_step(&mut self) -> Result<(), Over> {
        let roll = self.desk.dice.roll(10);
        let dice = &mut self.desk.dice;
        match roll {
            0..=3 => {
                self.desk.line.doing("recv");
                let received = Rx::recv(self.parts().0);
                self.count(received)
            }
            4 => {
                let patience = Duration::from_micros(dice.roll(200));
                self.desk.line.doing("recv_timeout");
                match Rx::recv_timeout(self.parts().0, patience) {
                    Err(RecvTimeoutError::Timeout) => Ok(()),
                    received => self.count(received),
                }
            }
            5 => {
                let (mut values, limit) = (Vec::new(), 1 + dice.roll(12) as usize);
                self.desk.line.doing("recv_many");
                let received = Rx::recv_many(self.parts().0, &mut values, limit);
                self.count_batch(values, received)
            }
            6 => {
                self.desk.line.doing("iter");
                let received = Rx::next_of_iter(self.parts().0);
                self.count(received.ok_or(()))
            }
            7 => {
                self.desk.line.doing("poll_recv on a blocked thread");
                pollster::block_on(self.hold())
            }
            _ => self.step_at_once(),
        }
    }

    async fn task_step(&mut self) -> Result<(), Over> {
        let roll = self.desk.dice.roll(10);
        let polls = if self.desk.dice.once_in(3) { self.desk.dice.roll(4) } else { u64::MAX };
        let dice = &mut self.desk.dice;
        match roll {
            0..=3 => {
                self.desk.line.doing("recv_async");
                let received = abandon(Rx::recv_async(self.parts().0), polls).await;
                received.map_or(Ok(()), |received| self.count(received))
            }
            4 | 5 => {
                let (mut values, limit) = (Vec::new(), 1 + dice.roll(12) as usize);
                self.desk.line.doing("recv_many_async");
                let (rx, _) = self.parts();
                let received = abandon(Rx::recv_many_async(rx, &mut values, limit), polls).await;
                self.count_batch(values, received.unwrap_or(Ok(0)))
            }
            6 => {
                self.desk.line.doing("poll_recv");
                self.hold().await
            }
            _ => self.step_at_once(),
        }
    }

    /// Keeps what it received (with its credit, on acknowledged channels) while it takes some more.
    async fn hold(&mut self) -> Result<(), Over> {
        let (rx, dice) = self.parts();
        let held = std::future::poll_fn(|cx| rx.poll_recv(cx)).await.map_err(|_| Over)?;
        let panics = dice.once_in(2000);
        Ledger::add(&self.desk.ledger.received, 1);
        if panics {
            panic_on_purpose();
        }
        let more = Rx::try_recv(self.parts().0);
        self.order.check(&held.plain());
        match more {
            Err(TryRecvError::Empty) => Ok(()),
            more => self.count(more),
        }
    }

    /// What neither blocks nor awaits.
    fn step_at_once(&mut self) -> Result<(), Over> {
        self.desk.line.doing("something at once");
        let (rx, dice) = self.parts();
        match dice.roll(12) {
            0..=5 => match Rx::try_recv(rx) {
                Err(TryRecvError::Empty) => {
                    std::thread::yield_now();
                    Ok(())
                }
                received => self.count(received),
            },
            6 | 7 => {
                let (mut values, limit) = (Vec::new(), 1 + dice.roll(12) as usize);
                match Rx::try_recv_many(rx, &mut values, limit) {
                    Err(TryRecvError::Empty) => Ok(()),
                    received => self.count_batch(values, received),
                }
            }
            8 => {
                let values = Rx::all_of_try_iter(rx);
                self.count_batch(values, Ok::<_, ()>(0))
            }
            9 if dice.once_in(8) => {
                let values = Rx::drain(rx);
                self.count_batch(values, Ok::<_, ()>(0))
            }
            10 if dice.once_in(500) => {
                rx.close();
                Ok(())
            }
            _ => {
                if let Some(other) = C::another_receiver(rx) {
                    // Another handle sees messages that are as new as those that this one saw.
                    *rx = other;
                }
                Ok(())
            }
        }
    }

    fn count<E>(&mut self, received: Result<Token, E>) -> Result<(), Over> {
        let token = received.map_err(|_| Over)?;
        self.order.check(&token);
        Ledger::add(&self.desk.ledger.received, 1);
        Ok(())
    }

    fn count_batch<E>(
        &mut self,
        values: Vec<Token>,
        received: Result<usize, E>,
    ) -> Result<(), Over> {
        for token in &values {
            self.order.check(token);
        }
        Ledger::add(&self.desk.ledger.received, values.len() as u64);
        received.map(drop).map_err(|_| Over)
    }
}
