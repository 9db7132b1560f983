//! Every value arrives once, and those of one sender in order: all flavours, all ways to send, all ways
//! to receive, small, odd and large capacities, more threads than processors, threads and tasks mixed.

mod common;

use std::thread;
use std::time::Duration;

use backpressure::flavour::Kind;
use backpressure::{Receiver, Sender, mpmc, mpsc};
use common::{Channel, NEAR_WRAP, Rx, Tx, conserved};

const CAPACITIES: [usize; 5] = [1, 2, 3, 64, 1000];
/// Long enough never to pass; whether it does is another test's matter.
const LONG: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug)]
enum Send {
    Block,
    Try,
    Timeout,
    Async,
    Many,
    TryMany,
    ManyAsync,
    TryReserve,
    Reserve,
    ReserveAsync,
    ReserveMany,
}
const SENDS: [Send; 11] = [
    Send::Block,
    Send::Try,
    Send::Timeout,
    Send::Async,
    Send::Many,
    Send::TryMany,
    Send::ManyAsync,
    Send::TryReserve,
    Send::Reserve,
    Send::ReserveAsync,
    Send::ReserveMany,
];

#[derive(Clone, Copy, Debug)]
enum Receive {
    Block,
    Try,
    Timeout,
    Async,
    Many,
    TryMany,
    ManyAsync,
    Iter,
    TryIter,
    Drain,
}
const RECEIVES: [Receive; 10] = [
    Receive::Block,
    Receive::Try,
    Receive::Timeout,
    Receive::Async,
    Receive::Many,
    Receive::TryMany,
    Receive::ManyAsync,
    Receive::Iter,
    Receive::TryIter,
    Receive::Drain,
];

fn send_all(tx: &mut impl Tx<u64>, how: Send, values: impl Iterator<Item = u64>, capacity: usize) {
    let mut values: Vec<u64> = values.collect();
    match how {
        Send::Many => drop(tx.send_many(&mut values).unwrap()),
        Send::ManyAsync => {
            let all = values.len();
            assert_eq!(pollster::block_on(tx.send_many_async(&mut values)), Ok(all));
        }
        Send::TryMany => {
            while !values.is_empty() {
                if tx.try_send_many(&mut values).unwrap() == 0 {
                    thread::yield_now();
                }
            }
        }
        Send::ReserveMany => {
            for batch in values.chunks(capacity.min(3)) {
                tx.reserve_many_then(batch.to_vec());
            }
        }
        _ => values.into_iter().for_each(|value| match how {
            Send::Block => tx.send(value).unwrap(),
            Send::Timeout => tx.send_timeout(value, LONG).unwrap(),
            Send::Async => pollster::block_on(tx.send_async(value)).unwrap(),
            Send::Reserve => tx.reserve_then(value).unwrap(),
            Send::ReserveAsync => pollster::block_on(tx.reserve_then_async(value)).unwrap(),
            _ => {
                let mut attempt = |value| match how {
                    Send::Try => tx.try_send(value),
                    _ => tx.try_reserve_then(value),
                };
                while attempt(value).is_err() {
                    thread::yield_now();
                }
            }
        }),
    }
}

fn receive_all(rx: &mut impl Rx<u64>, how: Receive) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let more = match how {
            Receive::Block => rx.recv().map(|value| all.push(value)).is_ok(),
            Receive::Timeout => rx.recv_timeout(LONG).map(|value| all.push(value)).is_ok(),
            Receive::Async => {
                pollster::block_on(rx.recv_async()).map(|value| all.push(value)).is_ok()
            }
            Receive::Many => rx.recv_many(&mut all, 7).is_ok(),
            Receive::ManyAsync => pollster::block_on(rx.recv_many_async(&mut all, 7)).is_ok(),
            Receive::Iter => rx.next_of_iter().map(|value| all.push(value)).is_some(),
            Receive::Try | Receive::TryMany | Receive::TryIter | Receive::Drain => {
                let before = all.len();
                let answer = match how {
                    Receive::TryMany => rx.try_recv_many(&mut all, 7).map(drop),
                    _ => rx.try_recv().map(|value| all.push(value)),
                };
                match how {
                    Receive::TryIter => all.extend(rx.all_of_try_iter()),
                    Receive::Drain => all.extend(rx.drain()),
                    _ => {}
                }
                if all.len() == before {
                    thread::yield_now();
                }
                answer != Err(backpressure::TryRecvError::Closed)
            }
        };
        if !more {
            return all;
        }
    }
}

/// Which sender, and its how-many-eth.
fn message(sender: usize, i: u64) -> u64 {
    (sender as u64) << 32 | i
}

fn check(received: &[Vec<u64>], senders: usize, each: u64, case: &str) {
    for one in received {
        for sender in 0..senders {
            let of_sender: Vec<_> = one.iter().filter(|&v| v >> 32 == sender as u64).collect();
            assert!(of_sender.is_sorted(), "{case}: order of sender {sender}");
        }
    }
    let mut all: Vec<_> = received.concat();
    all.sort_unstable();
    let expected: Vec<_> =
        (0..senders).flat_map(|s| (0..each).map(move |i| message(s, i))).collect();
    assert!(all == expected, "{case}: {} received of {}", all.len(), expected.len());
}

