//! Counters: what each part of the allocator raises, and no formatting.
//!
//! [`HeapStats`] has one writer at a time (whoever holds the heap's tenancy, or the owner for the
//! outbox counters; of a heap without an owner the tenant) and costs a load and a store; [`POOL`] is shared and raised
//! on slow paths only. Nothing here is touched by a malloc or free that the front cache serves.

use crate::geometry::NUM_CLASSES;
use crate::sync::counter::{OwnedCounter, SharedCounter};

mod snapshot;
pub use snapshot::*;

/// The stages of acquire, in the order in which they are asked; Adopt once more before Claim, of owners that rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A slab of a parked heap was adopted, or of an owner that rests.
    Adopt,
    /// Stage 1: an EMPTY run of the class.
    ReuseSame,
    /// Stage 1b: an EMPTY run of another class, or of another heap.
    ReuseOther,
    /// Stage 2: an UNUSED run.
    Claim,
    /// Stage 3: a new SuperSlab.
    Grow,
}

/// Number of [`Stage`]s.
pub const NUM_STAGES: usize = 5;

/// Counters of one heap.
#[derive(Debug)]
pub struct HeapStats {
    /// Slabs of each class.
    pub slabs: [OwnedCounter; NUM_CLASSES],
    /// Blocks of each class that are out of their slabs: in bins, batches or the program's hands.
    pub blocks_out: [OwnedCounter; NUM_CLASSES],
    /// Refills of a bin from slabs.
    pub refills: OwnedCounter,
    /// Blocks moved from slabs to bins.
    pub refilled_blocks: OwnedCounter,
    /// Requests that a freed block of a larger class has served.
    pub served_by_larger: OwnedCounter,
    /// Flushes of a bin to slabs.
    pub flushes: OwnedCounter,
    /// Blocks moved from bins to slabs.
    pub flushed_blocks: OwnedCounter,
    /// Full magazines taken from the depot.
    pub depot_takes: OwnedCounter,
    /// Full magazines put into the depot.
    pub depot_puts: OwnedCounter,
    /// Drains of the remote queue that found something.
    pub drains: OwnedCounter,
    /// Batches drained.
    pub drained_batches: OwnedCounter,
    /// Blocks drained.
    pub drained_blocks: OwnedCounter,
    /// Bytes drained.
    pub drained_bytes: OwnedCounter,
    /// Slabs got from the shared pool, adopted ones included.
    pub acquires: OwnedCounter,
    /// Slabs given back to the shared pool.
    pub releases: OwnedCounter,
    /// Slots of the slabs that were acquired; not reported.
    pub acquired_slots: OwnedCounter,
    /// Slots of those given back, or adopted by other heaps; not reported.
    pub released_slots: OwnedCounter,
    /// Slabs taken over from parked heaps, and from owners that rest.
    pub adopted_slabs: OwnedCounter,
    /// Batches posted to other heaps.
    pub posted_batches: OwnedCounter,
    /// Blocks posted; what waits in the outbox is not counted yet.
    pub posted_blocks: OwnedCounter,
    /// Bytes of those.
    pub posted_bytes: OwnedCounter,
    /// Failed attempts at posting.
    pub post_retries: OwnedCounter,
    /// Visits to sleeping or parked owners.
    pub visits: OwnedCounter,
    /// Times a stage served.
    pub stage_hits: [OwnedCounter; NUM_STAGES],
    /// Times a stage was asked in vain.
    pub stage_misses: [OwnedCounter; NUM_STAGES],
    /// Failed compare-and-swaps by stage.
    pub stage_retries: [OwnedCounter; NUM_STAGES],
    /// Spans handed out.
    pub span_allocations: OwnedCounter,
}

impl HeapStats {
    /// The heap got a slab of so many slots from the shared pool.
    pub fn account_acquired(&self, slots: usize) {
        self.acquires.add();
        self.acquired_slots.add_n(slots as u64);
    }

    /// It gave one back.
    pub fn account_released(&self, slots: usize) {
        self.releases.add();
        self.released_slots.add_n(slots as u64);
    }

    /// Slots of the slabs that it has.
    pub fn held_slots(&self) -> u64 {
        self.acquired_slots.get().saturating_sub(self.released_slots.get())
    }

    /// A stage served after `retries` failed attempts.
    pub fn account_stage_hit(&self, stage: Stage, retries: u32) {
        self.stage_hits[stage as usize].add();
        self.stage_retries[stage as usize].add_n(u64::from(retries));
    }

    /// A stage had nothing, after `retries` failed attempts.
    pub fn account_stage_miss(&self, stage: Stage, retries: u32) {
        self.stage_misses[stage as usize].add();
        self.stage_retries[stage as usize].add_n(u64::from(retries));
    }
}

