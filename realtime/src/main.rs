//! Calls every `try_*` under RealtimeSanitizer, which ends the program at the first allocation, lock, yield
//! or system call in one.
//!
//! What is promised, and checked here: these operations stay out of the allocator and the system **as long
//! as nobody waits** on the other side. A send that finds a sleeping receiver takes a short lock and wakes
//! it, as does a receive that finds a sleeping sender. So nothing in here ever waits.
//!
//! ```sh
//! RUSTFLAGS="-Zsanitizer=realtime -Cunsafe-allow-abi-mismatch=sanitizer" \
//!     cargo +nightly run --target x86_64-unknown-linux-gnu
//! ```

#![feature(sanitize)]

mod channels;
mod contention;
mod gates;

/// Runs it where nothing may block.
#[sanitize(realtime = "nonblocking")]
#[inline(never)]
fn nonblocking<R>(operation: impl FnOnce() -> R) -> R {
    operation()
}

/// Whether the sanitizer is there: this must end the program. `--canary` asks for it.
fn canary() -> ! {
    drop(nonblocking(|| std::hint::black_box(Box::new(1))));
    println!("an allocation was not noticed");
    std::process::exit(0)
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--canary") {
        canary();
    }
    let mut calls = 0;
    for capacity in [1, 2, 3, 64] {
        for observed in [false, true] {
            calls += channels::all(capacity, observed);
        }
    }
    calls += gates::all();
    calls += contention::all();
    println!(
        "{calls} calls, none of which allocated, locked, yielded or asked the system for anything"
    );
}
