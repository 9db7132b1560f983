//! Directory walk, loading, hashing, summing up: four stages under one window of files.

use core::sync::atomic::{AtomicU64, Ordering};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use backpressure::{Delivery, mpmc, mpsc};

/// The outcome, the same however many threads and files under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) unreadable: u64,
    /// Of all names and contents, in any order.
    pub(crate) digest: u64,
}

/// The most that was loaded at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo).
fn fnv(bytes: &[u8], seed: u64) -> u64 {
    bytes.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn digest(path: &Path, content: &[u8]) -> u64 {
    fnv(content, fnv(path.to_string_lossy().as_bytes(), 0xcbf2_9ce4_8422_2325))
}

fn add(sum: &mut Sum, hashed: Option<(u64, u64)>) {
    match hashed {
        Some((bytes, digest)) => {
            sum.files += 1;
            sum.bytes += bytes;
            sum.digest = sum.digest.wrapping_add(digest);
        }
        None => sum.unreadable += 1,
    }
}

/// Calls `found` for every file below `root`, until it says that this is enough.
fn walk(root: &Path, found: &mut dyn FnMut(PathBuf) -> bool) -> io::Result<bool> {
    let mut entries: Vec<_> = fs::read_dir(root)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let go_on = if kind.is_dir() {
            walk(&entry.path(), found).unwrap_or(true)
        } else {
            !kind.is_file() || found(entry.path())
        };
        if !go_on {
            return Ok(false);
        }
    }
    Ok(true)
}

/// One file after the other, as a measure for the pipeline.
pub(crate) fn sequential(root: &Path) -> io::Result<Sum> {
    let mut sum = Sum::default();
    walk(root, &mut |path| {
        let content = fs::read(&path).ok();
        add(&mut sum, content.map(|content| (content.len() as u64, digest(&path, &content))));
        true
    })?;
    Ok(sum)
}

/// Counts what is loaded, and remembers the most.
#[derive(Default)]
struct Gauge {
    now: AtomicU64,
    peak: AtomicU64,
}

impl Gauge {
    fn add(&self, n: u64) {
        let now = self.now.fetch_add(n, Ordering::SeqCst) + n;
        self.peak.fetch_max(now, Ordering::SeqCst);
    }

    fn subtract(&self, n: u64) {
        self.now.fetch_sub(n, Ordering::SeqCst);
    }
}

/// The pipeline: at most `window` files are anywhere between being found and being summed up, whatever the
/// channels between the stages could hold.
pub(crate) fn pipeline(root: &Path, window: usize, workers: usize) -> io::Result<(Sum, Peak)> {
    let (found, to_load) =
        mpmc::builder().capacity(window).acknowledged().build().map_err(io::Error::other)?;
    // From here on it is deliveries that travel: the credit goes along.
    let (loaded, to_hash) = mpmc::bounded::<Delivery<(PathBuf, Option<Vec<u8>>)>>(64);
    let (hashed, mut to_sum) = mpsc::bounded::<Delivery<Option<(u64, u64)>>>(64);
    let (files, bytes) = (&Gauge::default(), &Gauge::default());
    let mut sum = Sum::default();
    thread::scope(|threads| {
        let walker = threads.spawn(move || walk(root, &mut |path| found.send(path).is_ok()));
        for _ in 0..workers.max(1) {
            let (to_load, loaded) = (to_load.clone(), loaded.clone());
            threads.spawn(move || {
                for path in &to_load {
                    let loading = path.map(|path: PathBuf| {
                        let content = fs::read(&path).ok();
                        files.add(1);
                        bytes.add(content.as_ref().map_or(0, Vec::len) as u64);
                        (path, content)
                    });
                    if loaded.send(loading).is_err() {
                        return;
                    }
                }
            });
            let (to_hash, hashed) = (to_hash.clone(), hashed.clone());
            threads.spawn(move || {
                for file in &to_hash {
                    let hashing = file.map(|(path, content)| {
                        let content = content?;
                        let result = (content.len() as u64, digest(&path, &content));
                        bytes.subtract(result.0); // the content goes here
                        Some(result)
                    });
                    if hashed.send(hashing).is_err() {
                        return;
                    }
                }
            });
        }
        drop((to_load, loaded, to_hash, hashed));
        for result in &mut to_sum {
            files.subtract(1);
            add(&mut sum, *result);
            // Dropped here: the walker may find another file.
        }
        walker.join().expect("walking does not panic")
    })?;
    let read = |gauge: &Gauge| gauge.peak.load(Ordering::SeqCst);
    Ok((sum, Peak { files: read(files), bytes: read(bytes) }))
}
