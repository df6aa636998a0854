//! What a thread caches: bins, depot, refills, magazines.

use super::PAGE_BYTES;
use crate::config;
use crate::geometry::*;
use core::ops::Range;

/// Places of a magazine: with its header it fills exactly 1 KiB.
pub const MAGAZINE_BLOCKS: usize = 126;
// a magazine has places for any bin, whatever the options ask for
const _: () = assert!(config::FRONT_CACHE_MAX_BLOCKS as usize <= MAGAZINE_BLOCKS);
/// Places that a bin has for itself, in two cache lines: enough for the first refill.
pub const HOME_BLOCKS: usize = 16;
/// A bin keeps at most this many bytes, but at least one block; the same for a batch of another thread that becomes
/// a bin whole.
pub const BIN_MAX_BYTES: usize = 256 * KIB;
/// The depot keeps at most this many bytes of one class, once it is known that the thread comes back for them.
pub const DEPOT_CLASS_MAX_BYTES: usize = MIB;
/// The depot keeps at most this many bytes of a class for a start; the bound is doubled up to
/// [`DEPOT_CLASS_MAX_BYTES`].
const DEPOT_CLASS_FIRST_BYTES: usize = 64 * KIB;
const _: () = assert!(DEPOT_CLASS_MAX_BYTES.is_power_of_two() && DEPOT_CLASS_FIRST_BYTES.is_power_of_two());
/// How often the bound of a class in the depot is doubled at most.
pub const DEPOT_MOST_DOUBLINGS: u32 = (DEPOT_CLASS_MAX_BYTES / DEPOT_CLASS_FIRST_BYTES).trailing_zeros();
/// A class of which the depot had no room for a magazine and that is taken out of slabs again, while the heap has
/// acquired no more than so many slabs, may have more in the depot.
const DEPOT_RETURN_SLABS: u64 = 4;
/// The depot keeps at most this many bytes in all.
pub const DEPOT_MAX_BYTES: usize = 2 * MIB;
/// So many threads may each cache as much as the three bounds above say; of more threads each may cache less.
const FULL_SHARES: usize = 8;
/// The bounds are halved this many times at most.
pub(super) const MOST_HALVINGS: u32 = 3;
/// Halving leaves a bin room for so many blocks, if it has that much at all: a refill is to be shared by several.
const BIN_LEAST_BLOCKS: usize = 16;
/// Empty magazines that are given away or taken at a time: who has a stock of them has twice as many at most.
pub const MAGAZINE_CHAIN: usize = 8;

/// Which option sets the refill count of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefillGroup {
    /// Up to 128 bytes.
    Tiny,
    /// Up to 1 KiB.
    Small,
    /// Above.
    Mid,
}

/// The group of blocks of `bytes`.
pub const fn refill_group(bytes: usize) -> RefillGroup {
    match bytes {
        0..=128 => RefillGroup::Tiny,
        129..=1024 => RefillGroup::Small,
        _ => RefillGroup::Mid,
    }
}

/// How often what a thread may cache is halved where `heaps` are in use: with more than `FULL_SHARES` all of them
/// together keep about what those would, down to an eighth each. The idea is that of TCMalloc's bound on the
/// caches of all threads, `max_total_thread_cache_bytes`; here no thread gives up for another.
pub const fn cache_halvings(heaps: usize) -> u32 {
    if heaps <= FULL_SHARES {
        return 0;
    }
    let halvings = usize::BITS - ((heaps - 1) / FULL_SHARES).leading_zeros();
    if halvings < MOST_HALVINGS { halvings } else { MOST_HALVINGS }
}

