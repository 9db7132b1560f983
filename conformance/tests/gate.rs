//! Random operations on every kind of gate, against numbers too wide to wrap, with shrinking.

use backpressure_conformance::gate::{Case, HEAD, Op, Settings, VERBS};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Cases for each test below.
const CASES: u32 = if cfg!(debug_assertions) { 50_000 } else { 200_000 };

fn op() -> impl Strategy<Value = Op> {
    any::<[u8; 3]>().prop_map(|bytes| Op::from_bytes(bytes, &VERBS))
}

fn obeys(pool: bool, fifo: bool) {
    let settings = any::<[u8; HEAD]>().prop_map(move |head| Settings {
        pool,
        fifo,
        ..Settings::from_bytes(head)
    });
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..Default::default() };
    let input = (settings, prop::collection::vec(op(), 1..100));
    let outcome = TestRunner::new(config).run(&input, |(settings, ops)| {
        Case { settings, ops }.run();
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
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
