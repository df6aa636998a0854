//! Models of how registries are published: small copies, as weak as the real code, of two protocols that
//! live above `sync`. `scripts/loom --mutants` weakens them like the rest.
//!
//! | protocol | real code | promise |
//! |---|---|---|
//! | [TABLE] | `superslab::registry::slot_of` | who sees slots readable sees where they begin |
//! | [RADIX] | `large::registry` | a node is made once, and whole when it is found |
//! | [HUGE] | `large::registry` | who finds a block sees its record; of two frees one wins |

use super::watermark::Watermark;
use super::{AtomicPtr, AtomicUsize, Ordering};
use core::ptr;

/// The words that lead to the slot table.
struct Table {
    first: AtomicUsize,
    readable: Watermark,
}

impl Table {
    fn publish(&self, first: usize, readable: usize) {
        self.first.store(first, Ordering::Relaxed);
        self.readable.raise(readable);
    }

    fn slot_of(&self, address: usize) -> Option<usize> {
        let readable = self.readable.get();
        let slot = address.wrapping_sub(self.first.load(Ordering::Relaxed));
        (slot < readable).then_some(slot)
    }
}

const CACHED: usize = 1;

/// The node behind `link`: `fresh`, if there is none yet.
fn child<T>(link: &AtomicPtr<T>, fresh: *mut T) -> *mut T {
    let node = link.load(Ordering::Acquire);
    if !node.is_null() {
        return node;
    }
    match link.compare_exchange(ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire) {
        Ok(_) => fresh,
        Err(theirs) => theirs,
    }
}

fn insert(entry: &AtomicUsize, record: usize) {
    entry.store(record, Ordering::Release);
}

fn find(entry: &AtomicUsize) -> Option<usize> {
    match entry.load(Ordering::Acquire) {
        0 => None,
        word => (word & CACHED == 0).then_some(word),
    }
}

fn transition_cached(entry: &AtomicUsize, record: usize) -> bool {
    entry.compare_exchange(record, record | CACHED, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

#[cfg(all(test, loom))]
#[allow(unsafe_code)] // loom's cells and nodes are touched by pointer
mod models {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread::spawn;

    #[test]
    fn a_low_foreign_address_is_no_slot_at_any_time() {
        loom::model(|| {
            let table = Arc::new(Table { first: AtomicUsize::new(0), readable: Watermark::new() });
            let publisher = {
                let table = table.clone();
                spawn(move || table.publish(1000, 32))
            };
            assert_eq!(table.slot_of(5), None);
            assert!(table.slot_of(1003).is_none_or(|slot| slot == 3));
            publisher.join().unwrap();
            assert_eq!(table.slot_of(1003), Some(3));
        });
    }

    /// A leaf with one entry; `made` stands for the zeroed memory of the node.
    struct Leaf {
        made: UnsafeCell<u32>,
        entry: AtomicUsize,
    }

    struct Tree {
        root: AtomicPtr<Leaf>,
        fresh: [Leaf; 2],
        records: [UnsafeCell<u32>; 2],
    }

    fn tree() -> Arc<Tree> {
        let leaf = || Leaf { made: UnsafeCell::new(0), entry: AtomicUsize::new(0) };
        Arc::new(Tree {
            root: AtomicPtr::new(ptr::null_mut()),
            fresh: [leaf(), leaf()],
            records: [UnsafeCell::new(0), UnsafeCell::new(0)],
        })
    }

    /// Makes the leaf, if nobody has, and looks at what whoever made it wrote.
    fn leaf(tree: &Tree, by: usize) -> *mut Leaf {
        // SAFETY: each thread's own node, until it is published; then it is only read.
        tree.fresh[by].made.with_mut(|p| unsafe { *p = 7 });
        let leaf = child(&tree.root, (&raw const tree.fresh[by]).cast_mut());
        // SAFETY: nodes outlive the threads.
        unsafe { (*leaf).made.with(|p| assert_eq!(*p, 7)) };
        leaf
    }

    #[test]
    fn a_node_is_made_once_and_whole_when_it_is_found() {
        loom::model(|| {
            let tree = tree();
            let other = {
                let tree = tree.clone();
                spawn(move || leaf(&tree, 1) as usize)
            };
            let mine = leaf(&tree, 0) as usize;
            assert_eq!(mine, other.join().unwrap());
        });
    }

    #[test]
    fn a_found_block_has_its_record_and_one_of_two_frees_owns_it() {
        const RECORD: usize = 2;
        loom::model(|| {
            let tree = tree();
            let free = |tree: &Tree| {
                let won = find(&tree.fresh[0].entry).is_some_and(|_| {
                    // SAFETY: a live block's record is only read.
                    tree.records[0].with(|p| assert_eq!(unsafe { *p }, 9));
                    transition_cached(&tree.fresh[0].entry, RECORD)
                });
                if won {
                    // SAFETY: the winner's alone.
                    tree.records[1].with_mut(|p| unsafe { *p += 1 });
                }
                won
            };
            let freers = [0, 1].map(|_| {
                let tree = tree.clone();
                spawn(move || free(&tree))
            });
            // SAFETY: not registered yet.
            tree.records[0].with_mut(|p| unsafe { *p = 9 });
            insert(&tree.fresh[0].entry, RECORD);
            let won = freers.map(|freer| freer.join().unwrap());
            assert!(!(won[0] && won[1]), "both frees own the block");
        });
    }

    #[test]
    fn what_a_free_did_is_seen_by_who_registers_the_record_again() {
        const RECORD: usize = 2;
        loom::model(|| {
            let tree = tree();
            insert(&tree.fresh[0].entry, RECORD);
            let freer = {
                let tree = tree.clone();
                spawn(move || transition_cached(&tree.fresh[0].entry, RECORD))
            };
            let mine = transition_cached(&tree.fresh[0].entry, RECORD);
            assert!(mine ^ freer.join().unwrap());
            assert_eq!(find(&tree.fresh[0].entry), None);
        });
    }
}
