//! Random operations on weighted channels of every flavour and mode, against plain numbers, with shrinking.
//!
//! It all happens on one thread: a send that waits is an entity, which an operation starts and others poll, drop
//! or ask for its message. Each answer is compared with the model's, and after each operation every number, how
//! many messages are alive, and whether somebody who could go on was told.

mod common;
mod random;

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::future::poll_fn;
use std::mem;
use std::num::NonZeroUsize;
use std::panic::catch_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use backpressure::flavour::{
    Ack, Evict, Flavour, Keep, Kind, Latest, Many, ManySenders, One, Pull,
};
use backpressure::pressure::{Dropped, Stats};
use backpressure::weighted::{
    Oversize, WeighError, WeighedSend, Weighted, WeightedSender, weighted,
};
use backpressure::{
    BuildError, Delivery, Lease, Offered, Receiver, RecvError, RecvTimeoutError, RequestError,
    SendError, Sender, TryRecvError, TrySendError, WaitStrategy, mpmc, mpsc, spsc,
};
use backpressure_conformance::channel::{Flavour as Channel, Mode};
use backpressure_conformance::{Policy, force, offer, pick};
use common::{Bell, Census, Counted, NEAR_WRAP, conserved, values_conserved};
use proptest::prelude::*;
use random::holds;

/// So many handles of a side, pending sends, and things received there are at most.
const MOST_HANDLES: usize = 3;
const MOST_SENDS: usize = 6;
const MOST_HELD: usize = 5;
/// More polls than there can be reasons for, before everything is quiet.
const MOST_POLLS: usize = 1_000;

/// A message, which must be dropped exactly once.
struct Parcel {
    weight: u64,
    counted: Counted,
}

#[derive(Clone, Debug)]
struct Settings {
    channel: Channel,
    mode: Mode,
    capacity: usize,
    budget: u64,
    oversize: Oversize,
    start: u64,
    /// Tasks may ask to be polled once more before they queue for a slot.
    second_polls: bool,
    /// Which side goes first when a case ends.
    senders_first: bool,
}

/// How long a blocking operation may wait.
#[derive(Clone, Copy, Debug)]
enum Patience {
    Endless,
    AlmostEndless,
    AMoment,
    NoTime,
    Past,
}

/// How the sender behind the budget sends something again. A weighted sender itself never evicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Try,
    Force,
    Offer(Policy),
}

impl Way {
    fn is_for(self, mode: Mode) -> bool {
        match self {
            Self::Try => true,
            Self::Force => mode.evicts(),
            Self::Offer(policy) => mode.policies().contains(&policy),
        }
    }
}

/// Bytes say which of those that there are; a weight is taken modulo what is a little above the budget.
#[derive(Clone, Copy, Debug)]
enum Op {
    TrySend(u8, u64),
    SendInTime(u8, u64, Patience),
    StartSend(u8, u64),
    Poll(u8),
    PollTold(u8),
    DropSend(u8),
    TakeBack(u8),
    Quiesce,
    TryRecv(u8),
    RecvInTime(u8),
    TryRecvMany(u8, usize),
    Drain(u8),
    PollRecv(u8),
    Request(u8, u64),
    LetGo(u8),
    Unpack(u8, bool),
    Resend(u8, u8, Way),
    CloneSender(u8),
    DropSender(u8),
    CloseBySender(u8),
    CloneReceiver(u8),
    DropReceiver(u8),
    CloseByReceiver(u8),
}

/// The answer to a send, apart from the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Sent,
    Full,
    TooLarge,
    Closed,
    Rejected,
    Evicted,
    Cleared,
    Merged,
}

/// What the next poll of a task does to its send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Poll,
    Drop,
    TakeBack,
}

enum End {
    Answered(Result<(), WeighError<Parcel>>),
    Dropped,
    TakenBack(Option<Parcel>),
}

type Out = Box<dyn Sends>;
type In = Box<dyn Receives>;
type Task = Pin<Box<dyn Future<Output = (Out, End)>>>;
type Received<T> = Result<T, TryRecvError>;
/// The answer to sending again, and what came back.
type Told<T> = (Answer, Vec<T>);

/// A weighted sender of whatever flavour.
trait Sends {
    fn try_send(&mut self, parcel: Parcel) -> Result<(), WeighError<Parcel>>;
    fn send(&mut self, parcel: Parcel, patience: Patience) -> Result<(), WeighError<Parcel>>;
    /// A task that sends, and gives the handle back at its end.
    fn start(self: Box<Self>, parcel: Parcel, verb: Rc<Cell<Verb>>) -> Task;
    fn weight(&self) -> u64;
    fn budget(&self) -> u64;
    fn stats(&self) -> Stats;
    /// How many handles of either side there are, and whether the channel is closed.
    fn ends(&self) -> (usize, usize, bool);
    fn close(&self) -> bool;
    /// The same handle once more, where several may use it at a time.
    fn share(&self) -> Option<Out> {
        None
    }
    /// Another handle.
    fn another(&self) -> Option<Out> {
        None
    }
    /// Sends again what was received, weighed as it is. The sender behind the budget is lent out shared: where
    /// there is one that sends by `&mut`, it does not send, and does not evict either.
    fn resend(
        &self,
        message: Weighted<Parcel>,
        _: Way,
    ) -> Result<Told<Weighted<Parcel>>, Weighted<Parcel>> {
        Err(message)
    }
}

macro_rules! sends {
    () => {
        fn try_send(&mut self, parcel: Parcel) -> Result<(), WeighError<Parcel>> {
            (**self).try_send(parcel)
        }
        fn send(&mut self, parcel: Parcel, patience: Patience) -> Result<(), WeighError<Parcel>> {
            match patience {
                Patience::Endless => (**self).send(parcel),
                Patience::AlmostEndless => (**self).send_timeout(parcel, Duration::MAX),
                Patience::AMoment => (**self).send_timeout(parcel, Duration::from_millis(1)),
                Patience::NoTime => (**self).send_timeout(parcel, Duration::ZERO),
                Patience::Past => (**self).send_deadline(parcel, Instant::now()),
            }
        }
        #[allow(unused_mut, reason = "the same text serves sides with one handle and with many")]
        fn start(mut self: Box<Self>, parcel: Parcel, verb: Rc<Cell<Verb>>) -> Task {
            Box::pin(async move {
                let end = drive((**self).send_async(parcel), &verb).await;
                (self as Out, end)
            })
        }
        fn weight(&self) -> u64 {
            (**self).weight()
        }
        fn budget(&self) -> u64 {
            (**self).budget()
        }
        fn stats(&self) -> Stats {
            (**self).stats()
        }
        fn ends(&self) -> (usize, usize, bool) {
            let tx = self.inner();
            (tx.sender_count(), tx.receiver_count(), tx.is_closed())
        }
        fn close(&self) -> bool {
            self.inner().close()
        }
    };
}

