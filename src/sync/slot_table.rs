//! The words that lead to the slot table: where slots begin, how many of their entries may be read, where the first
//! entry is.

use super::watermark::Watermark;
use super::{AtomicUsize, Ordering, const_new};

/// See the module. Every thread that places the table stores the same.
#[derive(Debug)]
pub struct SlotTable {
    /// Number of the first slot, counted from address 0; 0 before start.
    first_slot: AtomicUsize,
    /// Address of the entry word of the first slot.
    table: AtomicUsize,
    readable_slots: Watermark,
}

impl SlotTable {
    const_new! {
        /// No slot is readable.
        pub fn new() -> Self {
            Self { first_slot: AtomicUsize::new(0), table: AtomicUsize::new(0), readable_slots: Watermark::new() }
        }
    }

    /// Says where slots and entries begin; before [`SlotTable::raise_readable`].
    pub fn place(&self, first_slot: usize, table: usize) {
        // relaxed, both: published by [TABLE]
        self.table.store(table, Ordering::Relaxed);
        self.first_slot.store(first_slot, Ordering::Relaxed);
    }

    /// Makes the entries of the first `slots` slots readable to every thread.
    pub fn raise_readable(&self, slots: usize) {
        // [TABLE]: a mark; their pages are committed, and the table is placed
        self.readable_slots.raise(slots);
    }

    /// The index of the slot with this number counted from address 0, if it is readable.
    #[inline(always)]
    pub fn index_of(&self, number: usize) -> Option<usize> {
        // [TABLE]: before the first slot, which would be 0 if it were read before a publication that the
        // other load sees: a low foreign address would then be a slot
        let readable_slots = self.readable_slots.get();
        let index = number.wrapping_sub(self.first_slot());
        if index < readable_slots { Some(index) } else { None }
    }

    /// First slot, readable slots and table, as of now.
    #[inline]
    pub fn now(&self) -> (usize, usize, usize) {
        let readable_slots = self.readable_slots.get(); // [TABLE]: first, as above
        (self.first_slot(), readable_slots, self.table())
    }

    /// How many slots are readable, only to compare it.
    #[inline]
    pub fn peek_readable(&self) -> usize {
        self.readable_slots.peek()
    }

    /// For who has a slot number: who gave it has seen the table placed.
    #[inline(always)]
    pub fn first_slot(&self) -> usize {
        // relaxed: see above
        self.first_slot.load(Ordering::Relaxed)
    }

    /// The same for the entries.
    #[inline(always)]
    pub fn table(&self) -> usize {
        // relaxed: as in `first_slot`
        self.table.load(Ordering::Relaxed)
    }
}

impl Default for SlotTable {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, loom))]
mod models {
    use super::*;
    use loom::sync::Arc;
    use loom::thread::spawn;

    #[test]
    fn a_low_foreign_address_is_no_slot_at_any_time() {
        loom::model(|| {
            let table = Arc::new(SlotTable::new());
            let publisher = {
                let table = table.clone();
                spawn(move || {
                    table.place(1000, 77);
                    table.raise_readable(32);
                })
            };
            assert_eq!(table.index_of(5), None);
            assert!(table.index_of(1003).is_none_or(|index| index == 3));
            let (first, readable, entries) = table.now();
            assert!(readable == 0 || (first, entries) == (1000, 77));
            publisher.join().unwrap();
            assert_eq!((table.index_of(1003), table.peek_readable()), (Some(3), 32));
        });
    }
}
