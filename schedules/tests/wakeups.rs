//! Nobody sleeps beside what it waits for: four to eight threads and tasks that wait on one channel or gate,
//! under random schedules. A schedule in which everybody sleeps is a deadlock, which the scheduler reports;
//! besides, every value is received once and every credit comes back.

extern crate backpressure_shuttle as backpressure;

#[path = "../../histories/drive/mod.rs"]
mod drive;
mod harness;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use backpressure::credit::CreditsBuilder;
use backpressure::flavour::{Ack, Evict, Flavour, Kind, Many, One, Pull};
use backpressure::{Credits, Delivery, Receiver, SendError, SendTimeoutError, Sender};
use backpressure_histories::Value;
use drive::Channel;
use harness::{below, explore, join, one_of};
use shuttle::future::block_on;
use shuttle::thread;

/// Seeds of each scenario, unless the environment says otherwise.
const ROUNDS: u64 = 20;
/// Values of each sender.
const EACH: Value = 3;

/// How somebody waits.
#[derive(Clone, Copy, Debug)]
enum How {
    Blocking,
    /// With a timeout that does not come.
    Timed,
    Task,
    /// As a task that first begins a wait and drops it, notified or not.
    SecondThoughts,
    Batch,
    /// With a permit, or the same as a task on the receivers' side.
    Permit,
}

const WAYS: [How; 6] =
    [How::Blocking, How::Timed, How::Task, How::SecondThoughts, How::Batch, How::Permit];

/// For ever: there is no clock here, and a timed sleep may end for no reason.
const LONG: Duration = Duration::from_secs(1 << 30);

/// Polls once and drops.
fn begin_and_drop<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => {
            // Time for somebody to notify it.
            thread::yield_now();
            None
        }
    }
}

/// A sender that waits.
trait Sends: Send + 'static {
    /// Whether it was accepted; if not, the channel is closed.
    fn send(&mut self, value: Value, how: How) -> bool;
    fn close(&self);
}

/// A receiver that waits.
trait Receives: Send + 'static {
    type Item: Send + 'static;

    /// Nothing if the channel is closed and drained.
    fn receive(&mut self, how: How) -> Vec<Self::Item>;
    fn close(&self);
    fn value(item: &Self::Item) -> Value;
    /// Asks for what the channel needs to be asked for.
    fn ask(&self);
}

trait Item {
    fn value(&self) -> Value;
}

impl Item for Value {
    fn value(&self) -> Value {
        *self
    }
}

impl Item for Delivery<Value> {
    fn value(&self) -> Value {
        **self
    }
}

macro_rules! waits {
    ($($kind:ty: $ask:expr),* $(,)?) => {$(
        impl Sends for Sender<Value, $kind> {
            fn send(&mut self, value: Value, how: How) -> bool {
                match how {
                    How::Blocking => Self::send(self, value).is_ok(),
                    How::Timed => match Self::send_timeout(self, value, LONG) {
                        Ok(()) => true,
                        Err(SendTimeoutError::Closed(_)) => false,
                        Err(error) => panic!("{error}"),
                    },
                    How::Task => block_on(self.send_async(value)).is_ok(),
                    How::SecondThoughts => match begin_and_drop(self.send_async(value)) {
                        Some(sent) => sent.is_ok(),
                        None => block_on(self.send_async(value)).is_ok(),
                    },
                    How::Batch => match self.send_many(&mut vec![value]) {
                        Ok(n) => n == 1,
                        Err(SendError(n)) => n == 1,
                    },
                    How::Permit => self.reserve().is_ok_and(|permit| permit.send(value).is_ok()),
                }
            }

            fn close(&self) {
                Self::close(self);
            }
        }

        impl Receives for Receiver<Value, $kind> {
            type Item = <$kind as Flavour>::Item<Value>;

            fn receive(&mut self, how: How) -> Vec<Self::Item> {
                let one = match how {
                    How::Blocking => self.recv().ok(),
                    How::Timed => self.recv_timeout(LONG).ok(),
                    How::Task | How::Permit => block_on(self.recv_async()).ok(),
                    How::SecondThoughts => match begin_and_drop(self.recv_async()) {
                        Some(done) => done.ok(),
                        None => block_on(self.recv_async()).ok(),
                    },
                    How::Batch => {
                        let mut batch = Vec::new();
                        let _ = self.recv_many(&mut batch, 2);
                        return batch;
                    }
                };
                one.into_iter().collect()
            }

            fn close(&self) {
                Self::close(self);
            }

            fn value(item: &Self::Item) -> Value {
                Item::value(item)
            }

            fn ask(&self) {
                $ask(self);
            }
        }
    )*};
}

fn nothing<R>(_: &R) {}

waits! {
    Kind<One, One>: nothing,
    Kind<Many, One>: nothing,
    Kind<Many, Many>: nothing,
    Kind<One, One, Evict>: nothing,
    Kind<Many, One, Evict>: nothing,
    Kind<Many, Many, Evict>: nothing,
    Kind<One, One, Ack>: nothing,
    Kind<Many, One, Ack>: nothing,
    Kind<Many, Many, Ack>: nothing,
    Kind<One, One, Pull>: |rx: &Self| assert!(rx.request(2).is_ok()),
    Kind<Many, One, Pull>: |rx: &Self| assert!(rx.request(2).is_ok()),
    Kind<Many, Many, Pull>: |rx: &Self| assert!(rx.request(2).is_ok()),
}

