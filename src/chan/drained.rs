//! Waiting until a closed channel has nothing left.

use core::task::{Context, Poll};

use super::{Company, is_drained};
use crate::flavour::Flavour;
use crate::raw::End;
use crate::wait::Place;
#[cfg(feature = "std")]
use crate::wait::{Deadline, block};

/// A wait in two parts: for the close, and then, where senders wait, for what takes and acknowledges.
///
/// Before the close that second gate is the senders' alone, who would be kept waiting by a crowd of
/// others; after it they are gone.
#[derive(Debug, Default)]
pub(crate) struct Draining {
    closing: Place,
    draining: Place,
}

impl Draining {
    pub(crate) fn poll<F: Flavour>(
        &mut self,
        end: &impl End<Beside = Company>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let company = end.beside();
        let closed =
            self.closing.poll(&company.closing, false, cx, |_| end.is_closed().then_some(()));
        if closed.is_pending() {
            return Poll::Pending;
        }
        self.closing.give_up(&company.closing, || false);
        // Greedy: what it is told of is not used up by knowing it.
        let look = || is_drained::<F>(end).then_some(());
        let drained = company.poll_tx(&mut self.draining, true, cx, look);
        if drained.is_ready() {
            self.leave(company);
        }
        drained
    }

    /// Ends the wait, finished or not.
    pub(crate) fn leave(&mut self, company: &Company) {
        self.closing.give_up(&company.closing, || false);
        self.draining.give_up(company.tx(), || false);
    }

    /// The same for a thread; whether it came to that before the deadline.
    #[cfg(feature = "std")]
    pub(crate) fn block<F: Flavour>(end: &impl End<Beside = Company>, deadline: Deadline) -> bool {
        let company = end.beside();
        let how = company.how_senders_wait();
        let no_more = || false;
        let mut closed = |_: &Place| end.is_closed().then_some(());
        let mut drained = |_: &Place| is_drained::<F>(end).then_some(());
        block(&company.closing, false, how, deadline, &mut closed, &no_more).is_some()
            && company.block_tx(true, how, deadline, &mut drained, &no_more).is_some()
    }
}
