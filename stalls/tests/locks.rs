//! A thread is stopped while it holds the lock of a list of waiters, or that of a gate's control. Those who
//! then have to wait for it are what `src/docs/guarantees.md` says: others that begin or end a wait on that
//! side, wake there, or count those who wait; and nobody else.

extern crate backpressure_stall as backpressure;

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::thread;

use backpressure::{Credits, mpmc};
use backpressure_steps::{Victim, within};

/// No operation is anywhere near so long, and waiting for a lock is longer.
const BOUND: u64 = 500;
/// More steps than any operation has.
const MOST_STEPS: u64 = 200;

/// A pending future.
type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Begins a wait, which goes on.
fn begin<'a, R>(future: impl Future<Output = R> + Send + 'a) -> Wait<'a> {
    let mut wait: Wait<'a> = Box::pin(async move { drop(future.await) });
    // Ready if it had not to wait.
    let _ = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    wait
}

/// What a thread does with a channel or a gate.
struct Act<C> {
    name: &'static str,
    /// With one wait of its own, begun before.
    act: for<'a> fn(&'a C, &mut Option<Wait<'a>>),
}

/// Drops whatever an act comes to.
fn done_with<R>(_: R) {}

macro_rules! acts {
    ($type:ty: $($name:literal: |$on:ident, $wait:ident| $act:expr;)*) => {
        vec![$({
            fn act<'a>($on: &'a $type, $wait: &mut Option<Wait<'a>>) {
                done_with($act);
                let _ = ($on, $wait);
            }
            Act { name: $name, act }
        }),*]
    };
}

/// Channels or gates, how a wait begins there, and everything that is done with them.
struct Scene<C: 'static> {
    make: fn() -> C,
    wait: for<'a> fn(&'a C) -> Wait<'a>,
    acts: Vec<Act<C>>,
}

impl<C: Sync> Scene<C> {
    /// Who has to wait for the victim, at whichever of its steps it stops.
    fn delayed_by(&self, victim: &Act<C>) -> BTreeSet<&'static str> {
        let mut delayed = BTreeSet::new();
        for k in 1..=MOST_STEPS {
            let mut stopped = true;
            for other in &self.acts {
                let on = (self.make)();
                // One waits throughout, so that there is somebody to be woken.
                let _bystander = (self.wait)(&on);
                let [mut victims, mut others] = [(); 2].map(|()| Some((self.wait)(&on)));
                let stop = Victim::new();
                thread::scope(|threads| {
                    threads.spawn(|| stop.run(k, || (victim.act)(&on, &mut victims)));
                    stopped &= stop.wait().is_some();
                    if within(BOUND, &stop, || (other.act)(&on, &mut others)).is_none() {
                        delayed.insert(other.name);
                    }
                    stop.release();
                });
            }
            if !stopped {
                return delayed;
            }
        }
        panic!("{} does not end", victim.name);
    }

    /// Compares with the promise: each act, and whom it delays when it stops.
    fn keeps(&self, promise: &[(&str, &[&str])]) {
        assert_eq!(promise.len(), self.acts.len());
        let mut wrong = String::new();
        for (victim, (name, delayed)) in self.acts.iter().zip(promise) {
            assert_eq!(victim.name, *name);
            let (seen, said) = (self.delayed_by(victim), delayed.iter().copied().collect());
            if seen != said {
                wrong += &format!("stopped in {name}: delays {seen:?}, promised {said:?}\n");
            }
        }
        assert_eq!(wrong, "");
    }
}

type Ends = (mpmc::Sender<u8>, mpmc::Receiver<u8>);

/// Whom an act delays that touches the list of waiters.
const LIST: &[&str] = &["begin a wait", "end a wait", "wake", "close", "count waiters"];

#[test]
fn the_receivers_list() {
    let acts = acts! { Ends:
        "begin a wait": |on, wait| begin(on.1.recv_async());
        "end a wait": |on, wait| wait.take();
        "wake": |on, wait| on.0.try_send(1);
        "close": |on, wait| on.1.close();
        "count waiters": |on, wait| on.0.stats();
        "look for a value": |on, wait| on.1.try_recv();
        "reserve and give back": |on, wait| on.0.try_reserve();
        "clone and drop": |on, wait| on.clone();
        "ask": |on, wait| (on.0.len(), on.0.is_full(), on.0.is_closed(), on.1.reserved());
    };
    let scene: Scene<Ends> =
        Scene { make: || mpmc::bounded(2), wait: |on| begin(on.1.recv_async()), acts };
    scene.keeps(&[
        ("begin a wait", LIST),
        ("end a wait", LIST),
        // There is a value now, so nobody begins to wait.
        ("wake", &["end a wait", "wake", "close", "count waiters"]),
        // Nor once it is closed. Whoever is refused then wakes receivers, which may have waited for that.
        ("close", &["end a wait", "wake", "reserve and give back", "count waiters"]),
        ("count waiters", LIST),
        ("look for a value", &[]),
        ("reserve and give back", &[]),
        ("clone and drop", &[]),
        ("ask", &[]),
    ]);
}