impl<M: 'static> Sends for Box<WeightedSender<Parcel, Kind<One, One, M>>>
where
    Kind<One, One, M>: Flavour,
{
    sends!();
}

macro_rules! shared_sends {
    ($($mode:ident),*) => {$(
        impl<C: 'static> Sends for Rc<WeightedSender<Parcel, Kind<Many, C, $mode>>>
        where
            Kind<Many, C, $mode>: ManySenders,
        {
            sends!();
            fn share(&self) -> Option<Out> {
                Some(Box::new(Self::clone(self)))
            }
            fn another(&self) -> Option<Out> {
                Some(Box::new(Rc::new(WeightedSender::clone(self))))
            }
            fn resend(
                &self,
                message: Weighted<Parcel>,
                way: Way,
            ) -> Result<Told<Weighted<Parcel>>, Weighted<Parcel>> {
                type Behind<C> = Sender<Weighted<Parcel>, Kind<Many, C, $mode>>;
                let tx = self.inner();
                let answer = match way {
                    Way::Try => tx.try_send(message).map(|()| Offered::Sent),
                    Way::Force => forced(|| force!($mode, Behind<C>, tx, message)),
                    Way::Offer(policy) => {
                        offer!($mode, Behind<C>, tx, message, policy, the_heavier)
                    }
                };
                Ok(told(answer))
            }
        }
    )*};
}
shared_sends!(Keep, Ack, Pull, Evict, Latest);

/// Merges by dropping the lighter: a weight cannot be put together from two.
fn the_heavier(queued: Weighted<Parcel>, new: Weighted<Parcel>) -> Weighted<Parcel> {
    if queued.weight() > new.weight() { queued } else { new }
}

/// What comes back of a forced send is the oldest: the new one would only beside other threads, or permits.
fn forced<T>(
    force: impl FnOnce() -> Result<Option<T>, SendError<T>>,
) -> Result<Offered<T>, TrySendError<T>> {
    match force() {
        Ok(oldest) => Ok(oldest.map_or(Offered::Sent, Offered::Evicted)),
        Err(SendError(new)) => Err(TrySendError::Closed(new)),
    }
}

fn told<T: Debug>(answer: Result<Offered<T>, TrySendError<T>>) -> Told<T> {
    match answer {
        Ok(Offered::Sent) => (Answer::Sent, vec![]),
        Ok(Offered::Merged) => (Answer::Merged, vec![]),
        Ok(Offered::Rejected(new)) => (Answer::Rejected, vec![new]),
        Ok(Offered::Evicted(oldest)) => (Answer::Evicted, vec![oldest]),
        Ok(Offered::Cleared(backlog)) => (Answer::Cleared, backlog),
        Ok(other) => panic!("{other:?}"),
        Err(TrySendError::Full(new)) => (Answer::Full, vec![new]),
        Err(TrySendError::Closed(new)) => (Answer::Closed, vec![new]),
    }
}

/// Does to a send what the verb says, until it has ended.
async fn drive<F: Flavour>(send: WeighedSend<'_, Parcel, F>, verb: &Cell<Verb>) -> End {
    let mut send = Some(send);
    let mut poll = |cx: &mut Context<'_>| match (verb.get(), &mut send) {
        (Verb::Poll, Some(send)) => {
            let polled = Pin::new(&mut *send).poll(cx);
            assert_eq!(send.is_terminated(), polled.is_ready());
            polled.map(|answer| {
                assert!(Pin::new(send).poll(cx).is_pending(), "polled after its end");
                Some(answer)
            })
        }
        _ => Poll::Ready(None),
    };
    match (poll_fn(&mut poll).await, send) {
        (Some(answer), send) => {
            assert!(send.is_some_and(|send| send.into_inner().is_none()), "answered with it");
            End::Answered(answer)
        }
        (None, Some(send)) if verb.get() == Verb::TakeBack => End::TakenBack(send.into_inner()),
        (None, _) => End::Dropped,
    }
}

/// Something received, in the hands of whoever received it.
enum Hold {
    Weighed(Weighted<Parcel>),
    Delivered(Delivery<Weighted<Parcel>>),
    /// Its weight went back, its credit did not.
    Credited(Delivery<Parcel>),
    Bare(Parcel),
    Credit(Lease),
}

impl From<Weighted<Parcel>> for Hold {
    fn from(message: Weighted<Parcel>) -> Self {
        Self::Weighed(message)
    }
}

impl From<Delivery<Weighted<Parcel>>> for Hold {
    fn from(delivery: Delivery<Weighted<Parcel>>) -> Self {
        Self::Delivered(delivery)
    }
}

impl Hold {
    fn message(&self) -> Option<&Weighted<Parcel>> {
        match self {
            Self::Weighed(message) => Some(message),
            Self::Delivered(delivery) => Some(delivery),
            Self::Credited(_) | Self::Bare(_) | Self::Credit(_) => None,
        }
    }

    fn parcel(&self) -> Option<&Parcel> {
        match self {
            Self::Credited(delivery) => Some(delivery),
            Self::Bare(parcel) => Some(parcel),
            Self::Credit(_) => None,
            Self::Weighed(_) | Self::Delivered(_) => self.message().map(|message| &**message),
        }
    }

    fn has_credit(&self) -> bool {
        matches!(self, Self::Delivered(_) | Self::Credited(_) | Self::Credit(_))
    }
}

/// A receiver of whatever flavour.
trait Receives {
    fn try_recv(&mut self) -> Received<Hold>;
    /// Blocks if it is to.
    fn recv(&mut self, blocking: bool) -> Received<Hold>;
    fn try_recv_many(&mut self, limit: usize) -> Received<Vec<Hold>>;
    fn drain(&mut self) -> Vec<Hold>;
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Hold, RecvError>>;
    fn stats(&self) -> Stats;
    fn ends(&self) -> (usize, usize, bool);
    fn close(&self) -> bool;
    fn another(&self) -> Option<In>;
    fn request(&self, n: u64) -> Option<Result<u64, RequestError>>;
}

