//! Counts of durations, coarse enough to be written without a thought while the clock runs.

/// Durations in nanoseconds, each to within 1/32 of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
}

/// Buckets for each doubling.
const STEPS: u64 = 32;
/// Beyond 2^40 ns, which are 18 minutes, nothing is told apart.
const BUCKETS: usize = (40 * STEPS) as usize;

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS] }
    }
}

impl Histogram {
    /// Counts one.
    #[inline(always)]
    pub fn add(&mut self, nanos: u64) {
        self.counts[bucket(nanos).min(BUCKETS - 1)] += 1;
    }

    /// Counts what the other has counted.
    pub fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// So that this part of all is not longer; `None` of nothing.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let wanted = ((self.len() as f64 * q).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = |count: &u64| {
            seen += count;
            seen >= wanted
        };
        self.counts.iter().position(reached).map(middle)
    }

    /// As text without blanks, such as `131:12,140:1`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let counted = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let all: Vec<_> = counted.map(|(bucket, count)| format!("{bucket}:{count}")).collect();
        all.join(",")
    }

    /// From such text; `None` if it is none.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let mut histogram = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (bucket, count) = part.split_once(':')?;
            *histogram.counts.get_mut(bucket.parse::<usize>().ok()?)? = count.parse().ok()?;
        }
        Some(histogram)
    }
}

/// Exact below 32; from there the first five bits after the leading one, and where that is.
#[inline(always)]
fn bucket(nanos: u64) -> usize {
    if nanos < STEPS {
        return nanos as usize;
    }
    let doubling = u64::from(nanos.ilog2() - STEPS.ilog2());
    (doubling * STEPS + (nanos >> doubling)) as usize
}

/// What a bucket stands for.
fn middle(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket as f64;
    }
    let doubling = bucket / STEPS - 1;
    let low = (bucket - doubling * STEPS) << doubling;
    low as f64 + ((1_u64 << doubling) - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_falls_into_a_bucket_that_stands_for_it() {
        for nanos in (0..5_000).chain((1..39).map(|n| (1 << n) + 17)) {
            let told = middle(bucket(nanos));
            assert!((told - nanos as f64).abs() * 32.0 <= nanos as f64, "{nanos} became {told}");
        }
        let buckets: Vec<_> = (0..5_000).map(bucket).collect();
        assert!(buckets.windows(2).all(|pair| pair[1] == pair[0] || pair[1] == pair[0] + 1));
    }

    #[test]
    fn quantiles_are_of_all_that_was_counted() {
        let mut low = Histogram::default();
        assert_eq!(low.quantile(0.5), None);
        (0..90).for_each(|_| low.add(10));
        let mut high = Histogram::default();
        (0..10).for_each(|_| high.add(20));
        high.add(u64::MAX);
        low.merge(&high);
        assert_eq!(low.len(), 101);
        assert_eq!(low.quantile(0.5), Some(10.0));
        assert_eq!(low.quantile(0.95), Some(20.0));
        assert!(low.quantile(1.0).is_some_and(|longest| longest > 1e12));
    }

    #[test]
    fn text_holds_everything() {
        let mut histogram = Histogram::default();
        [3, 3, 1_000, 123_456_789].iter().for_each(|nanos| histogram.add(*nanos));
        assert_eq!(Histogram::from_text(&histogram.to_text()), Some(histogram));
        assert_eq!(Histogram::from_text("x"), None);
        assert_eq!(Histogram::from_text(""), Some(Histogram::default()));
    }
}
