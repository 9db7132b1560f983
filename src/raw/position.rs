//! Positions, stamps, and the two packed words. No `unsafe`, no atomics: arithmetic and its tests.

/// Width of a position. See [`TailWord`] for what the other bits of a word are used for.
const BITS: u32 = 46;
/// A position stands in the top bits of every word that has one, and of [`Position`] itself: the
/// processor's own wrap at 2^64 is then the wrap of positions, nothing has to be masked, and a word
/// without flags is the stamp of its position.
const SHIFT: u32 = 64 - BITS;
/// The bits below.
const FLAGS: u64 = (1 << SHIFT) - 1;

/// The most slots a ring may have: half of the positions, so that "older than" stays decidable.
pub(crate) const MAX_SLOTS: u64 = 1 << (BITS - 1);

/// A place in the stream of messages: counts up for ever, modulo 2^46.
///
/// At a hundred million messages a second a position comes round after eight days; all arithmetic
/// is modular, so nothing happens then. A thread would have to be suspended for exactly one such
/// round to mistake one position for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position(u64);

impl Position {
    #[inline(always)]
    pub(crate) fn new(count: u64) -> Self {
        // WRAP: a count beyond 2^46 begins again.
        Self(count << SHIFT)
    }

    /// The position `n` places further on.
    #[inline(always)]
    pub(crate) fn plus(self, n: u64) -> Self {
        // WRAP: positions are a ring of 2^46 in the top bits; the carry leaves the word.
        Self(self.0.wrapping_add(n << SHIFT))
    }

    /// The position `n` places before.
    #[inline(always)]
    pub(crate) fn minus(self, n: u64) -> Self {
        // WRAP: as in `plus`.
        Self(self.0.wrapping_sub(n << SHIFT))
    }

    /// What it was made of, modulo 2^46.
    #[inline(always)]
    pub(crate) fn count(self) -> u64 {
        self.0 >> SHIFT
    }

    /// How many positions were passed from `start` to this one: modulo 2^46, as positions are.
    pub(crate) fn since(self, start: Self) -> u64 {
        // WRAP: as in `plus`.
        Self(self.0.wrapping_sub(start.0)).count()
    }

    /// Whether `self` comes later than `other`.
    pub(crate) fn is_after(self, other: Self) -> bool {
        self.distance_to(other).is_none()
    }

    /// How far `self` lies behind `later`, or `None` if it lies ahead of it.
    #[inline(always)]
    pub(crate) fn distance_to(self, later: Self) -> Option<u64> {
        // WRAP: a distance beyond half the ring means the other direction.
        let distance = later.since(self);
        (distance < MAX_SLOTS).then_some(distance)
    }

    /// The slot of this position in a ring of `mask + 1` slots (a power of two).
    #[inline(always)]
    pub(crate) fn index(self, mask: u64) -> usize {
        (self.count() & mask) as usize
    }
}

/// A slot's own sequence word: the position it is about, and whether a value is there.
///
/// ```text
///   vacant(p): a producer that claimed p may write       full(p): the consumer of p may read
///        |  producer of p writes, publishes  ------------->  |
///        |  <--- consumer of p - slots reads, releases       |   (next lap: vacant(p + slots))
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    #[inline(always)]
    pub(crate) fn vacant(at: Position) -> Self {
        Self(at.0)
    }

    #[inline(always)]
    pub(crate) fn full(at: Position) -> Self {
        Self(at.0 | 1)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

/// The producer side's word.
///
/// ```text
///   63            18 17        3      2        1        0
///  +----------------+-----------+-----------+--------+--------+
///  |  position: 46  | reserved  | ABANDONED | SEALED | CLOSED |
///  +----------------+-----------+-----------+--------+--------+
/// ```
///
/// * `position`: the next one to be claimed.
/// * `reserved`: credits held in permits. They are part of this word so that reserving is one
///   exchange, and so that "closed, drained, and no permit outstanding" is one load.
/// * `CLOSED`: no new sends, no new reservations. Permits still send.
/// * `SEALED`: nobody will ever receive again; permits fail too.
/// * `ABANDONED`: sealed, and what has not been taken until now is left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TailWord(u64);

impl TailWord {
    /// The flag that refuses new sends.
    pub(crate) const CLOSED: u64 = 1;
    /// The flag that refuses permits as well.
    pub(crate) const SEALED: u64 = 1 << 1;
    /// The flag that what has not been taken stays.
    pub(crate) const ABANDONED: u64 = 1 << 2;
    const RESERVED_SHIFT: u32 = 3;
    const RESERVED_BITS: u32 = SHIFT - Self::RESERVED_SHIFT;
    /// The most credits that permits of one channel can hold at a time.
    pub(crate) const MAX_RESERVED: u64 = (1 << Self::RESERVED_BITS) - 1;
    /// Every bit of the reserved count.
    pub(crate) const RESERVED_MASK: u64 = Self::MAX_RESERVED << Self::RESERVED_SHIFT;

    #[inline(always)]
    pub(crate) fn at(position: Position) -> Self {
        Self(position.0)
    }

    #[inline(always)]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn position(self) -> Position {
        Position(self.0 & !FLAGS)
    }

    #[inline(always)]
    pub(crate) fn reserved(self) -> u64 {
        (self.0 & Self::RESERVED_MASK) >> Self::RESERVED_SHIFT
    }

    #[inline(always)]
    pub(crate) fn is_closed(self) -> bool {
        self.0 & Self::CLOSED != 0
    }

    #[inline(always)]
    pub(crate) fn is_sealed(self) -> bool {
        self.0 & Self::SEALED != 0
    }

    #[inline(always)]
    pub(crate) fn is_abandoned(self) -> bool {
        self.0 & Self::ABANDONED != 0
    }

    /// Nothing more can come: closed, and no permit that could still send.
    #[inline(always)]
    pub(crate) fn is_final(self) -> bool {
        self.is_closed() && (self.reserved() == 0 || self.is_sealed())
    }

    /// The word after `n` further positions were claimed.
    #[inline(always)]
    pub(crate) fn claimed(self, n: u64) -> Self {
        // WRAP: the position occupies the top bits, so its carry leaves the word.
        Self(self.0.wrapping_add(n << SHIFT))
    }

    /// The word after `n` more credits went into permits.
    pub(crate) fn with_reserved(self, n: u64) -> Self {
        debug_assert!(self.reserved() + n <= Self::MAX_RESERVED);
        Self(self.0 + (n << Self::RESERVED_SHIFT))
    }

    /// The word after permits gave `n` credits up.
    pub(crate) fn without_reserved(self, n: u64) -> Self {
        debug_assert!(self.reserved() >= n);
        Self(self.0 - (n << Self::RESERVED_SHIFT))
    }
}

