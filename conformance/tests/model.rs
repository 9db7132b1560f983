//! Each flavour against a queue that anybody can read: random operations of one thread must have exactly
//! the same outcomes.

mod common;

use std::collections::VecDeque;

use backpressure::{
    Clear, DropNewest, DropOldest, Merge, Offered, Receiver, RecvError, Sender, TryRecvError,
    TrySendError, mpmc, mpsc, spsc,
};
use common::{Bell, Census, Channel, Counted, NEAR_WRAP, Rx, Tx};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Send,
    SendMany(usize),
    SendFuture,
    Reserve,
    ReserveAndDrop,
    ReserveMany(usize),
    Receive,
    ReceiveMany(usize),
    ReceiveFuture,
    Drain,
    CloseBySender,
    CloseByReceiver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Send),
        4 => (0..9_usize).prop_map(Step::SendMany),
        4 => Just(Step::SendFuture),
        4 => Just(Step::Reserve),
        2 => Just(Step::ReserveAndDrop),
        4 => (1..5_usize).prop_map(Step::ReserveMany),
        8 => Just(Step::Receive),
        4 => (0..9_usize).prop_map(Step::ReceiveMany),
        4 => Just(Step::ReceiveFuture),
        1 => Just(Step::Drain),
        1 => Just(Step::CloseBySender),
        1 => Just(Step::CloseByReceiver),
    ]
}

fn capacity() -> impl Strategy<Value = usize> {
    prop_oneof![1..6_usize, Just(64)]
}

fn ids(values: &[Counted]) -> Vec<u64> {
    values.iter().map(|value| value.id).collect()
}

