//! Who waits, in order: a slab of wakers with a queue through it.
//!
//! Entries are reused, so that waiting allocates only when more wait at once than ever before.

use alloc::vec::Vec;
use core::task::Waker;

const NONE: usize = usize::MAX;

/// Names an entry. Not `Clone`: whoever holds it removes the entry.
#[derive(Debug)]
pub(crate) struct Key(usize);

/// Where somebody stands who may wait.
#[derive(Debug, Default)]
pub(crate) enum Standing {
    #[default]
    Nowhere,
    /// Nowhere, and has asked to be polled once more before it queues.
    AskedAgain,
    InLine(Key),
}

#[cfg(all(test, feature = "std"))]
impl Standing {
    pub(crate) fn take_key(&mut self) -> Option<Key> {
        match core::mem::take(self) {
            Self::InLine(key) => Some(key),
            Self::Nowhere | Self::AskedAgain => None,
        }
    }
}

#[derive(Debug)]
struct Entry {
    /// `None`: free, or notified.
    waker: Option<Waker>,
    /// Whether it stands in the queue: where places are kept, also after it was notified.
    linked: bool,
    /// Whether one freed credit may not be enough for it.
    greedy: bool,
    /// Neighbours in the queue while waiting; `next` also chains free entries.
    prev: usize,
    next: usize,
}

/// The queue of those who wait for one side of a channel.
#[derive(Debug)]
pub(crate) struct WaitList {
    entries: Vec<Entry>,
    free: usize,
    first: usize,
    last: usize,
    queued: usize,
    /// How often anybody began to wait; tells the gate whether a side has calmed down.
    pub(crate) begun: u64,
}

impl WaitList {
    pub(crate) fn new() -> Self {
        Self { entries: Vec::new(), free: NONE, first: NONE, last: NONE, queued: 0, begun: 0 }
    }

    /// Whether nobody waits for a notification.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// How many wait for a notification.
    pub(crate) fn len(&self) -> usize {
        self.queued
    }

    /// Queues a newcomer, or somebody who is in line already, to be woken through `waker`.
    ///
    /// Returns the waker that was there before, whose destructor is foreign code.
    #[must_use = "to be dropped after the lock"]
    pub(crate) fn enlist(
        &mut self,
        standing: &mut Standing,
        waker: Waker,
        greedy: bool,
    ) -> Option<Waker> {
        match standing {
            Standing::InLine(Key(at)) if self.entries[*at].linked => {
                return self.entries[*at].waker.replace(waker);
            }
            // Notified before, its place given up, and nothing came of it: to the end of the queue.
            Standing::InLine(Key(at)) => self.append(*at, waker, greedy),
            Standing::Nowhere | Standing::AskedAgain => {
                let at = self.vacant();
                *standing = Standing::InLine(Key(at));
                self.append(at, waker, greedy);
            }
        }
        None
    }

    /// Removes an entry, notified or not.
    pub(crate) fn remove(&mut self, Key(at): Key) -> Option<Waker> {
        let waker = self.entries[at].waker.take();
        if self.entries[at].linked {
            self.unlink(at);
        }
        self.entries[at].next = self.free;
        self.free = at;
        waker
    }

    /// Whether this is somebody in line who has waited longest.
    pub(crate) fn is_first(&self, standing: &Standing) -> bool {
        matches!(standing, Standing::InLine(Key(at)) if self.first == *at)
    }

    /// Takes the longest-waiting entry's waker, and says whether it is greedy. It leaves the queue, unless
    /// it keeps its place; there it is notified once until it looks.
    pub(crate) fn notify_first(&mut self, keeps_place: bool) -> Option<(Waker, bool)> {
        loop {
            let at = self.first;
            if at == NONE {
                return None;
            }
            if !keeps_place {
                self.unlink(at);
            }
            let entry = &mut self.entries[at];
            match entry.waker.take() {
                Some(waker) => return Some((waker, entry.greedy)),
                None if keeps_place => return None,
                // It kept its place, was notified, and has not looked yet: on to those behind it.
                None => {}
            }
        }
    }

