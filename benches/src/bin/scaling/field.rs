//! Who is compared, in which shapes.

use crate::costs::Costs;
use crate::machine::Machine;
use crate::rings::{Counted, Indexed, Lanes, Locked, Remedy, Ring, Scq, Shipped, Tickets, Vyukov};
use crate::stream::{Outcome, Received, Stream};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Spsc,
    Mpsc,
    Mpmc,
}
use Flavour::{Mpmc, Mpsc, Spsc};

impl Flavour {
    pub(crate) const ALL: [Self; 3] = [Spsc, Mpsc, Mpmc];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Spsc => "spsc",
            Mpsc => "mpsc",
            Mpmc => "mpmc",
        }
    }

    /// Senders and receivers on so many cores.
    pub(crate) fn crowd(self, cores: usize) -> (usize, usize) {
        match self {
            Spsc => (1, 1),
            Mpsc => (cores - 1, 1),
            Mpmc => (cores / 2, cores - cores / 2),
        }
    }

    /// Which sides of our ring are shared.
    fn sides(self) -> (bool, bool) {
        (self != Spsc, self == Mpmc)
    }
}

/// One run: a flavour and its crowd, on a machine, through rings of a capacity.
#[derive(Clone, Copy)]
pub(crate) struct Race {
    pub(crate) flavour: Flavour,
    pub(crate) stream: Stream,
    pub(crate) costs: Costs,
    pub(crate) capacity: u64,
}

type Run = fn(&Race) -> Option<(Outcome, Received)>;

pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) flavours: &'static [Flavour],
    pub(crate) run: Run,
}

impl Race {
    fn through<R: Ring>(
        &self,
        make: impl FnOnce(&mut Machine, u64) -> R,
    ) -> Option<(Outcome, Received)> {
        self.stream.run(self.costs, |machine| make(machine, self.capacity))
    }

    /// Through ours, with a change.
    fn ours(
        &self,
        change: impl FnOnce(Shipped, &mut Machine) -> Shipped,
    ) -> Option<(Outcome, Received)> {
        self.through(|machine, capacity| {
            let shipped = Shipped::new(machine, capacity, self.flavour.sides());
            change(shipped, machine)
        })
    }

    fn in_batches(&self, batch: u64) -> Self {
        Self { stream: Stream { batch, ..self.stream }, ..*self }
    }
}

const ALL: &[Flavour] = &[Spsc, Mpsc, Mpmc];
const SHARED: &[Flavour] = &[Mpsc, Mpmc];

pub(crate) const CONTESTANTS: &[Contestant] = &[
    Contestant { name: "ours", flavours: ALL, run: |race| race.ours(|ring, _| ring) },
    Contestant {
        name: "ours, batches of 16",
        flavours: ALL,
        run: |race| race.in_batches(16).ours(|ring, _| ring),
    },
    Contestant {
        name: "ours, no lingering",
        flavours: SHARED,
        run: |race| race.ours(|ring, _| ring.without_lingering()),
    },
    Contestant {
        name: "ours, a fence a side",
        flavours: ALL,
        run: |race| race.ours(|ring, _| ring.fenced()),
    },
    Contestant {
        name: "ours, slots spread",
        flavours: ALL,
        run: |race| race.ours(|ring, machine| ring.spread(machine)),
    },
    Contestant {
        name: "ours, no backing off",
        flavours: SHARED,
        run: |race| race.ours(|ring, _| ring.backing_off(None)),
    },
    Contestant {
        name: "ours, pauses 1 to 64",
        flavours: SHARED,
        run: |race| race.ours(|ring, _| ring.backing_off(Some((1, 64)))),
    },
    Contestant {
        name: "ours, fetching first",
        flavours: SHARED,
        run: |race| race.ours(|ring, _| ring.with(Remedy::Fetch)),
    },
    Contestant {
        name: "ours, 16 stamps ahead",
        flavours: SHARED,
        run: |race| race.ours(|ring, _| ring.with(Remedy::LookAhead(16))),
    },
    Contestant {
        name: "ours, 16 once failed",
        flavours: SHARED,
        run: |race| race.ours(|ring, _| ring.with(Remedy::LookAheadAfter(16)).backing_off(None)),
    },
    Contestant {
        name: "ours, in lanes of 4",
        flavours: &[Mpmc],
        run: |race| {
            let lanes = race.stream.senders.div_ceil(4);
            race.through(|machine, capacity| Lanes::new(machine, capacity, lanes))
        },
    },
    Contestant {
        name: "Vyukov",
        flavours: SHARED,
        run: |race| race.through(|machine, capacity| Vyukov::new(machine, capacity, false)),
    },
    Contestant {
        name: "ArrayQueue",
        flavours: ALL,
        run: |race| race.through(|machine, capacity| Vyukov::new(machine, capacity, true)),
    },
    Contestant {
        name: "tickets",
        flavours: SHARED,
        run: |race| race.through(|machine, capacity| Tickets::new(machine, capacity, false)),
    },
    Contestant {
        name: "tickets, slots spread",
        flavours: SHARED,
        run: |race| race.through(|machine, capacity| Tickets::new(machine, capacity, true)),
    },
    Contestant {
        name: "atomic_queue, try",
        flavours: SHARED,
        run: |race| race.through(|machine, capacity| Counted::new(machine, capacity, false)),
    },
    Contestant {
        name: "atomic_queue, tickets",
        flavours: SHARED,
        run: |race| race.through(|machine, capacity| Counted::new(machine, capacity, true)),
    },
    Contestant { name: "SCQ", flavours: &[Mpmc], run: |race| race.through(Scq::new) },
    Contestant {
        name: "spin lock and deque",
        flavours: ALL,
        run: |race| race.through(Locked::new),
    },
    Contestant {
        name: "cached indices",
        flavours: &[Spsc],
        run: |race| race.through(Indexed::new),
    },
];

/// The contestant of that name.
pub(crate) fn called(name: &str) -> Option<&'static Contestant> {
    CONTESTANTS.iter().find(|contestant| contestant.name == name)
}

/// A crowd that sends and receives for long enough to be past its beginnings.
pub(crate) fn race(flavour: Flavour, cores: usize, costs: Costs, capacity: u64) -> Race {
    let (senders, receivers) = flavour.crowd(cores);
    let messages = (4 * capacity).max(64 * senders as u64);
    let stream = Stream { senders, receivers, batch: 1, each: None, messages };
    Race { flavour, stream, costs, capacity }
}
