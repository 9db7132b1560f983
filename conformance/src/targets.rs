//! What the fuzz targets do with any bytes; those in `fuzz/` only call these, and a test replays what was found.

use crate::machine::{INSTANT, VERBS};
use crate::{channel, gate};

/// Operations on one channel of any flavour and mode, none of which waits.
pub fn operations(bytes: &[u8]) {
    if let Some(case) = channel::Case::from_bytes(bytes, &VERBS[..INSTANT]) {
        case.run();
    }
}

/// The same, with handles and futures under an executor that polls, drops and forgets them in the order in
/// which the bytes say.
pub fn interleavings(bytes: &[u8]) {
    if let Some(case) = channel::Case::from_bytes(bytes, &VERBS) {
        case.run();
    }
}

/// Operations on a gate of credits, those that wait included.
pub fn gate(bytes: &[u8]) {
    if let Some(case) = gate::Case::from_bytes(bytes) {
        case.run();
    }
}

/// Every target, by its name.
pub const ALL: [(&str, fn(&[u8])); 3] =
    [("operations", operations), ("interleavings", interleavings), ("gate", gate)];
