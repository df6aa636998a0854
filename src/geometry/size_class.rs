//! Size classes: 16-byte steps up to 128 bytes, then eight steps to each doubling, up to 64 KiB, and a few
//! classes more for what many programs ask for: a power of two and a header.
//!
//! Eight steps to a doubling keep the internal waste of a request above 128 bytes below one ninth.
//! A class also fixes the run of slots its slabs stand in, so that a slab holds at least sixteen
//! blocks and its tail stays below one block.

use super::units::*;

/// Number of size classes.
pub const NUM_CLASSES: usize = 85;
/// The largest request served from a size class, in bytes.
pub const MAX_CLASS_BYTES: usize = 64 * KIB;
/// Requests up to this size find their class in a table.
pub const MAX_TABLE_BYTES: usize = KIB;
/// The smallest class of the mid-large path (S1) holds requests of at least this many bytes.
pub const MID_MIN_BYTES: usize = 8 * KIB;
/// Blocks that the smallest class fits into one slab: the bound of every slab bitmap.
pub const MAX_BLOCKS_PER_SLAB: usize = SLOT_BYTES / MIN_ALIGN;

/// Classes with a step of [`MIN_ALIGN`] bytes.
const LINEAR_CLASSES: usize = 8;
/// The largest linear class, in bytes.
const LINEAR_MAX_BYTES: usize = LINEAR_CLASSES * MIN_ALIGN;
/// log2 of the steps to each doubling above the linear classes.
const STEP_SHIFT: u32 = 3;
/// Fewest blocks that a slab must hold.
const MIN_BLOCKS_PER_SLAB: usize = 16;

/// Classes between the steps, in bytes: for a header beside 1, 2, 4 or 8 KiB that is no larger than a 64th of it, and for
/// a page of 4 KiB with up to 320 bytes, as database caches keep them. A request for either would waste nearly a ninth of
/// its block, since the first step of a doubling is the longest for its size.
const HEADER_CLASSES_BYTES: [usize; 5] = [1040, 2080, 4160, 4416, 8320];
/// log2 of the parts of a doubling at which a class above [`MAX_TABLE_BYTES`] may end.
const PART_SHIFT: u32 = 6;

/// The block size of each class, in bytes.
static BYTES: [u32; NUM_CLASSES] = make_bytes();

const fn make_bytes() -> [u32; NUM_CLASSES] {
    let mut all = [0; NUM_CLASSES];
    let (mut class, mut step, mut header) = (0, 0, 0);
    while class < NUM_CLASSES {
        let mut bytes = step_bytes(step);
        if header < HEADER_CLASSES_BYTES.len() && HEADER_CLASSES_BYTES[header] < bytes {
            bytes = HEADER_CLASSES_BYTES[header];
            header += 1;
        } else {
            step += 1;
        }
        all[class] = bytes as u32;
        class += 1;
    }
    all
}

/// The end of a step, in bytes.
const fn step_bytes(step: usize) -> usize {
    if step < LINEAR_CLASSES {
        return (step + 1) * MIN_ALIGN;
    }
    let doubling = (step - LINEAR_CLASSES) >> STEP_SHIFT;
    let place = (step - LINEAR_CLASSES) & ((1 << STEP_SHIFT) - 1);
    let base = LINEAR_MAX_BYTES << doubling;
    base + (place + 1) * (base >> STEP_SHIFT)
}

/// The block size of a class, in bytes.
#[inline]
pub const fn class_bytes(class: usize) -> usize {
    debug_assert!(class < NUM_CLASSES);
    BYTES[class] as usize
}

/// Doublings above [`MAX_TABLE_BYTES`].
const DOUBLINGS: usize = (MAX_CLASS_BYTES / MAX_TABLE_BYTES).trailing_zeros() as usize;
/// Places of [`CLASS_OF_PART`]: a power of two, and no fewer than there are parts.
const PARTS: usize = DOUBLINGS.next_power_of_two() << PART_SHIFT;

/// Where the class of a request above [`MAX_TABLE_BYTES`] stands, of which `last` is the offset of the last byte.
#[inline]
const fn part_of(last: usize) -> usize {
    let msb = (usize::BITS - 1) ^ last.leading_zeros();
    (((msb as usize) << PART_SHIFT) + (last >> (msb - PART_SHIFT))) % PARTS
}

/// The class of the requests that end in a part, see [`part_of`].
static CLASS_OF_PART: [u8; PARTS] = make_class_of_part();

