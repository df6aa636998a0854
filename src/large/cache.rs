//! Freed mappings that are kept warm: a small table of atomic places, taken and filled by
//! compare-and-swap. What is above the retention limit is unmapped at the free itself, the rest
//! after the purge delay, on the slow paths of huge blocks, or where fresh memory is to take its place.
#![allow(unsafe_code)] // records by pointer

use super::density;
use super::registry::{self, HugeBlock};
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::shared_pool::{self, refault::Fading};
use crate::stats::POOL;
use crate::sync::interval::Interval;
use crate::sync::record_place::RecordPlace;
use core::ptr;

type Place = RecordPlace<HugeBlock>;
static PLACES: [Place; policy::HUGE_CACHE_ENTRIES] = [const { Place::new() }; policy::HUGE_CACHE_ENTRIES];
/// Bytes unmapped of late.
static UNMAPPED: Fading = Fading::new();
/// Bytes that may be kept beyond the limit, since as many were unmapped in vain.
static KEPT: Fading<{ policy::KEPT_HALF_LIFE_DELAYS }> = Fading::new();
static DECAY: Interval = Interval::new();

fn peek(place: &Place) -> Option<&'static HugeBlock> {
    // SAFETY: [I-HUGE] records are never unmapped.
    unsafe { place.peek().as_ref() }
}

/// Takes `block` out of a place, if it is still there.
fn win(place: &Place, block: &'static HugeBlock) -> bool {
    if !place.take(ptr::from_ref(block).cast_mut()) {
        return false;
    }
    POOL.huge_cached_bytes.sub_n(block.bytes() as u64);
    true
}

fn fits(block: &HugeBlock, bytes: usize, align: usize) -> bool {
    policy::cache_fits(block.bytes(), bytes) && block.start() & (align - 1) == 0
}

/// A cached mapping for `bytes` at a multiple of `align`: the smallest that fits.
pub fn take(bytes: usize, align: usize) -> Option<&'static HugeBlock> {
    for _ in 0..2 {
        let candidates = PLACES.iter().filter_map(|place| peek(place).map(|block| (place, block)));
        let best = candidates.filter(|(_, block)| fits(block, bytes, align)).min_by_key(|(_, block)| block.bytes());
        let (place, block) = best?;
        if win(place, block) {
            if fits(block, bytes, align) {
                return Some(block);
            }
            put(block); // another block came to the same record in between
        }
    }
    None
}

/// The cached mapping whose size is nearest to `bytes`, where it may be cut or stretched to that; those first whose
/// mapping is long enough.
pub fn take_nearest(bytes: usize) -> Option<&'static HugeBlock> {
    let candidates = PLACES.iter().filter_map(|place| peek(place).map(|block| (place, block)));
    let can_be = candidates.filter(|(_, block)| policy::may_be_reshaped(block.bytes(), bytes));
    // one number, since a pair is compared by way of memory
    let cost = |block: &HugeBlock| block.bytes().abs_diff(bytes) | usize::from(block.mapped_bytes() < bytes) << 63;
    let (place, block) = can_be.min_by_key(|(_, block)| cost(block))?;
    win(place, block).then_some(block)
}

/// Keeps a freed mapping, or unmaps it or others where that would be too much.
pub fn put(block: &'static HugeBlock) {
    let limit = base_limit() + policy::with_room_for_sizes(KEPT.bytes());
    let bytes = block.bytes();
    if bytes > limit || config::get().purge_delay_ms() == 0 {
        return unmap(block);
    }
    evict_down_to(limit - bytes);
    for place in &PLACES {
        if place.is_empty() {
            POOL.huge_cached_bytes.add_n(bytes as u64);
            if place.put(ptr::from_ref(block).cast_mut()) {
                return;
            }
            POOL.huge_cached_bytes.sub_n(bytes as u64);
        }
    }
    unmap(block);
}

/// Bytes that may be cached whatever was unmapped of late.
fn base_limit() -> usize {
    let floor = config::get().cache_min_mib() as usize * MIB;
    policy::retained_bytes(POOL.huge_live_bytes.get() as usize, floor)
}

fn evict_down_to(limit: usize) {
    while POOL.huge_cached_bytes.get() as usize > limit && evict_one() {}
}