#[test]
fn the_senders_list() {
    let acts = acts! { Ends:
        "begin a wait": |on, wait| begin(on.0.send_async(9));
        "end a wait": |on, wait| wait.take();
        "wake": |on, wait| on.1.try_recv();
        "close": |on, wait| on.1.close();
        "count waiters": |on, wait| on.0.stats();
        "look for room": |on, wait| on.0.try_send(2);
        "reserve and give back": |on, wait| on.0.try_reserve();
        "clone and drop": |on, wait| on.clone();
        "ask": |on, wait| (on.0.len(), on.0.is_full(), on.0.is_closed(), on.1.reserved());
    };
    let full = || {
        let ends = mpmc::bounded(1);
        ends.0.try_send(1).unwrap();
        ends
    };
    let scene: Scene<Ends> = Scene { make: full, wait: |on| begin(on.0.send_async(8)), acts };
    scene.keeps(&[
        ("begin a wait", LIST),
        ("end a wait", LIST),
        // There is room now, so nobody begins to wait, and who gives a permit back wakes.
        ("wake", &["end a wait", "reserve and give back", "close", "count waiters"]),
        ("close", &["end a wait", "wake", "count waiters"]),
        ("count waiters", LIST),
        ("look for room", &[]),
        ("reserve and give back", &[]),
        ("clone and drop", &[]),
        ("ask", &[]),
    ]);
}

/// As long as nobody waits, nobody takes the lock but who counts those who do.
#[test]
fn a_list_of_nobody() {
    let acts = acts! { Ends:
        "count waiters": |on, wait| on.0.stats();
        "send": |on, wait| on.0.try_send(3).unwrap();
        "receive": |on, wait| on.1.try_recv().unwrap();
    };
    let half_full = || {
        let ends = mpmc::bounded(4);
        assert_eq!(ends.0.try_send_many(&mut vec![1, 2]), Ok(2));
        ends
    };
    let nobody: for<'a> fn(&'a Ends) -> Wait<'a> = |_| begin(async {});
    Scene { make: half_full, wait: nobody, acts }.keeps(&[
        ("count waiters", &["count waiters"]),
        ("send", &[]),
        ("receive", &[]),
    ]);
}

/// Acquiring waits for nobody, and nobody for it; releasing, for those who wait or wake.
#[test]
fn a_gate_of_credits() {
    let acts = acts! { Credits:
        "acquire": |on, wait| on.try_acquire(1).map(std::mem::forget);
        "acquire and release": |on, wait| on.try_acquire(1);
        "begin a wait": |on, wait| begin(on.acquire_async(1));
        "end a wait": |on, wait| wait.take();
        "count waiters": |on, wait| on.waiters();
        "close": |on, wait| on.close();
        "grant": |on, wait| on.grant(1);
        "drain": |on, wait| on.drain();
        "pause and go on": |on, wait| on.pause();
        "count credits": |on, wait| on.counters();
        "look": |on, wait| (on.available(), on.is_closed());
    };
    // Who waits wants two, so that the one there is can be had.
    let gate = || {
        let gate = Credits::on_demand(4);
        gate.grant(1);
        gate
    };
    let scene: Scene<Credits> = Scene { make: gate, wait: |on| begin(on.acquire_async(2)), acts };
    // Two wait and the first is told of each change, so whoever changes something wakes.
    let list = ["acquire and release", "begin a wait", "end a wait", "count waiters", "close"];
    let both = ["grant", "drain", "pause and go on"];
    let of_list = [&list[..], &both].concat();
    let of_both = [&list[..], &both, &["count credits"]].concat();
    scene.keeps(&[
        ("acquire", &[]),
        ("acquire and release", &of_list),
        ("begin a wait", &of_list),
        ("end a wait", &of_list),
        ("count waiters", &of_list),
        // Nothing is acquired, granted or waited for any more.
        ("close", &["end a wait", "count waiters", "drain", "pause and go on"]),
        ("grant", &of_both),
        // Nothing is left to be acquired.
        ("drain", &of_both[1..]),
        ("pause and go on", &of_both),
        ("count credits", &["grant", "drain", "pause and go on", "count credits"]),
        ("look", &[]),
    ]);
}
