//! Lets handles carry out programs, and records what they answer.
//!
//! Compiled into each test that needs it, against the library under the name `backpressure`, whichever
//! face of it that is.
#![allow(dead_code, reason = "each test uses its part of this")]

mod conserved;

use std::collections::VecDeque;

use backpressure::flavour::{Ack, Evict, Flavour, Kind, Many, One, Pull};
use backpressure::{
    Clear, Delivery, DropOldest, Offered, Permits, Receiver, SendError, Sender, TryRecvError,
    TrySendError, mpmc, mpsc, spsc,
};
use backpressure_histories::program::{Receiving, Sending};
use backpressure_histories::{Credit, Event, Log, Rules, Side, Value};

/// A sender that carries out calls.
pub trait Sends: Send + Sized + 'static {
    fn carry_out(&mut self, call: &Sending, log: &mut Log);
}

/// A receiver that carries out calls; what it must acknowledge it keeps in `held`.
pub trait Receives: Send + Sized + 'static {
    type Held: Send + 'static;

    fn carry_out(&mut self, call: &Receiving, held: &mut VecDeque<Self::Held>, log: &mut Log);
}

/// What a receiver gets to see of a value.
pub trait Item {
    fn value(&self) -> Value;
    /// Whether dropping it is a call of its own.
    const IS_ACKNOWLEDGED: bool;

    fn acknowledge(self) -> Event
    where
        Self: Sized,
    {
        Event::Acknowledged
    }
}

impl Item for Value {
    const IS_ACKNOWLEDGED: bool = false;

    fn value(&self) -> Value {
        *self
    }
}

impl Item for Delivery<Value> {
    const IS_ACKNOWLEDGED: bool = true;

    fn value(&self) -> Value {
        **self
    }
}

fn tried(value: Value, sent: Result<(), TrySendError<Value>>) -> Event {
    match sent {
        Ok(()) => Event::Sent(value),
        Err(TrySendError::Full(back)) if back == value => Event::SendFull(value),
        Err(TrySendError::Closed(back)) if back == value => Event::SendClosed(value),
        Err(error) => panic!("{value} came back as {error:?}"),
    }
}

fn offered(new: Value, offered: Result<Offered<Value>, TrySendError<Value>>) -> Event {
    match offered {
        Ok(Offered::Sent) => Event::Forced(new),
        Ok(Offered::Rejected(_)) => Event::Rejected(new),
        Ok(Offered::Evicted(old)) => Event::Evicted { new, old },
        Ok(Offered::Cleared(old)) => Event::Cleared { new, old },
        Err(TrySendError::Closed(_)) => Event::SendClosed(new),
        other => panic!("{other:?}"),
    }
}

/// Puts what one call took where it belongs.
fn received<I: Item>(
    items: Result<Vec<I>, TryRecvError>,
    limit: usize,
    held: &mut VecDeque<I>,
) -> Event {
    match items {
        Ok(items) => {
            let values = items.iter().map(Item::value).collect();
            if I::IS_ACKNOWLEDGED {
                held.extend(items);
            }
            Event::Received(values, limit)
        }
        Err(TryRecvError::Empty) => Event::ReceivedEmpty,
        Err(TryRecvError::Closed) => Event::ReceivedClosed,
    }
}

