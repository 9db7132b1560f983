//! What is measured: messages that stream, that go there and back, that are rare, that drop others, and
//! channels that come and go.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::contestants::{
    Contestant, ForTasks, ForceSend, Message, Polled, RecvAsync, RecvBlocking, SendAsync, TryRecv,
    TrySend,
};
use crate::histogram::Histogram;
use crate::modes::{Patience, Receives, Receiving, Sending, Sends, message};
use crate::race::{Sample, Work, race};

/// How many threads or tasks send and receive, through what.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many send.
    pub producers: usize,
    /// How many receive.
    pub consumers: usize,
    /// Of the channel.
    pub capacity: usize,
}

/// Producers send `messages` between them; consumers receive until they have all, or the channel is closed.
pub fn stream<S, R, T: Message>(
    (sending, senders): (impl Sending<S, T>, Vec<S>),
    (receiving, receivers): (impl Receiving<R, T>, Vec<R>),
    messages: u64,
) -> Sample {
    let producers = senders.len() as u64;
    let share = |i| messages / producers + u64::from(i < messages % producers);
    let senders = (0..).zip(senders).map(|(i, tx)| sending.all(tx, share(i)));
    let receivers = receivers.into_iter().map(|rx| receiving.all(rx, messages));
    race(senders.chain(receivers).collect())
}

/// One thread fills the channel and empties it again: what the operations cost without contention.
pub fn solo<C: Contestant, T: Message>(
    mode: impl Sends<C::Tx<T>, T> + Receives<C::Rx<T>, T>,
    capacity: usize,
    messages: u64,
) -> Sample {
    let (mut tx, mut rx) = C::bounded::<T>(capacity);
    race(vec![Work::thread(move || {
        let mut left = messages;
        while left > 0 {
            let lap = left.min(capacity as u64);
            mode.send(&mut tx, lap);
            assert_eq!(mode.recv(&mut rx, lap), lap);
            left -= lap;
        }
    })])
}

/// As [`solo`], with nothing but an array between.
#[must_use]
pub fn copying<T: Message>(capacity: usize, messages: u64) -> Sample {
    race(vec![Work::thread(move || {
        let mut slots = vec![T::default(); capacity];
        let mut left = messages;
        while left > 0 {
            let lap = left.min(capacity as u64);
            for (n, slot) in (0..lap).zip(&mut slots) {
                *slot = message(n);
            }
            // What was written must be there.
            for slot in black_box(&mut slots).iter().take(lap as usize) {
                black_box(*slot);
            }
            left -= lap;
        }
    })])
}

/// One message there, one back, through two channels, each trip with the clock in hand: reading it is part
/// of the trip, and nothing is subtracted.
pub fn ping_pong<C: Contestant, T: Message>(
    mode: impl Sends<C::Tx<T>, T> + Receives<C::Rx<T>, T>,
    capacity: usize,
    trips: u64,
) -> Sample {
    let (mut there, mut from_here) = C::bounded::<T>(capacity);
    let (mut back, mut from_there) = C::bounded::<T>(capacity);
    let (tell, told) = mpsc::channel();
    let sample = race(vec![
        Work::thread(move || {
            let mut laps = Laps::new();
            for _ in 0..trips {
                mode.send(&mut there, 1);
                assert_eq!(mode.recv(&mut from_there, 1), 1);
                laps.next();
            }
            laps.tell(&tell);
        }),
        Work::thread(move || {
            for _ in 0..trips {
                assert_eq!(mode.recv(&mut from_here, 1), 1);
                mode.send(&mut back, 1);
            }
        }),
    ]);
    Sample { latency: told.recv().ok(), ..sample }
}

/// As [`ping_pong`], between two tasks.
pub fn ping_pong_tasks<C: Contestant, T: Message>(capacity: usize, trips: u64) -> Sample
where
    C::Tx<T>: ForTasks<Handle: SendAsync<T>>,
    C::Rx<T>: ForTasks<Handle: RecvAsync<T>>,
{
    let pair = || {
        let (tx, rx) = C::bounded::<T>(capacity);
        (tx.for_tasks(), rx.for_tasks())
    };
    let ((mut there, mut from_here), (mut back, mut from_there)) = (pair(), pair());
    let (tell, told) = mpsc::channel();
    let sample = race(vec![
        Work::task(async move {
            let mut laps = Laps::new();
            for n in 0..trips {
                assert!(there.put_async(message(n)).await);
                assert!(from_there.take_async().await.is_some());
                laps.next();
            }
            laps.tell(&tell);
        }),
        Work::task(async move {
            for n in 0..trips {
                assert!(from_here.take_async().await.is_some());
                assert!(back.put_async(message(n)).await);
            }
        }),
    ]);
    Sample { latency: told.recv().ok(), ..sample }
}

/// Times of single round trips, one reading of the clock for each.
struct Laps {
    histogram: Histogram,
    last: Instant,
}

