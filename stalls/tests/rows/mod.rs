//! The promises, row by row. A channel of capacity 4 begins with the message 10 in it, unless a row says
//! otherwise; others send from 30 on, the victim 20 and 21.

use super::*;

fn send(value: Value) -> Do {
    Do::Send(Sending::Try(value))
}

fn send_many(values: &[Value]) -> Do {
    Do::Send(Sending::Many(values.to_vec()))
}

fn reserve(n: usize, values: &[Value]) -> Do {
    Do::Send(Sending::Reserve(n, values.to_vec()))
}

fn force(value: Value) -> Do {
    Do::Send(Sending::Force(value))
}

fn clear(value: Value) -> Do {
    Do::Send(Sending::Clear(value))
}

fn close() -> Do {
    Do::Send(Sending::Close)
}

fn receive() -> Do {
    Do::Receive(Receiving::Try)
}

fn receive_many(limit: usize) -> Do {
    Do::Receive(Receiving::Many(limit))
}

fn close_receiving() -> Do {
    Do::Receive(Receiving::Close)
}

fn request(n: usize) -> Do {
    Do::Receive(Receiving::Request(n))
}

fn acknowledge() -> Do {
    Do::Receive(Receiving::Acknowledge)
}

/// Sends in a row, from 30 on.
fn sends(n: Value) -> Vec<Do> {
    (30..30 + n).map(send).collect()
}

fn receives(n: usize) -> Vec<Do> {
    vec![receive(); n]
}

fn row(before: &[Do], victim: Do, script: &[&[Do]], stages: &'static [&'static str]) -> Row {
    Row { before: before.to_vec(), victim, script: script.concat(), stages, handles: (2, 2) }
}

impl Row {
    /// So many senders and receivers, on sides that can have more than one.
    fn of(mut self, senders: usize, receivers: usize) -> Self {
        self.handles = (senders, receivers);
        self
    }
}

/// A sender that owns its side: the receiver sees each publication as not begun or as done.
pub(crate) fn owned_sends() -> Vec<Row> {
    let first = &[send(10)];
    vec![
        row(first, send(20), &[&receives(3)], &["got 10, empty, empty", "got 10, got 20, empty"]),
        row(
            first,
            send_many(&[20, 21]),
            &[&receives(3)],
            &["got 10, empty, empty", "got 10, got 20, got 21"],
        ),
        row(first, reserve(1, &[20]), &[&receives(2)], &["got 10, empty", "got 10, got 20"]),
        // A permit that is out keeps the receiver from being told Closed.
        row(
            first,
            reserve(1, &[20]),
            &[&[close_receiving()], &receives(3)],
            &[
                "closes, got 10, closed, closed",
                "closes, got 10, empty, empty",
                "closes, got 10, got 20, empty",
                "closes, got 10, got 20, closed",
            ],
        ),
        row(first, close(), &[&receives(2)], &["got 10, empty", "got 10, closed"]),
        row(first, Do::DropSender, &[&receives(2)], &["got 10, empty", "got 10, closed"]),
        // A send that comes too late is taken back: not after the receiver has it, not before it is told.
        row(
            first,
            send(20),
            &[&[close_receiving()], &receives(3)],
            &["closes, got 10, closed, closed", "closes, got 10, got 20, closed"],
        ),
        row(first, send(20), &[&[Do::DropReceiver]], &["left"]),
    ]
}

