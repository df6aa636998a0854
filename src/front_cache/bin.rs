//! A bin: the blocks of one class that a thread has at hand, in an array outside the blocks.
//!
//! A few stand in the bin's *home*, a small array that it keeps for good; with more the bin stands in a magazine. So a
//! thread that uses a class little has 128 bytes for it in place of 1 KiB, and ends without giving a magazine away.
//!
//! Pop reads the pointer below `top` and then lowers `top`; push writes the pointer and then raises
//! `top`. A fork in another thread therefore sees every block below `top` valid.
#![allow(unsafe_code)] // pointers into home and magazine

use super::heap::fixed_refill_blocks;
use crate::geometry::*;
use crate::magazine::Magazine;
use crate::policy::{self, HOME_BLOCKS, MAGAZINE_BLOCKS};
use crate::slab::owned::cached_class;
use crate::superslab::pool;
use core::arch::asm;
use core::mem::offset_of;
use core::ptr;

/// See the module. One cache line; an all-zero bin is empty and full at once, so that both pop and
/// push take the slow path.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Bin {
    /// Just above the last block.
    pub(super) top: *mut *mut u8,
    /// The first place.
    pub(super) base: *mut *mut u8,
    /// Just above the last place.
    pub(super) end: *mut *mut u8,
    /// `ceil(2^64 / bytes)`, for the check of block starts.
    inverse: u64,
    /// [`ClassInfo::product_bound`]; 0 until the bin was used, so that nothing is a block's start.
    product_bound: u64,
    /// `slab bytes - 1`.
    slab_mask: u32,
    bytes: u32,
    /// Blocks of the next refill.
    pub(super) refill_blocks: u16,
    capacity: u16,
    /// How often the bytes were halved that the capacity follows from.
    halvings: u8,
    /// Requests that blocks of larger classes have served since the class last got blocks out of slabs.
    served_by_larger: u8,
    /// So many blocks, the lowest, may never have been in use; see [`Bin::offers_used_block`].
    unused_blocks: u8,
    /// The bin's own places, null until they are needed: a piece of the metadata pool that stays the bin's.
    home: *mut Home,
}

/// The places of a bin of few blocks. It belongs to one bin at a time, and moves with it.
type Home = [*mut u8; HOME_BLOCKS];

const _: () = assert!(HOME_BLOCKS <= MAGAZINE_BLOCKS); // what stands at home fits in a magazine

const _: () = assert!(size_of::<Bin>() == 64);

impl Bin {
    /// Sets what follows from the class, and from how many threads there are; what is in the bin stays.
    pub(super) fn prepare(&mut self, class: usize, capacity: usize, halvings: u32, first_refill: usize) {
        let info = &CLASSES[class];
        self.inverse = info.inverse;
        self.product_bound = info.product_bound;
        self.slab_mask = info.slab_mask;
        self.bytes = info.bytes;
        self.capacity = capacity as u16;
        self.halvings = halvings as u8;
        self.refill_blocks = first_refill.min(capacity) as u16;
    }

    /// Whether [`Bin::prepare`] was called last with so many halvings.
    pub(super) fn is_prepared_for(&self, halvings: u32) -> bool {
        self.capacity != 0 && u32::from(self.halvings) == halvings
    }

    /// Whether the bytes were halved that its capacity follows from: threads are many.
    pub(super) fn is_halved(&self) -> bool {
        self.halvings > 0
    }

    /// The bin that stands `offset` bytes from the start of its heap, its address in one register.
    ///
    /// A free stores `top` and the next malloc loads it. Intel's cores since Golden Cove hand such a value
    /// over before they know the store's address, but only where both instructions address it by one
    /// register: with a register for the heap and one for the offset, which the compiler would choose, a
    /// pair of malloc and free takes twice as long (docs/fast-path.md).
    #[inline(always)]
    pub fn at_offset<H>(heap: *mut H, offset: usize) -> *mut Bin {
        let bin: *mut Bin;
        // SAFETY: an addition of registers.
        unsafe { asm!("add {0}, {1}", inout(reg) offset => bin, in(reg) heap as usize, options(pure, nomem, nostack)) };
        bin
    }

