//! Operations of receivers, and of deliveries.

use std::pin::Pin;
use std::task::Poll;

use backpressure::{
    Delivery, RecvError, RecvTimeoutError, RequestError, SendError, TryRecvError, TrySendError,
};

use super::{Gate, MAX_AGE, MOST_HANDLES, Machine, Port, STAGE};
use crate::bell::Bell;
use crate::face::Patience;
use crate::model::{Entry, Next};
use crate::pick;
use crate::value::Message;

impl Machine {
    /// Takes what is not too old, as the model has it, after dropping what is.
    pub(super) fn fresh(&mut self) -> Result<Entry, Next> {
        loop {
            match self.model.ask() {
                Next::Value => {}
                other => return Err(other),
            }
            let entry = self.model.pop(1)[0];
            if self.model.now - entry.stamped <= MAX_AGE {
                return Ok(entry);
            }
            self.model.expire();
        }
    }

    pub(super) fn try_recv(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let answer = self.receivers[at].handle.try_recv();
        match (self.model.ask(), answer) {
            (Next::Value, Ok(item)) => {
                let expected = self.model.pop(1);
                self.accept(vec![item], &expected, b % 2 == 0);
            }
            (Next::Empty, Err(TryRecvError::Empty)) | (Next::Closed, Err(TryRecvError::Closed)) => {
            }
            (expected, answer) => panic!("try_recv: {answer:?}, the model says {expected:?}"),
        }
    }

    pub(super) fn recv_in_time(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let patience = match b / 2 % 4 {
            0 => Patience::Timeout,
            1 => Patience::Deadline,
            _ if self.model.next() != Next::Empty => Patience::Endless,
            _ => return,
        };
        let answer = self.receivers[at].handle.recv(patience);
        match (self.model.ask(), answer) {
            (Next::Value, Ok(item)) => {
                let expected = self.model.pop(1);
                self.accept(vec![item], &expected, b % 2 == 0);
            }
            (Next::Empty, Err(RecvTimeoutError::Timeout))
            | (Next::Closed, Err(RecvTimeoutError::Closed)) => {}
            (expected, answer) => panic!("recv: {answer:?}, the model says {expected:?}"),
        }
    }

    pub(super) fn try_recv_many(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let limit = usize::from(b / 2 % 12);
        let mut batch = Vec::new();
        let answer = self.receivers[at].handle.try_recv_many(&mut batch, limit);
        let expected = match (limit, limit.min(self.model.queue.len())) {
            (0, _) => Ok(0),
            (_, 0) => match self.model.ask() {
                Next::Closed => Err(TryRecvError::Closed),
                _ => Err(TryRecvError::Empty),
            },
            (_, n) => Ok(n),
        };
        assert_eq!(answer, expected);
        self.accept_batch(batch, expected.unwrap_or(0), b);
    }

    fn accept_batch(&mut self, batch: Vec<crate::value::Item>, n: usize, b: u8) {
        if n > 0 {
            let expected = self.model.pop(n);
            self.accept(batch, &expected, b % 2 == 0);
        } else {
            assert!(batch.is_empty());
        }
    }

    /// The blocking kind, when it need not block.
    pub(super) fn recv_many_now(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let limit = usize::from(b / 2 % 12);
        if limit > 0 && self.model.next() == Next::Empty {
            return;
        }
        let mut batch = Vec::new();
        let answer = self.receivers[at].handle.recv_many(&mut batch, limit);
        let expected = match (limit, limit.min(self.model.queue.len())) {
            (0, _) => Ok(0),
            (_, 0) => {
                self.model.ask();
                Err(RecvError)
            }
            (_, n) => Ok(n),
        };
        assert_eq!(answer, expected);
        self.accept_batch(batch, expected.unwrap_or(0), b);
    }