/// Blocks that a bin of blocks of `bytes` may hold, whose bytes are halved so often; `fast_cap_blocks` is
/// `HAKMEM_FAST_CAP`.
pub const fn bin_capacity(bytes: usize, fast_cap_blocks: usize, halvings: u32) -> usize {
    let full = BIN_MAX_BYTES / bytes;
    let least = if full < BIN_LEAST_BLOCKS { full } else { BIN_LEAST_BLOCKS };
    let by_bytes = if full >> halvings > least { full >> halvings } else { least };
    let cap = if by_bytes < MAGAZINE_BLOCKS { by_bytes } else { MAGAZINE_BLOCKS };
    let cap = if cap < fast_cap_blocks { cap } else { fast_cap_blocks };
    if cap == 0 { 1 } else { cap }
}

/// Blocks that the first refill of a bin asks for; each further one asks for twice as many, up to
/// the capacity, so that a class that is used once stays small.
pub const fn first_refill(bytes: usize) -> usize {
    let blocks = 4 * KIB / bytes;
    if blocks == 0 {
        1
    } else if blocks > HOME_BLOCKS {
        HOME_BLOCKS
    } else {
        blocks
    }
}

/// One in so many of the blocks of a class that are out is what a refill may hold once it takes some that were never out.
const CARVED_PART: usize = 8;

/// Blocks of `bytes` that a refill holds at most once it takes some that were never out, where the heap has `out_blocks`
/// of the class out: those of a page, or an eighth of these; at least 1.
pub const fn carved_blocks(bytes: usize, out_blocks: usize) -> usize {
    let (of_page, part) = (PAGE_BYTES / bytes, out_blocks / CARVED_PART);
    let blocks = if of_page > part { of_page } else { part };
    if blocks == 0 { 1 } else { blocks }
}

/// Blocks that serve for smaller ones are larger by so many eighths at most,
const LARGER_MOST_EIGHTHS: usize = 3;
/// or of the next so many classes, where those lie further apart.
const LARGER_LEAST_CLASSES: usize = 3;
/// Blocks of smaller classes cost less memory than it takes time to look for others.
const LARGER_LEAST_BYTES: usize = 128;
/// So many slow paths cost about as much as the first use of a page. Of a block two pages are counted at most: many programs
/// use large ones in part.
const SLOW_PATHS_PER_PAGE: usize = 64;

/// The classes above `class` whose blocks may serve for it: three, as far as there are, or those up to three eighths larger.
pub fn larger_classes(class: usize) -> Range<usize> {
    let most_bytes = class_bytes(class) / 8 * (8 + LARGER_MOST_EIGHTHS);
    let by_bytes = if most_bytes < MAX_CLASS_BYTES { class_of(most_bytes + 1) } else { NUM_CLASSES };
    class + 1..by_bytes.max(class + 1 + LARGER_LEAST_CLASSES).min(NUM_CLASSES)
}

/// How often larger blocks may serve a class of blocks of `bytes` before it takes fresh memory; 0: never.
pub const fn larger_blocks(bytes: usize) -> usize {
    match bytes {
        0..LARGER_LEAST_BYTES => 0,
        LARGER_LEAST_BYTES..=PAGE_BYTES => SLOW_PATHS_PER_PAGE,
        _ => 2 * SLOW_PATHS_PER_PAGE,
    }
}

/// The next refill after one of `last_blocks`, into a bin of `capacity_blocks`.
pub const fn next_refill(last_blocks: usize, capacity_blocks: usize) -> usize {
    let twice = last_blocks * 2;
    if twice < capacity_blocks { twice } else { capacity_blocks }
}

/// Whether the depot may hold `bytes` in all, where its bounds are halved so often.
pub const fn depot_has_room(bytes: usize, halvings: u32) -> bool {
    bytes <= DEPOT_MAX_BYTES >> halvings
}

/// Whether it may hold `bytes` of a class whose bound was doubled so often.
pub const fn depot_class_has_room(bytes: usize, doublings: u32, halvings: u32) -> bool {
    let (now, most) = (DEPOT_CLASS_FIRST_BYTES << doublings, DEPOT_CLASS_MAX_BYTES >> halvings);
    bytes <= if now < most { now } else { most }
}

