//! A thread is stopped before each step of an operation, and others use the channel meanwhile.
//!
//! A [`Row`] is a promise of the table in `src/docs/guarantees.md`: what others are answered, from the
//! moment before the operation has begun to the moment after it has ended. Each answer has to come within
//! a bounded number of steps. The stages that are seen must be those of the row, in that order and no
//! others: neither may something be held up that the table says is not, nor the other way round. Besides,
//! all answers together, with the stopped operation's own in the end, must be explained by the documented
//! queue (`histories`).

extern crate backpressure_stall as backpressure;

#[path = "../../histories/drive/mod.rs"]
mod drive;
mod rows;

use std::collections::VecDeque;
use std::thread;

use backpressure::flavour::Flavour;
use backpressure::{Receiver, Sender};
use backpressure_histories::program::{Receiving, Sending};
use backpressure_histories::{Clock, Event, History, Log, Value, check};
use backpressure_steps::{Victim, within};
use drive::{Channel, Handles, Receives, Sends};

/// Slots are plenty, so that what is refused is refused for its credit.
const CAPACITY: usize = 4;
/// No operation of the others is anywhere near so long, and every wait for somebody is longer.
const BOUND: u64 = 500;
/// More steps than any operation has.
const MOST_STEPS: u64 = 200;

/// One call on one of the handles.
#[derive(Clone, Debug)]
enum Do {
    Send(Sending),
    Receive(Receiving),
    DropSender,
    DropReceiver,
}

/// A promise: what is done before, by whom is stopped, and by others meanwhile, and what these are then
/// answered at each stage.
struct Row {
    before: Vec<Do>,
    victim: Do,
    script: Vec<Do>,
    stages: &'static [&'static str],
    handles: (usize, usize),
}

/// What one thread does things with.
struct Hands<F: Flavour>
where
    Receiver<Value, F>: Receives,
{
    tx: Option<Sender<Value, F>>,
    rx: Option<Receiver<Value, F>>,
    held: VecDeque<<Receiver<Value, F> as Receives>::Held>,
    log: Log,
}

impl<F: Flavour> Hands<F>
where
    Sender<Value, F>: Sends,
    Receiver<Value, F>: Receives,
{
    fn act(&mut self, what: &Do) {
        let Self { tx, rx, held, log } = self;
        match what {
            Do::Send(call) => tx.as_mut().expect("a sender").carry_out(call, log),
            Do::Receive(call) => rx.as_mut().expect("a receiver").carry_out(call, held, log),
            Do::DropSender => {
                let tx = tx.take().expect("a sender");
                log.record(|| {
                    drop(tx);
                    Event::SenderDropped
                });
            }
            Do::DropReceiver => {
                let rx = rx.take().expect("a receiver");
                log.record(|| {
                    drop(rx);
                    Event::ReceiverDropped
                });
            }
        }
    }
}

/// How an answer is written in the rows.
fn text(event: &Event) -> String {
    match event {
        Event::Sent(value) | Event::PermitSent(value) | Event::Forced(value) => {
            format!("sent {value}")
        }
        Event::SendFull(_) | Event::SentMany(_, 0) | Event::ReserveFull(_) => "full".into(),
        Event::SentMany(_, n) => format!("sent {n} of them"),
        Event::Received(values, _) => {
            let values: Vec<_> = values.iter().map(Value::to_string).collect();
            format!("got {}", values.join(" "))
        }
        Event::ReceivedEmpty => "empty".into(),
        Event::Evicted { old, .. } => format!("evicted {old}"),
        Event::Rejected(_) => "rejected".into(),
        Event::Cleared { old, .. } => format!("cleared {} values", old.len()),
        Event::Reserved(n) => format!("reserved {n}"),
        Event::PermitDropped(n) => format!("gave {n} back"),
        Event::Closed(true) => "closes".into(),
        Event::Closed(false) => "was closed".into(),
        Event::SendClosed(_)
        | Event::SendManyClosed
        | Event::ReceivedClosed
        | Event::ReserveClosed(_)
        | Event::PermitClosed(_) => "closed".into(),
        Event::SenderDropped | Event::ReceiverDropped => "left".into(),
        Event::Acknowledged => "acknowledged".into(),
        Event::Requested(n) => format!("requested {n}"),
    }
}

