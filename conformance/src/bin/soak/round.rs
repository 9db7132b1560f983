//! One round on one channel: workers of all kinds until everybody has ended, and then the sums.

use std::sync::{Arc, Mutex};

use backpressure::flavour::Item;
use backpressure::pressure::Stats;
use backpressure::{Receiver, Sender, WaitStrategy};

use crate::cases::{Case, Mode, Setup};
use crate::common::{NEAR_WRAP, Plain, Rx, Tx, conserved};
use crate::executors::{Crew, Executor};
use crate::ledger::{Dice, Ledger, Order, Token};
use crate::receivers::Receiving;
use crate::senders::Sending;
use crate::watchdog::{self, Line};

/// What every worker has at hand.
pub struct Desk {
    pub dice: Dice,
    pub ledger: Arc<Ledger>,
    pub line: Line,
}

impl Desk {
    pub fn new(dice: &mut Dice, ledger: &Arc<Ledger>, executor: Executor, what: &str) -> Self {
        Self {
            dice: dice.fork(),
            ledger: Arc::clone(ledger),
            line: Line::new(format!("{what} ({executor:?})")),
        }
    }
}

/// Handles of those who saw the end, for the channel's counts. Nobody waits for them any more.
pub struct Shelf<C: Case> {
    senders: Mutex<Vec<Sender<Token, C::Kind>>>,
    receivers: Mutex<Vec<Receiver<Token, C::Kind>>>,
}

impl<C: Case> Shelf<C> {
    fn new() -> Self {
        Self { senders: Mutex::default(), receivers: Mutex::default() }
    }

    pub fn keep_sender(&self, tx: Option<Sender<Token, C::Kind>>) {
        self.senders.lock().unwrap().extend(tx);
    }

    pub fn keep_receiver(&self, rx: Option<Receiver<Token, C::Kind>>) {
        self.receivers.lock().unwrap().extend(rx);
    }

    fn stats(&self) -> Option<Stats> {
        let receivers = self.receivers.lock().unwrap();
        let senders = self.senders.lock().unwrap();
        receivers.first().map(Receiver::stats).or_else(|| senders.first().map(Sender::stats))
    }
}

fn draw_setup(dice: &mut Dice, mode: Mode) -> Setup {
    let capacity = match mode {
        Mode::Latest => 1,
        _ => [1, 2, 3, 7, 64][dice.roll(5) as usize],
    };
    let strategy = match dice.roll(5) {
        0 => WaitStrategy::Park,
        1 => WaitStrategy::Yield,
        _ => WaitStrategy::Adaptive,
    };
    Setup {
        capacity,
        start: if dice.once_in(2) { NEAR_WRAP } else { 0 },
        observed: dice.once_in(3),
        strategy,
        credits: dice.roll(capacity as u64 + 1) as usize,
    }
}

/// Runs one round; how many messages were received.
pub fn channel<C: Case>(dice: &mut Dice) -> u64
where
    Sender<Token, C::Kind>: Tx<Token>,
    Receiver<Token, C::Kind>: Rx<Token>,
    Item<Token, C::Kind>: Plain<Token> + Send + 'static,
{
    let setup = draw_setup(dice, C::MODE);
    let (senders, receivers) = (1 + dice.roll(4), 1 + dice.roll(3));
    let same = dice.once_in(2).then(|| Executor::draw(dice, None));
    let leaves = dice.once_in(4);
    let description = format!("{} {setup:?}, {senders}:{receivers} on {same:?}", C::NAME);
    watchdog::round(description.clone());
    let ledger = Arc::new(Ledger::default());
    let shelf = Arc::new(Shelf::<C>::new());
    let (tx, rx) = C::make(setup);
    let (mut txs, mut rxs) = (vec![tx], vec![rx]);
    txs.extend((1..senders).map_while(|_| C::another_sender(&txs[0])).collect::<Vec<_>>());
    rxs.extend((1..receivers).map_while(|_| C::another_receiver(&rxs[0])).collect::<Vec<_>>());

    let mut crew = Crew::new();
    for rx in rxs {
        let executor = Executor::draw(dice, same);
        let worker = Receiving {
            rx: Some(rx),
            desk: Desk::new(dice, &ledger, executor, "receiver"),
            shelf: Arc::clone(&shelf),
            order: Order::default(),
            leaves,
        };
        match executor {
            Executor::Thread => crew.block(|| worker.block()),
            _ => crew.task(executor, worker.run()),
        }
    }
    for tx in txs {
        let executor = Executor::draw(dice, same);
        let worker = Sending {
            tx: Some(tx),
            desk: Desk::new(dice, &ledger, executor, "sender"),
            shelf: Arc::clone(&shelf),
            producer: ledger.producer(),
            steps: 500 + dice.roll(2000) as u32,
        };
        match executor {
            Executor::Thread => crew.block(|| worker.block()),
            _ => crew.task(executor, worker.run()),
        }
    }
    crew.join();
    if let Some(stats) = shelf.stats() {
        check_stats::<C>(&stats, &ledger, setup);
    }
    drop(shelf);
    check_ledger(&ledger);
    Ledger::get(&ledger.received)
}

/// Every message was dropped once.
pub fn check_ledger(ledger: &Ledger) {
    let (made, dropped) = (Ledger::get(&ledger.made), Ledger::get(&ledger.dropped));
    assert_eq!(made, dropped, "messages made, and dropped");
}

/// The channel's counts agree with what the workers were told, and with each other.
fn check_stats<C: Case>(stats: &Stats, ledger: &Ledger, setup: Setup) {
    let accepted = Ledger::get(&ledger.accepted);
    // A merge that panics takes with it what its caller would have counted.
    if C::MODE != Mode::Latest {
        assert_eq!(stats.sent, accepted, "sent: {stats:?}");
    }
    assert_eq!(stats.received, Ledger::get(&ledger.received), "received: {stats:?}");
    assert_eq!((stats.waiting_senders, stats.waiting_receivers), (0, 0), "{stats:?}");
    assert_eq!(stats.reserved, 0, "{stats:?}");
    assert!(stats.peak <= setup.capacity, "{stats:?}");
    if C::MODE == Mode::Pull {
        let asked = Ledger::get(&ledger.asked) + setup.credits as u64;
        assert_eq!(asked, stats.sent + stats.available + stats.deferred, "asked: {stats:?}");
    } else {
        conserved(stats);
    }
}
