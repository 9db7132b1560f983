//! Tells the `instructions` program which compiler its operations were compiled with: limits on
//! instruction counts hold for one compiler.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.ok().and_then(|out| String::from_utf8(out.stdout).ok());
    println!("cargo::rustc-env=COMPILER={}", version.as_deref().unwrap_or("unknown").trim());
}
