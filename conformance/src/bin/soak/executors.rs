//! Who runs a worker: a thread that blocks, or one of three executors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;

use crate::ledger::Dice;

/// Who runs a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    Thread,
    Pollster,
    Tokio,
    Smol,
}

impl Executor {
    const ALL: [Self; 4] = [Self::Thread, Self::Pollster, Self::Tokio, Self::Smol];

    /// One for all workers of a round, or for this one.
    pub fn draw(dice: &mut Dice, for_all: Option<Self>) -> Self {
        for_all.unwrap_or_else(|| Self::ALL[dice.roll(4) as usize])
    }
}

/// The panic that a worker is told to have.
pub struct Deliberate;

/// Panics without the words that a failure would print.
pub fn panic_on_purpose() -> ! {
    std::panic::resume_unwind(Box::new(Deliberate))
}

/// The workers of a round.
pub struct Crew {
    ended: mpsc::Sender<thread::Result<()>>,
    ends: mpsc::Receiver<thread::Result<()>>,
    size: usize,
}

impl Crew {
    pub fn new() -> Self {
        let (ended, ends) = mpsc::channel();
        Self { ended, ends, size: 0 }
    }

    /// A worker that blocks its thread.
    pub fn block(&mut self, work: impl FnOnce() + Send + 'static) {
        self.size += 1;
        let ended = self.ended.clone();
        thread::spawn(move || ended.send(catch_unwind(AssertUnwindSafe(work))));
    }

    /// A worker that is a task. Threads run it with `pollster`.
    pub fn task(&mut self, executor: Executor, work: impl Future<Output = ()> + Send + 'static) {
        self.size += 1;
        let ended = self.ended.clone();
        let work = Caught { work: Some(Box::pin(work)) };
        let work = async move {
            // A round that has failed listens no more.
            let _ = ended.send(work.await);
        };
        match executor {
            Executor::Thread | Executor::Pollster => {
                thread::spawn(|| pollster::block_on(work));
            }
            Executor::Tokio => drop(tokio().spawn(work)),
            Executor::Smol => smol::spawn(work).detach(),
        }
    }

    /// Until all have ended. Any panic but the deliberate ones is passed on.
    pub fn join(self) {
        for _ in 0..self.size {
            let end = self.ends.recv().expect("this crew holds a sender");
            match end {
                Err(panic) if !panic.is::<Deliberate>() => std::panic::resume_unwind(panic),
                _ => {}
            }
        }
    }
}

fn tokio() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
    })
}

/// A future whose panics end it, on whichever executor. It is gone before its end is told.
struct Caught<F> {
    work: Option<Pin<Box<F>>>,
}

impl<F: Future<Output = ()>> Future for Caught<F> {
    type Output = thread::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let work = self.work.as_mut().expect("polled after its end");
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        let end = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(())) => Ok(()),
            Err(panic) => Err(panic),
        };
        self.work = None;
        Poll::Ready(end)
    }
}