macro_rules! receives {
    ($($kind:ty: $another:expr, $request:expr;)*) => {$(
        impl Receives for Receiver<Weighted<Parcel>, $kind> {
            fn try_recv(&mut self) -> Received<Hold> {
                Self::try_recv(self).map(Hold::from)
            }
            fn recv(&mut self, blocking: bool) -> Received<Hold> {
                if blocking {
                    return Self::recv(self).map(Hold::from).map_err(|_| TryRecvError::Closed);
                }
                Self::recv_timeout(self, Duration::ZERO).map(Hold::from).map_err(|why| match why {
                    RecvTimeoutError::Timeout => TryRecvError::Empty,
                    RecvTimeoutError::Closed => TryRecvError::Closed,
                })
            }
            fn try_recv_many(&mut self, limit: usize) -> Received<Vec<Hold>> {
                let mut items = Vec::new();
                let n = Self::try_recv_many(self, &mut items, limit)?;
                assert_eq!(items.len(), n);
                Ok(items.into_iter().map(Hold::from).collect())
            }
            fn drain(&mut self) -> Vec<Hold> {
                Self::drain(self).map(Hold::from).collect()
            }
            fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Hold, RecvError>> {
                Self::poll_recv(self, cx).map_ok(Hold::from)
            }
            fn stats(&self) -> Stats {
                Self::stats(self)
            }
            fn ends(&self) -> (usize, usize, bool) {
                (self.sender_count(), self.receiver_count(), self.is_closed())
            }
            fn close(&self) -> bool {
                Self::close(self)
            }
            fn another(&self) -> Option<In> {
                $another(self)
            }
            fn request(&self, n: u64) -> Option<Result<u64, RequestError>> {
                $request(self, n)
            }
        }
    )*};
}
receives!(
    Kind<One, One, Keep>: alone, unasked;
    Kind<Many, One, Keep>: alone, unasked;
    Kind<Many, Many, Keep>: several, unasked;
    Kind<One, One, Evict>: alone, unasked;
    Kind<Many, One, Evict>: alone, unasked;
    Kind<Many, Many, Evict>: several, unasked;
    Kind<One, One, Latest>: alone, unasked;
    Kind<Many, One, Latest>: alone, unasked;
    Kind<Many, Many, Latest>: several, unasked;
    Kind<One, One, Ack>: alone, unasked;
    Kind<Many, One, Ack>: alone, unasked;
    Kind<Many, Many, Ack>: several, unasked;
    Kind<One, One, Pull>: alone, asked;
    Kind<Many, One, Pull>: alone, asked;
    Kind<Many, Many, Pull>: several, asked;
);

fn alone<H>(_: &H) -> Option<In> {
    None
}

fn several<H: Receives + Clone + 'static>(rx: &H) -> Option<In> {
    Some(Box::new(rx.clone()))
}

fn unasked<H>(_: &H, _: u64) -> Option<Result<u64, RequestError>> {
    None
}

fn asked<P, C>(
    rx: &Receiver<Weighted<Parcel>, Kind<P, C, Pull>>,
    n: u64,
) -> Option<Result<u64, RequestError>>
where
    Kind<P, C, Pull>: Flavour,
{
    if n == u64::MAX {
        rx.request_unbounded();
        return Some(Ok(rx.demand()));
    }
    Some(rx.request(n))
}

/// The ends of a channel, weighed.
type Ends<F> = (Sender<Weighted<Parcel>, F>, Receiver<Weighted<Parcel>, F>);

fn ends<F: Flavour, H: Sends + 'static>(
    settings: &Settings,
    ends: Result<Ends<F>, BuildError>,
    own: impl Fn(WeightedSender<Parcel, F>) -> H,
) -> (Out, In)
where
    Receiver<Weighted<Parcel>, F>: Receives,
{
    let ends = ends.expect("a channel that can be made");
    let weigh = |parcel: &Parcel| parcel.weight;
    let (tx, rx) = weighted(ends, settings.budget, settings.oversize, weigh);
    (Box::new(own(tx)), Box::new(rx))
}

macro_rules! make {
    ($settings:ident, $channel:ident, $own:expr) => {{
        let builder = $channel::builder().capacity($settings.capacity).start_at($settings.start);
        let builder = match $settings.second_polls {
            true => builder.eager(),
            false => builder.wait_strategy(WaitStrategy::Park),
        };
        match $settings.mode {
            Mode::Plain => ends($settings, builder.build(), $own),
            Mode::Acknowledged(batch) => {
                let batch = NonZeroUsize::new(batch).expect("batches are not empty");
                ends($settings, builder.acknowledged().return_batch(batch).build(), $own)
            }
            Mode::Pulled(initial) => ends($settings, builder.pulled(initial).build(), $own),
            Mode::Evicting => ends($settings, builder.evicting().build(), $own),
            Mode::Latest => ends($settings, builder.latest().build(), $own),
        }
    }};
}

impl Settings {
    fn make(&self) -> (Out, In) {
        match self.channel {
            Channel::Spsc => make!(self, spsc, Box::new),
            Channel::Mpsc => make!(self, mpsc, Rc::new),
            Channel::Mpmc => make!(self, mpmc, Rc::new),
        }
    }
}

/// A message, as far as the model is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    id: u64,
    /// What it takes of the budget, or nothing if it never fits.
    units: Option<u64>,
}

impl Entry {
    fn takes(self) -> u64 {
        self.units.expect("one that fits")
    }
}

/// How far a send has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It was not polled yet.
    Fresh,
    /// It waits for weight.
    InLine,
    /// It has its weight, and woke itself before it queues for a slot.
    AskedAgain,
    /// It has its weight, and waits for a slot.
    AtSlot,
}

impl Stage {
    fn has_weight(self) -> bool {
        matches!(self, Self::AskedAgain | Self::AtSlot)
    }
}

/// The channel and its budget as plain numbers.
struct Model {
    settings: Settings,
    queue: VecDeque<Entry>,
    /// Who waits for weight, in the order in which they came.
    line: Vec<Entry>,
    /// How much of the budget is out.
    taken: u64,
    closed: bool,
    sent: u64,
    received: u64,
    acked: u64,
    dropped: Dropped,
    /// Ever asked for, on a pulled channel.
    requested: u64,
}

impl Model {
    fn new(settings: &Settings) -> Self {
        let requested = if let Mode::Pulled(initial) = settings.mode { initial } else { 0 };
        Self {
            settings: settings.clone(),
            queue: VecDeque::new(),
            line: Vec::new(),
            taken: 0,
            closed: false,
            sent: 0,
            received: 0,
            acked: 0,
            dropped: Dropped::default(),
            requested,
        }
    }

    fn units(&self, weight: u64) -> Option<u64> {
        match self.settings.oversize {
            _ if weight <= self.settings.budget => Some(weight),
            Oversize::AdmitAlone => Some(self.settings.budget),
            Oversize::Reject => None,
        }
    }

