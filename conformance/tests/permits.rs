//! Permits: a credit in hand never fails for lack of room, and never wedges anybody.

mod common;

use std::pin::pin;
use std::thread;
use std::time::Duration;

use backpressure::{Receiver, RecvError, Sender, TryRecvError, TrySendError, mpmc, mpsc, spsc};
use common::{Bell, Channel, NEAR_WRAP, Rx, Tx};

fn a_credit_in_hand_is_nobody_elses<C: Channel>()
where
    Sender<u32, C::Kind>: Tx<u32>,
    Receiver<u32, C::Kind>: Rx<u32>,
{
    for capacity in [1, 2, 3, 64] {
        let (mut tx, mut rx) = C::make::<u32>(capacity, NEAR_WRAP);
        for _ in 0..3 {
            assert!(Tx::try_reserve_many_then(&mut tx, vec![7; capacity]));
            assert!(!Tx::try_reserve_many_then(&mut tx, vec![7; capacity]));
            assert_eq!(Tx::try_reserve_then(&mut tx, 8), Err(TrySendError::Full(8)));
            assert_eq!(Rx::drain(&mut rx), vec![7; capacity]);
            assert!(Tx::reserve_and_drop(&mut tx));
            assert_eq!((rx.reserved(), rx.len()), (0, 0));
        }
    }
}

/// A forgotten permit leaves no hole: the others go on, and Closed is still reached.
fn forgotten_permits_wedge_nobody<C: Channel>()
where
    Sender<u32, C::Kind>: Tx<u32>,
    Receiver<u32, C::Kind>: Rx<u32>,
{
    let (mut tx, mut rx) = C::make::<u32>(3, NEAR_WRAP);
    assert!(Tx::reserve_and_forget(&mut tx));
    let lost = rx.reserved();
    assert_eq!(lost, 1);
    for i in 0..20 {
        Tx::try_send(&mut tx, i).unwrap();
        Tx::try_send(&mut tx, i).unwrap();
        assert_eq!((Rx::recv(&mut rx), Rx::recv(&mut rx)), (Ok(i), Ok(i)));
        assert_eq!(Rx::try_recv(&mut rx), Err(TryRecvError::Empty));
    }
    Tx::try_send(&mut tx, 99).unwrap();
    drop(tx);
    assert_eq!(Rx::recv(&mut rx), Ok(99));
    assert_eq!(Rx::recv(&mut rx), Err(RecvError));
}

for_each_flavour!(a_credit_in_hand_is_nobody_elses, forgotten_permits_wedge_nobody);

#[test]
fn permits_outlive_a_close_by_others() {
    macro_rules! on {
        ($($flavour:ident),*) => {$({
            let (mut tx, mut rx) = $flavour::bounded(3);
            let (tx, rx) = (&mut tx, &mut rx);
            let mut permits = tx.try_reserve_many(3).unwrap();
            assert!(rx.close());
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "permits are out");
            permits.send(1).unwrap();
            assert_eq!(rx.try_recv(), Ok(1));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "two are left");
            permits.send(2).unwrap();
            drop(permits);
            assert_eq!(rx.recv(), Ok(2));
            assert_eq!(rx.recv(), Err(RecvError));
            assert!(tx.try_reserve().is_err());
        })*};
    }
    on!(spsc, mpsc, mpmc);
}

/// When nobody will ever receive, a permit hands its value back.
#[test]
fn permits_are_refused_after_the_last_receiver() {
    macro_rules! on {
        ($($flavour:ident),*) => {$({
            let (mut tx, rx) = $flavour::bounded(2);
            let tx = &mut tx;
            let mut permits = tx.try_reserve_many(2).unwrap();
            drop(rx);
            assert_eq!(permits.send("back").unwrap_err().0, "back");
            assert_eq!(permits.send("again").unwrap_err().0, "again");
            drop(permits);
            assert_eq!(tx.len(), 0);
        })*};
    }
    on!(spsc, mpsc, mpmc);
}

