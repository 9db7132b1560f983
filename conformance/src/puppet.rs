//! Futures that do what they are told: how operations on handles become entities without unsafe code.
//!
//! A future borrows its handle. So that a list can hold both, each runs inside an async block that owns the
//! handle and gives it back at the end. [`Strings`] say what the next poll of the block does: poll the future,
//! drop it, forget it, or make use of the permit that came out of it.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use backpressure::flavour::Flavour;
use backpressure::future::{
    ClosedFuture, DrainedFuture, RecvFuture, RecvManyFuture, ReserveFuture, ReserveManyFuture,
    SendFuture, SendManyFuture,
};
use backpressure::{Permit, Permits, RecvError, SendError};

use crate::value::{Item, Message};

/// What the next poll is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pull {
    #[default]
    Poll,
    Cancel,
    Forget,
    /// End the future, and ask it for its value.
    Reclaim,
    /// Send the gift with the permit in hand.
    Send,
}

/// What a task does on its way.
#[derive(Debug)]
pub(crate) enum Report {
    /// It has so many credits in hand.
    Granted(usize),
    /// It sent with one of them.
    Sent(Result<(), SendError<Message>>),
}

/// How a task ended.
#[derive(Debug)]
pub(crate) enum End {
    Cancelled,
    Forgotten,
    Reclaimed(Option<Message>),
    Sent(Result<(), SendError<Message>>),
    SentMany(Result<usize, SendError<usize>>),
    /// No permit: closed (or, for attempts, full).
    Refused,
    /// The permit is gone.
    Released,
    Received(Result<Item, RecvError>),
    ReceivedMany(Result<usize, RecvError>),
    /// Closed, drained, or whatever else was waited for.
    Came,
}

/// A task: gives back what it owned, and what else was in it.
pub(crate) type Task<H> = Pin<Box<dyn Future<Output = (H, End)>>>;

/// What futures say of themselves.
pub(crate) trait Telling: Future {
    fn is_terminated(&self) -> bool;
    /// How many of a batch were sent.
    fn sent(&self) -> usize {
        0
    }
}

macro_rules! telling {
    ($($future:ident),*) => {$(
        impl<T, F: Flavour> Telling for $future<'_, T, F>
        where
            Self: Future,
        {
            fn is_terminated(&self) -> bool {
                Self::is_terminated(self)
            }
        }
    )*};
}
telling!(SendFuture, ReserveFuture, ReserveManyFuture, RecvFuture, RecvManyFuture);
telling!(ClosedFuture, DrainedFuture);

impl<T, F: Flavour> Telling for SendManyFuture<'_, T, F> {
    fn is_terminated(&self) -> bool {
        Self::is_terminated(self)
    }
    fn sent(&self) -> usize {
        Self::sent(self)
    }
}

/// How a machine and one of its tasks talk.
#[derive(Default)]
pub(crate) struct Strings {
    pub(crate) pull: Cell<Pull>,
    pub(crate) gift: Cell<Option<Message>>,
    pub(crate) report: Cell<Option<Report>>,
    /// How many of a batch were sent so far.
    pub(crate) sent: Cell<usize>,
    /// What a batch still has to send, when it is over.
    pub(crate) rest: RefCell<Vec<Message>>,
    /// What a batch received, when it is over.
    pub(crate) batch: RefCell<Vec<Item>>,
}

/// What became of a future.
pub(crate) enum Driven<F: Future> {
    Done(F::Output),
    Cancelled,
    Forgotten,
    Reclaimed(F),
}

impl<F: Future> Driven<F> {
    /// The end of the task, if that is all there is to say.
    pub(crate) fn end(self, done: impl FnOnce(F::Output) -> End) -> End {
        match self {
            Self::Done(output) => done(output),
            Self::Cancelled | Self::Reclaimed(_) => End::Cancelled,
            Self::Forgotten => End::Forgotten,
        }
    }
}

/// Makes a future that is polled after its end stay pending, as those of the channels do by themselves.
pub(crate) struct Fused<F>(pub(crate) Option<F>);

impl<F: Future + Unpin> Future for Fused<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        let done = Pin::new(future).poll(cx);
        if done.is_ready() {
            self.0 = None;
        }
        done
    }
}

impl<F: Future + Unpin> Telling for Fused<F> {
    fn is_terminated(&self) -> bool {
        self.0.is_none()
    }
}

impl Strings {
    /// Polls the future whenever the strings say so, until they say otherwise. Once it has ended it must stay
    /// pending.
    pub(crate) async fn drive<F: Telling + Unpin>(&self, future: F) -> Driven<F> {
        let mut future = Some(future);
        let pulled = poll_fn(|cx| match (self.pull.get(), &mut future) {
            (Pull::Poll, Some(future)) => {
                let polled = Pin::new(&mut *future).poll(cx);
                assert_eq!(future.is_terminated(), polled.is_ready());
                self.sent.set(future.sent());
                polled.map(|output| {
                    assert!(Pin::new(future).poll(cx).is_pending(), "polled after its end");
                    Ok(output)
                })
            }
            (other, _) => Poll::Ready(Err(other)),
        })
        .await;
        match (pulled, future) {
            (Ok(output), _) => Driven::Done(output),
            (Err(Pull::Forget), future) => {
                std::mem::forget(future);
                Driven::Forgotten
            }
            (Err(Pull::Reclaim), Some(future)) => Driven::Reclaimed(future),
            _ => Driven::Cancelled,
        }
    }

    /// Waits for the next pull.
    async fn next(&self) -> Pull {
        let mut before = true;
        poll_fn(|_| match std::mem::take(&mut before) {
            true => Poll::Pending,
            false => Poll::Ready(self.pull.get()),
        })
        .await
    }

    fn send(&self, send: impl FnOnce(Message) -> Result<(), SendError<Message>>) {
        let gift = self.gift.take().expect("a pull to send comes with a message");
        self.report.set(Some(Report::Sent(send(gift))));
    }

    /// Keeps a permit until it is used, dropped or forgotten.
    pub(crate) async fn hold<F: Flavour>(&self, permit: Permit<'_, Message, F>) -> End {
        self.report.set(Some(Report::Granted(1)));
        loop {
            match self.next().await {
                Pull::Send => self.send(|gift| permit.send(gift)),
                Pull::Forget => std::mem::forget(permit),
                Pull::Cancel => drop(permit),
                Pull::Poll | Pull::Reclaim => continue,
            }
            return End::Released;
        }
    }

    /// The same for several.
    pub(crate) async fn hold_many<F: Flavour>(&self, mut permits: Permits<'_, Message, F>) -> End {
        self.report.set(Some(Report::Granted(permits.len())));
        loop {
            match self.next().await {
                Pull::Send => {
                    let before = permits.len();
                    self.send(|gift| {
                        let sent = permits.send(gift);
                        assert_eq!(permits.len(), before - usize::from(sent.is_ok()));
                        sent
                    });
                    continue;
                }
                Pull::Forget => std::mem::forget(permits),
                Pull::Cancel => drop(permits),
                Pull::Poll | Pull::Reclaim => continue,
            }
            return End::Released;
        }
    }
}
