//! A slab: base, counts and the bitmap of free blocks, outside the blocks.
#![allow(unsafe_code)] // a slab lives at an address computed from its slot

use crate::geometry::*;
use crate::superslab::registry;

const WORD_BITS: usize = 64;
const WORDS: usize = MAX_BLOCKS_PER_SLAB / WORD_BITS;

/// No slab: ends a list.
pub const NO_SLAB: u32 = u32::MAX;

/// Why a block could not be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError {
    /// Its bit says that it is free already.
    AlreadyFree,
    /// It lies behind the last block.
    BeyondLast,
}

/// See the module. Bit `i` of `free` is set while block `i` is in the slab.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Slab {
    base: usize,
    inverse: u64,
    slot: u32,
    bytes: u32,
    capacity: u32,
    free_blocks: u32,
    /// Blocks from here on have not been handed out since their memory was zero.
    untouched_from: u32,
    /// No word below this one has a free block.
    first_word: u16,
    class: u8,
    listed: bool,
    pub(super) prev: u32,
    pub(super) next: u32,
    /// The heap that owned the slab before, 0 if none did: it may have blocks of it in bins and depot still.
    adopted_from: u32,
    free: [u64; WORDS],
}

const _: () = assert!(size_of::<Slab>() <= registry::SLAB_MEMORY_BYTES);

/// Beside no index of a block.
const NO_INDEX: usize = usize::MAX;

/// The slab whose first slot is `slot`.
///
/// # Safety
/// The caller is the tenant of the set that owns the slab, or owns the run itself, and holds no
/// other reference to it.
#[inline]
pub unsafe fn slab_at<'a>(slot: u32) -> &'a mut Slab {
    // SAFETY: [I-HEADER] the memory is committed and never unmapped, aligned to 64, and any bytes
    // are a valid Slab but for `listed`, which is only ever 0 or 1; [I-SLAB] the caller is alone.
    unsafe { &mut *registry::slab_memory(slot as usize).cast::<Slab>() }
}

/// The first slot of the slab of `class` that `address` lies in.
#[inline]
pub fn head_slot(slot: usize, class: usize) -> u32 {
    (slot as u32) & !((1u32 << CLASSES[class].order) - 1)
}

/// The class of a block that stands in a bin, depot or outbox, if it can be one: it starts where a block of
/// its slab does, and is out of it. For checks.
pub fn cached_class(block: *mut u8) -> Option<usize> {
    let address = block as usize;
    let slot = registry::slot_of(address)?;
    let class = entry_class(registry::entry(slot))?;
    (CLASSES[class].is_block_start(address) && !seems_free(head_slot(slot, class), address)).then_some(class)
}

/// Whether the block at `address` is in the slab with first slot `slot`, whoever the slab belongs to: its tenant may
/// change it meanwhile, but not where a block is concerned that is out of it. For checks.
pub fn seems_free(slot: u32, address: usize) -> bool {
    let slab = registry::slab_memory(slot as usize).cast::<Slab>();
    // SAFETY: [I-HEADER] the memory is committed, and [I-SLAB] read racing, word by word: no reference is made.
    unsafe {
        let (base, inverse) = ((&raw const (*slab).base).read_volatile(), (&raw const (*slab).inverse).read_volatile());
        let index = block_index(address.wrapping_sub(base), inverse);
        let is_within = index < (&raw const (*slab).capacity).read_volatile() as usize && index < MAX_BLOCKS_PER_SLAB;
        is_within && (&raw const (*slab).free[index / WORD_BITS]).read_volatile() >> (index % WORD_BITS) & 1 == 1
    }
}

/// The heap that owned the slab with first slot `slot` before its owner, 0 if none did, racing with its tenant. For
/// checks.
pub fn adopted_from(slot: u32) -> u32 {
    let slab = registry::slab_memory(slot as usize).cast::<Slab>();
    // SAFETY: [I-HEADER] the memory is committed, and [I-SLAB] one word is read: no reference is made.
    unsafe { (&raw const (*slab).adopted_from).read_volatile() }
}

