//! Scenario 20: whatever blocks goes on with all of its threads on one processor.
//!
//! That the whole suite then takes no more than three times as long is for `.ci/run` to see. Here the process has
//! found several processors before (where there are several), and waits as if it had them: the worse case.

mod common;

use std::thread;

use backpressure::flavour::Flavour;
use backpressure::{Receiver, Sender};
use common::{Channel, NEAR_WRAP, Rx, Tx, conserved};

const EACH: u64 = 1_000;

/// Ties this thread, and those that it starts, to one processor.
fn stay_on_one_processor() {
    drop(backpressure::spsc::bounded::<u8>(1)); // whoever makes the first channel counts the processors
    let first = core_affinity::get_core_ids().and_then(|cores| cores.first().copied());
    if cfg!(target_os = "linux") {
        assert!(first.is_some_and(core_affinity::set_for_current));
    }
}

/// Which of senders and receivers are tasks: none, one half of each, all.
#[derive(Clone, Copy)]
enum Who {
    Threads,
    Both,
    Tasks,
}

impl Who {
    fn is_task(self, i: usize) -> bool {
        match self {
            Self::Threads => false,
            Self::Both => i % 2 == 0,
            Self::Tasks => true,
        }
    }
}

fn send_all<F: Flavour>(mut tx: Sender<u64, F>, is_task: bool)
where
    Sender<u64, F>: Tx<u64>,
{
    for i in 0..EACH {
        let sent = match i % 8 {
            0 => Tx::reserve_then(&mut tx, i),
            _ if is_task => pollster::block_on(Tx::send_async(&mut tx, i)),
            _ => Tx::send(&mut tx, i),
        };
        sent.unwrap();
    }
}

fn receive_all<F: Flavour>(rx: &mut Receiver<u64, F>, is_task: bool) -> u64
where
    Receiver<u64, F>: Rx<u64>,
{
    let mut sum = 0;
    loop {
        let received = if is_task { pollster::block_on(Rx::recv_async(rx)) } else { Rx::recv(rx) };
        match received {
            Ok(value) => sum += value,
            Err(_) => return sum,
        }
    }
}

fn scenario_20_one_core<C: Channel>()
where
    Sender<u64, C::Kind>: Tx<u64>,
    Receiver<u64, C::Kind>: Rx<u64>,
{
    stay_on_one_processor();
    for capacity in [1, 64] {
        for who in [Who::Threads, Who::Both, Who::Tasks] {
            let (tx, rx) = C::make::<u64>(capacity, NEAR_WRAP);
            let (senders, mut receivers) = (C::senders(tx, 3), C::receivers(rx, 3));
            let sent = senders.len() as u64 * (0..EACH).sum::<u64>();
            let received: u64 = thread::scope(|threads| {
                for (i, tx) in senders.into_iter().enumerate() {
                    threads.spawn(move || send_all(tx, who.is_task(i)));
                }
                let receiving: Vec<_> = receivers
                    .iter_mut()
                    .enumerate()
                    .map(|(i, rx)| threads.spawn(move || receive_all(rx, who.is_task(i + 1))))
                    .collect();
                receiving.into_iter().map(|receiver| receiver.join().unwrap()).sum()
            });
            assert_eq!(received, sent);
            let stats = Rx::stats(&receivers[0]);
            conserved(&stats);
        }
    }
}

for_each_flavour!(scenario_20_one_core);
