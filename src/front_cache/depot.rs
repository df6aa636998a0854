//! The depot: full magazines of each class, moved to and from bins by pointer.
#![allow(unsafe_code)] // lists of magazines

use crate::geometry::*;
use crate::magazine::stock::{self, Stock};
use crate::magazine::{self, Magazine};
use crate::policy;
use crate::slab::directory;
use crate::slab::owned::cached_class;
use core::ptr;

/// See the module. Belongs to the tenant of the heap.
#[derive(Debug)]
pub struct Depot {
    heads: [*mut Magazine; NUM_CLASSES],
    blocks: [u32; NUM_CLASSES],
    /// How often the bound of each class was doubled.
    doublings: [u8; NUM_CLASSES],
    /// Slabs that the heap had acquired, and one, when the bound of the class kept a magazine out; 0 if none was since.
    refused_at: [u64; NUM_CLASSES],
    bytes: usize,
    spares: Stock,
}

impl Depot {
    /// An empty depot.
    pub const fn new() -> Self {
        let none = ptr::null_mut();
        Self {
            heads: [none; NUM_CLASSES],
            blocks: [0; NUM_CLASSES],
            doublings: [0; NUM_CLASSES],
            refused_at: [0; NUM_CLASSES],
            bytes: 0,
            spares: Stock::new(),
        }
    }

    /// Whether it holds no blocks.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Blocks of a class in the depot.
    pub fn blocks(&self, class: usize) -> u32 {
        self.blocks[class]
    }

    /// The same, racing with the tenant: for reports.
    ///
    /// # Safety
    /// `depot` is a heap's depot.
    pub unsafe fn blocks_of(depot: *const Depot, class: usize) -> u64 {
        // SAFETY: the caller's promise; a volatile read of a word that is always mapped.
        unsafe { u64::from((&raw const (*depot).blocks[class]).read_volatile()) }
    }

    /// Whether one more magazine of `blocks` blocks is let in, in a heap that has acquired so many slabs. Where only
    /// the bound of its class is in the way, that is noted.
    pub fn admits(&mut self, class: usize, blocks: usize, acquired_slabs: u64) -> bool {
        let bytes = CLASSES[class].bytes as usize;
        let halvings = policy::cache_halvings(directory::in_use());
        if !policy::depot_has_room(self.bytes + blocks * bytes, halvings) {
            return false;
        }
        let class_bytes = (self.blocks[class] as usize + blocks) * bytes;
        let is_admitted = policy::depot_class_has_room(class_bytes, u32::from(self.doublings[class]), halvings);
        if !is_admitted {
            self.refused_at[class] = acquired_slabs + 1;
        }
        is_admitted
    }

    /// Notes that blocks of a class are taken out of slabs, in a heap that has acquired so many: if the bound kept a
    /// magazine of such out a short while ago, it is doubled.
    pub fn note_missed(&mut self, class: usize, acquired_slabs: u64) {
        let refused_at = core::mem::take(&mut self.refused_at[class]);
        if refused_at != 0
            && policy::comes_back(refused_at - 1, acquired_slabs)
            && u32::from(self.doublings[class]) < policy::DEPOT_MOST_DOUBLINGS
        {
            self.doublings[class] += 1;
        }
    }

    /// Forgets that there was to be more room for a class.
    pub fn start_over(&mut self, class: usize) {
        (self.doublings[class], self.refused_at[class]) = (0, 0);
    }

    /// Puts a magazine in.
    ///
    /// # Safety
    /// `[I-MAGAZINE]` it belongs to the caller and is given away.
    pub unsafe fn put(&mut self, class: usize, magazine: *mut Magazine) {
        // SAFETY: the caller's promise.
        let blocks = unsafe {
            (*magazine).set_linked(self.heads[class]);
            (*magazine).count
        };
        debug_assert!(blocks > 0, "the depot holds no empty magazines");
        self.heads[class] = magazine;
        self.blocks[class] += u32::from(blocks);
        self.bytes += blocks as usize * CLASSES[class].bytes as usize;
    }

    /// Takes the magazine put in last.
    pub fn take(&mut self, class: usize) -> Option<*mut Magazine> {
        let magazine = self.heads[class];
        if magazine.is_null() {
            return None;
        }
        // SAFETY: [I-MAGAZINE] magazines in the depot belong to it.
        let (next, blocks) = unsafe { ((*magazine).linked(), (*magazine).count) };
        self.heads[class] = next;
        self.blocks[class] -= u32::from(blocks);
        self.bytes -= blocks as usize * CLASSES[class].bytes as usize;
        Some(magazine)
    }

