//! A lane of an outbox: blocks of one owner that wait for more of them.
#![allow(unsafe_code)] // fills magazines by pointer

use crate::geometry::*;
use crate::magazine::{MIXED, Magazine};
use crate::policy;
use crate::slab::directory;
use crate::slab::owned::cached_class;
use crate::sync::{Ordering, compiler_fence};
use core::mem::offset_of;
use core::ptr;

/// Blocks of one owner, in the places of a magazine from `base` to below `top`. A fork in another thread copies it
/// at some instruction: `end` is set last and cleared first, and what follows from the others is put right then.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Lane {
    /// Just above the last block.
    pub(super) top: *mut *mut u8,
    /// The place whose block calls for a look at the bounds; null without a batch.
    pub(super) end: *mut *mut u8,
    /// The first place.
    base: *mut *mut u8,
    /// Bytes that may come before that look; below zero where more have come.
    pub(super) left: i32,
    pub(super) owner: u32,
    /// What the owner's count of looks for blocks was at the last post.
    asked: u32,
    /// Of the first block.
    class: u8,
    /// Not 0 where blocks are of other classes too.
    mixed: u8,
    /// Blocks posted since `asked` changed.
    quiet_blocks: u16,
}

impl Lane {
    /// An empty lane.
    pub(super) const fn of(owner: u32) -> Self {
        let (top, end, base) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        Self { top, end, base, left: 0, owner, asked: 0, class: 0, mixed: 0, quiet_blocks: 0 }
    }

    /// Blocks of a batch: fewer for an owner that sleeps, so that little is left on its way.
    pub(super) fn most_blocks(&self) -> u8 {
        policy::batch_blocks(self.quiet_blocks)
    }

    /// Whether there is a batch, of at least one block but for a moment.
    pub(super) fn has_batch(&self) -> bool {
        !self.end.is_null()
    }

    /// Places from the first one to below another.
    fn places_to(&self, to: *mut *mut u8) -> usize {
        (to as usize).wrapping_sub(self.base as usize) / size_of::<*mut u8>()
    }

    /// Blocks in the lane; too many, perhaps, where somebody reads who is not the owner.
    pub(super) fn count(&self) -> usize {
        if self.has_batch() { self.places_to(self.top) } else { 0 }
    }

    /// Bytes in the lane.
    pub(super) fn bytes(&self) -> usize {
        if self.has_batch() { self.bytes_before_look().wrapping_sub(self.left as usize) } else { 0 }
    }

    /// What `left` was at first.
    fn bytes_before_look(&self) -> usize {
        policy::lane_look(self.places_to(self.end), self.most_blocks()).1
    }

    /// The blocks.
    pub(super) fn blocks(&self) -> &[*mut u8] {
        match self.count() {
            // SAFETY: [I-MAGAZINE] the lane's batch belongs to the outbox; `top` is above its last block.
            count @ 1..=policy::MAGAZINE_BLOCKS => unsafe { core::slice::from_raw_parts(self.base, count) },
            _ => &[],
        }
    }

    /// Whether `block` is in the lane, which may be a copy of one that its owner goes on with.
    pub(super) fn may_hold(&self, block: *mut u8) -> bool {
        // SAFETY: [I-POOL] volatile reads of places of a magazine: those are always mapped.
        (0..self.count().min(policy::MAGAZINE_BLOCKS)).any(|at| unsafe { self.base.add(at).read_volatile() } == block)
    }

    /// Begins an empty batch.
    ///
    /// # Safety
    /// `[I-MAGAZINE]` the batch is the caller's, who gives it to the lane, which has none.
    pub(super) unsafe fn begin(&mut self, batch: *mut Magazine, class: usize) {
        // SAFETY: the caller's promise.
        self.base = unsafe { (&raw mut (*batch).items).cast() };
        (self.top, self.class, self.mixed) = (self.base, class as u8, 0);
        self.go_on(0, 0);
    }

    /// Sets when the bounds are looked at next, of a batch that is not full.
    pub(super) fn go_on(&mut self, count: usize, bytes: usize) {
        let (places, most_bytes) = policy::lane_look(count, self.most_blocks());
        self.left = (most_bytes - bytes) as i32;
        compiler_fence(Ordering::Release);
        self.end = self.base.wrapping_add(places as usize - 1);
    }

