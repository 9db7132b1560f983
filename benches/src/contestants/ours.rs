//! This crate: three flavours, each plain, acknowledged, pulled, evicting.
//!
//! Acknowledged at once, or with an endless demand: what is measured is the price of the mode.

use backpressure::TryRecvError;

use super::Polled;
use super::macros::{can, contestant};

macro_rules! ours {
    ($Name:ident, $name:literal, $flavour:ident, $Mode:ident, |$builder:ident| $build:expr, |$item:ident| $value:expr) => {
        contestant!(
            #[doc = concat!("`backpressure::", stringify!($flavour), "`.")]
            $Name, $name,
            backpressure::$flavour::Sender<T, backpressure::flavour::$Mode>,
            backpressure::$flavour::Receiver<T, backpressure::flavour::$Mode>,
            |capacity| {
                let $builder = backpressure::$flavour::builder().capacity(capacity);
                $build.build().expect("the capacity is sound")
            }
        );
        can! {
            try_send backpressure::$flavour::Sender<T, backpressure::flavour::$Mode>:
                |tx, value| tx.try_send(value).is_ok();
            send backpressure::$flavour::Sender<T, backpressure::flavour::$Mode>:
                |tx, value| tx.send(value).is_ok();
            send_async backpressure::$flavour::Sender<T, backpressure::flavour::$Mode>:
                |tx, value| tx.send_async(value).await.is_ok();
            tasks backpressure::$flavour::Sender<T, backpressure::flavour::$Mode>;
            try_recv backpressure::$flavour::Receiver<T, backpressure::flavour::$Mode>:
                |rx| Polled::of(rx.try_recv().map(|$item| $value), is_empty);
            recv backpressure::$flavour::Receiver<T, backpressure::flavour::$Mode>:
                |rx| rx.recv().ok().map(|$item| $value);
            recv_async backpressure::$flavour::Receiver<T, backpressure::flavour::$Mode>:
                |rx| rx.recv_async().await.ok().map(|$item| $value);
            tasks backpressure::$flavour::Receiver<T, backpressure::flavour::$Mode>;
        }
    };
}

fn is_empty(error: &TryRecvError) -> bool {
    matches!(error, TryRecvError::Empty)
}

macro_rules! flavours {
    ($($flavour:ident: $Plain:ident $Ack:ident $Pull:ident $Evict:ident;)*) => {$(
        ours!($Plain, "backpressure", $flavour, Keep, |builder| builder, |value| value);
        ours!($Ack, "backpressure, acknowledged", $flavour, Ack,
            |builder| builder.acknowledged(), |delivery| *delivery);
        ours!($Pull, "backpressure, pulled", $flavour, Pull,
            |builder| builder.pulled(u64::MAX), |value| value);
        ours!($Evict, "backpressure", $flavour, Evict, |builder| builder.evicting(), |value| value);
        can! {
            try_send_many backpressure::$flavour::Sender<T>:
                |tx, values| assert!(tx.try_send_many(values).is_ok());
            send_many backpressure::$flavour::Sender<T>:
                |tx, values| tx.send_many(values).is_ok();
            send_many_async backpressure::$flavour::Sender<T>:
                |tx, values| tx.send_many_async(values).await.is_ok();
            try_recv_many backpressure::$flavour::Receiver<T>:
                |rx, into, limit| Polled::of(rx.try_recv_many(into, limit), is_empty);
            recv_many backpressure::$flavour::Receiver<T>:
                |rx, into, limit| rx.recv_many(into, limit).ok();
            recv_many_async backpressure::$flavour::Receiver<T>:
                |rx, into, limit| rx.recv_many_async(into, limit).await.ok();
            force_send backpressure::$flavour::Sender<T, backpressure::flavour::Evict>:
                |tx, value| matches!(tx.force_send(value), Ok(Some(_)));
        }
    )*};
}
flavours! {
    spsc: Spsc SpscAck SpscPull SpscEvict;
    mpsc: Mpsc MpscAck MpscPull MpscEvict;
    mpmc: Mpmc MpmcAck MpmcPull MpmcEvict;
}
