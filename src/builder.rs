//! Making channels.

use alloc::sync::Arc as StdArc;
use core::fmt;
use core::marker::PhantomData;
use core::num::NonZeroUsize;

use crate::chan::{Company, Window};
use crate::error::BuildError;
use crate::flavour::{Ack, AnyCapacity, Credit, Evict, Flavour, Keep, Kind, Latest, Pull};
#[cfg(feature = "std")]
use crate::pressure::SystemClock;
use crate::pressure::{Clock, Marks, Observed};
use crate::raw::{self, Bound as _, Core, Kept, Lender, Position, Sides, TailSide, Unmakeable};
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::wait::Gate;
#[cfg(feature = "std")]
use crate::wait::WaitStrategy;

/// Settings of a channel before it is made. Start with `spsc::builder()`, `mpsc::builder()` or
/// `mpmc::builder()`.
///
/// # Examples
/// ```
/// use backpressure::{WaitStrategy, mpmc};
///
/// let (tx, rx) = mpmc::builder()
///     .capacity(100)
///     .evicting()
///     .wait_strategy(WaitStrategy::Park)
///     .build::<String>()?;
/// # drop((tx, rx));
/// # Ok::<(), backpressure::BuildError>(())
/// ```
pub struct Builder<F> {
    capacity: usize,
    start: u64,
    /// Credits that wait for senders from the start, on a pulled channel.
    initial: u64,
    batch: Option<NonZeroUsize>,
    observed: bool,
    marks: Option<Marks>,
    clock: Option<StdArc<dyn Clock>>,
    eager: bool,
    #[cfg(feature = "std")]
    strategy: WaitStrategy,
    flavour: PhantomData<fn() -> F>,
}

impl<F> Builder<F> {
    pub(crate) fn new() -> Self {
        Self {
            capacity: 0,
            start: 0,
            initial: 0,
            batch: None,
            observed: false,
            marks: None,
            clock: None,
            eager: false,
            #[cfg(feature = "std")]
            strategy: WaitStrategy::default(),
            flavour: PhantomData,
        }
    }

    /// How operations wait. [`WaitStrategy::Adaptive`] if not set.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn wait_strategy(mut self, strategy: WaitStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Measures peaks and waiting times, for `stats`. Each send and receive then looks at the depth of the
    /// queue, behind a fence; channels that are not observed pay for none of this.
    #[must_use]
    pub fn observed(mut self) -> Self {
        self.observed = true;
        self
    }

    /// Observes the channel, and has its level be High from `high` queued messages on, until there are only
    /// `low`. See [`PressureWatch`](crate::pressure::PressureWatch).
    #[must_use]
    pub fn watermarks(mut self, high: usize, low: usize) -> Self {
        self.marks = Some(Marks { high, low });
        self.observed()
    }

    /// Where an observed channel takes the time from; `SystemClock` if not
    /// set. Without `std` there is none, and a channel is observed only with a clock of yours.
    #[must_use]
    pub fn clock(mut self, clock: StdArc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Where positions begin to count, so that tests meet their wrap.
    #[doc(hidden)]
    #[must_use]
    pub fn start_at(mut self, start: u64) -> Self {
        self.start = start;
        self
    }

    /// Lets tasks ask to be polled once more from their first wait on, as if that had always paid, so that tests
    /// meet it.
    #[doc(hidden)]
    #[must_use]
    pub fn eager(mut self) -> Self {
        self.eager = true;
        self
    }

    fn retype<G>(self) -> Builder<G> {
        Builder {
            capacity: self.capacity,
            start: self.start,
            initial: self.initial,
            batch: self.batch,
            observed: self.observed,
            marks: self.marks,
            clock: self.clock,
            eager: self.eager,
            #[cfg(feature = "std")]
            strategy: self.strategy,
            flavour: PhantomData,
        }
    }
}

impl<P, C, M> Builder<Kind<P, C, M>>
where
    Kind<P, C, M>: Flavour,
{
    /// Makes the channel. All memory it will ever need for messages is allocated here.
    ///
    /// # Errors
    /// [`BuildError`] if the capacity is 0 (or was not set), or too large for positions, for the
    /// address space, or for the allocator.
    pub fn build<T>(
        self,
    ) -> Result<(Sender<T, Kind<P, C, M>>, Receiver<T, Kind<P, C, M>>), BuildError> {
        let (in_circulation, requested) = match Kind::<P, C, M>::CREDIT {
            Credit::Slots | Credit::Acknowledged => (self.capacity as u64, None),
            Credit::Requested => (0, Some(self.initial)),
        };
        // WRAP: counts are compared as positions are.
        let bound = <Kind<P, C, M> as Sides>::Bound::new(self.start.wrapping_add(in_circulation));
        let limit = bound.limit().cloned();
        // PERF: decision 0002. An acknowledgement is an exchange, and does not like company.
        let alone = <<Kind<P, C, M> as Sides>::Tail as TailSide>::SETTLES
            && Kind::<P, C, M>::CREDIT != Credit::Acknowledged;
        let core = Core::new(self.capacity, self.start, bound, alone).map_err(|why| match why {
            Unmakeable::Zero => BuildError::ZeroCapacity,
            Unmakeable::TooLarge => BuildError::CapacityTooLarge,
            Unmakeable::OutOfMemory => BuildError::OutOfMemory,
        })?;
        // An eighth moves the senders' line eight times a lap.
        let batch = self.batch.map_or(self.capacity / 8, NonZeroUsize::get).max(1);
        if self.marks.is_some_and(|marks| marks.low >= marks.high || marks.high > self.capacity) {
            return Err(BuildError::Watermarks);
        }
        #[cfg(feature = "std")]
        let clock = || Some(self.clock.unwrap_or_else(|| StdArc::new(SystemClock)));
        #[cfg(not(feature = "std"))]
        let clock = || self.clock;
        let clock = if self.observed { clock() } else { None };
        let observed = clock.map(|clock| Observed::new(clock, self.marks));
        #[cfg(feature = "std")]
        let second_polls = self.strategy != WaitStrategy::Park;
        #[cfg(not(feature = "std"))]
        let second_polls = true;
        let (watched, eager) = (observed.is_some(), self.eager);
        let gate = || match Gate::new() {
            // Whoever observes wants to know of every wait: nobody waits without queueing.
            gate if watched => gate.watched(),
            gate if second_polls => gate.with_second_polls(eager),
            gate => gate,
        };
        let window =
            limit.map(|limit| Window::new(limit, self.start, requested, batch as u64, gate()));
        let (lender, window) = match (Kind::<P, C, M>::CREDIT, window) {
            (Credit::Acknowledged, Some(window)) => {
                let lender = Lender::new(window, Position::new(self.start));
                let kept = lender.kept().clone();
                (Some(lender), Some(kept))
            }
            (_, window) => (None, window.map(Kept::new)),
        };
        #[cfg(feature = "std")]
        let company = Company::new(self.start, window, observed, gate, self.strategy);
        #[cfg(not(feature = "std"))]
        let company = Company::new(self.start, window, observed, gate);
        let (tail, head) = raw::pair(core, company, lender);
        Ok((Sender::new(tail), Receiver::new(head)))
    }
}

impl<P, C, M> Builder<Kind<P, C, M>>
where
    M: AnyCapacity,
{
    /// Exactly how many messages may be queued or reserved at a time; on an acknowledged channel also
    /// how many may be queued, reserved and in delivery together.
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }
}

