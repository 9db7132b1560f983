//! What the types promise without being run: threads they may cross, texts, conversions.

use std::cell::Cell;
use std::error::Error;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use backpressure::flavour::{Ack, Evict, Kind, Latest, Many, One, Pull};
use backpressure::future::{
    ClosedFuture, DrainedFuture, RecvFuture, RecvManyFuture, ReserveFuture, ReserveManyFuture,
    SendFuture, SendManyFuture,
};
use backpressure::{
    BuildError, Builder, Delivery, IntoIter, Iter, Lease, Permit, Permits, Receiver, RecvError,
    RecvTimeoutError, SendError, SendTimeoutError, Sender, TryIter, TryRecvError, TrySendError,
    WeakSender, mpmc, mpsc, spsc,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

/// `Send`, but no `&` of it may be shared: enough for a channel.
type Sendable = Cell<u8>;
/// Bound to its thread.
type Bound = Rc<u8>;

macro_rules! auto_traits {
    ($($kind:ty),*) => {$(
        assert_impl_all!(Sender<Sendable, $kind>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
        assert_impl_all!(Receiver<Sendable, $kind>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
        assert_impl_all!(WeakSender<Sendable, $kind>: Send, Sync, Unpin);
        assert_impl_all!(Permit<'static, Sendable, $kind>: Send, Sync);
        assert_impl_all!(Permits<'static, Sendable, $kind>: Send, Sync);
        assert_impl_all!(SendFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(SendManyFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(ReserveFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(ReserveManyFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(RecvFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(RecvManyFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(ClosedFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(DrainedFuture<'static, Sendable, $kind>: Send, Unpin);
        assert_impl_all!(Iter<'static, Sendable, $kind>: Send);
        assert_impl_all!(TryIter<'static, Sendable, $kind>: Send);
        assert_impl_all!(IntoIter<Sendable, $kind>: Send);
        assert_not_impl_any!(Sender<Bound, $kind>: Send, Sync);
        assert_not_impl_any!(Receiver<Bound, $kind>: Send, Sync);
        assert_not_impl_any!(WeakSender<Bound, $kind>: Send, Sync);
        assert_not_impl_any!(Permit<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(Permits<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(SendFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(SendManyFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(ReserveFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(ReserveManyFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(RecvFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(RecvManyFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(ClosedFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(DrainedFuture<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(Iter<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(TryIter<'static, Bound, $kind>: Send, Sync);
        assert_not_impl_any!(IntoIter<Bound, $kind>: Send, Sync);
        assert_impl_all!(Builder<$kind>: Send, Sync, Clone, Debug);
    )*};
}
auto_traits!(
    Kind<One, One>,
    Kind<Many, One>,
    Kind<Many, Many>,
    Kind<One, One, Evict>,
    Kind<Many, Many, Latest>,
    Kind<One, One, Ack>,
    Kind<Many, Many, Pull>
);

// A message under its credit goes where the message may go, the bare credit anywhere.
assert_impl_all!(Delivery<Sendable>: Send, Unpin);
assert_not_impl_any!(Delivery<Sendable>: Sync, Clone);
assert_not_impl_any!(Delivery<Bound>: Send, Sync);
assert_impl_all!(Lease: Send, Sync, Unpin);
assert_not_impl_any!(Lease: Clone);

// One handle a side is one: nothing multiplies it.
assert_not_impl_any!(spsc::Sender<u8>: Clone);
assert_not_impl_any!(spsc::Receiver<u8>: Clone);
assert_not_impl_any!(mpsc::Receiver<u8>: Clone);
assert_not_impl_any!(Sender<u8, Kind<One, One, Evict>>: Clone);
assert_impl_all!(mpsc::Sender<u8>: Clone);
assert_impl_all!(mpmc::Sender<Bound>: Clone);
assert_impl_all!(mpmc::Receiver<Bound>: Clone);

/// Neither `Debug` nor anything else.
struct Plain(PhantomData<fn()>);

#[test]
fn everything_can_be_printed() {
    fn printed(what: &dyn Debug) -> String {
        format!("{what:?}")
    }
    let (mut tx, mut rx) = spsc::bounded(2);
    assert!(tx.try_send(Plain(PhantomData)).is_ok());
    assert!(printed(&tx).contains("len: 1") && printed(&tx).contains("capacity: 2"));
    assert!(printed(&rx).contains("closed: false"));
    assert!(printed(&tx.try_reserve().unwrap()).contains("Permit"));
    assert!(printed(&tx.try_reserve_many(1).unwrap()).contains("len: 1"));
    assert!(printed(&tx.send_async(Plain(PhantomData))).contains("is_terminated: false"));
    assert!(printed(&rx.recv_async()).contains("is_terminated: false"));
    assert!(printed(&tx.closed()).contains("is_terminated: false"));
    assert!(printed(&rx.iter()).contains("Iter"));
    assert!(printed(&rx.try_iter()).contains("Iter"));
    assert!(printed(&SendError(Plain(PhantomData))).contains("SendError"));
    assert!(printed(&TrySendError::Full(Plain(PhantomData))).contains("Full"));
    assert!(printed(&SendTimeoutError::Timeout(Plain(PhantomData))).contains("Timeout"));
    let (tx, _rx) = mpsc::bounded::<Plain>(1);
    assert!(printed(&tx.downgrade()).contains("WeakSender"));
}

#[test]
fn errors_are_errors_with_lower_case_texts() {
    let errors: [Box<dyn Error>; 13] = [
        Box::new(SendError(1)),
        Box::new(TrySendError::Full(1)),
        Box::new(TrySendError::Closed(1)),
        Box::new(SendTimeoutError::Timeout(1)),
        Box::new(SendTimeoutError::Closed(1)),
        Box::new(RecvError),
        Box::new(TryRecvError::Empty),
        Box::new(TryRecvError::Closed),
        Box::new(RecvTimeoutError::Timeout),
        Box::new(RecvTimeoutError::Closed),
        Box::new(BuildError::ZeroCapacity),
        Box::new(BuildError::CapacityTooLarge),
        Box::new(BuildError::OutOfMemory),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(text.starts_with(|first: char| first.is_lowercase()), "{text}");
        assert!(!text.ends_with('.'), "{text}");
    }
}

#[test]
fn errors_convert_and_give_the_value_back() {
    assert_eq!(TrySendError::from(SendError(1)), TrySendError::Closed(1));
    assert_eq!(SendTimeoutError::from(SendError(2)), SendTimeoutError::Closed(2));
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Closed);
    assert_eq!(RecvTimeoutError::from(RecvError), RecvTimeoutError::Closed);
    assert_eq!(SendError(3).into_inner(), 3);
    assert_eq!(TrySendError::Full(4).into_inner(), 4);
    assert_eq!(SendTimeoutError::Timeout(5).into_inner(), 5);
}
