//! Operations on futures: they are created, polled, dropped and forgotten like everything else.

use std::rc::Rc;

use backpressure::{RecvError, SendError};

use super::{
    Berth, Body, Gate, Ghost, MOST_TASKS, Machine, Port, Running, State, Verb, Want, Watch,
};
use crate::bell::Ringing;
use crate::face::{ReceiveJob, SendJob, start_watching};
use crate::model::{Next, Room};
use crate::pick;
use crate::puppet::{End, Pull, Strings};

/// More polls than there can be reasons for, before everything is quiet.
const MOST_POLLS: usize = 10_000;
/// So many deliveries that tasks received are kept, to be dealt with later.
const MOST_DELIVERIES: usize = 4;

impl Running {
    fn new(
        want: Want,
        berth: Berth,
        strings: &Rc<Strings>,
        body: impl FnOnce(Rc<Strings>) -> Body,
    ) -> Self {
        Self {
            body: body(strings.clone()),
            strings: strings.clone(),
            ringing: Ringing::default(),
            want,
            state: State::Fresh,
            berth,
        }
    }

    /// Where it is enlisted when it waits.
    pub(super) fn gate(&self) -> Gate {
        match self.want {
            Want::Send(_) | Want::SendMany(..) | Want::Reserve(_) | Want::Drained(true) => Gate::Tx,
            Want::Recv | Want::RecvMany(_) | Want::RecvFresh => Gate::Rx,
            Want::Closed | Want::Drained(false) => Gate::Closing,
            Want::Changed(_) => Gate::Changes,
        }
    }

    /// Whether one credit may not be enough for it, so that whoever comes next is told with it.
    pub(super) fn is_greedy(&self) -> bool {
        matches!(self.want, Want::Reserve(2..) | Want::Drained(_))
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.state == State::Waiting
    }

    fn holds(&self) -> bool {
        matches!(self.state, State::Holding(_))
    }

    fn is_runnable(&self) -> bool {
        self.state == State::Fresh || self.is_woken()
    }

    fn is_woken(&self) -> bool {
        self.state == State::AskedAgain || self.is_waiting() && self.ringing.is_rung()
    }
}

impl Machine {
    /// A task of a sender that is free.
    pub(super) fn sending(&mut self, a: u8, job: SendJob, want: Want) -> Option<Running> {
        let at = pick(a, self.senders.len()).filter(|_| self.tasks.len() < MOST_TASKS)?;
        let Port { handle, berth } = self.senders.remove(at);
        let body = |strings| Body::Tx(handle.start(job, strings));
        Some(Running::new(want, berth, &Rc::default(), body))
    }

    pub(super) fn start_sending(&mut self, verb: Verb, a: u8, b: u8) {
        if verb == Verb::DrainedAsync && b % 2 == 1 {
            return self.start_receiving(verb, a, b);
        }
        let n = 1 + usize::from(b % 8) % self.channel.capacity;
        let (job, want) = match verb {
            Verb::SendAsync => {
                let value = self.message();
                let id = value.id;
                (SendJob::One(value), Want::Send(id))
            }
            Verb::SendManyAsync => {
                let values = self.messages(usize::from(b % 12));
                let ids = values.iter().map(|value| value.id).collect();
                (SendJob::Many(values), Want::SendMany(ids, 0))
            }
            Verb::ReserveAsync if n == 1 && b < 128 => (SendJob::Reserve, Want::Reserve(1)),
            Verb::ReserveAsync => (SendJob::ReserveMany(n), Want::Reserve(n)),
            Verb::ClosedAsync => (SendJob::Closed, Want::Closed),
            _ => (SendJob::Drained, Want::Drained(false)),
        };
        let task = self.sending(a, job, want);
        self.tasks.extend(task);
    }

