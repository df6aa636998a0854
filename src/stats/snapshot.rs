//! All counters as plain numbers, at one moment or nearly so.

use super::NUM_STAGES;
use crate::geometry::NUM_CLASSES;
use crate::sync::census::AtomicCounts;

/// Version of [`Snapshot`]'s meaning: raised when a field changes what it counts.
pub const TELEMETRY_VERSION: u32 = 1;

/// What is known of one size class.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassSnapshot {
    /// Slabs of the class.
    pub slabs: u64,
    /// Blocks out of their slabs: live or cached.
    pub blocks_out: u64,
    /// Blocks in bins and depots.
    pub blocks_cached: u64,
}

/// See the module. Byte counts obey `live + cached + free = committed`, since free is what is left of
/// committed; the tests count it again, block by block. Live is in the program's
/// hands; cached is in bins, depots, outboxes and queues, or kept warm as EMPTY runs and huge
/// mappings; free is in slabs, with what their geometry wastes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// By class.
    pub classes: [ClassSnapshot; NUM_CLASSES],
    /// Heaps that exist.
    pub heaps: u64,
    /// Heaps without an owner.
    pub heaps_parked: u64,
    /// Bytes of blocks, spans and huge blocks in the program's hands.
    pub live_bytes: u64,
    /// Bytes in front caches and on their way between heaps.
    pub front_cached_bytes: u64,
    /// Bytes of EMPTY runs and cached huge mappings.
    pub warm_bytes: u64,
    /// Bytes in slabs that nobody uses.
    pub free_bytes: u64,
    /// Bytes of ACTIVE and EMPTY runs and of huge mappings.
    pub committed_bytes: u64,
    /// Bytes of metadata.
    pub metadata_bytes: u64,
    /// Bytes of spans in the program's hands.
    pub span_live_bytes: u64,
    /// Bytes of huge blocks in the program's hands.
    pub huge_live_bytes: u64,
    /// Bytes given back to the system so far.
    pub purged_bytes: u64,
    /// Bytes claimed again less than the purge delay after they were given back.
    pub refaulted_bytes: u64,
    /// Bytes that may be backed by huge pages, as they were made.
    pub huge_page_bytes: u64,
    /// SuperSlabs made.
    pub superslabs: u64,
    /// Hits by stage: adopt, 1, 1b, 2, 3.
    pub stage_hits: [u64; NUM_STAGES],
    /// Misses by stage.
    pub stage_misses: [u64; NUM_STAGES],
    /// Failed compare-and-swaps by stage.
    pub stage_retries: [u64; NUM_STAGES],
    /// Nanoseconds in system calls by stage.
    pub stage_ns: [u64; NUM_STAGES],
    /// Nanoseconds in the system calls of purges.
    pub purge_ns: u64,
    /// Failed compare-and-swaps of releases.
    pub release_retries: u64,
    /// Slabs got from the shared pool, adopted ones included.
    pub acquires: u64,
    /// Slabs given back.
    pub releases: u64,
    /// Slabs taken over from parked heaps, and from owners that rest.
    pub adopted_slabs: u64,
    /// Refills from slabs.
    pub refills: u64,
    /// Blocks moved by refills.
    pub refilled_blocks: u64,
    /// Requests that a freed block of a larger class has served.
    pub served_by_larger: u64,
    /// Flushes to slabs.
    pub flushes: u64,
    /// Blocks moved by flushes.
    pub flushed_blocks: u64,
    /// Magazines taken from depots.
    pub depot_takes: u64,
    /// Magazines put into depots.
    pub depot_puts: u64,
    /// Drains that found something.
    pub drains: u64,
    /// Batches drained.
    pub drained_batches: u64,
    /// Blocks drained.
    pub drained_blocks: u64,
    /// Blocks freed by a thread that does not own them.
    pub remote_blocks: u64,
    /// Batches posted.
    pub posted_batches: u64,
    /// Failed attempts at posting.
    pub post_retries: u64,
    /// Visits to sleeping or parked owners.
    pub visits: u64,
    /// Heaps given away to visitors.
    pub heaps_given_away: u64,
    /// Heaps bound.
    pub heaps_bound: u64,
    /// Calls served by borrowed heaps.
    pub heaps_borrowed: u64,
    /// Acquisitions of the control lock by acquires.
    pub lock_acquire_slab: u64,
    /// Acquisitions of the control lock by releases.
    pub lock_release_slab: u64,
    /// Releases of the control lock.
    pub lock_unlocks: u64,
    /// Waits for the control lock.
    pub lock_waits: u64,
    /// Spans handed out.
    pub span_allocations: u64,
    /// Huge blocks handed out.
    pub huge_allocations: u64,
    /// Huge blocks served by the cache.
    pub huge_cache_hits: u64,
    /// Blocks that travelled without a magazine, for want of metadata memory.
    pub stray_blocks: u64,
    /// Pointers handed on to glibc.
    pub foreign_frees: u64,
    /// System calls made: mmap, munmap, mprotect, madvise, mremap, futex, sched_yield.
    pub system_calls: [u64; SYSTEM_CALL_NAMES.len()],
    /// Atomic operations, in a build that counts them.
    pub atomics: Option<AtomicCounts>,
}

impl Snapshot {
    /// `n` everywhere, without atomics.
    pub const fn all(n: u64) -> Self {
        Self {
            classes: [ClassSnapshot { slabs: n, blocks_out: n, blocks_cached: n }; NUM_CLASSES],
            heaps: n,
            heaps_parked: n,
            live_bytes: n,
            front_cached_bytes: n,
            warm_bytes: n,
            free_bytes: n,
            committed_bytes: n,
            metadata_bytes: n,
            span_live_bytes: n,
            huge_live_bytes: n,
            purged_bytes: n,
            refaulted_bytes: n,
            huge_page_bytes: n,
            superslabs: n,
            stage_hits: [n; NUM_STAGES],
            stage_misses: [n; NUM_STAGES],
            stage_retries: [n; NUM_STAGES],
            stage_ns: [n; NUM_STAGES],
            purge_ns: n,
            release_retries: n,
            acquires: n,
            releases: n,
            adopted_slabs: n,
            refills: n,
            refilled_blocks: n,
            served_by_larger: n,
            flushes: n,
            flushed_blocks: n,
            depot_takes: n,
            depot_puts: n,
            drains: n,
            drained_batches: n,
            drained_blocks: n,
            remote_blocks: n,
            posted_batches: n,
            post_retries: n,
            visits: n,
            heaps_given_away: n,
            heaps_bound: n,
            heaps_borrowed: n,
            lock_acquire_slab: n,
            lock_release_slab: n,
            lock_unlocks: n,
            lock_waits: n,
            span_allocations: n,
            huge_allocations: n,
            huge_cache_hits: n,
            stray_blocks: n,
            foreign_frees: n,
            system_calls: [n; SYSTEM_CALL_NAMES.len()],
            atomics: None,
        }
    }
}

/// Names of [`Snapshot::system_calls`].
pub const SYSTEM_CALL_NAMES: [&str; 7] = ["mmap", "munmap", "mprotect", "madvise", "mremap", "futex", "sched_yield"];
