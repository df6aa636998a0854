//! The word of a slot: what is in it, by a code of the caller.
//!
//! | from | to | transition | who |
//! |---|---|---|---|
//! | any | any | `set` | the owner of the slot's run, before any block of it leaves its hands |
//! | the head of a run that nobody owns | unused | `transition_unused` | of several threads that free the run, one, which owns it from then on |
//!
//! All accesses are relaxed. Who was handed a block was handed its entry with it; an owner of a run passes it on
//! through the run's release.

use super::{AtomicU32, Ordering, const_new};

/// See the module. All-zero bytes are one.
#[derive(Debug)]
#[repr(transparent)]
pub struct EntryWord(AtomicU32);

impl EntryWord {
    const_new! {
        /// The code 0.
        pub fn new() -> Self {
            Self(AtomicU32::new(0))
        }
    }

    /// What is in the slot, for who was handed a block of it.
    #[inline(always)]
    pub fn get(&self) -> u32 {
        // relaxed [ENTRY]: see the module
        self.0.load(Ordering::Relaxed)
    }

    /// Says what is in the slot; by the owner of its run.
    #[inline(always)]
    pub fn set(&self, entry: u32) {
        // relaxed [ENTRY]: see the module
        self.0.store(entry, Ordering::Relaxed);
    }

    /// Takes the word `head` off and stores `unused`. `false`: it was not `head` any more, another free was faster.
    #[must_use]
    pub fn transition_unused(&self, head: u32, unused: u32) -> bool {
        // relaxed [ENTRY]: decides between frees, each of which was handed the block
        self.0.compare_exchange(head, unused, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Default for EntryWord {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicBool;
    use loom::thread::spawn;

    const HEAD: u32 = 7;

    #[test]
    fn who_was_handed_a_block_finds_its_entry_and_one_of_two_frees_owns_the_run() {
        loom::model(|| {
            // the entry, whether the block was handed on, and what the owner of the run may touch
            let shared = Arc::new((EntryWord::new(), AtomicBool::new(false), UnsafeCell::new(0_u32)));
            let free = |(entry, is_handed_on, run): &(EntryWord, AtomicBool, UnsafeCell<u32>)| {
                if !is_handed_on.load(Ordering::Acquire) {
                    return false;
                }
                let won = entry.get() == HEAD && entry.transition_unused(HEAD, 0);
                if won {
                    // SAFETY: the winner's alone; the model checks exactly that.
                    run.with_mut(|p| unsafe { *p += 1 });
                }
                won
            };
            let freers = [0, 1].map(|_| {
                let shared = shared.clone();
                spawn(move || free(&shared))
            });
            // SAFETY: not handed on yet.
            shared.2.with_mut(|p| unsafe { *p = 9 });
            shared.0.set(HEAD);
            shared.1.store(true, Ordering::Release);
            let won = freers.map(|freer| freer.join().unwrap());
            assert!(!(won[0] && won[1]), "both frees own the run");
            assert_eq!(shared.0.get(), if won[0] || won[1] { 0 } else { HEAD });
        });
    }
}
