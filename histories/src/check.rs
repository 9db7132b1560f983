//! The search for an order that explains a history.

use std::collections::HashSet;
use std::fmt;

use crate::event::History;
use crate::queue::{DONE, Progress, Queue, Rules};

/// A history that the queue cannot have answered.
#[derive(Debug)]
pub struct Violation {
    rules: Rules,
    history: History,
    /// How many calls of each thread could be explained together, at best.
    furthest: Vec<usize>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no order of these calls is one of {:?}:", self.rules)?;
        write!(f, "{}", self.history)?;
        writeln!(f, "explained at best, calls of each thread: {:?}", self.furthest)
    }
}

/// How far each thread's calls have been ordered, and what the queue then is.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Configuration {
    /// Per thread: calls that are over, and steps of the next one.
    threads: Vec<(usize, Progress)>,
    queue: Queue,
}

/// Whether some order of the calls' steps explains every answer.
///
/// # Errors
///
/// If none does.
pub fn check(rules: Rules, history: &History) -> Result<(), Box<Violation>> {
    let start = Configuration { threads: vec![(0, 0); history.0.len()], queue: Queue::new(&rules) };
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    let mut furthest = Vec::new();
    while let Some(configuration) = open.pop() {
        let over: Vec<_> = configuration.threads.iter().map(|(over, _)| *over).collect();
        if over.iter().zip(&history.0).all(|(over, calls)| *over == calls.len()) {
            return Ok(());
        }
        if over.iter().sum::<usize>() >= furthest.iter().sum() {
            furthest = over;
        }
        for next in configuration.successors(&rules, history) {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    Err(Box::new(Violation { rules, history: history.clone(), furthest }))
}

impl Configuration {
    fn successors(&self, rules: &Rules, history: &History) -> Vec<Self> {
        // A call that was answered before another was made has all its steps before the other's first.
        let present = |thread: usize| history.0[thread].get(self.threads[thread].0);
        let deadline = |thread| present(thread).map_or(u64::MAX, |call| call.answered);
        let first_answer = (0..self.threads.len()).map(deadline).min().unwrap_or(u64::MAX);
        let mut next = Vec::new();
        for (thread, (over, at)) in self.threads.iter().copied().enumerate() {
            let Some(call) = present(thread).filter(|call| call.called <= first_answer) else {
                continue;
            };
            for (queue, at) in self.queue.step(rules, &call.event, at) {
                let mut threads = self.threads.clone();
                threads[thread] = if at == DONE { (over + 1, 0) } else { (over, at) };
                next.push(Self { threads, queue });
            }
        }
        next
    }
}
