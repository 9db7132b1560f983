//! What would keep somebody waiting, or working, for ever.

mod common;

use backpressure::mpmc;

/// A batch without end, of values without size, on an endless demand: what goes into circulation is what the
/// channel can hold, so that the limit stays where positions can be compared with it.
#[test]
fn endless_batches_for_an_endless_demand() {
    let (tx, rx) = mpmc::builder().capacity(4).pulled(0).build().unwrap();
    rx.request_unbounded();
    let mut endless = vec![(); usize::MAX];
    for _ in 0..100 {
        assert_eq!(tx.try_send_many(&mut endless), Ok(4));
        assert_eq!(rx.drain().len(), 4);
    }
    assert!(rx.stats().available <= 1 << 21);
}