#[test]
fn impossible_reservations_panic() {
    let (mut tx, _rx) = spsc::bounded::<u8>(3);
    for n in [0, 4, usize::MAX] {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            drop(tx.try_reserve_many(n));
        }));
        assert!(panic.is_err(), "{n} credits of 3");
    }
    let (tx, _rx) = mpmc::bounded::<()>(100_000);
    let most = tx.try_reserve_many(32_767).unwrap();
    assert!(matches!(tx.try_reserve(), Err(TrySendError::Full(()))));
    // Sends need no permit, and are not limited.
    tx.try_send(()).unwrap();
    drop(most);
    assert!(tx.try_reserve().is_ok());
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(tx.try_reserve_many(32_768));
    }));
    assert!(panic.is_err());
}

/// Permits are few where credits are many: who waits for one is told as well when one is used up.
#[test]
fn a_used_permit_makes_room_for_another() {
    let (tx, _rx) = mpmc::bounded(40_000);
    let mut most = tx.try_reserve_many(32_767).unwrap();
    let bell = Bell::new();
    let mut reserve = pin!(tx.reserve_async());
    assert!(bell.poll(reserve.as_mut()).is_pending());
    most.send(()).unwrap();
    assert_eq!(bell.rings(), 1);
    assert!(bell.poll(reserve.as_mut()).is_ready());
}

#[test]
#[should_panic(expected = "no credit left")]
fn permits_do_not_send_more_than_they_hold() {
    let (tx, _rx) = mpsc::bounded(2);
    let mut permits = tx.try_reserve_many(1).unwrap();
    permits.send(1).unwrap();
    let _ = permits.send(2);
}

/// Permits of several sizes beside plain sends: nobody starves for good, nothing is lost.
#[test]
fn reservations_of_all_sizes_under_load() {
    const EACH: usize = 600;
    let (tx, rx) = mpmc::bounded(4);
    let total: usize = thread::scope(|threads| {
        for size in 1..=4 {
            let tx = tx.clone();
            threads.spawn(move || {
                for round in 0..EACH {
                    let mut permits = tx.reserve_many(size).unwrap();
                    // Some are used up, some are given back.
                    for _ in 0..size - round % 2 {
                        permits.send(1).unwrap();
                    }
                    assert_eq!(permits.len(), round % 2);
                }
            });
        }
        let plain = tx.clone();
        threads.spawn(move || (0..EACH).for_each(|_| plain.send(1).unwrap()));
        drop(tx);
        let other = rx.clone();
        let one = threads.spawn(move || other.iter().sum::<usize>());
        rx.iter().sum::<usize>() + one.join().unwrap()
    });
    assert_eq!(total, EACH * (1 + 2 + 3 + 4 + 1) - 4 * EACH / 2);
    common::conserved(&rx.stats());
}

/// The operation machine found that spsc left permits out.
#[test]
fn full_means_queued_or_reserved() {
    macro_rules! on {
        ($($flavour:ident),*) => {$({
            let (mut tx, rx) = $flavour::bounded::<u32>(2);
            let tx = &mut tx;
            let permit = tx.try_reserve().unwrap();
            assert!(!rx.is_full());
            drop(permit);
            let permits = tx.try_reserve_many(2).unwrap();
            assert_eq!((rx.is_full(), rx.len(), rx.reserved()), (true, 0, 2));
            drop(permits);
            assert!(!rx.is_full());
        })*};
    }
    on!(spsc, mpsc, mpmc);
}

/// The operation machine found that shared senders kept a channel from being drained with permits that
/// could not send any more.
#[test]
fn permits_without_receivers_keep_nothing_from_being_drained() {
    macro_rules! on {
        ($($flavour:ident),*) => {$({
            let (tx, rx) = $flavour::bounded::<u32>(2);
            let permit = tx.try_reserve().unwrap();
            drop(rx);
            assert!(tx.wait_drained_timeout(Duration::ZERO));
            assert!(permit.send(1).is_err());
            assert!(tx.wait_drained_timeout(Duration::ZERO));
        })*};
    }
    on!(mpsc, mpmc);
}