    pub(super) fn start_receiving(&mut self, verb: Verb, a: u8, b: u8) {
        let limit = usize::from(b / 2 % 6);
        let (job, want) = match verb {
            Verb::RecvAsync => (ReceiveJob::One, Want::Recv),
            Verb::RecvManyAsync => (ReceiveJob::Many(limit), Want::RecvMany(limit)),
            Verb::RecvFreshAsync => (ReceiveJob::Fresh(self.expiry.clone()), Want::RecvFresh),
            _ => (ReceiveJob::Drained, Want::Drained(false)),
        };
        let free = pick(a, self.receivers.len()).filter(|_| self.tasks.len() < MOST_TASKS);
        if let Some(at) = free {
            let Port { handle, berth } = self.receivers.remove(at);
            let body = |strings| Body::Rx(handle.start(job, strings));
            self.tasks.push(Running::new(want, berth, &Rc::default(), body));
        }
    }

    pub(super) fn start_watching(&mut self, a: u8) {
        let free = pick(a, self.watches.len()).filter(|_| self.tasks.len() < MOST_TASKS);
        if let Some(at) = free {
            let Watch { watch, seen } = self.watches.remove(at);
            let body = |strings| Body::Watch(start_watching(watch, strings));
            let want = Want::Changed(seen);
            self.tasks.push(Running::new(want, Berth::default(), &Rc::default(), body));
        }
    }

    /// Pulls the strings of a task once. At its end, what it owned comes back.
    pub(super) fn pull(&mut self, task: &mut Running, pull: Pull) -> Option<End> {
        task.strings.pull.set(pull);
        let bell = task.ringing.bell.clone();
        let berth = &mut task.berth;
        let (end, ended) = match &mut task.body {
            Body::Tx(body) => match bell.poll(body.as_mut()) {
                std::task::Poll::Ready((handle, end)) => {
                    self.senders.push(Port { handle, berth: std::mem::take(berth) });
                    (Some(end), true)
                }
                std::task::Poll::Pending => (None, false),
            },
            Body::Rx(body) => match bell.poll(body.as_mut()) {
                std::task::Poll::Ready((handle, end)) => {
                    self.receivers.push(Port { handle, berth: std::mem::take(berth) });
                    (Some(end), true)
                }
                std::task::Poll::Pending => (None, false),
            },
            Body::Watch(body) => match bell.poll(body.as_mut()) {
                std::task::Poll::Ready((watch, end)) => {
                    let seen = match (&task.want, &end, &self.model.pressure) {
                        (_, End::Came, Some(pressure)) => pressure.epoch,
                        (Want::Changed(seen), ..) => *seen,
                        (other, ..) => panic!("a watch that wants {other:?}"),
                    };
                    self.watches.push(Watch { watch, seen });
                    (Some(end), true)
                }
                std::task::Poll::Pending => (None, false),
            },
            Body::Gone => panic!("a task goes on after its end"),
        };
        if ended {
            task.body = Body::Gone;
        }
        end
    }

    /// Puts a task back, unless it has ended.
    pub(super) fn keep(&mut self, task: Running) {
        if !matches!(task.body, Body::Gone) {
            self.tasks.push(task);
        }
    }

    pub(super) fn poll_task(&mut self, a: u8) {
        self.poll_one_of(a, |task| !task.holds());
    }

    pub(super) fn poll_woken(&mut self, a: u8) {
        self.poll_one_of(a, Running::is_woken);
    }

    /// Polls everything that is new or was woken, until nothing is.
    pub(super) fn quiesce(&mut self) {
        for _ in 0..MOST_POLLS {
            if !self.poll_one_of(0, Running::is_runnable) {
                return;
            }
        }
        panic!("no quiet after {MOST_POLLS} polls");
    }

    fn poll_one_of(&mut self, a: u8, chosen: impl Fn(&Running) -> bool) -> bool {
        let all = self.tasks.iter().enumerate().filter(|(_, task)| chosen(task));
        let all: Vec<_> = all.map(|(at, _)| at).collect();
        let Some(at) = pick(a, all.len()) else { return false };
        let mut task = self.tasks.remove(all[at]);
        self.poll(&mut task);
        self.keep(task);
        self.look_for_ghosts();
        true
    }

