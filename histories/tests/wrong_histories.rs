//! The checker can fail: each right history stands beside a wrong one.

use backpressure_histories::{Call, Credit, Event, History, Rules, Side, check};

const OWNED: Rules = Rules {
    capacity: 2,
    tail: Side::Owned,
    head: Side::Owned,
    credit: Credit::Slots,
    senders: 1,
    receivers: 1,
};
const SHARED: Rules =
    Rules { tail: Side::Shared, head: Side::Shared, senders: 2, receivers: 2, ..OWNED };
const EVICTING: Rules = Rules { credit: Credit::Evicting, ..SHARED };

fn one(value: u16) -> Event {
    Event::Received(vec![value], 1)
}

/// One thread, one call after the other.
fn holds(rules: Rules, events: Vec<Event>) -> bool {
    check(rules, &History::sequential(events)).is_ok()
}

/// Threads whose calls have these intervals.
fn overlapping(rules: Rules, threads: Vec<Vec<(u64, u64, Event)>>) -> bool {
    let calls = |thread: Vec<_>| {
        let call = |(called, answered, event)| Call { event, called, answered };
        thread.into_iter().map(call).collect()
    };
    check(rules, &History(threads.into_iter().map(calls).collect())).is_ok()
}

#[test]
fn order_loss_and_duplication() {
    let sends = || vec![Event::Sent(1), Event::Sent(2)];
    for rules in [OWNED, SHARED, EVICTING] {
        let then = |events: Vec<Event>| holds(rules, [sends(), events].concat());
        assert!(then(vec![one(1), one(2), Event::ReceivedEmpty]));
        assert!(!then(vec![one(2), one(1)]), "two slots swapped");
        assert!(!then(vec![one(2), Event::ReceivedEmpty]), "a value lost");
        assert!(!then(vec![one(1), one(1)]), "a value twice");
        assert!(!then(vec![one(1), one(2), one(3)]), "a value that nobody sent");
        assert!(then(vec![Event::Received(vec![1, 2], 5)]));
        assert!(!then(vec![Event::Received(vec![1], 5)]), "a batch that leaves what is there");
        assert!(!then(vec![Event::Received(vec![2, 1], 5)]), "a batch out of order");
    }
}

#[test]
fn full_and_empty() {
    for rules in [OWNED, SHARED, EVICTING] {
        assert!(holds(rules, vec![Event::Sent(1), Event::Sent(2), Event::SendFull(3)]));
        assert!(!holds(rules, vec![Event::Sent(1), Event::SendFull(3)]), "Full with room");
        assert!(!holds(rules, vec![Event::Sent(1), Event::Sent(2), Event::Sent(3)]), "beyond");
        assert!(!holds(rules, vec![Event::Sent(1), Event::ReceivedEmpty]), "a completed send");
        assert!(holds(rules, vec![Event::SentMany(vec![1, 2, 3], 2), Event::SendFull(4)]));
        assert!(!holds(rules, vec![Event::SentMany(vec![1, 2, 3], 1)]), "less than fits");
        assert!(!holds(rules, vec![Event::SentMany(vec![1], 0)]), "nothing of what fits");
    }
}

#[test]
fn empty_beside_an_unfinished_send() {
    // A is being sent from 0 to 9; B, behind it, is sent and done; then a receiver looks.
    let beside = |rules, last: Event| {
        let unfinished = vec![(0, 9, Event::Sent(1))];
        let done = vec![(1, 2, Event::Sent(2)), (3, 4, last)];
        overlapping(rules, vec![unfinished, done])
    };
    assert!(beside(SHARED, Event::ReceivedEmpty), "A has claimed and not published");
    assert!(beside(SHARED, one(2)), "B was first");
    assert!(beside(SHARED, one(1)));
    // Once A has answered, nothing hides B.
    let over = vec![vec![(0, 1, Event::Sent(1))], vec![(2, 3, Event::Sent(2))]];
    let looks = |event| [over.clone(), vec![vec![(4, 5, event)]]].concat();
    assert!(overlapping(SHARED, looks(one(1))));
    assert!(!overlapping(SHARED, looks(Event::ReceivedEmpty)));
    // An unfinished send hides what is behind it, and nothing before it.
    let behind = vec![vec![(0, 1, Event::Sent(1)), (6, 9, Event::Sent(2))]];
    let looks = |event| [behind.clone(), vec![vec![(7, 8, event)]]].concat();
    assert!(!overlapping(SHARED, looks(Event::ReceivedEmpty)));
}

#[test]
fn full_beside_an_unfinished_receive() {
    let around = |rules| {
        let sends =
            vec![(0, 1, Event::Sent(1)), (2, 3, Event::Sent(2)), (6, 7, Event::SendFull(3))];
        // Of two receives, the second is over: the first still keeps its slot.
        let receives = vec![vec![(4, 9, one(1))], vec![(4, 5, one(2))]];
        overlapping(rules, [vec![sends], receives].concat())
    };
    assert!(around(SHARED));
    assert!(!around(EVICTING), "there credits come back when a value is taken");
    let alone = Rules { head: Side::Owned, receivers: 1, ..SHARED };
    assert!(!around(alone), "a single receiver receives one after the other");
}