/// Whether a thread comes back for blocks of a class that found no room in its depot when its heap had acquired
/// `refused_slabs` in all, and now has acquired `acquired_slabs`.
pub const fn comes_back(refused_slabs: u64, acquired_slabs: u64) -> bool {
    acquired_slabs - refused_slabs <= DEPOT_RETURN_SLABS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_at_least_one_block_and_at_most_their_bytes() {
        for info in &CLASSES {
            for cap in [1, 7, MAGAZINE_BLOCKS] {
                let blocks = bin_capacity(info.bytes as usize, cap, 0);
                assert!((1..=cap).contains(&blocks));
                assert!(blocks == 1 || blocks * info.bytes as usize <= BIN_MAX_BYTES);
            }
            assert!(first_refill(info.bytes as usize) >= 1);
        }
    }

    #[test]
    fn where_threads_are_many_each_caches_less() {
        assert_eq!([0, 1, 8, 9, 16, 17, 64, 1000].map(cache_halvings), [0, 0, 0, 1, 1, 2, 3, 3]);
        let blocks = |bytes, halvings| bin_capacity(bytes, MAGAZINE_BLOCKS, halvings);
        assert_eq!([0, 1, 2, 3].map(|halvings| blocks(4096, halvings)), [64, 32, 16, 16]);
        assert_eq!([blocks(64, 3), blocks(32 * KIB, 3), blocks(MIB, 3)], [MAGAZINE_BLOCKS, 8, 1]);
    }

    #[test]
    fn the_depot_keeps_more_of_a_class_that_the_thread_comes_back_to() {
        let most_kib = |doublings, halvings| {
            (1..=MIB / KIB).take_while(|kib| depot_class_has_room(kib * KIB, doublings, halvings)).last()
        };
        assert_eq!([0, 1, DEPOT_MOST_DOUBLINGS].map(|doublings| most_kib(doublings, 0)), [64, 128, 1024].map(Some));
        assert_eq!(most_kib(DEPOT_MOST_DOUBLINGS, 3), Some(128), "an eighth where threads are many");
        assert!(depot_has_room(2 * MIB, 0) && !depot_has_room(2 * MIB + 1, 0) && !depot_has_room(MIB, 3));
        assert!(comes_back(7, 7) && comes_back(7, 11) && !comes_back(7, 12));
    }

    #[test]
    fn refills_grow_to_the_capacity_and_stay_there() {
        let mut n = first_refill(64);
        for _ in 0..10 {
            n = next_refill(n, 126);
        }
        assert_eq!(n, 126);
        assert_eq!([16, 1024, 4096, 64 * KIB].map(first_refill), [16, 4, 1, 1]);
        assert_eq!([16, 1024, 4096, 64 * KIB].map(|bytes| carved_blocks(bytes, 7)), [256, 4, 1, 1]);
        assert_eq!([16, 1024, 64 * KIB].map(|bytes| carved_blocks(bytes, 800)), [256, 100, 100]);
    }

    #[test]
    fn classes_that_serve_others_are_at_most_three_eighths_larger() {
        assert_eq!([16, 112, 128, 4096, 4608].map(larger_blocks), [0, 0, 64, 64, 128]);
        for (class, info) in CLASSES.iter().enumerate().filter(|(_, info)| larger_blocks(info.bytes as usize) > 0) {
            for larger in larger_classes(class).map(|larger| &CLASSES[larger]) {
                assert!(
                    larger.bytes > info.bytes && larger.bytes * 8 <= info.bytes * 11,
                    "{} for {}",
                    larger.bytes,
                    info.bytes
                );
            }
        }
    }

    #[test]
    fn refill_groups_end_where_their_options_say() {
        use RefillGroup::*;
        assert_eq!([0, 128, 129, 1024, 1025, MIB].map(refill_group), [Tiny, Tiny, Small, Small, Mid, Mid]);
    }
}