    /// One poll, and what the model says to it.
    fn poll(&mut self, task: &mut Running) {
        task.ringing.answer();
        let (was_waiting, gate) = (task.is_waiting(), task.gate());
        let (sent, expired) = (task.strings.sent.get(), self.model.dropped.expired);
        let end = self.pull(task, Pull::Poll);
        let is_pending = end.is_none();
        match (&mut task.want, end) {
            (Want::Send(id), end) => {
                let id = *id;
                match (self.model.attempt(), end) {
                    (Room::For(_), Some(End::Sent(Ok(())))) => self.model.push([id]),
                    (Room::Closed, Some(End::Sent(Err(back)))) => assert_eq!(back.0.id, id),
                    (Room::Full, None) => {}
                    (expected, end) => panic!("send: {end:?}, the model says {expected:?}"),
                }
            }
            (Want::SendMany(ids, sent), end) => {
                let expected = send_many(&mut self.model, ids, sent);
                assert_eq!((sent_many(end), task.strings.sent.get()), (expected, *sent));
                if !is_pending {
                    let rest = task.strings.rest.take();
                    assert!(rest.iter().map(|value| value.id).eq(ids.iter().copied()));
                }
            }
            (Want::Reserve(n), end) => {
                let n = *n;
                let granted = end.is_none() && self.model.would_send(n as u64);
                if granted && !self.model.closed {
                    self.granted(task, n);
                } else {
                    let closed = self.model.attempt() == Room::Closed;
                    assert_eq!(matches!(end, Some(End::Refused)), closed, "reserve: {end:?}");
                }
            }
            (Want::Closed, end) => assert_eq!(end.is_some(), self.model.closed),
            (Want::Drained(closed), end) => {
                *closed = self.model.closed;
                assert_eq!(end.is_some(), self.model.is_drained(), "drained");
            }
            (Want::Changed(seen), end) => {
                let pressure = self.model.pressure.as_ref().expect("a watched channel");
                let changed = pressure.epoch != *seen || self.model.closed;
                assert_eq!(end.is_some(), changed, "changed");
            }
            (Want::Recv | Want::RecvMany(_) | Want::RecvFresh, end) => self.received(task, end),
        }
        let waits = is_pending && !task.holds();
        let asked_again = waits && task.ringing.is_rung();
        if asked_again {
            // A batch waits anew after each part of it, and whoever wants something fresh after what is not.
            let got_on = task.strings.sent.get() > sent || self.model.dropped.expired > expired;
            let is_new = task.state == State::Fresh || got_on;
            let may = self.channel.has_second_polls() && is_new;
            assert!(may, "{:?} woke itself when it was {:?}", task.want, task.state);
            task.state = State::AskedAgain;
        } else if waits {
            task.state = State::Waiting;
        }
        if was_waiting && (asked_again || !waits) {
            self.left(gate);
        }
    }

    /// The end of a poll of a receiver.
    fn received(&mut self, task: &Running, end: Option<End>) {
        let keep = self.deliveries.len() < MOST_DELIVERIES;
        let (expected, items) = match (&task.want, end) {
            (Want::RecvMany(0), Some(End::ReceivedMany(Ok(0)))) => return,
            (Want::RecvFresh, Some(End::Received(Ok(item)))) => {
                (vec![self.fresh().expect("something fresh")], vec![item])
            }
            (Want::RecvFresh, end) => {
                let expected = self.fresh().expect_err("nothing fresh");
                return assert_nothing(expected, end);
            }
            (want, end) => {
                let limit = if let Want::RecvMany(limit) = want { *limit } else { 1 };
                match (self.model.ask(), end) {
                    (Next::Value, Some(End::Received(Ok(item)))) => (self.model.pop(1), vec![item]),
                    (Next::Value, Some(End::ReceivedMany(Ok(n)))) => {
                        assert_eq!(n, limit.min(self.model.queue.len()));
                        (self.model.pop(n), task.strings.batch.take())
                    }
                    (expected, end) => return assert_nothing(expected, end),
                }
            }
        };
        self.accept(items, &expected, keep);
    }

