//! Giving blocks back to slabs, and slabs and spans back to the pool.
#![allow(unsafe_code)] // looks into the slab of a refused block

use super::purge_batch::PurgeBatch;
use super::{control_lock, empty, empty_of_heaps, purge, trace, unused};
use crate::config;
use crate::fatal;
use crate::geometry::*;
use crate::policy;
use crate::slab::owned::{PutError, head_slot, slab_at};
use crate::slab::set::{Put, SlabSet};
use crate::stats::POOL;
use crate::superslab::registry::{self, TableView};

/// Puts the first of `blocks` back into the slab it stands in, which belongs to `set`, and those behind it
/// as far as they stand there too; a slab that is whole again goes back to the pool. Returns how many that
/// were. Ends the process when the first is in the slab already.
#[inline(always)]
pub fn return_leading(set: &mut SlabSet, slot: u32, class: usize, blocks: &[*mut u8]) -> usize {
    let (put, outcome) = set.put_leading(slot, class, blocks);
    match outcome {
        Put::Kept => {}
        Put::Whole => release_slab(set, slot, class),
        Put::Refused => end(slot, blocks[0]),
    }
    put
}

/// The same for all of `blocks`, which are of one class, as far as their slabs belong to `set`. What a class fixes is looked
/// up once here; batches of several classes would pay a call for each block.
#[inline(never)]
pub fn return_leading_of_class(set: &mut SlabSet, class: usize, blocks: &[*mut u8]) -> usize {
    let (view, entry) = (TableView::now(), slab_entry(set.owner(), class));
    let mut rest = blocks;
    while let Some((&block, _)) = rest.split_first()
        && let Some((slot, found)) = view.look(block as usize)
        && found == entry
    {
        let put = return_leading(set, head_slot(slot, class), class, rest);
        rest = &rest[put..];
    }
    blocks.len() - rest.len()
}

/// A block that its slab does not take.
#[cold]
fn end(slot: u32, block: *mut u8) -> ! {
    // SAFETY: [I-SLAB] the caller is the tenant of the slab's set.
    match unsafe { slab_at(slot) }.why_refused(block) {
        PutError::AlreadyFree => fatal::double_free(block as usize),
        PutError::BeyondLast => fatal::free_of_interior(block as usize),
    }
}

/// Gives back the attached slab of a class, if all of its blocks are in it.
pub fn release_attached(set: &mut SlabSet, class: usize) {
    if let Some(slot) = set.give_up_attached_whole(class) {
        release_slab(set, slot, class);
    }
}

/// Gives back a slab that has left `set`, all of its blocks in it.
#[cold]
pub fn release_slab(set: &mut SlabSet, slot: u32, class: usize) {
    let kind = RunKind::slab(class);
    note_released(set, kind);
    give_back(slot, kind, Some(set));
}

/// Counts a slab that the tenant of `set` gives back, and tells the joiner: of the first ones each, of the others as many
/// together as are worth a word that all threads share.
fn note_released(set: &SlabSet, kind: RunKind) {
    set.stats().account_released(kind.slots());
    let told = policy::releases_to_tell(set.stats().releases.get());
    if told > 0 {
        POOL.released_runs.add_n(told);
    }
}

/// The slabs that a thread gives back at its end, one after the other. Often they lie side by side, since
/// they were claimed so: those for which there is no room below the retention limit go to the system
/// together (ACTIVE -> UNUSED), when this is dropped.
#[derive(Debug, Default)]
pub struct LastSlabs {
    batch: PurgeBatch,
    is_purging: bool,
}

impl LastSlabs {
    /// As [`release_slab`].
    pub fn release(&mut self, set: &mut SlabSet, slot: u32, class: usize) {
        let kind = RunKind::slab(class);
        if !config::get().stage1() || !purge::has_no_room(kind.slots() * SLOT_BYTES) {
            return release_slab(set, slot, class);
        }
        note_released(set, kind);
        registry::set_entries(slot as usize, kind.slots(), ENTRY_UNUSED, ENTRY_UNUSED);
        if !core::mem::replace(&mut self.is_purging, true) {
            purge::note_purge();
        }
        self.batch.add(slot, kind.slots());
    }
}

/// Gives back a span that the caller owns.
pub fn release_run(slot: u32, kind: RunKind) {
    POOL.released_runs.add();
    give_back(slot, kind, None);
}

/// ACTIVE -> EMPTY: of a run that the caller owns, which then stands with `heap`, whose tenant the caller is, or with all;
/// purges what is above the limit.
fn give_back(slot: u32, kind: RunKind, heap: Option<&SlabSet>) {
    registry::set_entries(slot as usize, kind.slots(), ENTRY_UNUSED, ENTRY_UNUSED);
    trace::event(trace::Event::Released, kind, slot);
    {
        let _control = control_lock::for_release();
        push_or_unclaim(slot, kind, heap);
    }
    purge::purge_excess();
}

/// Without stage 1 nobody would ask for an EMPTY run: it becomes UNUSED, still dirty.
fn push_or_unclaim(slot: u32, kind: RunKind, heap: Option<&SlabSet>) {
    if config::get().stage1() {
        let retries = match heap {
            Some(set) => empty_of_heaps::put(set, slot, kind),
            None => empty::push(slot, kind),
        };
        if retries > 0 {
            POOL.release_retries.add_n(u64::from(retries));
        }
    } else {
        POOL.claimed_slots.sub_n(kind.slots() as u64);
        unused::unclaim(slot, kind.slots());
    }
}

/// Makes slots that the caller owns an EMPTY span.
pub(super) fn push_span(slot: u32, slots: usize) {
    push_or_unclaim(slot, RunKind::span(slots), None);
}

/// Makes slots that the caller owns, and that lie in one SuperSlab, EMPTY runs that start at
/// multiples of their length, so that they serve slabs as well as spans.
pub(super) fn push_aligned(mut slot: u32, mut slots: usize) {
    while slots > 0 {
        let order = slot.trailing_zeros().min(slots.ilog2()).min(LARGEST_ORDER);
        push_or_unclaim(slot, ALIGNED_KINDS[order as usize], None);
        slot += 1 << order;
        slots -= 1 << order;
    }
}

/// log2 of the slots of the longest slab.
const LARGEST_ORDER: u32 = class_order(NUM_CLASSES - 1);

/// For each order the kind under which aligned runs of no class stand: the first class of that order,
/// and a span for single slots.
static ALIGNED_KINDS: [RunKind; LARGEST_ORDER as usize + 1] = {
    let mut kinds = [RunKind::span(1); LARGEST_ORDER as usize + 1];
    let mut class = NUM_CLASSES;
    while class > 0 {
        class -= 1;
        if class_order(class) > 0 {
            kinds[class_order(class) as usize] = RunKind::slab(class);
        }
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligned_kinds_have_the_slots_of_their_order() {
        for (order, kind) in ALIGNED_KINDS.iter().enumerate() {
            assert_eq!((kind.slots(), kind.align_slots()), (1 << order, 1 << order));
        }
    }
}
