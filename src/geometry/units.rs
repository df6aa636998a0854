//! The units of the heap, from the byte up.

/// Bytes in one KiB.
pub const KIB: usize = 1024;
/// Bytes in one MiB.
pub const MIB: usize = 1024 * KIB;
/// Bytes in one GiB.
pub const GIB: usize = 1024 * MIB;

/// Every block is aligned to this many bytes.
pub const MIN_ALIGN: usize = 16;

/// log2 of [`SLOT_BYTES`].
pub const SLOT_SHIFT: u32 = 16;
/// Bytes of a slot, the unit in which the window is handed out.
pub const SLOT_BYTES: usize = 1 << SLOT_SHIFT;
/// log2 of [`SLOTS_PER_SUPERSLAB`].
pub const SUPERSLAB_SLOT_SHIFT: u32 = 5;
/// Slots of a SuperSlab: one bit each in a `u32`.
pub const SLOTS_PER_SUPERSLAB: usize = 1 << SUPERSLAB_SLOT_SHIFT;
/// Bytes of a SuperSlab.
pub const SUPERSLAB_BYTES: usize = SLOT_BYTES * SLOTS_PER_SUPERSLAB;

/// log2 of the largest heap window in bytes.
pub const MAX_WINDOW_SHIFT: u32 = 40;
/// Bits of a slot index.
pub const SLOT_INDEX_BITS: u32 = MAX_WINDOW_SHIFT - SLOT_SHIFT;
/// SuperSlabs of the largest window.
pub const MAX_SUPERSLABS: usize = 1 << (MAX_WINDOW_SHIFT - SLOT_SHIFT - SUPERSLAB_SLOT_SHIFT);

/// What memory that is handed out reads as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Zero, every byte of it: calloc has nothing to write.
    Zero,
    /// Whatever was there before.
    Unknown,
}

/// Heaps that may exist at one time; a thread beyond them visits another's for each call.
pub const MAX_HEAPS: usize = 1 << 16;

const _: () = assert!(SLOTS_PER_SUPERSLAB == u32::BITS as usize);
const _: () = assert!(SLOT_INDEX_BITS == 24);
const _: () = assert!(SUPERSLAB_BYTES == 2 * MIB);

/// Rounds `value` up to a multiple of `unit`, a power of two; `None` where that overflows.
#[inline]
pub const fn round_up(value: usize, unit: usize) -> Option<usize> {
    debug_assert!(unit.is_power_of_two());
    match value.checked_add(unit - 1) {
        Some(v) => Some(v & !(unit - 1)),
        None => None,
    }
}

/// Rounds `value` down to a multiple of `unit`, a power of two.
#[inline]
pub const fn round_down(value: usize, unit: usize) -> usize {
    debug_assert!(unit.is_power_of_two());
    value & !(unit - 1)
}