impl Slab {
    /// Makes an empty-handed slab of a run that the caller owns: every block is in it. `content` is
    /// what the memory reads as.
    pub fn init(&mut self, slot: u32, class: usize, content: Content) {
        let info = &CLASSES[class];
        self.base = registry::slot_address(slot as usize);
        self.inverse = info.inverse;
        self.slot = slot;
        self.bytes = info.bytes;
        self.capacity = info.capacity;
        self.free_blocks = info.capacity;
        self.untouched_from = match content {
            Content::Zero => 0,
            Content::Unknown => info.capacity,
        };
        self.first_word = 0;
        self.class = class as u8;
        self.listed = false;
        self.prev = NO_SLAB;
        self.next = NO_SLAB;
        self.adopted_from = 0;
        let (whole, rest) = (info.capacity as usize / WORD_BITS, info.capacity as usize % WORD_BITS);
        self.free[..whole].fill(u64::MAX);
        if rest > 0 {
            self.free[whole] = (1 << rest) - 1;
        }
    }

    /// Puts right what a slow path has left in its midst, in the child of a fork: the bitmap is the
    /// truth. A slab that had not come to be is made, as fresh.
    pub(super) fn recover(&mut self, slot: u32, class: usize) {
        if self.slot != slot || self.class() != class {
            self.init(slot, class, Content::Unknown);
        }
        let words = (self.capacity as usize).div_ceil(WORD_BITS);
        self.free_blocks = self.free[..words].iter().map(|word| word.count_ones()).sum();
        self.untouched_from = self.capacity;
        self.first_word = 0;
        self.listed = false;
    }

    /// Notes who owned the slab before.
    pub(super) fn set_adopted_from(&mut self, heap: u32) {
        self.adopted_from = heap;
    }

    /// The first slot.
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// The class.
    pub fn class(&self) -> usize {
        self.class as usize
    }

    /// Blocks in the slab.
    pub fn free_blocks(&self) -> u32 {
        self.free_blocks
    }

    /// Blocks in the slab that were out before, as far as that is known.
    pub fn used_blocks(&self) -> u32 {
        // all from `untouched_from` on are free
        self.free_blocks - (self.capacity - self.untouched_from)
    }

    /// Blocks out of the slab.
    pub fn blocks_out(&self) -> u32 {
        self.capacity - self.free_blocks
    }

