//! The libraries, each behind the same few functions.

use std::sync::mpsc;

/// What is sent: made from a number, so that no two messages are the same constant.
pub trait Message: Copy + Send + 'static {
    /// How the cells call it.
    const NAME: &'static str;

    /// The message for this number.
    fn numbered(n: u64) -> Self;
}

impl Message for u64 {
    const NAME: &'static str = "u64";

    #[inline(always)]
    fn numbered(n: u64) -> Self {
        n
    }
}

/// 256 bytes.
impl Message for [u64; 32] {
    const NAME: &'static str = "256B";

    #[inline(always)]
    fn numbered(n: u64) -> Self {
        [n; 32]
    }
}

/// The answer of an attempt to receive.
#[derive(Clone, Copy, Debug)]
pub enum Polled<T> {
    /// A message.
    Value(T),
    /// Nothing there.
    Empty,
    /// Nothing will come any more.
    Closed,
}

/// A bounded channel that can be polled.
pub trait Contestant: 'static {
    /// What the tables call it.
    const NAME: &'static str;
    /// Its sending handle.
    type Tx<T: Message>: Send;
    /// Its receiving handle.
    type Rx<T: Message>: Send;

    /// Makes a channel.
    fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>);

    /// Sends, or says that there is no room.
    fn try_send<T: Message>(tx: &mut Self::Tx<T>, value: T) -> bool;

    /// Receives, or says why not.
    fn try_recv<T: Message>(rx: &mut Self::Rx<T>) -> Polled<T>;
}

/// A channel whose sender can be cloned.
pub trait ManySenders: Contestant {
    /// Another handle.
    fn another_tx<T: Message>(tx: &Self::Tx<T>) -> Self::Tx<T>;
}

/// A channel whose receiver can be cloned.
pub trait ManyReceivers: Contestant {
    /// Another handle.
    fn another_rx<T: Message>(rx: &Self::Rx<T>) -> Self::Rx<T>;
}

/// A channel that blocks threads.
pub trait Blocking: Contestant {
    /// Sends, waiting for room.
    fn send<T: Message>(tx: &mut Self::Tx<T>, value: T);

    /// Receives, waiting for a message; `None` when nothing will come any more.
    fn recv<T: Message>(rx: &mut Self::Rx<T>) -> Option<T>;
}

/// A channel that moves several messages with one claim.
pub trait Batching: Contestant {
    /// Sends from the front what there is room for.
    fn try_send_many<T: Message>(tx: &mut Self::Tx<T>, values: &mut Vec<T>);

    /// Sends all, waiting for room.
    fn send_many<T: Message>(tx: &mut Self::Tx<T>, values: &mut Vec<T>);

    /// Receives up to `limit`; how many, or why none.
    fn try_recv_many<T: Message>(
        rx: &mut Self::Rx<T>,
        into: &mut Vec<T>,
        limit: usize,
    ) -> Polled<usize>;

    /// Receives between 1 and `limit`, waiting for the first; `None` when nothing will come any more.
    fn recv_many<T: Message>(
        rx: &mut Self::Rx<T>,
        into: &mut Vec<T>,
        limit: usize,
    ) -> Option<usize>;
}

/// A channel on which tasks wait.
pub trait Tasks: Contestant {
    /// Sends, waiting for room as a task.
    fn send_async<T: Message>(tx: &mut Self::Tx<T>, value: T) -> impl Future<Output = ()>;

    /// Receives, waiting as a task; `None` when nothing will come any more.
    fn recv_async<T: Message>(rx: &mut Self::Rx<T>) -> impl Future<Output = Option<T>>;
}

