//! Models of the hints of the shared pool: a small copy of two protocols that live above `sync`,
//! with every access as weak as its fences allow. `scripts/loom --mutants` weakens it like the rest.
//!
//! | protocol | real code | promise when all threads rest |
//! |---|---|---|
//! | [HINT] | `shared_pool::unused::correct_hints` | a free slot has its hint set |
//! | [NONEMPTY] | `shared_pool::empty` | a stack that holds something has its hint set |
//!
//! Both have the same shape. Who adds (unclaims, pushes) adds, fences, and looks at the hint; who
//! clears the hint clears it, fences, and looks whether something is there. Of two fences one is
//! first: either the look at the hint sees it cleared, or the second look sees what was added.

use super::tagged_stack::{Links, TaggedStack};
use super::{AtomicU32, AtomicU64, Ordering, fence};

/// One hint bit.
struct Hint(AtomicU64);

impl Hint {
    fn shows(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }

    fn set(&self) {
        if !self.shows() {
            self.0.fetch_or(1, Ordering::Relaxed);
        }
    }

    fn clear(&self) {
        self.0.fetch_and(!1, Ordering::Relaxed);
        fence(Ordering::SeqCst); // before the second look
    }
}

/// A SuperSlab of two slots and the hint that one of them is free.
struct SuperSlab {
    claimed: AtomicU32,
    hint: Hint,
}

impl SuperSlab {
    fn available(&self) -> bool {
        self.claimed.load(Ordering::Relaxed) != 0b11
    }

    fn correct_hint(&self) {
        fence(Ordering::SeqCst); // [HINT]: an unclaim before this, the look at the hint after it
        if self.hint.shows() && !self.available() {
            self.hint.clear();
        }
        if self.available() {
            self.hint.set();
        }
    }

    fn unclaim(&self, slot: u32) {
        self.claimed.fetch_and(!(1 << slot), Ordering::Release);
        self.correct_hint();
    }

    /// Claims the lowest free slot; `correct_hint` must follow.
    fn claim(&self) -> Option<u32> {
        let mut claimed = self.claimed.load(Ordering::Relaxed);
        loop {
            let slot = claimed.trailing_ones();
            if slot == 2 {
                return None;
            }
            let to = claimed | 1 << slot;
            match self.claimed.compare_exchange_weak(claimed, to, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(slot),
                Err(now) => claimed = now,
            }
        }
    }
}

/// A stack of EMPTY runs and the hint that it holds one.
struct Runs {
    next: [AtomicU32; 2],
    stack: TaggedStack<24>,
    hint: Hint,
}

impl Links for Runs {
    fn next(&self, index: u32) -> u32 {
        self.next[index as usize].load(Ordering::Relaxed)
    }
    fn set_next(&self, index: u32, next: u32) {
        self.next[index as usize].store(next, Ordering::Relaxed);
    }
}

impl Runs {
    fn clear_hint(&self) {
        self.hint.clear();
        if !self.stack.is_empty() {
            self.hint.set();
        }
    }

    fn push(&self, run: u32) {
        self.stack.push(self, run);
        fence(Ordering::SeqCst); // [NONEMPTY]: before the look at the hint
        self.hint.set();
    }

    fn pop(&self) -> Option<u32> {
        let popped = if self.hint.shows() { self.stack.pop(self).0 } else { return None };
        if popped.is_none() {
            self.clear_hint();
        }
        popped
    }

    fn detach(&self) -> bool {
        let chain = self.stack.detach();
        self.clear_hint();
        chain.first != super::tagged_stack::END
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::{JoinHandle, spawn};

    fn start<S: 'static, T: 'static>(shared: &Arc<S>, run: fn(&S) -> T) -> JoinHandle<T> {
        let shared = shared.clone();
        spawn(move || run(&shared))
    }

    struct Slots {
        superslab: SuperSlab,
        memory: [UnsafeCell<u32>; 2],
    }

    /// Both slots are claimed, by the model itself.
    fn slots(hint: u64) -> Arc<Slots> {
        Arc::new(Slots {
            superslab: SuperSlab { claimed: AtomicU32::new(0b11), hint: Hint(AtomicU64::new(hint)) },
            memory: [UnsafeCell::new(0), UnsafeCell::new(0)],
        })
    }

    fn touch(s: &Slots, slot: u32) {
        // SAFETY: the slot is claimed by this thread; the model checks exactly that.
        s.memory[slot as usize].with_mut(|p| unsafe { *p += 1 });
    }

    fn give_back(s: &Slots, slot: u32) {
        touch(s, slot);
        s.superslab.unclaim(slot);
    }

    /// Claims as a searcher does, only where the hint leads it. Touches the slot before the fence of
    /// `correct_hint`, of which loom would make more than it is: an edge from the unclaimer's fence.
    fn search(s: &Slots) -> Option<u32> {
        if !s.superslab.hint.shows() {
            return None;
        }
        let slot = s.superslab.claim();
        if let Some(slot) = slot {
            touch(s, slot);
        }
        s.superslab.correct_hint();
        slot
    }

    fn claim_and_keep(s: &Slots) {
        let _kept = search(s);
    }

    fn claim_and_give_back(s: &Slots) {
        if let Some(slot) = search(s) {
            give_back(s, slot);
        }
    }

    /// The main thread and `others` run; after them, a free slot has its hint set.
    fn free_slots_stay_findable(hint: u64, main: fn(&Slots), others: &'static [fn(&Slots)]) {
        loom::model(move || {
            let s = slots(hint);
            let others: Vec<_> = others.iter().map(|run| start(&s, *run)).collect();
            main(&s);
            others.into_iter().for_each(|t| t.join().unwrap());
            let (available, shown) = (s.superslab.available(), s.superslab.hint.shows());
            assert!(shown || !available, "a free slot that no search finds");
        });
    }

    #[test]
    fn an_unclaim_and_a_search_leave_a_free_slot_findable() {
        free_slots_stay_findable(1, |s| give_back(s, 0), &[claim_and_keep]);
    }

    #[test]
    fn an_unclaim_and_two_searches_leave_a_free_slot_findable() {
        free_slots_stay_findable(1, |s| give_back(s, 0), &[claim_and_keep, claim_and_give_back]);
    }

    #[test]
    fn two_unclaims_and_a_search_leave_a_free_slot_findable() {
        free_slots_stay_findable(0, |s| give_back(s, 0), &[|s| give_back(s, 1), claim_and_keep]);
    }

    fn runs() -> Arc<Runs> {
        Arc::new(Runs {
            next: [AtomicU32::new(0), AtomicU32::new(0)],
            stack: TaggedStack::new(),
            hint: Hint(AtomicU64::new(1)),
        })
    }

    fn pushed_runs_stay_findable(taker: fn(&Runs) -> bool) {
        loom::model(move || {
            let runs = runs();
            let pusher = start(&runs, |r| r.push(0));
            let takers = [start(&runs, taker), start(&runs, |r| r.pop().is_some())];
            pusher.join().unwrap();
            let taken = takers.map(|t| t.join().unwrap());
            assert!(!(taken[0] && taken[1]));
            let findable = runs.hint.shows() || runs.stack.is_empty();
            assert!(findable, "a run that no search finds");
        });
    }

    #[test]
    fn a_push_and_two_pops_leave_a_run_findable() {
        pushed_runs_stay_findable(|r| r.pop().is_some());
    }

    #[test]
    fn a_push_a_pop_and_a_purge_leave_a_run_findable() {
        pushed_runs_stay_findable(Runs::detach);
    }
}