    pub(super) fn try_recv_fresh(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let answer = self.receivers[at].handle.try_recv_fresh(&self.expiry);
        match (self.fresh(), answer) {
            (Ok(entry), Ok(item)) => self.accept(vec![item], &[entry], b % 2 == 0),
            (Err(Next::Empty), Err(TryRecvError::Empty))
            | (Err(Next::Closed), Err(TryRecvError::Closed)) => {}
            (expected, answer) => panic!("fresh: {answer:?}, the model says {expected:?}"),
        }
    }

    /// The blocking kind, when it need not block.
    pub(super) fn recv_fresh_now(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let fresh = |entry: &Entry| self.model.now - entry.stamped <= MAX_AGE;
        if !self.model.closed && !self.model.queue.iter().any(fresh) || self.model.reserved() > 0 {
            return;
        }
        let answer = self.receivers[at].handle.recv_fresh(&self.expiry);
        match (self.fresh(), answer) {
            (Ok(entry), Ok(item)) => self.accept(vec![item], &[entry], b % 2 == 0),
            (Err(Next::Closed), Err(RecvError)) => {}
            (expected, answer) => panic!("fresh: {answer:?}, the model says {expected:?}"),
        }
    }

    pub(super) fn poll_recv(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let Port { handle, berth } = &mut self.receivers[at];
        berth.ringing.answer();
        let polled = berth.ringing.bell.with(|cx| handle.poll_recv(cx));
        if berth.polled(&self.channel, polled.is_pending()) {
            self.left(Gate::Rx);
        }
        match (self.model.ask(), polled) {
            (Next::Value, Poll::Ready(Ok(item))) => {
                let expected = self.model.pop(1);
                self.accept(vec![item], &expected, b % 2 == 0);
            }
            (Next::Empty, Poll::Pending) | (Next::Closed, Poll::Ready(Err(RecvError))) => {}
            (expected, polled) => panic!("poll_recv: {polled:?}, the model says {expected:?}"),
        }
    }

    pub(super) fn drain(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let backlog = self.receivers[at].handle.drain();
        self.accept_batch(backlog, self.model.queue.len(), b);
    }

    pub(super) fn try_iter(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let most = 1 + usize::from(b / 2 % 8);
        let items = self.receivers[at].handle.try_iter(most);
        let n = most.min(self.model.queue.len());
        let mut expected = Vec::new();
        for _ in 0..n {
            expected.extend(self.model.pop(1));
        }
        if n < most {
            self.model.ask();
        }
        self.accept(items, &expected, b % 2 == 0);
    }

    pub(super) fn iter_next(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        match self.model.ask() {
            Next::Empty => {}
            Next::Closed => assert!(self.receivers[at].handle.iter_next(b > 127).is_none()),
            Next::Value => {
                let item =
                    self.receivers[at].handle.iter_next(b > 127).expect("something is queued");
                let expected = self.model.pop(1);
                self.accept(vec![item], &expected, b % 2 == 0);
            }
        }
    }

    /// Takes some, and is gone.
    pub(super) fn receive_into_iter(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        let n = usize::from(b / 2 % 4).min(self.model.queue.len());
        let items = self.receivers.remove(at).handle.into_items(n);
        let mut expected = Vec::new();
        for _ in 0..n {
            expected.extend(self.model.pop(1));
        }
        self.model.drop_receiver();
        self.everybody_was_told(self.model.receivers == 0);
        self.accept(items, &expected, b % 2 == 0);
    }

    /// To the next stage, with the credit.
    pub(super) fn forward(&mut self, a: u8, b: u8) {
        let Some((stage, _)) = &self.stage else { return };
        let Some(at) = pick(a, self.deliveries.len()) else { return };
        let room = self.staged.len() < STAGE;
        let delivery = self.deliveries.remove(at);
        let id = delivery.id;
        let same = |message: Message| message;
        let back = match b % 3 {
            0 => stage.try_forward(delivery, same).err().map(TrySendError::into_inner),
            1 if room => stage.forward(delivery, same).err().map(SendError::into_inner),
            _ => {
                let mut forward = stage.forward_async(delivery, same);
                match Bell::new().poll(Pin::new(&mut forward)) {
                    Poll::Ready(sent) => sent.err().map(SendError::into_inner),
                    Poll::Pending => forward.into_inner(),
                }
            }
        };
        assert_eq!(back.as_ref().map(|back| back.id), (!room).then_some(id), "forwarded");
        match back {
            Some(back) => self.deliveries.push(back),
            None => self.staged.push_back(id),
        }
    }

