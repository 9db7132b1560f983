//! Every operation that neither blocks nor awaits, on every flavour in every mode, alone.

use backpressure::flavour::{Ack, Evict, Flavour, Keep, Kind, Latest, Many, One, Pull};
use backpressure::{
    Builder, Delivery, DropNewest, DropOldest, Fail, Merge, Receiver, Sender, TryRecvError,
    TrySendError, mpmc, mpsc, spsc,
};

use crate::nonblocking;

/// Rounds over each channel, so that positions come round several times.
const ROUNDS: u64 = 200;

/// Whatever is taken is given back in the same breath.
trait Settle {
    fn settle(self) -> u64;
}

impl Settle for u64 {
    fn settle(self) -> u64 {
        self
    }
}

impl Settle for Delivery<u64> {
    fn settle(self) -> u64 {
        let value = *self;
        self.ack();
        value
    }
}

/// Asks for messages, on pulled channels.
trait Ask {
    fn ask(&self, n: u64);
}

macro_rules! ask {
    ($($kind:ty $(, $request:ident)?;)+) => {$(
        impl Ask for Receiver<u64, $kind> {
            fn ask(&self, _n: u64) {
                $(nonblocking(|| self.$request(_n)).unwrap();)?
            }
        }
    )+};
}

/// The flavour's policies.
trait Policies {
    /// Offers under each of them; how many calls that were.
    fn offer_all(&mut self, value: u64) -> u64;
}

macro_rules! policies {
    ($($kind:ty: $($policy:expr),+;)+) => {$(
        impl Policies for Sender<u64, $kind> {
            fn offer_all(&mut self, value: u64) -> u64 {
                let mut calls = 0;
                $(
                    // What comes back is a number, so dropping it is nothing.
                    let _ = nonblocking(|| self.offer(value, $policy));
                    calls += 1;
                )+
                calls
            }
        }
    )+};
}

macro_rules! kinds {
    ($($senders:ident, $receivers:ident;)+) => {
        policies! {$(
            Kind<$senders, $receivers, Keep>: Fail, DropNewest;
            Kind<$senders, $receivers, Ack>: Fail, DropNewest;
            Kind<$senders, $receivers, Pull>: Fail, DropNewest;
            // Not `Clear`, which allocates for what it hands back, and says so.
            Kind<$senders, $receivers, Evict>: Fail, DropNewest, DropOldest;
            Kind<$senders, $receivers, Latest>: Fail, DropNewest, DropOldest,
                Merge(|old: u64, new: u64| old.max(new));
        )+}
        ask! {$(
            Kind<$senders, $receivers, Keep>;
            Kind<$senders, $receivers, Ack>;
            Kind<$senders, $receivers, Pull>, request;
            Kind<$senders, $receivers, Evict>;
            Kind<$senders, $receivers, Latest>;
        )+}
        $(
            exercise! { Kind<$senders, $receivers, Keep> }
            exercise! { Kind<$senders, $receivers, Ack> }
            exercise! { Kind<$senders, $receivers, Pull> }
            exercise! { Kind<$senders, $receivers, Evict> }
            exercise! { Kind<$senders, $receivers, Latest> }
        )+
    };
}

/// The operations of one pair of sides. They take `&mut self` or `&self`, so no bound can name them.
macro_rules! exercise {
    ($kind:ty) => {
        impl Exercise for $kind {
            fn exercise(tx: &mut Sender<u64, Self>, rx: &mut Receiver<u64, Self>) -> u64 {
                let mut calls = 0;
                let batch = tx.capacity().min(4);
                let mut sends: Vec<u64> = Vec::with_capacity(2 * batch);
                let mut received = Vec::with_capacity(2 * batch);
                for i in 0..ROUNDS {
                    rx.ask(batch as u64 + 6);
                    calls += send_one(nonblocking(|| tx.try_send(i)));
                    calls += send_one(nonblocking(|| {
                        tx.try_reserve().map_err(|_| TrySendError::Full(i)).and_then(|permit| {
                            permit.send(i).map_err(|error| TrySendError::Closed(error.0))
                        })
                    }));
                    nonblocking(|| drop(tx.try_reserve()));
                    nonblocking(|| rx.try_recv().map(Settle::settle).ok());
                    sends.extend(0..batch as u64);
                    nonblocking(|| tx.try_send_many(&mut sends)).unwrap();
                    sends.clear();
                    nonblocking(|| match tx.try_reserve_many(batch) {
                        Ok(mut permits) => permits.send(i).is_ok(),
                        Err(_) => false,
                    });
                    calls += tx.offer_all(i) + 7;
                    nonblocking(|| (tx.len(), tx.is_full(), rx.is_empty(), rx.capacity()));
                    let _ = nonblocking(|| rx.try_recv_many(&mut received, batch));
                    nonblocking(|| received.drain(..).map(Settle::settle).max());
                    loop {
                        calls += 1;
                        match nonblocking(|| rx.try_recv().map(Settle::settle)) {
                            Ok(_) => {}
                            Err(TryRecvError::Empty) => break,
                            Err(TryRecvError::Closed) => unreachable!("both handles are here"),
                        }
                    }
                }
                calls + nonblocking(|| u64::from(tx.close()))
            }
        }
    };
}

fn send_one(sent: Result<(), TrySendError<u64>>) -> u64 {
    assert!(!matches!(sent, Err(TrySendError::Closed(_))));
    1
}

trait Exercise: Flavour {
    fn exercise(tx: &mut Sender<u64, Self>, rx: &mut Receiver<u64, Self>) -> u64
    where
        Self: Sized;
}

kinds! {
    One, One;
    Many, One;
    Many, Many;
}

fn run<P, C, M>(builder: Builder<Kind<P, C, M>>, observed: bool) -> u64
where
    Kind<P, C, M>: Exercise,
{
    let builder = if observed { builder.observed() } else { builder };
    let (mut tx, mut rx) = builder.build().unwrap();
    Kind::<P, C, M>::exercise(&mut tx, &mut rx)
}

/// Every flavour in every mode; how many calls were made.
pub fn all(capacity: usize, observed: bool) -> u64 {
    macro_rules! on {
        ($($flavour:ident),+) => {
            0 $(
                + run($flavour::builder().capacity(capacity), observed)
                + run($flavour::builder().evicting().capacity(capacity), observed)
                + run($flavour::builder().acknowledged().capacity(capacity), observed)
                + run($flavour::builder().pulled(0).capacity(capacity), observed)
                + run($flavour::builder().latest(), observed)
            )+
        };
    }
    on!(spsc, mpsc, mpmc)
}