/// The consumer side's word: a position, and for an owned consumer the note that it has finished.
///
/// Once an owned consumer has said Closed it never looks at a slot again, so that a producer whose
/// publication came too late can take its value back (see `tail::Owned`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HeadWord(u64);

impl HeadWord {
    const FINISHED: u64 = 1;

    #[inline(always)]
    pub(crate) fn at(position: Position) -> Self {
        Self(position.0)
    }

    #[inline(always)]
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline(always)]
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    #[inline(always)]
    pub(crate) fn position(self) -> Position {
        Position(self.0 & !FLAGS)
    }

    #[inline(always)]
    pub(crate) fn is_finished(self) -> bool {
        self.0 & Self::FINISHED != 0
    }

    pub(crate) fn finished(self) -> Self {
        Self(self.0 | Self::FINISHED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last position before the wrap.
    const LAST: u64 = (1 << BITS) - 1;

    #[test]
    fn positions_wrap_without_losing_distance_or_index() {
        let last = Position::new(LAST);
        let next = last.plus(1);
        assert_eq!(next, Position::new(0));
        assert_eq!(last.distance_to(next), Some(1));
        assert_eq!(next.distance_to(last), None);
        assert_eq!(next.minus(1), last);
        assert!(next.is_after(last) && !last.is_after(next) && !last.is_after(last));
        assert_eq!(last.index(7), 7);
        assert_eq!(next.index(7), 0);
        assert_eq!(Position::new(u64::MAX), last);
        // Half of all positions lie ahead, the others behind.
        assert_eq!(last.distance_to(last.plus(MAX_SLOTS - 1)), Some(MAX_SLOTS - 1));
        assert_eq!(last.distance_to(last.plus(MAX_SLOTS)), None);
    }

    #[test]
    fn stamps_of_neighbouring_positions_and_laps_differ() {
        let at = Position::new(LAST - 1);
        let stamps = [
            Stamp::vacant(at),
            Stamp::full(at),
            Stamp::vacant(at.plus(1)),
            Stamp::full(at.plus(1)),
            Stamp::vacant(at.plus(2)),
        ];
        for (i, one) in stamps.iter().enumerate() {
            for other in &stamps[i + 1..] {
                assert_ne!(one, other);
            }
        }
    }

    #[test]
    fn claiming_over_the_wrap_leaves_the_other_fields_alone() {
        let word = TailWord::at(Position::new(LAST)).with_reserved(TailWord::MAX_RESERVED);
        let word = TailWord::from_bits(word.bits() | TailWord::CLOSED);
        let next = word.claimed(2);
        assert_eq!(next.position(), Position::new(1));
        assert_eq!(next.reserved(), TailWord::MAX_RESERVED);
        assert!(next.is_closed() && !next.is_sealed() && !next.is_final());
        let empty = next.without_reserved(TailWord::MAX_RESERVED);
        assert_eq!(empty.reserved(), 0);
        assert!(empty.is_final());
        assert_eq!(empty.position(), Position::new(1));
    }

    #[test]
    fn each_flag_is_its_own() {
        let flags = [TailWord::CLOSED, TailWord::SEALED, TailWord::ABANDONED];
        let read = |word: TailWord| [word.is_closed(), word.is_sealed(), word.is_abandoned()];
        for (i, flag) in flags.into_iter().enumerate() {
            let word = TailWord::from_bits(TailWord::at(Position::new(LAST)).bits() | flag);
            let expected: [bool; 3] = core::array::from_fn(|other| other == i);
            assert_eq!((read(word), word.reserved()), (expected, 0));
        }
        // As `guarantees.md` says.
        assert_eq!(TailWord::MAX_RESERVED, 32_767);
    }

    #[test]
    fn finishing_keeps_the_position() {
        let word = HeadWord::at(Position::new(LAST));
        assert!(!word.is_finished());
        assert!(word.finished().is_finished());
        assert_eq!(word.finished().position(), Position::new(LAST));
    }
}
