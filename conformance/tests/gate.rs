//! Random operations on every kind of gate, against numbers too wide to wrap, with shrinking.

mod random;

use backpressure_conformance::gate::{Case, HEAD, Op, Settings, VERBS};
use proptest::prelude::*;
use random::holds;

fn op() -> impl Strategy<Value = Op> {
    any::<[u8; 3]>().prop_map(|bytes| Op::from_bytes(bytes, &VERBS))
}

fn obeys(pool: bool, fifo: bool) {
    let settings = any::<[u8; HEAD]>().prop_map(move |head| Settings {
        pool,
        fifo,
        ..Settings::from_bytes(head)
    });
    let input = (settings, prop::collection::vec(op(), 1..100));
    holds((50_000, 200_000), &input, |(settings, ops)| Case { settings, ops }.run());
}

#[test]
fn a_pool() {
    obeys(true, false);
}

#[test]
fn a_pool_in_line() {
    obeys(true, true);
}

#[test]
fn on_demand() {
    obeys(false, false);
}

#[test]
fn on_demand_in_line() {
    obeys(false, true);
}