    /// Blocks in the bin.
    #[inline]
    pub fn blocks(&self) -> usize {
        (self.top as usize - self.base as usize) / size_of::<*mut u8>()
    }

    /// Blocks that a refill may bring at most.
    pub(super) fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Whether the block that [`Bin::pop`] would take was surely in use before: it does not stand where a refill has put one
    /// that nobody may have taken since. Refills come to empty bins, so those are the lowest; how many are left is seen
    /// by who looks, not by pop.
    pub(super) fn offers_used_block(&mut self) -> bool {
        self.note_unused(usize::from(self.unused_blocks));
        self.blocks() > usize::from(self.unused_blocks)
    }

    /// Notes that no more than the lowest `most` blocks, and of those that are there, may be unused.
    pub(super) fn note_unused(&mut self, most: usize) {
        self.unused_blocks = most.min(self.blocks()) as u8;
    }

    /// The same, once the lowest `blocks` are gone.
    pub(super) fn note_lowest_gone(&mut self, blocks: usize) {
        self.note_unused(usize::from(self.unused_blocks).saturating_sub(blocks));
    }

    /// Requests that blocks of larger classes have served since the class last got blocks out of slabs.
    pub(super) fn served_by_larger(&self) -> usize {
        usize::from(self.served_by_larger)
    }

    /// Notes one more of those.
    pub(super) fn note_served_by_larger(&mut self) {
        self.served_by_larger += 1;
    }

    /// Notes that the class gets blocks of its own.
    pub(super) fn note_own_blocks(&mut self) {
        self.served_by_larger = 0;
    }

    /// Block size in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// Takes the block put in last.
    ///
    /// # Safety
    /// The bin belongs to the calling thread.
    #[inline(always)]
    pub unsafe fn pop(bin: *mut Bin) -> *mut u8 {
        // SAFETY: [I-BIN] `base..top` are initialised places of the bin.
        unsafe {
            let top = (*bin).top;
            if top == (*bin).base {
                return ptr::null_mut();
            }
            let below = top.sub(1);
            let block = below.read();
            (*bin).top = below;
            core::hint::assert_unchecked(!block.is_null());
            block
        }
    }

    /// Puts a block in; `false` when there is no room.
    ///
    /// # Safety
    /// The bin belongs to the calling thread, and the block is a free one of its class.
    #[inline(always)]
    pub unsafe fn push(bin: *mut Bin, block: *mut u8) -> bool {
        // SAFETY: [I-BIN] places up to `end` belong to the bin.
        unsafe {
            let top = (*bin).top;
            if top == (*bin).end {
                return false;
            }
            top.write(block);
            // the block before the count: another thread's fork copies a consistent bin
            crate::sync::compiler_fence(crate::sync::Ordering::Release);
            (*bin).top = top.add(1);
            true
        }
    }

    /// Whether `address` is where a block of the class starts in its slab.
    ///
    /// # Safety
    /// `bin` is valid.
    #[inline(always)]
    pub unsafe fn is_block_start(bin: *mut Bin, address: usize) -> bool {
        // SAFETY: the caller's promise.
        unsafe { is_block_start(address & (*bin).slab_mask as usize, (*bin).inverse, (*bin).product_bound) }
    }

    /// Number of faults, by the owner: the three pointers must agree, and each block be one of the class.
    pub(crate) fn check_rep(&self, class: usize) -> usize {
        let places = |to: *mut *mut u8| (to as usize).wrapping_sub(self.base as usize) / size_of::<*mut u8>();
        if places(self.top) > places(self.end) || places(self.end) > self.most_places() {
            return 1;
        }
        // SAFETY: [I-BIN] `base..top` are initialised places of the bin.
        (0..self.blocks()).filter(|&at| cached_class(unsafe { self.base.add(at).read() }) != Some(class)).count()
    }

