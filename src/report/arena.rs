//! The counters in the terms of glibc, whose mallinfo and malloc_info speak of arenas: the heap
//! without its huge blocks is one.

use crate::geometry::CLASSES;
use crate::stats::{ClassSnapshot, Snapshot};

/// The heap without its huge blocks. `live_bytes` and `free_bytes` make `bytes`, also where the
/// counters were read in the middle of a change.
pub struct Arena {
    /// Committed bytes.
    pub bytes: u64,
    /// Bytes in the program's hands.
    pub live_bytes: u64,
    /// The rest: cached, warm and free.
    pub free_bytes: u64,
    /// Blocks that lie free in slabs or in front caches, of all classes.
    pub free_blocks: u64,
    /// Blocks in front caches.
    pub cached_blocks: u64,
    /// Bytes in front caches and on their way between heaps.
    pub cached_bytes: u64,
}

impl Arena {
    /// The arena of these counters.
    pub fn of(s: &Snapshot) -> Self {
        let bytes = s.committed_bytes.saturating_sub(s.huge_live_bytes);
        let live_bytes = s.live_bytes.saturating_sub(s.huge_live_bytes).min(bytes);
        Arena {
            bytes,
            live_bytes,
            free_bytes: bytes - live_bytes,
            free_blocks: s.classes.iter().zip(&CLASSES).map(|(class, info)| free_blocks(class, info.capacity)).sum(),
            cached_blocks: s.classes.iter().map(|class| class.blocks_cached).sum(),
            cached_bytes: s.front_cached_bytes,
        }
    }
}

/// Blocks of a class that nobody uses: in its slabs and in front caches. `capacity` is the blocks
/// of one slab.
pub(super) fn free_blocks(class: &ClassSnapshot, capacity: u32) -> u64 {
    class.slabs.saturating_mul(u64::from(capacity)).saturating_sub(class.blocks_out) + class.blocks_cached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::snapshot;

    fn some_snapshot() -> Snapshot {
        let mut s = snapshot();
        (s.committed_bytes, s.huge_live_bytes, s.live_bytes, s.front_cached_bytes) = (1000, 300, 500, 50);
        s
    }

    #[test]
    fn live_and_free_make_the_arena_without_huge_blocks() {
        let arena = Arena::of(&some_snapshot());
        assert_eq!((arena.bytes, arena.live_bytes, arena.free_bytes, arena.cached_bytes), (700, 200, 500, 50));
    }

    #[test]
    fn free_blocks_are_those_in_slabs_and_those_cached() {
        let mut s = some_snapshot();
        for class in &mut s.classes {
            (class.slabs, class.blocks_out, class.blocks_cached) = (0, 0, 0);
        }
        (s.classes[3].slabs, s.classes[3].blocks_out, s.classes[3].blocks_cached) = (2, 10, 4);
        let arena = Arena::of(&s);
        assert_eq!(arena.free_blocks, 2 * u64::from(CLASSES[3].capacity) - 10 + 4);
        assert_eq!(arena.cached_blocks, 4);
    }

    #[test]
    fn counters_read_in_the_middle_of_a_change_give_no_wrapped_number() {
        let mut s = some_snapshot();
        s.huge_live_bytes = 2000;
        let arena = Arena::of(&s);
        assert_eq!((arena.bytes, arena.live_bytes, arena.free_bytes), (0, 0, 0));
    }
}
