//! The metadata pool: memory for heaps and magazines, never given back.
//!
//! A bump pointer raised by compare-and-swap after the pages below it were committed; a failed
//! commit takes nothing. What becomes free is recycled by type (`magazine.rs`, `large/registry.rs`;
//! heaps are bound again), so that a stale pointer to metadata always points to metadata.

use super::registry;
use crate::geometry::round_up;
use crate::os;
use crate::policy;
use crate::stats::POOL;
use crate::sync::{AtomicUsize, Ordering};

/// Alignment of every piece: a cache line.
pub const PIECE_ALIGN: usize = 64;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static COMMITTED: AtomicUsize = AtomicUsize::new(0);

/// Start of the pool; pieces are numbered from here.
pub fn base() -> Option<usize> {
    registry::layout().map(|layout| layout.pool)
}

/// A zeroed piece of at least `bytes`, aligned to [`PIECE_ALIGN`]; `None` when memory is out.
pub fn take(bytes: usize) -> Option<*mut u8> {
    let layout = registry::layout()?;
    let bytes = round_up(bytes, PIECE_ALIGN)?;
    // relaxed: corrected by the exchange
    let mut taken = TAKEN.load(Ordering::Relaxed);
    loop {
        let upto = taken + bytes;
        if upto > layout.pool_bytes() || !commit_to(layout.pool, upto, layout.pool_bytes()) {
            return None;
        }
        // relaxed: the piece is private until its taker publishes it
        match TAKEN.compare_exchange_weak(taken, upto, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => {
                POOL.metadata_bytes.add_n(bytes as u64);
                return Some((layout.pool + taken) as *mut u8);
            }
            Err(now) => taken = now,
        }
    }
}

/// Bytes of the pool that are committed.
pub fn committed_bytes() -> usize {
    // relaxed: for reports
    COMMITTED.load(Ordering::Relaxed)
}

fn commit_to(pool: usize, upto: usize, pool_bytes: usize) -> bool {
    // acquire [POOL]: pairs with the raise below; what is below the mark was committed before it
    let done = COMMITTED.load(Ordering::Acquire);
    if upto <= done {
        return true;
    }
    let ahead = policy::metadata_ahead_bytes(done);
    let Some(target) = round_up(upto + ahead, policy::METADATA_COMMIT_BYTES) else { return false };
    let target = target.min(pool_bytes);
    if !os::commit(pool + done, target - done) {
        return false;
    }
    // release [POOL]; acquire as well, for the commits below a mark that others raised
    COMMITTED.fetch_max(target, Ordering::AcqRel);
    true
}
