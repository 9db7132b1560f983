//! Before a task queues it may ask to be polled once more, where that pays: it never does so twice in a wait,
//! nothing depends on it, and nobody's waiting is changed by those who do.

mod common;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use backpressure::{Receiver, Sender, WaitStrategy, mpmc, spsc};
use common::{Bell, Channel, NEAR_WRAP, Rx, Tx};

/// Many more waits than it takes until a second poll is tried, and tried again after it failed.
const MANY: usize = 400;
/// So few waits of a fresh channel never make a task ask.
const FEW: usize = 16;

/// Polls a future that finds nothing; whether it woke itself.
fn asks<F: Future + ?Sized>(bell: &Arc<Bell>, future: Pin<&mut F>) -> bool {
    let before = bell.rings();
    assert!(bell.poll(future).is_pending());
    bell.rings() > before
}

/// A receive that waits for a message, which comes before its second poll, or late: after that. Whether there was
/// one.
fn take_one<C: Channel>(
    tx: &mut Sender<usize, C::Kind>,
    rx: &mut Receiver<usize, C::Kind>,
    late: bool,
) -> bool
where
    Sender<usize, C::Kind>: Tx<usize>,
    Receiver<usize, C::Kind>: Rx<usize>,
{
    let bell = Bell::new();
    let mut receive = Box::pin(Rx::recv_async(rx));
    let asked = asks(&bell, receive.as_mut());
    if late {
        assert!(!asked || !asks(&bell, receive.as_mut()), "asked twice in a wait");
        assert!(!asks(&bell, receive.as_mut()), "asked when it had queued");
    }
    let queued = late || !asked;
    assert_eq!(tx.stats().waiting_receivers, usize::from(queued), "one that asks is in no line");
    Tx::try_send(tx, 7).unwrap();
    assert_eq!(bell.rings(), usize::from(asked) + usize::from(queued), "by itself, by the send");
    assert_eq!(bell.poll(receive.as_mut()), Poll::Ready(Ok(7)));
    assert_eq!(tx.stats().waiting_receivers, 0);
    asked
}

/// Receives ask once they have waited often, go on as long as that pays, and give it up when it does not.
fn receives_ask_while_it_pays<C: Channel>()
where
    Sender<usize, C::Kind>: Tx<usize>,
    Receiver<usize, C::Kind>: Rx<usize>,
{
    let (mut tx, mut rx) = C::make::<usize>(1, NEAR_WRAP);
    let mut in_time = |n| (0..n).filter(|_| take_one::<C>(&mut tx, &mut rx, false)).count();
    assert_eq!(in_time(FEW), 0);
    in_time(MANY);
    assert_eq!(in_time(MANY), MANY, "it has always paid");
    let mut late = |n| (0..n).filter(|_| take_one::<C>(&mut tx, &mut rx, true)).count();
    late(FEW);
    let asked = late(MANY);
    assert!(asked > 0 && asked < MANY / FEW, "it does not pay, and is tried now and then: {asked}");
}

/// Senders do the same, with values, batches and reservations.
fn sends_ask_too<C: Channel>()
where
    Sender<usize, C::Kind>: Tx<usize>,
    Receiver<usize, C::Kind>: Rx<usize>,
{
    let (mut tx, mut rx) = C::make::<usize>(1, NEAR_WRAP);
    let mut asked = [0; 3];
    for i in 0..3 * MANY {
        let bell = Bell::new();
        Tx::try_send(&mut tx, i).unwrap();
        let mut values = vec![i];
        let mut send: Pin<Box<dyn Future<Output = bool>>> = match i % 3 {
            0 => Box::pin(async { Tx::send_async(&mut tx, i).await.is_ok() }),
            1 => Box::pin(async { Tx::send_many_async(&mut tx, &mut values).await == Ok(1) }),
            _ => Box::pin(async { Tx::reserve_then_async(&mut tx, i).await.is_ok() }),
        };
        let asks = asks(&bell, send.as_mut());
        asked[i % 3] += usize::from(asks);
        assert_eq!(rx.stats().waiting_senders, usize::from(!asks));
        assert_eq!(Rx::try_recv(&mut rx), Ok(i));
        assert_eq!(bell.rings(), 1);
        assert_eq!(bell.poll(send.as_mut()), Poll::Ready(true));
        drop(send);
        assert_eq!(Rx::try_recv(&mut rx), Ok(i));
    }
    assert!(asked.iter().all(|&asked| asked > MANY / 2), "{asked:?}");
}

/// A batch waits for room anew after each part of it.
fn each_part_of_a_batch_asks<C: Channel>()
where
    Sender<usize, C::Kind>: Tx<usize>,
    Receiver<usize, C::Kind>: Rx<usize>,
{
    let (mut tx, mut rx) = C::make::<usize>(1, NEAR_WRAP);
    let bell = Bell::new();
    let mut values: Vec<_> = (0..MANY).collect();
    let mut send = Box::pin(Tx::send_many_async(&mut tx, &mut values));
    let mut asked = 0;
    for i in 0..MANY - 1 {
        asked += usize::from(asks(&bell, send.as_mut()));
        assert_eq!(Rx::try_recv(&mut rx), Ok(i));
        assert_eq!(bell.rings(), i + 1);
    }
    assert_eq!(bell.poll(send.as_mut()), Poll::Ready(Ok(MANY)));
    assert!(asked > MANY / 2, "{asked} of {MANY}");
}

