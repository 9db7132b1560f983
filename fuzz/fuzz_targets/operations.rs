//! Any sequence of operations on one evicting mpmc channel, against a `VecDeque`.
//!
//! Values count their drops: at the end each must have been dropped exactly once.
#![no_main]

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use arbitrary::Arbitrary;
use backpressure::{
    Clear, DropNewest, DropOldest, Offered, TryRecvError, TrySendError, mpmc,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Operation {
    TrySend,
    TrySendMany(u8),
    TryRecv,
    TryRecvMany(u8),
    DropOldest,
    DropNewest,
    Clear,
    PermitSent,
    PermitDropped,
    Drain,
    Close,
}

#[derive(Arbitrary, Debug)]
struct Case {
    capacity: u8,
    start: u64,
    operations: Vec<Operation>,
}

/// A numbered value that notes its drop.
#[derive(Debug)]
struct Value {
    number: u64,
    alive: Rc<Cell<i64>>,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.alive.set(self.alive.get() - 1);
    }
}

fuzz_target!(|case: Case| {
    let capacity = usize::from(case.capacity % 9) + 1;
    let (tx, rx) =
        mpmc::builder().capacity(capacity).evicting().start_at(case.start).build().unwrap();
    let alive = Rc::new(Cell::new(0));
    let mut model = VecDeque::new();
    let mut closed = false;
    let mut next = 0;
    let mut value = || {
        next += 1;
        alive.set(alive.get() + 1);
        Value { number: next, alive: alive.clone() }
    };
    for operation in case.operations {
        match operation {
            Operation::TrySend => {
                let value = value();
                let number = value.number;
                match tx.try_send(value) {
                    Ok(()) => {
                        assert!(!closed && model.len() < capacity);
                        model.push_back(number);
                    }
                    Err(TrySendError::Full(_)) => assert!(!closed && model.len() == capacity),
                    Err(TrySendError::Closed(_)) => assert!(closed),
                }
            }
            Operation::TrySendMany(n) => {
                let mut values: Vec<_> = (0..n % 12).map(|_| value()).collect();
                let numbers: Vec<_> = values.iter().map(|value| value.number).collect();
                let room = (capacity - model.len()).min(values.len());
                match tx.try_send_many(&mut values) {
                    Ok(sent) => {
                        assert!(!closed);
                        assert_eq!(sent, room);
                        model.extend(&numbers[..sent]);
                        assert!(values.iter().map(|value| value.number).eq(numbers[sent..].iter().copied()));
                    }
                    Err(_) => assert!(closed),
                }
            }
            Operation::TryRecv => match rx.try_recv() {
                Ok(value) => assert_eq!(Some(value.number), model.pop_front()),
                Err(TryRecvError::Empty) => assert!(model.is_empty() && !closed),
                Err(TryRecvError::Closed) => assert!(model.is_empty() && closed),
            },
            Operation::TryRecvMany(n) => {
                let mut batch = Vec::new();
                let limit = usize::from(n % 12);
                if let Ok(n) = rx.try_recv_many(&mut batch, limit) {
                    assert_eq!(n, limit.min(model.len()));
                }
                for value in batch {
                    assert_eq!(Some(value.number), model.pop_front());
                }
            }
            Operation::DropOldest => {
                let value = value();
                let number = value.number;
                match tx.offer(value, DropOldest) {
                    Ok(Offered::Sent) => assert!(model.len() < capacity),
                    Ok(Offered::Evicted(oldest)) => {
                        assert_eq!(model.len(), capacity);
                        assert_eq!(Some(oldest.number), model.pop_front());
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => {
                        assert!(closed);
                        continue;
                    }
                }
                model.push_back(number);
            }
            Operation::DropNewest => {
                let value = value();
                let number = value.number;
                match tx.offer(value, DropNewest) {
                    Ok(Offered::Sent) => model.push_back(number),
                    Ok(Offered::Rejected(back)) => {
                        assert_eq!((back.number, model.len()), (number, capacity));
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => assert!(closed),
                }
            }
            Operation::Clear => {
                let value = value();
                let number = value.number;
                match tx.offer(value, Clear) {
                    Ok(Offered::Sent) => assert!(model.len() < capacity),
                    Ok(Offered::Cleared(backlog)) => {
                        assert_eq!(model.len(), capacity);
                        assert!(backlog.iter().map(|value| value.number).eq(model.drain(..)));
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => {
                        assert!(closed);
                        continue;
                    }
                }
                model.push_back(number);
            }
            Operation::PermitSent => {
                if let Ok(permit) = tx.try_reserve() {
                    assert_eq!((tx.reserved(), closed), (1, false));
                    let value = value();
                    model.push_back(value.number);
                    permit.send(value).unwrap();
                } else {
                    assert!(closed || model.len() == capacity);
                }
            }
            Operation::PermitDropped => drop(tx.try_reserve()),
            Operation::Drain => {
                assert!(rx.drain().map(|value| value.number).eq(model.drain(..)));
            }
            Operation::Close => assert_eq!(tx.close(), !std::mem::replace(&mut closed, true)),
        }
        assert_eq!(tx.len(), model.len());
        assert_eq!(tx.is_full(), model.len() == capacity);
        assert_eq!(alive.get(), model.len() as i64);
        let stats = tx.stats();
        let dropped = stats.dropped.evicted + stats.dropped.cleared;
        assert_eq!(stats.sent, stats.received + dropped + model.len() as u64);
        assert_eq!(stats.available as usize + model.len(), capacity);
    }
    drop((tx, rx));
    assert_eq!(alive.get(), 0);
});
