//! Carries out operations on a real channel and on its [`Model`], and compares.
//!
//! `sends`, `receives` and `tasks` are the operations; `check` is what must hold after each.

mod check;
mod ops;
mod receives;
mod sends;
mod tasks;

use std::collections::VecDeque;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use backpressure::pressure::{Expiry, PressureWatch};
use backpressure::{Delivery, Lease, mpsc};

pub use ops::{INSTANT, Op, VERBS, Verb};

use crate::bell::Ringing;
use crate::channel::{Case, Channel, HandClock, Mode};
use crate::face::{Dormant, In, Out};
use crate::model::{Entry, Model};
use crate::pick;
use crate::puppet::{Strings, Task};
use crate::value::{self, Item, Message, Value};

/// So many handles of a side, and tasks, there are at most.
const MOST_HANDLES: usize = 4;
const MOST_TASKS: usize = 8;
/// Capacity of the next stage.
const STAGE: usize = 2;
/// Messages older than this are expired.
const MAX_AGE: Duration = Duration::from_secs(2);

/// Where a handle waits between polls of its own.
#[derive(Default)]
struct Berth {
    ringing: Ringing,
    registered: bool,
    /// Its last poll asked for another.
    asked_again: bool,
}

impl Berth {
    /// A poll of the handle has ended; whether its registration ended with it.
    fn polled(&mut self, channel: &Channel, is_pending: bool) -> bool {
        let asked_again = is_pending && self.ringing.is_rung();
        let may = channel.has_second_polls() && !self.registered && !self.asked_again;
        assert!(!asked_again || may, "a handle woke itself");
        self.asked_again = asked_again;
        mem::replace(&mut self.registered, is_pending && !asked_again) && !is_pending
    }
}

/// A handle that no task has.
struct Port<H> {
    handle: H,
    berth: Berth,
}

/// What somebody waits at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Tx,
    Rx,
    Closing,
    Changes,
}

/// What a task is after.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Want {
    Send(u64),
    /// The rest of a batch, and how many were sent.
    SendMany(Vec<u64>, usize),
    Reserve(usize),
    Closed,
    /// Whether it is known to be closed.
    Drained(bool),
    Recv,
    RecvMany(usize),
    RecvFresh,
    /// Since this epoch.
    Changed(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    /// It found nothing, and woke itself: to be polled once more before it queues.
    AskedAgain,
    Waiting,
    /// So many credits.
    Holding(usize),
}

enum Body {
    Tx(Task<Out>),
    Rx(Task<In>),
    Watch(Task<PressureWatch>),
    /// It has ended.
    Gone,
}

/// A future, and the handle it borrows.
struct Running {
    body: Body,
    strings: Rc<Strings>,
    ringing: Ringing,
    want: Want,
    state: State,
    /// Of the handle.
    berth: Berth,
}

/// A forgotten future that is still enlisted.
struct Ghost {
    gate: Gate,
    is_greedy: bool,
    ringing: Ringing,
}

struct Watch {
    watch: PressureWatch,
    seen: u64,
}

/// Carries deliveries on.
type Stage = (mpsc::Sender<Delivery<Message>>, mpsc::Receiver<Delivery<Message>>);

/// A channel, its model, and everything that was made of it.
pub struct Machine {
    channel: Channel,
    model: Model,
    clock: Arc<HandClock>,
    expiry: Expiry,
    senders: Vec<Port<Out>>,
    receivers: Vec<Port<In>>,
    weak: Vec<Box<dyn Dormant>>,
    tasks: Vec<Running>,
    watches: Vec<Watch>,
    deliveries: Vec<Delivery<Message>>,
    leases: Vec<Lease>,
    /// Kept until the end: to the channel that is the same as forgotten, and no memory is lost.
    forgotten: Vec<Delivery<Message>>,
    /// The next stage of a pipeline, and what is in it.
    stage: Option<Stage>,
    staged: VecDeque<u64>,
    ghosts: Vec<Ghost>,
    /// Values that went with a forgotten future.
    leaked: usize,
    /// How many notifications that the senders, or the receivers, are due forgotten futures may hold.
    absorbed: [usize; 2],
}