fn obeys<C: Channel>()
where
    Sender<Counted, C::Kind>: Tx<Counted>,
    Receiver<Counted, C::Kind>: Rx<Counted>,
{
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let input = (capacity(), proptest::collection::vec(step(), 1..120));
    let outcome = runner.run(&input, |(capacity, steps)| {
        let census = Census::default();
        let (mut tx, mut rx) = C::make::<Counted>(capacity, NEAR_WRAP);
        let mut queue = VecDeque::new();
        let mut closed = false;
        let mut next = 0;
        let mut make = |n: usize| -> Vec<Counted> {
            next += n as u64;
            (next - n as u64..next).map(|id| census.make(id)).collect()
        };
        for step in steps {
            let room = capacity - queue.len();
            match step {
                Step::Send | Step::Reserve | Step::SendFuture => {
                    let value = make(1).pop().unwrap();
                    let id = value.id;
                    let answer = match step {
                        Step::Send => Tx::try_send(&mut tx, value),
                        Step::Reserve => Tx::try_reserve_then(&mut tx, value),
                        _ => {
                            let mut future = Box::pin(Tx::send_async(&mut tx, value));
                            match Bell::new().poll(future.as_mut()) {
                                std::task::Poll::Ready(answer) => answer.map_err(Into::into),
                                // Dropped with its value.
                                std::task::Poll::Pending => {
                                    prop_assert!(!closed && room == 0);
                                    continue;
                                }
                            }
                        }
                    };
                    match answer {
                        Ok(()) => {
                            prop_assert!(!closed && room > 0);
                            queue.push_back(id);
                        }
                        Err(TrySendError::Full(value)) => {
                            prop_assert!(!closed && room == 0 && value.id == id);
                        }
                        Err(TrySendError::Closed(value)) => prop_assert!(closed && value.id == id),
                    }
                }
                Step::SendMany(n) => {
                    let mut values = make(n);
                    let all = ids(&values);
                    let answer = Tx::try_send_many(&mut tx, &mut values);
                    let sent = if closed { 0 } else { n.min(room) };
                    prop_assert_eq!(answer.is_err(), closed);
                    prop_assert_eq!(answer.unwrap_or_else(|error| error.0), sent);
                    prop_assert_eq!(ids(&values), &all[sent..]);
                    queue.extend(&all[..sent]);
                }
                Step::ReserveAndDrop => {
                    prop_assert_eq!(Tx::reserve_and_drop(&mut tx), !closed && room > 0);
                }
                Step::ReserveMany(n) => {
                    if n <= capacity {
                        let values = make(n);
                        let all = ids(&values);
                        let granted = Tx::try_reserve_many_then(&mut tx, values);
                        prop_assert_eq!(granted, !closed && n <= room);
                        if granted {
                            queue.extend(all);
                        }
                    }
                }
                Step::Receive => {
                    let answer = Rx::try_recv(&mut rx).map(|value| value.id);
                    let none = if closed { TryRecvError::Closed } else { TryRecvError::Empty };
                    prop_assert_eq!(answer, queue.pop_front().ok_or(none));
                }
                Step::ReceiveFuture => {
                    let mut future = Box::pin(Rx::recv_async(&mut rx));
                    match Bell::new().poll(future.as_mut()) {
                        std::task::Poll::Ready(answer) => {
                            let answer = answer.map(|value| value.id);
                            prop_assert!(closed || answer.is_ok());
                            prop_assert_eq!(answer, queue.pop_front().ok_or(RecvError));
                        }
                        std::task::Poll::Pending => prop_assert!(!closed && queue.is_empty()),
                    }
                }
                Step::ReceiveMany(limit) => {
                    let mut into = Vec::new();
                    let answer = Rx::try_recv_many(&mut rx, &mut into, limit);
                    let n = limit.min(queue.len());
                    let expected = if limit == 0 || n > 0 {
                        Ok(n)
                    } else if closed {
                        Err(TryRecvError::Closed)
                    } else {
                        Err(TryRecvError::Empty)
                    };
                    prop_assert_eq!(answer, expected);
                    prop_assert_eq!(ids(&into), queue.drain(..n).collect::<Vec<_>>());
                }
                Step::Drain => {
                    prop_assert_eq!(ids(&Rx::drain(&mut rx)), queue.drain(..).collect::<Vec<_>>());
                }
                Step::CloseBySender => {
                    prop_assert_eq!(tx.close(), !closed);
                    closed = true;
                }
                Step::CloseByReceiver => {
                    prop_assert_eq!(rx.close(), !closed);
                    closed = true;
                }
            }
            prop_assert_eq!((tx.len(), rx.len()), (queue.len(), queue.len()));
            prop_assert_eq!(tx.is_full(), queue.len() == capacity);
            prop_assert_eq!(rx.is_empty(), queue.is_empty());
            prop_assert_eq!((tx.is_closed(), rx.is_closed()), (closed, closed));
            prop_assert_eq!(tx.reserved(), 0);
            common::conserved(&Rx::stats(&rx));
            prop_assert_eq!(census.alive(), queue.len(), "dropped too early, or leaked");
        }
        drop(rx);
        prop_assert_eq!(census.alive(), 0);
        Ok(())
    });
    outcome.unwrap();
}

for_each_flavour!(obeys);

#[derive(Clone, Debug)]
enum Offer {
    Send,
    Oldest,
    Newest,
    Clear,
    Receive,
    Reserve,
    DropPermit,
    Close,
}

