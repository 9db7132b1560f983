//! A pager over a pull-based source: it reads from the file what is asked for, page by page, and no line more.
//!
//! ```sh
//! cargo run --release --example pull_source -- [FILE] [LINES] [PAGES]
//! ```

mod source;

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

fn run() -> Result<(), Box<dyn core::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/loglens/access.log");
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().unwrap_or_else(|| default.into());
    let lines = arguments.next().map_or(Ok(5), |n| n.parse())?;
    let pages = arguments.next().map_or(Ok(3), |n| n.parse())?;
    let input = BufReader::new(File::open(&file).map_err(|error| format!("{file}: {error}"))?);
    let report = source::show_pages(input, lines, pages, |page, lines| {
        println!("-- page {page}");
        for line in lines {
            println!("{line}");
        }
    })?;
    println!("-- {} pages, {} lines asked for, {} read", report.pages, report.asked, report.read);
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pull_source: {error}");
            ExitCode::FAILURE
        }
    }
}