    /// A waiter that was enlisted at this gate left it, and told the next one: whoever that is looks for all
    /// there is, unless it was forgotten.
    pub(super) fn left(&mut self, gate: Gate) {
        if self.ghosts.iter().any(|ghost| ghost.gate == gate) {
            return;
        }
        match gate {
            Gate::Tx => self.absorbed[0] = 0,
            Gate::Rx => self.absorbed[1] = 0,
            Gate::Closing | Gate::Changes => {}
        }
    }

    /// Ends a task before its time.
    pub(super) fn end_task(&mut self, a: u8, pull: Pull) {
        let Some(at) = pick(a, self.tasks.len()) else { return };
        let mut task = self.tasks.remove(at);
        if let State::Holding(n) = task.state {
            if pull != Pull::Reclaim {
                let end = self.pull(&mut task, pull);
                assert!(matches!(end, Some(End::Released)), "{end:?}");
                self.release(n, pull == Pull::Forget);
            }
            return self.keep(task);
        }
        let end = self.pull(&mut task, pull);
        match (&task.want, end) {
            (Want::Send(id), Some(End::Reclaimed(Some(value)))) => assert_eq!(value.id, *id),
            (Want::Send(_), Some(End::Forgotten)) => self.leaked += 1,
            (Want::SendMany(ids, _), Some(End::Cancelled | End::Forgotten)) => {
                let rest = task.strings.rest.take();
                assert!(rest.iter().map(|value| value.id).eq(ids.iter().copied()));
            }
            (_, Some(End::Cancelled | End::Forgotten)) => {}
            (want, end) => panic!("{want:?} ended with {end:?}"),
        }
        let gate = task.gate();
        if task.is_waiting() && pull == Pull::Forget {
            let is_greedy = task.is_greedy();
            self.ghosts.push(Ghost { gate, is_greedy, ringing: task.ringing });
        } else if task.is_waiting() {
            self.left(gate);
        }
    }

    /// Forgotten futures may have been told in the place of others.
    pub(super) fn look_for_ghosts(&mut self) {
        self.ghosts.retain(|ghost| {
            let told = ghost.ringing.is_rung();
            match ghost.gate {
                Gate::Tx => self.absorbed[0] += usize::from(told && !ghost.is_greedy),
                Gate::Rx => self.absorbed[1] += usize::from(told && !ghost.is_greedy),
                Gate::Closing | Gate::Changes => {}
            }
            !told
        });
    }

    /// A close wakes everybody, ghosts or not.
    pub(super) fn everybody_was_told(&mut self, really: bool) {
        if really {
            self.look_for_ghosts();
            self.absorbed = [0; 2];
        }
    }
}

fn assert_nothing(expected: Next, end: Option<End>) {
    match (expected, end) {
        (Next::Closed, Some(End::Received(Err(RecvError)) | End::ReceivedMany(Err(RecvError))))
        | (Next::Empty, None) => {}
        (expected, end) => panic!("receive: {end:?}, the model says {expected:?}"),
    }
}

/// How a batch ended, if it did.
fn sent_many(end: Option<End>) -> Option<Result<usize, usize>> {
    match end {
        None => None,
        Some(End::SentMany(answer)) => Some(answer.map_err(|SendError(sent)| sent)),
        Some(other) => panic!("a batch ended with {other:?}"),
    }
}

/// One poll of a batch: sends what there is room for.
fn send_many(
    model: &mut crate::model::Model,
    ids: &mut Vec<u64>,
    sent: &mut usize,
) -> Option<Result<usize, usize>> {
    if ids.is_empty() {
        return Some(if model.closed { Err(*sent) } else { Ok(*sent) });
    }
    loop {
        match model.attempt() {
            Room::Closed => return Some(Err(*sent)),
            Room::Full => return None,
            Room::For(room) => {
                let n = ids.len().min(room as usize);
                model.push(ids.drain(..n));
                *sent += n;
                if ids.is_empty() {
                    return Some(Ok(*sent));
                }
            }
        }
    }
}