/// One flavour of this crate. The flavours' operations are called the same, but are not one trait:
/// some borrow handles mutably.
macro_rules! ours {
    ($(#[$doc:meta])* $Flavour:ident, $flavour:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $Flavour {}

        impl Contestant for $Flavour {
            const NAME: &'static str = "backpressure";
            type Tx<T: Message> = backpressure::$flavour::Sender<T>;
            type Rx<T: Message> = backpressure::$flavour::Receiver<T>;

            fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>) {
                backpressure::$flavour::bounded(capacity)
            }

            #[inline(always)]
            fn try_send<T: Message>(tx: &mut Self::Tx<T>, value: T) -> bool {
                tx.try_send(value).is_ok()
            }

            #[inline(always)]
            fn try_recv<T: Message>(rx: &mut Self::Rx<T>) -> Polled<T> {
                polled(rx.try_recv())
            }
        }

        impl Blocking for $Flavour {
            #[inline(always)]
            fn send<T: Message>(tx: &mut Self::Tx<T>, value: T) {
                assert!(tx.send(value).is_ok());
            }

            #[inline(always)]
            fn recv<T: Message>(rx: &mut Self::Rx<T>) -> Option<T> {
                rx.recv().ok()
            }
        }

        impl Batching for $Flavour {
            #[inline(always)]
            fn try_send_many<T: Message>(tx: &mut Self::Tx<T>, values: &mut Vec<T>) {
                assert!(tx.try_send_many(values).is_ok());
            }

            #[inline(always)]
            fn send_many<T: Message>(tx: &mut Self::Tx<T>, values: &mut Vec<T>) {
                assert!(tx.send_many(values).is_ok());
            }

            #[inline(always)]
            fn try_recv_many<T: Message>(
                rx: &mut Self::Rx<T>,
                into: &mut Vec<T>,
                limit: usize,
            ) -> Polled<usize> {
                polled(rx.try_recv_many(into, limit))
            }

            #[inline(always)]
            fn recv_many<T: Message>(
                rx: &mut Self::Rx<T>,
                into: &mut Vec<T>,
                limit: usize,
            ) -> Option<usize> {
                rx.recv_many(into, limit).ok()
            }
        }

        impl Tasks for $Flavour {
            #[inline(always)]
            async fn send_async<T: Message>(tx: &mut Self::Tx<T>, value: T) {
                assert!(tx.send_async(value).await.is_ok());
            }

            #[inline(always)]
            async fn recv_async<T: Message>(rx: &mut Self::Rx<T>) -> Option<T> {
                rx.recv_async().await.ok()
            }
        }
    };
}

#[inline(always)]
fn polled<R>(answer: Result<R, backpressure::TryRecvError>) -> Polled<R> {
    match answer {
        Ok(value) => Polled::Value(value),
        Err(backpressure::TryRecvError::Empty) => Polled::Empty,
        Err(_) => Polled::Closed,
    }
}

ours!(
    /// `backpressure::spsc`.
    Spsc,
    spsc
);
ours!(
    /// `backpressure::mpsc`.
    Mpsc,
    mpsc
);
ours!(
    /// `backpressure::mpmc`.
    Mpmc,
    mpmc
);

/// One flavour in one of the modes whose credits come back apart from the slots. Acknowledged at once, or
/// with an endless demand: what is measured is the price of the mode.
macro_rules! ours_in_mode {
    ($(#[$doc:meta])* $Mode:ident, $name:literal, $flavour:ident, $mode:ident, $build:expr, $plain:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $Mode {}

        impl Contestant for $Mode {
            const NAME: &'static str = $name;
            type Tx<T: Message> = backpressure::$flavour::Sender<T, backpressure::flavour::$mode>;
            type Rx<T: Message> = backpressure::$flavour::Receiver<T, backpressure::flavour::$mode>;

            fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>) {
                $build(backpressure::$flavour::builder().capacity(capacity))
                    .build()
                    .expect("the capacity is sound")
            }

            #[inline(always)]
            fn try_send<T: Message>(tx: &mut Self::Tx<T>, value: T) -> bool {
                tx.try_send(value).is_ok()
            }

            #[inline(always)]
            fn try_recv<T: Message>(rx: &mut Self::Rx<T>) -> Polled<T> {
                polled(rx.try_recv().map($plain))
            }
        }

        impl Blocking for $Mode {
            #[inline(always)]
            fn send<T: Message>(tx: &mut Self::Tx<T>, value: T) {
                assert!(tx.send(value).is_ok());
            }

            #[inline(always)]
            fn recv<T: Message>(rx: &mut Self::Rx<T>) -> Option<T> {
                rx.recv().ok().map($plain)
            }
        }
    };
}

macro_rules! ours_in_modes {
    ($($flavour:ident: $Ack:ident, $Pull:ident;)*) => {$(
        ours_in_mode!(
            /// Each message acknowledged as soon as it is received.
            $Ack,
            "backpressure, acknowledged",
            $flavour,
            Ack,
            |builder: backpressure::Builder<_>| builder.acknowledged(),
            |delivery| *delivery
        );
        ours_in_mode!(
            /// An endless demand.
            $Pull,
            "backpressure, pulled",
            $flavour,
            Pull,
            |builder: backpressure::Builder<_>| builder.pulled(u64::MAX),
            |value| value
        );
    )*};
}
ours_in_modes! {
    spsc: SpscAck, SpscPull;
    mpsc: MpscAck, MpscPull;
    mpmc: MpmcAck, MpmcPull;
}

