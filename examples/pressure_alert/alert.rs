//! When to call an operator, and what to say.

use core::time::Duration;

use backpressure::pressure::{PressureWatch, Stats};

/// Raises an alert when pressure has lasted, and takes it back when it is over. A burst that a buffer absorbs
/// is what the buffer is for.
#[derive(Debug)]
pub(crate) struct Alert {
    name: &'static str,
    patience: Duration,
    raised: bool,
    shed_before: u64,
}

impl Alert {
    pub(crate) fn new(name: &'static str, patience: Duration) -> Self {
        Self { name, patience, raised: false, shed_before: 0 }
    }

    /// Looks at a channel now and then; what to tell, if anything.
    pub(crate) fn look(&mut self, watch: &PressureWatch, stats: &Stats) -> Option<String> {
        let name = self.name;
        match watch.high_for() {
            Some(lasted) if !self.raised && lasted >= self.patience => {
                self.raised = true;
                let full = 100 * stats.queued / stats.capacity;
                let shed = stats.dropped.rejected - self.shed_before;
                Some(format!(
                    "{name}: under pressure for {:.1} s, {full} % full, {} waiting, {shed} shed",
                    lasted.as_secs_f64(),
                    stats.waiting_senders,
                ))
            }
            None if self.raised => {
                self.raised = false;
                self.shed_before = stats.dropped.rejected;
                Some(format!(
                    "{name}: all clear ({:.1} s under pressure in all, {} shed)",
                    watch.high_total().as_secs_f64(),
                    stats.dropped.rejected,
                ))
            }
            _ => None,
        }
    }
}
