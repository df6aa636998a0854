//! Stacks of EMPTY runs, one for each run code, last in first out, so that the warmest is reused first.
//!
//! A run leaves EMPTY only by being popped, or detached with its whole stack. Hint bits tell which stacks may hold
//! something, so that nobody asks all of them.
//!
//! One of these is for all (`shared_pool/empty.rs`): there who finds a stack empty hides its code, and looks once more, so
//! that no push is overlooked (`sync/hint_word.rs`). One stands with each heap, for what its slabs have left
//! (`shared_pool/empty_of_heaps.rs`): there a code that was shown once stays shown, and the heap as a whole has a hint.

use crate::bits;
use crate::geometry::*;
use crate::superslab::registry::SlotLinks;
use crate::sync::hint_word::HintWord;
use crate::sync::tagged_stack::{Chain, TaggedStack};
use crate::sync::{Ordering, fence};

const _: () = assert!(NUM_RUN_CODES <= 128);

/// See the module.
#[derive(Debug)]
pub struct EmptyRuns {
    codes: [HintWord; 2],
    stacks: [TaggedStack<SLOT_INDEX_BITS>; NUM_RUN_CODES],
}

impl EmptyRuns {
    /// None.
    pub const fn new() -> Self {
        Self { codes: [const { HintWord::new() }; 2], stacks: [const { TaggedStack::new() }; NUM_RUN_CODES] }
    }

    /// The codes whose stacks may hold something: hints; one that is seen late costs a fresh run, no more.
    #[inline]
    pub fn codes(&self) -> u128 {
        u128::from(self.codes[0].bits()) | u128::from(self.codes[1].bits()) << 64
    }

    /// Whether no stack that is shown holds anything just now.
    pub fn is_empty(&self) -> bool {
        bits::places_of(self.codes()).all(|code| self.stacks[code].is_empty())
    }

    /// Pushes runs of a code, chained, which the caller owns. Returns failed attempts. A fence stands behind all that
    /// [`Self::is_empty`] looks at: where a hint of the caller's is for all codes, the caller looks at it next `[HINT]`.
    pub fn push(&self, code: usize, first: u32, last: u32) -> u32 {
        let retries = self.stacks[code].push_chain(&SlotLinks, first, last);
        fence(Ordering::SeqCst); // [HINT]: before the look at the hint
        if self.codes[code / 64].set(code % 64) {
            fence(Ordering::SeqCst); // [HINT]: who asks `is_empty` looks at the hint first
        }
        retries
    }

    /// Takes the run of a code that was pushed last, and the failed attempts; the hint stays.
    #[must_use = "a run that is dropped is lost"]
    pub fn pop(&self, code: usize) -> (Option<u32>, u32) {
        if self.stacks[code].is_empty() { (None, 0) } else { self.stacks[code].pop(&SlotLinks) }
    }

    /// Takes all runs of a code; the hint stays.
    #[must_use = "runs that are dropped are lost"]
    pub fn detach(&self, code: usize) -> Chain {
        self.stacks[code].detach()
    }

    /// Hides a code of which nothing was found, unless something is there by now.
    pub fn hide(&self, code: usize) {
        self.codes[code / 64].clear(code % 64, || !self.stacks[code].is_empty());
    }

    /// The run of a code that was pushed last: for checks, and the child of a fork, where stacks are whole at every
    /// instruction.
    pub fn top(&self, code: usize) -> u32 {
        self.stacks[code].top()
    }

    /// Shows every stack that has runs, in the child of a fork: the push may have come, and its hint not.
    pub fn show(&self) {
        for code in (0..NUM_RUN_CODES).filter(|&code| !self.stacks[code].is_empty()) {
            self.codes[code / 64].set(code % 64);
        }
    }

    /// Hides the stack of a code from searches, or shows it again: for the test of the checks.
    #[cfg(test)]
    pub fn damage_hint(&self, code: usize) {
        self.codes[code / 64].damage(code % 64);
    }
}

impl Default for EmptyRuns {
    fn default() -> Self {
        Self::new()
    }
}
