//! One face for the handles of every flavour, so that the machine is written and compiled once.

use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use backpressure::flavour::{Ack, Evict, Keep, Kind, Latest, Many, One, Pull as Pulled};
use backpressure::pressure::{Expiry, PressureWatch, Stats};
use backpressure::{
    Offered, Receiver, RecvError, RecvTimeoutError, RequestError, SendError, SendTimeoutError,
    Sender, TryRecvError, TrySendError, WeakSender,
};

use crate::Policy;
use crate::puppet::{Driven, End, Fused, Strings, Task};
use crate::value::{Item, Message};

/// What a handle says of its channel.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) stats: Stats,
    pub(crate) len: usize,
    pub(crate) capacity: usize,
    pub(crate) reserved: usize,
    pub(crate) is_empty: bool,
    pub(crate) is_full: bool,
    pub(crate) is_closed: bool,
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
}

/// What a sender does as a task.
#[derive(Debug)]
pub(crate) enum SendJob {
    One(Message),
    Many(Vec<Message>),
    Reserve,
    ReserveMany(usize),
    /// At once, one or several, or not at all.
    TryReserve(Option<usize>),
    /// The same, blocking: for when it cannot come to that.
    ReserveNow(Option<usize>),
    Closed,
    Drained,
}

/// What a receiver does as a task.
#[derive(Debug)]
pub(crate) enum ReceiveJob {
    One,
    Many(usize),
    Fresh(Expiry),
    Drained,
}

/// How long an attempt may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// A timeout of nothing, a deadline that has passed.
    Timeout,
    Deadline,
    /// Any: for when it cannot come to that.
    Endless,
}

pub(crate) type Out = Box<dyn Outgoing>;
pub(crate) type In = Box<dyn Incoming>;

/// A sender.
pub(crate) trait Outgoing {
    fn view(&self) -> View;
    fn try_send(&mut self, value: Message) -> Result<(), TrySendError<Message>>;
    fn send(&mut self, value: Message, patience: Patience)
    -> Result<(), SendTimeoutError<Message>>;
    fn try_send_many(&mut self, values: &mut Vec<Message>) -> Result<usize, SendError<usize>>;
    fn send_many(&mut self, values: &mut Vec<Message>) -> Result<usize, SendError<usize>>;
    fn offer(
        &mut self,
        value: Message,
        policy: Policy,
    ) -> Result<Offered<Message>, TrySendError<Message>>;
    fn force_send(&mut self, value: Message) -> Result<Option<Message>, SendError<Message>>;
    /// Whether a credit was granted; it is given back, or the gift is sent with it.
    fn poll_reserve(
        &mut self,
        cx: &mut Context<'_>,
        gift: &mut Option<Message>,
    ) -> Poll<Result<Result<(), SendError<Message>>, SendError<()>>>;
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>>;
    fn close(&self) -> bool;
    fn is_drained_now(&self) -> bool;
    fn pressure(&self) -> Option<PressureWatch>;
    fn another(&self) -> Option<Out>;
    fn downgrade(&self) -> Option<Box<dyn Dormant>>;
    fn start(self: Box<Self>, job: SendJob, strings: Rc<Strings>) -> Task<Out>;
}

/// A weak sender.
pub(crate) trait Dormant {
    fn upgrade(&self) -> Option<Out>;
}

/// A receiver.
pub(crate) trait Incoming {
    fn view(&self) -> View;
    fn try_recv(&mut self) -> Result<Item, TryRecvError>;
    fn recv(&mut self, patience: Patience) -> Result<Item, RecvTimeoutError>;
    fn try_recv_many(&mut self, into: &mut Vec<Item>, limit: usize) -> Result<usize, TryRecvError>;
    fn recv_many(&mut self, into: &mut Vec<Item>, limit: usize) -> Result<usize, RecvError>;
    fn try_recv_fresh(&mut self, expiry: &Expiry) -> Result<Item, TryRecvError>;
    fn recv_fresh(&mut self, expiry: &Expiry) -> Result<Item, RecvError>;
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, RecvError>>;
    fn drain(&mut self) -> Vec<Item>;
    fn try_iter(&mut self, most: usize) -> Vec<Item>;
    fn iter_next(&mut self, by_ref: bool) -> Option<Item>;
    /// So many at the most; then the receiver is gone.
    fn into_items(self: Box<Self>, most: usize) -> Vec<Item>;
    fn request(&self, n: u64) -> Result<u64, RequestError>;
    fn request_unbounded(&self);
    fn demand(&self) -> u64;
    fn close(&self) -> bool;
    fn is_drained_now(&self) -> bool;
    fn pressure(&self) -> Option<PressureWatch>;
    fn another(&self) -> Option<In>;
    fn start(self: Box<Self>, job: ReceiveJob, strings: Rc<Strings>) -> Task<In>;
}

