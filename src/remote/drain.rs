//! Taking what others have freed, by the tenant of the heap.
#![allow(unsafe_code)] // opens batches by pointer

use super::forward::Forward;
use crate::fatal;
use crate::geometry::*;
use crate::magazine::{MIXED, Magazine};
use crate::mark;
use crate::os;
use crate::shared_pool;
use crate::slab::owned;
use crate::slab::set::SlabSet;
use crate::superslab::registry::{self, TableView};

/// What a drain needs of the front cache above it.
pub trait Receiver {
    /// Whether a batch of `blocks` blocks of one class is let into the depot as it is; who is refused is remembered.
    fn admits(&mut self, class: usize, blocks: usize) -> bool;
    /// Takes a batch for which there is room.
    fn keep(&mut self, class: usize, batch: *mut Magazine);
    /// Takes the magazine of a batch whose blocks are settled.
    fn keep_empty(&mut self, batch: *mut Magazine);
    /// May take a block of the heap's own into its bin.
    fn keep_block(&mut self, class: usize, block: *mut u8) -> bool;
    /// Whether a block is in the bin or the depot of the heap.
    fn holds(&self, class: usize, block: *mut u8) -> bool;
}

/// Takes every batch of the heap's queue; what the receiver does not keep goes back to the slabs.
/// Heaps that need help because blocks were forwarded to them are wanted afterwards
/// ([`directory::want_visit`]).
///
/// [`directory::want_visit`]: crate::slab::directory::want_visit
pub fn drain(set: &mut SlabSet, receiver: &mut impl Receiver) {
    if !set.shared().strays.is_empty() {
        take_strays(set, receiver);
    }
    let mut batch = set.shared().queue.take_all();
    if batch.is_null() {
        return;
    }
    let stats = set.stats();
    stats.drains.add();
    while !batch.is_null() {
        // SAFETY: [I-MAGAZINE] the exchange gave all batches to this thread.
        let opened = unsafe { &mut *batch };
        let next = opened.linked();
        stats.drained_batches.add();
        stats.drained_blocks.add_n(u64::from(opened.count));
        let (class, count) = (opened.class as usize, opened.count as usize);
        if opened.class != MIXED && receiver.admits(class, count) {
            receive(receiver, opened.blocks());
            stats.drained_bytes.add_n(count as u64 * u64::from(CLASSES[class].bytes));
            receiver.keep(class, batch);
        } else {
            let (left, bytes) = sort(set.owner(), receiver, opened);
            stats.drained_bytes.add_n(bytes);
            settle(set, &opened.blocks()[..left]);
            receiver.keep_empty(batch);
        }
        batch = next;
    }
}

/// Offers each block of a batch to its bin; moves those that are not taken to the front. Returns how many
/// those are, and the bytes of all.
fn sort(owner: u32, receiver: &mut impl Receiver, batch: &mut Magazine) -> (usize, u64) {
    let (secret, mine) = (os::process_secret(), owner << OWNER_SHIFT);
    let (mut left, mut bytes) = (0, 0);
    for place in 0..batch.count as usize {
        let block = batch.items[place];
        // SAFETY: [I-MAGAZINE] the batch, and so the block of at least 16 bytes, is this thread's.
        let is_marked_twice = !unsafe { mark::receive(secret, block) };
        if is_marked_twice && (batch.items[..left].contains(&block) || is_free(receiver, block)) {
            fatal::double_free(block as usize);
        }
        let entry = registry::slot_of(block as usize).map_or(ENTRY_UNUSED, registry::entry);
        if let Some(class) = entry_class(entry) {
            bytes += u64::from(CLASSES[class].bytes);
            if entry ^ mine == class as u32 && receiver.keep_block(class, block) {
                continue;
            }
        }
        batch.items[left] = block;
        left += 1;
    }
    (left, bytes)
}

/// Blocks that came without a magazine.
#[cold]
fn take_strays(set: &mut SlabSet, receiver: &impl Receiver) {
    let mut stray = set.shared().strays.take_all();
    while !stray.is_null() {
        let block: *mut u8 = stray.cast();
        // SAFETY: [I-STRAY] the exchange gave all strays to this thread.
        stray = unsafe { (*stray).linked() };
        receive(receiver, &[block]);
        let stats = set.stats();
        stats.drained_blocks.add();
        stats.drained_bytes.add_n(block_class(block).map_or(0, |class| u64::from(CLASSES[class].bytes)));
        settle(set, &[block]);
    }
}

/// Turns the marks of arrived blocks into local ones. A block that has the local mark already is
/// looked for among the free blocks, and in what has arrived with it.
fn receive(receiver: &impl Receiver, blocks: &[*mut u8]) {
    let secret = os::process_secret();
    for (place, &block) in blocks.iter().enumerate() {
        // SAFETY: [I-MAGAZINE] the batch, and so the block of at least 16 bytes, is this thread's.
        if !unsafe { mark::receive(secret, block) } && (blocks[..place].contains(&block) || is_free(receiver, block)) {
            fatal::double_free(block as usize);
        }
    }
}

#[cold]
fn is_free(receiver: &impl Receiver, block: *mut u8) -> bool {
    let Some(slot) = registry::slot_of(block as usize) else { return true };
    let Some(class) = entry_class(registry::entry(slot)) else { return true };
    owned::seems_free(owned::head_slot(slot, class), block as usize) || receiver.holds(class, block)
}

/// The class of the slab that a block stands in.
fn block_class(block: *mut u8) -> Option<usize> {
    entry_class(registry::entry(registry::slot_of(block as usize)?))
}

/// Puts blocks of one class back into their slabs: as [`settle`], in less time.
pub fn settle_class(set: &mut SlabSet, class: usize, blocks: &[*mut u8]) {
    let put = shared_pool::return_leading_of_class(set, class, blocks);
    if put < blocks.len() {
        settle(set, &blocks[put..]);
    }
}

/// Puts blocks back into their slabs, those that stand in a row and in one slab at once, or forwards them
/// to the heap that has adopted their slab: as for [`drain`].
pub fn settle(set: &mut SlabSet, blocks: &[*mut u8]) {
    // the blocks were handed out: their slots are readable by now
    let (view, mine) = (TableView::now(), set.owner() << OWNER_SHIFT);
    let mut forward = Forward::new();
    let mut rest = blocks;
    while let Some((&block, others)) = rest.split_first() {
        let Some((slot, entry)) = view.look(block as usize) else { fatal::corrupted("a cached block", block as usize) };
        let class = (entry ^ mine) as usize;
        if class < NUM_CLASSES {
            let head = owned::head_slot(slot, class);
            let put = shared_pool::return_leading(set, head, class, rest);
            rest = &rest[put..];
            continue;
        }
        rest = others;
        // a block keeps its slab from being released: an entry without class means it came twice
        let Some(class) = entry_class(entry) else { fatal::double_free(block as usize) };
        // SAFETY: a block that is settled is free, and in no other hands.
        unsafe { forward.add(entry_owner(entry), class, block) };
    }
    forward.post();
}
