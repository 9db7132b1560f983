//! The language: one operation is a verb and two bytes, whose meaning is the verb's affair.

use std::fmt;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    TrySend,
    SendInTime,
    TrySendMany,
    SendManyNow,
    Offer,
    ForceSend,
    PollReady,
    PollReserve,
    TryRecv,
    RecvInTime,
    TryRecvMany,
    RecvManyNow,
    TryRecvFresh,
    RecvFreshNow,
    PollRecv,
    Drain,
    TryIter,
    IterNext,
    IntoIter,
    TakePermits,
    SendWithPermit,
    DropPermits,
    ForgetPermits,
    Ack,
    MapDelivery,
    SplitDelivery,
    JoinDelivery,
    ReleaseLease,
    ForgetDelivery,
    Forward,
    RecvForwarded,
    Request,
    RequestUnbounded,
    CloneSender,
    DropSender,
    Downgrade,
    Upgrade,
    CloneReceiver,
    DropReceiver,
    CloseBySender,
    CloseByReceiver,
    Tick,
    Watch,
    WaitChanged,
    // From here on: tasks.
    SendAsync,
    SendManyAsync,
    ReserveAsync,
    ClosedAsync,
    DrainedAsync,
    RecvAsync,
    RecvManyAsync,
    RecvFreshAsync,
    ChangedAsync,
    PollTask,
    PollWoken,
    Cancel,
    Forget,
    Reclaim,
    Quiesce,
}

use Verb::*;

/// Every verb, the frequent ones several times. Those that need no task come first.
pub const VERBS: [Verb; INSTANT + 32] = [
    // Sending at once.
    TrySend,
    TrySend,
    TrySend,
    TrySend,
    SendInTime,
    TrySendMany,
    TrySendMany,
    SendManyNow,
    Offer,
    Offer,
    Offer,
    ForceSend,
    PollReady,
    PollReserve,
    // Receiving at once.
    TryRecv,
    TryRecv,
    TryRecv,
    TryRecv,
    RecvInTime,
    TryRecvMany,
    TryRecvMany,
    RecvManyNow,
    TryRecvFresh,
    RecvFreshNow,
    PollRecv,
    Drain,
    TryIter,
    IterNext,
    IntoIter,
    // Credits in hand.
    TakePermits,
    TakePermits,
    TakePermits,
    SendWithPermit,
    SendWithPermit,
    SendWithPermit,
    DropPermits,
    DropPermits,
    ForgetPermits,
    Ack,
    Ack,
    Ack,
    MapDelivery,
    SplitDelivery,
    JoinDelivery,
    ReleaseLease,
    ForgetDelivery,
    Forward,
    Forward,
    RecvForwarded,
    Request,
    Request,
    RequestUnbounded,
    // Handles.
    CloneSender,
    DropSender,
    Downgrade,
    Upgrade,
    CloneReceiver,
    DropReceiver,
    CloseBySender,
    CloseByReceiver,
    Tick,
    Watch,
    WaitChanged,
    // Tasks.
    SendAsync,
    SendAsync,
    SendAsync,
    SendManyAsync,
    SendManyAsync,
    ReserveAsync,
    ReserveAsync,
    ClosedAsync,
    DrainedAsync,
    RecvAsync,
    RecvAsync,
    RecvAsync,
    RecvManyAsync,
    RecvManyAsync,
    RecvFreshAsync,
    ChangedAsync,
    PollTask,
    PollTask,
    PollTask,
    PollTask,
    PollTask,
    PollTask,
    PollWoken,
    PollWoken,
    PollWoken,
    PollWoken,
    Cancel,
    Cancel,
    Forget,
    Reclaim,
    Quiesce,
    Quiesce,
];

/// How many entries of [`VERBS`] need no task.
pub const INSTANT: usize = 63;

/// One operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Op {
    pub verb: Verb,
    pub a: u8,
    pub b: u8,
}

impl Op {
    /// Any bytes mean some operation, out of the first `verbs` of the language.
    #[must_use]
    pub fn from_bytes([verb, a, b]: [u8; 3], verbs: usize) -> Self {
        Self { verb: VERBS[usize::from(verb) % verbs], a, b }
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}, {})", self.verb, self.a, self.b)
    }
}