macro_rules! carries_out {
    ($($kind:ty { $force:expr, $clear:expr, $request:expr }),* $(,)?) => {$(
        impl Sends for Sender<Value, $kind> {
            fn carry_out(&mut self, call: &Sending, log: &mut Log) {
                match call {
                    Sending::Try(v) => log.record(|| tried(*v, self.try_send(*v))),
                    Sending::Wait(v) => log.record(|| {
                        tried(*v, self.send(*v).map_err(|error| TrySendError::Closed(error.0)))
                    }),
                    Sending::Many(values) => log.record(|| {
                        let mut left = values.clone();
                        let sent = self.try_send_many(&mut left);
                        sent_many(values, &left, sent)
                    }),
                    Sending::Reserve(n, values) => {
                        let permits = log.record_with(|| reserved(*n, self.try_reserve_many(*n)));
                        if let Some(permits) = permits {
                            spend(permits, values, log);
                        }
                    }
                    Sending::Force(v) => log.record(|| offered(*v, $force(self, *v))),
                    Sending::Clear(v) => log.record(|| offered(*v, $clear(self, *v))),
                    Sending::Close => log.record(|| Event::Closed(self.close())),
                }
            }
        }

        impl Receives for Receiver<Value, $kind> {
            type Held = <$kind as Flavour>::Item<Value>;

            fn carry_out(
                &mut self,
                call: &Receiving,
                held: &mut VecDeque<Self::Held>,
                log: &mut Log,
            ) {
                match call {
                    Receiving::Try => log.record(|| {
                        received(self.try_recv().map(|item| vec![item]), 1, held)
                    }),
                    Receiving::Wait => log.record(|| {
                        let item = self.recv().map_err(|_| TryRecvError::Closed);
                        received(item.map(|item| vec![item]), 1, held)
                    }),
                    Receiving::Many(limit) => log.record(|| {
                        let mut items = Vec::new();
                        let taken = self.try_recv_many(&mut items, *limit);
                        received(taken.map(|_| items), *limit, held)
                    }),
                    Receiving::Acknowledge => {
                        if let Some(item) = held.pop_front() {
                            log.record(|| item.acknowledge());
                        }
                    }
                    Receiving::Request(n) => log.record(|| {
                        $request(self, *n);
                        Event::Requested(*n)
                    }),
                    Receiving::Close => log.record(|| Event::Closed(self.close())),
                }
            }
        }
    )*};
}

fn sent_many(values: &[Value], left: &[Value], sent: Result<usize, SendError<usize>>) -> Event {
    assert!(values.ends_with(left), "{left:?} of {values:?}");
    match sent {
        Ok(n) => {
            assert_eq!(n + left.len(), values.len());
            Event::SentMany(values.to_vec(), n)
        }
        Err(SendError(n)) => {
            assert_eq!((n, left.len()), (0, values.len()));
            Event::SendManyClosed
        }
    }
}

fn reserved<P>(n: usize, permits: Result<P, TrySendError<()>>) -> (Event, Option<P>) {
    match permits {
        Ok(permits) => (Event::Reserved(n), Some(permits)),
        Err(TrySendError::Full(())) => (Event::ReserveFull(n), None),
        Err(TrySendError::Closed(())) => (Event::ReserveClosed(n), None),
    }
}

fn spend<F: Flavour>(mut permits: Permits<'_, Value, F>, values: &[Value], log: &mut Log) {
    for value in values {
        log.record(|| match permits.send(*value) {
            Ok(()) => Event::PermitSent(*value),
            Err(_) => Event::PermitClosed(*value),
        });
        if permits.is_empty() {
            return;
        }
    }
    log.record(|| {
        let left = permits.len();
        drop(permits);
        Event::PermitDropped(left)
    });
}

fn no_force<S>(_: &mut S, v: Value) -> Result<Offered<Value>, TrySendError<Value>> {
    panic!("{v} is forced into a channel that does not evict")
}

fn no_request<R>(_: &mut R, n: usize) {
    panic!("{n} values are asked for where nobody asks")
}

macro_rules! evicts {
    ($($kind:ty),*) => {
        carries_out!($($kind {
            |tx: &mut Self, v| tx.offer(v, DropOldest),
            |tx: &mut Self, v| tx.offer(v, Clear),
            no_request
        }),*);
    };
}

macro_rules! keeps {
    ($($kind:ty),*) => {
        carries_out!($($kind { no_force, no_force, no_request }),*);
    };
}

keeps!(Kind<One, One>, Kind<Many, One>, Kind<Many, Many>);
keeps!(Kind<One, One, Ack>, Kind<Many, One, Ack>, Kind<Many, Many, Ack>);
evicts!(Kind<One, One, Evict>, Kind<Many, One, Evict>, Kind<Many, Many, Evict>);

macro_rules! asks {
    ($($kind:ty),*) => {
        carries_out!($($kind {
            no_force,
            no_force,
            |rx: &mut Self, n: usize| assert!(rx.request(n as u64).is_ok())
        }),*);
    };
}

asks!(Kind<One, One, Pull>, Kind<Many, One, Pull>, Kind<Many, Many, Pull>);

/// The handles of one channel, as many as its rules say.
pub struct Handles<F: Flavour> {
    pub rules: Rules,
    pub senders: Vec<Sender<Value, F>>,
    pub receivers: Vec<Receiver<Value, F>>,
}

