//! Hashes a directory tree in a pipeline under one window of files from end to end, and shows that memory is
//! bounded by it.
//!
//! ```sh
//! cargo run --release --example hash_tree -- [DIRECTORY] [WINDOW] [WORKERS]
//! ```

mod tree;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

fn run() -> Result<(), Box<dyn core::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let default = || concat!(env!("CARGO_MANIFEST_DIR"), "/src").into();
    let root = PathBuf::from(arguments.next().unwrap_or_else(default));
    let mut number = |default: usize| match arguments.next() {
        None => Ok(default),
        Some(text) => text.to_string_lossy().parse(),
    };
    let (window, workers) = (number(8)?, number(2)?);
    let start = Instant::now();
    let (sum, peak) =
        tree::pipeline(&root, window, workers).map_err(|e| format!("{}: {e}", root.display()))?;
    println!("{} files, {} bytes, digest {:016x}", sum.files, sum.bytes, sum.digest);
    if sum.unreadable > 0 {
        println!("{} files could not be read", sum.unreadable);
    }
    println!(
        "window of {window}: at most {} files ({} bytes) under way; {:.1?}",
        peak.files,
        peak.bytes,
        start.elapsed()
    );
    let start = Instant::now();
    if tree::sequential(&root)? != sum {
        return Err("one file after the other gives another result: did the tree change?".into());
    }
    println!("one file after the other: the same, {:.1?}", start.elapsed());
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hash_tree: {error}");
            ExitCode::FAILURE
        }
    }
}
