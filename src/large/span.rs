//! Spans: one block in a run of slots. No heap owns a span: whoever frees it gives it back to the
//! shared pool, which keeps it warm.

use super::cache;
use crate::geometry::*;
use crate::shared_pool::{self, Run};
use crate::slab::set::SlabSet;
use crate::stats::POOL;
use crate::superslab::registry;

/// Slots for `bytes`, at most [`MAX_SPAN_BYTES`].
pub const fn slots_for(bytes: usize) -> usize {
    let slots = bytes.div_ceil(SLOT_BYTES);
    if slots == 0 { 1 } else { slots }
}

/// A span of at least `bytes` at a multiple of `align`, both at most [`MAX_SPAN_BYTES`], and
/// what it reads as. `None` when memory is out.
pub fn allocate(set: &mut SlabSet, bytes: usize, align: usize) -> Option<(*mut u8, Content)> {
    let slots = slots_for(bytes);
    let run = if align <= SLOT_BYTES {
        let kind = RunKind::span(slots);
        shared_pool::acquire_warm_run(set, kind).or_else(|| {
            cache::give_way(slots * SLOT_BYTES);
            shared_pool::acquire_fresh_run(set, kind)
        })?
    } else {
        shared_pool::claim_aligned(set, slots, align / SLOT_BYTES)?
    };
    set_span(run.slot, slots);
    POOL.span_slots.add_n(slots as u64);
    set.stats().span_allocations.add();
    Some((registry::slot_address(run.slot as usize) as *mut u8, run.content))
}

fn set_span(slot: u32, slots: usize) {
    registry::set_entries(slot as usize, slots, SPAN_CODE + slots as u32, SPAN_BODY_CODE);
}

/// Gives back the span of `slots` slots that starts at `slot`; `false` when another thread has freed it
/// since its entry was read.
#[must_use]
pub fn deallocate(slot: usize, slots: usize) -> bool {
    let taken = registry::take_head(slot, SPAN_CODE + slots as u32);
    if taken {
        release(slot, slots);
    }
    taken
}

/// Gives back slots that no entry names as a span any more.
fn release(slot: usize, slots: usize) {
    POOL.span_slots.sub_n(slots as u64);
    shared_pool::release_run(slot as u32, RunKind::span(slots));
}

/// Gives back the end of a span, so that `bytes` of it stay.
pub fn shrink(slot: usize, slots: usize, bytes: usize) {
    let kept = slots_for(bytes);
    if kept < slots {
        set_span(slot as u32, kept);
        release(slot + kept, slots - kept);
    }
}

/// Makes a span larger where it stands, so that it holds `bytes`; `false` when the slots behind it
/// are taken.
#[must_use]
pub fn grow(set: &mut SlabSet, slot: usize, slots: usize, bytes: usize) -> bool {
    let wanted = slots_for(bytes);
    let behind: Option<Run> = shared_pool::claim_behind(set, (slot + slots) as u32, wanted - slots);
    if behind.is_none() {
        return false;
    }
    set_span(slot as u32, wanted);
    POOL.span_slots.add_n((wanted - slots) as u64);
    true
}
