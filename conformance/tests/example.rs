//! The example's pipeline finds what one thread finds, and accounts for every line it drops.

#[expect(dead_code, reason = "the program prints, the test compares")]
#[path = "../../examples/loglens/pipeline.rs"]
mod pipeline;
#[path = "../../examples/loglens/report.rs"]
mod report;

use std::time::Duration;

use pipeline::{Mode, Outcome, Settings};
use report::Report;

const SAMPLE: &[u8] = include_bytes!("../../examples/loglens/access.log");

fn run(input: &[u8], mode: Mode, capacity: usize, parsers: usize) -> Outcome {
    let settings = Settings { mode, capacity, parsers, slow: Duration::ZERO, progress: false };
    pipeline::run(Box::new(input), &settings).unwrap()
}

#[test]
fn waiting_modes_give_the_sequential_result() {
    let expected = Report::sequential(SAMPLE).unwrap();
    for mode in [Mode::Block, Mode::Async] {
        for capacity in [1, 2, 256] {
            for parsers in [1, 4] {
                let outcome = run(SAMPLE, mode, capacity, parsers);
                assert!(outcome.report == expected, "{mode:?}, {capacity}, {parsers}");
                assert_eq!((outcome.read, outcome.dropped), (expected.lines(), 0));
                assert_eq!((outcome.parsed, outcome.counted), (outcome.read, outcome.read));
                assert_eq!(outcome.bytes_read, SAMPLE.len() as u64);
                assert!(outcome.peak_lines <= capacity && outcome.peak_entries <= capacity);
            }
        }
    }
}

#[test]
fn dropping_modes_account_for_every_line() {
    for mode in [Mode::DropOldest, Mode::DropNewest] {
        for capacity in [1, 2, 256] {
            let outcome = run(SAMPLE, mode, capacity, 2);
            assert_eq!(outcome.read, 8_000);
            assert_eq!(outcome.read, outcome.parsed + outcome.dropped, "{mode:?}, {capacity}");
            assert_eq!(
                (outcome.parsed, outcome.counted),
                (outcome.counted, outcome.report.lines())
            );
            assert!(outcome.peak_lines <= capacity);
        }
    }
}

/// A log as nobody would wish it: each odd line is counted for what it is, and none stops the rest.
#[test]
fn odd_input_is_counted_not_fatal() {
    let good = br#"::1 - - [24/Nov/2026:23:59:59 +0000] "GET /a?b=c HTTP/1.1" 200 10 "-" "-""#;
    let text = |report: &Report| {
        let mut out = Vec::new();
        report.print(&mut out, 3).unwrap();
        String::from_utf8(out).unwrap()
    };
    let none = run(b"", Mode::Block, 1, 2).report;
    assert_eq!(none.lines(), 0);
    assert!(text(&none).contains("malformed    0"));
    // No newline at the end, carriage returns, bytes that are no UTF-8, numbers that are too large.
    let mut log = [&good[..], b"\r\n", good, b"\n\n\xff\xfe\n"].concat();
    log.extend_from_slice(br#"a - - [x:24:00 +0] "GET / HTTP/1.1" 200 1"#);
    log.push(b'\n');
    log.extend_from_slice(
        br#"a - - [x:01:00 +0] "GET /\"quoted\" HTTP/1.1" 200 99999999999999999999"#,
    );
    log.push(b'\n');
    log.extend_from_slice(good);
    for mode in [Mode::Block, Mode::Async] {
        let report = run(&log, mode, 1, 3).report;
        assert_eq!(report, Report::sequential(&log[..]).unwrap());
        assert_eq!(report.lines(), 7);
        let text = text(&report);
        assert!(text.contains("requests     3"), "{text}");
        assert!(text.contains("malformed    4, first at line 3: empty line"), "{text}");
        assert!(text.contains("     3 /a\n") && text.contains("     3 ::1\n"), "{text}");
        assert!(text.contains("busiest      23:00, 3 requests"), "{text}");
    }
}