    fn is_acknowledged(&self) -> bool {
        matches!(self.settings.mode, Mode::Acknowledged(_))
    }

    fn in_delivery(&self) -> u64 {
        match self.is_acknowledged() {
            true => self.received + self.dropped.undelivered - self.acked,
            false => 0,
        }
    }

    /// Credits that nobody has taken, wherever they are kept.
    fn credits(&self) -> u64 {
        let slots = (self.settings.capacity - self.queue.len()) as u64;
        match self.settings.mode {
            Mode::Plain | Mode::Evicting | Mode::Latest => slots,
            Mode::Acknowledged(_) => slots - self.in_delivery(),
            Mode::Pulled(_) if self.requested == u64::MAX => u64::MAX,
            Mode::Pulled(_) => self.requested - self.sent,
        }
    }

    fn has_room(&self) -> bool {
        self.queue.len() < self.settings.capacity && self.credits() > 0
    }

    fn has_weight_for(&self, entry: Entry) -> bool {
        self.taken + entry.takes() <= self.settings.budget
    }

    /// Whether whoever stands here in line, or comes now, is served next.
    fn is_next(&self, entry: Entry) -> bool {
        self.line.first().is_none_or(|first| first.id == entry.id)
    }

    /// What a send that does not wait would be told. Too large comes first: that is said at once, whatever else is
    /// the matter.
    fn would(&self, entry: Entry) -> Answer {
        match entry.units {
            None => Answer::TooLarge,
            _ if self.closed => Answer::Closed,
            // What weighs nothing waits behind nobody.
            Some(1..) if !self.is_next(entry) || !self.has_weight_for(entry) => Answer::Full,
            _ if !self.has_room() => Answer::Full,
            _ => Answer::Sent,
        }
    }

    fn attempt(&mut self, entry: Entry) -> Answer {
        let answer = self.would(entry);
        if answer == Answer::Sent {
            self.taken += entry.takes();
            self.push(entry);
        }
        answer
    }

    /// One poll of a send that has come so far: its answer, or where it waits.
    fn poll(&mut self, entry: Entry, stage: Stage) -> Result<Answer, Stage> {
        if entry.units.is_none() {
            return Ok(Answer::TooLarge);
        }
        if self.closed {
            self.leave(entry, stage);
            return Ok(Answer::Closed);
        }
        if !stage.has_weight() {
            if entry.takes() > 0 && !(self.is_next(entry) && self.has_weight_for(entry)) {
                if stage == Stage::Fresh {
                    self.line.push(entry);
                }
                return Err(Stage::InLine);
            }
            self.leave(entry, stage);
            self.taken += entry.takes();
        }
        if !self.has_room() {
            return Err(Stage::AtSlot);
        }
        self.push(entry);
        Ok(Answer::Sent)
    }

    /// A send ends without having sent.
    fn leave(&mut self, entry: Entry, stage: Stage) {
        if stage.has_weight() {
            self.taken -= entry.takes();
        }
        self.line.retain(|waiting| waiting.id != entry.id);
    }

    /// Queues a message whose weight is taken.
    fn push(&mut self, entry: Entry) {
        self.queue.push_back(entry);
        self.sent += 1;
    }

    /// Something that has its weight is sent again.
    fn resend(&mut self, entry: Entry, way: Way) -> Told<Entry> {
        if self.closed {
            return (Answer::Closed, vec![entry]);
        }
        if self.has_room() {
            self.push(entry);
            return (Answer::Sent, vec![]);
        }
        match way {
            Way::Try | Way::Offer(Policy::Fail) => (Answer::Full, vec![entry]),
            Way::Offer(Policy::DropNewest) => {
                self.dropped.rejected += 1;
                (Answer::Rejected, vec![entry])
            }
            Way::Force | Way::Offer(Policy::DropOldest) => {
                let oldest = self.displaced(1);
                self.dropped.evicted += 1;
                self.push(entry);
                (Answer::Evicted, oldest)
            }
            Way::Offer(Policy::Clear) => {
                let backlog = self.displaced(self.queue.len());
                self.dropped.cleared += backlog.len() as u64;
                self.push(entry);
                (Answer::Cleared, backlog)
            }
            Way::Offer(Policy::Merge) => {
                let queued = self.displaced(1)[0];
                self.dropped.merged += 1;
                let is_heavier = queued.takes() > entry.takes();
                let (kept, lost) = if is_heavier { (queued, entry) } else { (entry, queued) };
                self.taken -= lost.takes();
                self.push(kept);
                (Answer::Merged, vec![])
            }
        }
    }

    /// The oldest leave the queue, and nobody receives them.
    fn displaced(&mut self, n: usize) -> Vec<Entry> {
        self.queue.drain(..n).collect()
    }

    /// What a receiver would find: a message, or nothing.
    fn next(&self) -> Received<()> {
        match (self.queue.is_empty(), self.closed) {
            (false, _) => Ok(()),
            (true, true) => Err(TryRecvError::Closed),
            (true, false) => Err(TryRecvError::Empty),
        }
    }

    fn pop(&mut self) -> Entry {
        self.received += 1;
        self.queue.pop_front().expect("something queued")
    }

    fn close(&mut self) -> bool {
        !mem::replace(&mut self.closed, true)
    }

    /// The last receiver is gone, and what was queued with it.
    fn discard(&mut self) {
        self.close();
        while let Some(entry) = self.queue.pop_front() {
            self.taken -= entry.takes();
            self.dropped.undelivered += 1;
            self.acked += u64::from(self.is_acknowledged());
        }
    }
}

/// A handle that can send. Shared ones have the same number.
struct Port {
    number: usize,
    handle: Out,
}

/// A send that has not ended.
struct Sending {
    task: Task,
    verb: Rc<Cell<Verb>>,
    /// One for each poll, the latest last: who rings an earlier one has told nobody.
    bells: Vec<Arc<Bell>>,
    entry: Entry,
    stage: Stage,
    /// The handle it uses, and whether nobody else has it.
    number: usize,
    alone: bool,
}

impl Sending {
    fn is_told(&self) -> bool {
        self.bells.last().is_some_and(|bell| bell.rings() > 0)
    }

    fn is_runnable(&self) -> bool {
        self.stage == Stage::Fresh || self.is_told()
    }
}

/// A receiver, and where it waits between polls of its own.
struct Berth {
    handle: In,
    bell: Arc<Bell>,
    registered: bool,
    asked_again: bool,
}

