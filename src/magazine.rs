//! Magazines: arrays of block pointers that move between bins, depots, outboxes and queues by
//! pointer. All of one size, in memory that is never unmapped; empty ones are recycled ([`stock`]).
//!
//! Who touches what: a magazine belongs to whoever holds its pointer. Others only read, perhaps in
//! vain: `link` (the recycling stack's poppers), `bytes` (posters, of the newest batch of a queue),
//! and `items` (a suspected double free looks through the bin of another heap).
//!
//! Source of the idea: J. Bonwick, J. Adams, "Magazines and Vmem", USENIX 2001.

use crate::policy::MAGAZINE_BLOCKS;
use crate::superslab::pool;
use crate::sync::batch_queue::Node;
use crate::sync::{AtomicPtr, AtomicU32, Ordering};
use core::ptr;

pub mod stock;

/// `class` of a batch whose blocks are of several classes.
pub const MIXED: u8 = u8::MAX;

/// See the module.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Magazine {
    /// Link of a queue or list while in one; number of the next piece on the recycling stack.
    link: AtomicPtr<Magazine>,
    /// Blocks in `items`, from the start.
    pub count: u16,
    /// The class of all blocks, or [`MIXED`].
    pub class: u8,
    /// So many blocks, the first, may never have been in use: a refill brought them. 0 in a batch of freed ones.
    pub unused: u8,
    /// Bytes of the blocks; in a queue, of this batch and all older ones when it was posted.
    bytes: AtomicU32,
    /// The blocks.
    pub items: [*mut u8; MAGAZINE_BLOCKS],
}

const _: () = assert!(size_of::<Magazine>() == 1024);

impl Node for Magazine {
    fn next(&self) -> &AtomicPtr<Self> {
        &self.link
    }
}

/// Whether a pointer may be that of a magazine: for lists that may be torn.
pub fn is_one(pointer: *mut Magazine) -> bool {
    pool::may_start_at(pointer as usize)
}

impl Magazine {
    /// The next older batch or list member.
    pub fn linked(&self) -> *mut Magazine {
        // relaxed: the caller owns the batch or list, as whoever linked it did before
        self.link.load(Ordering::Relaxed)
    }

    /// Links a list that one thread owns.
    pub fn set_linked(&self, next: *mut Magazine) {
        // relaxed: published by whatever gives the list away
        self.link.store(next, Ordering::Relaxed);
    }

    /// Makes the magazine an empty batch.
    pub fn clear(&mut self, class: u8) {
        self.count = 0;
        self.class = class;
        self.unused = 0;
        // relaxed, both: others may still read them in vain, so these are no plain stores
        self.bytes.store(0, Ordering::Relaxed);
        self.link.store(ptr::null_mut(), Ordering::Relaxed);
    }

    /// Bytes of the batch and of all that was in the queue when it was posted.
    pub fn bytes(&self) -> usize {
        // relaxed: a hint where the magazine is not the caller's
        self.bytes.load(Ordering::Relaxed) as usize
    }

    /// Sets [`Magazine::bytes`]; above 4 GiB it stays there.
    pub fn set_bytes(&self, bytes: usize) {
        // relaxed: published by the post
        self.bytes.store(u32::try_from(bytes).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Adds a block; the magazine is not full.
    #[inline]
    pub fn push(&mut self, block: *mut u8) {
        debug_assert!((self.count as usize) < MAGAZINE_BLOCKS);
        self.items[self.count as usize] = block;
        self.count += 1;
    }

    /// Adds a block of `class`; the magazine is not full.
    #[inline]
    pub fn push_of(&mut self, class: usize, block: *mut u8) {
        self.push(block);
        if self.class != class as u8 {
            self.class = MIXED;
        }
    }

    /// The blocks.
    pub fn blocks(&self) -> &[*mut u8] {
        &self.items[..self.count as usize]
    }
}

#[cfg(test)]
#[allow(unsafe_code)] // gives a magazine back
mod tests {
    use super::*;

    #[test]
    fn a_magazine_is_told_from_what_is_none() {
        let magazine = stock::obtain().unwrap();
        assert!(is_one(magazine));
        assert!(!is_one(ptr::null_mut()) && !is_one(magazine.wrapping_byte_add(8)) && !is_one(ptr::dangling_mut()));
        // SAFETY: obtained above, and not used afterwards.
        unsafe { stock::recycle(magazine) };
    }
}
