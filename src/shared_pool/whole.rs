//! Whole SuperSlabs in a row, for huge blocks when the system grants no mapping: under an address
//! limit the window holds addresses that it cannot give back, and they must serve again.
#![allow(unsafe_code)] // purges SuperSlabs

use super::unused;
use crate::geometry::*;
use crate::os;
use crate::superslab::extent::{self, CommitStep};
use crate::superslab::header::{Packing, run_mask};
use crate::superslab::registry;

/// UNUSED -> claimed: `count` whole SuperSlabs in a row, committed. Returns the first slot, and
/// what they read as; `None` when there are none or the system refuses the memory.
pub fn claim_superslabs(count: usize) -> Option<(usize, Content)> {
    let made = extent::superslabs_made();
    let mut first = 0;
    while first + count <= made {
        match (first..first + count).find(|&superslab| !claim_whole(superslab)) {
            None => return commit(first, count),
            Some(taken) => {
                (first..taken).for_each(unclaim_whole);
                first = taken + 1;
            }
        }
    }
    None
}

/// A hole in the reservation has no hint, so it is never claimed.
fn claim_whole(superslab: usize) -> bool {
    unused::may_be_whole(superslab) && registry::header(superslab).claimed.transition_claim_at(0, SLOTS_PER_SUPERSLAB)
}

/// Gives back the memory of the slabs that stood in a SuperSlab of which all slots are UNUSED: it is
/// claimed meanwhile, so that nobody puts a slab there. Of a dense one the page table goes too, where the system (Linux 6.14
/// and later) gives up an empty one for a purge of all that it leads to: only then can a huge page come again.
pub(super) fn purge_slab_memory(superslab: usize) {
    if claim_whole(superslab) {
        let (start, bytes) = registry::slab_memory_pages(superslab);
        // SAFETY: [I-RANGE] all slots are claimed by this thread: no slab stands there.
        let _ = unsafe { os::purge(start, bytes) };
        if registry::header(superslab).packing() == Packing::Dense {
            let start = registry::slot_address(superslab * SLOTS_PER_SUPERSLAB);
            // SAFETY: as above.
            let _ = unsafe { os::purge(start, SUPERSLAB_BYTES) };
        }
        unclaim_whole(superslab);
    }
}

fn unclaim_whole(superslab: usize) {
    unused::unclaim((superslab * SLOTS_PER_SUPERSLAB) as u32, SLOTS_PER_SUPERSLAB);
}

fn commit(first: usize, count: usize) -> Option<(usize, Content)> {
    let mut content = Content::Zero;
    for superslab in first..first + count {
        unused::correct_hints(superslab);
        let header = registry::header(superslab);
        if !extent::commit_run(superslab * SLOTS_PER_SUPERSLAB, SLOTS_PER_SUPERSLAB, &mut CommitStep::new()) {
            (first..first + count).for_each(unclaim_whole);
            return None;
        }
        if header.content(u32::MAX) == Content::Unknown {
            content = Content::Unknown;
        }
        header.mark_dirty(u32::MAX);
    }
    Some((first * SLOTS_PER_SUPERSLAB, content))
}

/// Claimed -> UNUSED: purges and gives back what [`claim_superslabs`] claimed.
pub fn unclaim_superslabs(slot: usize, count: usize) {
    registry::set_entries(slot, count * SLOTS_PER_SUPERSLAB, ENTRY_UNUSED, ENTRY_UNUSED);
    // SAFETY: [I-RANGE] the SuperSlabs are claimed by the caller, and the block is gone.
    let clean = unsafe { os::purge(registry::slot_address(slot), count * SUPERSLAB_BYTES) };
    let first = registry::split_slot(slot).0;
    for superslab in first..first + count {
        if clean {
            registry::header(superslab).mark_purged(run_mask(0, SLOTS_PER_SUPERSLAB));
        }
        unclaim_whole(superslab);
    }
}
