//! What is taken from the system for blocks and metadata: `HAKMEM_MEMORY_LIMIT` bounds it, and what is
//! kept beyond the retention limit does not raise its peak.
//!
//! The limit is soft: threads that ask at the same moment may go beyond it by what they ask for, and by the
//! EMPTY runs that others have just released or have in their hands, to purge or to join them. A request
//! that fits beside what is in use is not refused because another thread is about to make room.

use super::{empty_of_heaps, join, purge};
use crate::config;
use crate::geometry::{MIB, SLOT_BYTES};
use crate::stats::POOL;
use crate::superslab::pool;
use crate::sync::{AtomicUsize, Ordering};

/// The most bytes that were taken at a time.
static PEAK_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Whether `more_bytes` may be taken from the system, if need be once all EMPTY runs are purged.
pub fn has_room(more_bytes: usize) -> bool {
    if would_raise_peak(more_bytes) {
        purge::purge_kept(more_bytes);
        // relaxed: a statistic
        PEAK_BYTES.fetch_max(taken_bytes().saturating_add(more_bytes), Ordering::Relaxed);
    }
    match config::get().memory_limit_mib() as usize {
        0 => true,
        mib => fits(mib * MIB, taken_bytes(), more_bytes) || fits_after_purge(mib * MIB, more_bytes),
    }
}

/// What is EMPTY still, once this thread has purged all that it finds, is in the hands of others: it does not
/// count.
#[cold]
fn fits_after_purge(limit_bytes: usize, more_bytes: usize) -> bool {
    purge::purge_all();
    // read before what is taken: a run that is purged in between would count as in use otherwise; what is gathered
    // on both sides of what is EMPTY, since a joiner may begin or end in between
    let gathered_before = join::gathered_bytes();
    let unused_bytes =
        empty_of_heaps::empty_slots() as usize * SLOT_BYTES + gathered_before.max(join::gathered_bytes());
    fits(limit_bytes, taken_bytes().saturating_sub(unused_bytes), more_bytes)
}

/// Whether so much was never taken at a time.
pub fn would_raise_peak(more_bytes: usize) -> bool {
    taken_bytes().saturating_add(more_bytes) > peak_bytes()
}

/// The most bytes that were taken at a time.
pub fn peak_bytes() -> usize {
    // relaxed: a statistic
    PEAK_BYTES.load(Ordering::Relaxed)
}

fn fits(limit_bytes: usize, taken_bytes: usize, more_bytes: usize) -> bool {
    taken_bytes.saturating_add(pool::committed_bytes()).saturating_add(more_bytes) <= limit_bytes
}

fn taken_bytes() -> usize {
    let huge_bytes = POOL.huge_live_bytes.get() + POOL.huge_cached_bytes.get();
    purge::claimed_bytes() + huge_bytes as usize
}
