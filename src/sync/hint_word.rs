//! Hints that something is to be had, one bit each, corrected after the truth, which stands elsewhere.
//!
//! | who | does | fence | then looks |
//! |---|---|---|---|
//! | adds something (unclaims slots, pushes a run) | changes the truth | seqcst | at the hint, and sets it ([`HintWord::set`]) |
//! | has found nothing | clears the hint | seqcst | at the truth, and sets the hint again ([`HintWord::clear`]) |
//!
//! Of the two fences one is first: either the look at the hint sees it cleared, or the second look sees
//! what was added. So when all threads rest, what is to be had is shown `[HINT]`. A hint that shows what
//! is not there is no fault: whoever follows it clears it, or leaves it to who will add something again
//! (`hinted_stacks.rs`, which has the models with stacks).

use super::{AtomicU64, Ordering, const_new, fence};

/// 64 hints; see the module.
#[derive(Debug)]
#[repr(transparent)]
pub struct HintWord(AtomicU64);

impl HintWord {
    const_new! {
        /// Nothing is to be had.
        pub fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    /// All of them.
    #[inline]
    pub fn bits(&self) -> u64 {
        // relaxed: hints; where [HINT] wants more, a fence stands before it
        self.0.load(Ordering::Relaxed)
    }

    /// Whether something may be had at place `at`, below 64.
    #[inline]
    pub fn shows(&self, at: usize) -> bool {
        self.bits() >> at & 1 == 1
    }

    /// Shows that something is to be had; by whoever has added it, a fence after that. `false`: it was shown
    /// already.
    pub fn set(&self, at: usize) -> bool {
        let is_hidden = !self.shows(at);
        if is_hidden {
            // relaxed: nothing is read through a hint
            self.0.fetch_or(1 << at, Ordering::Relaxed);
        }
        is_hidden
    }

    /// Hides a place at which nothing was found, and looks once more. Returns whether it had to be shown again.
    pub fn clear(&self, at: usize, is_there: impl FnOnce() -> bool) -> bool {
        // relaxed: as in `set`
        self.0.fetch_and(!(1 << at), Ordering::Relaxed);
        fence(Ordering::SeqCst); // [HINT]: before the second look
        is_there() && self.set(at)
    }

    /// Makes a hint agree with the truth, which the caller has changed (adding to it, with a fence after that) or
    /// found to be otherwise. Returns whether it was hidden and is shown now.
    pub fn correct(&self, at: usize, is_there: impl Fn() -> bool) -> bool {
        if is_there() { self.set(at) } else { self.shows(at) && self.clear(at, is_there) }
    }

    /// Turns a hint round: for the test of the checks.
    #[cfg(test)]
    pub fn damage(&self, at: usize) {
        // relaxed: nobody else is there
        self.0.store(self.bits() ^ 1 << at, Ordering::Relaxed);
    }
}

impl Default for HintWord {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use crate::sync::claim_word::ClaimWord;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::{JoinHandle, spawn};

    fn start<S: 'static, T: 'static>(shared: &Arc<S>, run: fn(&S) -> T) -> JoinHandle<T> {
        let shared = shared.clone();
        spawn(move || run(&shared))
    }

    /// A SuperSlab of two slots and the hint that one of them is free: `shared_pool::unused`.
    struct Slots {
        claims: ClaimWord,
        hints: HintWord,
        memory: [UnsafeCell<u32>; 2],
    }

    impl Slots {
        fn is_available(&self) -> bool {
            self.claims.bits() != u32::MAX
        }

        fn correct_hint(&self) {
            self.hints.correct(0, || self.is_available());
        }

        fn touch(&self, slot: usize) {
            // SAFETY: the slot is claimed by this thread; the model checks exactly that.
            self.memory[slot].with_mut(|p| unsafe { *p += 1 });
        }

        fn give_back(&self, slot: usize) {
            self.touch(slot);
            self.claims.transition_unclaim(slot, 1);
            self.correct_hint();
        }

        /// Claims as a searcher does, only where the hint leads it.
        fn search(&self) -> Option<usize> {
            if !self.hints.shows(0) {
                return None;
            }
            let (slot, _) = self.claims.transition_claim(1, 1);
            if let Some(slot) = slot {
                self.touch(slot);
            }
            self.correct_hint();
            slot
        }

        fn claim_and_keep(&self) {
            let _kept = self.search();
        }

        fn claim_and_give_back(&self) {
            if let Some(slot) = self.search() {
                self.give_back(slot);
            }
        }
    }

    /// All slots are claimed, the first two by the model itself.
    fn slots(is_shown: bool) -> Arc<Slots> {
        let memory = [UnsafeCell::new(0), UnsafeCell::new(0)];
        let s = Slots { claims: ClaimWord::new(), hints: HintWord::new(), memory };
        assert!(s.claims.transition_claim_at(0, 32) && (!is_shown || s.hints.set(0)));
        Arc::new(s)
    }

    /// The main thread and `others` run; after them, a free slot has its hint set.
    fn free_slots_stay_findable(is_shown: bool, main: fn(&Slots), others: &'static [fn(&Slots)]) {
        loom::model(move || {
            let s = slots(is_shown);
            let others: Vec<_> = others.iter().map(|run| start(&s, *run)).collect();
            main(&s);
            others.into_iter().for_each(|t| t.join().unwrap());
            assert!(s.hints.shows(0) || !s.is_available(), "a free slot that no search finds");
        });
    }

    #[test]
    fn an_unclaim_and_a_search_leave_a_free_slot_findable() {
        free_slots_stay_findable(true, |s| s.give_back(0), &[Slots::claim_and_keep]);
    }

    #[test]
    fn an_unclaim_and_two_searches_leave_a_free_slot_findable() {
        free_slots_stay_findable(true, |s| s.give_back(0), &[Slots::claim_and_keep, Slots::claim_and_give_back]);
    }

    #[test]
    fn two_unclaims_and_a_search_leave_a_free_slot_findable() {
        free_slots_stay_findable(false, |s| s.give_back(0), &[|s| s.give_back(1), Slots::claim_and_keep]);
    }
}
