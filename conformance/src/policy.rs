//! What a send that never waits does where every credit is out, chosen while a test runs.

/// A policy, for channels that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Fail,
    DropNewest,
    DropOldest,
    Clear,
    Merge,
}

/// Offers a value by a policy, to a sender of this type, whose mode is named and has it.
#[macro_export]
macro_rules! offer {
    (Latest, $sender:ty, $tx:expr, $value:expr, $policy:expr, $merge:expr) => {
        match $policy {
            $crate::Policy::Merge => <$sender>::offer($tx, $value, ::backpressure::Merge($merge)),
            other => $crate::offer!(Evict, $sender, $tx, $value, other, $merge),
        }
    };
    (Evict, $sender:ty, $tx:expr, $value:expr, $policy:expr, $merge:expr) => {
        match $policy {
            $crate::Policy::DropOldest => <$sender>::offer($tx, $value, ::backpressure::DropOldest),
            $crate::Policy::Clear => <$sender>::offer($tx, $value, ::backpressure::Clear),
            other => $crate::offer!(Keep, $sender, $tx, $value, other, $merge),
        }
    };
    ($mode:ident, $sender:ty, $tx:expr, $value:expr, $policy:expr, $merge:expr) => {
        match $policy {
            $crate::Policy::Fail => <$sender>::offer($tx, $value, ::backpressure::Fail),
            $crate::Policy::DropNewest => <$sender>::offer($tx, $value, ::backpressure::DropNewest),
            other => unreachable!("{other:?} is not for this channel"),
        }
    };
}

/// `force_send`, where the mode has it.
#[macro_export]
macro_rules! force {
    (Latest, $sender:ty, $tx:expr, $value:expr) => {
        <$sender>::force_send($tx, $value)
    };
    (Evict, $sender:ty, $tx:expr, $value:expr) => {
        <$sender>::force_send($tx, $value)
    };
    ($mode:ident, $sender:ty, $tx:expr, $value:expr) => {
        unreachable!("no forcing {:?} here", $value)
    };
}
