//! A channel as a queue and a few numbers, one step at a time.

use std::collections::VecDeque;
use std::time::Duration;

use backpressure::pressure::{Dropped, Level};

use crate::channel::{Channel, Mode};

/// A message in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) stamped: Duration,
}

/// Whether a send finds room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Closed,
    Full,
    /// For so many.
    For(u64),
}

/// What a receive finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Closed,
    Empty,
    Value,
}

/// What an observed channel keeps; without watermarks its level never rises.
#[derive(Debug)]
pub(crate) struct Pressure {
    high: usize,
    low: usize,
    high_since: Option<Duration>,
    high_before: Duration,
    closed: bool,
    pub(crate) epoch: u64,
    pub(crate) peak: usize,
}

#[derive(Debug)]
pub(crate) struct Model {
    channel: Channel,
    pub(crate) queue: VecDeque<Entry>,
    /// Credits in permits that somebody holds, and in forgotten ones.
    pub(crate) held: usize,
    pub(crate) lost: usize,
    pub(crate) closed: bool,
    /// The last receiver is gone.
    pub(crate) sealed: bool,
    /// On an owned tail: the receiver was told Closed.
    told: bool,
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) acked: u64,
    pub(crate) dropped: Dropped,
    /// Ever asked for, on a pulled channel.
    pub(crate) granted: u64,
    pub(crate) pressure: Option<Pressure>,
    pub(crate) now: Duration,
    /// When each value was stamped, by its number.
    pub(crate) stamps: Vec<Duration>,
}

impl Pressure {
    fn look(&mut self, depth: usize, now: Duration) {
        self.peak = self.peak.max(depth);
        match self.high_since {
            None if depth >= self.high => self.high_since = Some(now),
            Some(since) if depth <= self.low => {
                self.high_since = None;
                self.high_before += now - since;
            }
            _ => return,
        }
        self.epoch += 1;
    }

    pub(crate) fn level(&self) -> Level {
        match self.high_since {
            _ if self.closed => Level::Closed,
            None => Level::Normal,
            Some(_) => Level::High,
        }
    }

    pub(crate) fn high_for(&self, now: Duration) -> Option<Duration> {
        self.high_since.map(|since| now - since)
    }

    pub(crate) fn high_total(&self, now: Duration) -> Duration {
        self.high_before + self.high_for(now).unwrap_or_default()
    }
}

impl Model {
    pub(crate) fn new(channel: &Channel) -> Self {
        let (high, low) = channel.marks.unwrap_or((usize::MAX, 0));
        let pressure = channel.observed.then_some(Pressure {
            high,
            low,
            high_since: None,
            high_before: Duration::ZERO,
            closed: false,
            epoch: 0,
            peak: 0,
        });
        Self {
            queue: VecDeque::new(),
            held: 0,
            lost: 0,
            closed: false,
            sealed: false,
            told: false,
            senders: 1,
            receivers: 1,
            sent: 0,
            received: 0,
            acked: 0,
            dropped: Dropped::default(),
            granted: match channel.mode {
                Mode::Pulled(initial) => initial,
                _ => 0,
            },
            pressure,
            now: Duration::ZERO,
            stamps: Vec::new(),
            channel: channel.clone(),
        }
    }

    fn is_acknowledged(&self) -> bool {
        matches!(self.channel.mode, Mode::Acknowledged(_))
    }

    pub(crate) fn is_pulled(&self) -> bool {
        matches!(self.channel.mode, Mode::Pulled(_))
    }

    pub(crate) fn reserved(&self) -> usize {
        self.held + self.lost
    }

    pub(crate) fn in_delivery(&self) -> u64 {
        if self.is_acknowledged() {
            self.received + self.dropped.undelivered + self.dropped.expired - self.acked
        } else {
            0
        }
    }

    /// What was asked for and neither sent nor reserved; endless stays endless.
    pub(crate) fn demand(&self) -> u64 {
        match self.granted {
            u64::MAX => u64::MAX,
            granted => granted - self.sent - self.reserved() as u64,
        }
    }

    /// Credits that nobody has taken, wherever they are kept.
    pub(crate) fn credits(&self) -> u64 {
        let slots = (self.channel.capacity - self.queue.len() - self.reserved()) as u64;
        match self.channel.mode {
            Mode::Acknowledged(_) => slots - self.in_delivery(),
            Mode::Pulled(_) => self.demand(),
            _ => slots,
        }
    }

