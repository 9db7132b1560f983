//! Random operations on every flavour and credit mode, against the model, with shrinking: see the crate's
//! library for the language.

mod random;

use backpressure_conformance::channel::{Case, Channel, Flavour, HEAD, Mode};
use backpressure_conformance::machine::{Op, VERBS};
use proptest::prelude::*;
use random::holds;

fn op() -> impl Strategy<Value = Op> {
    (any::<u8>(), any::<u8>(), any::<u8>())
        .prop_map(|(verb, a, b)| Op::from_bytes([verb, a, b], &VERBS))
}

/// Runs cases whose channel is of this flavour and of a mode like this one.
fn obeys(flavour: Flavour, mode: impl Fn(Mode) -> bool) {
    let channel = any::<[u8; HEAD]>()
        .prop_map(move |bytes| Channel { flavour, ..Channel::from_bytes(bytes) })
        .prop_filter("another test", |channel| mode(channel.mode));
    let input = (channel, prop::collection::vec(op(), 1..100));
    holds((10_000, 50_000), &input, |(channel, ops)| Case { channel, ops }.run());
}

macro_rules! obeying {
    ($($flavour:ident: $name:ident),*) => {$(
        mod $name {
            use super::{Flavour, Mode, obeys};

            #[test]
            fn plain() {
                obeys(Flavour::$flavour, |mode| mode == Mode::Plain);
            }

            #[test]
            fn acknowledged() {
                obeys(Flavour::$flavour, |mode| matches!(mode, Mode::Acknowledged(_)));
            }

            #[test]
            fn pulled() {
                obeys(Flavour::$flavour, |mode| matches!(mode, Mode::Pulled(_)));
            }

            #[test]
            fn evicting() {
                obeys(Flavour::$flavour, |mode| mode == Mode::Evicting);
            }

            #[test]
            fn latest() {
                obeys(Flavour::$flavour, |mode| mode == Mode::Latest);
            }
        }
    )*};
}
obeying!(Spsc: spsc, Mpsc: mpsc, Mpmc: mpmc);
