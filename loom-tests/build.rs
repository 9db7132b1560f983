//! Switches `src/sync` to the model checker's face, for this package alone.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(backpressure_loom)");
    println!("cargo::rustc-cfg=backpressure_loom");
    println!("cargo::rerun-if-changed=build.rs");
}
