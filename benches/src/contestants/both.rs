//! Libraries for threads and tasks on one channel.

use super::Polled;
use super::macros::{can, contestant};

contestant!(
    /// `flume::bounded`.
    Flume, "flume", flume::Sender<T>, flume::Receiver<T>, |capacity| flume::bounded(capacity)
);
can! {
    try_send flume::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send flume::Sender<T>: |tx, value| tx.send(value).is_ok();
    send_async flume::Sender<T>: |tx, value| tx.send_async(value).await.is_ok();
    tasks flume::Sender<T>;
    try_recv flume::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), |error| matches!(error, flume::TryRecvError::Empty));
    recv flume::Receiver<T>: |rx| rx.recv().ok();
    recv_async flume::Receiver<T>: |rx| rx.recv_async().await.ok();
    tasks flume::Receiver<T>;
}

contestant!(
    /// `loole::bounded`.
    Loole, "loole", loole::Sender<T>, loole::Receiver<T>, |capacity| loole::bounded(capacity)
);
can! {
    try_send loole::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send loole::Sender<T>: |tx, value| tx.send(value).is_ok();
    send_async loole::Sender<T>: |tx, value| tx.send_async(value).await.is_ok();
    tasks loole::Sender<T>;
    try_recv loole::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), |error| matches!(error, loole::TryRecvError::Empty));
    recv loole::Receiver<T>: |rx| rx.recv().ok();
    recv_async loole::Receiver<T>: |rx| rx.recv_async().await.ok();
    tasks loole::Receiver<T>;
}

contestant!(
    /// `async_channel::bounded`.
    AsyncChannel, "async-channel", async_channel::Sender<T>, async_channel::Receiver<T>,
    |capacity| async_channel::bounded(capacity)
);
can! {
    try_send async_channel::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send async_channel::Sender<T>: |tx, value| tx.send_blocking(value).is_ok();
    send_async async_channel::Sender<T>: |tx, value| tx.send(value).await.is_ok();
    tasks async_channel::Sender<T>;
    force_send async_channel::Sender<T>: |tx, value| matches!(tx.force_send(value), Ok(Some(_)));
    try_recv async_channel::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), async_channel::TryRecvError::is_empty);
    recv async_channel::Receiver<T>: |rx| rx.recv_blocking().ok();
    recv_async async_channel::Receiver<T>: |rx| rx.recv().await.ok();
    tasks async_channel::Receiver<T>;
}

contestant!(
    /// `kanal::bounded`.
    Kanal, "kanal", kanal::Sender<T>, kanal::Receiver<T>, |capacity| kanal::bounded(capacity)
);
can! {
    try_send kanal::Sender<T>: |tx, value| matches!(tx.try_send(value), Ok(true));
    send kanal::Sender<T>: |tx, value| tx.send(value).is_ok();
    tasks kanal::Sender<T> => kanal::AsyncSender<T>: |tx| tx.to_async();
    send_async kanal::AsyncSender<T>: |tx, value| tx.send(value).await.is_ok();
    try_recv kanal::Receiver<T>: |rx| match rx.try_recv() {
        Ok(Some(value)) => Polled::Value(value),
        Ok(None) => Polled::Empty,
        Err(_) => Polled::Closed,
    };
    recv kanal::Receiver<T>: |rx| rx.recv().ok();
    tasks kanal::Receiver<T> => kanal::AsyncReceiver<T>: |rx| rx.to_async();
    recv_async kanal::AsyncReceiver<T>: |rx| rx.recv().await.ok();
}