/// After a round: whether every value and every credit of the channel is somewhere.
pub fn adds_up<F: Flavour>(rules: &Rules, rx: &Receiver<Value, F>) {
    match rules.credit {
        Credit::Requested(_) => conserved::values_conserved(&rx.stats()),
        _ => conserved::conserved(&rx.stats()),
    }
}

/// A flavour with its rules.
pub trait Channel: 'static {
    type Kind: Flavour;

    const NAME: &str;

    fn make(capacity: usize, senders: usize, receivers: usize) -> Handles<Self::Kind>;
}

fn clones<H: Clone>(handle: H, n: usize) -> Vec<H> {
    let mut all: Vec<_> = (1..n).map(|_| handle.clone()).collect();
    all.push(handle);
    all
}

fn alone<H>(handle: H, _: usize) -> Vec<H> {
    vec![handle]
}

/// A position a few messages before all 46 bits of it wrap.
const NEAR_WRAP: u64 = (1 << 46) - 2;

macro_rules! channels {
    ($($name:ident: $kind:ty, $builder:expr, $senders:ident, $receivers:ident,
       $tail:ident, $head:ident, $credit:expr;)*) => {$(
        #[derive(Debug)]
        pub struct $name;

        impl Channel for $name {
            type Kind = $kind;
            const NAME: &str = stringify!($name);

            fn make(capacity: usize, senders: usize, receivers: usize) -> Handles<$kind> {
                let (tx, rx) = $builder.capacity(capacity).start_at(NEAR_WRAP).build().unwrap();
                let (senders, receivers) = ($senders(tx, senders), $receivers(rx, receivers));
                let rules = Rules {
                    capacity,
                    tail: Side::$tail,
                    head: Side::$head,
                    credit: $credit,
                    senders: senders.len(),
                    receivers: receivers.len(),
                };
                Handles { rules, senders, receivers }
            }
        }
    )*};
}

channels! {
    Spsc: Kind<One, One>, spsc::builder(), alone, alone, Owned, Owned, Credit::Slots;
    Mpsc: Kind<Many, One>, mpsc::builder(), clones, alone, Shared, Owned, Credit::Slots;
    Mpmc: Kind<Many, Many>, mpmc::builder(), clones, clones, Shared, Shared, Credit::Slots;
    SpscEvict: Kind<One, One, Evict>, spsc::builder().evicting(), alone, alone, Shared, Shared, Credit::Evicting;
    MpscEvict: Kind<Many, One, Evict>, mpsc::builder().evicting(), clones, alone, Shared, Shared, Credit::Evicting;
    MpmcEvict: Kind<Many, Many, Evict>, mpmc::builder().evicting(), clones, clones, Shared, Shared, Credit::Evicting;
    SpscAck: Kind<One, One, Ack>, spsc::builder().acknowledged(), alone, alone, Owned, Owned, Credit::Acknowledged;
    MpscAck: Kind<Many, One, Ack>, mpsc::builder().acknowledged(), clones, alone, Shared, Owned, Credit::Acknowledged;
    MpmcAck: Kind<Many, Many, Ack>, mpmc::builder().acknowledged(), clones, clones, Shared, Shared, Credit::Acknowledged;
    SpscPull: Kind<One, One, Pull>, spsc::builder().pulled(1), alone, alone, Owned, Owned, Credit::Requested(1);
    MpscPull: Kind<Many, One, Pull>, mpsc::builder().pulled(1), clones, alone, Shared, Owned, Credit::Requested(1);
    MpmcPull: Kind<Many, Many, Pull>, mpmc::builder().pulled(1), clones, clones, Shared, Shared, Credit::Requested(1);
}

/// Runs one generic test for each flavour, as a test of its own.
#[macro_export]
macro_rules! for_each_channel {
    ($test:ident) => {
        $crate::for_each_channel!($test: spsc Spsc, mpsc Mpsc, mpmc Mpmc,
            spsc_evict SpscEvict, mpsc_evict MpscEvict, mpmc_evict MpmcEvict,
            spsc_ack SpscAck, mpsc_ack MpscAck, mpmc_ack MpmcAck,
            spsc_pull SpscPull, mpsc_pull MpscPull, mpmc_pull MpmcPull);
    };
    ($test:ident: $($name:ident $channel:ident),*) => {
        mod $test {
            $(#[test] fn $name() { super::$test::<$crate::drive::$channel>(); })*
        }
    };
}