    /// Empties the depot, in the child of a fork whose tenant may have been in the midst of a change,
    /// and shows the blocks that stood in it.
    pub fn abandon(&mut self, mut show: impl FnMut(&[*mut u8])) {
        let mut blocks_of = |magazine: &Magazine| {
            show(&magazine.items[..(magazine.count as usize).min(policy::MAGAZINE_BLOCKS)]);
        };
        // SAFETY: only the child of a fork empties a depot like this.
        unsafe {
            for head in self.heads {
                stock::give_up_list(head, &mut blocks_of);
            }
            self.spares.give_up();
        }
        *self = Self::new();
    }

    /// Number of faults: magazines, their blocks and the counts must agree.
    pub fn check_rep(&self) -> usize {
        let (mut faults, mut bytes) = (0, 0);
        for (class, info) in CLASSES.iter().enumerate() {
            let (mut at, mut blocks) = (self.heads[class], 0);
            // each has a block at least
            for _ in 0..policy::DEPOT_CLASS_MAX_BYTES / info.bytes as usize {
                if !magazine::is_one(at) {
                    break;
                }
                // SAFETY: [I-MAGAZINE] magazines in the depot belong to it.
                let magazine = unsafe { &*at };
                let count = (magazine.count as usize).min(policy::MAGAZINE_BLOCKS);
                faults += usize::from(count != magazine.count as usize || count == 0);
                let is_wrong = |block: &&*mut u8| cached_class(**block) != Some(class);
                faults += magazine.items[..count].iter().filter(is_wrong).count();
                blocks += count as u32;
                at = magazine.linked();
            }
            faults += usize::from(!at.is_null() || blocks != self.blocks[class]);
            bytes += blocks as usize * info.bytes as usize;
        }
        faults + usize::from(bytes != self.bytes) + usize::from(!self.spares.is_sound())
    }

    /// Counts so many blocks more: for the test of the checks.
    #[cfg(test)]
    pub fn damage(&mut self, class: usize, blocks: u32) {
        self.blocks[class] = self.blocks[class].wrapping_add(blocks);
    }

    /// Whether a magazine of the class holds `block`.
    pub fn holds(&self, class: usize, block: *mut u8) -> bool {
        let mut at = self.heads[class];
        while !at.is_null() {
            // SAFETY: [I-MAGAZINE] magazines in the depot belong to it.
            let magazine = unsafe { &*at };
            if magazine.blocks().contains(&block) {
                return true;
            }
            at = magazine.linked();
        }
        false
    }

    /// An empty magazine.
    pub fn empty_magazine(&mut self, class: usize) -> Option<*mut Magazine> {
        let magazine = self.spares.take()?;
        // SAFETY: [I-MAGAZINE] it is the caller's now.
        unsafe { (*magazine).clear(class as u8) };
        Some(magazine)
    }

    /// Keeps an empty magazine for later.
    ///
    /// # Safety
    /// `[I-MAGAZINE]` it belongs to the caller, who gives it away.
    pub unsafe fn keep_empty(&mut self, magazine: *mut Magazine) {
        // SAFETY: the caller's promise.
        unsafe { self.spares.put(magazine) }
    }

    /// Recycles every empty magazine.
    pub fn recycle_spares(&mut self) {
        self.spares.give_all();
    }
}

impl Default for Depot {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_class_grows_while_what_it_had_no_room_for_is_soon_wanted_back() {
        let mut depot = Depot::new();
        let class = class_of(1024);
        let kib = |depot: &mut Depot, slabs| (1..=1024).take_while(|&blocks| depot.admits(class, blocks, slabs)).last();
        depot.note_missed(class, 3);
        assert_eq!(kib(&mut depot, 3), Some(64), "nothing was refused before");
        depot.note_missed(class, 100);
        assert_eq!(kib(&mut depot, 100), Some(64), "the heap was about other sizes meanwhile");
        for room in [128, 256, 512, 1024, 1024] {
            depot.note_missed(class, 101);
            depot.note_missed(class, 101);
            assert_eq!(kib(&mut depot, 101), Some(room), "once for each time");
        }
        depot.start_over(class);
        assert_eq!(kib(&mut depot, 101), Some(64));
    }
}