    pub(super) fn recv_forwarded(&mut self, b: u8) {
        let Some((_, stage)) = &mut self.stage else { return };
        let received = stage.try_recv().ok();
        assert_eq!(received.as_ref().map(|delivery| delivery.id), self.staged.pop_front());
        match received {
            Some(delivery) if b % 2 == 0 => self.deliveries.push(delivery),
            Some(delivery) => {
                drop(delivery);
                self.model.ack();
            }
            None => {}
        }
    }

    pub(super) fn ack(&mut self, a: u8) {
        if let Some(at) = pick(a, self.deliveries.len()) {
            self.deliveries.remove(at).ack();
            self.model.ack();
        }
    }

    pub(super) fn map_delivery(&mut self, a: u8) {
        let Some(at) = pick(a, self.deliveries.len()) else { return };
        let delivery = self.deliveries.remove(at);
        let id = delivery.id;
        let mapped = delivery.map(|value| (value, id)).map(|(value, kept)| {
            assert_eq!(value.id, kept);
            value
        });
        self.deliveries.push(mapped);
    }

    /// The value is dropped, its credit is kept.
    pub(super) fn split_delivery(&mut self, a: u8) {
        if let Some(at) = pick(a, self.deliveries.len()) {
            let (value, lease) = self.deliveries.remove(at).into_parts();
            drop(value);
            self.leases.push(lease);
        }
    }

    /// A credit gets another value.
    pub(super) fn join_delivery(&mut self, a: u8) {
        if let Some(at) = pick(a, self.leases.len()) {
            let lease = self.leases.remove(at);
            let value = self.message();
            self.deliveries.push(Delivery::from_parts(value, lease));
        }
    }

    pub(super) fn release_lease(&mut self, a: u8) {
        if let Some(at) = pick(a, self.leases.len()) {
            self.leases.remove(at).release();
            self.model.ack();
        }
    }

    pub(super) fn forget_delivery(&mut self, a: u8) {
        if let Some(at) = pick(a, self.deliveries.len()) {
            let delivery = self.deliveries.remove(at);
            self.forgotten.push(delivery);
        }
    }

    pub(super) fn request(&mut self, a: u8, b: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        if !self.model.is_pulled() {
            return;
        }
        let n = match b % 8 {
            7 => u64::MAX - u64::from(b),
            n => u64::from(n),
        };
        let answer = self.receivers[at].handle.request(n);
        self.model.granted = self.model.granted.saturating_add(n);
        let expected = if n == 0 { Err(RequestError) } else { Ok(self.model.demand()) };
        assert_eq!(answer, expected);
    }

    pub(super) fn request_unbounded(&mut self, a: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        if self.model.is_pulled() {
            self.receivers[at].handle.request_unbounded();
            self.model.granted = u64::MAX;
        }
    }

    pub(super) fn clone_receiver(&mut self, a: u8) {
        let Some(at) = pick(a, self.receivers.len()) else { return };
        if self.model.receivers >= MOST_HANDLES {
            return;
        }
        if let Some(another) = self.receivers[at].handle.another() {
            self.receivers.push(Port::new(another));
            self.model.receivers += 1;
        }
    }

    pub(super) fn drop_receiver(&mut self, a: u8) {
        if let Some(at) = pick(a, self.receivers.len()) {
            drop(self.receivers.remove(at));
            self.model.drop_receiver();
            self.everybody_was_told(self.model.receivers == 0);
        }
    }

    pub(super) fn close_by_receiver(&mut self, a: u8) {
        if let Some(at) = pick(a, self.receivers.len()) {
            let first = self.receivers[at].handle.close();
            assert_eq!(first, self.model.close());
            self.everybody_was_told(first);
        }
    }
}
