//! What must hold after every operation.

use super::{Gate, Machine, Running, State, Want};
use crate::channel::Mode;
use crate::face::View;
use crate::value;

impl Machine {
    pub(super) fn check(&mut self) {
        self.check_numbers();
        self.check_pressure();
        self.check_values();
        self.check_wakes();
    }

    /// Both sides tell the same, and it is what the model says.
    fn check_numbers(&self) {
        if let Some(port) = self.senders.first() {
            self.check_view(&port.handle.view());
        }
        if let Some(port) = self.receivers.first() {
            self.check_view(&port.handle.view());
            if self.model.is_pulled() {
                assert_eq!(port.handle.demand(), self.model.demand());
            }
            assert_eq!(port.handle.is_drained_now(), self.model.is_drained(), "drained");
        } else if let Some(port) = self.senders.first() {
            assert_eq!(port.handle.is_drained_now(), self.model.is_drained(), "drained");
        }
    }

    fn check_view(&self, view: &View) {
        let (model, stats) = (&self.model, &view.stats);
        let queued = model.queue.len();
        assert_eq!((view.len, view.is_empty, stats.queued), (queued, queued == 0, queued));
        assert_eq!((view.capacity, stats.capacity), (self.channel.capacity, view.capacity));
        assert_eq!((view.reserved, stats.reserved), (model.reserved(), model.reserved()));
        assert_eq!(view.is_full, model.room() == 0, "full: {view:?}, {model:?}");
        assert_eq!(view.is_closed, model.closed);
        assert_eq!((view.senders, view.receivers), (model.senders, model.receivers));
        assert_eq!((stats.sent, stats.received), (model.sent, model.received), "{stats:?}");
        assert_eq!((stats.acked, stats.in_delivery), (model.acked, model.in_delivery()));
        assert_eq!(stats.dropped, model.dropped);
        let endless = matches!(self.channel.mode, Mode::Pulled(_)) && model.granted == u64::MAX;
        if endless {
            assert_eq!(stats.deferred, u64::MAX);
        } else {
            assert_eq!(stats.available + stats.deferred, model.credits(), "{stats:?}");
        }
        let waiting = |gate| self.waiting(gate);
        assert_eq!(
            (stats.waiting_senders, stats.waiting_receivers),
            (waiting(Gate::Tx), waiting(Gate::Rx)),
            "waiting"
        );
        if let Some(pressure) = &model.pressure {
            assert_eq!(stats.peak, pressure.peak, "peak");
        }
    }

    /// How many are enlisted at a gate, and were not told since.
    fn waiting(&self, gate: Gate) -> usize {
        let waits = |task: &&Running| task.is_waiting() && task.gate() == gate;
        let tasks = self.tasks.iter().filter(waits).map(|task| &task.ringing);
        let ghosts = self.ghosts.iter().filter(|g| g.gate == gate).map(|ghost| &ghost.ringing);
        let berths = self.berths(gate).map(|berth| &berth.ringing);
        tasks.chain(ghosts).chain(berths).filter(|ringing| !ringing.is_rung()).count()
    }

    /// The registrations of handles, also of those that tasks have.
    fn berths(&self, gate: Gate) -> impl Iterator<Item = &super::Berth> {
        let senders = self.senders.iter().map(|port| (Gate::Tx, &port.berth));
        let receivers = self.receivers.iter().map(|port| (Gate::Rx, &port.berth));
        let tasks = self.tasks.iter().map(|task| match task.body {
            super::Body::Tx(_) => (Gate::Tx, &task.berth),
            super::Body::Rx(_) => (Gate::Rx, &task.berth),
            super::Body::Watch(_) | super::Body::Gone => (Gate::Changes, &task.berth),
        });
        let all = senders.chain(receivers).chain(tasks);
        all.filter(move |(of, berth)| *of == gate && berth.registered).map(|(_, berth)| berth)
    }

    fn check_pressure(&self) {
        let Some(pressure) = &self.model.pressure else { return };
        for watch in &self.watches {
            assert_eq!(watch.watch.level(), pressure.level());
            assert_eq!(watch.watch.epoch(), pressure.epoch, "epoch");
            assert_eq!(watch.watch.high_for(), pressure.high_for(self.model.now));
            assert_eq!(watch.watch.high_total(), pressure.high_total(self.model.now));
        }
    }

    /// Every value is somewhere.
    fn check_values(&self) {
        let in_tasks = self.tasks.iter().map(|task| match (&task.want, task.state) {
            (Want::Send(_), _) => 1,
            (Want::SendMany(ids, _), _) => ids.len(),
            _ => 0,
        });
        let expected = self.model.queue.len()
            + in_tasks.sum::<usize>()
            + self.deliveries.len()
            + self.forgotten.len()
            + self.staged.len()
            + self.leaked;
        assert_eq!(value::living(), expected, "living values");
    }

    /// Whether a waiting task would get on if it were polled, and so many credits or messages were missing.
    fn could_go_on(&self, task: &Running, missing: usize) -> bool {
        let model = &self.model;
        match task.want {
            Want::Send(_) | Want::SendMany(..) => model.would_send(1 + missing as u64),
            Want::Reserve(n) => model.would_send((n + missing) as u64),
            Want::Closed | Want::Drained(false) => model.closed,
            Want::Drained(true) => model.is_drained(),
            Want::Recv | Want::RecvMany(_) | Want::RecvFresh => model.would_receive(missing),
            Want::Changed(seen) => {
                model.closed || model.pressure.as_ref().is_some_and(|p| p.epoch != seen)
            }
        }
    }

    /// No wake-up was lost: who could go on was told, or somebody was who will pass it on.
    fn check_wakes(&self) {
        let waiting = || self.tasks.iter().filter(|task| task.state == State::Waiting);
        for gate in [Gate::Tx, Gate::Rx] {
            let here = || waiting().filter(|task| task.gate() == gate);
            let told = |task: &&Running| task.ringing.is_rung();
            let passes_on = here().filter(told).any(|task| self.could_go_on(task, 0));
            // What forgotten futures were told of they took, as far as the others know.
            let missing = self.absorbed[usize::from(gate == Gate::Rx)];
            let untold = here().find(|task| !told(task) && self.could_go_on(task, missing));
            let news = match gate {
                Gate::Tx => self.model.would_send(1 + missing as u64),
                _ => self.model.would_receive(missing),
            };
            let berth = self.berths(gate).find(|berth| news && !berth.ringing.is_rung());
            if !passes_on {
                assert!(untold.is_none(), "nobody told {:?}", untold.map(|task| &task.want));
                assert!(berth.is_none(), "nobody told a handle at {gate:?}");
            }
        }
        // What concerns everybody is told to everybody.
        let untold = waiting().find(|task| {
            let for_all = matches!(task.want, Want::Closed | Want::Drained(_) | Want::Changed(_));
            for_all && self.could_go_on(task, 0) && !task.ringing.is_rung()
        });
        assert!(untold.is_none(), "nobody told {:?}", untold.map(|task| &task.want));
    }
}