/// Waits for a change of the level as a task.
pub(crate) fn start_watching(
    mut watch: PressureWatch,
    strings: Rc<Strings>,
) -> Task<PressureWatch> {
    Box::pin(async move {
        let end = strings.drive(Fused(Some(watch.changed()))).await.end(|_| End::Came);
        (watch, end)
    })
}

macro_rules! view {
    ($handle:expr) => {
        View {
            stats: $handle.stats(),
            len: $handle.len(),
            capacity: $handle.capacity(),
            reserved: $handle.reserved(),
            is_empty: $handle.is_empty(),
            is_full: $handle.is_full(),
            is_closed: $handle.is_closed(),
            senders: $handle.sender_count(),
            receivers: $handle.receiver_count(),
        }
    };
}

macro_rules! sender {
    ($kind:ty, $senders:ident, $mode:ident) => {
        impl Outgoing for Sender<Message, $kind> {
            fn view(&self) -> View {
                view!(self)
            }
            fn try_send(&mut self, value: Message) -> Result<(), TrySendError<Message>> {
                Self::try_send(self, value)
            }
            fn send(
                &mut self,
                value: Message,
                patience: Patience,
            ) -> Result<(), SendTimeoutError<Message>> {
                match patience {
                    Patience::Timeout => Self::send_timeout(self, value, Duration::ZERO),
                    Patience::Deadline => Self::send_deadline(self, value, Instant::now()),
                    Patience::Endless => Self::send(self, value).map_err(Into::into),
                }
            }
            fn try_send_many(
                &mut self,
                values: &mut Vec<Message>,
            ) -> Result<usize, SendError<usize>> {
                Self::try_send_many(self, values)
            }
            fn send_many(&mut self, values: &mut Vec<Message>) -> Result<usize, SendError<usize>> {
                Self::send_many(self, values)
            }
            fn offer(
                &mut self,
                value: Message,
                policy: Policy,
            ) -> Result<Offered<Message>, TrySendError<Message>> {
                crate::offer!($mode, Self, self, value, policy, newest)
            }
            fn force_send(
                &mut self,
                value: Message,
            ) -> Result<Option<Message>, SendError<Message>> {
                crate::force!($mode, Self, self, value)
            }
            fn poll_reserve(
                &mut self,
                cx: &mut Context<'_>,
                gift: &mut Option<Message>,
            ) -> Poll<Result<Result<(), SendError<Message>>, SendError<()>>> {
                Self::poll_reserve(self, cx).map_ok(|permit| match gift.take() {
                    Some(gift) => permit.send(gift),
                    None => Ok(drop(permit)),
                })
            }
            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
                Self::poll_ready(self, cx)
            }
            fn close(&self) -> bool {
                Self::close(self)
            }
            fn is_drained_now(&self) -> bool {
                let drained = self.wait_drained_timeout(Duration::ZERO);
                if drained {
                    self.wait_drained();
                }
                drained
            }
            fn pressure(&self) -> Option<PressureWatch> {
                Self::pressure(self)
            }
            fn another(&self) -> Option<Out> {
                another!($senders, self)
            }
            fn downgrade(&self) -> Option<Box<dyn Dormant>> {
                downgrade!($senders, self)
            }
            fn start(mut self: Box<Self>, job: SendJob, strings: Rc<Strings>) -> Task<Out> {
                Box::pin(async move {
                    let tx = &mut *self;
                    let end = match job {
                        SendJob::One(value) => match strings.drive(tx.send_async(value)).await {
                            Driven::Reclaimed(future) => End::Reclaimed(future.into_inner()),
                            other => other.end(End::Sent),
                        },
                        SendJob::Many(mut values) => {
                            let sent = strings.drive(tx.send_many_async(&mut values)).await;
                            let end = sent.end(End::SentMany);
                            strings.rest.replace(values);
                            end
                        }
                        SendJob::Reserve => match strings.drive(tx.reserve_async()).await {
                            Driven::Done(Ok(permit)) => strings.hold(permit).await,
                            other => other.end(|_| End::Refused),
                        },
                        SendJob::ReserveMany(n) => {
                            match strings.drive(tx.reserve_many_async(n)).await {
                                Driven::Done(Ok(permits)) => strings.hold_many(permits).await,
                                other => other.end(|_| End::Refused),
                            }
                        }
                        SendJob::TryReserve(None) => match tx.try_reserve() {
                            Ok(permit) => strings.hold(permit).await,
                            Err(_) => End::Refused,
                        },
                        SendJob::TryReserve(Some(n)) => match tx.try_reserve_many(n) {
                            Ok(permits) => strings.hold_many(permits).await,
                            Err(_) => End::Refused,
                        },
                        SendJob::ReserveNow(None) => match tx.reserve() {
                            Ok(permit) => strings.hold(permit).await,
                            Err(_) => End::Refused,
                        },
                        SendJob::ReserveNow(Some(n)) => match tx.reserve_many(n) {
                            Ok(permits) => strings.hold_many(permits).await,
                            Err(_) => End::Refused,
                        },
                        SendJob::Closed => strings.drive(tx.closed()).await.end(|()| End::Came),
                        SendJob::Drained => strings.drive(tx.drained()).await.end(|()| End::Came),
                    };
                    (self as Out, end)
                })
            }
        }
    };
}