    /// Every waker there is, in order; everybody keeps the place.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        let (mut wakers, mut at) = (Vec::new(), self.first);
        while at != NONE {
            wakers.extend(self.entries[at].waker.take());
            at = self.entries[at].next;
        }
        wakers
    }

    fn vacant(&mut self) -> usize {
        if self.free == NONE {
            self.entries.push(Entry {
                waker: None,
                linked: false,
                greedy: false,
                prev: NONE,
                next: NONE,
            });
            return self.entries.len() - 1;
        }
        let at = self.free;
        self.free = self.entries[at].next;
        at
    }

    fn append(&mut self, at: usize, waker: Waker, greedy: bool) {
        self.begun += 1;
        self.queued += 1;
        let last = self.last;
        self.entries[at] =
            Entry { waker: Some(waker), linked: true, greedy, prev: last, next: NONE };
        match last {
            NONE => self.first = at,
            last => self.entries[last].next = at,
        }
        self.last = at;
    }

    fn unlink(&mut self, at: usize) {
        let Entry { prev, next, .. } = self.entries[at];
        self.entries[at].linked = false;
        self.queued -= 1;
        match prev {
            NONE => self.first = next,
            prev => self.entries[prev].next = next,
        }
        match next {
            NONE => self.last = prev,
            next => self.entries[next].prev = prev,
        }
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use alloc::sync::Arc;
    use alloc::task::Wake;

    struct Named;
    impl Wake for Named {
        fn wake(self: Arc<Self>) {}
    }

    /// The same waker. Not `will_wake`, which may deny it.
    fn is(one: &Waker, other: &Waker) -> bool {
        one.data() == other.data()
    }

    fn waker() -> Waker {
        Waker::from(Arc::new(Named))
    }

    #[test]
    fn entries_leave_in_order_and_are_reused() {
        let mut list = WaitList::new();
        let wakers = [waker(), waker(), waker()];
        let mut keys = [const { Standing::Nowhere }; 3];
        for (key, waker) in keys.iter_mut().zip(&wakers) {
            assert!(list.enlist(key, waker.clone(), false).is_none());
        }
        // The middle one leaves; the others stay in order.
        let gone = list.remove(keys[1].take_key().unwrap()).unwrap();
        assert!(is(&gone, &wakers[1]));
        assert!(is(&list.notify_first(false).unwrap().0, &wakers[0]));
        assert!(is(&list.notify_first(false).unwrap().0, &wakers[2]));
        assert!(list.notify_first(false).is_none());
        // A notified entry stays its holder's until removed; it may queue again.
        assert!(list.enlist(&mut keys[0], wakers[0].clone(), true).is_none());
        assert!(list.notify_first(false).unwrap().1);
        assert!(list.remove(keys[0].take_key().unwrap()).is_none());
        assert!(list.remove(keys[2].take_key().unwrap()).is_none());
        // Nothing grows: three entries serve any number of later waits.
        for _ in 0..10 {
            let mut key = Standing::Nowhere;
            assert!(list.enlist(&mut key, wakers[0].clone(), false).is_none());
            let replaced = list.enlist(&mut key, wakers[1].clone(), false);
            assert!(replaced.is_some_and(|waker| is(&waker, &wakers[0])));
            assert!(is(&list.remove(key.take_key().unwrap()).unwrap(), &wakers[1]));
        }
        assert_eq!(list.entries.len(), 3);
        assert!(list.is_empty());
    }

    #[test]
    fn places_are_kept() {
        let mut list = WaitList::new();
        let wakers = [waker(), waker()];
        let mut keys = [const { Standing::Nowhere }; 2];
        for (key, waker) in keys.iter_mut().zip(&wakers) {
            assert!(list.enlist(key, waker.clone(), false).is_none());
        }
        assert!(is(&list.notify_first(true).unwrap().0, &wakers[0]));
        assert!(list.notify_first(true).is_none(), "notified once until it looks");
        assert!(list.enlist(&mut keys[0], wakers[0].clone(), false).is_none());
        assert!(list.is_first(&keys[0]));
        assert_eq!(list.len(), 2);
        list.remove(keys[0].take_key().unwrap());
        assert!(list.is_first(&keys[1]));
        list.remove(keys[1].take_key().unwrap());
        assert!(list.is_empty());
    }
}
