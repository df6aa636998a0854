//! Gathers every counter into one [`Snapshot`].
//!
//! Other threads go on while this reads, so sums may be off by what they do meanwhile; differences
//! are cut off at zero.

use crate::front_cache::heap::Heap;
use crate::geometry::*;
use crate::os;
use crate::shared_pool;
use crate::slab::directory;
use crate::stats::{HeapStats, NUM_STAGES, POOL, Snapshot};
use crate::superslab::pool;
use crate::sync::census;
use crate::sync::counter::SharedCounter;

/// All counters now. Never allocates; safe from any thread.
pub fn snapshot() -> Snapshot {
    let mut s = pool_counters();
    directory::for_each(|_, record| {
        s.heaps += 1;
        s.heaps_parked += u64::from(record.shared.tenancy.is_parked());
        let heap = Heap::of_record(record);
        add_heap(&mut s, &record.shared.stats, Heap::waiting_in_outbox(heap));
        for (class, of_class) in s.classes.iter_mut().enumerate() {
            of_class.blocks_cached += Heap::cached_blocks(heap, class);
        }
    });
    sum_bytes(&mut s);
    s
}

/// What the pool and the os layer count, and zero for the rest.
fn pool_counters() -> Snapshot {
    let calls = [
        &os::counts::MMAP,
        &os::counts::MUNMAP,
        &os::counts::MPROTECT,
        &os::counts::MADVISE,
        &os::counts::MREMAP,
        &os::counts::FUTEX,
        &os::counts::SCHED_YIELD,
    ];
    let slot_bytes = SLOT_BYTES as u64;
    Snapshot {
        front_cached_bytes: POOL.direct_posted_bytes.get(),
        warm_bytes: shared_pool::empty_slots() * slot_bytes + POOL.huge_cached_bytes.get(),
        committed_bytes: POOL.claimed_slots.get() * slot_bytes
            + POOL.huge_live_bytes.get()
            + POOL.huge_cached_bytes.get(),
        metadata_bytes: pool::committed_bytes() as u64,
        span_live_bytes: POOL.span_slots.get() * slot_bytes,
        huge_live_bytes: POOL.huge_live_bytes.get(),
        purged_bytes: POOL.purged_bytes.get(),
        refaulted_bytes: POOL.refaulted_bytes.get(),
        huge_page_bytes: POOL.huge_page_bytes.get(),
        superslabs: POOL.superslabs.get(),
        stage_ns: POOL.stage_ns.each_ref().map(SharedCounter::get),
        purge_ns: POOL.purge_ns.get(),
        release_retries: POOL.release_retries.get(),
        remote_blocks: POOL.direct_posted_blocks.get(),
        posted_batches: POOL.direct_posted_batches.get(),
        post_retries: POOL.stray_retries.get(),
        heaps_given_away: POOL.heaps_given_away.get(),
        heaps_bound: POOL.heaps_bound.get(),
        heaps_borrowed: POOL.heaps_borrowed.get(),
        lock_acquire_slab: POOL.lock_acquire_slab.get(),
        lock_release_slab: POOL.lock_release_slab.get(),
        lock_unlocks: POOL.lock_unlocks.get(),
        lock_waits: POOL.lock_waits.get(),
        huge_allocations: POOL.huge_allocations.get(),
        huge_cache_hits: POOL.huge_cache_hits.get(),
        stray_blocks: POOL.stray_blocks.get(),
        foreign_frees: POOL.foreign_frees.get(),
        system_calls: calls.map(SharedCounter::get),
        atomics: census::counts(),
        ..Snapshot::all(0)
    }
}

fn add_heap(s: &mut Snapshot, stats: &HeapStats, (waiting_blocks, waiting_bytes): (u64, u64)) {
    for (class, of_class) in s.classes.iter_mut().enumerate() {
        // a heap alone may be below zero: slabs move with their blocks; the sum is what counts
        of_class.slabs = of_class.slabs.wrapping_add(stats.slabs[class].get());
        of_class.blocks_out = of_class.blocks_out.wrapping_add(stats.blocks_out[class].get());
    }
    s.acquires += stats.acquires.get();
    s.releases += stats.releases.get();
    s.adopted_slabs += stats.adopted_slabs.get();
    s.refills += stats.refills.get();
    s.refilled_blocks += stats.refilled_blocks.get();
    s.flushes += stats.flushes.get();
    s.flushed_blocks += stats.flushed_blocks.get();
    s.served_by_larger += stats.served_by_larger.get();
    s.depot_takes += stats.depot_takes.get();
    s.depot_puts += stats.depot_puts.get();
    s.drains += stats.drains.get();
    s.drained_batches += stats.drained_batches.get();
    s.drained_blocks += stats.drained_blocks.get();
    s.remote_blocks += stats.posted_blocks.get() + waiting_blocks;
    s.posted_batches += stats.posted_batches.get();
    s.post_retries += stats.post_retries.get();
    s.visits += stats.visits.get();
    s.span_allocations += stats.span_allocations.get();
    for stage in 0..NUM_STAGES {
        s.stage_hits[stage] += stats.stage_hits[stage].get();
        s.stage_misses[stage] += stats.stage_misses[stage].get();
        s.stage_retries[stage] += stats.stage_retries[stage].get();
    }
    // on their way: put into an outbox and not drained yet
    let sent = stats.posted_bytes.get() + waiting_bytes;
    let arrived = stats.drained_bytes.get();
    s.front_cached_bytes = s.front_cached_bytes.wrapping_add(sent).wrapping_sub(arrived);
}

fn sum_bytes(s: &mut Snapshot) {
    // summed with a wrap over all heaps; a race may leave it just below zero
    if s.front_cached_bytes > i64::MAX as u64 {
        s.front_cached_bytes = 0;
    }
    let (mut out, mut cached) = (0, s.front_cached_bytes);
    for (class, of_class) in s.classes.iter_mut().enumerate() {
        if of_class.slabs > i64::MAX as u64 {
            of_class.slabs = 0;
        }
        let bytes = class_bytes(class) as u64;
        // a race may leave a sum just below zero
        out += if of_class.blocks_out > i64::MAX as u64 { 0 } else { of_class.blocks_out * bytes };
        cached += of_class.blocks_cached * bytes;
    }
    s.front_cached_bytes = cached.min(out);
    s.live_bytes = out - s.front_cached_bytes + s.span_live_bytes + s.huge_live_bytes;
    let in_use = s.live_bytes + s.front_cached_bytes + s.warm_bytes;
    // what was committed while this counted is committed all the same
    s.committed_bytes = s.committed_bytes.max(in_use);
    s.free_bytes = s.committed_bytes - in_use;
}
