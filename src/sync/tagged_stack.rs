//! A lock-free stack of indices that is safe against ABA by a tag in the head.
//!
//! The head packs an index and a tag into one `u64`; the `next` links live with whoever owns the
//! nodes, in memory that is never unmapped. Every successful pop or detach raises the tag, so a
//! head that was read before it can never be swapped in again by mistake: with `I` index bits the
//! tag has `64 - I`, which at 10^7 pops a second takes hours to come round.
//!
//! Who touches what: any thread may push, pop or detach; a node's `next` belongs to the thread that
//! pushes it until the push succeeds, and is only read (perhaps in vain) by others after that.
//!
//! Source of the idea: R. K. Treiber, "Systems programming: coping with parallelism", 1986, and the
//! version tag of the IBM System/370 manuals.

use super::{AtomicU64, Ordering, const_new};

/// Where the links of a stack's nodes are kept.
pub trait Links {
    /// The successor stored with `index`; relaxed, perhaps stale.
    fn next(&self, index: u32) -> u32;
    /// Stores the successor of `index`; relaxed.
    fn set_next(&self, index: u32, next: u32);
}

/// The index that ends a chain.
pub const END: u32 = u32::MAX;

/// A chain taken from a stack whole; the caller owns every node of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The first node, or [`END`].
    pub first: u32,
}

/// The stack; `INDEX_BITS` bits hold the index plus one (0 is the empty stack).
#[derive(Debug)]
pub struct TaggedStack<const INDEX_BITS: u32> {
    head: AtomicU64,
}

impl<const INDEX_BITS: u32> TaggedStack<INDEX_BITS> {
    const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;

    const_new! {
        /// An empty stack.
        pub fn new() -> Self {
            Self { head: AtomicU64::new(0) }
        }
    }

    #[inline]
    fn index(head: u64) -> u32 {
        ((head & Self::INDEX_MASK) as u32).wrapping_sub(1)
    }

    /// The word for `index` on top, with the tag of `head` raised by `raise`.
    #[inline]
    fn word(head: u64, index: u32, raise: u64) -> u64 {
        let tag = (head >> INDEX_BITS).wrapping_add(raise);
        tag << INDEX_BITS | u64::from(index.wrapping_add(1)) & Self::INDEX_MASK
    }

    /// Whether the stack was empty just now: a hint.
    #[inline]
    pub fn is_empty(&self) -> bool {
        // relaxed: a hint, nothing is read through it
        self.head.load(Ordering::Relaxed) & Self::INDEX_MASK == 0
    }

    /// The top node just now, or [`END`]: for checks, which walk on from it in vain while others pop.
    pub fn top(&self) -> u32 {
        // relaxed: who checks has to see to it that all rest
        Self::index(self.head.load(Ordering::Relaxed))
    }

    /// Pushes the chain that starts at `first` and ends at `last`, whose inner links are set.
    /// Returns the number of failed attempts.
    pub fn push_chain(&self, links: &impl Links, first: u32, last: u32) -> u32 {
        debug_assert!(u64::from(first) < Self::INDEX_MASK && u64::from(last) < Self::INDEX_MASK);
        let mut retries = 0;
        // relaxed: the value is only compared and stored as a link
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            links.set_next(last, Self::index(head));
            // release [PUSH]: pairs with [POP]; whoever pops sees the links and all that the pusher
            // wrote to the node
            let word = Self::word(head, first, 0);
            match self.head.compare_exchange_weak(head, word, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return retries,
                Err(now) => {
                    head = now;
                    retries += 1;
                }
            }
        }
    }

    /// Pushes one node. Returns the number of failed attempts.
    #[inline]
    pub fn push(&self, links: &impl Links, index: u32) -> u32 {
        self.push_chain(links, index, index)
    }

    /// Pops the top node, and the number of failed attempts; `None` when the stack is empty.
    #[must_use = "a popped node belongs to the caller"]
    pub fn pop(&self, links: &impl Links) -> (Option<u32>, u32) {
        let mut retries = 0;
        // acquire [POP]: pairs with [PUSH], so that `next` is at least as new as the push
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            let index = Self::index(head);
            if index == END {
                return (None, retries);
            }
            let next = links.next(index);
            // acquire [POP] on success too: the head may have been pushed anew, with the same word,
            // only by a push that this exchange reads from
            match self.head.compare_exchange_weak(head, Self::word(head, next, 1), Ordering::Acquire, Ordering::Acquire)
            {
                Ok(_) => return (Some(index), retries),
                Err(now) => {
                    head = now;
                    retries += 1;
                }
            }
        }
    }

    /// Takes the whole stack.
    #[must_use = "the chain belongs to the caller"]
    pub fn detach(&self) -> Chain {
        // relaxed: corrected by the exchange
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if Self::index(head) == END {
                return Chain { first: END };
            }
            // acquire [POP]
            match self.head.compare_exchange_weak(head, Self::word(head, END, 1), Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return Chain { first: Self::index(head) },
                Err(now) => head = now,
            }
        }
    }
}

