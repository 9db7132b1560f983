//! Every flavour in every mode, behind one face.

use std::num::NonZeroUsize;

use backpressure::flavour::{Ack, Evict, Flavour, Keep, Kind, Latest, Many, One, Pull};
use backpressure::pressure::Stats;
use backpressure::{
    Clear, DropNewest, DropOldest, Merge, Offered, Receiver, RecvError, RecvTimeoutError,
    SendError, SendTimeoutError, Sender, TryRecvError, TrySendError, WaitStrategy, mpmc, mpsc,
    spsc,
};

use crate::common::{Ends, Plain, Rx, Tx};
use crate::executors::panic_on_purpose;
use crate::ledger::{Dice, Token};
use std::time::Duration;

/// Settings that every flavour has.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub capacity: usize,
    pub start: u64,
    pub observed: bool,
    pub strategy: WaitStrategy,
    /// How many acknowledgements are put together; how many messages are asked for to begin with.
    pub credits: usize,
}

/// What becomes of credits when a message is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Keep,
    Evict,
    Latest,
    Ack,
    Pull,
}

/// One flavour in one mode.
pub trait Case: 'static {
    type Kind: Flavour;
    const NAME: &'static str;
    const MODE: Mode;
    fn make(setup: Setup) -> Ends<Token, Self::Kind>;
    fn another_sender(tx: &Sender<Token, Self::Kind>) -> Option<Sender<Token, Self::Kind>>;
    fn another_receiver(rx: &Receiver<Token, Self::Kind>) -> Option<Receiver<Token, Self::Kind>>;
    /// Offers a value under a policy that is drawn; whether it was accepted.
    fn offer(
        tx: &mut Sender<Token, Self::Kind>,
        value: Token,
        dice: &mut Dice,
    ) -> Result<bool, TrySendError<Token>>;
    /// Takes one permit more than there are values, and uses the rest; how many were accepted.
    fn spend_permits(tx: &mut Sender<Token, Self::Kind>, values: Vec<Token>) -> u64;
    /// Asks for messages where they come when asked for; how many were asked for.
    fn ask(rx: &Receiver<Token, Self::Kind>, n: u64) -> u64;
}

/// Another handle, where the side has several.
macro_rules! another {
    (One, $handle:expr) => {{
        let _ = $handle;
        None
    }};
    (Many, $handle:expr) => {
        Some($handle.clone())
    };
}

macro_rules! set_up {
    (Keep, $builder:expr, $setup:expr) => {
        $builder.capacity($setup.capacity)
    };
    (Evict, $builder:expr, $setup:expr) => {
        $builder.evicting().capacity($setup.capacity)
    };
    (Latest, $builder:expr, $setup:expr) => {
        $builder.latest()
    };
    (Ack, $builder:expr, $setup:expr) => {{
        let batch = NonZeroUsize::new($setup.credits.max(1)).expect("one at least");
        $builder.acknowledged().return_batch(batch).capacity($setup.capacity)
    }};
    (Pull, $builder:expr, $setup:expr) => {
        $builder.pulled($setup.credits as u64).capacity($setup.capacity)
    };
}

macro_rules! offer {
    (Evict, $tx:expr, $value:expr, $dice:expr) => {
        match $dice.roll(3) {
            0 => $tx.offer($value, DropNewest),
            1 => $tx.offer($value, DropOldest),
            _ => $tx.offer($value, Clear),
        }
    };
    (Latest, $tx:expr, $value:expr, $dice:expr) => {
        match $dice.roll(4) {
            0 => $tx.offer($value, DropNewest),
            1 => $tx.offer($value, DropOldest),
            2 => $tx.offer($value, Clear),
            _ => {
                let panics = $dice.once_in(1000);
                let merge = |_old: Token, new: Token| if panics { panic_on_purpose() } else { new };
                $tx.offer($value, Merge(merge))
            }
        }
    };
    ($other:ident, $tx:expr, $value:expr, $dice:expr) => {{
        let _ = $dice;
        $tx.offer($value, DropNewest)
    }};
}

macro_rules! ask {
    (Pull, $rx:expr, $n:expr) => {
        $rx.request($n).map_or(0, |_| $n)
    };
    ($other:ident, $rx:expr, $n:expr) => {{
        let _ = ($rx, $n);
        0
    }};
}

macro_rules! cases {
    ($($name:ident: $flavour:ident, $senders:ident, $receivers:ident, $mode:ident;)+) => {$(
        pub struct $name;

        impl Case for $name {
            type Kind = Kind<$senders, $receivers, $mode>;
            const NAME: &'static str = stringify!($name);
            const MODE: Mode = Mode::$mode;

            fn make(setup: Setup) -> Ends<Token, Self::Kind> {
                let mut builder = set_up!($mode, $flavour::builder(), setup)
                    .start_at(setup.start)
                    .wait_strategy(setup.strategy);
                if setup.observed {
                    builder = builder.observed();
                }
                builder.build().unwrap()
            }

            fn another_sender(tx: &Sender<Token, Self::Kind>) -> Option<Sender<Token, Self::Kind>> {
                another!($senders, tx)
            }

            fn another_receiver(
                rx: &Receiver<Token, Self::Kind>,
            ) -> Option<Receiver<Token, Self::Kind>> {
                another!($receivers, rx)
            }

            fn offer(
                tx: &mut Sender<Token, Self::Kind>,
                value: Token,
                dice: &mut Dice,
            ) -> Result<bool, TrySendError<Token>> {
                let offered = offer!($mode, tx, value, dice)?;
                Ok(!matches!(offered, Offered::Rejected(_)))
            }

            fn spend_permits(tx: &mut Sender<Token, Self::Kind>, values: Vec<Token>) -> u64 {
                let Ok(mut permits) = tx.try_reserve_many(values.len() + 1) else { return 0 };
                values.into_iter().filter_map(|value| permits.send(value).ok()).count() as u64
            }

            fn ask(rx: &Receiver<Token, Self::Kind>, n: u64) -> u64 {
                ask!($mode, rx, n)
            }
        }
    )+};
}

cases! {
    Spsc: spsc, One, One, Keep;
    Mpsc: mpsc, Many, One, Keep;
    Mpmc: mpmc, Many, Many, Keep;
    SpscEvicting: spsc, One, One, Evict;
    MpscEvicting: mpsc, Many, One, Evict;
    MpmcEvicting: mpmc, Many, Many, Evict;
    SpscLatest: spsc, One, One, Latest;
    MpscLatest: mpsc, Many, One, Latest;
    MpmcLatest: mpmc, Many, Many, Latest;
    SpscAcknowledged: spsc, One, One, Ack;
    MpscAcknowledged: mpsc, Many, One, Ack;
    MpmcAcknowledged: mpmc, Many, Many, Ack;
    SpscPulled: spsc, One, One, Pull;
    MpscPulled: mpsc, Many, One, Pull;
    MpmcPulled: mpmc, Many, Many, Pull;
}

// Those that the tests have no use for.
faces!(
    Kind<One, One, Latest>,
    Kind<Many, One, Latest>,
    Kind<Many, One, Ack>,
    Kind<One, One, Pull>,
    Kind<Many, Many, Pull>
);
