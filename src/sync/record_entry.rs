//! What is registered at an address: nothing, or a record, live or cached.
//!
//! | from | to | transition | who |
//! |---|---|---|---|
//! | nothing, cached | live | `transition_live` | the owner of the record |
//! | live | cached | `transition_cached` | of several frees one, which owns the record from then on |
//! | live, cached | nothing | `transition_nothing` | the owner of the record |
//!
//! A record may stand for another address once it was removed. Who has read it without owning it asks
//! afterwards whether it still stood here ([`RecordEntry::still_is`]).

use super::{AtomicUsize, Ordering, const_new, fence};

/// Set in the address of a record that is cached.
const CACHED: usize = 1;

/// See the module. All-zero bytes are one with nothing.
#[derive(Debug)]
#[repr(transparent)]
pub struct RecordEntry(AtomicUsize);

/// What an entry says. Records are even addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Nothing.
    Nothing,
    /// A record that is in use.
    Live(usize),
    /// A record whose block was freed.
    Cached(usize),
}

impl RecordEntry {
    const_new! {
        /// Nothing is registered.
        pub fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// What is registered, and with it what the record says.
    pub fn find(&self) -> Registered {
        // acquire [HUGE]: pairs with `transition_live`
        match self.0.load(Ordering::Acquire) {
            0 => Registered::Nothing,
            word if word & CACHED != 0 => Registered::Cached(word & !CACHED),
            word => Registered::Live(word),
        }
    }

    /// Registers a record as live.
    pub fn transition_live(&self, record: usize) {
        debug_assert!(record != 0 && record & CACHED == 0);
        // release [HUGE]: what the record says is written
        self.0.store(record, Ordering::Release);
    }

    /// Removes what is registered; what the record says changes after that only.
    pub fn transition_nothing(&self) {
        // relaxed: nothing says nothing of a record
        self.0.store(0, Ordering::Relaxed);
        fence(Ordering::Release); // [HUGE]: pairs with the one in `still_is`
    }

    /// Live -> cached. `false`: another free was faster.
    #[must_use]
    pub fn transition_cached(&self, record: usize) -> bool {
        // relaxed, both: decides between frees; who comes here has the record from `find`, which acquired it
        self.0.compare_exchange(record, record | CACHED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Whether a record stands here still, live or cached, after the caller has read what it says.
    pub fn still_is(&self, record: usize) -> bool {
        fence(Ordering::Acquire); // [HUGE]: what was read came before the removal, or that is seen here
        // relaxed: ordered by the fence
        self.0.load(Ordering::Relaxed) & !CACHED == record
    }
}

impl Default for RecordEntry {
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
    use loom::thread::spawn;

    const RECORD: usize = 2;

    struct Block {
        entry: RecordEntry,
        says: UnsafeCell<u32>,
        owned: UnsafeCell<u32>,
        bytes: AtomicUsize,
    }

    fn block() -> Arc<Block> {
        let (says, owned) = (UnsafeCell::new(0), UnsafeCell::new(0));
        Arc::new(Block { entry: RecordEntry::new(), says, owned, bytes: AtomicUsize::new(4096) })
    }

    #[test]
    fn a_found_block_has_its_record_and_one_of_two_frees_owns_it() {
        loom::model(|| {
            let block = block();
            let free = |block: &Block| {
                let Registered::Live(record) = block.entry.find() else { return false };
                // SAFETY: a live block's record is only read.
                block.says.with(|p| assert_eq!(unsafe { *p }, 9));
                let won = block.entry.transition_cached(record);
                if won {
                    // SAFETY: the winner's alone.
                    block.owned.with_mut(|p| unsafe { *p += 1 });
                }
                won
            };
            let freers = [0, 1].map(|_| {
                let block = block.clone();
                spawn(move || free(&block))
            });
            // SAFETY: not registered yet.
            block.says.with_mut(|p| unsafe { *p = 9 });
            block.entry.transition_live(RECORD);
            let won = freers.map(|freer| freer.join().unwrap());
            assert!(!(won[0] && won[1]), "both frees own the block");
            if won[0] || won[1] {
                assert_eq!(block.entry.find(), Registered::Cached(RECORD));
            }
        });
    }

    #[test]
    fn a_record_that_stands_for_another_address_by_now_is_noticed() {
        loom::model(|| {
            let block = block();
            block.entry.transition_live(RECORD);
            let owner = {
                let block = block.clone();
                spawn(move || {
                    block.entry.transition_nothing();
                    block.bytes.store(1, Ordering::Relaxed); // of another block
                })
            };
            if block.entry.find() == Registered::Live(RECORD) {
                let bytes = block.bytes.load(Ordering::Relaxed);
                assert!(!block.entry.still_is(RECORD) || bytes == 4096);
            }
            owner.join().unwrap();
            assert_eq!(block.entry.find(), Registered::Nothing);
        });
    }
}
