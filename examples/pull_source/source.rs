//! A source that reads a line only when somebody has asked for it.

use core::sync::atomic::{AtomicU64, Ordering};
use std::io::{self, BufRead};
use std::thread;

use backpressure::spsc;

/// What was asked for, and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) pages: usize,
    pub(crate) asked: u64,
    /// Lines read from the input: never more than were asked for.
    pub(crate) read: u64,
}

/// Shows up to `pages` pages of so many lines each, reading nothing that is not shown.
pub(crate) fn show_pages(
    input: impl BufRead + Send,
    lines: u64,
    pages: usize,
    mut show: impl FnMut(usize, &[String]),
) -> io::Result<Report> {
    let capacity = lines.clamp(1, 1024) as usize;
    let (mut tx, mut rx) = spsc::builder()
        .capacity(capacity)
        .pulled(0)
        .build::<io::Result<String>>()
        .map_err(io::Error::other)?;
    let read = &AtomicU64::new(0);
    let mut report = Report::default();
    thread::scope(|threads| {
        threads.spawn(move || {
            let mut input = input.lines();
            // The credit first: without one, nothing is read.
            while let Ok(credit) = tx.reserve() {
                let Some(line) = input.next() else { return };
                read.fetch_add(1, Ordering::Relaxed);
                if credit.send(line).is_err() {
                    return;
                }
            }
        });
        while report.pages < pages {
            rx.request(lines).map_err(io::Error::other)?;
            report.asked += lines;
            let page: Vec<String> = rx.iter().take(lines as usize).collect::<io::Result<_>>()?;
            if page.is_empty() {
                break;
            }
            report.pages += 1;
            show(report.pages, &page);
        }
        drop(rx); // the source, waiting for a request, is told
        Ok::<_, io::Error>(())
    })?;
    report.read = read.load(Ordering::Relaxed);
    Ok(report)
}
