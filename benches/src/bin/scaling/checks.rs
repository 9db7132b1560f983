//! What the simulation is held against: figures that were measured, here and by others.

use crate::costs::Costs;
use crate::cpu::{Cpu, Word};
use crate::field::{Flavour, called, race};
use crate::machine::Machine;

/// A figure, and what the simulation says instead.
pub(crate) struct Check {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) simulated: f64,
}

impl Check {
    /// How many times too large or too small.
    pub(crate) fn factor(&self) -> f64 {
        let quotient = self.simulated / self.measured;
        quotient.max(quotient.recip())
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Check> {
    let mut checks = two_cores();
    checks.extend(primitives());
    checks.extend(published());
    checks
}

/// `benches/record/2026-11-24-second-versus.csv`: polling, capacity 1024, u64, round trip below 85 ns.
fn two_cores() -> Vec<Check> {
    let costs = Costs::of_round_trips(60.0, 60.0);
    let cases = [
        ("spsc", Flavour::Spsc, "ours", 2.78),
        ("spsc, rtrb", Flavour::Spsc, "cached indices", 2.20),
        ("mpsc", Flavour::Mpsc, "ours", 8.64),
        ("mpmc", Flavour::Mpmc, "ours", 6.44),
    ];
    let check = |(what, flavour, name, measured): (&str, _, _, _)| {
        let (outcome, _) = (called(name)?.run)(&race(flavour, 2, costs, 1024))?;
        let what = format!("{what}, ns a message, two cores");
        Some(Check { what, measured, simulated: outcome.nanoseconds() })
    };
    cases.into_iter().filter_map(check).collect()
}

/// Two threads at one word, round trip 125 ns, measured on the machine of the design: ns an operation, of
/// both threads together.
fn primitives() -> Vec<Check> {
    const TIMES: u64 = 2_000;
    async fn adding(cpu: Cpu, word: Word) {
        for _ in 0..TIMES {
            cpu.add(word, 1).await;
        }
    }
    async fn exchanging(cpu: Cpu, word: Word) {
        for _ in 0..TIMES {
            let mut seen = cpu.load(word).await;
            while let Err(actual) = cpu.exchange(word, seen, seen + 1).await {
                seen = actual;
            }
        }
    }
    let costs = Costs::of_round_trips(125.0, 125.0);
    let time = |exchange: bool| {
        let mut machine = Machine::new(costs);
        let word = machine.word(0);
        for _ in 0..2 {
            if exchange {
                machine.start(|cpu| exchanging(cpu, word));
            } else {
                machine.start(|cpu| adding(cpu, word));
            }
        }
        machine.run(u64::MAX, |_| false);
        machine.now as f64 / 1000.0 / (2 * TIMES) as f64
    };
    [("fetch-and-add", 16.5, false), ("load and compare-exchange", 35.5, true)]
        .map(|(what, measured, exchange)| Check {
            what: format!("{what}, ns, two cores"),
            measured,
            simulated: time(exchange),
        })
        .into()
}

/// The tables of `max0x7ba/atomic_queue` (2026-05-06), N senders and N receivers, 4-byte values, as quotients:
/// its ring of tickets beside its ring of exchanges, and beside Vyukov's (xenium's).
///
/// Zen 3: 20 ns between two cores of a cluster of eight, 79 between clusters, as AnandTech measured; a round
/// trip is twice that.
fn published() -> Vec<Check> {
    let costs = Costs::of_round_trips(40.0, 160.0);
    let tables = [
        ("5825U", 2, 19.3, 4.4, 9.6),
        ("5825U", 3, 19.9, 3.4, 4.9),
        ("5825U", 4, 19.9, 2.6, 5.3),
        ("5950X", 5, 11.2, 1.1, 2.8),
        ("5950X", 8, 13.5, 0.9, 2.5),
    ];
    let mut checks = Vec::new();
    for (machine, pairs, tickets, exchanges, vyukov) in tables {
        let rate = |name| {
            let (outcome, _) = (called(name)?.run)(&race(Flavour::Mpmc, 2 * pairs, costs, 1024))?;
            Some(outcome.millions_a_second())
        };
        let ours = rate("atomic_queue, tickets");
        for (what, other, theirs) in [
            ("atomic_queue's exchanges", "atomic_queue, try", exchanges),
            ("Vyukov's ring", "Vyukov", vyukov),
        ] {
            if let (Some(ours), Some(other)) = (ours, rate(other)) {
                checks.push(Check {
                    what: format!("tickets / {what}, {machine}, {pairs}x{pairs}"),
                    measured: tickets / theirs,
                    simulated: ours / other,
                });
            }
        }
    }
    checks
}
