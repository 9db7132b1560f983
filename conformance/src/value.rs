//! Values that notice when they are dropped twice, or never.

use std::cell::RefCell;
use std::time::Duration;

use backpressure::Delivery;
use backpressure::pressure::{Expiry, Timed};

/// What the channels of the machine carry: stamped, so that it can expire.
pub(crate) type Message = Timed<Value>;

/// A value with a number of its own.
#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) id: u64,
}

/// Which numbers live, on this thread.
#[derive(Default)]
struct Register {
    lives: Vec<bool>,
    count: usize,
}

thread_local! {
    static REGISTER: RefCell<Register> = RefCell::default();
}

impl Value {
    pub(crate) fn make() -> Self {
        REGISTER.with_borrow_mut(|register| {
            register.lives.push(true);
            register.count += 1;
            Self { id: register.lives.len() as u64 - 1 }
        })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        let lived = REGISTER.with_borrow_mut(|register| {
            let lived = register.lives.get_mut(self.id as usize).map(std::mem::take);
            register.count -= usize::from(lived == Some(true));
            lived
        });
        // A case that failed leaves values behind, which may die in the next one.
        assert!(lived == Some(true) || std::thread::panicking(), "{self:?} was dropped twice");
    }
}

/// How many values live.
pub(crate) fn living() -> usize {
    REGISTER.with_borrow(|register| register.count)
}

/// Forgets about all of them: a new case begins.
pub(crate) fn begin() {
    REGISTER.take();
}

/// What a receiver yields, whatever the flavour.
#[derive(Debug)]
pub(crate) enum Item {
    Plain(Message),
    Delivered(Delivery<Message>),
}

impl Item {
    pub(crate) fn id(&self) -> u64 {
        match self {
            Self::Plain(message) => message.id,
            Self::Delivered(delivery) => delivery.id,
        }
    }

    /// How long it was under way, and whether that is too long.
    pub(crate) fn age(&self, expiry: &Expiry) -> (Duration, bool) {
        match self {
            Self::Plain(message) => (message.sojourn(expiry), expiry.is_expired(message)),
            Self::Delivered(delivery) => (delivery.sojourn(expiry), expiry.is_expired(delivery)),
        }
    }
}

impl From<Message> for Item {
    fn from(message: Message) -> Self {
        Self::Plain(message)
    }
}

impl From<Delivery<Message>> for Item {
    fn from(delivery: Delivery<Message>) -> Self {
        Self::Delivered(delivery)
    }
}