macro_rules! receiver {
    ($kind:ty, $receivers:ident, $mode:ident) => {
        impl Incoming for Receiver<Message, $kind> {
            fn view(&self) -> View {
                view!(self)
            }
            fn try_recv(&mut self) -> Result<Item, TryRecvError> {
                Self::try_recv(self).map(Item::from)
            }
            fn recv(&mut self, patience: Patience) -> Result<Item, RecvTimeoutError> {
                match patience {
                    Patience::Timeout => Self::recv_timeout(self, Duration::ZERO).map(Item::from),
                    Patience::Deadline => Self::recv_deadline(self, Instant::now()).map(Item::from),
                    Patience::Endless => Self::recv(self).map(Item::from).map_err(Into::into),
                }
            }
            fn try_recv_many(
                &mut self,
                into: &mut Vec<Item>,
                limit: usize,
            ) -> Result<usize, TryRecvError> {
                let mut batch = Vec::new();
                let answer = Self::try_recv_many(self, &mut batch, limit);
                into.extend(batch.into_iter().map(Item::from));
                answer
            }
            fn recv_many(
                &mut self,
                into: &mut Vec<Item>,
                limit: usize,
            ) -> Result<usize, RecvError> {
                let mut batch = Vec::new();
                let answer = Self::recv_many(self, &mut batch, limit);
                into.extend(batch.into_iter().map(Item::from));
                answer
            }
            fn try_recv_fresh(&mut self, expiry: &Expiry) -> Result<Item, TryRecvError> {
                Self::try_recv_fresh(self, expiry).map(Item::from)
            }
            fn recv_fresh(&mut self, expiry: &Expiry) -> Result<Item, RecvError> {
                Self::recv_fresh(self, expiry).map(Item::from)
            }
            fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Item, RecvError>> {
                Self::poll_recv(self, cx).map_ok(Item::from)
            }
            fn drain(&mut self) -> Vec<Item> {
                Self::drain(self).map(Item::from).collect()
            }
            fn try_iter(&mut self, most: usize) -> Vec<Item> {
                Self::try_iter(self).take(most).map(Item::from).collect()
            }
            fn iter_next(&mut self, by_ref: bool) -> Option<Item> {
                let item = match by_ref {
                    true => self.into_iter().next(),
                    false => Self::iter(self).next(),
                };
                item.map(Item::from)
            }
            fn into_items(self: Box<Self>, most: usize) -> Vec<Item> {
                Self::into_iter(*self).take(most).map(Item::from).collect()
            }
            fn request(&self, n: u64) -> Result<u64, RequestError> {
                pulled!($mode, Self::request(self, n), n)
            }
            fn request_unbounded(&self) {
                pulled!($mode, Self::request_unbounded(self), ())
            }
            fn demand(&self) -> u64 {
                pulled!($mode, Self::demand(self), ())
            }
            fn close(&self) -> bool {
                Self::close(self)
            }
            fn is_drained_now(&self) -> bool {
                let drained = self.wait_drained_timeout(Duration::ZERO);
                if drained {
                    self.wait_drained();
                }
                drained
            }
            fn pressure(&self) -> Option<PressureWatch> {
                Self::pressure(self)
            }
            fn another(&self) -> Option<In> {
                another!($receivers, self)
            }
            fn start(mut self: Box<Self>, job: ReceiveJob, strings: Rc<Strings>) -> Task<In> {
                Box::pin(async move {
                    let rx = &mut *self;
                    let end = match job {
                        ReceiveJob::One => strings
                            .drive(rx.recv_async())
                            .await
                            .end(|answer| End::Received(answer.map(Item::from))),
                        ReceiveJob::Many(limit) => {
                            let mut batch = Vec::new();
                            let received =
                                strings.drive(rx.recv_many_async(&mut batch, limit)).await;
                            let end = received.end(End::ReceivedMany);
                            strings.batch.borrow_mut().extend(batch.into_iter().map(Item::from));
                            end
                        }
                        ReceiveJob::Fresh(expiry) => {
                            let fresh = Box::pin(rx.recv_fresh_async(&expiry));
                            let received = strings.drive(Fused(Some(fresh))).await;
                            received.end(|answer| End::Received(answer.map(Item::from)))
                        }
                        ReceiveJob::Drained => {
                            strings.drive(rx.drained()).await.end(|()| End::Came)
                        }
                    };
                    (self as In, end)
                })
            }
        }
    };
}

