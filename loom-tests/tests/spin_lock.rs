//! The lock of builds without `std`, which the library as it is compiled here does not contain: its
//! file once more, on the same facade.

extern crate alloc;

mod common;

#[path = "../../src/sync/mod.rs"]
mod sync;

#[path = "../../src/raw/lock.rs"]
#[expect(unsafe_code, reason = "as in the library: this is a file of `src/raw`")]
#[allow(dead_code, reason = "the models need no `Debug`")]
mod lock;

use alloc::sync::Arc;

use common::{Config, check};
use lock::SpinMutex;

/// Two threads that both add to what the lock guards: nothing is lost, nothing races.
#[test]
fn guarded() {
    check("two threads behind the spin lock", Config::at_least(5).exactly(&["2"]), |outcomes| {
        let count = Arc::new(SpinMutex::new(0));
        let other = loom::thread::spawn({
            let count = Arc::clone(&count);
            move || *count.lock() += 1
        });
        *count.lock() += 1;
        other.join().unwrap();
        outcomes.record(format!("{}", *count.lock()));
    });
}

/// Whoever gets the lock without waiting sees what its last holder did; whoever does not, gets nothing.
#[test]
fn tried() {
    let config = Config::at_least(5).exactly(&["first", "second", "refused"]);
    check("trying the spin lock", config, |outcomes| {
        let value = Arc::new(SpinMutex::new("first"));
        let other = loom::thread::spawn({
            let value = Arc::clone(&value);
            move || *value.lock() = "second"
        });
        let seen = value.try_lock().map(|value| *value);
        other.join().unwrap();
        outcomes.record(seen.unwrap_or("refused"));
    });
}
