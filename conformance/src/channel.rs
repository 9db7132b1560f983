//! Which channel a case is about, and its operations.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use backpressure::pressure::Clock;
use backpressure::{WaitStrategy, mpmc, mpsc, spsc};

use crate::face::{In, Out};
use crate::machine::{Op, Verb};
use crate::value::Message;
use crate::{Policy, entry};

/// Who sends and who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Spsc,
    Mpsc,
    Mpmc,
}

/// Where credits come from, or what may be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Plain,
    /// So many acknowledgements are put together.
    Acknowledged(usize),
    /// So many are asked for from the start.
    Pulled(u64),
    Evicting,
    Latest,
}

impl Mode {
    /// Whether senders may take away what is queued.
    #[must_use]
    pub fn evicts(self) -> bool {
        matches!(self, Self::Evicting | Self::Latest)
    }

    /// What its senders may do where there is no room.
    #[must_use]
    pub fn policies(self) -> &'static [Policy] {
        const ALL: [Policy; 5] =
            [Policy::Fail, Policy::DropNewest, Policy::DropOldest, Policy::Clear, Policy::Merge];
        match self {
            Self::Plain | Self::Acknowledged(_) | Self::Pulled(_) => &ALL[..2],
            Self::Evicting => &ALL[..4],
            Self::Latest => &ALL,
        }
    }
}

macro_rules! ends {
    ($channel:ident, $builder:expr) => {{
        let builder = match $channel.marks {
            Some((high, low)) => $builder.watermarks(high, low),
            None if $channel.observed => $builder.observed(),
            None if $channel.eager => $builder.eager(),
            None => $builder,
        };
        let (tx, rx) = builder.build::<Message>().expect("a channel that can be made");
        (Box::new(tx) as Out, Box::new(rx) as In)
    }};
}

macro_rules! make {
    ($channel:ident, $clock:ident, $flavour:ident) => {{
        let builder = $flavour::builder()
            .capacity($channel.capacity)
            .start_at($channel.start)
            .wait_strategy($channel.strategy)
            .clock(Arc::<HandClock>::clone($clock));
        match $channel.mode {
            Mode::Plain => ends!($channel, builder),
            Mode::Acknowledged(batch) => {
                let batch = NonZeroUsize::new(batch).expect("batches are not empty");
                ends!($channel, builder.acknowledged().return_batch(batch))
            }
            Mode::Pulled(initial) => ends!($channel, builder.pulled(initial)),
            Mode::Evicting => ends!($channel, builder.evicting()),
            Mode::Latest => ends!($channel, builder.latest()),
        }
    }};
}

/// A channel to be made.
#[derive(Clone, Debug)]
pub struct Channel {
    pub flavour: Flavour,
    pub mode: Mode,
    pub capacity: usize,
    pub start: u64,
    pub strategy: WaitStrategy,
    pub observed: bool,
    /// Tasks ask to be polled once more from the first wait on, unless it is observed.
    pub eager: bool,
    /// High and low watermarks, if it has any; it is observed then.
    pub marks: Option<(usize, usize)>,
}

/// A channel, and what is done with it.
#[derive(Clone, Debug)]
pub struct Case {
    pub channel: Channel,
    pub ops: Vec<Op>,
}

const CAPACITIES: [usize; 5] = [1, 2, 3, 7, 8];
const STARTS: [u64; 4] = [0, (1 << 46) - 1, (1 << 46) - 3, (1 << 46) - 9];
pub(crate) const STRATEGIES: [WaitStrategy; 4] =
    [WaitStrategy::Adaptive, WaitStrategy::Park, WaitStrategy::Spin, WaitStrategy::Yield];
const BATCHES: [usize; 4] = [1, 2, 5, 100];
const INITIAL: [u64; 7] = [0, 1, 2, 5, 1 << 46, u64::MAX - 1, u64::MAX];
/// Bytes that say which channel.
pub const HEAD: usize = 5;

impl Channel {
    /// Any bytes mean some channel.
    #[must_use]
    pub fn from_bytes([flavour, mode, capacity, start, marks]: [u8; HEAD]) -> Self {
        let mode = match mode % 5 {
            0 => Mode::Plain,
            1 => Mode::Acknowledged(entry(&BATCHES, mode / 5)),
            2 => Mode::Pulled(entry(&INITIAL, mode / 5)),
            3 => Mode::Evicting,
            _ => Mode::Latest,
        };
        let capacity = if mode == Mode::Latest { 1 } else { entry(&CAPACITIES, capacity) };
        let high = 1 + usize::from(marks / 2) % capacity;
        Self {
            flavour: entry(&[Flavour::Spsc, Flavour::Mpsc, Flavour::Mpmc], flavour),
            mode,
            capacity,
            start: entry(&STARTS, start),
            strategy: entry(&STRATEGIES, start / 4),
            observed: marks % 4 > 0,
            eager: marks / 4 % 2 == 1,
            marks: (marks % 2 == 1).then(|| (high, usize::from(marks / 16) % high)),
        }
    }

    /// Whether the senders' side is a single one, of plain stores.
    pub(crate) fn is_owned(&self) -> bool {
        self.flavour == Flavour::Spsc && !self.mode.evicts()
    }

    /// Whether a task that must wait may ask to be polled once more before it queues.
    pub(crate) fn has_second_polls(&self) -> bool {
        !self.observed && self.strategy != WaitStrategy::Park
    }

    pub(crate) fn make(&self, clock: &Arc<HandClock>) -> (Out, In) {
        match self.flavour {
            Flavour::Spsc => make!(self, clock, spsc),
            Flavour::Mpsc => make!(self, clock, mpsc),
            Flavour::Mpmc => make!(self, clock, mpmc),
        }
    }
}

impl Case {
    /// Any bytes mean some case; operations with these verbs of the language.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], verbs: &[Verb]) -> Option<Self> {
        let (head, rest) = bytes.split_first_chunk::<HEAD>()?;
        let ops = Op::all_from_bytes(rest, verbs);
        Some(Self { channel: Channel::from_bytes(*head), ops })
    }
}

/// A clock that is moved by hand.
#[derive(Debug, Default)]
pub(crate) struct HandClock(AtomicU64);

impl HandClock {
    pub(crate) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}