fn run<C: Channel>(handles: usize, capacity: usize, each: u64, send: Send, receive: Receive)
where
    Sender<u64, C::Kind>: Tx<u64>,
    Receiver<u64, C::Kind>: Rx<u64>,
{
    let (tx, rx) = C::make(capacity, NEAR_WRAP);
    let (senders, receivers) = (C::senders(tx, handles), C::receivers(rx, handles));
    let n = senders.len();
    let received: Vec<_> = thread::scope(|threads| {
        for (s, mut tx) in senders.into_iter().enumerate() {
            threads.spawn(move || {
                send_all(&mut tx, send, (0..each).map(|i| message(s, i)), capacity);
            });
        }
        let receivers: Vec<_> = receivers
            .into_iter()
            .map(|mut rx| threads.spawn(move || (receive_all(&mut rx, receive), rx)))
            .collect();
        let (received, receivers): (Vec<_>, Vec<_>) =
            receivers.into_iter().map(|thread| thread.join().unwrap()).unzip();
        let stats = receivers[0].stats();
        conserved(&stats);
        assert_eq!((stats.queued, stats.received), (0, n as u64 * each));
        received
    });
    let case = format!("{send:?} to {receive:?}, capacity {capacity}, {handles} handles");
    check(&received, n, each, &case);
}

fn every_pair<C: Channel>()
where
    Sender<u64, C::Kind>: Tx<u64>,
    Receiver<u64, C::Kind>: Rx<u64>,
{
    for capacity in CAPACITIES {
        for send in SENDS {
            for receive in RECEIVES {
                run::<C>(1, capacity, 40 + capacity as u64 / 2, send, receive);
            }
        }
    }
}

/// Three handles a side where the flavour allows: six threads, more than most test machines have
/// processors.
fn crowds<C: Channel>()
where
    Sender<u64, C::Kind>: Tx<u64>,
    Receiver<u64, C::Kind>: Rx<u64>,
{
    for capacity in CAPACITIES {
        for (i, send) in SENDS.into_iter().enumerate() {
            run::<C>(3, capacity, 300, send, RECEIVES[(i + capacity) % RECEIVES.len()]);
        }
    }
}

for_each_flavour!(every_pair, crowds);

/// Tasks of one executor, threads, and tasks of another, all on one channel.
#[test]
fn threads_and_tasks_of_two_executors() {
    const EACH: u64 = 2_000;
    for capacity in CAPACITIES {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let (tx, rx) = mpmc::bounded::<u64>(capacity);
        let watch = rx.clone();
        let from_tokio = {
            let tx = tx.clone();
            runtime.spawn(async move {
                for i in 0..EACH {
                    tx.send_async(message(0, i)).await.unwrap();
                }
            })
        };
        let to_tokio = {
            let rx = rx.clone();
            runtime.spawn(async move {
                let mut all = Vec::new();
                while let Ok(value) = rx.recv_async().await {
                    all.push(value);
                }
                all
            })
        };
        let from_smol = {
            let tx = tx.clone();
            smol::spawn(async move {
                for i in 0..EACH {
                    tx.send_async(message(1, i)).await.unwrap();
                }
            })
        };
        let to_smol = {
            let rx = rx.clone();
            smol::spawn(async move {
                let mut all = Vec::new();
                while rx.recv_many_async(&mut all, 5).await.is_ok() {}
                all
            })
        };
        let from_thread = thread::spawn(move || {
            send_all(&mut { tx }, Send::Block, (0..EACH).map(|i| message(2, i)), capacity);
        });
        let to_thread = thread::spawn(move || receive_all(&mut { rx }, Receive::Block));
        runtime.block_on(from_tokio).unwrap();
        smol::block_on(from_smol);
        from_thread.join().unwrap();
        let received = [
            runtime.block_on(to_tokio).unwrap(),
            smol::block_on(to_smol),
            to_thread.join().unwrap(),
        ];
        check(&received, 3, EACH, "two executors and threads");
        conserved(&watch.stats());
    }
}

/// Many tasks on one thread: nobody may block it.
#[test]
fn tasks_on_one_thread() {
    let executor = smol::LocalExecutor::new();
    for capacity in CAPACITIES {
        let (tx, mut rx) = mpsc::bounded::<u64>(capacity);
        let senders: Vec<_> = (0..20)
            .map(|s| {
                let tx = tx.clone();
                executor.spawn(async move {
                    for i in 0..50 {
                        tx.send_async(message(s, i)).await.unwrap();
                    }
                })
            })
            .collect();
        drop(tx);
        let received = smol::block_on(executor.run(async move {
            let mut all = Vec::new();
            while let Ok(value) = rx.recv_async().await {
                all.push(value);
            }
            for sender in senders {
                sender.await;
            }
            (all, rx.stats())
        }));
        check(&[received.0], 20, 50, "tasks on one thread");
        conserved(&received.1);
    }
}

/// A sleeping thread is woken by a task, and a pending task by a thread, at every message.
#[test]
fn ping_pong_between_thread_and_task() {
    let (there, mut at_task) = backpressure::spsc::bounded::<u64>(1);
    let (mut back, at_thread) = backpressure::spsc::bounded::<u64>(1);
    let thread = thread::spawn(move || {
        let (mut there, mut at_thread) = (there, at_thread);
        for i in 0..5_000 {
            there.send(i).unwrap();
            assert_eq!(at_thread.recv(), Ok(i));
        }
        conserved(&there.stats());
        conserved(&at_thread.stats());
    });
    pollster::block_on(async {
        while let Ok(value) = at_task.recv_async().await {
            back.send_async(value).await.unwrap();
        }
    });
    thread.join().unwrap();
}

/// The types of the flavours exist under the names that code generic over channels would use.
#[test]
fn aliases_name_the_kinds() {
    use backpressure::flavour::{Many, One};
    let (tx, rx) = backpressure::spsc::bounded::<u8>(1);
    let _: (Sender<u8, Kind<One, One>>, Receiver<u8, Kind<One, One>>) = (tx, rx);
    let (tx, rx) = mpmc::bounded::<u8>(1);
    let _: (mpmc::Sender<u8>, Receiver<u8, Kind<Many, Many>>) = (tx, rx);
}