const fn make_class_of_part() -> [u8; PARTS] {
    let mut all = [0; PARTS];
    let (mut start, mut class) = (MAX_TABLE_BYTES, 0);
    while class_bytes(class) < MAX_TABLE_BYTES {
        class += 1;
    }
    assert!(class_bytes(class) == MAX_TABLE_BYTES, "a class ends with the table of small sizes");
    while start < MAX_CLASS_BYTES {
        let part_bytes = (1 << start.ilog2()) >> PART_SHIFT;
        if class_bytes(class) == start {
            class += 1;
        }
        assert!(class_bytes(class) >= start + part_bytes, "classes end where parts do");
        all[part_of(start)] = class as u8;
        start += part_bytes;
    }
    all
}

/// The smallest class whose blocks hold `size` bytes; `size` is at most [`MAX_CLASS_BYTES`].
#[inline]
pub const fn class_of(size: usize) -> usize {
    debug_assert!(size <= MAX_CLASS_BYTES);
    if size <= LINEAR_MAX_BYTES {
        return size.saturating_sub(1) / MIN_ALIGN;
    }
    let last = size - 1;
    if size > MAX_TABLE_BYTES {
        return CLASS_OF_PART[part_of(last)] as usize;
    }
    let msb = usize::BITS - 1 - last.leading_zeros();
    let doubling = msb - LINEAR_MAX_BYTES.trailing_zeros();
    let step = (last >> (msb - STEP_SHIFT)) & ((1 << STEP_SHIFT) - 1);
    LINEAR_CLASSES + ((doubling as usize) << STEP_SHIFT) + step
}

/// The smallest class that holds `size` bytes in blocks that are multiples of `align`; `None` when
/// no class does. `align` is a power of two.
pub const fn aligned_class_of(align: usize, size: usize) -> Option<usize> {
    if align > MAX_CLASS_BYTES || size > MAX_CLASS_BYTES {
        return None;
    }
    let mut class = class_of(if size < align { align } else { size });
    while class < NUM_CLASSES {
        if class_bytes(class) & (align - 1) == 0 {
            return Some(class);
        }
        class += 1;
    }
    None
}

/// log2 of the slots of a slab of this class.
#[inline]
pub const fn class_order(class: usize) -> u32 {
    let mut order = 0;
    while (SLOT_BYTES << order) / class_bytes(class) < MIN_BLOCKS_PER_SLAB {
        order += 1;
    }
    order
}

/// Everything a slab of one class needs to know about it.
#[derive(Clone, Copy, Debug)]
pub struct ClassInfo {
    /// Block size in bytes.
    pub bytes: u32,
    /// Blocks of a slab.
    pub capacity: u32,
    /// log2 of the slots of a slab.
    pub order: u32,
    /// `slab bytes - 1`: an address masked with it is the offset in its slab.
    pub slab_mask: u32,
    /// `ceil(2^64 / bytes)`: see [`block_index`] and [`is_block_start`].
    pub inverse: u64,
    /// One more than the lower half of the inverse times the offset of the last block: see [`is_block_start`].
    pub product_bound: u64,
}

impl ClassInfo {
    /// Whether a block of the class starts at an address that lies in one of its slabs, or at an offset in one.
    #[inline]
    pub const fn is_block_start(&self, address: usize) -> bool {
        is_block_start(address & self.slab_mask as usize, self.inverse, self.product_bound)
    }
}

/// [`ClassInfo`] of every class.
pub static CLASSES: [ClassInfo; NUM_CLASSES] = make_classes();

const fn make_classes() -> [ClassInfo; NUM_CLASSES] {
    let mut all =
        [ClassInfo { bytes: 0, capacity: 0, order: 0, slab_mask: 0, inverse: 0, product_bound: 0 }; NUM_CLASSES];
    let mut class = 0;
    while class < NUM_CLASSES {
        let bytes = class_bytes(class);
        let order = class_order(class);
        let slab_bytes = SLOT_BYTES << order;
        let capacity = slab_bytes / bytes;
        let inverse = u64::MAX / bytes as u64 + 1;
        all[class] = ClassInfo {
            bytes: bytes as u32,
            capacity: capacity as u32,
            order,
            slab_mask: (slab_bytes - 1) as u32,
            inverse,
            product_bound: (((capacity - 1) * bytes) as u64).wrapping_mul(inverse) + 1,
        };
        class += 1;
    }
    all
}

/// Index of the block that `offset` (bytes from the start of the slab) lies in.
///
/// The product's upper half is the quotient: the inverse is too large by less than `bytes` units of
/// 2^-64, and offsets stay below 2^20, so the error never reaches the next integer.
#[inline]
pub const fn block_index(offset: usize, inverse: u64) -> usize {
    ((offset as u128 * inverse as u128) >> 64) as usize
}

/// Whether a block starts at `offset` (bytes from the start of the slab). The lower half of the same product is
/// below the inverse for a multiple of the block size, and not below it otherwise (Lemire, Kaser, Kurz 2019, "Faster
/// remainder by direct computation"); of the multiples it grows with the offset, by what the inverse is too large, so
/// that those behind the last block are above the product of that one, whose successor is the bound.
#[inline(always)]
pub const fn is_block_start(offset: usize, inverse: u64, product_bound: u64) -> bool {
    (offset as u64).wrapping_mul(inverse) < product_bound
}

