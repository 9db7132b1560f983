//! What things cost on the machine that is simulated.

/// Simulated time, in picoseconds.
pub(crate) type Time = u64;

/// The machine. All times in picoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    /// A load that the own cache answers, as far as it is not hidden behind other work.
    pub(crate) hit: Time,
    /// For a line to come from a core of the same cluster.
    pub(crate) near: Time,
    /// From a core of another cluster.
    pub(crate) far: Time,
    /// After which part of that way the present holders lose it: this many of it make the whole. The one
    /// figure that was fitted, to two cores that add to one word: see `checks`.
    pub(crate) probe: Time,
    /// A read-modify-write on a line that is the core's own already.
    pub(crate) modify: Time,
    /// The processor's PAUSE.
    pub(crate) pause: Time,
    /// All instructions of one send or receive beside those that this model executes.
    pub(crate) work: Time,
    /// Cores of one cluster.
    pub(crate) cluster: usize,
    /// Stores that may wait for their lines while the core goes on.
    pub(crate) buffer: usize,
    /// How many slots ahead of a load that waits for its line a core gets by guessing that all will be
    /// as usual. Never past a read-modify-write.
    pub(crate) ahead: u64,
}

impl Costs {
    /// `near` and `far` are round trips between two cores that store and poll one word in turns: what
    /// `versus` measures before each sample. Such a trip is four transfers: each store has to take the
    /// line away from a reader, and each reader has to get it back.
    pub(crate) fn of_round_trips(near: f64, far: f64) -> Self {
        let quarter = |trip: f64| (trip * 250.0) as Time;
        Self {
            hit: 200,
            near: quarter(near),
            far: quarter(far),
            probe: 4,
            modify: 4_000,
            pause: 26_000,
            work: 1_000,
            cluster: 8,
            buffer: 48,
            ahead: 12,
        }
    }

    /// How long a line takes between two cores.
    pub(crate) fn distance(&self, one: usize, other: usize) -> Time {
        if one / self.cluster == other / self.cluster { self.near } else { self.far }
    }
}
