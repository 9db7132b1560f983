//! Switches `src/sync` to the shuttle face, for this package alone.

fn main() {
    println!("cargo::rustc-cfg=backpressure_shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}