impl<const INDEX_BITS: u32> Default for TaggedStack<INDEX_BITS> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::sync::AtomicU32;

    struct Table(Vec<AtomicU32>);
    impl Links for Table {
        fn next(&self, index: u32) -> u32 {
            self.0[index as usize].load(Ordering::Relaxed)
        }
        fn set_next(&self, index: u32, next: u32) {
            self.0[index as usize].store(next, Ordering::Relaxed);
        }
    }

    fn table(n: usize) -> Table {
        Table((0..n).map(|_| AtomicU32::new(0)).collect())
    }

    #[test]
    fn last_in_first_out() {
        let (links, stack) = (table(8), TaggedStack::<24>::new());
        assert!(stack.is_empty());
        for i in 0..8 {
            stack.push(&links, i);
        }
        for i in (0..8).rev() {
            assert_eq!(stack.pop(&links).0, Some(i));
        }
        assert_eq!(stack.pop(&links).0, None);
    }

    #[test]
    fn detach_takes_all_in_order() {
        let (links, stack) = (table(4), TaggedStack::<24>::new());
        for i in 0..4 {
            stack.push(&links, i);
        }
        let mut at = stack.detach().first;
        let mut seen = vec![];
        while at != END {
            seen.push(at);
            at = links.next(at);
        }
        assert_eq!(seen, [3, 2, 1, 0]);
        assert_eq!(stack.detach().first, END);
    }

    #[test]
    fn threads_neither_lose_nor_double_a_node() {
        let (links, stack) = (table(64), TaggedStack::<24>::new());
        for i in 0..64 {
            stack.push(&links, i);
        }
        let held: Vec<AtomicU32> = (0..64).map(|_| AtomicU32::new(0)).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        if let (Some(i), _) = stack.pop(&links) {
                            assert_eq!(held[i as usize].fetch_add(1, Ordering::Relaxed), 0);
                            held[i as usize].fetch_sub(1, Ordering::Relaxed);
                            stack.push(&links, i);
                        }
                    }
                });
            }
        });
        let mut n = 0;
        while stack.pop(&links).0.is_some() {
            n += 1;
        }
        assert_eq!(n, 64);
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use crate::sync::AtomicU32;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    const NODES: usize = 3;

    struct Shared {
        next: [AtomicU32; NODES],
        payload: [UnsafeCell<u32>; NODES],
        stack: TaggedStack<24>,
    }
    impl Links for Shared {
        fn next(&self, index: u32) -> u32 {
            self.next[index as usize].load(Ordering::Relaxed)
        }
        fn set_next(&self, index: u32, next: u32) {
            self.next[index as usize].store(next, Ordering::Relaxed);
        }
    }

    /// Nodes 0 to `pushed` - 1 are in the stack, the last one on top.
    fn shared(pushed: u32) -> Arc<Shared> {
        let s = Shared {
            next: std::array::from_fn(|_| AtomicU32::new(END)),
            payload: std::array::from_fn(|_| UnsafeCell::new(0)),
            stack: TaggedStack::new(),
        };
        for i in 0..pushed {
            s.stack.push(&s, i);
        }
        Arc::new(s)
    }

    /// Loom reports two threads in one cell, or a touch that no push orders.
    fn touch(s: &Shared, i: u32) {
        // SAFETY: the node belongs to this thread; the model checks exactly that.
        s.payload[i as usize].with_mut(|p| unsafe { *p += 1 });
    }

    fn touch_and_push(s: &Shared, i: u32) {
        touch(s, i);
        s.stack.push(s, i);
    }

    fn take_touch_return(s: &Shared) {
        if let (Some(i), _) = s.stack.pop(s) {
            touch_and_push(s, i);
        }
    }

    /// Touches every node of the chain. Returns the last one and how many there are.
    fn touch_chain(s: &Shared, chain: Chain) -> (u32, usize) {
        let (mut at, mut last, mut count) = (chain.first, END, 0);
        while at != END {
            touch(s, at);
            (last, count) = (at, count + 1);
            at = s.next(at);
        }
        (last, count)
    }

    fn assert_holds(s: &Shared, nodes: usize) {
        let mut n = 0;
        while let (Some(i), _) = s.stack.pop(s) {
            touch(s, i);
            n += 1;
        }
        assert_eq!(n, nodes);
    }

    #[test]
    fn pop_push_pop_is_safe_against_aba() {
        loom::model(|| {
            let s = shared(2);
            let t = {
                let s = s.clone();
                spawn(move || {
                    take_touch_return(&s);
                    take_touch_return(&s);
                })
            };
            take_touch_return(&s);
            t.join().unwrap();
            assert_holds(&s, 2);
        });
    }

    #[test]
    fn a_pop_sees_the_link_of_a_node_that_is_pushed_under_it() {
        loom::model(|| {
            let s = shared(2);
            let t = {
                let s = s.clone();
                spawn(move || touch_and_push(&s, 2))
            };
            let (popped, _) = s.stack.pop(&*s);
            touch(&s, popped.unwrap());
            t.join().unwrap();
            assert_holds(&s, 2);
        });
    }

    #[test]
    fn a_detached_chain_is_whole_against_push_and_pop() {
        loom::model(|| {
            let s = shared(2);
            let pusher = {
                let s = s.clone();
                spawn(move || touch_and_push(&s, 2))
            };
            let popper = {
                let s = s.clone();
                spawn(move || s.stack.pop(&*s).0.map(|i| touch(&s, i)).is_some())
            };
            let (_, detached) = touch_chain(&s, s.stack.detach());
            pusher.join().unwrap();
            let popped = usize::from(popper.join().unwrap());
            assert_holds(&s, 3 - popped - detached);
        });
    }

    #[test]
    fn a_detached_chain_that_is_pushed_back_loses_nothing() {
        loom::model(|| {
            let s = shared(2);
            let t = {
                let s = s.clone();
                spawn(move || {
                    take_touch_return(&s);
                    touch_and_push(&s, 2);
                })
            };
            let chain = s.stack.detach();
            let (last, _) = touch_chain(&s, chain);
            if chain.first != END {
                s.stack.push_chain(&*s, chain.first, last);
            }
            t.join().unwrap();
            assert_holds(&s, 3);
        });
    }
}
