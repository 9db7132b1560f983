//! Operations of senders, and of permits.

use backpressure::{Offered, SendError, SendTimeoutError, TrySendError};
use std::task::Poll;

use super::{Gate, MOST_HANDLES, Machine, Port, Running, State, Want};
use crate::face::{Patience, SendJob};
use crate::model::Room;
use crate::puppet::{End, Pull, Report};
use crate::{Policy, entry, pick};

impl Machine {
    pub(super) fn try_send(&mut self, a: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let value = self.message();
        let id = value.id;
        let answer = self.senders[at].handle.try_send(value);
        match (self.model.attempt(), answer) {
            (Room::For(_), Ok(())) => self.model.push([id]),
            (Room::Full, Err(TrySendError::Full(back)))
            | (Room::Closed, Err(TrySendError::Closed(back))) => assert_eq!(back.id, id),
            (expected, answer) => panic!("try_send: {answer:?}, the model says {expected:?}"),
        }
    }

    pub(super) fn send_in_time(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let patience = match b % 4 {
            0 => Patience::Timeout,
            1 => Patience::Deadline,
            _ if self.model.would_send(1) => Patience::Endless,
            _ => return,
        };
        let value = self.message();
        let id = value.id;
        let answer = self.senders[at].handle.send(value, patience);
        match (self.model.attempt(), answer) {
            (Room::For(_), Ok(())) => self.model.push([id]),
            (Room::Full, Err(SendTimeoutError::Timeout(back)))
            | (Room::Closed, Err(SendTimeoutError::Closed(back))) => assert_eq!(back.id, id),
            (expected, answer) => panic!("send: {answer:?}, the model says {expected:?}"),
        }
    }

    pub(super) fn try_send_many(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let mut values = self.messages(usize::from(b % 12));
        let ids: Vec<_> = values.iter().map(|value| value.id).collect();
        let answer = self.senders[at].handle.try_send_many(&mut values);
        let sent = if ids.is_empty() {
            assert_eq!(answer.is_err(), self.model.closed);
            0
        } else {
            match (self.model.attempt(), answer) {
                (Room::For(n), Ok(sent)) => {
                    assert_eq!(sent, ids.len().min(n as usize), "sent at once");
                    self.model.push(ids[..sent].iter().copied());
                    sent
                }
                (Room::Full, Ok(0)) | (Room::Closed, Err(SendError(0))) => 0,
                (expected, answer) => {
                    panic!("try_send_many: {answer:?}, the model says {expected:?}")
                }
            }
        };
        assert!(values.iter().map(|value| value.id).eq(ids[sent..].iter().copied()));
    }

    /// The blocking kind, when it need not block.
    pub(super) fn send_many_now(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let n = usize::from(b % 9);
        if !self.model.would_send(n as u64) {
            return;
        }
        let mut values = self.messages(n);
        let ids: Vec<_> = values.iter().map(|value| value.id).collect();
        let answer = self.senders[at].handle.send_many(&mut values);
        if n > 0 {
            self.model.attempt();
        }
        if self.model.closed {
            assert_eq!((answer, values.len()), (Err(SendError(0)), n));
        } else {
            assert_eq!((answer, values.len()), (Ok(n), 0));
            if n > 0 {
                self.model.push(ids);
            }
        }
    }

    pub(super) fn offer(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let policy = entry(self.channel.mode.policies(), b);
        let value = self.message();
        let id = value.id;
        let answer = self.senders[at].handle.offer(value, policy);
        let expected = match (self.model.attempt(), policy) {
            (Room::Closed, _) => Err(TrySendError::Closed(id)),
            (Room::For(_), _) => {
                self.model.push([id]);
                Ok(Offered::Sent)
            }
            (Room::Full, Policy::Fail) => Err(TrySendError::Full(id)),
            (Room::Full, policy) => Ok(self.displace(policy, id)),
        };
        let answer = answer.map(ids).map_err(|error| match error {
            TrySendError::Full(value) => TrySendError::Full(value.id),
            TrySendError::Closed(value) => TrySendError::Closed(value.id),
        });
        assert_eq!(answer, expected, "{policy:?}");
    }