    /// Whether every block is in the slab.
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.free_blocks == self.capacity
    }

    /// Whether the slab stands in its set's list of partial slabs.
    #[inline]
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// Notes that the slab enters the list.
    pub(super) fn enter_list(&mut self) {
        self.listed = true;
    }

    /// Notes that it leaves the list.
    pub(super) fn leave_list(&mut self) {
        self.listed = false;
    }

    /// Says that it is in the list or, called again, what it said before: for the test of the checks.
    #[cfg(test)]
    pub fn damage_listed(&mut self) {
        self.listed ^= true;
    }

    /// Takes up to `want` blocks and writes them to the start of `out`, lowest address first. Blocks that have never been
    /// handed out, as far as that is known, bring it to `carve` at most. Returns how many.
    pub fn take_many(&mut self, want: usize, carve: usize, out: &mut [*mut u8]) -> usize {
        let used_before = self.used_blocks() as usize;
        let want = want.min(out.len()).min(self.free_blocks as usize).min(used_before.max(carve));
        let mut taken = 0;
        let mut word = self.first_word as usize;
        let mut highest = 0;
        let bytes = self.bytes as usize;
        while taken < want {
            let mut bits = self.free[word];
            let base = self.base + word * WORD_BITS * bytes;
            let first = bits.trailing_zeros() as usize;
            let row = bits.checked_shr(first as u32).unwrap_or(0);
            if row != 0 && row & row.wrapping_add(1) == 0 {
                // side by side, as in a slab that fills for the first time
                let count = (row.trailing_ones() as usize).min(want - taken);
                let mut address = base + first * bytes;
                for place in &mut out[taken..taken + count] {
                    *place = address as *mut u8;
                    address += bytes;
                }
                taken += count;
                highest = word * WORD_BITS + first + count - 1;
                bits &= u64::MAX.checked_shl((first + count) as u32).unwrap_or(0);
            }
            while bits != 0 && taken < want {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                out[taken] = (base + bit * bytes) as *mut u8;
                highest = word * WORD_BITS + bit;
                taken += 1;
            }
            self.free[word] = bits;
            if bits == 0 && taken < want {
                word += 1;
            }
        }
        self.first_word = word as u16;
        self.free_blocks -= taken as u32;
        if taken > 0 && highest as u32 >= self.untouched_from {
            self.untouched_from = highest as u32 + 1;
        }
        taken
    }

    /// Takes one block, and says what its memory reads as.
    pub fn take_one(&mut self) -> Option<(*mut u8, Content)> {
        let untouched = self.untouched_from;
        let mut out = [core::ptr::null_mut(); 1];
        if self.take_many(1, 1, &mut out) == 0 {
            return None;
        }
        let is_untouched = self.index_of(out[0] as usize) as u32 >= untouched;
        Some((out[0], if is_untouched { Content::Zero } else { Content::Unknown }))
    }

    /// The index of the block at `address`; of an address outside of the slab it is too large.
    #[inline]
    fn index_of(&self, address: usize) -> usize {
        block_index(address.wrapping_sub(self.base), self.inverse)
    }

    /// Puts back the first of `blocks`, which starts in the slab, one of the class `info`, and those behind it as far as
    /// they do too. Returns how many; 0: the first cannot be put back ([`Slab::why_refused`]).
    #[inline(always)]
    #[must_use]
    pub fn put_leading(&mut self, info: &ClassInfo, blocks: &[*mut u8]) -> usize {
        // by the class, which a caller with many blocks has at hand: the slab's head need not be waited for
        let (mask, first) = (info.slab_mask as usize, blocks[0] as usize);
        let index = block_index(first & mask, info.inverse);
        if !self.put(index, info.capacity) {
            return 0;
        }
        self.free_blocks += 1;
        // most blocks of a program that frees in no order stand alone
        match blocks.get(1) {
            Some(&next) if (next as usize ^ first) & !mask == 0 => 1 + self.put_following(&blocks[1..], index),
            _ => 1,
        }
    }

    /// Sets the bit of a block, and the hint. `false`: there is no such block, or its bit is set.
    #[inline(always)]
    fn put(&mut self, index: usize, capacity: u32) -> bool {
        debug_assert_eq!(capacity, self.capacity);
        // SAFETY: that of a class.
        unsafe { core::hint::assert_unchecked(capacity as usize <= MAX_BLOCKS_PER_SLAB) };
        let (word, bit) = (index / WORD_BITS, 1u64 << (index % WORD_BITS));
        if index >= capacity as usize || self.free[word] & bit != 0 {
            return false;
        }
        self.free[word] |= bit;
        self.first_word = self.first_word.min(word as u16);
        true
    }

    /// Puts back `blocks` as far as they start in the slab, behind one with index `before`. Returns how many.
    #[inline(never)]
    fn put_following(&mut self, blocks: &[*mut u8], mut before: usize) -> usize {
        let mut put = 0;
        while let Some(&block) = blocks.get(put) {
            let index = self.index_of(block as usize);
            let is_beside = index.abs_diff(before) == 1 && index < self.capacity as usize;
            let row = if is_beside { self.put_row(&blocks[put..], index, before) } else { 0 };
            if row == 0 && !self.put(index, self.capacity) {
                break;
            }
            put += row.max(1);
            before = if row == 0 { index } else { NO_INDEX };
        }
        self.free_blocks += put as u32;
        put
    }

    /// Puts back as many of `blocks` as stand side by side, from the first one, which has this index and goes on from the
    /// one beside it with index `before`, but for the count. Returns how many; 0: one of them is in the slab already. Programs that free what they allocated in
    /// order, or the other way round, give back such rows.
    fn put_row(&mut self, blocks: &[*mut u8], index: usize, before: usize) -> usize {
        let (bytes, rises) = (self.bytes as usize, index > before);
        let (step, places) =
            if rises { (bytes, self.capacity as usize - index) } else { (bytes.wrapping_neg(), index + 1) };
        let (first, most, mut row) = (blocks[0] as usize, places.min(blocks.len()), 1);
        while row < most && blocks[row] as usize == first.wrapping_add(step.wrapping_mul(row)) {
            row += 1;
        }
        let lowest = if rises { index } else { index + 1 - row };
        if !self.set_free(lowest, lowest + row - 1) {
            return 0;
        }
        self.first_word = self.first_word.min((lowest / WORD_BITS) as u16);
        row
    }

    /// Sets the bits of the blocks with these indices, if none of them is set.
    #[must_use]
    fn set_free(&mut self, lowest: usize, highest: usize) -> bool {
        let words = lowest / WORD_BITS..=highest / WORD_BITS;
        let bits_of = |word: usize| {
            let from = lowest.saturating_sub(word * WORD_BITS);
            let to = (highest - word * WORD_BITS).min(WORD_BITS - 1);
            u64::MAX << from & u64::MAX >> (WORD_BITS - 1 - to)
        };
        if words.clone().any(|word| self.free[word] & bits_of(word) != 0) {
            return false;
        }
        words.for_each(|word| self.free[word] |= bits_of(word));
        true
    }

    /// Why a block cannot be put back.
    #[cold]
    pub fn why_refused(&self, block: *mut u8) -> PutError {
        if self.holds(block as usize) { PutError::AlreadyFree } else { PutError::BeyondLast }
    }

    /// Whether the block that starts at `address` is in the slab.
    pub fn holds(&self, address: usize) -> bool {
        let index = self.index_of(address);
        index < self.capacity as usize && self.free[index / WORD_BITS] >> (index % WORD_BITS) & 1 == 1
    }

    /// Number of faults: the counts, the bitmap and the hint must agree.
    pub fn check_rep(&self) -> usize {
        let words = (self.capacity as usize).div_ceil(WORD_BITS);
        let ones: u32 = self.free[..words].iter().map(|w| w.count_ones()).sum();
        let below: u64 = self.free[..self.first_word as usize].iter().fold(0, |a, w| a | w);
        let (from, bit) = (self.untouched_from as usize / WORD_BITS, self.untouched_from as usize % WORD_BITS);
        let first: u32 = self.free[..words].get(from).map_or(0, |word| (word >> bit).count_ones());
        let untouched: u32 = first + self.free[..words].iter().skip(from + 1).map(|w| w.count_ones()).sum::<u32>();
        usize::from(ones != self.free_blocks)
            + usize::from(below != 0)
            + usize::from(self.free_blocks > self.capacity)
            + usize::from(self.untouched_from.checked_add(untouched) != Some(self.capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_leading(slab: &mut Slab, blocks: &[*mut u8]) -> usize {
        slab.put_leading(&CLASSES[slab.class()], blocks)
    }

    fn slab(class: usize) -> Box<Slab> {
        // SAFETY: all-zero bytes are a valid Slab, see `slab_at`.
        let mut slab: Box<Slab> = unsafe { Box::new(core::mem::zeroed()) };
        slab.init(0, class, Content::Zero);
        slab
    }

    #[test]
    fn every_block_comes_once_lowest_first() {
        for class in [0, 7, 20, 40, NUM_CLASSES - 1] {
            let mut s = slab(class);
            let mut out = vec![core::ptr::null_mut(); 5000];
            let n = s.take_many(5000, usize::MAX, &mut out);
            assert_eq!(n, CLASSES[class].capacity as usize);
            assert!(out[..n].windows(2).all(|w| (w[1] as usize) - (w[0] as usize) == class_bytes(class)));
            assert_eq!(s.check_rep(), 0);
            assert_eq!(s.take_one(), None);
        }
    }

    #[test]
    fn every_block_comes_once_however_many_are_taken_and_wherever_others_are_out() {
        let capacity = CLASSES[3].capacity as usize;
        for (pieces, stays_out) in [(1, 0), (5, 3), (63, 64), (64, 65), (65, 2), (100, 7), (1000, 1)] {
            let mut s = slab(3);
            let mut all = vec![core::ptr::null_mut(); capacity];
            assert_eq!(s.take_many(capacity, usize::MAX, &mut all), capacity);
            let put: Vec<_> =
                (0..capacity).filter(|at| stays_out == 0 || at % stays_out != 0).map(|at| all[at]).collect();
            assert!(put.iter().all(|&block| put_leading(&mut s, &[block]) == 1));
            let (mut taken, mut out) = (Vec::new(), vec![core::ptr::null_mut(); pieces]);
            loop {
                match s.take_many(pieces, usize::MAX, &mut out) {
                    0 => break,
                    count => taken.extend_from_slice(&out[..count]),
                }
                assert_eq!(s.check_rep(), 0);
            }
            assert_eq!(taken, put, "{pieces} at a time");
        }
    }

    #[test]
    fn blocks_that_were_out_before_come_beside_a_few_that_were_not() {
        let mut s = slab(3);
        let mut out = [core::ptr::null_mut(); 200];
        assert_eq!(s.take_many(200, 30, &mut out), 30);
        assert_eq!(put_leading(&mut s, &out[10..20]), 10);
        assert_eq!(s.take_many(200, 7, &mut out), 10);
        assert_eq!(s.take_many(200, 7, &mut out), 7);
        assert_eq!((s.blocks_out(), s.take_many(200, 0, &mut out), s.check_rep()), (37, 0, 0));
        assert_eq!(s.take_one().map(|(_, content)| content), Some(Content::Zero));
        s.untouched_from -= 1;
        assert_eq!(s.check_rep(), 1, "the last one is out");
        // of memory that was in use before no block is known to be new
        s.recover(0, 3);
        assert_eq!(s.take_many(200, 0, &mut out), 200);
    }

    #[test]
    fn a_block_put_twice_is_noticed() {
        let mut s = slab(3);
        let (p, content) = s.take_one().unwrap();
        assert_eq!(content, Content::Zero);
        assert_eq!(put_leading(&mut s, &[p]), 1);
        assert_eq!((put_leading(&mut s, &[p]), s.why_refused(p)), (0, PutError::AlreadyFree));
        assert!(s.holds(p as usize) && s.is_whole());
        assert_eq!(s.take_one(), Some((p, Content::Unknown)));
        assert_eq!(s.check_rep(), 0);
    }

    #[test]
    fn counts_are_recovered_from_the_bitmap() {
        for class in [0, 7, 40] {
            let mut s = slab(class);
            let (block, _) = s.take_one().unwrap();
            (s.free_blocks, s.first_word, s.listed) = (7, 2, true);
            s.recover(0, class);
            assert_eq!((s.check_rep(), s.blocks_out(), s.is_listed()), (0, 1, false));
            assert_eq!(put_leading(&mut s, &[block]), 1);
            assert_eq!(s.take_one(), Some((block, Content::Unknown)), "not known to be zero any more");
            s.recover(0, class + 1);
            assert!(s.is_whole() && s.class() == class + 1 && s.check_rep() == 0);
        }
    }

    #[test]
    fn a_place_behind_the_last_block_is_noticed() {
        let mut s = slab(class_of(3584));
        let behind = (s.base + s.capacity as usize * 3584) as *mut u8;
        assert_eq!((put_leading(&mut s, &[behind]), s.why_refused(behind)), (0, PutError::BeyondLast));
    }

    #[test]
    fn rows_are_put_back_whole_whatever_their_order() {
        for class in [0, 7, 20, 40, NUM_CLASSES - 1] {
            let capacity = CLASSES[class].capacity as usize;
            let mut out = vec![core::ptr::null_mut(); capacity];
            let orders: [fn(usize, usize) -> usize; 4] = [
                |at, _| at,
                |at, n| n - 1 - at,
                |at, n| (at + n / 3) % n,
                |at, n| if at / 9 % 2 == 0 { at } else { (at / 9 * 9 + 8).min(n - 1) - at % 9 },
            ];
            for order in orders {
                let mut s = slab(class);
                assert_eq!(s.take_many(capacity, usize::MAX, &mut out), capacity);
                let blocks: Vec<_> = (0..capacity).map(|at| out[order(at, capacity)]).collect();
                let distinct: std::collections::BTreeSet<_> = blocks.iter().collect();
                let first_twice = (1..capacity).find(|&at| blocks[..at].contains(&blocks[at]));
                assert_eq!(first_twice.is_none(), distinct.len() == capacity);
                assert_eq!(put_leading(&mut s, &blocks), first_twice.unwrap_or(capacity), "class {class}");
                assert!(blocks[..first_twice.unwrap_or(capacity)].iter().all(|&block| s.holds(block as usize)));
                assert_eq!(s.check_rep(), 0);
            }
        }
    }

    #[test]
    fn a_row_ends_where_the_slab_does() {
        let mut s = slab(3);
        let mut out = [core::ptr::null_mut(); 1024];
        assert_eq!((class_bytes(3), s.take_many(1024, usize::MAX, &mut out)), (64, 1024));
        let at = |place: usize| (s.base + place * 64) as *mut u8;
        let rising: Vec<_> = (1000..1040).map(at).collect();
        let falling: Vec<_> = (0..20)
            .rev()
            .chain([usize::MAX, usize::MAX - 1])
            .map(|place| (s.base.wrapping_add(place.wrapping_mul(64))) as *mut u8)
            .collect();
        assert_eq!((put_leading(&mut s, &rising), put_leading(&mut s, &falling)), (24, 20));
        assert_eq!((s.free_blocks(), s.check_rep()), (44, 0));
    }

    #[test]
    fn a_row_ends_before_a_block_that_is_free() {
        for falls in [false, true] {
            let mut s = slab(3);
            let mut out = [core::ptr::null_mut(); 200];
            assert_eq!(s.take_many(200, usize::MAX, &mut out), 200);
            assert_eq!(put_leading(&mut s, &[out[100]]), 1);
            let mut blocks = out[70..140].to_vec();
            if falls {
                blocks.reverse();
            }
            assert_eq!(put_leading(&mut s, &blocks), if falls { 39 } else { 30 });
            assert_eq!(s.check_rep(), 0);
        }
    }

    #[test]
    fn blocks_before_a_faulty_one_are_put_back() {
        let mut s = slab(3);
        let mut out = [core::ptr::null_mut(); 200];
        assert_eq!(s.take_many(200, usize::MAX, &mut out), 200);
        let blocks = [out[150], out[3], out[199], out[3], out[7]];
        assert_eq!(put_leading(&mut s, &blocks), 3);
        assert!(s.holds(out[150] as usize) && s.holds(out[199] as usize) && !s.holds(out[7] as usize));
        assert_eq!(s.check_rep(), 0);
        assert_eq!(s.take_many(1, 0, &mut out[..1]), 1);
        assert_eq!(out[0], blocks[1]);
    }
}
