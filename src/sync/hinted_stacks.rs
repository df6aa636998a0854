//! Stacks with a number each, and a hint for each that it may hold something.
//!
//! Where nobody can tell who pushes next, who finds a stack empty hides it and looks once more
//! ([`HintedStacks::pop_or_hide`]; `super::hint_word`). Where one thread pushes again and again what others hardly
//! take, hints stay ([`HintedStacks::pop`]), and a hint for all stacks together is hidden by who finds them
//! empty ([`HintedStacks::is_empty`]) and shown by who has pushed.

use super::hint_word::HintWord;
use super::tagged_stack::{Chain, Links, TaggedStack};
use super::{Ordering, fence};

const WORDS: usize = 2;

/// See the module: stacks with numbers below `STACKS`, at most 128, of indices of `INDEX_BITS` bits.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct HintedStacks<const INDEX_BITS: u32, const STACKS: usize> {
    hints: [HintWord; WORDS],
    stacks: [TaggedStack<INDEX_BITS>; STACKS],
}

impl<const INDEX_BITS: u32, const STACKS: usize> HintedStacks<INDEX_BITS, STACKS> {
    const FITS: () = assert!(STACKS <= 64 * WORDS);

    /// All empty.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        let () = Self::FITS;
        Self { hints: [const { HintWord::new() }; WORDS], stacks: [const { TaggedStack::new() }; STACKS] }
    }

    /// All empty.
    #[cfg(loom)]
    pub fn new() -> Self {
        let () = Self::FITS;
        Self { hints: [(); WORDS].map(|()| HintWord::new()), stacks: [(); STACKS].map(|()| TaggedStack::new()) }
    }

    /// The stacks that may hold something, as bits: hints; one that is seen late costs fresh memory, no more.
    #[inline]
    pub fn shown(&self) -> u128 {
        u128::from(self.hints[0].bits()) | u128::from(self.hints[1].bits()) << 64
    }

    /// Whether no stack that is shown holds anything just now.
    pub fn is_empty(&self) -> bool {
        let mut shown = self.shown();
        while shown != 0 {
            if !self.stacks[shown.trailing_zeros() as usize].is_empty() {
                return false;
            }
            shown &= shown - 1;
        }
        true
    }

    /// Pushes a chain, which the caller owns. Returns failed attempts. A fence stands behind all that
    /// [`Self::is_empty`] looks at: a hint for all stacks is to be shown now `[HINT]`.
    pub fn push(&self, links: &impl Links, number: usize, first: u32, last: u32) -> u32 {
        let retries = self.stacks[number].push_chain(links, first, last);
        fence(Ordering::SeqCst); // [HINT]: before the look at the hint
        if self.hints[number / 64].set(number % 64) {
            fence(Ordering::SeqCst); // [HINT]: who asks `is_empty` looks at this hint first
        }
        retries
    }

    /// Takes what was pushed last to a stack, and the failed attempts; the hint stays.
    #[must_use = "the node belongs to the caller"]
    pub fn pop(&self, links: &impl Links, number: usize) -> (Option<u32>, u32) {
        if self.stacks[number].is_empty() { (None, 0) } else { self.stacks[number].pop(links) }
    }

    /// The same of a stack that is shown; where there is nothing it is hidden.
    #[must_use = "the node belongs to the caller"]
    pub fn pop_or_hide(&self, links: &impl Links, number: usize) -> (Option<u32>, u32) {
        if self.shown() >> number & 1 == 0 {
            return (None, 0);
        }
        let popped = self.stacks[number].pop(links);
        if popped.0.is_none() {
            self.hide(number);
        }
        popped
    }

    /// Takes a whole stack; the hint stays.
    #[must_use = "the chain belongs to the caller"]
    pub fn detach(&self, number: usize) -> Chain {
        self.stacks[number].detach()
    }

    /// Takes a whole stack and hides it.
    #[must_use = "the chain belongs to the caller"]
    pub fn detach_and_hide(&self, number: usize) -> Chain {
        let chain = self.stacks[number].detach();
        self.hide(number);
        chain
    }

    fn hide(&self, number: usize) {
        self.hints[number / 64].clear(number % 64, || !self.stacks[number].is_empty());
    }

    /// What was pushed last to a stack: for checks, and the child of a fork, where stacks are whole at every
    /// instruction.
    pub fn top(&self, number: usize) -> u32 {
        self.stacks[number].top()
    }

    /// Shows every stack that holds something, in the child of a fork: the push may have come, and its hint not.
    pub fn show(&self) {
        for number in (0..STACKS).filter(|&number| !self.stacks[number].is_empty()) {
            self.hints[number / 64].set(number % 64);
        }
    }

    /// Hides a stack from searches, or shows it again: for the test of the checks.
    #[cfg(test)]
    pub fn damage_hint(&self, number: usize) {
        self.hints[number / 64].damage(number % 64);
    }
}