impl Berth {
    fn new(handle: In) -> Self {
        Self { handle, bell: Bell::new(), registered: false, asked_again: false }
    }

    /// Whether it waits and was not told.
    fn is_asleep(&self) -> bool {
        self.registered && self.bell.rings() == 0
    }
}

/// Something received, and what it was.
struct Held {
    entry: Entry,
    hold: Hold,
}

/// A channel, its model, and everything that was made of it.
struct Machine {
    settings: Settings,
    model: Model,
    census: Census,
    ports: Vec<Port>,
    berths: Vec<Berth>,
    sends: Vec<Sending>,
    held: Vec<Held>,
    handles_made: usize,
}

impl Machine {
    fn new(settings: &Settings) -> Self {
        let (tx, rx) = settings.make();
        Self {
            settings: settings.clone(),
            model: Model::new(settings),
            census: Census::default(),
            ports: vec![Port { number: 0, handle: tx }],
            berths: vec![Berth::new(rx)],
            sends: Vec::new(),
            held: Vec::new(),
            handles_made: 1,
        }
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::TrySend(a, weight) => self.try_send(a, weight),
            Op::SendInTime(a, weight, patience) => self.send_in_time(a, weight, patience),
            Op::StartSend(a, weight) => self.start_send(a, weight),
            Op::Poll(a) => {
                self.poll_one_of(a, |_| true);
            }
            Op::PollTold(a) => {
                self.poll_one_of(a, Sending::is_runnable);
            }
            Op::DropSend(a) => self.end_send(a, Verb::Drop),
            Op::TakeBack(a) => self.end_send(a, Verb::TakeBack),
            Op::Quiesce => self.quiesce(),
            Op::TryRecv(a) => self.recv(a, |handle, _| handle.try_recv()),
            Op::RecvInTime(a) => self.recv(a, |handle, blocking| handle.recv(blocking)),
            Op::TryRecvMany(a, limit) => self.try_recv_many(a, limit),
            Op::Drain(a) => self.drain(a),
            Op::PollRecv(a) => self.poll_recv(a),
            Op::Request(a, n) => self.request(a, n),
            Op::LetGo(a) => self.let_go(a),
            Op::Unpack(a, in_parts) => self.unpack(a, in_parts),
            Op::Resend(a, b, way) => self.resend(a, b, way),
            Op::CloneSender(a) => self.clone_sender(a),
            Op::DropSender(a) => self.drop_sender(a),
            Op::CloseBySender(a) => self.close_by_sender(a),
            Op::CloneReceiver(a) => self.clone_receiver(a),
            Op::DropReceiver(a) => self.drop_receiver(a),
            Op::CloseByReceiver(a) => self.close_by_receiver(a),
        }
    }

    fn parcel(&mut self, weight: u64) -> (Parcel, Entry) {
        let weight = weight % (self.settings.budget + 4);
        let id = self.census.made() as u64;
        let units = self.model.units(weight);
        (Parcel { weight, counted: self.census.make(id) }, Entry { id, units })
    }

    fn try_send(&mut self, a: u8, weight: u64) {
        let Some(at) = pick(a, self.ports.len()) else { return };
        let (parcel, entry) = self.parcel(weight);
        let answer = answer(self.ports[at].handle.try_send(parcel), entry);
        assert_eq!(answer, self.model.attempt(entry), "try_send");
    }

    /// The blocking kind, when it need not block.
    fn send_in_time(&mut self, a: u8, weight: u64, patience: Patience) {
        let Some(at) = pick(a, self.ports.len()) else { return };
        let (parcel, entry) = self.parcel(weight);
        let may_block = match patience {
            Patience::Endless | Patience::AMoment => self.model.would(entry) == Answer::Full,
            // Looks for the close only where it waits: with a limit, a broken look is a failure and not a hang.
            Patience::AlmostEndless => self.model.would(entry) != Answer::Sent,
            Patience::NoTime | Patience::Past => false,
        };
        if may_block {
            return;
        }
        let answer = answer(self.ports[at].handle.send(parcel, patience), entry);
        assert_eq!(answer, self.model.attempt(entry), "{patience:?}");
    }

    fn start_send(&mut self, a: u8, weight: u64) {
        if self.sends.len() == MOST_SENDS {
            return;
        }
        let Some(at) = pick(a, self.ports.len()) else { return };
        let (parcel, entry) = self.parcel(weight);
        let number = self.ports[at].number;
        let shared = self.ports[at].handle.share();
        let alone = shared.is_none();
        let handle = shared.unwrap_or_else(|| self.ports.remove(at).handle);
        let verb = Rc::new(Cell::new(Verb::Poll));
        let task = handle.start(parcel, Rc::clone(&verb));
        let (bells, stage) = (Vec::new(), Stage::Fresh);
        self.sends.push(Sending { task, verb, bells, entry, stage, number, alone });
    }

    /// Polls one of those chosen; whether there was any.
    fn poll_one_of(&mut self, a: u8, chosen: impl Fn(&Sending) -> bool) -> bool {
        let all = self.sends.iter().enumerate().filter(|(_, send)| chosen(send));
        let all: Vec<_> = all.map(|(at, _)| at).collect();
        let Some(at) = pick(a, all.len()) else { return false };
        self.poll(all[at]);
        true
    }

    fn poll(&mut self, at: usize) {
        let at_slot = |(_, send): &(usize, &Sending)| send.stage == Stage::AtSlot;
        let others_queue = self.sends.iter().enumerate().filter(at_slot).any(|(i, _)| i != at);
        let send = &mut self.sends[at];
        let (entry, before) = (send.entry, send.stage);
        let bell = Bell::new();
        send.bells.push(Arc::clone(&bell));
        let polled = bell.poll(send.task.as_mut());
        drop(bell);
        let expected = self.model.poll(entry, before);
        match (polled, expected) {
            (Poll::Pending, Err(stage)) => {
                send.stage = stage;
                if send.is_told() {
                    // Decision 0011 says when it may ask, not that it does: once in a wait for a slot, and only while
                    // nobody stands in line for one.
                    let may = self.settings.second_polls && !before.has_weight();
                    assert!(may && stage == Stage::AtSlot, "{before:?} to {stage:?}: woke itself");
                    assert!(!others_queue, "asked, though others wait");
                    send.stage = Stage::AskedAgain;
                }
            }
            (Poll::Ready((handle, End::Answered(told))), Ok(expected)) => {
                assert_eq!(answer(told, entry), expected, "poll, {before:?}");
                let send = self.sends.remove(at);
                self.put_back(send, handle);
            }
            (polled, expected) => {
                panic!("ready: {}, the model says {expected:?}", polled.is_ready());
            }
        }
    }

    /// Ends a send before its time.
    fn end_send(&mut self, a: u8, verb: Verb) {
        let Some(at) = pick(a, self.sends.len()) else { return };
        let mut send = self.sends.remove(at);
        send.verb.set(verb);
        let Poll::Ready((handle, end)) = Bell::new().poll(send.task.as_mut()) else {
            panic!("a task does what it is told");
        };
        match (verb, end) {
            (Verb::Drop, End::Dropped) => {}
            (Verb::TakeBack, End::TakenBack(Some(parcel))) => {
                assert_eq!(parcel.counted.id, send.entry.id);
            }
            (verb, _) => panic!("{verb:?} ended otherwise"),
        }
        self.model.leave(send.entry, send.stage);
        self.put_back(send, handle);
    }

    /// The handle of a send that has ended, none of whose wakers is kept any longer.
    fn put_back(&mut self, send: Sending, handle: Out) {
        assert!(send.bells.iter().all(|bell| Arc::strong_count(bell) == 1), "a waker is kept");
        if send.alone {
            self.ports.push(Port { number: send.number, handle });
        } else {
            drop(handle);
            self.close_if_no_senders();
        }
    }

    /// Polls all that are new or were told, until none is.
    fn quiesce(&mut self) {
        for _ in 0..MOST_POLLS {
            if !self.poll_one_of(0, Sending::is_runnable) {
                return;
            }
        }
        panic!("no quiet after {MOST_POLLS} polls");
    }

    fn recv(&mut self, a: u8, recv: impl FnOnce(&mut dyn Receives, bool) -> Received<Hold>) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        let expected = self.model.next();
        let blocking = expected != Err(TryRecvError::Empty);
        let received = recv(&mut *self.berths[at].handle, blocking);
        self.received(received, expected);
    }

    fn received(&mut self, received: Received<Hold>, expected: Received<()>) {
        match (received, expected) {
            (Ok(hold), Ok(())) => self.accept(hold),
            (Err(why), Err(expected)) => assert_eq!(why, expected),
            (received, expected) => {
                panic!("received: {}, the model says {expected:?}", received.is_ok());
            }
        }
    }

    fn accept(&mut self, hold: Hold) {
        let entry = self.model.pop();
        self.hold(entry, hold);
    }

    fn hold(&mut self, entry: Entry, hold: Hold) {
        self.held.push(Held { entry, hold });
        if self.held.len() > MOST_HELD {
            self.let_go(0);
        }
    }

    fn try_recv_many(&mut self, a: u8, limit: usize) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        match (self.berths[at].handle.try_recv_many(limit), self.model.next()) {
            (Ok(items), Ok(())) => {
                assert_eq!(items.len(), limit.min(self.model.queue.len()));
                items.into_iter().for_each(|hold| self.accept(hold));
            }
            (received, expected) => assert_eq!(received.err(), expected.err()),
        }
    }

    fn drain(&mut self, a: u8) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        let items = self.berths[at].handle.drain();
        assert_eq!(items.len(), self.model.queue.len());
        items.into_iter().for_each(|hold| self.accept(hold));
    }

    fn poll_recv(&mut self, a: u8) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        let berth = &mut self.berths[at];
        berth.bell = Bell::new();
        let polled = Arc::clone(&berth.bell).with(|cx| berth.handle.poll_recv(cx));
        let asked_again = polled.is_pending() && berth.bell.rings() > 0;
        let may = self.settings.second_polls && !berth.registered && !berth.asked_again;
        assert!(!asked_again || may, "a receiver woke itself");
        berth.asked_again = asked_again;
        berth.registered = polled.is_pending() && !asked_again;
        let received = match polled {
            Poll::Ready(received) => received.map_err(|_| TryRecvError::Closed),
            Poll::Pending => Err(TryRecvError::Empty),
        };
        self.received(received, self.model.next());
    }

    fn request(&mut self, a: u8, n: u64) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        match self.berths[at].handle.request(n) {
            None => {}
            Some(Err(_)) => assert_eq!(n, 0),
            Some(Ok(demand)) => {
                self.model.requested = self.model.requested.saturating_add(n);
                assert_eq!(demand, self.model.credits());
            }
        }
    }

    /// Drops something that was received.
    fn let_go(&mut self, a: u8) {
        let Some(at) = pick(a, self.held.len()) else { return };
        let Held { entry, hold } = self.held.remove(at);
        if hold.message().is_some() {
            self.model.taken -= entry.takes();
        }
        self.model.acked += u64::from(hold.has_credit());
        drop(hold);
    }

    /// Takes something that was received apart, as far as that goes.
    fn unpack(&mut self, a: u8, in_parts: bool) {
        let Some(at) = pick(a, self.held.len()) else { return };
        let Held { entry, hold } = self.held.remove(at);
        let holds = match hold {
            Hold::Weighed(message) => {
                self.model.taken -= entry.takes();
                vec![Hold::Bare(message.into_inner())]
            }
            Hold::Delivered(delivery) if in_parts => {
                let (message, lease) = delivery.into_parts();
                vec![Hold::Weighed(message), Hold::Credit(lease)]
            }
            Hold::Delivered(delivery) => {
                self.model.taken -= entry.takes();
                vec![Hold::Credited(delivery.map(Weighted::into_inner))]
            }
            Hold::Credited(delivery) => {
                let (parcel, lease) = delivery.into_parts();
                vec![Hold::Bare(parcel), Hold::Credit(lease)]
            }
            Hold::Credit(lease) => {
                self.model.acked += 1;
                lease.release();
                vec![]
            }
            Hold::Bare(parcel) => vec![Hold::Bare(parcel)],
        };
        self.held.extend(holds.into_iter().map(|hold| Held { entry, hold }));
    }

    /// Sends something that was received again, by the sender behind the budget: it keeps its weight, and so does
    /// what comes back in its place.
    fn resend(&mut self, a: u8, b: u8, way: Way) {
        if !way.is_for(self.settings.mode) {
            return;
        }
        let Some(port) = pick(a, self.ports.len()) else { return };
        let weighed = |&at: &usize| matches!(self.held[at].hold, Hold::Weighed(_));
        let weighed: Vec<_> = (0..self.held.len()).filter(weighed).collect();
        let Some(at) = pick(b, weighed.len()) else { return };
        let Held { entry, hold: Hold::Weighed(message) } = self.held.remove(weighed[at]) else {
            unreachable!("chosen among those")
        };
        match self.ports[port].handle.resend(message, way) {
            Ok((answer, messages)) => {
                let (expected, entries) = self.model.resend(entry, way);
                let ids: Vec<_> = messages.iter().map(|message| message.counted.id).collect();
                let expected_ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
                assert_eq!((answer, ids), (expected, expected_ids), "{way:?}");
                for (entry, message) in entries.into_iter().zip(messages) {
                    self.hold(entry, Hold::Weighed(message));
                }
            }
            Err(message) => self.hold(entry, Hold::Weighed(message)),
        }
    }

    fn clone_sender(&mut self, a: u8) {
        let Some(at) = pick(a, self.ports.len()) else { return };
        if self.ports.len() == MOST_HANDLES {
            return;
        }
        if let Some(handle) = self.ports[at].handle.another() {
            self.ports.push(Port { number: self.handles_made, handle });
            self.handles_made += 1;
        }
    }

    /// Sends that use the handle keep it, and so the channel open.
    fn drop_sender(&mut self, a: u8) {
        let Some(at) = pick(a, self.ports.len()) else { return };
        drop(self.ports.remove(at));
        self.close_if_no_senders();
    }

    fn senders(&self) -> usize {
        let ports = self.ports.iter().map(|port| port.number);
        let all: BTreeSet<_> = ports.chain(self.sends.iter().map(|send| send.number)).collect();
        all.len()
    }

    fn close_if_no_senders(&mut self) {
        if self.senders() == 0 {
            self.model.close();
        }
    }

    fn close_by_sender(&mut self, a: u8) {
        let Some(at) = pick(a, self.ports.len()) else { return };
        assert_eq!(self.ports[at].handle.close(), self.model.close());
    }

    fn clone_receiver(&mut self, a: u8) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        if self.berths.len() < MOST_HANDLES {
            self.berths.extend(self.berths[at].handle.another().map(Berth::new));
        }
    }

    fn drop_receiver(&mut self, a: u8) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        drop(self.berths.remove(at));
        if self.berths.is_empty() {
            self.model.discard();
        }
    }

    fn close_by_receiver(&mut self, a: u8) {
        let Some(at) = pick(a, self.berths.len()) else { return };
        assert_eq!(self.berths[at].handle.close(), self.model.close());
    }

    /// What must hold after every operation.
    fn check(&self) {
        self.check_weight();
        self.check_numbers();
        self.check_messages();
        self.check_tellings();
    }

    /// What is queued, what was received and not unpacked, and what sends wait for a slot with, is what of the
    /// budget is out. The rest can be had, which later answers tell.
    fn check_weight(&self) {
        let model = &self.model;
        let queued = model.queue.iter().map(|entry| entry.takes());
        let holds = self.held.iter().filter_map(|Held { entry, hold }| {
            let message = hold.message()?;
            assert_eq!(message.weight(), entry.takes(), "of what was received");
            Some(entry.takes())
        });
        let sends = self.sends.iter().filter(|send| send.stage.has_weight());
        let sends = sends.map(|send| send.entry.takes());
        assert_eq!(queued.chain(holds).chain(sends).sum::<u64>(), model.taken);
        assert!(model.taken <= self.settings.budget, "beyond the budget");
        if let Some(Port { handle, .. }) = self.ports.first() {
            assert_eq!((handle.weight(), handle.budget()), (model.taken, self.settings.budget));
        }
    }

    fn check_numbers(&self) {
        let ends = (self.senders(), self.berths.len(), self.model.closed);
        if let Some(Port { handle, .. }) = self.ports.first() {
            // Those who wait for weight, told or not, are among the senders that wait.
            self.check_stats(&handle.stats(), self.model.line.len());
            assert_eq!(handle.ends(), ends);
        }
        if let Some(Berth { handle, .. }) = self.berths.first() {
            self.check_stats(&handle.stats(), 0);
            assert_eq!(handle.ends(), ends);
        }
    }

    fn check_stats(&self, stats: &Stats, in_line: usize) {
        let model = &self.model;
        if let Mode::Pulled(_) = self.settings.mode {
            values_conserved(stats); // they ask for more or fewer than there are slots
        } else {
            conserved(stats);
        }
        assert_eq!((stats.capacity, stats.reserved), (self.settings.capacity, 0));
        assert_eq!(stats.queued, model.queue.len());
        assert_eq!((stats.sent, stats.received), (model.sent, model.received));
        assert_eq!((stats.acked, stats.in_delivery), (model.acked, model.in_delivery()));
        assert_eq!(stats.dropped, model.dropped);
        if model.requested < u64::MAX {
            assert_eq!(stats.available + stats.deferred, model.credits(), "{stats:?}");
        }
        let at_slot = |send: &&Sending| send.stage == Stage::AtSlot && !send.is_told();
        let at_slot = self.sends.iter().filter(at_slot).count();
        assert_eq!(stats.waiting_senders, in_line + at_slot, "senders that wait");
        let asleep = self.berths.iter().filter(|berth| berth.is_asleep()).count();
        assert_eq!(stats.waiting_receivers, asleep, "receivers that wait");
    }

    /// Every message is somewhere, and no other is alive.
    fn check_messages(&self) {
        for Held { entry, hold } in &self.held {
            assert!(hold.parcel().is_none_or(|parcel| parcel.counted.id == entry.id), "in order");
        }
        let held = self.held.iter().filter(|held| held.hold.parcel().is_some()).count();
        let expected = self.model.queue.len() + self.sends.len() + held;
        assert_eq!(self.census.alive(), expected, "messages alive");
    }

    /// No wake-up was lost: who could go on was told, or somebody was who will pass it on.
    fn check_tellings(&self) {
        let model = &self.model;
        let at = |stage| self.sends.iter().filter(move |send| send.stage == stage);
        if model.closed {
            let untold = at(Stage::InLine).chain(at(Stage::AtSlot)).find(|send| !send.is_told());
            assert!(untold.is_none(), "not told of the close: {:?}", untold.map(|send| send.entry));
        }
        // Those behind the first in line are told when they are the first.
        if let Some(first) = model.line.first().filter(|first| model.has_weight_for(**first)) {
            let told = at(Stage::InLine).any(|send| send.entry == *first && send.is_told());
            assert!(told, "there is weight for {first:?}, who was not told");
        }
        // Where they wait for a slot, one who was told tells the next when it leaves.
        if model.has_room() && at(Stage::AtSlot).next().is_some() {
            assert!(at(Stage::AtSlot).any(Sending::is_told), "there is room, and nobody was told");
        }
        if model.next() != Err(TryRecvError::Empty) {
            assert!(!self.berths.iter().any(Berth::is_asleep), "a receiver was not told");
        }
    }

    /// Lets everything go, one by one.
    fn finish(mut self) {
        self.quiesce();
        self.check();
        while !self.sends.is_empty() {
            self.end_send(0, Verb::Drop);
            self.check();
        }
        if self.settings.senders_first {
            self.drop_all_senders();
        }
        while !self.held.is_empty() {
            self.let_go(0);
            self.check();
        }
        while !self.berths.is_empty() {
            self.drop_receiver(0);
            self.check();
        }
        assert_eq!(self.model.taken, 0, "all of the budget is back");
        self.drop_all_senders();
        assert_eq!(self.census.alive(), 0, "messages that nobody has");
    }

    fn drop_all_senders(&mut self) {
        while !self.ports.is_empty() {
            self.drop_sender(0);
            self.check();
        }
    }
}

