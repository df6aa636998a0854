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
    bytes: usize,
    spares: Stock,
}

impl Depot {
    /// An empty depot.
    pub const fn new() -> Self {
        let none = ptr::null_mut();
        Self { heads: [none; NUM_CLASSES], blocks: [0; NUM_CLASSES], bytes: 0, spares: Stock::new() }
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

    /// Whether one more magazine of `blocks` blocks may come in.
    pub fn has_room(&self, class: usize, blocks: usize) -> bool {
        let bytes = CLASSES[class].bytes as usize;
        let halvings = policy::cache_halvings(directory::in_use());
        policy::depot_has_room(bytes, blocks, self.blocks[class] as usize, self.bytes, halvings)
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