impl<H> Port<H> {
    fn new(handle: H) -> Self {
        Self { handle, berth: Berth::default() }
    }
}

impl Case {
    /// Carries it out.
    ///
    /// # Panics
    /// If the channel does not do what its model does.
    pub fn run(&self) {
        value::begin();
        let mut machine = Machine::new(&self.channel);
        for op in &self.ops {
            machine.apply(*op);
            machine.check();
        }
        machine.finish();
    }
}

impl Machine {
    fn new(channel: &Channel) -> Self {
        let clock = Arc::new(HandClock::default());
        let (tx, rx) = channel.make(&clock);
        let mut machine = Self {
            channel: channel.clone(),
            model: Model::new(channel),
            expiry: Expiry::new(MAX_AGE, clock.clone()),
            clock,
            senders: vec![Port::new(tx)],
            receivers: vec![Port::new(rx)],
            weak: Vec::new(),
            tasks: Vec::new(),
            watches: Vec::new(),
            deliveries: Vec::new(),
            leases: Vec::new(),
            forgotten: Vec::new(),
            stage: matches!(channel.mode, Mode::Acknowledged(_)).then(|| mpsc::bounded(STAGE)),
            staged: VecDeque::new(),
            ghosts: Vec::new(),
            leaked: 0,
            absorbed: [0; 2],
        };
        machine.check();
        machine
    }

    fn message(&mut self) -> Message {
        self.model.stamps.push(self.model.now);
        self.expiry.stamp(Value::make())
    }

    fn messages(&mut self, n: usize) -> Vec<Message> {
        (0..n).map(|_| self.message()).collect()
    }

    fn apply(&mut self, Op { verb, a, b }: Op) {
        match verb {
            Verb::TrySend => self.try_send(a),
            Verb::SendInTime => self.send_in_time(a, b),
            Verb::TrySendMany => self.try_send_many(a, b),
            Verb::SendManyNow => self.send_many_now(a, b),
            Verb::Offer => self.offer(a, b),
            Verb::ForceSend => self.force_send(a),
            Verb::PollReady => self.poll_ready(a),
            Verb::PollReserve => self.poll_reserve(a, b),
            Verb::TryRecv => self.try_recv(a, b),
            Verb::RecvInTime => self.recv_in_time(a, b),
            Verb::TryRecvMany => self.try_recv_many(a, b),
            Verb::RecvManyNow => self.recv_many_now(a, b),
            Verb::TryRecvFresh => self.try_recv_fresh(a, b),
            Verb::RecvFreshNow => self.recv_fresh_now(a, b),
            Verb::PollRecv => self.poll_recv(a, b),
            Verb::Drain => self.drain(a, b),
            Verb::TryIter => self.try_iter(a, b),
            Verb::IterNext => self.iter_next(a, b),
            Verb::IntoIter => self.receive_into_iter(a, b),
            Verb::TakePermits => self.take_permits(a, b),
            Verb::SendWithPermit => self.send_with_permit(a),
            Verb::DropPermits => self.let_permits_go(a, false),
            Verb::ForgetPermits => self.let_permits_go(a, true),
            Verb::Ack => self.ack(a),
            Verb::MapDelivery => self.map_delivery(a),
            Verb::SplitDelivery => self.split_delivery(a),
            Verb::JoinDelivery => self.join_delivery(a),
            Verb::ReleaseLease => self.release_lease(a),
            Verb::ForgetDelivery => self.forget_delivery(a),
            Verb::Forward => self.forward(a, b),
            Verb::RecvForwarded => self.recv_forwarded(b),
            Verb::Request => self.request(a, b),
            Verb::RequestUnbounded => self.request_unbounded(a),
            Verb::CloneSender => self.clone_sender(a),
            Verb::DropSender => self.drop_sender(a),
            Verb::Downgrade => self.downgrade(a),
            Verb::Upgrade => self.upgrade(a, b),
            Verb::CloneReceiver => self.clone_receiver(a),
            Verb::DropReceiver => self.drop_receiver(a),
            Verb::CloseBySender => self.close_by_sender(a),
            Verb::CloseByReceiver => self.close_by_receiver(a),
            Verb::Tick => self.tick(a),
            Verb::Watch => self.watch(a),
            Verb::WaitChanged => self.wait_changed(a, b),
            Verb::SendAsync
            | Verb::SendManyAsync
            | Verb::ReserveAsync
            | Verb::ClosedAsync
            | Verb::DrainedAsync => self.start_sending(verb, a, b),
            Verb::RecvAsync | Verb::RecvManyAsync | Verb::RecvFreshAsync => {
                self.start_receiving(verb, a, b);
            }
            Verb::ChangedAsync => self.start_watching(a),
            Verb::PollTask => self.poll_task(a),
            Verb::PollWoken => self.poll_woken(a),
            Verb::Cancel => self.end_task(a, crate::puppet::Pull::Cancel),
            Verb::Forget => self.end_task(a, crate::puppet::Pull::Forget),
            Verb::Reclaim => self.end_task(a, crate::puppet::Pull::Reclaim),
            Verb::Quiesce => self.quiesce(),
        }
        self.look_for_ghosts();
    }