    /// Adds a block to the batch, which is there and not full: a lane is posted as soon as it is.
    #[inline(always)]
    pub(super) fn push(&mut self, class: usize, bytes: u32, block: *mut u8) {
        debug_assert!(self.has_batch() && self.top <= self.end);
        // SAFETY: [I-MAGAZINE] a place of the lane's batch.
        unsafe { self.top.write(block) };
        // the block before the count: another thread's fork copies a consistent lane
        compiler_fence(Ordering::Release);
        self.top = self.top.wrapping_add(1);
        self.left = self.left.wrapping_sub(bytes as i32);
        self.mixed |= self.class ^ class as u8;
    }

    /// The batch, which is the caller's then; null if there is none.
    pub(super) fn take(&mut self) -> *mut Magazine {
        if !self.has_batch() {
            return ptr::null_mut();
        }
        let batch = self.base.cast::<u8>().wrapping_sub(offset_of!(Magazine, items)).cast::<Magazine>();
        // SAFETY: [I-MAGAZINE] the lane's batch belongs to this outbox.
        unsafe {
            (*batch).count = self.count() as u16;
            (*batch).class = if self.mixed == 0 { self.class } else { MIXED };
        }
        self.end = ptr::null_mut();
        compiler_fence(Ordering::Release);
        (self.top, self.base, self.left) = (ptr::null_mut(), ptr::null_mut(), 0);
        batch
    }

    /// Puts right what the owner has left in its midst, in the child of a fork.
    pub(super) fn recover(&mut self) {
        if !self.has_batch() {
            (self.top, self.base, self.left) = (ptr::null_mut(), ptr::null_mut(), 0);
            return;
        }
        let (mut bytes, mut mixed) = (0, 0);
        for class in self.blocks().iter().filter_map(|&block| cached_class(block)) {
            bytes += CLASSES[class].bytes as i32;
            mixed |= self.class ^ class as u8;
        }
        (self.left, self.mixed) = (self.bytes_before_look() as i32 - bytes, mixed);
    }

    /// Number of faults: the bytes must be those of the blocks, and nothing be left of a batch that was posted.
    pub(super) fn check_rep(&self) -> usize {
        let classes = self.blocks().iter().filter_map(|&block| cached_class(block));
        let (count, bytes) = classes.fold((0, 0), |(n, sum), class| (n + 1, sum + CLASSES[class].bytes as usize));
        usize::from(count != self.count() || bytes != self.bytes())
            + usize::from(!(self.has_batch() || self.top.is_null() && self.base.is_null()))
    }

    /// Whether the owner sleeps, now that a batch of `blocks` more was posted to it.
    pub(super) fn is_quiet_after_post(&mut self, blocks: usize) -> bool {
        let asked = directory::find(self.owner).map_or(0, |heap| heap.shared.asked.get() as u32);
        self.quiet_blocks = if asked == self.asked { policy::quiet_blocks_after(self.quiet_blocks, blocks) } else { 0 };
        self.asked = asked;
        policy::owner_sleeps(self.quiet_blocks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::magazine::stock;

    /// Whatever instruction of `begin`, `push`, `go_on` or `take` a fork copies a lane at.
    #[test]
    fn a_lane_that_a_fork_has_copied_is_whole() {
        let class = class_of(4096);
        let block = crate::alloc::allocate(4096);
        let batch = stock::obtain().unwrap();
        let mut lane = Lane::of(3);
        // SAFETY: [I-MAGAZINE] obtained above.
        unsafe {
            (*batch).clear(class as u8);
            lane.begin(batch, class);
        }
        let is_whole = |mut lane: Lane, blocks: usize| {
            lane.recover();
            assert_eq!((lane.count(), lane.bytes(), lane.mixed), (blocks, blocks * 4096, 0));
        };
        let begun_but_for_its_end = Lane { end: ptr::null_mut(), ..lane };
        is_whole(begun_but_for_its_end, 0);
        assert!(begun_but_for_its_end.blocks().is_empty());
        lane.push(class, 4096, block);
        is_whole(lane, 1);
        is_whole(Lane { left: lane.left + 4096, mixed: 1, ..lane }, 1);
        let mut gone_on = lane;
        gone_on.go_on(40, 4096);
        assert_ne!((gone_on.end, gone_on.left), (lane.end, lane.left));
        is_whole(Lane { end: lane.end, ..gone_on }, 1);
        is_whole(gone_on, 1);
        let copy = lane;
        assert_eq!(lane.take(), batch);
        is_whole(lane, 0);
        is_whole(Lane { end: ptr::null_mut(), ..copy }, 0);
        // SAFETY: allocated and obtained above, each given back once.
        unsafe {
            stock::recycle(batch);
            crate::free::deallocate(block);
        }
    }
}