    /// What a policy does with a full channel.
    fn displace(&mut self, policy: Policy, id: u64) -> Offered<u64> {
        let displaced = match policy {
            Policy::DropOldest => self.model.displace(id).map(Offered::Evicted),
            Policy::Clear => self.model.clear(id).map(Offered::Cleared),
            Policy::Merge => self.model.merge(id).then_some(Offered::Merged),
            Policy::Fail | Policy::DropNewest => None,
        };
        displaced.unwrap_or_else(|| {
            self.model.dropped.rejected += 1;
            Offered::Rejected(id)
        })
    }

    pub(super) fn force_send(&mut self, a: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        if !self.channel.mode.evicts() {
            return;
        }
        let value = self.message();
        let id = value.id;
        let answer = self.senders[at].handle.force_send(value);
        let answer = answer.map(|back| back.map(|value| value.id)).map_err(|error| error.0.id);
        let expected = match self.model.attempt() {
            Room::Closed => Err(id),
            Room::For(_) => {
                self.model.push([id]);
                Ok(None)
            }
            Room::Full => match self.displace(Policy::DropOldest, id) {
                Offered::Evicted(back) | Offered::Rejected(back) => Ok(Some(back)),
                other => panic!("{other:?}"),
            },
        };
        assert_eq!(answer, expected);
    }

    pub(super) fn poll_ready(&mut self, a: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let Port { handle, berth } = &mut self.senders[at];
        berth.ringing.answer();
        let polled = berth.ringing.bell.with(|cx| handle.poll_ready(cx));
        let expected = match (self.model.closed, self.model.would_send(1)) {
            (true, _) => Poll::Ready(Err(SendError(()))),
            (false, true) => Poll::Ready(Ok(())),
            (false, false) => Poll::Pending,
        };
        assert_eq!(polled, expected);
        self.sender_polled(at, polled.is_pending());
    }

    pub(super) fn poll_reserve(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        let mut gift = (b % 2 == 1).then(|| self.message());
        let id = gift.as_ref().map(|gift| gift.id);
        let Port { handle, berth } = &mut self.senders[at];
        berth.ringing.answer();
        let polled = berth.ringing.bell.with(|cx| handle.poll_reserve(cx, &mut gift));
        match (self.model.attempt(), &polled) {
            (Room::For(_), Poll::Ready(Ok(Ok(())))) => {
                assert!(gift.is_none());
                if let Some(id) = id {
                    self.model.push([id]);
                }
            }
            (Room::Closed, Poll::Ready(Err(SendError(())))) | (Room::Full, Poll::Pending) => {}
            (expected, polled) => panic!("poll_reserve: {polled:?}, the model says {expected:?}"),
        }
        self.sender_polled(at, polled.is_pending());
    }

    fn sender_polled(&mut self, at: usize, is_pending: bool) {
        if self.senders[at].berth.polled(&self.channel, is_pending) {
            self.left(Gate::Tx);
        }
    }

    /// One permit or several, at once; as a task of its own, which holds them.
    pub(super) fn take_permits(&mut self, a: u8, b: u8) {
        let n = 1 + usize::from(b % 8) % self.channel.capacity;
        let several = (n > 1 || b >= 128).then_some(n);
        let job = if b & 64 != 0 && self.model.would_send(n as u64) {
            SendJob::ReserveNow(several)
        } else {
            SendJob::TryReserve(several)
        };
        if let Some(mut task) = self.sending(a, job, Want::Reserve(n)) {
            match self.pull(&mut task, Pull::Poll) {
                Some(End::Refused) => {
                    let room = self.model.attempt();
                    assert!(!matches!(room, Room::For(room) if room >= n as u64), "{room:?}");
                }
                None => self.granted(&mut task, n),
                Some(other) => panic!("{other:?}"),
            }
            self.keep(task);
        }
    }

    /// A task got its credits.
    pub(super) fn granted(&mut self, task: &mut Running, n: usize) {
        let room = self.model.attempt();
        assert!(matches!(room, Room::For(room) if room >= n as u64), "granted {n}, {room:?}");
        let report = task.strings.report.take();
        assert!(matches!(report, Some(Report::Granted(m)) if m == n), "{report:?}");
        self.model.held += n;
        task.state = State::Holding(n);
    }

