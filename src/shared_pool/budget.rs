//! What is taken from the system for blocks and metadata: `HAKMEM_MEMORY_LIMIT` bounds it, and what is
//! kept beyond the retention limit does not raise its peak.
//!
//! The limit is soft: threads that ask at the same moment may go beyond it by what they ask for.

use super::purge;
use crate::config;
use crate::geometry::MIB;
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
        mib => fits(mib * MIB, more_bytes) || (purge::purge_all() > 0 && fits(mib * MIB, more_bytes)),
    }
}

fn would_raise_peak(more_bytes: usize) -> bool {
    taken_bytes().saturating_add(more_bytes) > peak_bytes()
}

/// The most bytes that were taken at a time.
pub fn peak_bytes() -> usize {
    // relaxed: a statistic
    PEAK_BYTES.load(Ordering::Relaxed)
}

fn fits(limit_bytes: usize, more_bytes: usize) -> bool {
    taken_bytes().saturating_add(pool::committed_bytes()).saturating_add(more_bytes) <= limit_bytes
}

fn taken_bytes() -> usize {
    let huge_bytes = POOL.huge_live_bytes.get() + POOL.huge_cached_bytes.get();
    purge::claimed_bytes() + huge_bytes as usize
}