#[test]
fn closing_and_permits() {
    for rules in [OWNED, SHARED] {
        let close = || Event::Closed(true);
        let closed = |events: Vec<Event>| holds(rules, [vec![close()], events].concat());
        assert!(closed(vec![Event::SendClosed(1), Event::ReceivedClosed, Event::Closed(false)]));
        assert!(!closed(vec![Event::Sent(1)]), "accepted after the close");
        assert!(!closed(vec![Event::ReceivedEmpty]), "closed and drained");
        assert!(!closed(vec![close()]), "two were first");
        assert!(!holds(rules, vec![Event::SendClosed(1)]));
        assert!(!holds(rules, vec![Event::Sent(1), close(), Event::ReceivedClosed]), "not drained");
        // A permit takes a credit, outlives the close, and keeps receivers from being told.
        let held = |events: Vec<Event>| holds(rules, [vec![Event::Reserved(2)], events].concat());
        assert!(!held(vec![Event::Reserved(1)]), "more credits than there are");
        assert!(held(vec![close(), Event::ReceivedEmpty, Event::PermitSent(1), one(1)]));
        assert!(!held(vec![close(), Event::ReceivedClosed]));
        assert!(!held(vec![Event::PermitClosed(1)]));
        let end = vec![close(), Event::PermitDropped(2), Event::ReceivedClosed];
        assert!(held(end));
        assert!(held(vec![Event::PermitDropped(1), Event::PermitSent(5), Event::Sent(6)]));
    }
}

#[test]
fn evicting() {
    let full = || vec![Event::Sent(1), Event::Sent(2)];
    let then = |events: Vec<Event>| holds(EVICTING, [full(), events].concat());
    assert!(then(vec![Event::Evicted { new: 3, old: 1 }, one(2), one(3)]));
    assert!(!then(vec![Event::Evicted { new: 3, old: 2 }]), "not the oldest");
    assert!(!then(vec![Event::Evicted { new: 3, old: 1 }, one(1)]), "evicted and received");
    assert!(!then(vec![Event::Forced(3)]), "beyond the capacity");
    assert!(!then(vec![Event::Rejected(3)]), "there was something to evict");
    assert!(then(vec![Event::Cleared { new: 3, old: vec![1, 2] }, one(3)]));
    assert!(!then(vec![Event::Cleared { new: 3, old: vec![1] }, one(2)]), "not all of it");
    assert!(!holds(EVICTING, vec![Event::Evicted { new: 3, old: 3 }]), "there was room");
    // A permit that is dropped makes room: the eviction may have been decided before, not after.
    let beside = |dropped, evicted: u64| {
        let sends = vec![
            (0, 1, Event::Reserved(1)),
            (dropped, dropped + 1, Event::PermitDropped(1)),
            (7, 8, Event::SendFull(9)),
        ];
        let evicts = vec![(2, 3, Event::Sent(1)), (evicted, 20, Event::Evicted { new: 3, old: 1 })];
        overlapping(EVICTING, vec![sends, evicts])
    };
    assert!(beside(5, 4));
    assert!(!beside(4, 6), "there was room all along");
    let permits = vec![Event::Reserved(2), Event::Rejected(3)];
    assert!(holds(EVICTING, permits), "every credit is in a permit");
}

#[test]
fn credits_apart_from_the_slots() {
    let acknowledged = Rules { credit: Credit::Acknowledged, ..OWNED };
    let sent = || vec![Event::Sent(1), Event::Sent(2), one(1), one(2)];
    let then = |events: Vec<Event>| holds(acknowledged, [sent(), events].concat());
    assert!(then(vec![Event::SendFull(3), Event::Acknowledged, Event::Sent(3)]));
    assert!(!then(vec![Event::Sent(3)]));
    assert!(!then(vec![Event::Acknowledged, Event::SendFull(3)]));
    let pulled = Rules { credit: Credit::Requested(0), ..OWNED };
    assert!(holds(pulled, vec![Event::SendFull(1), Event::Requested(1), Event::Sent(1)]));
    assert!(!holds(pulled, vec![Event::Sent(1)]));
    assert!(!holds(pulled, vec![Event::Requested(1), Event::SendFull(1)]));
    assert!(!holds(pulled, vec![Event::Requested(3), Event::SentMany(vec![1, 2, 3], 3)]), "slots");
    // A batch is one claim on the credits in circulation, which other senders take from.
    let beside = |senders| {
        let rules = Rules { tail: Side::Shared, senders, ..acknowledged };
        holds(rules, vec![Event::SentMany(vec![1, 2], 1)])
    };
    assert!(beside(2) && !beside(1));
    let none = Rules { tail: Side::Shared, senders: 2, ..acknowledged };
    assert!(!holds(none, vec![Event::SentMany(vec![1, 2], 0)]), "never nothing of what fits");
}
