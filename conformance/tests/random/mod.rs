//! Random inputs, with shrinking.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Runs a test on so many inputs; in release, where that is what the time goes into, on more. `PROPTEST_CASES`
/// says how many instead, for a build whose tests are slow.
pub fn holds<S>(cases: (u32, u32), input: &S, test: impl Fn(S::Value))
where
    S: Strategy<Value: Debug>,
{
    let (quick, release) = cases;
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default().cases,
        None if cfg!(debug_assertions) => quick,
        None => release,
    };
    let config = ProptestConfig {
        cases,
        max_local_rejects: 10 * cases, // what filters turn away
        failure_persistence: None,
        ..Default::default()
    };
    let outcome = TestRunner::new(config).run(input, |input| {
        test(input);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