/// What a send was told; a message that comes back is the one that was given.
fn answer(told: Result<(), WeighError<Parcel>>, entry: Entry) -> Answer {
    let Err(why) = told else { return Answer::Sent };
    let answer = match &why {
        WeighError::Full(_) => Answer::Full,
        WeighError::TooLarge(_) => Answer::TooLarge,
        WeighError::Closed(_) => Answer::Closed,
    };
    assert_eq!(why.into_inner().counted.id, entry.id, "{answer:?}");
    answer
}

fn op() -> impl Strategy<Value = Op> {
    let a = any::<u8>();
    // Light ones too: with them it is the queue that fills first.
    let weight = prop_oneof![2 => 0..16_u64, 1 => 0..2_u64];
    let patience = prop_oneof![
        Just(Patience::Endless),
        Just(Patience::AlmostEndless),
        Just(Patience::AMoment),
        Just(Patience::NoTime),
        Just(Patience::Past),
    ];
    let asked = prop_oneof![4 => 0..4_u64, 1 => Just(u64::MAX)];
    // Every policy: a mode is chosen apart, and does without those that it does not have.
    let policy = prop::sample::select(Mode::Latest.policies()).prop_map(Way::Offer);
    let way = prop_oneof![1 => Just(Way::Try), 1 => Just(Way::Force), 4 => policy];
    prop_oneof![
        6 => (a, weight.clone()).prop_map(|(a, weight)| Op::TrySend(a, weight)),
        4 => (a, weight.clone(), patience)
            .prop_map(|(a, weight, patience)| Op::SendInTime(a, weight, patience)),
        10 => (a, weight).prop_map(|(a, weight)| Op::StartSend(a, weight)),
        12 => a.prop_map(Op::Poll),
        8 => a.prop_map(Op::PollTold),
        2 => a.prop_map(Op::DropSend),
        2 => a.prop_map(Op::TakeBack),
        1 => Just(Op::Quiesce),
        6 => a.prop_map(Op::TryRecv),
        2 => a.prop_map(Op::RecvInTime),
        2 => (a, 1..4_usize).prop_map(|(a, limit)| Op::TryRecvMany(a, limit)),
        1 => a.prop_map(Op::Drain),
        2 => a.prop_map(Op::PollRecv),
        2 => (a, asked).prop_map(|(a, n)| Op::Request(a, n)),
        5 => a.prop_map(Op::LetGo),
        5 => (a, any::<bool>()).prop_map(|(a, in_parts)| Op::Unpack(a, in_parts)),
        10 => (a, a, way).prop_map(|(a, b, way)| Op::Resend(a, b, way)),
        2 => a.prop_map(Op::CloneSender),
        1 => a.prop_map(Op::CloneReceiver),
        // Seldom, since little goes on after it.
        1 => prop_oneof![
            a.prop_map(Op::DropSender),
            a.prop_map(Op::DropReceiver),
            a.prop_map(Op::CloseBySender),
            a.prop_map(Op::CloseByReceiver),
        ],
    ]
}