impl Laps {
    fn new() -> Self {
        Self { histogram: Histogram::default(), last: Instant::now() }
    }

    #[inline(always)]
    fn next(&mut self) {
        let now = Instant::now();
        self.histogram.add((now - self.last).as_nanos() as u64);
        self.last = now;
    }

    fn tell(self, whom: &mpsc::Sender<Histogram>) {
        // Whoever asked has ended already, if nobody listens.
        _ = whom.send(self.histogram);
    }
}

/// What stamps count from.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

fn stamp() -> u64 {
    EPOCH.elapsed().as_nanos() as u64
}

/// One message every so often, stamped with its time, to a thread that waits for it. The processor time is
/// that of the waiting side.
pub fn trickle<C: Contestant>(period: Duration, messages: u64) -> Sample
where
    C::Tx<u64>: TrySend<u64>,
    C::Rx<u64>: RecvBlocking<u64>,
{
    let (tx, mut rx) = C::bounded::<u64>(64);
    let (tell, told) = mpsc::channel();
    let receiver = Work::thread(move || {
        let mut histogram = Histogram::default();
        while let Some(sent) = rx.take() {
            histogram.add(stamp().saturating_sub(sent));
        }
        _ = tell.send(histogram);
    });
    let sample = race(vec![receiver, timer(tx, period, messages)]);
    Sample { latency: told.recv().ok(), ..sample }
}

/// As [`trickle`], to a task.
pub fn trickle_task<C: Contestant>(period: Duration, messages: u64) -> Sample
where
    C::Tx<u64>: TrySend<u64>,
    C::Rx<u64>: ForTasks<Handle: RecvAsync<u64>>,
{
    let (tx, rx) = C::bounded::<u64>(64);
    let mut rx = rx.for_tasks();
    let (tell, told) = mpsc::channel();
    let receiver = Work::task(async move {
        let mut histogram = Histogram::default();
        while let Some(sent) = rx.take_async().await {
            histogram.add(stamp().saturating_sub(sent));
        }
        _ = tell.send(histogram);
    });
    let sample = race(vec![receiver, timer(tx, period, messages)]);
    Sample { latency: told.recv().ok(), ..sample }
}

/// A thread that sends the time, and closes the channel at the end.
fn timer<H: TrySend<u64>>(mut tx: H, period: Duration, messages: u64) -> Work {
    let sends = move || {
        for _ in 0..messages {
            thread::sleep(period);
            assert!(tx.offer(stamp()), "nothing else is in the channel");
        }
    };
    Work::thread(sends).uncounted()
}

/// Pauses of a consumer after each message, so that it is far too slow.
const SLOW: u32 = 32;

/// Producers never wait and drop the oldest message; the consumer is too slow, until nobody sends. The time
/// is that of the producers' messages, most of which are dropped.
pub fn overload<C: Contestant, T: Message>(
    senders: Vec<C::Tx<T>>,
    mut rx: C::Rx<T>,
    messages: u64,
) -> Sample
where
    C::Tx<T>: ForceSend<T>,
    C::Rx<T>: TryRecv<T>,
{
    let producers = senders.len();
    let sending = Arc::new(AtomicUsize::new(producers));
    let mut workers: Vec<_> = senders
        .into_iter()
        .map(|mut tx| {
            let sending = sending.clone();
            Work::thread(move || {
                for n in 0..messages / producers as u64 {
                    black_box(tx.push_out(message(n)));
                }
                sending.fetch_sub(1, Ordering::Release);
            })
        })
        .collect();
    // Second, and so on the other processor if there is one producer.
    let consumer = Work::thread(move || {
        let mut patience = Patience::default();
        loop {
            let ending = sending.load(Ordering::Acquire) == 0;
            match rx.look() {
                Polled::Value(value) => {
                    black_box(value);
                    (0..SLOW).for_each(|_| spin_loop());
                }
                Polled::Empty if !ending => patience.wait(),
                Polled::Empty | Polled::Closed => break,
            }
        }
    });
    workers.insert(1, consumer);
    race(workers)
}

/// Makes a channel and drops it, so many times.
#[must_use]
pub fn creation<C: Contestant, T: Message>(capacity: usize, times: u64) -> Sample {
    race(vec![Work::thread(move || {
        for _ in 0..times {
            black_box(C::bounded::<T>(capacity));
        }
    })])
}

/// What a channel that is full holds of the heap: some allocate what they need when they need it.
#[must_use]
pub fn memory<C: Contestant, T: Message>(capacity: usize) -> Sample
where
    C::Tx<T>: TrySend<T>,
{
    let mut held = None;
    let counted = allocation_counter::measure(|| {
        let (mut tx, rx) = C::bounded::<T>(capacity);
        for n in 0..capacity as u64 {
            // Some round the capacity, none down.
            assert!(tx.offer(message(n)));
        }
        held = Some((tx, rx));
    });
    drop(held);
    Sample { bytes: u64::try_from(counted.bytes_current).ok(), ..Sample::default() }
}
