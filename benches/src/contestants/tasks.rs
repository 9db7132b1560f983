//! Libraries for tasks. Where threads can wait as well, they are used by threads too.

use tokio::sync::mpsc;

use super::Polled;
use super::macros::{can, contestant};

contestant!(
    /// `tokio::sync::mpsc::channel`.
    Tokio, "tokio", mpsc::Sender<T>, mpsc::Receiver<T>, |capacity| mpsc::channel(capacity)
);
can! {
    try_send mpsc::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send mpsc::Sender<T>: |tx, value| tx.blocking_send(value).is_ok();
    send_async mpsc::Sender<T>: |tx, value| tx.send(value).await.is_ok();
    tasks mpsc::Sender<T>;
    send_many_async mpsc::Sender<T>: |tx, values| {
        // More permits than the capacity are never to be had.
        let n = values.len().min(tx.max_capacity());
        while !values.is_empty() {
            let Ok(permits) = tx.reserve_many(n.min(values.len())).await else { return false };
            let n = permits.len();
            permits.zip(values.drain(..n)).for_each(|(permit, value)| permit.send(value));
        }
        true
    };
    try_recv mpsc::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), |error| matches!(error, mpsc::error::TryRecvError::Empty));
    recv mpsc::Receiver<T>: |rx| rx.blocking_recv();
    recv_async mpsc::Receiver<T>: |rx| rx.recv().await;
    tasks mpsc::Receiver<T>;
    recv_many_async mpsc::Receiver<T>:
        |rx, into, limit| Some(rx.recv_many(into, limit).await).filter(|n| *n > 0);
}

contestant!(
    /// `tachyonix::channel`.
    Tachyonix, "tachyonix", tachyonix::Sender<T>, tachyonix::Receiver<T>,
    |capacity| tachyonix::channel(capacity)
);
can! {
    try_send tachyonix::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send_async tachyonix::Sender<T>: |tx, value| tx.send(value).await.is_ok();
    tasks tachyonix::Sender<T>;
    try_recv tachyonix::Receiver<T>: |rx| Polled::of(
        rx.try_recv(),
        |error| matches!(error, tachyonix::TryRecvError::Empty)
    );
    recv_async tachyonix::Receiver<T>: |rx| rx.recv().await.ok();
    tasks tachyonix::Receiver<T>;
}

contestant!(
    /// `thingbuf::mpsc`.
    ThingbufTasks, "thingbuf", thingbuf::mpsc::Sender<T>, thingbuf::mpsc::Receiver<T>,
    |capacity| thingbuf::mpsc::channel(capacity)
);
can! {
    try_send thingbuf::mpsc::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send_async thingbuf::mpsc::Sender<T>: |tx, value| tx.send(value).await.is_ok();
    tasks thingbuf::mpsc::Sender<T>;
    try_recv thingbuf::mpsc::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), |error| matches!(error, thingbuf::mpsc::errors::TryRecvError::Empty));
    recv_async thingbuf::mpsc::Receiver<T>: |rx| rx.recv().await;
    tasks thingbuf::mpsc::Receiver<T>;
}

contestant!(
    /// `rapidfire::mpsc::bounded`.
    RapidfireMpsc, "rapidfire", rapidfire::Sender<T>, rapidfire::mpsc::Receiver<T>,
    |capacity| rapidfire::mpsc::bounded(capacity)
);
contestant!(
    /// `rapidfire::bounded`.
    RapidfireMpmc, "rapidfire", rapidfire::Sender<T>, rapidfire::Receiver<T>,
    |capacity| rapidfire::bounded(capacity)
);
can! {
    try_send rapidfire::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send_async rapidfire::Sender<T>: |tx, value| tx.send(value).await.is_ok();
    tasks rapidfire::Sender<T>;
    try_recv rapidfire::mpsc::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), rapidfire::TryRecvError::is_empty);
    recv_async rapidfire::mpsc::Receiver<T>: |rx| rx.recv().await.ok();
    recv_many_async rapidfire::mpsc::Receiver<T>:
        |rx, into, limit| rx.recv_many(into, limit).await.ok();
    tasks rapidfire::mpsc::Receiver<T>;
    try_recv rapidfire::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), rapidfire::TryRecvError::is_empty);
    recv_async rapidfire::Receiver<T>: |rx| rx.recv().await.ok();
    tasks rapidfire::Receiver<T>;
}
