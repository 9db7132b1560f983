//! Switches `src/sync` to the stall face, for this package alone.

fn main() {
    println!("cargo::rustc-cfg=backpressure_stall");
    println!("cargo::rerun-if-changed=build.rs");
}
