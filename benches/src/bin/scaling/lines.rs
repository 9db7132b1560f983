//! Who holds which cache line, and who waits for it: the protocol's state, without time.

use std::collections::VecDeque;

use super::costs::Time;

/// The most cores.
pub(crate) const CORES: usize = 256;

/// A set of cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set([u64; CORES / 64]);

impl Set {
    pub(crate) fn only(core: usize) -> Self {
        let mut set = Self::default();
        set.insert(core);
        set
    }

    pub(crate) fn insert(&mut self, core: usize) {
        if let Some(word) = self.0.get_mut(core / 64) {
            *word |= 1 << (core % 64);
        }
    }

    pub(crate) fn contains(&self, core: usize) -> bool {
        self.0.get(core / 64).is_some_and(|word| word & (1 << (core % 64)) != 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(i, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(i * 64 + bit)
            })
        })
    }
}

/// A core wants to read a line, or to write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) core: usize,
    pub(crate) to_write: bool,
}

/// One line, and its desk at the directory, which serves one request after the other (readers that stand
/// in line behind one another are served together).
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Who may read it: Modified, Exclusive, Owned, Shared.
    pub(crate) holders: Set,
    /// Who may write it: Modified or Exclusive, and then the only holder.
    pub(crate) writer: Option<usize>,
    /// A read-modify-write is being executed until then: the line does not go before.
    pub(crate) locked_until: Time,
    pub(crate) waiting: VecDeque<Request>,
    /// Those being served.
    pub(crate) served: Vec<Request>,
}

impl Line {
    pub(crate) fn may(&self, core: usize, to_write: bool) -> bool {
        if to_write { self.writer == Some(core) } else { self.holders.contains(core) }
    }

    /// Takes the next to be served out of the line.
    pub(crate) fn next(&mut self) {
        while let Some(&first) = self.waiting.front() {
            if self.served.first().is_some_and(|served| served.to_write || first.to_write) {
                return;
            }
            self.served.push(first);
            self.waiting.pop_front();
        }
    }

    /// The others learn of the requests being served.
    pub(crate) fn probe(&mut self) {
        match self.served[..] {
            [Request { core, to_write: true }] => {
                let keeps = self.holders.contains(core);
                self.holders = if keeps { Set::only(core) } else { Set::default() };
                self.writer = self.writer.filter(|&writer| writer == core);
            }
            // Who had written it keeps a copy, and answers for it.
            _ => self.writer = None,
        }
    }

    /// Those served get what they asked for.
    pub(crate) fn grant(&mut self) {
        let nobody_else = self.holders == Set::default();
        for request in &self.served {
            self.holders.insert(request.core);
        }
        if let [request] = self.served[..]
            && (request.to_write || nobody_else)
        {
            self.writer = Some(request.core);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(line: &mut Line, core: usize, to_write: bool) {
        line.waiting.push_back(Request { core, to_write });
        line.next();
        line.probe();
        line.grant();
        line.served.clear();
    }

    #[test]
    fn one_writer_or_many_readers() {
        let mut line = Line::default();
        serve(&mut line, 3, false);
        assert!(line.may(3, true), "the first reader holds it alone, and may write at once");
        serve(&mut line, 200, false);
        assert!(line.may(3, false) && line.may(200, false));
        assert!(!line.may(3, true) && !line.may(200, true));
        serve(&mut line, 70, true);
        assert!(line.may(70, true) && line.may(70, false));
        assert!(!line.may(3, false) && !line.may(200, false));
    }

    #[test]
    fn readers_in_a_row_are_served_together_writers_alone() {
        let mut line = Line::default();
        for (core, to_write) in [(0, false), (1, false), (2, true), (3, true), (4, false)] {
            line.waiting.push_back(Request { core, to_write });
        }
        let mut served = Vec::new();
        while !line.waiting.is_empty() {
            line.next();
            served.push(line.served.iter().map(|request| request.core).collect::<Vec<_>>());
            line.served.clear();
        }
        assert_eq!(served, [vec![0, 1], vec![2], vec![3], vec![4]]);
    }
}
