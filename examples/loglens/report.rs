//! One line of an access log, and what many of them add up to.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

/// A line, understood or not.
#[derive(Debug)]
pub(crate) enum Entry {
    Request { client: String, hour: usize, path: String, status: u16, bytes: u64 },
    Malformed { line: u64, reason: &'static str },
}

impl Entry {
    /// Reads a line in the Common or Combined Log Format:
    /// `client identity user [day/month/year:hour:minute:second zone] "method path protocol" status bytes`.
    pub(crate) fn parse(number: u64, line: &[u8]) -> Self {
        // Logs hold whatever clients sent; a wrong byte in a path is no reason to lose the line.
        let line = String::from_utf8_lossy(line);
        Self::understand(line.trim_end_matches(['\r', '\n']))
            .unwrap_or_else(|reason| Self::Malformed { line: number, reason })
    }

    fn understand(line: &str) -> Result<Self, &'static str> {
        if line.is_empty() {
            return Err("empty line");
        }
        let (client, rest) = line.split_once(' ').ok_or("no client")?;
        let (_, rest) = rest.split_once('[').ok_or("no time")?;
        let (time, rest) = rest.split_once("] \"").ok_or("no request")?;
        let hour = time.split(':').nth(1).and_then(|hour| hour.parse().ok());
        let hour = hour.filter(|hour| *hour < 24).ok_or("bad time")?;
        // The request may hold escaped quotes; the one that ends it is followed by the status.
        let (request, rest) = rest.split_once("\" ").ok_or("unfinished request")?;
        let path = request.split(' ').nth(1).ok_or("bad request")?;
        let path = path.split('?').next().unwrap_or(path);
        let mut fields = rest.split(' ');
        let status = fields.next().and_then(|status| status.parse().ok());
        let status = status.filter(|status| (100..600).contains(status)).ok_or("bad status")?;
        let bytes = match fields.next().ok_or("no size")? {
            "-" => 0,
            bytes => bytes.parse().map_err(|_| "bad size")?,
        };
        Ok(Self::Request { client: client.into(), hour, path: path.into(), status, bytes })
    }
}

/// What a log adds up to. Does not depend on the order of its lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    requests: u64,
    bytes: u64,
    malformed: u64,
    first_malformed: Option<(u64, &'static str)>,
    /// By the first digit.
    statuses: [u64; 6],
    hours: [u64; 24],
    paths: HashMap<String, u64>,
    clients: HashMap<String, u64>,
}

impl Report {
    /// The same on one thread.
    pub(crate) fn sequential(mut input: impl BufRead) -> io::Result<Self> {
        let mut report = Self::default();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            report.add(Entry::parse(number, &line));
        }
        Ok(report)
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Request { client, hour, path, status, bytes } => {
                self.requests += 1;
                self.bytes += bytes;
                self.statuses[usize::from(status / 100)] += 1;
                self.hours[hour] += 1;
                *self.paths.entry(path).or_default() += 1;
                *self.clients.entry(client).or_default() += 1;
            }
            Entry::Malformed { line, reason } => {
                self.malformed += 1;
                let first = self.first_malformed.get_or_insert((line, reason));
                *first = (*first).min((line, reason));
            }
        }
    }

    /// How many lines it is about.
    pub(crate) fn lines(&self) -> u64 {
        self.requests + self.malformed
    }

    pub(crate) fn print(&self, out: &mut impl Write, top: usize) -> io::Result<()> {
        writeln!(out, "requests     {}, {:.1} MB", self.requests, self.bytes as f64 / 1e6)?;
        write!(out, "status      ")?;
        for (class, n) in self.statuses.iter().enumerate().filter(|(_, n)| **n > 0) {
            write!(out, " {class}xx {n}")?;
        }
        writeln!(out)?;
        let busiest = (0..24).max_by_key(|hour| self.hours[*hour]).unwrap_or(0);
        writeln!(out, "busiest      {busiest:02}:00, {} requests", self.hours[busiest])?;
        for (what, counts) in [("path", &self.paths), ("client", &self.clients)] {
            for (name, n) in most(counts, top) {
                writeln!(out, "{what:<13}{n:>6} {name}")?;
            }
        }
        match self.first_malformed {
            None => writeln!(out, "malformed    0"),
            Some((line, why)) => {
                writeln!(out, "malformed    {}, first at line {line}: {why}", self.malformed)
            }
        }
    }
}

/// The `n` with the highest counts; among equals the first by name.
fn most(counts: &HashMap<String, u64>, n: usize) -> Vec<(&str, u64)> {
    let mut all: Vec<_> = counts.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    all.sort_unstable_by_key(|(name, n)| (u64::MAX - n, *name));
    all.truncate(n);
    all
}
