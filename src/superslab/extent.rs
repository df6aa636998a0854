//! Making SuperSlabs: where the window is in use, reserved and committed.
//!
//! One word holds `made | reserved << 32` in SuperSlabs from the start of the window; making one is
//! a compare-and-swap that raises `made`, after everything it needs was committed. So growth by
//! several threads makes exactly one SuperSlab for each thread that asked, and no thread waits for
//! another's system call: all of them are idempotent.
#![allow(unsafe_code)] // gives back what it reserved

use super::header::Packing;
use super::huge_pages;
use super::registry;
use super::reservation::{self, Layout};
use crate::config::Thp;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::stats::{POOL, Stage};
use crate::sync::published::PublishedWord;
use crate::sync::watermark::Watermark;

/// The stages whose system calls are made here.
const CLAIM: usize = Stage::Claim as usize;
const GROW: usize = Stage::Grow as usize;

static EXTENT: PublishedWord = PublishedWord::new();
/// SuperSlabs whose headers are made, all of them below.
static HEADERS_MADE: Watermark = Watermark::new();
/// SuperSlabs whose table entries are committed.
static TABLE_COMMITTED: Watermark = Watermark::new();
/// SuperSlabs that are made later and lie below this one are committed already.
static COMMIT_FRONTIER: Watermark = Watermark::new();

/// A thread's commit step (S9): doubles from `HAKMEM_POOL_TLS_ARENA_MB_INIT` to `_MAX`.
#[derive(Debug, Default)]
pub struct CommitStep {
    bytes: usize,
}

impl CommitStep {
    /// No step taken yet.
    pub const fn new() -> Self {
        Self { bytes: 0 }
    }

    /// The step to take now, in bytes; the next one is twice as large.
    fn advance(&mut self) -> usize {
        let options = crate::config::get();
        let first = match options.thp() {
            Thp::Always => policy::HUGE_PAGE_BYTES, // a part of a huge page cannot be one
            _ => options.arena_init_mib() as usize * MIB,
        };
        let largest = options.arena_max_mib() as usize * MIB;
        let now = self.bytes.max(first).min(largest);
        self.bytes = now * 2;
        now
    }
}

fn pack(made: usize, reserved: usize) -> u64 {
    made as u64 | (reserved as u64) << 32
}

fn unpack(word: u64) -> (usize, usize) {
    ((word & 0xffff_ffff) as usize, (word >> 32) as usize)
}

/// The extent, begun with the first reservation by whoever comes first.
fn begun(layout: &Layout) -> u64 {
    match EXTENT.get() {
        0 => {
            registry::publish(layout);
            // [MADE]: what was published is seen by whoever sees a SuperSlab
            let begun = pack(0, layout.reserved_first);
            EXTENT.publish(0, begun).map_or_else(|now| now, |()| begun)
        }
        word => word,
    }
}

/// SuperSlabs made so far, holes left out of the reservation included.
pub fn superslabs_made() -> usize {
    unpack(EXTENT.get()).0 // [MADE]
}

/// SuperSlabs reserved so far: what lies above is not the heap's.
pub fn superslabs_reserved() -> usize {
    unpack(EXTENT.get()).1 // [MADE]
}

/// Makes one SuperSlab, all of its slots UNUSED, the first part of it committed, or all of it, open to a huge page,
/// where it is to be dense. Returns its number and the failed attempts; `None` when the window or the system has
/// no more.
pub fn make_superslab(packing: Packing, step: &mut CommitStep) -> (Option<usize>, u32) {
    let Some(layout) = reservation::layout() else { return (None, 0) };
    let mut retries = 0;
    loop {
        let word = begun(&layout);
        let (made, reserved) = unpack(word);
        if made == reserved {
            if !extend(&layout, word) {
                return (None, retries);
            }
            continue;
        }
        if !make_metadata(&layout, made) {
            return (None, retries);
        }
        // read before the exchange: whoever raised it to here made a lower SuperSlab and committed from
        // there on; one raised later may begin above this one
        let frontier = COMMIT_FRONTIER.get();
        // [MADE]: the metadata is committed before others may count on the SuperSlab
        match EXTENT.publish(word, pack(made + 1, reserved)) {
            Ok(()) => {
                POOL.superslabs.add();
                commit_ahead(&layout, made, reserved, frontier, step);
                if packing == Packing::Dense {
                    make_dense(made);
                }
                return (Some(made), retries);
            }
            Err(_) => retries += 1,
        }
    }
}