/// A future that asked and is dropped has been in no line: others are told of what comes. Its second poll has
/// not paid, so that a task which drops its receive each time it is polled does not keep itself awake.
fn one_that_asked_may_be_dropped<C: Channel>()
where
    Sender<usize, C::Kind>: Tx<usize>,
    Receiver<usize, C::Kind>: Rx<usize>,
{
    let (mut tx, mut rx) = C::make::<usize>(1, NEAR_WRAP);
    for _ in 0..MANY {
        take_one::<C>(&mut tx, &mut rx, false);
    }
    let bell = Bell::new();
    let mut receive = Box::pin(Rx::recv_async(&mut rx));
    assert!(asks(&bell, receive.as_mut()));
    drop(receive);
    assert_eq!(tx.stats().waiting_receivers, 0);
    take_one::<C>(&mut tx, &mut rx, true);
    let abandoned = (0..MANY).filter(|_| asks(&bell, pin!(Rx::recv_async(&mut rx)))).count();
    assert!(abandoned < MANY / FEW, "{abandoned} of {MANY}");
}

/// What handles that poll by themselves do.
fn handles_ask_as_well<C: Channel>()
where
    Sender<usize, C::Kind>: Tx<usize>,
    Receiver<usize, C::Kind>: Rx<usize>,
{
    let (mut tx, mut rx) = C::make::<usize>(1, NEAR_WRAP);
    let (mut received, mut reserved) = (0, 0);
    for i in 0..MANY {
        let bell = Bell::new();
        assert!(bell.with(|cx| rx.poll_recv(cx).map(drop)).is_pending());
        let asked = bell.rings();
        received += asked;
        Tx::try_send(&mut tx, i).unwrap();
        assert_eq!(bell.rings(), 1);

        let bell = Bell::new();
        assert!(bell.with(|cx| tx.poll_reserve(cx).map(drop)).is_pending());
        reserved += bell.rings();
        assert!(bell.with(|cx| rx.poll_recv(cx).map(drop)).is_ready());
        assert_eq!(bell.rings(), 1);
        assert!(bell.with(|cx| tx.poll_reserve(cx).map(drop)).is_ready());
    }
    assert!(received > MANY / 2 && reserved > MANY / 2, "{received} and {reserved} of {MANY}");
}

for_each_flavour!(
    receives_ask_while_it_pays,
    sends_ask_too,
    each_part_of_a_batch_asks,
    one_that_asked_may_be_dropped,
    handles_ask_as_well,
);

/// Nobody asks beside those who stand in line, told or not: they would be told after it has looked, each time.
#[test]
fn nobody_overtakes_the_line() {
    let (tx, rx) = mpmc::builder().capacity(1).eager().build::<usize>().unwrap();
    let (bell, other) = (Bell::new(), Bell::new());
    let mut first = Box::pin(rx.recv_async());
    assert!(asks(&bell, first.as_mut()), "eager");
    assert!(!asks(&bell, first.as_mut()));
    assert!(!asks(&other, pin!(rx.recv_async())), "somebody stands in line");
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(!asks(&other, pin!(rx.recv_async())), "told, and has not left");
    drop(first);
    assert!(asks(&other, pin!(rx.recv_async())));
}

/// Three senders share a channel on an executor that polls in turn, though one that asks is always polled before
/// those in line are told.
#[test]
fn nobody_starves() {
    let (tx, rx) = mpmc::bounded::<usize>(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let counts = local.block_on(&runtime, async {
        for i in 0..3 {
            let tx = tx.clone();
            tokio::task::spawn_local(async move { while tx.send_async(i).await.is_ok() {} });
        }
        let receiving = tokio::task::spawn_local(async move {
            let mut counts = [0; 3];
            for _ in 0..9_000 {
                counts[rx.recv_async().await.unwrap()] += 1;
            }
            counts
        });
        receiving.await.unwrap()
    });
    assert!(counts.iter().all(|&sent| sent > 1_000), "{counts:?}");
}

/// Who wants to know of every wait, or wants tasks to queue at once, gets that.
#[test]
fn not_where_waits_are_counted_and_not_where_they_are_long() {
    let builder = || mpmc::builder().capacity(1);
    let parked = builder().wait_strategy(WaitStrategy::Park);
    for (builder, asks_at_last) in
        [(builder(), true), (parked, false), (builder().observed(), false)]
    {
        let (tx, rx) = builder.build::<usize>().unwrap();
        let mut asked = 0;
        for i in 0..MANY {
            let bell = Bell::new();
            let mut receive = Box::pin(rx.recv_async());
            asked += usize::from(asks(&bell, receive.as_mut()));
            tx.try_send(i).unwrap();
            assert_eq!(bell.poll(receive.as_mut()), Poll::Ready(Ok(i)));
        }
        assert_eq!(asked > 0, asks_at_last);
    }
}

/// On an executor of a single thread a full channel and an empty one take turns without anybody queueing.
#[test]
fn two_tasks_take_turns() {
    let (mut tx, mut rx) = spsc::bounded::<u64>(1);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let local = tokio::task::LocalSet::new();
    let sum = local.block_on(&runtime, async {
        tokio::task::spawn_local(async move {
            for i in 0..10_000 {
                tx.send_async(i).await.unwrap();
            }
        });
        let (mut sum, mut queued) = (0, 0);
        loop {
            queued += rx.stats().waiting_senders;
            match rx.recv_async().await {
                Ok(i) => sum += i,
                Err(_) => break,
            }
        }
        assert!(queued < 100, "the sender queued {queued} times");
        sum
    });
    assert_eq!(sum, 10_000 * 9_999 / 2);
}