/// A sender that shares its side: from the claim to the publication it hides what lies behind.
pub(crate) fn shared_sends() -> Vec<Row> {
    let first = &[send(10)];
    vec![
        row(first, send(20), &[&receives(3)], &["got 10, empty, empty", "got 10, got 20, empty"]),
        row(
            first,
            send(20),
            &[&[send(30)], &receives(4)],
            &[
                "sent 30, got 10, got 30, empty, empty",
                "sent 30, got 10, empty, empty, empty",
                "sent 30, got 10, got 20, got 30, empty",
            ],
        ),
        // Batches are claimed whole, and published from their end: they appear at once.
        row(
            first,
            send_many(&[20, 21]),
            &[&[send(30)], &receives(4)],
            &[
                "sent 30, got 10, got 30, empty, empty",
                "sent 30, got 10, empty, empty, empty",
                "sent 30, got 10, got 20, got 21, got 30",
            ],
        ),
        row(
            first,
            send_many(&[20, 21]),
            &[&[send(30), receive_many(9)]],
            &["sent 30, got 10 30", "sent 30, got 10", "sent 30, got 10 20 21 30"],
        ),
        // Full counts what is claimed and what is reserved.
        row(
            first,
            send(20),
            &[&sends(4)],
            &["sent 30, sent 31, sent 32, full", "sent 30, sent 31, full, full"],
        ),
        row(
            first,
            send_many(&[20, 21]),
            &[&[reserve(2, &[]), reserve(1, &[])]],
            &["reserved 2, gave 2 back, reserved 1, gave 1 back", "full, reserved 1, gave 1 back"],
        ),
        row(
            first,
            reserve(2, &[]),
            &[&[send_many(&[30, 31, 32])]],
            &["sent 3 of them", "sent 1 of them", "sent 3 of them"],
        ),
        row(
            first,
            reserve(1, &[20]),
            &[&[send(30)], &receives(3)],
            &[
                "sent 30, got 10, got 30, empty",
                "sent 30, got 10, empty, empty",
                "sent 30, got 10, got 20, got 30",
            ],
        ),
    ]
}

/// The same beside closes, and leaving handles.
pub(crate) fn shared_closes() -> Vec<Row> {
    let first = &[send(10)];
    vec![
        row(
            first,
            send(20),
            &[&[close_receiving(), send(30)], &receives(3)],
            &[
                "closes, closed, got 10, closed, closed",
                "closes, closed, got 10, empty, empty",
                "closes, closed, got 10, got 20, closed",
            ],
        ),
        row(
            first,
            reserve(1, &[20]),
            &[&[close()], &receives(3)],
            &[
                "closes, got 10, closed, closed",
                "closes, got 10, empty, empty",
                "closes, got 10, got 20, closed",
            ],
        ),
        row(
            first,
            close(),
            &[&[send(30)], &receives(2)],
            &["sent 30, got 10, got 30", "closed, got 10, closed"],
        ),
        row(first, Do::DropSender, &[&[send(30)], &receives(2)], &["sent 30, got 10, got 30"]),
        row(first, Do::DropSender, &[&receives(2)], &["got 10, empty", "got 10, closed"]).of(1, 2),
        // The last receiver goes past a send that does not go on.
        row(first, send(20), &[&[Do::DropReceiver, send(30)]], &["left, closed"]).of(2, 1),
        row(first, reserve(2, &[20]), &[&[Do::DropReceiver, send(30)]], &["left, closed"]).of(2, 1),
    ]
}

/// A receiver that closes or leaves.
pub(crate) fn leaving_receivers() -> Vec<Row> {
    let first = &[];
    vec![
        row(first, close_receiving(), &[&sends(1)], &["sent 30", "closed"]),
        row(first, Do::DropReceiver, &[&sends(1)], &["sent 30", "closed"]).of(2, 1),
    ]
}

/// A receiver that owns its side keeps nothing that it has not taken.
pub(crate) fn owned_receives() -> Vec<Row> {
    let (first, two) = (&[send(10)], &[send(10), send(11)]);
    vec![
        row(
            first,
            receive(),
            &[&sends(4)],
            &["sent 30, sent 31, sent 32, full", "sent 30, sent 31, sent 32, sent 33"],
        ),
        row(
            two,
            receive_many(2),
            &[&sends(4)],
            &["sent 30, sent 31, full, full", "sent 30, sent 31, sent 32, sent 33"],
        ),
    ]
}

/// A receiver that shares its side has taken a value before its slot is free.
pub(crate) fn shared_receives() -> Vec<Row> {
    let (first, two) = (&[send(10)], &[send(10), send(11)]);
    vec![
        row(
            first,
            receive(),
            &[&receives(1), &sends(5)],
            &[
                "got 10, sent 30, sent 31, sent 32, sent 33, full",
                "empty, sent 30, sent 31, sent 32, full, full",
                "empty, sent 30, sent 31, sent 32, sent 33, full",
            ],
        ),
        row(
            two,
            receive_many(2),
            &[&receives(1), &sends(5)],
            &[
                "got 10, sent 30, sent 31, sent 32, full, full",
                "empty, sent 30, sent 31, full, full, full",
                "empty, sent 30, sent 31, sent 32, sent 33, full",
            ],
        ),
        // What was published behind it can be received all the same.
        row(two, receive(), &[&receives(2)], &["got 10, got 11", "got 11, empty"]),
    ]
}