/// Reserves more SuperSlabs behind the last ones, leaving a hole where something else is mapped.
/// `true`: look at the extent again.
fn extend(layout: &Layout, word: u64) -> bool {
    let (_, reserved) = unpack(word);
    let want = policy::extension_superslabs(reserved, layout.reserved_first);
    let mut count = want.min(layout.superslabs.saturating_sub(reserved));
    while count > 0 {
        let mut at = reserved;
        while at + count <= layout.superslabs && at <= reserved + policy::EXTENSION_PROBES * count {
            let (address, bytes) = (layout.window + at * SUPERSLAB_BYTES, count * SUPERSLAB_BYTES);
            if os::timed(&POOL.stage_ns[GROW], || os::reserve_at(address, bytes)) {
                // behind a hole `made` jumps to `at`: every header below it must be readable by then
                if at > reserved && !make_metadata(layout, at) {
                    // SAFETY: [I-RANGE] reserved just now, and not published.
                    unsafe { os::unmap(address, bytes) };
                    return false;
                }
                // a loser gives back what it reserved; what the winner reserved stays
                // [MADE]: the reservation is there before others count on it
                if EXTENT.publish(word, pack(at, at + count)).is_err() {
                    // SAFETY: [I-RANGE] as above.
                    unsafe { os::unmap(address, bytes) };
                } else {
                    huge_pages::advise_window(address, bytes, reserved * SUPERSLAB_BYTES);
                }
                return true;
            }
            if EXTENT.get() != word {
                return true;
            }
            at += count;
        }
        count /= policy::EXTENSION_CUT;
    }
    false
}

/// Makes headers and table entries up to those of a SuperSlab, and of some after it.
fn make_metadata(layout: &Layout, superslab: usize) -> bool {
    let made = HEADERS_MADE.get();
    if superslab >= made {
        let group = |superslab: usize| superslab / policy::HEADER_GROUP_SUPERSLABS;
        if !(group(made)..=group(superslab)).all(registry::make_headers) {
            return false;
        }
        HEADERS_MADE.raise((group(superslab) + 1) * policy::HEADER_GROUP_SUPERSLABS);
    }
    commit_table(layout, superslab)
}

/// Commits the table entries up to those of a SuperSlab, and of some after it.
fn commit_table(layout: &Layout, superslab: usize) -> bool {
    let done = TABLE_COMMITTED.get();
    if superslab >= done {
        let upto = (superslab + policy::TABLE_COMMIT_SUPERSLABS).min(layout.superslabs);
        let (address, bytes) = layout.table_range(done, upto - done);
        let start = round_down(address, os::page_bytes());
        let Some(end) = round_up(address + bytes, os::page_bytes()) else { return false };
        if !os::timed(&POOL.stage_ns[GROW], || os::commit(start, end - start)) {
            return false;
        }
        TABLE_COMMITTED.raise(upto);
    }
    registry::publish_readable(TABLE_COMMITTED.get() * SLOTS_PER_SUPERSLAB);
    true
}

/// Commits the new SuperSlab from its start, as far as the thread's step reaches.
fn commit_ahead(layout: &Layout, superslab: usize, reserved: usize, frontier: usize, step: &mut CommitStep) {
    let header = registry::header(superslab);
    if superslab < frontier {
        header.mark_committed(u32::MAX);
        return;
    }
    let bytes = step.advance();
    let room = (reserved - superslab) * SUPERSLAB_BYTES;
    let address = layout.window + superslab * SUPERSLAB_BYTES;
    let bytes = if bytes >= SUPERSLAB_BYTES { round_down(bytes, SUPERSLAB_BYTES) } else { bytes }.min(room);
    if !os::timed(&POOL.stage_ns[GROW], || os::commit(address, bytes)) {
        return; // a claim commits its own run, or reports that it cannot
    }
    if bytes < SUPERSLAB_BYTES {
        header.mark_committed(super::header::run_mask(0, bytes / SLOT_BYTES));
    } else {
        header.mark_committed(u32::MAX);
        COMMIT_FRONTIER.raise(superslab + bytes / SUPERSLAB_BYTES);
    }
}

/// Where the system refuses the memory, or has no huge pages, the SuperSlab serves all the same.
fn make_dense(superslab: usize) {
    let header = registry::header(superslab);
    header.set_packing(Packing::Dense);
    let slot = superslab * SLOTS_PER_SUPERSLAB;
    if commit_run(slot, SLOTS_PER_SUPERSLAB, &mut CommitStep::new())
        && huge_pages::allow_for_superslab(registry::slot_address(slot))
    {
        header.mark_brought(os::now_ms());
    }
}

/// Commits a run of slots that the caller claimed, and more behind it as far as the thread's step
/// reaches within the SuperSlab. `false`: the system refused even the run itself.
#[must_use]
pub fn commit_run(slot: usize, slots: usize, step: &mut CommitStep) -> bool {
    let (superslab, first) = registry::split_slot(slot);
    let header = registry::header(superslab);
    if header.is_committed(super::header::run_mask(first, slots)) {
        return true;
    }
    let ahead = (step.advance() / SLOT_BYTES).clamp(slots, SLOTS_PER_SUPERSLAB - first);
    for count in [ahead, slots] {
        if os::timed(&POOL.stage_ns[CLAIM], || os::commit(registry::slot_address(slot), count * SLOT_BYTES)) {
            header.mark_committed(super::header::run_mask(first, count));
            return true;
        }
    }
    false
}