/// Handles that differ in who shares them, and in whether tasks use them, with the same operations.
macro_rules! crossfire {
    ($($Name:ident $flavour:ident $Tx:ident $AsyncTx:ident $Rx:ident $AsyncRx:ident;)*) => {$(
        contestant!(
            #[doc = concat!("`crossfire::", stringify!($flavour), "`.")]
            $Name, "crossfire",
            crossfire::$Tx<crossfire::$flavour::Array<T>>, crossfire::$Rx<crossfire::$flavour::Array<T>>,
            |capacity| crossfire::$flavour::bounded_blocking(capacity)
        );
        can! {
            try_send crossfire::$Tx<crossfire::$flavour::Array<T>>:
                |tx, value| tx.try_send(value).is_ok();
            send crossfire::$Tx<crossfire::$flavour::Array<T>>:
                |tx, value| tx.send(value).is_ok();
            tasks crossfire::$Tx<crossfire::$flavour::Array<T>> =>
                crossfire::$AsyncTx<crossfire::$flavour::Array<T>>: |tx| tx.into_async();
            send_async crossfire::$AsyncTx<crossfire::$flavour::Array<T>>:
                |tx, value| tx.send(value).await.is_ok();
            try_recv crossfire::$Rx<crossfire::$flavour::Array<T>>:
                |rx| Polled::of(rx.try_recv(), |error| matches!(error, crossfire::TryRecvError::Empty));
            recv crossfire::$Rx<crossfire::$flavour::Array<T>>: |rx| rx.recv().ok();
            tasks crossfire::$Rx<crossfire::$flavour::Array<T>> =>
                crossfire::$AsyncRx<crossfire::$flavour::Array<T>>: |rx| rx.into_async();
            recv_async crossfire::$AsyncRx<crossfire::$flavour::Array<T>>:
                |rx| rx.recv().await.ok();
        }
    )*};
}
crossfire! {
    CrossfireSpsc spsc Tx AsyncTx Rx AsyncRx;
    CrossfireMpsc mpsc MTx MAsyncTx Rx AsyncRx;
    CrossfireMpmc mpmc MTx MAsyncTx MRx MAsyncRx;
}

macro_rules! fibre {
    ($($Name:ident $flavour:ident $make:ident $Tx:ident $AsyncTx:ident $Rx:ident $AsyncRx:ident;)*) => {$(
        contestant!(
            #[doc = concat!("`fibre::", stringify!($flavour), "`.")]
            $Name, "fibre", fibre::$flavour::$Tx<T>, fibre::$flavour::$Rx<T>,
            |capacity| fibre::$flavour::$make(capacity)
        );
        can! {
            try_send fibre::$flavour::$Tx<T>: |tx, value| tx.try_send(value).is_ok();
            send fibre::$flavour::$Tx<T>: |tx, value| tx.send(value).is_ok();
            send_many fibre::$flavour::$Tx<T>: |tx, values| tx.send_batch_mut(values).is_ok();
            try_send_many fibre::$flavour::$Tx<T>:
                |tx, values| assert!(tx.try_send_batch_mut(values).is_ok());
            tasks fibre::$flavour::$Tx<T> => fibre::$flavour::$AsyncTx<T>: |tx| tx.to_async();
            send_async fibre::$flavour::$AsyncTx<T>: |tx, value| tx.send(value).await.is_ok();
            send_many_async fibre::$flavour::$AsyncTx<T>:
                |tx, values| tx.send_batch_mut(values).await.is_ok();
            try_recv fibre::$flavour::$Rx<T>:
                |rx| Polled::of(rx.try_recv(), |error| matches!(error, fibre::TryRecvError::Empty));
            recv fibre::$flavour::$Rx<T>: |rx| rx.recv().ok();
            recv_many fibre::$flavour::$Rx<T>: |rx, into, limit| rx.recv_batch_mut(into, limit).ok();
            try_recv_many fibre::$flavour::$Rx<T>: |rx, into, limit| Polled::of(
                rx.try_recv_batch_mut(into, limit),
                |error| matches!(error, fibre::TryRecvError::Empty)
            );
            tasks fibre::$flavour::$Rx<T> => fibre::$flavour::$AsyncRx<T>: |rx| rx.to_async();
            recv_async fibre::$flavour::$AsyncRx<T>: |rx| rx.recv().await.ok();
            recv_many_async fibre::$flavour::$AsyncRx<T>:
                |rx, into, limit| rx.recv_batch_mut(into, limit).await.ok();
        }
    )*};
}
fibre! {
    FibreSpsc spsc bounded_sync BoundedSyncSender BoundedAsyncSender BoundedSyncReceiver BoundedAsyncReceiver;
    FibreMpsc mpsc bounded BoundedSyncSender BoundedAsyncSender BoundedSyncReceiver BoundedAsyncReceiver;
    FibreMpmc mpmc bounded Sender AsyncSender Receiver AsyncReceiver;
}
