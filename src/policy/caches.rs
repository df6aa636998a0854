//! What a thread caches: bins, depot, refills, magazines.

use crate::config;
use crate::geometry::*;

/// Places of a magazine: with its header it fills exactly 1 KiB.
pub const MAGAZINE_BLOCKS: usize = 126;
// a bin stands in a magazine, whatever the options ask for
const _: () = assert!(config::FRONT_CACHE_MAX_BLOCKS as usize <= MAGAZINE_BLOCKS);
/// A bin keeps at most this many bytes, but at least one block; the same for a batch of another thread that becomes
/// a bin whole.
pub const BIN_MAX_BYTES: usize = 256 * KIB;
/// The depot keeps at most this many bytes of one class.
pub const DEPOT_CLASS_MAX_BYTES: usize = MIB;
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
    } else if blocks > 16 {
        16
    } else {
        blocks
    }
}

/// The next refill after one of `last_blocks`, into a bin of `capacity_blocks`.
pub const fn next_refill(last_blocks: usize, capacity_blocks: usize) -> usize {
    let twice = last_blocks * 2;
    if twice < capacity_blocks { twice } else { capacity_blocks }
}

/// Whether the depot may take one more magazine of `blocks` blocks of `bytes`, when it holds
/// `class_blocks` of this class and `all_bytes` in all, and its bounds are halved so often.
pub const fn depot_has_room(bytes: usize, blocks: usize, class_blocks: usize, all_bytes: usize, halvings: u32) -> bool {
    (class_blocks + blocks) * bytes <= DEPOT_CLASS_MAX_BYTES >> halvings
        && all_bytes + blocks * bytes <= DEPOT_MAX_BYTES >> halvings
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
        let fits = |class_blocks, all_bytes, halvings| depot_has_room(1024, 64, class_blocks, all_bytes, halvings);
        assert!(fits(960, MIB, 0) && !fits(961, MIB, 0) && !fits(0, 2 * MIB - 1024, 0));
        assert!(fits(64, 0, 3) && !fits(65, 0, 3) && !fits(0, 256 * KIB, 3));
    }

    #[test]
    fn refills_grow_to_the_capacity_and_stay_there() {
        let mut n = first_refill(64);
        for _ in 0..10 {
            n = next_refill(n, 126);
        }
        assert_eq!(n, 126);
        assert_eq!([16, 1024, 4096, 64 * KIB].map(first_refill), [16, 4, 1, 1]);
    }

    #[test]
    fn refill_groups_end_where_their_options_say() {
        use RefillGroup::*;
        assert_eq!([0, 128, 129, 1024, 1025, MIB].map(refill_group), [Tiny, Tiny, Small, Small, Mid, Mid]);
    }
}