/// Evicting channels: the credit comes back with the claim, and eight slots are to spare.
pub(crate) fn evictions() -> Vec<Row> {
    let full = &[send(10), send(11), send(12), send(13)];
    let forced = |n: Value| (30..30 + n).map(force).collect::<Vec<_>>();
    vec![
        // A value that is being written cannot be evicted, nor what lies behind it.
        row(
            &[],
            send(20),
            &[&sends(3), &[force(33), force(34), clear(35)]],
            &[
                "sent 30, sent 31, sent 32, sent 33, evicted 30, cleared 4 values",
                "sent 30, sent 31, sent 32, rejected, rejected, rejected",
                "sent 30, sent 31, sent 32, evicted 20, evicted 30, cleared 4 values",
            ],
        ),
        // A receiver that keeps its slot is nobody's concern, up to eight times.
        row(
            full,
            receive(),
            &[&forced(9)],
            &[
                "evicted 10, evicted 11, evicted 12, evicted 13, evicted 30, evicted 31, \
                 evicted 32, evicted 33, evicted 34",
                "sent 30, evicted 11, evicted 12, evicted 13, evicted 30, evicted 31, \
                 evicted 32, evicted 33, rejected",
                "sent 30, evicted 11, evicted 12, evicted 13, evicted 30, evicted 31, \
                 evicted 32, evicted 33, evicted 34",
            ],
        ),
        // An eviction: one beyond the capacity for a moment, hidden until it is published.
        row(
            full,
            force(20),
            &[&receives(5)],
            &[
                "got 10, got 11, got 12, got 13, empty",
                "got 10, got 11, got 12, got 13, got 20",
                "got 11, got 12, got 13, got 20, empty",
            ],
        ),
        // What others evict meanwhile: nothing that is being written, and not for ever past a slot that is
        // taken and not yet free.
        row(
            full,
            force(20),
            &[&forced(8)],
            &[
                "evicted 10, evicted 11, evicted 12, evicted 13, evicted 30, evicted 31, \
                 evicted 32, evicted 33",
                "evicted 10, evicted 11, evicted 12, rejected, rejected, rejected, rejected, rejected",
                "evicted 10, evicted 11, evicted 12, evicted 13, evicted 20, evicted 30, \
                 evicted 31, evicted 32",
                "evicted 11, evicted 12, evicted 13, evicted 20, evicted 30, evicted 31, \
                 evicted 32, rejected",
                "evicted 11, evicted 12, evicted 13, evicted 20, evicted 30, evicted 31, \
                 evicted 32, evicted 33",
            ],
        ),
        row(
            full,
            clear(20),
            &[&receives(5)],
            &[
                "got 10, got 11, got 12, got 13, empty",
                "got 10, got 11, got 12, got 13, got 20",
                "got 20, empty, empty, empty, empty",
            ],
        ),
        row(
            full,
            force(20),
            &[&[close(), force(30)], &receives(6)],
            &[
                "closes, closed, got 10, got 11, got 12, got 13, closed, closed",
                "closes, closed, got 10, got 11, got 12, got 13, empty, empty",
                "closes, closed, got 10, got 11, got 12, got 13, got 20, closed",
                "closes, closed, got 11, got 12, got 13, got 20, closed, closed",
            ],
        ),
    ]
}

/// The single sender of an evicting channel, beside its receiver.
pub(crate) fn evictions_of_one() -> Vec<Row> {
    evictions()
        .into_iter()
        .filter(|row| row.script.iter().all(|what| matches!(what, Do::Receive(_))))
        .collect()
}

/// Credits that come back by acknowledgement: at once or not at all, whatever the slot's.
pub(crate) fn acknowledgements() -> Vec<Row> {
    let received = &[send(10), receive()];
    vec![
        row(
            received,
            acknowledge(),
            &[&sends(4)],
            &["sent 30, sent 31, sent 32, full", "sent 30, sent 31, sent 32, sent 33"],
        ),
        row(&[send(10)], receive(), &[&sends(4)], &["sent 30, sent 31, sent 32, full"]),
    ]
}

/// Credits that receivers ask for; one is there from the start.
pub(crate) fn requests() -> Vec<Row> {
    vec![
        row(
            &[],
            request(2),
            &[&sends(4)],
            &["sent 30, full, full, full", "sent 30, sent 31, sent 32, full"],
        ),
        row(&[send(10)], receive(), &[&sends(1)], &["full"]),
    ]
}
