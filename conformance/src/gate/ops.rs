//! The language of the gate: a verb and two bytes, of which `a` mostly says whose and `b` how many.

use std::fmt;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    TryAcquire,
    UpTo,
    AcquireInTime,
    AcquireAsync,
    Poll,
    PollWoken,
    Cancel,
    ForgetWait,
    Quiesce,
    Release,
    Spend,
    Split,
    Merge,
    MergeForeign,
    Own,
    ForgetPermit,
    Hoard,
    Grant,
    GrantTo,
    Revoke,
    Drain,
    Resize,
    Pause,
    Resume,
    Close,
}

use Verb::*;

/// Every verb, the frequent ones several times.
pub const VERBS: [Verb; 48] = [
    TryAcquire,
    TryAcquire,
    TryAcquire,
    TryAcquire,
    UpTo,
    UpTo,
    AcquireInTime,
    AcquireInTime,
    AcquireAsync,
    AcquireAsync,
    AcquireAsync,
    AcquireAsync,
    AcquireAsync,
    Poll,
    Poll,
    Poll,
    Poll,
    PollWoken,
    PollWoken,
    PollWoken,
    Cancel,
    Cancel,
    ForgetWait,
    Quiesce,
    Quiesce,
    Release,
    Release,
    Release,
    Release,
    Release,
    Spend,
    Split,
    Split,
    Merge,
    MergeForeign,
    Own,
    ForgetPermit,
    Hoard,
    Grant,
    Grant,
    Grant,
    GrantTo,
    Revoke,
    Drain,
    Resize,
    Pause,
    Resume,
    Close,
];

/// One operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Op {
    pub verb: Verb,
    pub a: u8,
    pub b: u8,
}

impl Op {
    /// Any bytes mean some operation.
    #[must_use]
    pub fn from_bytes([verb, a, b]: [u8; 3]) -> Self {
        Self { verb: VERBS[usize::from(verb) % VERBS.len()], a, b }
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}, {})", self.verb, self.a, self.b)
    }
}
