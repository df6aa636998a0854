//! Sets of small numbers, one bit each: heaps that may be parked, heaps that somebody wants visited. The words of
//! several sets stand side by side, so that a program with few heaps touches one page for all of them.
//!
//! Any thread may insert, remove and look. Of several that remove a number one is told so, and it sees
//! what was done before the number was inserted.

use super::{AtomicU64, Ordering};

/// See the module: `SETS` sets of numbers below `64 * WORDS`.
#[derive(Debug)]
pub struct IdSets<const SETS: usize, const WORDS: usize> {
    words: [[AtomicU64; SETS]; WORDS],
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct IdSet<'a, const SETS: usize> {
    words: &'a [[AtomicU64; SETS]],
    set: usize,
}

impl<const SETS: usize, const WORDS: usize> IdSets<SETS, WORDS> {
    /// Empty sets.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self { words: [const { [const { AtomicU64::new(0) }; SETS] }; WORDS] }
    }

    /// Empty sets.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self { words: core::array::from_fn(|_| core::array::from_fn(|_| AtomicU64::new(0))) }
    }

    /// Set number `set`, below `SETS`.
    #[inline]
    pub const fn set(&self, set: usize) -> IdSet<'_, SETS> {
        IdSet { words: &self.words, set }
    }
}

impl<const SETS: usize, const WORDS: usize> Default for IdSets<SETS, WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const SETS: usize> IdSet<'_, SETS> {
    fn place(&self, id: u32) -> (&AtomicU64, u64) {
        (&self.words[id as usize / 64][self.set], 1 << (id % 64))
    }

    /// Puts a number in. `false`: it was in it.
    pub fn insert(&self, id: u32) -> bool {
        let (word, bit) = self.place(id);
        // release [WANTED]: pairs with the removal
        word.fetch_or(bit, Ordering::Release) & bit == 0
    }

    /// Takes a number out. `false`: it was not in it.
    pub fn remove(&self, id: u32) -> bool {
        let (word, bit) = self.place(id);
        // acquire [WANTED]
        word.fetch_and(!bit, Ordering::Acquire) & bit != 0
    }

    /// Whether a number is in the set: a hint.
    pub fn contains(&self, id: u32) -> bool {
        let (word, bit) = self.place(id);
        // relaxed: a hint
        word.load(Ordering::Relaxed) & bit != 0
    }

    /// The lowest number from `from` on, looking at those below `end`, rounded up to a word: a hint.
    #[inline]
    pub fn next(&self, from: u32, end: usize) -> Option<u32> {
        let (mut word, words) = (from as usize / 64, end.div_ceil(64));
        let mut mask = u64::MAX << (from % 64);
        while word < words {
            // relaxed: a hint
            let bits = self.words[word][self.set].load(Ordering::Relaxed) & mask;
            if bits != 0 {
                return Some((word * 64) as u32 + bits.trailing_zeros());
            }
            mask = u64::MAX;
            word += 1;
        }
        None
    }

    /// Takes a number out of those below `end`.
    #[must_use = "nobody else will see it"]
    #[inline]
    pub fn take(&self, end: usize) -> Option<u32> {
        self.take_from(self.next(0, end)?, end)
    }

    /// Takes `id` out, or where another thread was faster the next that can be had.
    #[cold]
    fn take_from(&self, id: u32, end: usize) -> Option<u32> {
        let mut at = id;
        while !self.remove(at) {
            at = self.next(at + 1, end)?;
        }
        Some(at)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_once_lowest_first() {
        let sets = IdSets::<2, 3>::new();
        let set = sets.set(1);
        [130, 5, 64, 63].into_iter().for_each(|id| assert!(set.insert(id)));
        assert!(!set.insert(5), "it was in it");
        assert!(set.contains(64) && !set.contains(65));
        assert_eq!(
            (set.next(0, 192), set.next(6, 192), set.next(65, 192), set.next(131, 192)),
            (Some(5), Some(63), Some(130), None)
        );
        assert_eq!(set.next(65, 128), None, "nobody looks behind the end");
        assert!(set.remove(63) && !set.remove(63));
        assert_eq!([0; 4].map(|_| set.take(192)), [Some(5), Some(64), Some(130), None]);
    }

    #[test]
    fn sets_side_by_side_know_nothing_of_each_other() {
        let sets = IdSets::<2, 1>::new();
        assert!(sets.set(0).insert(7) && sets.set(1).insert(9));
        assert!(!sets.set(1).contains(7) && !sets.set(1).remove(7));
        assert_eq!((sets.set(1).take(64), sets.set(1).take(64), sets.set(0).take(64)), (Some(9), None, Some(7)));
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    struct Asked {
        sets: IdSets<1, 1>,
        done: [UnsafeCell<u32>; 2],
    }

    fn asked() -> Arc<Asked> {
        Arc::new(Asked { sets: IdSets::new(), done: [UnsafeCell::new(0), UnsafeCell::new(0)] })
    }

    fn touch(asked: &Asked, id: u32) {
        // SAFETY: before its number is inserted the asker's, after it is removed the taker's; the model
        // checks exactly that.
        asked.done[id as usize].with_mut(|p| unsafe { *p += 1 });
    }

    fn ask(asked: &Asked, id: u32) {
        touch(asked, id);
        asked.sets.set(0).insert(id);
    }

    fn take(asked: &Asked) -> usize {
        asked.sets.set(0).take(2).map_or(0, |id| {
            touch(asked, id);
            1
        })
    }

    #[test]
    fn who_takes_a_number_sees_what_was_done_before_it_was_inserted() {
        loom::model(|| {
            let asked = asked();
            let asker = {
                let asked = asked.clone();
                spawn(move || ask(&asked, 0))
            };
            let mut taken = take(&asked);
            asker.join().unwrap();
            taken += take(&asked);
            assert_eq!(taken, 1);
        });
    }

    #[test]
    fn numbers_of_one_word_are_taken_once_each_by_two() {
        loom::model(|| {
            let asked = asked();
            ask(&asked, 0);
            let asker = {
                let asked = asked.clone();
                spawn(move || {
                    ask(&asked, 1);
                    take(&asked)
                })
            };
            let mut taken = take(&asked);
            taken += asker.join().unwrap();
            taken += take(&asked);
            assert_eq!((taken, take(&asked)), (2, 0));
        });
    }
}