/// Merges by dropping what was queued.
pub(crate) fn newest(queued: Message, new: Message) -> Message {
    assert!(queued.id < new.id, "the queued value comes first");
    new
}

macro_rules! pulled {
    (Pulled, $call:expr, $n:expr) => {
        $call
    };
    ($mode:ident, $call:expr, $n:expr) => {
        unreachable!("nobody asks for {:?} here", $n)
    };
}

macro_rules! another {
    (One, $handle:ident) => {
        None
    };
    (Many, $handle:ident) => {{
        let another = $handle.clone();
        assert!($handle.same_channel(&another));
        Some(Box::new(another))
    }};
}

macro_rules! downgrade {
    (One, $handle:ident) => {
        None
    };
    (Many, $handle:ident) => {
        Some(Box::new(Self::downgrade($handle)))
    };
}

macro_rules! faces {
    ($($senders:ident $receivers:ident $mode:ident),* $(,)?) => {$(
        sender!(Kind<$senders, $receivers, $mode>, $senders, $mode);
        receiver!(Kind<$senders, $receivers, $mode>, $receivers, $mode);
        dormant!($senders $receivers $mode);
    )*};
}

macro_rules! dormant {
    (One $receivers:ident $mode:ident) => {};
    (Many $receivers:ident $mode:ident) => {
        impl Dormant for WeakSender<Message, Kind<Many, $receivers, $mode>> {
            fn upgrade(&self) -> Option<Out> {
                Self::clone(self).upgrade().map(|sender| Box::new(sender) as Out)
            }
        }
    };
}

faces!(
    One One Keep, Many One Keep, Many Many Keep,
    One One Ack, Many One Ack, Many Many Ack,
    One One Pulled, Many One Pulled, Many Many Pulled,
    One One Evict, Many One Evict, Many Many Evict,
    One One Latest, Many One Latest, Many Many Latest,
);
