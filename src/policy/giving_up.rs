//! When a thread gives up what it caches.

use super::caches::{DEPOT_MAX_BYTES, MOST_HALVINGS};
use crate::geometry::*;

/// Free bytes of a class in the slabs of a heap that are worth giving up its cached blocks for.
const SHRINKING_MIN_BYTES: usize = MIB;
/// Bytes of slabs beyond what is in use that make a class hollow.
const HOLLOW_MIN_BYTES: usize = 256 * KIB;
/// Blocks that a bin keeps of a class that is idle, if they are small.
const IDLE_BIN_BLOCKS: usize = 4;
/// Bytes of these.
const IDLE_BIN_BYTES: usize = 16 * KIB;
/// A thread that gave so many slabs back in a row is taken to only give memory up, whatever other threads do.
const GIVING_UP_SLABS: u64 = 64;
/// The same of blocks that went back to their slabs, several times what a thread may cache: no slab may have become
/// whole yet.
const GIVING_UP_BYTES: usize = 4 * DEPOT_MAX_BYTES;
/// The same where threads are many.
pub const GIVING_UP_BYTES_LEAST: usize = GIVING_UP_BYTES >> MOST_HALVINGS;

/// Whether the blocks that a heap caches of a class should go back to their slabs, when `free_bytes` of
/// its slabs are free and `out_bytes` are cached or in use: each cached block may keep a slab that is
/// free otherwise, so a class of which most is free gives its cache up.
pub const fn is_shrinking(free_bytes: usize, out_bytes: usize) -> bool {
    free_bytes > SHRINKING_MIN_BYTES && free_bytes > out_bytes
}

/// Whether a program that only gives memory up does so with a class: since the last refill from slabs, when
/// `filled_bytes` were cached or in use, a quarter of them came back, and enough is free or cached to matter: more than
/// a slab of `slab_bytes`, and 1/32 of what is in use.
pub const fn is_falling(idle_bytes: usize, used_bytes: usize, filled_bytes: usize, slab_bytes: usize) -> bool {
    idle_bytes > slab_bytes && idle_bytes > used_bytes / 32 && used_bytes < filled_bytes / 4 * 3
}

/// Blocks that a bin may hold while its class falls, when `used_bytes` are in use: each may keep a slab of
/// `slab_bytes`.
pub const fn falling_bin_blocks(used_bytes: usize, slab_bytes: usize, capacity_blocks: usize) -> usize {
    let blocks = used_bytes / 32 / slab_bytes;
    if blocks == 0 {
        1
    } else if blocks < capacity_blocks {
        blocks
    } else {
        capacity_blocks
    }
}

/// Slots that a heap with `held` of them acquires in a generation: a class that was not used for two is idle.
pub const fn usage_generation_slots(held: u64) -> u64 {
    if held / 8 > 48 { held / 8 } else { 48 }
}

/// Blocks of `bytes` that a bin keeps of a class that is idle.
pub const fn idle_bin_blocks(bytes: usize) -> usize {
    let blocks = IDLE_BIN_BYTES / bytes;
    if blocks < IDLE_BIN_BLOCKS { blocks } else { IDLE_BIN_BLOCKS }
}

/// Whether a class is hollow that has `slabs` of `slab_bytes` where `needed` would hold what is in use: all that is
/// cached or free of it keeps others from that much memory. The last slab counts as needed.
pub const fn is_hollow(slabs: usize, needed: usize, slab_bytes: usize) -> bool {
    slabs.saturating_sub(if needed == 0 { 1 } else { needed }) * slab_bytes >= HOLLOW_MIN_BYTES
}

/// Up to which depth a fall is a swing, after one of `deepest_bytes` that was made up for: half as much again.
pub const fn swing_bytes(deepest_bytes: usize) -> usize {
    deepest_bytes + deepest_bytes / 2
}

/// How often a thread has given up so much that it is taken to only give memory up, when it gave `slabs` back in a row,
/// and `fallen_bytes` of blocks more than it took out of its slabs, where the bounds of caches are halved so often.
/// With each time all classes are looked through.
pub const fn giving_up_waves(slabs: u64, fallen_bytes: usize, halvings: u32) -> u32 {
    (slabs / GIVING_UP_SLABS) as u32 + ((fallen_bytes << halvings) / GIVING_UP_BYTES) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_shrinks_when_more_than_half_of_much_memory_is_free() {
        assert!(is_shrinking(8 * MIB, 8 * MIB - 1));
        assert!(!is_shrinking(8 * MIB, 8 * MIB) && !is_shrinking(MIB, 0));
    }

    #[test]
    fn a_class_falls_when_a_quarter_came_back_and_that_is_worth_a_look() {
        let slab_bytes = 64 * KIB;
        assert!(is_falling(slab_bytes + 1, 74, 100, slab_bytes));
        assert!(!is_falling(slab_bytes, 74, 100, slab_bytes), "a slab is too little");
        assert!(!is_falling(slab_bytes + 1, 75, 100, slab_bytes), "a quarter came back");
        assert!(!is_falling(MIB, 32 * MIB, 100 * MIB, slab_bytes), "1/32 of what is in use");
    }

    #[test]
    fn bins_of_a_falling_class_keep_few_slabs() {
        let blocks = |used_bytes| falling_bin_blocks(used_bytes, 64 * KIB, 100);
        assert_eq!([0, 2 * MIB, 64 * MIB, GIB].map(blocks), [1, 1, 32, 100]);
    }

    #[test]
    fn a_wave_is_a_row_of_slabs_or_several_times_what_a_thread_may_cache() {
        assert_eq!(giving_up_waves(GIVING_UP_SLABS - 1, GIVING_UP_BYTES - 1, 0), 0);
        assert_eq!(giving_up_waves(GIVING_UP_SLABS, GIVING_UP_BYTES, 0), 2);
        assert_eq!(giving_up_waves(0, GIVING_UP_BYTES_LEAST, MOST_HALVINGS), 1);
        assert_eq!(giving_up_waves(0, GIVING_UP_BYTES_LEAST - 1, MOST_HALVINGS), 0);
    }

    #[test]
    fn a_class_is_hollow_with_many_more_slabs_than_it_needs() {
        let slab_bytes = 64 * KIB;
        assert!(is_hollow(5, 1, slab_bytes) && !is_hollow(4, 1, slab_bytes));
        assert!(is_hollow(5, 0, slab_bytes) && !is_hollow(4, 0, slab_bytes), "one is kept");
        assert!(is_hollow(2, 1, 4 * slab_bytes) && !is_hollow(1, 0, 16 * slab_bytes) && !is_hollow(3, 7, MIB));
    }

    #[test]
    fn the_bin_of_an_idle_class_keeps_a_few_small_blocks() {
        assert_eq!([16, 4 * KIB, 8 * KIB, 16 * KIB, 20 * KIB].map(idle_bin_blocks), [4, 4, 2, 1, 0]);
    }

    #[test]
    fn generations_of_large_heaps_are_longer() {
        assert_eq!([0, 384, 400, 1600].map(usage_generation_slots), [48, 48, 50, 200]);
        assert_eq!([0, 2, 100].map(swing_bytes), [0, 3, 150]);
    }
}