    /// The position of the task with permits that a byte points at.
    fn holder(&self, a: u8) -> Option<(usize, usize)> {
        let held = self.tasks.iter().enumerate().filter_map(|(at, task)| match task.state {
            State::Holding(n) => Some((at, n)),
            _ => None,
        });
        let holders: Vec<_> = held.collect();
        pick(a, holders.len()).map(|at| holders[at])
    }

    pub(super) fn send_with_permit(&mut self, a: u8) {
        let Some((at, n)) = self.holder(a) else { return };
        if n == 0 {
            return;
        }
        let value = self.message();
        let id = value.id;
        let mut task = self.tasks.remove(at);
        task.strings.gift.set(Some(value));
        let end = self.pull(&mut task, Pull::Send);
        let Some(Report::Sent(answer)) = task.strings.report.take() else {
            panic!("a permit sends at once")
        };
        // A single permit gives its credit back when it could not be used, several keep it.
        let used = end.is_some() || answer.is_ok();
        match answer {
            Ok(()) => {
                assert!(!self.model.sealed);
                self.model.held -= 1;
                self.model.push([id]);
            }
            Err(SendError(back)) => {
                assert!(self.model.sealed && back.id == id);
                self.model.held -= usize::from(used);
            }
        }
        task.state = State::Holding(n - usize::from(used));
        self.keep(task);
    }

    pub(super) fn let_permits_go(&mut self, a: u8, forget: bool) {
        let Some((at, n)) = self.holder(a) else { return };
        let mut task = self.tasks.remove(at);
        let end = self.pull(&mut task, if forget { Pull::Forget } else { Pull::Cancel });
        assert!(matches!(end, Some(End::Released)), "{end:?}");
        self.release(n, forget);
        self.keep(task);
    }

    /// Permits are gone.
    pub(super) fn release(&mut self, n: usize, forgotten: bool) {
        self.model.held -= n;
        if forgotten {
            self.model.lost += n;
        }
    }

    pub(super) fn clone_sender(&mut self, a: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        if self.model.senders >= MOST_HANDLES {
            return;
        }
        if let Some(another) = self.senders[at].handle.another() {
            self.senders.push(Port::new(another));
            self.model.senders += 1;
        }
    }

    pub(super) fn drop_sender(&mut self, a: u8) {
        if let Some(at) = pick(a, self.senders.len()) {
            drop(self.senders.remove(at));
            self.model.drop_sender();
            self.everybody_was_told(self.model.senders == 0);
        }
    }

    pub(super) fn downgrade(&mut self, a: u8) {
        let Some(at) = pick(a, self.senders.len()) else { return };
        if self.weak.len() < MOST_HANDLES {
            self.weak.extend(self.senders[at].handle.downgrade());
        }
    }

    /// Makes a sender of a weak one, or drops the weak one.
    pub(super) fn upgrade(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.weak.len()) else { return };
        if b >= 192 {
            self.weak.remove(at);
        } else if self.model.senders < MOST_HANDLES {
            let sender = self.weak[at].upgrade();
            assert_eq!(sender.is_some(), self.model.senders > 0);
            if let Some(sender) = sender {
                self.senders.push(Port::new(sender));
                self.model.senders += 1;
            }
        }
    }

    pub(super) fn close_by_sender(&mut self, a: u8) {
        if let Some(at) = pick(a, self.senders.len()) {
            let first = self.senders[at].handle.close();
            assert_eq!(first, self.model.close());
            self.everybody_was_told(first);
        }
    }
}

/// The numbers of the values.
fn ids(offered: Offered<crate::value::Message>) -> Offered<u64> {
    match offered {
        Offered::Sent => Offered::Sent,
        Offered::Merged => Offered::Merged,
        Offered::Rejected(value) => Offered::Rejected(value.id),
        Offered::Evicted(value) => Offered::Evicted(value.id),
        Offered::Cleared(values) => Offered::Cleared(values.iter().map(|value| value.id).collect()),
        other => panic!("{other:?}"),
    }
}
