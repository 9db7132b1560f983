//! Operations on a gate of credits and on its [`Model`], side by side, on one thread.
//!
//! Waits are tasks that operations start, poll, cancel and forget. The gate knows no clock but the system's, so
//! blocking operations come with a timeout of nothing or a deadline that has passed, or when they need not wait.

mod check;
mod model;
mod ops;

use std::time::{Duration, Instant};

use backpressure::credit::{AcquireFuture, PauseGuard, Permit};
use backpressure::{AcquireError, Credits, WaitStrategy};

use crate::bell::Ringing;
use crate::channel::STRATEGIES;
use crate::{entry, pick};
use model::{MOST, Model, Ticket};
pub use ops::{Op, VERBS, Verb};

/// So many waits there are at most.
const MOST_WAITS: usize = 8;
/// So many times as much as a gate can have is more than can be counted.
const HOARD: u32 = 2 * 4096 + 10;
/// Bytes that say which gate.
pub const HEAD: usize = 3;

const SIZES: [u64; 12] = [1, 2, 3, 0, 5, 8, 10, 100, 1 << 31, 1 << 47, MOST - 1, MOST];
const CROWDS: [usize; 5] = [usize::MAX, 1, 2, 3, 0];

/// A gate to be made.
#[derive(Clone, Debug)]
pub struct Settings {
    pub pool: bool,
    pub fifo: bool,
    pub strategy: WaitStrategy,
    pub max_waiters: usize,
    pub size: u64,
}

/// A gate, and what is done with it.
#[derive(Clone, Debug)]
pub struct Case {
    pub settings: Settings,
    pub ops: Vec<Op>,
}

/// A wait as a task.
struct Wait<'a> {
    future: AcquireFuture<'a>,
    n: u64,
    /// From the first poll that found too little.
    ticket: Option<Ticket>,
    ringing: Ringing,
}

/// A forgotten wait, which still stands in line.
struct Ghost {
    n: u64,
    ringing: Ringing,
}

struct Machine<'a> {
    handles: &'a [Credits; 2],
    model: Model,
    settings: &'a Settings,
    waits: Vec<Wait<'a>>,
    ghosts: Vec<Ghost>,
    permits: Vec<Permit<'a>>,
    /// Kept until the end: to the gate that is the same as forgotten, and no memory is lost.
    forgotten: Vec<Permit<'a>>,
    pauses: Vec<PauseGuard>,
    hoarded: bool,
    /// How many notifications forgotten waits may have in the place of others.
    absorbed: u32,
}

impl Settings {
    /// Any bytes mean some gate.
    #[must_use]
    pub fn from_bytes([kind, size, crowd]: [u8; HEAD]) -> Self {
        Self {
            pool: kind & 1 == 0,
            fifo: kind & 2 != 0,
            strategy: entry(&STRATEGIES, kind / 4),
            max_waiters: entry(&CROWDS, crowd),
            size: entry(&SIZES, size),
        }
    }

    fn make(&self) -> Credits {
        let builder = Credits::builder().max_waiters(self.max_waiters).wait_strategy(self.strategy);
        let builder = if self.fifo { builder.fifo() } else { builder };
        if self.pool { builder.pool(self.size) } else { builder.on_demand(self.size) }
    }
}

impl Case {
    /// Any bytes mean some case.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let ops = Op::all_from_bytes(rest, &VERBS);
        Some(Self { settings: Settings::from_bytes(*head), ops })
    }

    /// Carries it out.
    ///
    /// # Panics
    /// If the gate does not do what its model does.
    pub fn run(&self) {
        let gate = self.settings.make();
        let handles = [gate.clone(), gate];
        let mut machine = Machine {
            handles: &handles,
            model: Model::new(&self.settings),
            settings: &self.settings,
            waits: Vec::new(),
            ghosts: Vec::new(),
            permits: Vec::new(),
            forgotten: Vec::new(),
            pauses: Vec::new(),
            hoarded: false,
            absorbed: 0,
        };
        machine.check();
        for op in &self.ops {
            machine.apply(*op);
            machine.check();
        }
        machine.finish();
    }
}