/// Counters of the shared pool.
#[derive(Debug, Default)]
pub struct PoolStats {
    /// Nanoseconds in system calls by stage.
    pub stage_ns: [SharedCounter; NUM_STAGES],
    /// Nanoseconds in the system calls of purges.
    pub purge_ns: SharedCounter,
    /// Failed compare-and-swaps of releases.
    pub release_retries: SharedCounter,
    /// Runs given back: spans, and slabs as far as `policy::releases_to_tell` says.
    pub released_runs: SharedCounter,
    /// Slots claimed and not given back to UNUSED: ACTIVE and EMPTY.
    pub claimed_slots: SharedCounter,
    /// Slots of EMPTY runs, as far as heaps have told of them; may be below zero (`shared_pool::empty_slots`).
    pub empty_slots: SharedCounter,
    /// Slots of spans in the program's hands.
    pub span_slots: SharedCounter,
    /// SuperSlabs made.
    pub superslabs: SharedCounter,
    /// Bytes purged.
    pub purged_bytes: SharedCounter,
    /// Bytes claimed again less than the purge delay after they were purged.
    pub refaulted_bytes: SharedCounter,
    /// Bytes of the window and of huge mappings that may be backed by huge pages, as they were made.
    pub huge_page_bytes: SharedCounter,
    /// Bytes of huge blocks in the program's hands.
    pub huge_live_bytes: SharedCounter,
    /// Bytes of cached huge mappings.
    pub huge_cached_bytes: SharedCounter,
    /// Bytes of addresses behind huge blocks, live or cached, that their mappings hold beyond them.
    pub huge_room_bytes: SharedCounter,
    /// Huge blocks handed out.
    pub huge_allocations: SharedCounter,
    /// Huge requests served by the cache.
    pub huge_cache_hits: SharedCounter,
    /// Acquisitions of the stage-2 control lock by acquires.
    pub lock_acquire_slab: SharedCounter,
    /// Acquisitions of the stage-2 control lock by releases.
    pub lock_release_slab: SharedCounter,
    /// Releases of that lock.
    pub lock_unlocks: SharedCounter,
    /// Times a thread found that lock held.
    pub lock_waits: SharedCounter,
    /// Owners that found a visitor inside and bound another heap.
    pub heaps_given_away: SharedCounter,
    /// Heaps bound, new or recycled; for a single call too (see `heaps_borrowed`).
    pub heaps_bound: SharedCounter,
    /// Calls served by a borrowed heap.
    pub heaps_borrowed: SharedCounter,
    /// Bytes of metadata taken.
    pub metadata_bytes: SharedCounter,
    /// Blocks posted past the outbox: by threads that have none, or forwarded.
    pub direct_posted_blocks: SharedCounter,
    /// Bytes of those.
    pub direct_posted_bytes: SharedCounter,
    /// Batches of those.
    pub direct_posted_batches: SharedCounter,
    /// Blocks that travelled without a magazine because memory for metadata was out.
    pub stray_blocks: SharedCounter,
    /// Failed attempts at sending those.
    pub stray_retries: SharedCounter,
    /// Pointers handed on to glibc's free or realloc.
    pub foreign_frees: SharedCounter,
}

/// The shared pool's counters.
pub static POOL: PoolStats = PoolStats {
    stage_ns: [const { SharedCounter::new() }; NUM_STAGES],
    purge_ns: SharedCounter::new(),
    release_retries: SharedCounter::new(),
    released_runs: SharedCounter::new(),
    claimed_slots: SharedCounter::new(),
    empty_slots: SharedCounter::new(),
    span_slots: SharedCounter::new(),
    superslabs: SharedCounter::new(),
    purged_bytes: SharedCounter::new(),
    refaulted_bytes: SharedCounter::new(),
    huge_page_bytes: SharedCounter::new(),
    huge_live_bytes: SharedCounter::new(),
    huge_cached_bytes: SharedCounter::new(),
    huge_room_bytes: SharedCounter::new(),
    huge_allocations: SharedCounter::new(),
    huge_cache_hits: SharedCounter::new(),
    lock_acquire_slab: SharedCounter::new(),
    lock_release_slab: SharedCounter::new(),
    lock_unlocks: SharedCounter::new(),
    lock_waits: SharedCounter::new(),
    heaps_given_away: SharedCounter::new(),
    heaps_bound: SharedCounter::new(),
    heaps_borrowed: SharedCounter::new(),
    metadata_bytes: SharedCounter::new(),
    direct_posted_blocks: SharedCounter::new(),
    direct_posted_bytes: SharedCounter::new(),
    direct_posted_batches: SharedCounter::new(),
    stray_blocks: SharedCounter::new(),
    stray_retries: SharedCounter::new(),
    foreign_frees: SharedCounter::new(),
};

impl PoolStats {
    /// A batch was posted that no outbox has counted.
    pub fn account_post_without_outbox(&self, blocks: usize, bytes: usize) {
        self.direct_posted_batches.add();
        self.direct_posted_blocks.add_n(blocks as u64);
        self.direct_posted_bytes.add_n(bytes as u64);
    }
}