fn offers() -> impl Strategy<Value = Vec<Offer>> {
    let step = prop_oneof![
        4 => Just(Offer::Send),
        6 => Just(Offer::Oldest),
        2 => Just(Offer::Newest),
        2 => Just(Offer::Clear),
        4 => Just(Offer::Receive),
        2 => Just(Offer::Reserve),
        2 => Just(Offer::DropPermit),
        1 => Just(Offer::Close),
    ];
    proptest::collection::vec(step, 1..150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Policies, with permits out meanwhile.
    #[test]
    fn policies_obey(capacity in capacity(), steps in offers()) {
        let census = Census::default();
        let (tx, rx) = mpmc::builder().capacity(capacity).evicting().start_at(NEAR_WRAP).build().unwrap();
        let mut queue: VecDeque<u64> = VecDeque::new();
        let mut permits = Vec::new();
        let mut closed = false;
        for (id, step) in (0_u64..).zip(steps) {
            let full = queue.len() + permits.len() == capacity;
            let answer = match step {
                Offer::Send => tx.try_send(census.make(id)).map(|()| Offered::Sent),
                Offer::Newest => tx.offer(census.make(id), DropNewest),
                Offer::Oldest => tx.offer(census.make(id), DropOldest),
                Offer::Clear => tx.offer(census.make(id), Clear),
                Offer::Receive => {
                    prop_assert_eq!(rx.try_recv().ok().map(|value| value.id), queue.pop_front());
                    continue;
                }
                Offer::Reserve => {
                    let permit = tx.try_reserve();
                    prop_assert_eq!(permit.is_ok(), !closed && !full);
                    permits.extend(permit);
                    continue;
                }
                Offer::DropPermit => {
                    permits.pop();
                    continue;
                }
                Offer::Close => {
                    prop_assert_eq!(tx.close(), !closed);
                    closed = true;
                    continue;
                }
            };
            match answer {
                Ok(Offered::Sent) => {
                    prop_assert!(!closed && !full);
                    queue.push_back(id);
                }
                Ok(Offered::Rejected(value)) => {
                    prop_assert!(!closed && full && value.id == id);
                    prop_assert!(matches!(step, Offer::Newest) || queue.is_empty());
                }
                Ok(Offered::Evicted(value)) => {
                    prop_assert!(!closed && full);
                    prop_assert_eq!(Some(value.id), queue.pop_front());
                    queue.push_back(id);
                }
                Ok(Offered::Cleared(backlog)) => {
                    prop_assert!(!closed && full);
                    prop_assert_eq!(ids(&backlog), queue.drain(..).collect::<Vec<_>>());
                    queue.push_back(id);
                }
                Ok(other) => return Err(TestCaseError::fail(format!("{other:?}"))),
                Err(TrySendError::Full(value)) => prop_assert!(!closed && full && value.id == id),
                Err(TrySendError::Closed(value)) => prop_assert!(closed && value.id == id),
            }
            common::conserved(&tx.stats());
            prop_assert_eq!(tx.len(), queue.len());
            prop_assert_eq!(tx.reserved(), permits.len());
            prop_assert_eq!(census.alive(), queue.len());
        }
    }

    /// The latest-value channel against an `Option`.
    #[test]
    fn merging_obeys(receive in proptest::collection::vec(any::<bool>(), 1..60)) {
        let (mut tx, mut rx) = spsc::builder().latest().build().unwrap();
        let mut state: Option<u64> = None;
        for (i, receive) in (1_u64..).zip(receive) {
            if receive {
                prop_assert_eq!(rx.try_recv().ok(), state.take());
            } else {
                let offered = tx.offer(i, Merge(|a, b| a * 31 + b)).unwrap();
                let expected = if state.is_some() { Offered::Merged } else { Offered::Sent };
                prop_assert_eq!(offered, expected);
                state = Some(state.map_or(i, |a| a.wrapping_mul(31).wrapping_add(i)));
                if state.is_some_and(|state| state > 1 << 40) {
                    prop_assert_eq!(rx.try_recv().ok(), state.take());
                }
            }
            common::conserved(&rx.stats());
        }
    }

    /// Handles come and go.
    #[test]
    fn handles_obey(steps in proptest::collection::vec(0..5_u8, 1..80)) {
        let (tx, rx) = mpsc::bounded::<()>(1);
        let weak = tx.downgrade();
        let mut senders = vec![tx];
        for step in steps {
            match step {
                0 | 1 => senders.extend(senders.first().cloned()),
                2 => drop(senders.pop()),
                _ => {
                    let revived = weak.upgrade();
                    prop_assert_eq!(revived.is_some(), !senders.is_empty());
                    senders.extend(revived);
                }
            }
            prop_assert_eq!(rx.sender_count(), senders.len());
            prop_assert_eq!(rx.is_closed(), senders.is_empty());
        }
    }
}