impl<'a> Machine<'a> {
    fn handle(&self, a: u8) -> &'a Credits {
        &self.handles[usize::from(a) % 2]
    }

    /// How many: small numbers, those around what the gate has, and those around every limit.
    fn amount(&self, b: u8) -> u64 {
        let there = self.model.available.max(0) as u64;
        let most = self.model.most as u64;
        match b % 22 {
            9 => there,
            10 => there.saturating_add(1),
            11 => most,
            12 => most.saturating_add(1),
            13 => most / 2,
            14 => u64::from(u32::MAX),
            15 => 1 << 32,
            16 => MOST - 1,
            17 => MOST,
            18 => MOST + 1,
            19 => 1 << 60,
            20 => u64::MAX - 1,
            21 => u64::MAX,
            n => n.into(),
        }
    }

    fn apply(&mut self, Op { verb, a, b }: Op) {
        let n = self.amount(b);
        match verb {
            Verb::TryAcquire => self.try_acquire(a, n),
            Verb::UpTo => {
                let permit = self.handle(a).acquire_up_to(n);
                assert_eq!(permit.as_ref().map_or(0, Permit::credits), self.model.up_to(n));
                self.got(permit);
            }
            Verb::AcquireInTime => self.acquire_in_time(a, n),
            Verb::AcquireAsync => self.start(a, n),
            Verb::Poll => {
                self.poll_one_of(a, |_| true);
            }
            Verb::PollWoken => {
                self.poll_one_of(a, |wait| wait.ringing.is_rung());
            }
            Verb::Cancel => self.end_wait(a, false),
            Verb::ForgetWait => self.end_wait(a, true),
            Verb::Quiesce => self.quiesce(),
            Verb::Release
            | Verb::Spend
            | Verb::Split
            | Verb::Merge
            | Verb::MergeForeign
            | Verb::Own
            | Verb::ForgetPermit => self.with_permit(verb, a, n, b),
            Verb::Hoard => self.hoard(a, b),
            Verb::Grant => assert_eq!(self.handle(a).grant(n), self.model.grant(n), "granted"),
            Verb::GrantTo => {
                assert_eq!(self.handle(a).grant_to(n), self.model.grant_to(n), "granted");
            }
            Verb::Revoke => assert_eq!(self.handle(a).revoke(n), self.model.revoke(n), "revoked"),
            Verb::Drain => assert_eq!(self.handle(a).drain(), self.model.revoke(u64::MAX)),
            Verb::Resize => {
                let total = n.min(MOST);
                self.handle(a).resize(total);
                self.model.resize(total);
            }
            Verb::Pause => {
                self.pauses.push(self.handle(a).pause());
                self.model.pauses += 1;
            }
            Verb::Resume => self.resume(a),
            Verb::Close => assert_eq!(self.handle(a).close(), self.model.close()),
        }
        self.look_for_ghosts();
    }

    fn resume(&mut self, a: u8) {
        if let Some(at) = pick(a, self.pauses.len()) {
            drop(self.pauses.swap_remove(at));
            self.model.pauses -= 1;
        }
    }

    fn got(&mut self, permit: Option<Permit<'a>>) {
        if let Some(permit) = permit {
            self.model.acquire(permit.credits());
            self.permits.push(permit);
        }
    }

    /// Compares how an attempt ended, and keeps what it got.
    fn ended(
        &mut self,
        n: u64,
        answer: Result<Permit<'a>, AcquireError>,
        expected: Result<(), AcquireError>,
    ) {
        let credits = answer.as_ref().map(Permit::credits).map_err(|error| *error);
        assert_eq!(credits, expected.map(|()| n), "of {:?}", self.model);
        self.got(answer.ok());
    }

    fn try_acquire(&mut self, a: u8, n: u64) {
        let expected = self.model.attempt(n).unwrap_or(Err(AcquireError::Exhausted));
        let answer = self.handle(a).try_acquire(n);
        self.ended(n, answer, expected);
    }

    fn acquire_in_time(&mut self, a: u8, n: u64) {
        let gate = self.handle(a);
        let expected = self.model.attempt(n);
        let answer = match (a / 2 % 4, expected) {
            (0, _) => gate.acquire_timeout(n, Duration::ZERO),
            (1, _) => gate.acquire_deadline(n, Instant::now()),
            (_, None) => return,
            (2, _) => gate.acquire(n),
            _ => gate.acquire_timeout(n, Duration::MAX),
        };
        let late = match self.model.is_crowded() {
            true => AcquireError::TooManyWaiters,
            false => AcquireError::TimedOut,
        };
        self.ended(n, answer, expected.unwrap_or(Err(late)));
        if expected.is_none() && late == AcquireError::TimedOut {
            // It stood in line, and passed on what it left.
            self.passed_on();
        }
    }

    fn start(&mut self, a: u8, n: u64) {
        if self.waits.len() < MOST_WAITS {
            let future = self.handle(a).acquire_async(n);
            self.waits.push(Wait { future, n, ticket: None, ringing: Ringing::default() });
        }
    }

    fn poll_one_of(&mut self, a: u8, chosen: impl Fn(&Wait<'_>) -> bool) -> bool {
        let all = self.waits.iter().enumerate().filter(|(_, wait)| chosen(wait));
        let all: Vec<_> = all.map(|(at, _)| at).collect();
        let Some(at) = pick(a, all.len()) else { return false };
        let mut wait = self.waits.remove(all[at]);
        wait.ringing.answer();
        let polled = wait.ringing.bell.poll(std::pin::Pin::new(&mut wait.future));
        let newcomer = wait.ticket.is_none();
        let expected = match self.model.poll(wait.n, wait.ticket) {
            None if newcomer && self.model.is_crowded() => Some(Err(AcquireError::TooManyWaiters)),
            other => other,
        };
        match (polled, expected) {
            (std::task::Poll::Ready(answer), Some(expected)) => {
                self.ended(wait.n, answer, expected);
                assert!(wait.future.is_terminated());
                self.left(wait.ticket);
            }
            (std::task::Poll::Pending, None) => {
                if newcomer {
                    wait.ticket = Some(self.model.enlist());
                }
                assert!(!wait.future.is_terminated());
                self.waits.insert(all[at], wait);
            }
            (polled, expected) => {
                panic!("a wait for {}: {polled:?}, the model says {expected:?}", wait.n)
            }
        }
        self.look_for_ghosts();
        true
    }

    /// A wait is over, and passed on what it left.
    fn left(&mut self, ticket: Option<Ticket>) {
        if let Some(ticket) = ticket {
            self.model.leave(ticket);
            self.passed_on();
        }
    }

    /// Somebody told the next in line that there is more: whoever that is looks for all there is, unless it
    /// was forgotten.
    fn passed_on(&mut self) {
        if self.ghosts.is_empty() {
            self.absorbed = 0;
        }
    }

    fn end_wait(&mut self, a: u8, forget: bool) {
        let Some(at) = pick(a, self.waits.len()) else { return };
        let Wait { future, n, ticket, ringing } = self.waits.remove(at);
        if forget {
            std::mem::forget(future);
            if ticket.is_some() {
                self.ghosts.push(Ghost { n, ringing });
            }
        } else {
            drop(future);
            self.left(ticket);
        }
    }

    /// Polls everything that is new or was woken, until nothing is.
    fn quiesce(&mut self) {
        // Each poll ends a wait or makes it sleep; an end wakes a few others.
        for _ in 0..100 * MOST_WAITS {
            if !self.poll_one_of(0, |wait| wait.ticket.is_none() || wait.ringing.is_rung()) {
                return;
            }
        }
        panic!("not quiet: {:?}", self.model);
    }

    fn with_permit(&mut self, verb: Verb, a: u8, n: u64, b: u8) {
        let Some(at) = pick(a, self.permits.len()) else { return };
        if verb == Verb::Split {
            return self.split(at, n);
        }
        let mut permit = self.permits.swap_remove(at);
        let credits = permit.credits();
        match verb {
            Verb::Release => {
                drop(permit);
                self.model.release(credits);
            }
            Verb::Spend => {
                permit.spend();
                self.model.spend(credits);
            }
            Verb::ForgetPermit => {
                self.forgotten.push(permit);
                self.model.forget(credits);
            }
            Verb::Own => self.permits.push(permit.into_owned()),
            Verb::MergeForeign => {
                let foreign = Credits::pool(1);
                let other = foreign.try_acquire(1).expect("a pool of its own");
                let other = permit.merge(other).expect_err("it is of another gate");
                assert_eq!((permit.credits(), other.credits()), (credits, 1));
                self.permits.push(permit);
            }
            _ => self.merge(permit, b),
        }
    }

    fn split(&mut self, at: usize, n: u64) {
        let permit = &mut self.permits[at];
        let before = permit.credits();
        let part = permit.split(n);
        assert_eq!(part.is_some(), (1..=before).contains(&n));
        let taken = part.as_ref().map_or(0, Permit::credits);
        assert_eq!((taken, permit.credits()), (if part.is_some() { n } else { 0 }, before - taken));
        self.permits.extend(part);
    }

    fn merge(&mut self, mut permit: Permit<'a>, b: u8) {
        if let Some(at) = pick(b, self.permits.len()) {
            let other = self.permits.swap_remove(at);
            let (one, two) = (permit.credits(), other.credits());
            let merged = permit.merge(other);
            assert_eq!(merged.is_ok(), Model::may_merge(one, two));
            assert_eq!(permit.credits(), if merged.is_ok() { one + two } else { one });
            self.permits.extend(merged.err());
        }
        self.permits.push(permit);
    }

    /// Takes all there can be, time after time, into a few permits: towards the most that can be counted.
    fn hoard(&mut self, a: u8, b: u8) {
        // The vast kind takes its time: once in a case.
        let vast = b == u8::MAX && !std::mem::replace(&mut self.hoarded, true);
        let rounds = if vast { HOARD } else { u32::from(b) / 16 };
        for _ in 0..rounds {
            let n = self.model.most.max(1) as u64;
            assert_eq!(self.handle(a).grant(n), self.model.grant(n));
            if !matches!(self.model.attempt(n), Some(Ok(()))) {
                return;
            }
            self.try_acquire(a, n);
            if let Some(newest) = self.permits.pop() {
                self.merge(newest, 0);
            }
        }
    }

    /// Forgotten waits may have been told in the place of others.
    fn look_for_ghosts(&mut self) {
        self.ghosts.retain(|ghost| {
            let told = ghost.ringing.is_rung();
            self.absorbed += u32::from(told && ghost.n == 1);
            !told
        });
    }

    /// Lets everything go, in some order.
    fn finish(mut self) {
        self.quiesce();
        self.check();
        while !self.pauses.is_empty() {
            self.resume(0);
            self.look_for_ghosts();
            self.check();
        }
        while !self.permits.is_empty() {
            self.with_permit(Verb::Release, 0, 0, 0);
            self.look_for_ghosts();
            self.check();
        }
        self.quiesce();
        self.check();
        while !self.waits.is_empty() {
            self.end_wait(0, false);
            self.look_for_ghosts();
            self.check();
        }
    }
}
