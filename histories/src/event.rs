//! What is recorded: calls with their answers, and when both happened.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A message. Each is sent once in a history.
pub type Value = u16;

/// A call together with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Sent(Value),
    SendFull(Value),
    SendClosed(Value),
    /// So many from the front of a batch were accepted; none means Full.
    SentMany(Vec<Value>, usize),
    SendManyClosed,
    /// Values that one call took, of at most so many that it asked for.
    Received(Vec<Value>, usize),
    ReceivedEmpty,
    ReceivedClosed,
    /// A send that would have evicted, and was accepted without.
    Forced(Value),
    Evicted {
        new: Value,
        old: Value,
    },
    Rejected(Value),
    Cleared {
        new: Value,
        old: Vec<Value>,
    },
    Reserved(usize),
    ReserveFull(usize),
    ReserveClosed(usize),
    PermitSent(Value),
    PermitClosed(Value),
    PermitDropped(usize),
    /// Whether this close was the first.
    Closed(bool),
    SenderDropped,
    ReceiverDropped,
    /// One message was acknowledged.
    Acknowledged,
    Requested(usize),
}

/// An event and its interval on the common clock.
#[derive(Clone, Debug)]
pub struct Call {
    pub event: Event,
    pub called: u64,
    pub answered: u64,
}

/// What each thread did, in its own order.
#[derive(Clone, Debug, Default)]
pub struct History(pub Vec<Vec<Call>>);

/// The clock that all threads of a history read.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Default for Clock {
    fn default() -> Self {
        let ticks = AtomicU64::new(0);
        Self::reading(move || ticks.fetch_add(1, Ordering::SeqCst))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Clock {
    /// A clock of the caller's, which never shows the same twice. Whoever reads it must come after all who
    /// read it before, also in the memory model that the test runs under.
    pub fn reading(tick: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(tick))
    }

    fn now(&self) -> u64 {
        (self.0)()
    }

    /// An empty log of one thread.
    #[must_use]
    pub fn log(&self) -> Log {
        Log { clock: self.clone(), calls: Vec::new() }
    }
}

/// What one thread does.
#[derive(Debug)]
pub struct Log {
    clock: Clock,
    pub calls: Vec<Call>,
}

impl Log {
    /// Makes a call, which says by itself what the event was.
    pub fn record(&mut self, call: impl FnOnce() -> Event) {
        self.record_with(|| (call(), ()));
    }

    /// The same for calls whose result is used further.
    pub fn record_with<R>(&mut self, call: impl FnOnce() -> (Event, R)) -> R {
        let called = self.clock.now();
        let (event, result) = call();
        self.calls.push(Call { event, called, answered: self.clock.now() });
        result
    }
}

impl History {
    /// A history in which everything happened one after the other, for tests of the checker.
    #[must_use]
    pub fn sequential(events: Vec<Event>) -> Self {
        let clock = Clock::default();
        let mut log = clock.log();
        for event in events {
            log.record(|| event);
        }
        Self(vec![log.calls])
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.0.iter().enumerate();
        let mut calls: Vec<_> =
            threads.flat_map(|(thread, calls)| calls.iter().map(move |c| (thread, c))).collect();
        calls.sort_by_key(|(_, call)| call.called);
        for (thread, Call { event, called, answered }) in calls {
            writeln!(f, "{called:>4} - {answered:<4} thread {thread}: {event:?}")?;
        }
        Ok(())
    }
}