/// Where the shared pool takes `more_bytes` of fresh memory, and so much was never taken, unmaps so much of what is
/// kept beyond the limit that these take its place.
#[inline]
pub fn give_way(more_bytes: usize) {
    let cached = POOL.huge_cached_bytes.get() as usize;
    if cached > 0 && shared_pool::would_raise_peak(more_bytes) {
        evict_down_to(base_limit().max(cached.saturating_sub(policy::replaced_bytes(cached, more_bytes))));
    }
}

/// Where a huge block of `bytes` is about to be made or to grow by them, `more_bytes` of which are not warm yet, and so
/// much was never taken: unmaps as much of what is cached and did not serve, if the program uses such blocks from end
/// to end. Otherwise most of what is cached may not be resident at all.
pub fn give_way_to_block(bytes: usize, more_bytes: usize) {
    let cached = POOL.huge_cached_bytes.get() as usize;
    if cached > 0 && density::is_dense() && shared_pool::would_raise_peak(bytes) {
        let kept = policy::with_room_for_sizes(KEPT.bytes()); // as many were unmapped in vain
        evict_down_to(cached.saturating_sub(more_bytes).max(kept));
    }
}

/// Unmaps the cached block that was freed first. `false`: there is none.
fn evict_one() -> bool {
    let now = os::now_ms();
    let cached = PLACES.iter().filter_map(|place| peek(place).map(|block| (place, block)));
    match cached.max_by_key(|(_, block)| now.wrapping_sub(block.released_ms())) {
        Some((place, block)) => {
            if win(place, block) {
                unmap(block);
            }
            true
        }
        None => false,
    }
}

/// Unmaps what has been cached for longer than the purge delay; not more often than four times in it.
pub fn decay() {
    if POOL.huge_cached_bytes.get() == 0 {
        return;
    }
    let (now, delay) = (os::now_ms(), config::get().purge_delay_ms());
    if DECAY.transition_elect(now, policy::decay_interval_ms(delay)) {
        let is_old = |block: &HugeBlock| now.wrapping_sub(block.released_ms()) >= delay;
        purge_if(is_old);
    }
}

/// In how many places a block is kept, or, for none, how many blocks are: for checks.
pub fn count(block: Option<&HugeBlock>) -> usize {
    let kept = PLACES.iter().filter_map(peek);
    kept.filter(|there| block.is_none_or(|block| ptr::eq(*there, block))).count()
}

/// Puts `block` in place of what is in the first place: for the test of the checks.
#[cfg(test)]
pub fn damage(block: *mut HugeBlock) -> *mut HugeBlock {
    PLACES[0].damage(block)
}

/// Unmaps every cached block; returns the bytes given back.
pub fn purge_all() -> usize {
    purge_if(|_| true)
}

fn purge_if(chosen: impl Fn(&HugeBlock) -> bool) -> usize {
    let mut purged = 0;
    for place in &PLACES {
        if let Some(block) = peek(place).filter(|block| chosen(block) && win(place, block)) {
            purged += block.bytes();
            unmap(block);
        }
    }
    purged
}

/// A new mapping of `bytes` is about to be made: counts those that were unmapped too soon.
pub fn account_refault(bytes: usize) {
    let soon = UNMAPPED.take(bytes);
    if soon > 0 {
        POOL.refaulted_bytes.add_n(soon as u64);
        KEPT.add(soon, shared_pool::peak_bytes());
    }
}

/// Ends a block. The entry goes before the mapping: the address may come back at once. A mapping
/// that the system refuses to remove gives at least its pages back.
pub(super) fn unmap(block: &'static HugeBlock) {
    let (start, bytes) = (block.start(), block.bytes());
    registry::remove(start);
    // SAFETY: [I-RANGE] the block was taken out of the cache, or never was live: it is this thread's.
    if !unsafe { os::unmap_checked(start, block.mapped_bytes()) } {
        // SAFETY: [I-RANGE] as above.
        let _ = unsafe { os::purge(start, bytes) };
    }
    POOL.huge_room_bytes.sub_n(block.room_bytes() as u64);
    POOL.purged_bytes.add_n(bytes as u64);
    UNMAPPED.add(bytes, shared_pool::peak_bytes());
    registry::recycle_block(block);
}
