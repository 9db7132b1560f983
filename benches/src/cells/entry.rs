//! Contestants in workloads, without their types.

use std::time::Duration;

use super::{Entry, OURS, Role, Run};
use crate::contestants::{
    Contestant, ForTasks, ForceSend, Message, RecvAsync, RecvBlocking, SendAsync, TryRecv, TrySend,
};
use crate::modes::{Receives, Receiving, Sending, Sends};
use crate::race::Sample;
use crate::workloads::{
    self, Shape, copying, overload, ping_pong, ping_pong_tasks, solo, stream, trickle, trickle_task,
};

impl Entry {
    pub(super) fn new<C: Contestant>(run: impl Fn(u64) -> Sample + 'static) -> Self {
        let role = match C::NAME {
            OURS => Role::Ours,
            name if name.starts_with(OURS) => Role::Variant,
            name if name.starts_with("floor") => Role::Floor,
            _ => Role::Other,
        };
        let run: Run = Box::new(run);
        Self { name: C::NAME.to_string(), role, run }
    }

    /// Beside others that move batches.
    pub(super) fn one_by_one(self) -> Self {
        let role = if self.role == Role::Ours { Role::Variant } else { self.role };
        Self { name: format!("{} (single)", self.name), role, ..self }
    }

    /// It can only receive in batches.
    pub(super) fn half(self) -> Self {
        Self { name: format!("{} (sends single)", self.name), ..self }
    }
}

/// One sender, one receiver.
pub(super) fn one<C: Contestant, T: Message>(
    shape: Shape,
    s: impl Sending<C::Tx<T>, T>,
    r: impl Receiving<C::Rx<T>, T>,
) -> Entry {
    Entry::new::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        stream((s, vec![tx]), (r, vec![rx]), messages)
    })
}

fn several<H: Clone>(handle: H, n: usize) -> Vec<H> {
    let mut all = vec![handle.clone(); n - 1];
    all.push(handle);
    all
}

/// Several senders, one receiver.
pub(super) fn to_one<C: Contestant, T: Message>(
    shape: Shape,
    s: impl Sending<C::Tx<T>, T>,
    r: impl Receiving<C::Rx<T>, T>,
) -> Entry
where
    C::Tx<T>: Clone,
{
    Entry::new::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        stream((s, several(tx, shape.producers)), (r, vec![rx]), messages)
    })
}

/// Several on both sides.
pub(super) fn to_many<C: Contestant, T: Message>(
    shape: Shape,
    s: impl Sending<C::Tx<T>, T>,
    r: impl Receiving<C::Rx<T>, T>,
) -> Entry
where
    C::Tx<T>: Clone,
    C::Rx<T>: Clone,
{
    Entry::new::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        let (senders, receivers) = (several(tx, shape.producers), several(rx, shape.consumers));
        stream((s, senders), (r, receivers), messages)
    })
}

pub(super) fn alone<C: Contestant, T: Message>(
    capacity: usize,
    mode: impl Sends<C::Tx<T>, T> + Receives<C::Rx<T>, T>,
) -> Entry {
    Entry::new::<C>(move |messages| solo::<C, T>(mode, capacity, messages))
}

pub(super) fn array_copy<T: Message>(capacity: usize) -> Entry {
    let run = move |messages| copying::<T>(capacity, messages);
    Entry { name: "floor: array copy".to_string(), role: Role::Floor, run: Box::new(run) }
}

pub(super) fn trips<C: Contestant, T: Message>(
    capacity: usize,
    mode: impl Sends<C::Tx<T>, T> + Receives<C::Rx<T>, T>,
) -> Entry {
    Entry::new::<C>(move |messages| ping_pong::<C, T>(mode, capacity, messages))
}

pub(super) fn trips_of_tasks<C: Contestant, T: Message>(capacity: usize) -> Entry
where
    C::Tx<T>: ForTasks<Handle: SendAsync<T>>,
    C::Rx<T>: ForTasks<Handle: RecvAsync<T>>,
{
    Entry::new::<C>(move |messages| ping_pong_tasks::<C, T>(capacity, messages))
}

pub(super) fn waiting<C: Contestant>(period: Duration) -> Entry
where
    C::Tx<u64>: TrySend<u64>,
    C::Rx<u64>: RecvBlocking<u64>,
{
    Entry::new::<C>(move |messages| trickle::<C>(period, messages))
}

pub(super) fn waiting_task<C: Contestant>(period: Duration) -> Entry
where
    C::Tx<u64>: TrySend<u64>,
    C::Rx<u64>: ForTasks<Handle: RecvAsync<u64>>,
{
    Entry::new::<C>(move |messages| trickle_task::<C>(period, messages))
}

pub(super) fn dropping<C: Contestant, T: Message>(shape: Shape) -> Entry
where
    C::Tx<T>: ForceSend<T> + Clone,
    C::Rx<T>: TryRecv<T>,
{
    Entry::new::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        overload::<C, T>(several(tx, shape.producers), rx, messages)
    })
}

/// As [`dropping`], of a sender that cannot be cloned.
pub(super) fn dropping_one<C: Contestant, T: Message>(shape: Shape) -> Entry
where
    C::Tx<T>: ForceSend<T>,
    C::Rx<T>: TryRecv<T>,
{
    Entry::new::<C>(move |messages| {
        let (tx, rx) = C::bounded::<T>(shape.capacity);
        overload::<C, T>(vec![tx], rx, messages)
    })
}

pub(super) fn creation<C: Contestant, T: Message>(capacity: usize) -> Entry {
    Entry::new::<C>(move |times| workloads::creation::<C, T>(capacity, times))
}

pub(super) fn memory<C: Contestant, T: Message>(capacity: usize) -> Entry
where
    C::Tx<T>: TrySend<T>,
{
    Entry::new::<C>(move |_| workloads::memory::<C, T>(capacity))
}
