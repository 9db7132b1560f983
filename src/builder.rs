//! Making channels.

use core::fmt;
use core::marker::PhantomData;

use crate::chan::Company;
use crate::error::BuildError;
use crate::flavour::{Evict, Flavour, Keep, Kind, Latest};
use crate::raw::{self, Core, Unmakeable};
use crate::receiver::Receiver;
use crate::sender::Sender;
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
    #[cfg(feature = "std")]
    strategy: WaitStrategy,
    flavour: PhantomData<fn() -> F>,
}

impl<F> Builder<F> {
    pub(crate) fn new() -> Self {
        Self {
            capacity: 0,
            start: 0,
            #[cfg(feature = "std")]
            strategy: WaitStrategy::default(),
            flavour: PhantomData,
        }
    }

    /// How blocking operations wait. [`WaitStrategy::Adaptive`] if not set.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn wait_strategy(mut self, strategy: WaitStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Where positions begin to count, so that tests meet their wrap.
    #[doc(hidden)]
    #[must_use]
    pub fn start_at(mut self, start: u64) -> Self {
        self.start = start;
        self
    }

    fn retype<G>(self) -> Builder<G> {
        Builder {
            capacity: self.capacity,
            start: self.start,
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
        let spare = <Kind<P, C, M> as raw::Sides>::SPARE;
        let core = Core::new(self.capacity, spare, self.start).map_err(|why| match why {
            Unmakeable::Zero => BuildError::ZeroCapacity,
            Unmakeable::TooLarge => BuildError::CapacityTooLarge,
            Unmakeable::OutOfMemory => BuildError::OutOfMemory,
        })?;
        #[cfg(feature = "std")]
        let company = Company::new(self.strategy);
        #[cfg(not(feature = "std"))]
        let company = Company::new();
        let (tail, head) = raw::pair(core, company);
        Ok((Sender::new(tail), Receiver::new(head)))
    }
}

impl<P, C> Builder<Kind<P, C, Keep>> {
    /// Exactly how many messages may be queued or reserved at a time.
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }

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
}

impl<P, C> Builder<Kind<P, C, Evict>> {
    /// Exactly how many messages may be queued or reserved at a time.
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity;
        self
    }
}

impl<F> Clone for Builder<F> {
    fn clone(&self) -> Self {
        Self {
            capacity: self.capacity,
            start: self.start,
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