    /// Whether the bin stands in its own places.
    pub(super) fn is_at_home(&self) -> bool {
        !self.base.is_null() && self.base == self.home.cast()
    }

    /// The magazine, if the bin stands in one.
    pub(super) fn magazine(&self) -> *mut Magazine {
        if self.base.is_null() || self.is_at_home() {
            return ptr::null_mut();
        }
        self.base.cast::<u8>().wrapping_sub(offset_of!(Magazine, items)).cast()
    }

    /// Places that the bin may use where it stands, 0 to [`MAGAZINE_BLOCKS`].
    pub(super) fn places(&self) -> usize {
        match self.base.is_null() {
            true => 0,
            false if self.is_at_home() => HOME_BLOCKS.min(self.capacity()),
            false => self.capacity(),
        }
    }

    /// The first `count` places where the bin stands. Ends the process where there are fewer.
    pub(super) fn places_mut(&mut self, count: usize) -> &mut [*mut u8] {
        let (base, most) = match self.base.is_null() {
            true => (ptr::dangling_mut(), 0),
            false => (self.base, self.most_places()),
        };
        // SAFETY: [I-BIN] so many places belong to the bin, and pointers of [I-POOL] memory are initialised, if stale.
        let places = unsafe { core::slice::from_raw_parts_mut(base, most) };
        &mut places[..count]
    }

    /// Places that there are where the bin stands, whatever its class may use.
    fn most_places(&self) -> usize {
        if self.is_at_home() { HOME_BLOCKS } else { MAGAZINE_BLOCKS }
    }

    /// Takes all blocks out of the bin, which stays where it stands.
    pub(super) fn take_all(&mut self) -> &[*mut u8] {
        let blocks = self.blocks();
        self.top = self.base;
        self.note_unused(0);
        self.places_mut(blocks)
    }

    /// Lets the bin, which has no places, stand in its own. `false`: memory is out.
    pub(super) fn go_home(&mut self) -> bool {
        debug_assert!(self.base.is_null());
        if self.home.is_null() {
            let Some(piece) = pool::take(size_of::<Home>()) else { return false };
            self.home = piece.cast();
        }
        self.stand_at(self.home.cast(), 0, HOME_BLOCKS.min(self.capacity()));
        true
    }

    /// Moves the blocks from the bin's own places to an empty magazine, and leaves those.
    pub(super) fn leave_home(&mut self, magazine: &mut Magazine) {
        debug_assert!(self.is_at_home());
        self.note_unused(usize::from(self.unused_blocks));
        let blocks = self.blocks();
        magazine.items[..blocks].copy_from_slice(self.places_mut(blocks));
        magazine.count = blocks as u16;
        magazine.unused = self.unused_blocks;
        self.leave();
    }

    /// Empties the bin, in the child of a fork whose owner may have been in the midst of exchanging where
    /// it stands, and gives the blocks that stood in it.
    pub(super) fn abandon(&mut self) -> &[*mut u8] {
        let (base, blocks) = (self.base, (self.top as usize).wrapping_sub(self.base as usize) / size_of::<*mut u8>());
        let most = self.most_places();
        self.leave();
        // the owner may have been about to move its bins to another heap, which has the same pointer then
        self.home = ptr::null_mut();
        let blocks = if base.is_null() || blocks > most { 0 } else { blocks };
        // SAFETY: [I-BIN] a base is the start of places that are the bin's, of which any number may be read.
        unsafe { core::slice::from_raw_parts(if blocks == 0 { ptr::dangling() } else { base }, blocks) }
    }

    /// Makes `magazine` the bin's, with the blocks it holds. The one before must have been removed.
    ///
    /// # Safety
    /// `[I-MAGAZINE]` the magazine belongs to the caller, who gives it to the bin.
    pub(super) unsafe fn install(&mut self, magazine: *mut Magazine) {
        debug_assert!(self.base.is_null());
        // SAFETY: the caller's promise.
        let (base, count) = unsafe { ((&raw mut (*magazine).items).cast::<*mut u8>(), (*magazine).count as usize) };
        // SAFETY: as above.
        let unused = unsafe { (*magazine).unused };
        // a batch of another thread may hold more than a bin of this class usually does
        self.stand_at(base, count, count.max(self.capacity()));
        self.note_unused(usize::from(unused));
    }

