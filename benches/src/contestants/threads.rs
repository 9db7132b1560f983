//! Libraries for threads only.

use std::sync::mpsc;

use super::Polled;
use super::macros::{can, contestant};

contestant!(
    /// `std::sync::mpsc::sync_channel`.
    Std, "std", mpsc::SyncSender<T>, mpsc::Receiver<T>, |capacity| mpsc::sync_channel(capacity)
);
can! {
    try_send mpsc::SyncSender<T>: |tx, value| tx.try_send(value).is_ok();
    send mpsc::SyncSender<T>: |tx, value| tx.send(value).is_ok();
    try_recv mpsc::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), |error| matches!(error, mpsc::TryRecvError::Empty));
    recv mpsc::Receiver<T>: |rx| rx.recv().ok();
}

contestant!(
    /// `crossbeam_channel::bounded`.
    Crossbeam, "crossbeam", crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>,
    |capacity| crossbeam_channel::bounded(capacity)
);
can! {
    try_send crossbeam_channel::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send crossbeam_channel::Sender<T>: |tx, value| tx.send(value).is_ok();
    try_recv crossbeam_channel::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), crossbeam_channel::TryRecvError::is_empty);
    recv crossbeam_channel::Receiver<T>: |rx| rx.recv().ok();
}

contestant!(
    /// `thingbuf::mpsc::blocking`.
    ThingbufThreads, "thingbuf",
    thingbuf::mpsc::blocking::Sender<T>, thingbuf::mpsc::blocking::Receiver<T>,
    |capacity| thingbuf::mpsc::blocking::channel(capacity)
);
can! {
    try_send thingbuf::mpsc::blocking::Sender<T>: |tx, value| tx.try_send(value).is_ok();
    send thingbuf::mpsc::blocking::Sender<T>: |tx, value| tx.send(value).is_ok();
    try_recv thingbuf::mpsc::blocking::Receiver<T>:
        |rx| Polled::of(rx.try_recv(), |error| matches!(error, thingbuf::mpsc::errors::TryRecvError::Empty));
    recv thingbuf::mpsc::blocking::Receiver<T>: |rx| rx.recv();
}