macro_rules! clones {
    ($($Flavour:ident),*) => {$(
        impl ManySenders for $Flavour {
            fn another_tx<T: Message>(tx: &Self::Tx<T>) -> Self::Tx<T> {
                tx.clone()
            }
        }
    )*};
}
clones!(Mpsc, Mpmc, MpscAck, MpscPull, MpmcAck, MpmcPull);

macro_rules! clones_receivers {
    ($($Flavour:ident),*) => {$(
        impl ManyReceivers for $Flavour {
            fn another_rx<T: Message>(rx: &Self::Rx<T>) -> Self::Rx<T> {
                rx.clone()
            }
        }
    )*};
}
clones_receivers!(Mpmc, MpmcAck, MpmcPull);

/// `crossbeam_channel::bounded`.
#[derive(Debug)]
pub enum Crossbeam {}

impl Contestant for Crossbeam {
    const NAME: &'static str = "crossbeam";
    type Tx<T: Message> = crossbeam_channel::Sender<T>;
    type Rx<T: Message> = crossbeam_channel::Receiver<T>;

    fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>) {
        crossbeam_channel::bounded(capacity)
    }

    #[inline(always)]
    fn try_send<T: Message>(tx: &mut Self::Tx<T>, value: T) -> bool {
        tx.try_send(value).is_ok()
    }

    #[inline(always)]
    fn try_recv<T: Message>(rx: &mut Self::Rx<T>) -> Polled<T> {
        match rx.try_recv() {
            Ok(value) => Polled::Value(value),
            Err(crossbeam_channel::TryRecvError::Empty) => Polled::Empty,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Polled::Closed,
        }
    }
}

impl ManySenders for Crossbeam {
    fn another_tx<T: Message>(tx: &Self::Tx<T>) -> Self::Tx<T> {
        tx.clone()
    }
}

impl ManyReceivers for Crossbeam {
    fn another_rx<T: Message>(rx: &Self::Rx<T>) -> Self::Rx<T> {
        rx.clone()
    }
}

impl Blocking for Crossbeam {
    #[inline(always)]
    fn send<T: Message>(tx: &mut Self::Tx<T>, value: T) {
        assert!(tx.send(value).is_ok());
    }

    #[inline(always)]
    fn recv<T: Message>(rx: &mut Self::Rx<T>) -> Option<T> {
        rx.recv().ok()
    }
}

/// `std::sync::mpsc::sync_channel`.
#[derive(Debug)]
pub enum Std {}

impl Contestant for Std {
    const NAME: &'static str = "std";
    type Tx<T: Message> = mpsc::SyncSender<T>;
    type Rx<T: Message> = mpsc::Receiver<T>;

    fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>) {
        mpsc::sync_channel(capacity)
    }

    #[inline(always)]
    fn try_send<T: Message>(tx: &mut Self::Tx<T>, value: T) -> bool {
        tx.try_send(value).is_ok()
    }

    #[inline(always)]
    fn try_recv<T: Message>(rx: &mut Self::Rx<T>) -> Polled<T> {
        match rx.try_recv() {
            Ok(value) => Polled::Value(value),
            Err(mpsc::TryRecvError::Empty) => Polled::Empty,
            Err(mpsc::TryRecvError::Disconnected) => Polled::Closed,
        }
    }
}

impl ManySenders for Std {
    fn another_tx<T: Message>(tx: &Self::Tx<T>) -> Self::Tx<T> {
        tx.clone()
    }
}

impl Blocking for Std {
    #[inline(always)]
    fn send<T: Message>(tx: &mut Self::Tx<T>, value: T) {
        assert!(tx.send(value).is_ok());
    }

    #[inline(always)]
    fn recv<T: Message>(rx: &mut Self::Rx<T>) -> Option<T> {
        rx.recv().ok()
    }
}

/// `rtrb`: a ring for one producer and one consumer. It has no blocking, and no clones; so its
/// [`Contestant::try_recv`] never says `Closed`, which a single consumer that counts need not hear.
#[derive(Debug)]
pub enum Rtrb {}

impl Contestant for Rtrb {
    const NAME: &'static str = "rtrb";
    type Tx<T: Message> = rtrb::Producer<T>;
    type Rx<T: Message> = rtrb::Consumer<T>;

    fn bounded<T: Message>(capacity: usize) -> (Self::Tx<T>, Self::Rx<T>) {
        rtrb::RingBuffer::new(capacity)
    }

    #[inline(always)]
    fn try_send<T: Message>(tx: &mut Self::Tx<T>, value: T) -> bool {
        tx.push(value).is_ok()
    }

    #[inline(always)]
    fn try_recv<T: Message>(rx: &mut Self::Rx<T>) -> Polled<T> {
        rx.pop().map_or(Polled::Empty, Polled::Value)
    }
}
