//! What can go wrong, with the value given back.
//!
//! Names and texts follow `std::sync::mpsc` and crossbeam. No error asks anything of `T` to be
//! printed.

use core::error::Error;
use core::fmt;

/// The channel is closed: nobody will receive the value, which is handed back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// Why a value was not sent at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// Every credit is out.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

/// Why a value was not sent in time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// No credit came free in time.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

/// The channel is closed and everything that was sent has been received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// Why no value was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing is queued.
    Empty,
    /// The channel is closed and everything that was sent has been received.
    Closed,
}

/// Why no value was received in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// Nothing came in time.
    Timeout,
    /// The channel is closed and everything that was sent has been received.
    Closed,
}

/// Nothing was asked for: a request of 0 messages is a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestError;

/// Why credits were not acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// Fewer are available, the gate is paused, or others are first in line.
    Exhausted,
    /// So many can never be available.
    TooLarge,
    /// Nothing was asked for: an acquisition of 0 credits is a mistake.
    Nothing,
    /// As many wait already as may.
    TooManyWaiters,
    /// Not enough came free in time.
    TimedOut,
    /// The gate is closed.
    Closed,
}

impl AcquireError {
    /// Whether a later attempt may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Exhausted | Self::TooManyWaiters | Self::TimedOut)
    }
}

/// Why a channel could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A capacity of zero: a channel without credits could never send.
    ZeroCapacity,
    /// More slots than positions can tell apart, or than memory has addresses for.
    CapacityTooLarge,
    /// Watermarks that are not `low < high <= capacity`.
    Watermarks,
    /// The allocator refused.
    OutOfMemory,
}

impl<T> SendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// Whether a later attempt may succeed.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether no attempt will ever succeed again.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<T> SendTimeoutError<T> {
    /// The value that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Closed(value) => value,
        }
    }

    /// Whether a later attempt may succeed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether no attempt will ever succeed again.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl TryRecvError {
    /// Whether a later attempt may succeed.
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// Whether no attempt will ever succeed again.
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

impl RecvTimeoutError {
    /// Whether a later attempt may succeed.
    pub fn is_timeout(&self) -> bool {
        *self == Self::Timeout
    }

    /// Whether no attempt will ever succeed again.
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(SendError(value): SendError<T>) -> Self {
        Self::Closed(value)
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(SendError(value): SendError<T>) -> Self {
        Self::Closed(value)
    }
}

impl From<RecvError> for TryRecvError {
    fn from(RecvError: RecvError) -> Self {
        Self::Closed
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(RecvError: RecvError) -> Self {
        Self::Closed
    }
}

// `Debug` names the variant and leaves the value out, so that it asks nothing of `T`.

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sending on a closed channel")
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "sending on a full channel",
            Self::Closed(_) => "sending on a closed channel",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "timed out waiting for room in the channel",
            Self::Closed(_) => "sending on a closed channel",
        })
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("receiving on an empty and closed channel")
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "receiving on an empty channel",
            Self::Closed => "receiving on an empty and closed channel",
        })
    }
}

impl fmt::Display for RecvTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "timed out waiting on an empty channel",
            Self::Closed => "receiving on an empty and closed channel",
        })
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("requested nothing")
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "not enough credits available",
            Self::TooLarge => "more credits than there can ever be",
            Self::Nothing => "acquiring no credits",
            Self::TooManyWaiters => "too many wait for credits",
            Self::TimedOut => "timed out waiting for credits",
            Self::Closed => "acquiring credits of a closed gate",
        })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZeroCapacity => "a bounded channel needs a capacity of at least one",
            Self::CapacityTooLarge => "the capacity is too large",
            Self::Watermarks => "watermarks must be low < high <= capacity",
            Self::OutOfMemory => "not enough memory for the capacity",
        })
    }
}

impl<T> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl<T> Error for SendTimeoutError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for RecvTimeoutError {}
impl Error for RequestError {}
impl Error for AcquireError {}
impl Error for BuildError {}