/// Budgets begin at 1: see the test of those that are refused.
fn settings(
    channel: Channel,
    mode: impl Strategy<Value = Mode>,
) -> impl Strategy<Value = Settings> {
    let oversize = prop_oneof![Just(Oversize::Reject), Just(Oversize::AdmitAlone)];
    let start = prop_oneof![Just(0), Just(NEAR_WRAP)];
    let sizes = (1..=4_usize, 1..=12_u64, oversize, start);
    (mode, sizes, any::<bool>(), any::<bool>()).prop_map(
        move |(mode, (capacity, budget, oversize, start), second_polls, senders_first)| Settings {
            channel,
            mode,
            capacity: if mode == Mode::Latest { 1 } else { capacity },
            budget,
            oversize,
            start,
            second_polls,
            senders_first,
        },
    )
}

fn obeys(channel: Channel, mode: impl Strategy<Value = Mode>) {
    let input = (settings(channel, mode), prop::collection::vec(op(), 1..100));
    holds((6_000, 25_000), &input, |(settings, ops)| {
        let mut machine = Machine::new(&settings);
        machine.check();
        for op in ops {
            machine.apply(op);
            machine.check();
        }
        machine.finish();
    });
}

macro_rules! obeying {
    ($($channel:ident: $name:ident),*) => {
        mod on {$(
            mod $name {
                use proptest::prelude::*;

                use crate::{Channel, Mode, obeys};

                #[test]
                fn plain() {
                    obeys(Channel::$channel, Just(Mode::Plain));
                }

                #[test]
                fn acknowledged() {
                    obeys(Channel::$channel, (1..4_usize).prop_map(Mode::Acknowledged));
                }

                #[test]
                fn pulled() {
                    let few = (0..6_u64).prop_map(Mode::Pulled);
                    let endless = Just(Mode::Pulled(u64::MAX));
                    obeys(Channel::$channel, prop_oneof![3 => few, 1 => endless]);
                }

                #[test]
                fn evicting() {
                    obeys(Channel::$channel, Just(Mode::Evicting));
                }

                #[test]
                fn latest() {
                    obeys(Channel::$channel, Just(Mode::Latest));
                }
            }
        )*}
    };
}
obeying!(Spsc: spsc, Mpsc: mpsc, Mpmc: mpmc);

#[test]
fn a_budget_is_neither_nothing_nor_more_than_can_be_counted() {
    const MOST: u64 = 1 << 48;
    let with = |total| {
        let weigh = |weight: &u64| *weight;
        catch_unwind(|| weighted(mpsc::bounded(1), total, Oversize::Reject, weigh)).is_ok()
    };
    assert_eq!([0, 1, MOST, MOST + 1].map(with), [false, true, true, false]);
}
