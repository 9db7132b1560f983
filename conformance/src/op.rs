//! An operation of a language: a verb and two bytes.

use std::fmt;

use crate::entry;

/// Operations of a case beyond these are not looked at.
const MOST: usize = 256;

/// One operation. What `a` and `b` mean is the verb's business.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Op<V> {
    pub verb: V,
    pub a: u8,
    pub b: u8,
}

impl<V: Copy> Op<V> {
    /// Any bytes mean some operation with one of these verbs.
    #[must_use]
    pub fn from_bytes([verb, a, b]: [u8; 3], verbs: &[V]) -> Self {
        Self { verb: entry(verbs, verb), a, b }
    }

    /// As many as the bytes are enough for.
    pub(crate) fn all_from_bytes(bytes: &[u8], verbs: &[V]) -> Vec<Self> {
        let ops = bytes.chunks_exact(3).take(MOST);
        ops.map(|op| Self::from_bytes([op[0], op[1], op[2]], verbs)).collect()
    }
}

impl<V: fmt::Debug> fmt::Debug for Op<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({}, {})", self.verb, self.a, self.b)
    }
}
