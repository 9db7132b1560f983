//! Wakers that count.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A waker that counts its calls.
#[derive(Debug, Default)]
pub struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bell {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// One poll with this waker.
    pub fn poll<F: Future + ?Sized>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        self.with(|cx| future.poll(cx))
    }

    /// Calls a `poll_*` with this waker.
    pub fn with<R>(self: &Arc<Self>, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

/// The bell of the latest poll. Every poll has another: who rings an earlier one has told nobody.
#[derive(Debug, Default)]
pub(crate) struct Ringing {
    pub(crate) bell: Arc<Bell>,
}

impl Ringing {
    /// Whether it rang since the last poll began.
    pub(crate) fn is_rung(&self) -> bool {
        self.bell.rings() > 0
    }

    /// A poll begins.
    pub(crate) fn answer(&mut self) {
        self.bell = Bell::new();
    }
}