/// Sends its values, each in some way: those that were accepted. May close the channel on the way.
fn send_all<S: Sends>(mut tx: S, first: Value, closes: bool) -> Vec<Value> {
    let mut accepted = Vec::new();
    for value in first..first + EACH {
        if !tx.send(value, one_of(&WAYS)) {
            break;
        }
        accepted.push(value);
        if closes && below(2) == 0 {
            tx.close();
        }
    }
    accepted
}

/// What a receiver does beside receiving.
#[derive(Clone, Copy)]
struct Manner {
    /// Keeps a message while it waits for the next.
    holds: bool,
    closes: bool,
    /// Goes before the channel is closed.
    leaves: bool,
}

/// Receives until the channel is closed.
fn receive_all<R: Receives>(mut rx: R, manner: Manner) -> Vec<Value> {
    let (mut values, mut held) = (Vec::new(), None);
    loop {
        rx.ask();
        let mut items = rx.receive(one_of(&WAYS));
        held = held.filter(|_| below(2) == 0);
        values.extend(items.iter().map(R::value));
        if items.is_empty() || manner.leaves && below(3) == 0 {
            return values;
        }
        if manner.holds {
            held = items.pop();
        }
        if manner.closes && below(2) == 0 {
            rx.close();
        }
    }
}

/// What becomes of the channel.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The senders go.
    Left,
    SenderCloses,
    ReceiverCloses,
    ReceiversLeave,
}

/// Up to four threads on each side, until all are done: what was accepted, and what was received.
fn crowd<C: Channel>(end: End) -> [Vec<Value>; 2]
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    let capacity = one_of(&[1, 2, 5]);
    let handles = C::make(capacity, one_of(&[2, 3, 4]), one_of(&[2, 3, 4]));
    // Whoever waits while all credits are in its and its peers' hands waits for itself.
    let holds = capacity > handles.receivers.len();
    let sending = handles.senders.into_iter().enumerate().map(|(i, tx)| {
        let closes = end == End::SenderCloses && i == 0;
        thread::spawn(move || send_all(tx, 100 * i as Value, closes))
    });
    let sending: Vec<_> = sending.collect();
    let receiving = handles.receivers.into_iter().enumerate().map(|(i, rx)| {
        let closes = end == End::ReceiverCloses && i == 0;
        let manner = Manner { holds, closes, leaves: end == End::ReceiversLeave };
        thread::spawn(move || receive_all(rx, manner))
    });
    let receiving: Vec<_> = receiving.collect();
    [join(sending), join(receiving)].map(|lists| {
        let mut all = lists.concat();
        all.sort_unstable();
        all
    })
}

/// All at work until the senders are done and gone.
fn everything_arrives<C: Channel>()
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    explore(C::NAME, ROUNDS, || {
        let [accepted, received] = crowd::<C>(End::Left);
        assert!(!accepted.is_empty());
        assert_eq!(accepted, received);
    });
}

/// Somebody closes the channel, or the receivers go, while the others wait.
fn closes_wake_everybody<C: Channel>()
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    explore(C::NAME, ROUNDS, || {
        let end = one_of(&[End::SenderCloses, End::ReceiverCloses, End::ReceiversLeave]);
        let [accepted, mut received] = crowd::<C>(end);
        if end != End::ReceiversLeave {
            assert_eq!(accepted, received);
        }
        received.retain(|value| !accepted.contains(value));
        assert_eq!(received, [], "received, and not accepted");
    });
}

for_each_channel!(everything_arrives);
for_each_channel!(closes_wake_everybody);

/// Who waits until a channel is drained is told, whichever acknowledgement, receive or drop was the last.
fn drained_is_told<C: Channel>()
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    explore(C::NAME, ROUNDS, || {
        let mut handles = C::make(2, 3, 2);
        let watched = handles.senders.pop();
        let sending: Vec<_> = handles
            .senders
            .into_iter()
            .enumerate()
            .map(|(i, tx)| thread::spawn(move || send_all(tx, 100 * i as Value, false)))
            .collect();
        let receiving = handles.receivers.into_iter().enumerate().map(|(i, rx)| {
            let manner = Manner { holds: false, closes: i == 0, leaves: false };
            thread::spawn(move || receive_all(rx, manner))
        });
        let receiving: Vec<_> = receiving.collect();
        if let Some(tx) = watched {
            tx.close();
            if below(2) == 0 {
                block_on(tx.drained())
            } else {
                tx.wait_drained()
            }
            assert_eq!(tx.len(), 0);
        }
        join(sending);
        join(receiving);
    });
}

for_each_channel!(drained_is_told);

/// Six threads at a gate of two credits, which wait in all ways and change their minds.
fn everybody_acquires(builder: CreditsBuilder) {
    explore("a gate of credits", ROUNDS, move || {
        let gate = builder.clone().pool(2);
        let acquire = |gate: Credits| {
            for _ in 0..EACH {
                let n = 1 + below(2) as u64;
                let permit = match one_of(&WAYS) {
                    How::Timed => gate.acquire_timeout(n, LONG),
                    How::Task => block_on(gate.acquire_async(n)),
                    How::SecondThoughts => {
                        // Granted or not, it is dropped.
                        drop(begin_and_drop(gate.acquire_async(n)));
                        gate.acquire(n)
                    }
                    _ => gate.acquire(n),
                };
                drop(permit.expect("the gate stays open"));
            }
        };
        let threads = (0..6).map(|_| {
            let gate = gate.clone();
            thread::spawn(move || acquire(gate))
        });
        join(threads.collect());
        assert_eq!((gate.available(), gate.waiters()), (2, 0));
    });
}

#[test]
fn everybody_acquires_who_comes_first() {
    everybody_acquires(Credits::builder().fifo());
}

#[test]
fn everybody_acquires_in_any_order() {
    everybody_acquires(Credits::builder());
}
