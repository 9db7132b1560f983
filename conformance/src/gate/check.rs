//! What must hold after every operation.

use backpressure::credit::{CreditCounters, Permit};

use super::{Machine, Wait};

impl Machine<'_> {
    pub(super) fn check(&self) {
        self.check_numbers();
        self.model.check_conservation();
        self.check_wakes();
    }

    fn check_numbers(&self) {
        let (gate, model) = (&self.handles[0], &self.model);
        assert!(gate.same_gate(&self.handles[1]));
        // The counters are kept modulo 2^62.
        let low = |total: u128| total as u64 & (u64::MAX >> 2);
        let CreditCounters { granted, acquired, returned, revoked, available, .. } =
            gate.counters();
        assert_eq!(i128::from(available), model.available, "available: {model:?}");
        assert_eq!(
            (granted, acquired, returned, revoked),
            (low(model.granted), low(model.acquired), low(model.returned), low(model.revoked)),
            "granted, acquired, returned, revoked: {model:?}"
        );
        assert_eq!(gate.available(), available);
        assert_eq!(gate.is_closed(), model.closed);
        assert_eq!(gate.waiters(), self.waiting(), "waiting");
        let held = self.permits.iter().map(|permit| u128::from(Permit::credits(permit)));
        assert_eq!(held.sum::<u128>(), model.held, "in permits");
    }

    /// How many are in line. In the order of arrival they stay there until they leave, or the gate is closed;
    /// elsewhere until they are told.
    fn waiting(&self) -> usize {
        if self.settings.fifo {
            return if self.model.closed { 0 } else { self.model.line.len() };
        }
        let waits = self.waits.iter().filter(|wait| wait.ticket.is_some());
        let waits = waits.filter(|wait| !wait.ringing.is_rung());
        waits.count() + self.ghosts.iter().filter(|ghost| !ghost.ringing.is_rung()).count()
    }

    /// No wake-up was lost: who could go on was told, or somebody was who will pass it on.
    fn check_wakes(&self) {
        let ends = |wait: &Wait<'_>| self.model.poll(wait.n, wait.ticket);
        let waiting = || self.waits.iter().filter(|wait| wait.ticket.is_some());
        // What ends a wait for good is told to everybody.
        let untold =
            waiting().find(|wait| matches!(ends(wait), Some(Err(_))) && !wait.ringing.is_rung());
        assert!(
            untold.is_none(),
            "nobody told that {:?} cannot be: {:?}",
            untold.map(|wait| wait.n),
            self.model
        );
        let could = || waiting().filter(|wait| matches!(ends(wait), Some(Ok(()))));
        let passes_on = could().any(|wait| wait.ringing.is_rung());
        // In line there is no excuse: only the first can go on, and if it was forgotten nobody can.
        let absorbed = if self.settings.fifo { 0 } else { self.absorbed };
        let untold = could().find(|wait| {
            !wait.ringing.is_rung()
                && self.model.available >= i128::from(wait.n) + i128::from(absorbed)
        });
        assert!(
            passes_on || untold.is_none(),
            "nobody told {:?}: {:?}",
            untold.map(|wait| wait.n),
            self.model
        );
    }
}