    /// How many could be sent or reserved now.
    pub(crate) fn room(&self) -> u64 {
        let slots = (self.channel.capacity - self.queue.len() - self.reserved()) as u64;
        slots.min(self.credits())
    }

    /// A send or a reservation is attempted.
    pub(crate) fn attempt(&mut self) -> Room {
        if self.channel.is_owned() {
            // The only sender is in use: a permit that is still out was forgotten, and is found now.
            self.lost = 0;
        }
        match self.room() {
            _ if self.closed => Room::Closed,
            0 => Room::Full,
            room => Room::For(room),
        }
    }

    /// Whether a waiting attempt to take so many would end now. A forgotten permit of an owned tail comes
    /// back to it.
    pub(crate) fn would_send(&self, n: u64) -> bool {
        let back = if self.channel.is_owned() { self.lost as u64 } else { 0 };
        self.closed || self.room() + back >= n
    }

    /// Values are queued, with one publication.
    pub(crate) fn push(&mut self, ids: impl IntoIterator<Item = u64>) {
        let before = self.queue.len();
        let stamp = |id: u64| Entry { id, stamped: self.stamps[id as usize] };
        self.queue.extend(ids.into_iter().map(stamp));
        self.sent += (self.queue.len() - before) as u64;
        self.look();
    }

    /// Whether a waiting receive would end if so many messages were missing.
    pub(crate) fn would_receive(&self, missing: usize) -> bool {
        match self.next() {
            Next::Value => self.queue.len() > missing,
            next => next == Next::Closed,
        }
    }

    /// What a receive would find.
    pub(crate) fn next(&self) -> Next {
        if !self.queue.is_empty() {
            Next::Value
        } else if self.closed && (self.reserved() == 0 || self.sealed) {
            Next::Closed
        } else {
            Next::Empty
        }
    }

    /// The same, by somebody who asks.
    pub(crate) fn ask(&mut self) -> Next {
        let next = self.next();
        self.told |= next == Next::Closed;
        next
    }

    /// A receiver takes the oldest values, at once.
    pub(crate) fn pop(&mut self, n: usize) -> Vec<Entry> {
        let taken: Vec<_> = self.queue.drain(..n).collect();
        self.received += n as u64;
        self.look();
        taken
    }

    /// What was just received was too old: it is dropped, and acknowledged with that.
    pub(crate) fn expire(&mut self) {
        self.received -= 1;
        self.dropped.expired += 1;
        self.ack();
    }

    /// A delivery is dropped.
    pub(crate) fn ack(&mut self) {
        if self.is_acknowledged() {
            self.acked += 1;
        }
    }

    /// The oldest makes room for another.
    pub(crate) fn displace(&mut self, id: u64) -> Option<u64> {
        let oldest = self.queue.pop_front()?;
        self.dropped.evicted += 1;
        self.push([id]);
        Some(oldest.id)
    }

    pub(crate) fn clear(&mut self, id: u64) -> Option<Vec<u64>> {
        if self.queue.is_empty() {
            return None;
        }
        let backlog: Vec<_> = self.queue.drain(..).map(|entry| entry.id).collect();
        self.dropped.cleared += backlog.len() as u64;
        self.push([id]);
        Some(backlog)
    }

    /// The queued value is taken away, and sent again as `id`.
    pub(crate) fn merge(&mut self, id: u64) -> bool {
        if self.queue.pop_front().is_none() {
            return false;
        }
        self.dropped.merged += 1;
        self.look();
        self.push([id]);
        true
    }

    pub(crate) fn close(&mut self) -> bool {
        if let Some(pressure) = &mut self.pressure {
            pressure.epoch += u64::from(!pressure.closed);
            pressure.closed = true;
        }
        !std::mem::replace(&mut self.closed, true)
    }

    pub(crate) fn drop_sender(&mut self) {
        self.senders -= 1;
        if self.senders == 0 {
            self.lost = 0;
            self.close();
        }
    }

    /// How many values went with it.
    pub(crate) fn drop_receiver(&mut self) {
        self.receivers -= 1;
        if self.receivers > 0 {
            return;
        }
        self.sealed = true;
        self.close();
        while self.queue.pop_front().is_some() {
            self.dropped.undelivered += 1;
            self.ack();
            self.look();
        }
        self.told = true;
    }

    pub(crate) fn is_drained(&self) -> bool {
        let told = self.told || !self.channel.is_owned();
        self.next() == Next::Closed && told && self.in_delivery() == 0
    }

    fn look(&mut self) {
        if let Some(pressure) = &mut self.pressure {
            pressure.look(self.queue.len(), self.now);
        }
    }
}