    /// Makes the next refill a small one, as the first was, unless the options fix how many blocks it brings.
    pub(super) fn start_slowly(&mut self) {
        if fixed_refill_blocks(self.bytes()) == 0 {
            self.refill_blocks = self.refill_blocks.min(policy::first_refill(self.bytes()) as u16);
        }
    }

    /// Lets the bin, which is empty, take at most `places` blocks until it is filled again.
    pub(super) fn narrow(&mut self, places: usize) {
        debug_assert!(self.blocks() == 0 && places <= self.capacity());
        self.end = self.base.wrapping_add(places.min(self.places()));
    }

    /// Fills the empty bin: its first `blocks` places hold blocks out of slabs, of which the caller takes one.
    pub(super) fn filled(&mut self, blocks: usize) {
        self.note_own_blocks();
        crate::sync::compiler_fence(crate::sync::Ordering::Release); // the blocks before the count, as in `push`
        self.top = self.base.wrapping_add(blocks);
        self.end = self.base.wrapping_add(self.places());
        self.note_unused(blocks.saturating_sub(1));
    }

    /// Takes the magazine out of the bin, its count set; null if there is none. A bin at home, which the caller has emptied,
    /// has no places afterwards either.
    pub(super) fn remove(&mut self) -> *mut Magazine {
        debug_assert!(!self.is_at_home() || self.blocks() == 0);
        let magazine = self.magazine();
        if !magazine.is_null() {
            self.note_unused(usize::from(self.unused_blocks));
            // SAFETY: [I-BIN] the bin's magazine.
            unsafe {
                (*magazine).count = self.blocks() as u16;
                (*magazine).unused = self.unused_blocks;
            }
        }
        self.leave();
        magazine
    }

    /// The bin, which stands nowhere, stands at `base` from now on: `places` places, the first `blocks` of them filled.
    fn stand_at(&mut self, base: *mut *mut u8, blocks: usize, places: usize) {
        self.end = base.wrapping_add(places);
        self.set_top_and_base(base.wrapping_add(blocks), base);
        self.note_unused(0);
    }

    /// The bin has no places from now on.
    fn leave(&mut self) {
        self.set_top_and_base(ptr::null_mut(), ptr::null_mut());
        self.end = ptr::null_mut();
    }

    /// Exchanges this bin with `other`, one of another heap. What a fork of another thread copies in between lists no
    /// block in both. Both may have one home there, where the other heap is one that its tenant is inside: [`Bin::abandon`] takes
    /// its homes away.
    pub(super) fn exchange(&mut self, other: &mut Bin) {
        // SAFETY: bins are plain words; each is emptied or overwritten before its copy is used.
        let (mine, theirs) = unsafe { (ptr::read(self), ptr::read(other)) };
        self.leave();
        crate::sync::compiler_fence(crate::sync::Ordering::Release);
        *other = mine;
        crate::sync::compiler_fence(crate::sync::Ordering::Release);
        let (top, base) = (theirs.top, theirs.base);
        *self = Bin { top: ptr::null_mut(), base: ptr::null_mut(), ..theirs };
        self.set_top_and_base(top, base);
    }

    /// Both by one instruction, after all that was written before: neither a signal handler that pops nor what a fork of
    /// another thread copies finds one of them without the other.
    fn set_top_and_base(&mut self, top: *mut *mut u8, base: *mut *mut u8) {
        const { assert!(offset_of!(Bin, top) == 0 && offset_of!(Bin, base) == size_of::<usize>()) };
        // SAFETY: stores to two fields that stand side by side, aligned to 16 bytes.
        unsafe {
            asm!("movq {0}, {2}", "movq {1}, {3}", "punpcklqdq {0}, {1}", "movaps [{4}], {0}",
                out(xmm_reg) _, out(xmm_reg) _, in(reg) top, in(reg) base, in(reg) ptr::from_mut(self),
                options(nostack, preserves_flags));
        }
    }

