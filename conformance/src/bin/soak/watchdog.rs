//! Whoever does not get on for a minute is lost: says what everybody was doing, and aborts.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

static STEPS: AtomicU64 = AtomicU64::new(0);
static BOARD: Mutex<Board> = Mutex::new(Board { round: String::new(), doing: Vec::new() });

struct Board {
    round: String,
    doing: Vec<(String, &'static str)>,
}

/// Something was done.
pub fn progress() {
    STEPS.fetch_add(1, Ordering::Relaxed);
}

/// A round begins.
pub fn round(description: String) {
    let mut board = BOARD.lock().unwrap();
    board.round = description;
    board.doing.clear();
}

/// One worker's line on the board.
#[derive(Clone, Copy, Debug)]
pub struct Line(usize);

impl Line {
    pub fn new(worker: String) -> Self {
        let mut board = BOARD.lock().unwrap();
        board.doing.push((worker, "to begin"));
        Self(board.doing.len() - 1)
    }

    pub fn doing(self, what: &'static str) {
        BOARD.lock().unwrap().doing[self.0].1 = what;
    }
}

/// What stands on the board.
pub fn dump() {
    let board = BOARD.lock().unwrap();
    eprintln!("round: {}", board.round);
    for (worker, what) in &board.doing {
        eprintln!("  {worker}: {what}");
    }
}

/// Watches from a thread of its own.
pub fn start() {
    thread::spawn(|| {
        let mut before = u64::MAX;
        loop {
            let now = STEPS.load(Ordering::Relaxed);
            if now == before {
                eprintln!("soak: nothing has moved for {} s", PATIENCE.as_secs());
                dump();
                std::process::abort();
            }
            before = now;
            thread::sleep(PATIENCE);
        }
    });
}
