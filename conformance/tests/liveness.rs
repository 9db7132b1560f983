//! What would keep somebody waiting, or working, for ever; and foreign code in the midst of an operation.

mod common;

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use backpressure::flavour::Flavour;
use backpressure::{Receiver, Sender, TrySendError, mpmc};
use common::{Census, Channel, Counted, NEAR_WRAP, Tx};

/// A waker that takes its end of the channel and drops it, in whatever call it is woken from.
struct Leaves<H>(Mutex<Option<H>>);

impl<H: Send + 'static> Leaves<H> {
    /// Registers with `poll`, and keeps the handle for the waker alone.
    fn with(mut handle: H, poll: impl FnOnce(&mut H, &mut Context<'_>)) {
        let leaves = Arc::new(Self(Mutex::new(None)));
        let waker = Waker::from(Arc::clone(&leaves));
        poll(&mut handle, &mut Context::from_waker(&waker));
        *leaves.0.lock().unwrap() = Some(handle);
    }
}

impl<H: Send + 'static> Wake for Leaves<H> {
    fn wake(self: Arc<Self>) {
        let handle = self.0.lock().unwrap().take();
        drop(handle);
    }
}

/// The last receiver goes while the send that wakes it is on its way: accepted, and dropped with it, once.
fn the_receiver_leaves_in_a_waker<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Send,
{
    let census = Census::default();
    let (mut tx, rx) = C::make::<Counted>(2, NEAR_WRAP);
    Leaves::with(rx, |rx, cx| assert!(rx.poll_recv(cx).is_pending()));
    assert!(Tx::try_send(&mut tx, census.make(1)).is_ok());
    assert_eq!((census.alive(), tx.receiver_count(), tx.len()), (0, 0, 0));
    assert!(matches!(Tx::try_send(&mut tx, census.make(2)), Err(TrySendError::Closed(_))));
    assert!(Tx::try_reserve_then(&mut tx, census.make(3)).is_err());
    tx.wait_drained();
    assert_eq!(census.alive(), 0);
}

/// The same with a batch and with a permit, each sent whole or handed back.
fn the_receiver_leaves_a_batch_in_a_waker<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Send,
{
    let census = Census::default();
    let (mut tx, rx) = C::make::<Counted>(2, NEAR_WRAP);
    Leaves::with(rx, |rx, cx| assert!(rx.poll_recv(cx).is_pending()));
    let mut values = (0..3).map(|id| census.make(id)).collect();
    assert!(Tx::send_many(&mut tx, &mut values).is_err_and(|sent| sent.0 == 2));
    assert_eq!((values.len(), census.alive()), (1, 1));

    let (mut tx, rx) = C::make::<Counted>(2, NEAR_WRAP);
    Leaves::with(rx, |rx, cx| assert!(rx.poll_recv(cx).is_pending()));
    assert!(Tx::try_reserve_then(&mut tx, census.make(4)).is_ok());
    assert!(Tx::try_reserve_then(&mut tx, census.make(5)).is_err());
    assert_eq!((tx.reserved(), census.alive()), (0, 1));
}

/// The last sender goes while the receive that wakes it is on its way.
fn the_sender_leaves_in_a_waker<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    C::Kind: Flavour,
{
    let census = Census::default();
    let (mut tx, mut rx) = C::make::<Counted>(1, NEAR_WRAP);
    assert!(Tx::try_send(&mut tx, census.make(1)).is_ok());
    Leaves::with(tx, |tx, cx| assert!(tx.poll_reserve(cx).is_pending()));
    let mut cx = Context::from_waker(Waker::noop());
    // On an acknowledged channel it is the acknowledgement that wakes the sender.
    assert!(rx.poll_recv(&mut cx).is_ready());
    assert_eq!((census.alive(), rx.sender_count()), (0, 0));
    assert!(matches!(rx.poll_recv(&mut cx), std::task::Poll::Ready(Err(_))));
    rx.wait_drained();
}

for_each_flavour!(
    the_receiver_leaves_in_a_waker,
    the_receiver_leaves_a_batch_in_a_waker,
    the_sender_leaves_in_a_waker,
);

/// A batch without end, of values without size, on an endless demand: what goes into circulation is what the
/// channel can hold, so that the limit stays where positions can be compared with it.
#[test]
fn endless_batches_for_an_endless_demand() {
    let (tx, rx) = mpmc::builder().capacity(4).pulled(0).build().unwrap();
    rx.request_unbounded();
    let mut endless = vec![(); usize::MAX];
    for _ in 0..100 {
        assert_eq!(tx.try_send_many(&mut endless), Ok(4));
        assert_eq!(rx.drain().len(), 4);
    }
    assert!(rx.stats().available <= 1 << 21);
}
