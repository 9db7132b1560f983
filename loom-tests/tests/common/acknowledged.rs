//! Acknowledged channels for models, whose positions cross the wrap, and what models do with them again and
//! again.

use std::num::NonZeroUsize;

use backpressure_model::flavour::{Ack, Kind, Many, One};
use backpressure_model::{Delivery, Receiver, Sender, mpmc, spsc};
use loom::cell::Cell;
use loom::sync::Arc;
use loom::thread::{self, JoinHandle};

use super::NEAR_WRAP;

pub(crate) type Acknowledged<T, P, C> = (Sender<T, Kind<P, C, Ack>>, Receiver<T, Kind<P, C, Ack>>);

fn batch(acknowledgements: usize) -> NonZeroUsize {
    NonZeroUsize::new(acknowledgements).unwrap()
}

pub(crate) fn spsc_ack<T>(capacity: usize, together: usize) -> Acknowledged<T, One, One> {
    let builder = spsc::builder().capacity(capacity).start_at(NEAR_WRAP).acknowledged();
    builder.return_batch(batch(together)).build().unwrap()
}

pub(crate) fn mpmc_ack<T>(capacity: usize, together: usize) -> Acknowledged<T, Many, Many> {
    let builder = mpmc::builder().capacity(capacity).start_at(NEAR_WRAP).acknowledged();
    builder.return_batch(batch(together)).build().unwrap()
}

/// A channel all of whose credits are in delivery.
pub(crate) fn in_delivery<const N: usize>(
    together: usize,
) -> (Acknowledged<usize, Many, Many>, [Delivery<usize>; N]) {
    let (tx, rx) = mpmc_ack(N, together);
    for i in 1..=N {
        tx.try_send(i).unwrap();
    }
    let deliveries = std::array::from_fn(|_| rx.try_recv().unwrap());
    ((tx, rx), deliveries)
}

/// Two threads that acknowledge, each after a note of that.
pub(crate) struct TwoAcknowledge {
    notes: Arc<(Cell<u32>, Cell<u32>)>,
    threads: [JoinHandle<()>; 2],
}

impl TwoAcknowledge {
    pub(crate) fn of<T: 'static>([one, two]: [Delivery<T>; 2]) -> Self {
        let notes = Arc::new((Cell::new(0), Cell::new(0)));
        let written = Arc::clone(&notes);
        let first = thread::spawn(move || {
            written.0.set(1);
            one.ack();
        });
        let written = Arc::clone(&notes);
        let second = thread::spawn(move || {
            written.1.set(1);
            two.ack();
        });
        Self { notes, threads: [first, second] }
    }

    /// For whoever comes after both.
    pub(crate) fn notes(&self) -> u32 {
        self.notes.0.get() + self.notes.1.get()
    }

    pub(crate) fn join(self) {
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