/// Entries of the size table: one for each multiple of [`MIN_ALIGN`] up to [`MAX_TABLE_BYTES`].
pub const SIZE_TABLE_LEN: usize = MAX_TABLE_BYTES / MIN_ALIGN + 1;

/// The class of each rounded size, multiplied by `stride`: `table[(size + 15) / 16]`.
pub const fn make_size_table(stride: usize) -> [u16; SIZE_TABLE_LEN] {
    let mut table = [0u16; SIZE_TABLE_LEN];
    let mut i = 0;
    while i < SIZE_TABLE_LEN {
        table[i] = (class_of(i * MIN_ALIGN) * stride) as u16;
        i += 1;
    }
    table
}

const _: () = assert!(class_bytes(NUM_CLASSES - 1) == MAX_CLASS_BYTES);
const _: () = assert!(class_of(MAX_CLASS_BYTES) == NUM_CLASSES - 1);
const _: () = assert!((SLOT_BYTES << class_order(NUM_CLASSES - 1)) <= SUPERSLAB_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_gets_the_smallest_class_that_holds_it() {
        for size in 0..=MAX_CLASS_BYTES {
            let class = class_of(size);
            assert!(class_bytes(class) >= size.max(1), "size {size}");
            assert!(class == 0 || class_bytes(class - 1) < size, "size {size}");
        }
    }

    #[test]
    fn waste_above_128_bytes_is_at_most_one_eighth() {
        for size in 129..=MAX_CLASS_BYTES {
            let bytes = class_bytes(class_of(size));
            assert!((bytes - size) * 8 <= bytes, "size {size} in {bytes}");
        }
    }

    #[test]
    fn a_header_beside_a_power_of_two_wastes_little() {
        for kib in [1, 2, 4, 8].map(|kib| kib * KIB) {
            assert_eq!(class_bytes(class_of(kib)), kib);
            for header in [1, 8, 16, kib / 64] {
                let bytes = class_bytes(class_of(kib + header));
                assert!((bytes - kib) * 64 <= kib, "{kib} and {header} in {bytes}");
            }
        }
        // what SQLite 3.40 asks for: a page of 4 KiB of its cache, with 272 bytes beside it
        assert_eq!(class_bytes(class_of(4368)), 4416);
    }

    #[test]
    fn classes_are_multiples_of_the_minimum_alignment() {
        for class in 0..NUM_CLASSES {
            assert_eq!(class_bytes(class) % MIN_ALIGN, 0);
        }
    }

    #[test]
    fn slabs_hold_sixteen_blocks_and_a_short_tail() {
        for (class, info) in CLASSES.iter().enumerate() {
            let slab_bytes = info.slab_mask as usize + 1;
            let used = info.capacity as usize * info.bytes as usize;
            assert!(info.capacity as usize >= MIN_BLOCKS_PER_SLAB, "class {class}");
            assert!(info.capacity as usize <= MAX_BLOCKS_PER_SLAB);
            assert!(slab_bytes - used < info.bytes as usize, "class {class}");
            assert!((slab_bytes - used) * 16 < slab_bytes, "class {class}");
        }
    }

    #[test]
    fn inverse_finds_index_and_blocks_for_every_offset() {
        for info in &CLASSES {
            let step = if info.slab_mask as usize >= 4 * SLOT_BYTES { 7 } else { 1 };
            for offset in (0..=info.slab_mask as usize).step_by(step) {
                let bytes = info.bytes as usize;
                assert_eq!(block_index(offset, info.inverse), offset / bytes);
                let is_one = offset % bytes == 0 && offset / bytes < info.capacity as usize;
                assert_eq!(info.is_block_start(offset), is_one, "{bytes} bytes at {offset}");
            }
            // the place behind the last block, where there is one, whatever the steps were
            let behind = info.capacity as usize * info.bytes as usize;
            assert!(info.is_block_start(behind - info.bytes as usize));
            assert!(behind > info.slab_mask as usize || !info.is_block_start(behind));
        }
    }

    #[test]
    fn aligned_classes_are_multiples_of_the_alignment() {
        for shift in 0..=16 {
            let align = 1usize << shift;
            for size in (0..=MAX_CLASS_BYTES).step_by(61) {
                let class = aligned_class_of(align, size).expect("a power of two class exists");
                assert!(class_bytes(class) >= size && class_bytes(class).is_multiple_of(align));
            }
        }
        assert_eq!(aligned_class_of(2 * MAX_CLASS_BYTES, 1), None);
    }
}