    fn tick(&mut self, a: u8) {
        self.clock.advance(u64::from(a % 3));
        self.model.now += Duration::from_secs(u64::from(a % 3));
    }

    fn watch(&mut self, a: u8) {
        let watch = match (self.senders.first(), self.receivers.first()) {
            (Some(tx), _) if a % 2 == 0 => tx.handle.pressure(),
            (_, Some(rx)) => rx.handle.pressure(),
            _ => return,
        };
        assert_eq!(watch.is_some(), self.model.pressure.is_some());
        if self.watches.len() >= MOST_HANDLES {
            return;
        }
        if let (Some(watch), Some(pressure)) = (watch, &self.model.pressure) {
            self.watches.push(Watch { watch, seen: pressure.epoch });
        }
    }

    /// The blocking kind, when it need not block. A clone goes on from where the watch is.
    fn wait_changed(&mut self, a: u8, b: u8) {
        let Some(pressure) = &self.model.pressure else { return };
        let (Some(at), room) = (pick(a, self.watches.len()), self.watches.len() < MOST_HANDLES)
        else {
            return;
        };
        let Watch { watch, seen } = &mut self.watches[at];
        if *seen == pressure.epoch && !self.model.closed {
            return;
        }
        let clone = Watch { watch: watch.clone(), seen: *seen };
        assert_eq!(watch.wait_changed(), pressure.level());
        *seen = pressure.epoch;
        if room && b % 2 == 1 {
            self.watches.push(clone);
        }
    }

    /// Compares what was received with what the model gave, and keeps or drops it.
    fn accept(&mut self, items: Vec<Item>, expected: &[Entry], keep: bool) {
        assert!(items.iter().map(Item::id).eq(expected.iter().map(|entry| entry.id)));
        for (item, entry) in items.into_iter().zip(expected) {
            let age = self.model.now - entry.stamped;
            assert_eq!(item.age(&self.expiry), (age, age > MAX_AGE));
            match item {
                Item::Delivered(delivery) if keep => self.deliveries.push(delivery),
                Item::Delivered(delivery) => {
                    drop(delivery);
                    self.model.ack();
                }
                Item::Plain(message) => drop(message.into_inner()),
            }
        }
    }

    /// Lets everything go, in the order in which a program that ends would.
    fn finish(mut self) {
        self.quiesce();
        self.check();
        while !self.tasks.is_empty() {
            self.end_task(0, crate::puppet::Pull::Cancel);
            self.look_for_ghosts();
            self.check();
        }
        while !self.senders.is_empty() {
            self.drop_sender(0);
            self.check();
        }
        while !self.receivers.is_empty() {
            self.drop_receiver(0);
            self.check();
        }
        let Self { leaked, .. } = self;
        drop(self);
        assert_eq!(value::living(), leaked, "values that nobody has");
    }
}
