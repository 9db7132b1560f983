//! Two small futures.

use std::pin::pin;
use std::task::Poll;

/// Drops a future that is not done after so many polls more than one.
pub async fn abandon<F: Future>(future: F, mut polls: u64) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if polls == 0 => Poll::Ready(None),
        Poll::Pending => {
            // Otherwise a future that is to be dropped would wait like any other.
            if polls < u64::MAX {
                polls -= 1;
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        }
    })
    .await
}

/// Lets the executor run something else.
pub async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
