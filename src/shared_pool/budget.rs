//! `HAKMEM_MEMORY_LIMIT`: what is taken from the system for blocks and metadata stays below it.
//! The limit is soft: threads that ask at the same moment may go beyond it by what they ask for.

use super::purge;
use crate::config;
use crate::geometry::MIB;
use crate::stats::POOL;
use crate::superslab::pool;

/// Whether `more_bytes` may be taken from the system, if need be once all EMPTY runs are purged.
pub fn has_room(more_bytes: usize) -> bool {
    match config::get().memory_limit_mib() as usize {
        0 => true,
        mib => fits(mib * MIB, more_bytes) || (purge::purge_all() > 0 && fits(mib * MIB, more_bytes)),
    }
}

fn fits(limit_bytes: usize, more_bytes: usize) -> bool {
    let huge_bytes = POOL.huge_live_bytes.get() + POOL.huge_cached_bytes.get();
    let taken_bytes = purge::claimed_bytes() + huge_bytes as usize + pool::committed_bytes();
    taken_bytes.saturating_add(more_bytes) <= limit_bytes
}
