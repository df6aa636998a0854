//! Before a heap takes memory that was never used: classes of which no refill and no full bin was seen for a
//! while, and those of which nearly all is cached or free, give up what the thread caches of them. Their slabs may
//! become whole, and serve another class (stage 1b). A program that goes on to other sizes would hold a bin and a depot
//! of each size else.
//!
//! The idea of caches that shrink when they are idle: jemalloc's tcache, which counts allocations for it
//! and looks at one bin at a time. Here nothing is looked at while the heap does not grow.

use super::flush;
use super::heap::Inside;
use crate::bits;
use crate::geometry::{CLASSES, NUM_CLASSES};
use crate::policy;

/// Which classes a thread uses, in two generations: a bit for each class.
#[derive(Debug)]
pub struct Usage {
    /// Whose bin was empty or full in this generation.
    now: u128,
    /// In the one before.
    before: u128,
    /// Of which something may be cached.
    cached: u128,
    /// That were found hollow in this generation, and emptied.
    hollow: u128,
    /// Slots that the heap had acquired when this generation began.
    begun_at: u64,
}

impl Usage {
    /// No class was used.
    pub const fn new() -> Self {
        Self { now: 0, before: 0, cached: 0, hollow: 0, begun_at: 0 }
    }

    /// The same classes, when their bins go to a heap that has acquired so many slots.
    pub(super) const fn in_heap_that_acquired(self, slots: u64) -> Self {
        Self { begun_at: slots, ..self }
    }

    /// The bin of a class was empty or full.
    #[inline]
    pub(super) fn note(&mut self, class: usize) {
        self.now |= 1 << class;
    }

    /// Begins a generation where the last one has lasted long enough for a heap that has acquired so many
    /// slots, `held` of which it still has.
    fn age(&mut self, acquired: u64, held: u64) {
        if acquired - self.begun_at >= policy::usage_generation_slots(held) {
            self.begun_at = acquired;
            self.cached |= self.now;
            (self.now, self.before, self.hollow) = (0, self.now, 0);
        }
    }

    /// The classes that were used in neither generation and may have something cached, each once.
    fn take_idle(&mut self) -> u128 {
        let idle = self.cached & !(self.now | self.before);
        self.cached &= !idle;
        idle
    }
}

impl Default for Usage {
    fn default() -> Self {
        Self::new()
    }
}

/// Empties idle classes and hollow ones, for a heap that finds no warm run. Fresh memory costs a page fault for each
/// page, so this may look at all bins. `false`: there was nothing.
pub(super) fn before_growth(inside: &mut Inside<'_>) -> bool {
    let stats = inside.set.stats();
    let usage = &mut inside.front.usage;
    usage.age(stats.acquired_slots.get(), stats.held_slots());
    let emptied = usage.take_idle() | take_hollow(inside);
    bits::places_of(emptied).for_each(|class| flush::give_up_idle(inside, class));
    emptied != 0
}

/// The classes that have many more slabs than hold what is in use, and something cached that may keep those from being
/// whole; each once in a generation.
fn take_hollow(inside: &mut Inside<'_>) -> u128 {
    let is_hollow = |class: &usize| {
        let cached = inside.front.bins[*class].blocks() + inside.depot.blocks(*class) as usize;
        cached > policy::idle_bin_blocks(CLASSES[*class].bytes as usize) && inside.set.is_hollow(*class, cached)
    };
    let unseen = |class: &usize| inside.front.usage.hollow >> *class & 1 == 0;
    let hollow = (0..NUM_CLASSES).filter(unseen).filter(is_hollow).fold(0, |found, class| found | 1u128 << class);
    inside.front.usage.hollow |= hollow;
    hollow
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_idle_once_when_it_was_not_used_for_two_generations() {
        let mut usage = Usage::new();
        let generation = policy::usage_generation_slots(0);
        let mut acquired = 0;
        let mut age = |usage: &mut Usage| {
            acquired += generation;
            usage.age(acquired, 0);
            usage.take_idle()
        };
        usage.note(3);
        let last = NUM_CLASSES - 1;
        usage.note(last);
        assert_eq!(age(&mut usage), 0, "used in the generation before");
        usage.note(last);
        assert_eq!(age(&mut usage), 1 << 3);
        assert_eq!(age(&mut usage), 1 << last, "and class 3 has nothing any more");
        assert_eq!(age(&mut usage), 0);
    }

    #[test]
    fn a_generation_lasts_longer_in_a_large_heap() {
        let mut usage = Usage::new();
        usage.note(1);
        usage.age(99, 800);
        usage.hollow = 4;
        assert_eq!((usage.now, usage.before, usage.hollow), (2, 0, 4));
        usage.age(100, 800);
        assert_eq!((usage.now, usage.before, usage.hollow), (0, 2, 0));
    }
}
