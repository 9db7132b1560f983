//! What must happen on the way out, whether a call returns or unwinds.

use core::ops::{Deref, DerefMut};

/// Runs a function on a value when dropped.
#[derive(Debug)]
pub(crate) struct Finally<V> {
    value: V,
    then: fn(&mut V),
}

impl<V> Finally<V> {
    pub(crate) fn new(value: V, then: fn(&mut V)) -> Self {
        Self { value, then }
    }
}

impl<V> Drop for Finally<V> {
    fn drop(&mut self) {
        (self.then)(&mut self.value);
    }
}

impl<V> Deref for Finally<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V> DerefMut for Finally<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.value
    }
}
