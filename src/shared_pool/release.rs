//! Giving blocks back to slabs, and slabs and spans back to the pool.

use super::{control_lock, empty, purge, unused};
use crate::config;
use crate::fatal;
use crate::geometry::*;
use crate::slab::owned::PutError;
use crate::slab::set::{Put, SlabSet};
use crate::stats::POOL;
use crate::superslab::registry;

/// Puts a block back into its slab, which belongs to `set`; a slab that is whole again goes back to
/// the pool. Ends the process when the block is in its slab already.
#[inline]
pub fn return_block(set: &mut SlabSet, slot: u32, class: usize, address: usize) {
    match set.put(slot, class, address) {
        Put::Kept => {}
        Put::Whole(slot) => release_slab(set, slot, class),
        Put::Refused(PutError::AlreadyFree) => fatal::double_free(address),
        Put::Refused(PutError::BeyondLast) => fatal::free_of_interior(address),
    }
}

/// Gives back a slab that has left `set`, all of its blocks in it.
#[cold]
pub fn release_slab(set: &mut SlabSet, slot: u32, class: usize) {
    set.stats().releases.add();
    release_run(slot, RunKind::slab(class));
}

/// ACTIVE -> EMPTY: gives back a run that the caller owns, and purges what is above the limit.
pub fn release_run(slot: u32, kind: RunKind) {
    registry::set_entries(slot as usize, kind.slots(), ENTRY_UNUSED, ENTRY_UNUSED);
    {
        let _control = control_lock::for_release();
        push_or_unclaim(slot, kind);
    }
    purge::purge_excess();
}

/// Without stage 1 nobody would ask for an EMPTY run: it becomes UNUSED, still dirty.
fn push_or_unclaim(slot: u32, kind: RunKind) {
    if config::get().stage1() {
        let retries = empty::push(slot, kind);
        if retries > 0 {
            POOL.release_retries.add_n(u64::from(retries));
        }
    } else {
        POOL.claimed_slots.sub_n(kind.slots() as u64);
        unused::unclaim(slot, kind.slots());
    }
}

/// Makes slots that the caller owns, and that lie in one SuperSlab, EMPTY spans.
pub(super) fn push_spans(mut slot: u32, mut slots: usize) {
    while slots > 0 {
        let piece = slots.min(MAX_SPAN_SLOTS);
        push_or_unclaim(slot, RunKind::span(piece));
        slot += piece as u32;
        slots -= piece;
    }
}