    /// Where any bin stands and how many blocks it holds, racing with its owner. A bin that leaves one place for another
    /// between the two reads of its base is told to hold none, but for one that comes back to the first meanwhile.
    ///
    /// # Safety
    /// `bin` is a heap's bin.
    pub(super) unsafe fn look(bin: *const Bin) -> (*mut *mut u8, usize) {
        // SAFETY: the caller's promise; volatile reads of words that are always mapped.
        let read = |field: *const *mut *mut u8| unsafe { field.read_volatile() };
        // SAFETY: as above; no reference is made.
        let (base_field, top_field, home_field) =
            unsafe { (&raw const (*bin).base, &raw const (*bin).top, &raw const (*bin).home) };
        let (base, top) = (read(base_field), read(top_field));
        // SAFETY: as above.
        let home = unsafe { home_field.read_volatile() };
        let most = if base == home.cast() { HOME_BLOCKS } else { MAGAZINE_BLOCKS };
        let blocks = (top as usize).wrapping_sub(base as usize) / size_of::<*mut u8>();
        let is_sound = !base.is_null() && base == read(base_field) && blocks <= most;
        (base, if is_sound { blocks } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `case` with a bin that a refill of `blocks` has filled; the blocks are no memory.
    fn with_filled(blocks: usize, case: impl FnOnce(&mut Bin)) {
        // SAFETY: all-zero bytes are a valid bin and a valid magazine.
        let (mut bin, mut magazine): (Bin, Box<Magazine>) =
            unsafe { (core::mem::zeroed(), Box::new(core::mem::zeroed())) };
        bin.prepare(7, 16, 0, 16);
        magazine.items.fill(ptr::dangling_mut());
        // SAFETY: [I-MAGAZINE] the test's own.
        unsafe { bin.install(&mut *magazine) };
        bin.filled(blocks);
        case(&mut bin);
    }

    fn pop_and_push(bin: &mut Bin, pops: usize, pushes: usize) {
        // SAFETY: the bin belongs to the test.
        unsafe {
            (0..pops).for_each(|_| assert!(!Bin::pop(bin).is_null()));
            (0..pushes).for_each(|_| assert!(Bin::push(bin, ptr::dangling_mut())));
        }
    }

    #[test]
    fn a_bin_offers_what_was_freed_and_not_what_a_refill_brought() {
        with_filled(8, |bin| {
            pop_and_push(bin, 1, 0);
            assert!(!bin.offers_used_block());
            pop_and_push(bin, 2, 1);
            assert!(
                !bin.offers_used_block(),
                "where the block stands an unused one has stood when it was looked at last"
            );
            pop_and_push(bin, 4, 0);
            assert!(!bin.offers_used_block());
            pop_and_push(bin, 0, 1);
            assert!(bin.offers_used_block());
            pop_and_push(bin, 1, 0);
            assert!(!bin.offers_used_block());
            pop_and_push(bin, 2, 0);
            assert!(!bin.offers_used_block(), "empty");
        });
    }

    #[test]
    fn what_is_unused_is_known_of_a_magazine_that_moves_and_of_what_is_left_when_it_is_halved() {
        with_filled(8, |bin| {
            pop_and_push(bin, 1, 2);
            let magazine = bin.remove();
            assert!(!bin.offers_used_block());
            // SAFETY: [I-MAGAZINE] the test's own.
            unsafe { bin.install(magazine) };
            assert!(bin.offers_used_block());
            pop_and_push(bin, 2, 0);
            assert!(!bin.offers_used_block(), "the seven that the refill brought");
            bin.top = bin.top.wrapping_sub(5); // as `flush_oldest` does
            bin.note_lowest_gone(5);
            assert!(!bin.offers_used_block());
            pop_and_push(bin, 0, 1);
            assert!(bin.offers_used_block());
        });
    }

    /// A bin at home in places of the test's own, and those; its blocks are no memory.
    fn at_home(class: usize, halvings: u32) -> (Bin, Box<Home>) {
        let mut home: Box<Home> = Box::new([ptr::null_mut(); HOME_BLOCKS]);
        // SAFETY: all-zero bytes are a valid bin.
        let mut bin: Bin = unsafe { core::mem::zeroed() };
        bin.prepare(
            class,
            policy::bin_capacity(CLASSES[class].bytes as usize, MAGAZINE_BLOCKS, halvings),
            halvings,
            16,
        );
        bin.home = &raw mut *home;
        assert!(bin.places() == 0 && bin.go_home() && bin.is_at_home() && bin.magazine().is_null());
        (bin, home)
    }

    fn block(number: usize) -> *mut u8 {
        ptr::without_provenance_mut(16 * (number + 1))
    }

    fn fill(bin: &mut Bin) -> usize {
        // SAFETY: the bin belongs to the test.
        (0..).take_while(|&number| unsafe { Bin::push(bin, block(number)) }).count()
    }

    #[test]
    fn a_bin_takes_its_blocks_from_home_to_a_magazine_in_their_order() {
        let (mut bin, _home) = at_home(3, 0);
        assert_eq!((fill(&mut bin), bin.places(), bin.capacity()), (HOME_BLOCKS, HOME_BLOCKS, MAGAZINE_BLOCKS));
        // SAFETY: all-zero bytes are a valid magazine.
        let mut magazine: Box<Magazine> = unsafe { Box::new(core::mem::zeroed()) };
        bin.leave_home(&mut magazine);
        assert!(bin.places() == 0 && bin.blocks() == 0 && !bin.is_at_home());
        // SAFETY: [I-MAGAZINE] the test's own.
        unsafe { bin.install(&mut *magazine) };
        assert_eq!((bin.places(), bin.blocks()), (MAGAZINE_BLOCKS, HOME_BLOCKS));
        // SAFETY: the bin belongs to the test.
        let popped: Vec<_> = (0..HOME_BLOCKS).map(|_| unsafe { Bin::pop(&mut bin) }).collect();
        assert_eq!(popped, (0..HOME_BLOCKS).rev().map(block).collect::<Vec<_>>());
        assert!(ptr::eq(bin.remove(), &raw const *magazine) && bin.go_home(), "home is kept");
    }

    #[test]
    fn a_bin_at_home_takes_no_more_than_its_class_may_and_is_narrowed_until_it_is_filled() {
        let large = class_of(32 * crate::geometry::KIB);
        let (mut bin, _home) = at_home(large, 3);
        assert_eq!((fill(&mut bin), bin.places()), (8, 8), "of 32 KiB, where threads are many");
        assert_eq!(bin.take_all().len(), 8);
        bin.narrow(2);
        assert_eq!((fill(&mut bin), bin.take_all().to_vec()), (2, vec![block(0), block(1)]));
        bin.filled(0);
        assert_eq!(fill(&mut bin), 8);
        bin.end = bin.base.wrapping_add(HOME_BLOCKS + 1);
        assert_eq!(bin.check_rep(large), 1, "no home has so many places");
    }

    #[test]
    fn two_bins_exchange_their_homes_and_one_that_a_fork_has_torn_gives_its_own_up() {
        let ((mut one, _first), (mut two, _second)) = (at_home(3, 0), at_home(3, 0));
        let homes = (one.home, two.home);
        fill(&mut one);
        one.exchange(&mut two);
        assert_eq!((one.home, two.home), (homes.1, homes.0));
        assert_eq!((one.blocks(), two.blocks(), two.is_at_home()), (0, HOME_BLOCKS, true));
        // SAFETY: two bins of the test.
        assert_eq!(unsafe { (Bin::look(&one).1, Bin::look(&two)) }, (0, (homes.0.cast(), HOME_BLOCKS)));
        assert_eq!(two.abandon().len(), HOME_BLOCKS);
        assert!(two.home.is_null() && two.places() == 0);
    }
}