impl<const INDEX_BITS: u32, const STACKS: usize> Default for HintedStacks<INDEX_BITS, STACKS> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use crate::sync::AtomicU32;

    struct Table([AtomicU32; 4]);
    impl Links for Table {
        fn next(&self, index: u32) -> u32 {
            self.0[index as usize].load(Ordering::Relaxed)
        }
        fn set_next(&self, index: u32, next: u32) {
            self.0[index as usize].store(next, Ordering::Relaxed);
        }
    }

    #[test]
    fn hints_stay_or_are_hidden() {
        let (links, stacks) = (Table([const { AtomicU32::new(0) }; 4]), HintedStacks::<24, 100>::new());
        assert!(stacks.is_empty() && stacks.shown() == 0);
        stacks.push(&links, 70, 2, 2);
        stacks.push(&links, 3, 1, 1);
        assert_eq!(stacks.shown(), 1 << 70 | 1 << 3);
        assert_eq!((stacks.pop(&links, 70).0, stacks.pop(&links, 70).0), (Some(2), None));
        assert_eq!((stacks.shown(), stacks.is_empty()), (1 << 70 | 1 << 3, false));
        assert_eq!((stacks.pop_or_hide(&links, 70).0, stacks.shown()), (None, 1 << 3));
        assert_eq!(stacks.detach_and_hide(3).first, 1);
        assert!(stacks.is_empty() && stacks.shown() == 0);
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use crate::sync::AtomicU32;
    use crate::sync::tagged_stack::END;
    use loom::sync::Arc;
    use loom::thread::spawn;

    /// Stacks of EMPTY runs (`shared_pool`): those of all, of which each is hidden alone, or those of a heap, whose
    /// hints stay, and which are shown and hidden together.
    struct Runs {
        next: [AtomicU32; 2],
        stacks: HintedStacks<24, 1>,
        all: HintWord,
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
        fn push(&self, run: u32) {
            self.stacks.push(self, 0, run, run);
            self.all.set(0);
        }

        fn pop_or_hide(&self) -> bool {
            self.stacks.pop_or_hide(self, 0).0.is_some()
        }

        fn detach_and_hide(&self) -> bool {
            self.stacks.detach_and_hide(0).first != END
        }

        fn hide_all_if_empty(&self) {
            if self.stacks.is_empty() {
                self.all.clear(0, || !self.stacks.is_empty());
            }
        }

        fn search(&self) -> bool {
            if !self.all.shows(0) {
                return false;
            }
            let is_found = self.stacks.shown() & 1 == 1 && self.stacks.pop(self, 0).0.is_some();
            if !is_found {
                self.hide_all_if_empty();
            }
            is_found
        }

        fn detach_and_push_back(&self) -> bool {
            let first = self.stacks.detach(0).first;
            if first != END {
                self.push(first);
            }
            self.hide_all_if_empty();
            false
        }
    }

    /// One run is pushed while `others` run. Afterwards it was taken by one at most, or is to be found: by the hint of its
    /// stack, and where those of a heap are looked at, by that of all. `had_some`: it was shown from the start.
    fn a_pushed_run_stays_findable(had_some: bool, is_of_heap: bool, others: [fn(&Runs) -> bool; 2]) {
        loom::model(move || {
            let next = [AtomicU32::new(0), AtomicU32::new(0)];
            let runs = Arc::new(Runs { next, stacks: HintedStacks::new(), all: HintWord::new() });
            assert!(runs.all.set(0) && (!had_some || runs.stacks.hints[0].set(0)));
            let others = others.map(|run| {
                let runs = runs.clone();
                spawn(move || run(&runs))
            });
            runs.push(0);
            let taken = others.map(|thread| thread.join().unwrap());
            assert!(!(taken[0] && taken[1]));
            let is_findable = runs.stacks.shown() & 1 == 1 && (!is_of_heap || runs.all.shows(0));
            assert!(is_findable || runs.stacks.top(0) == END, "a run that no search finds");
        });
    }

    #[test]
    fn a_push_and_two_pops_leave_a_run_findable() {
        a_pushed_run_stays_findable(true, false, [Runs::pop_or_hide, Runs::pop_or_hide]);
    }

    #[test]
    fn a_push_a_pop_and_a_purge_leave_a_run_findable() {
        a_pushed_run_stays_findable(true, false, [Runs::detach_and_hide, Runs::pop_or_hide]);
    }

    #[test]
    fn the_first_run_of_a_stack_and_two_searches_leave_it_findable() {
        a_pushed_run_stays_findable(false, true, [Runs::search, Runs::search]);
    }

    #[test]
    fn a_run_of_a_heap_and_two_searches_leave_it_findable() {
        a_pushed_run_stays_findable(true, true, [Runs::search, Runs::search]);
    }

    #[test]
    fn a_run_of_a_heap_a_purge_and_a_search_leave_it_findable() {
        a_pushed_run_stays_findable(true, true, [Runs::detach_and_push_back, Runs::search]);
    }
}