/// The answers to the script, with the victim stopped before its `k`-th step; whether it did stop, and what
/// kept an answer from coming.
fn seen<C: Channel>(row: &Row, k: u64) -> (String, Option<backpressure_steps::Site>)
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    let clock = Clock::default();
    let Handles { rules, mut senders, mut receivers } =
        C::make(CAPACITY, row.handles.0, row.handles.1);
    let mut hands = || Hands::<C::Kind> {
        tx: senders.pop(),
        rx: receivers.pop(),
        held: VecDeque::new(),
        log: clock.log(),
    };
    let (mut victims, mut others) = (hands(), hands());
    // A side with one handle gives it to whoever needs it.
    for what in row.before.iter().chain(&row.script) {
        match what {
            Do::Send(_) | Do::DropSender if others.tx.is_none() => others.tx = victims.tx.take(),
            Do::Receive(_) | Do::DropReceiver if others.rx.is_none() => {
                others.rx = victims.rx.take();
            }
            _ => {}
        }
    }
    row.before.iter().for_each(|what| others.act(what));
    match row.victim {
        Do::Send(_) | Do::DropSender if victims.tx.is_none() => victims.tx = others.tx.take(),
        Do::Receive(_) | Do::DropReceiver if victims.rx.is_none() => {
            victims.rx = others.rx.take();
        }
        _ => {}
    }
    victims.held.append(&mut others.held);
    let (victim, before) = (Victim::new(), others.log.calls.len());
    let (site, late) = thread::scope(|threads| {
        threads.spawn(|| victim.run(k, || victims.act(&row.victim)));
        let site = victim.wait();
        let late: Vec<_> = row
            .script
            .iter()
            .filter(|what| within(BOUND, &victim, || others.act(what)).is_none())
            .collect();
        victim.release();
        (site, format!("{late:?}"))
    });
    assert_eq!(late, "[]", "{} stopped at {site:?}: these had to wait", C::NAME);
    let answers = others.log.calls[before..].iter().map(|call| text(&call.event));
    let answers = answers.collect::<Vec<_>>().join(", ");
    let history = History(vec![victims.log.calls, others.log.calls]);
    if let Err(violation) = check(rules, &history) {
        panic!("{} stopped at {site:?}: {violation}", C::NAME);
    }
    (answers, site)
}

fn keep<C: Channel>(row: &Row)
where
    Sender<Value, C::Kind>: Sends,
    Receiver<Value, C::Kind>: Receives,
{
    let mut stages: Vec<String> = Vec::new();
    let mut sites = String::new();
    for k in 1..=MOST_STEPS {
        let (answers, site) = seen::<C>(row, k);
        if stages.last() != Some(&answers) {
            sites += &format!("{k} {site:?}: {answers}\n");
            stages.push(answers);
        }
        if site.is_none() {
            let Row { victim, script, .. } = row;
            assert_eq!(stages, row.stages, "{}: {victim:?} beside {script:?}\n{sites}", C::NAME);
            return;
        }
    }
    panic!("{}: {:?} does not end", C::NAME, row.victim);
}

macro_rules! kept {
    ($($channel:ident $name:ident: $($rows:ident),+;)*) => {$(
        #[test]
        fn $name() {
            $(rows::$rows().iter().for_each(keep::<drive::$channel>);)+
        }
    )*};
}
kept! {
    Spsc spsc: owned_sends, owned_receives, leaving_receivers;
    Mpsc mpsc: shared_sends, shared_closes, owned_receives, leaving_receivers;
    Mpmc mpmc: shared_sends, shared_closes, shared_receives, leaving_receivers;
    SpscEvict spsc_evict: evictions_of_one, leaving_receivers;
    MpscEvict mpsc_evict: shared_sends, shared_closes, evictions, leaving_receivers;
    MpmcEvict mpmc_evict: shared_sends, shared_closes, evictions, leaving_receivers;
    SpscAck spsc_ack: owned_sends, acknowledgements, leaving_receivers;
    MpscAck mpsc_ack: shared_sends, shared_closes, acknowledgements, leaving_receivers;
    MpmcAck mpmc_ack: shared_sends, shared_closes, acknowledgements, leaving_receivers;
    SpscPull spsc_pull: requests, leaving_receivers;
    MpscPull mpsc_pull: requests, leaving_receivers;
    MpmcPull mpmc_pull: requests, leaving_receivers;
}