impl<P, C> Builder<Kind<P, C, Keep>> {
    /// Lets senders evict: `offer` takes [`DropOldest`](crate::DropOldest) and
    /// [`Clear`](crate::Clear), and there is `force_send`.
    ///
    /// The ring then has eight spare slots, both its sides are shared, and a send reads the
    /// receivers' position. Channels that do not evict pay for none of this.
    #[must_use]
    pub fn evicting(self) -> Builder<Kind<P, C, Evict>> {
        self.retype()
    }

    /// A channel of capacity 1 that can hold the latest value only: `offer` takes
    /// [`Merge`](crate::Merge) as well as what [`Builder::evicting`] brings.
    #[must_use]
    pub fn latest(self) -> Builder<Kind<P, C, Latest>> {
        Builder { capacity: 1, ..self.retype() }
    }

    /// Credits come back when messages are acknowledged: receivers yield a
    /// [`Delivery`](crate::Delivery). See [`delivery`](crate::delivery).
    #[must_use]
    pub fn acknowledged(self) -> Builder<Kind<P, C, Ack>> {
        self.retype()
    }

    /// Credits are what the receivers ask for: `request`. To begin with there are `initial`, possibly 0.
    ///
    /// The capacity bounds what is queued, as ever; requests beyond it are remembered.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = backpressure::mpsc::builder().capacity(8).pulled(0).build()?;
    /// assert!(tx.try_send('a').is_err()); // nobody asked
    /// rx.request(1)?;
    /// tx.try_send('a')?;
    /// assert!(tx.try_send('b').is_err());
    /// assert_eq!(rx.recv()?, 'a');
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn pulled(self, initial: u64) -> Builder<Kind<P, C, Pull>> {
        Builder { initial, ..self.retype() }
    }
}

impl<P, C> Builder<Kind<P, C, Ack>> {
    /// How many acknowledgements are put together before senders see them; an eighth of the capacity
    /// if not set. A sender that finds no credit gets those that are being put together, so that a
    /// large batch delays nobody.
    #[must_use]
    pub fn return_batch(mut self, acknowledgements: NonZeroUsize) -> Self {
        self.batch = Some(acknowledgements);
        self
    }
}

impl<F> Clone for Builder<F> {
    fn clone(&self) -> Self {
        Self {
            capacity: self.capacity,
            start: self.start,
            initial: self.initial,
            batch: self.batch,
            observed: self.observed,
            marks: self.marks,
            clock: self.clock.clone(),
            eager: self.eager,
            #[cfg(feature = "std")]
            strategy: self.strategy,
            flavour: PhantomData,
        }
    }
}

impl<F> fmt::Debug for Builder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

/// `build` for the short constructors, which panic.
pub(crate) fn build_or_panic<T, P, C, M>(
    builder: Builder<Kind<P, C, M>>,
) -> (Sender<T, Kind<P, C, M>>, Receiver<T, Kind<P, C, M>>)
where
    Kind<P, C, M>: Flavour,
{
    match builder.build() {
        Ok(pair) => pair,
        Err(why) => panic!("{why}"),
    }
}
