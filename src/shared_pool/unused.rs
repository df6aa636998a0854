//! UNUSED runs: claimed by one compare-and-swap on their SuperSlab's word.
//!
//! For each order there is a bit for each SuperSlab that may have an aligned free run of that many
//! slots: a hint, corrected after the truth in the SuperSlab's word (`sync/hint_word.rs`). Dense SuperSlabs
//! have rows of hints of their own, so that no search meets one that is not for it.
#![allow(unsafe_code)] // touches a fresh run

use super::{Run, budget, control_lock, refault};
use crate::bits;
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::slab::set::SlabSet;
use crate::stats::{POOL, Stage};
use crate::superslab::extent::{self, CommitStep};
use crate::superslab::header::{Packing, free_run_starts, run_mask};
use crate::superslab::{huge_pages, registry};
use crate::sync::hint_word::HintWord;
use crate::sync::{AtomicUsize, Ordering};

const ORDERS: usize = 5;
/// Rows of hints: one for each order and packing.
const ROWS: usize = 2 * ORDERS;
const WORDS: usize = MAX_SUPERSLABS / 64;
/// By word and row: what a claim changes lies together, on one page of a small heap.
static HINTS: [[HintWord; ROWS]; WORDS] = [const { [const { HintWord::new() }; ROWS] }; WORDS];
/// Words below this one had no bit when somebody looked last.
static LOWEST: [AtomicUsize; ROWS] = [const { AtomicUsize::new(0) }; ROWS];

/// The row of an order and a packing.
const fn row_of(order: usize, packing: Packing) -> usize {
    packing as usize * ORDERS + order
}

/// Whether a SuperSlab may have a free run of a row's order, and is packed as the row says: a hint.
fn may_have(superslab: usize, row: usize) -> bool {
    HINTS[superslab / 64][row].shows(superslab % 64)
}

/// The SuperSlabs that may have a free run of a row's order: hints.
fn shown(row: usize) -> impl Iterator<Item = usize> {
    let words = HINTS[..extent::superslabs_made().div_ceil(64)].iter().enumerate();
    words.flat_map(move |(word, hints)| bits::places_of(hints[row].bits()).map(move |bit| word * 64 + bit))
}

/// Whether that is so just now.
fn has(superslab: usize, row: usize) -> bool {
    let (header, order) = (registry::header(superslab), row % ORDERS);
    row == row_of(order, header.packing()) && free_run_starts(header.claimed.bits(), 1 << order, 1 << order) != 0
}

/// Whether all slots of a SuperSlab may be UNUSED: a hint.
pub(super) fn may_be_whole(superslab: usize) -> bool {
    [Packing::Mixed, Packing::Dense].iter().any(|&packing| may_have(superslab, row_of(ORDERS - 1, packing)))
}

/// Makes the hints of a SuperSlab agree with its word, which the caller has changed or found to be otherwise.
pub(super) fn correct_hints(superslab: usize) {
    for row in 0..ROWS {
        if HINTS[superslab / 64][row].correct(superslab % 64, || has(superslab, row)) {
            // relaxed, here and below: a place to begin at; a search that finds nothing begins anew at 0
            LOWEST[row].fetch_min(superslab / 64, Ordering::Relaxed);
        }
    }
}

/// Rows in which a SuperSlab has a free run that no search finds: for checks, exact while all threads rest
/// `[HINT]`. A hint without a run is no fault: who follows it corrects it. Holes of the reservation have none.
pub fn check_hints(superslab: usize) -> usize {
    let is_hidden = |row: &usize| !may_have(superslab, *row) && has(superslab, *row);
    if registry::header(superslab).is_untouched() { 0 } else { (0..ROWS).filter(is_hidden).count() }
}

/// Takes the hints of a SuperSlab away, or gives them back: for the test of the checks.
#[cfg(test)]
pub fn damage_hints(superslab: usize) {
    HINTS[superslab / 64].iter().for_each(|hints| hints.damage(superslab % 64));
}

/// The order whose hint a run of this kind looks at: for a slab its own; a span may start anywhere,
/// and a free run of n slots contains an aligned one of more than a quarter of n.
fn hint_order(kind: RunKind) -> usize {
    let slots = kind.slots();
    if kind.align_slots() == slots { slots.ilog2() as usize } else { slots.div_ceil(2).ilog2() as usize }
}

/// Claims a run in one SuperSlab.
fn claim_in(superslab: usize, kind: RunKind, retries: &mut u32) -> Option<u32> {
    let (first, failed) = registry::header(superslab).claimed.transition_claim(kind.slots(), kind.align_slots());
    *retries += failed;
    correct_hints(superslab);
    first.map(|first| (superslab * SLOTS_PER_SUPERSLAB + first) as u32)
}

/// Claims a run in the lowest SuperSlab whose hint in `row` is set, from word `from` on.
fn claim_from(from: usize, kind: RunKind, row: usize, retries: &mut u32) -> Option<u32> {
    let words = extent::superslabs_made().div_ceil(64);
    for (word, hints) in HINTS.iter().enumerate().take(words).skip(from) {
        for superslab in bits::places_of(hints[row].bits()).map(|bit| word * 64 + bit) {
            if let Some(slot) = claim_in(superslab, kind, retries) {
                if from < word {
                    // relaxed, both: as in `correct_hints`
                    let _ = LOWEST[row].compare_exchange(from, word, Ordering::Relaxed, Ordering::Relaxed);
                }
                return Some(slot);
            }
        }
    }
    None
}

/// Stage 2.
pub(super) fn claim_unused_slot(set: &mut SlabSet, kind: RunKind, packing: Packing) -> Option<Run> {
    let (slot, retries) = claim_near_or_lowest(set.superslab_hint as usize, kind, packing);
    let run = slot.and_then(|slot| {
        set.superslab_hint = registry::split_slot(slot as usize).0 as u32;
        take_over(slot, kind, &mut set.commit_step)
    });
    super::told(set, Stage::Claim, kind, run, retries)
}

/// Brings the huge page of a dense SuperSlab anew where a run has just been claimed that the caller owns and has not used:
/// if nothing else stands there and all of it was purged, it fills again as it did when it was made.
pub(super) fn bring_again(slot: u32, kind: RunKind) {
    let (superslab, first) = registry::split_slot(slot as usize);
    let (header, mine) = (registry::header(superslab), run_mask(first, kind.slots()));
    // the run is dirty already: it belongs to the caller
    if first != 0 || header.claimed.bits() != mine || header.content(!mine) != Content::Zero {
        return;
    }
    let start = registry::slot_address(slot as usize);
    if huge_pages::allow_for_superslab(start) {
        // all of it comes back now; the time of the purge is overwritten below
        account_refault(superslab, header.take_purged(!mine));
        header.mark_brought(os::now_ms());
        header.forget_brought(mine);
        // SAFETY: [I-RANGE] the first slot is claimed by this thread, committed and not used yet.
        unsafe { huge_pages::bring_superslab(start) };
    }
}

/// Claims a run in the SuperSlab that served last, or in the lowest with a hint. Returns the failed attempts too.
fn claim_near_or_lowest(near: usize, kind: RunKind, packing: Packing) -> (Option<u32>, u32) {
    let _control = control_lock::for_acquire();
    let (row, mut retries) = (row_of(hint_order(kind), packing), 0);
    // one that is empty by now is near nobody: threads that grow again would bring a huge page each
    let is_in_use = |superslab| registry::header(superslab).claimed.bits() != 0;
    let near_may_fit = near < extent::superslabs_made() && may_have(near, row) && is_in_use(near);
    let slot = if near_may_fit { claim_in(near, kind, &mut retries) } else { None };
    // relaxed: as in `correct_hints`
    let lowest = LOWEST[row].load(Ordering::Relaxed);
    let slot = slot
        .or_else(|| claim_from(lowest, kind, row, &mut retries))
        // before the heap grows, what the cursor may have passed by
        .or_else(|| if lowest > 0 { claim_from(0, kind, row, &mut retries) } else { None });
    (slot, retries)
}

/// Stage 3.
pub(super) fn grow_with_new_superslab(set: &mut SlabSet, kind: RunKind, packing: Packing) -> Option<Run> {
    let (superslab, retries) = extent::make_superslab(packing, &mut set.commit_step);
    let Some(superslab) = superslab else {
        return super::told(set, Stage::Grow, kind, None, retries);
    };
    // nobody has seen the SuperSlab: its first slots are this thread's
    let claimed = registry::header(superslab).claimed.transition_claim_at(0, kind.slots());
    debug_assert!(claimed);
    correct_hints(superslab);
    set.superslab_hint = superslab as u32;
    let slot = (superslab * SLOTS_PER_SUPERSLAB) as u32;
    if registry::header(superslab).brought() != 0 {
        // threads that need slabs meanwhile find the hints, and bring the page themselves or wait for it
        // SAFETY: [I-RANGE] the SuperSlab was made just now, committed whole, and its first slot claimed by this thread.
        unsafe { huge_pages::bring_superslab(registry::slot_address(slot as usize)) };
    }
    take_over_for(set, Stage::Grow, slot, kind, retries)
}

/// Commits a claimed run and makes it ACTIVE; gives it back where that fails.
fn take_over(slot: u32, kind: RunKind, step: &mut CommitStep) -> Option<Run> {
    let slots = kind.slots();
    if !extent::commit_run(slot as usize, slots, step) {
        unclaim(slot, slots);
        return None;
    }
    let (superslab, first) = registry::split_slot(slot as usize);
    let (header, mask) = (registry::header(superslab), run_mask(first, slots));
    let content = header.content(mask);
    header.mark_dirty(mask);
    header.forget_brought(mask);
    account_refault(superslab, header.take_purged(mask));
    registry::record(slot as usize).transition_activate(kind.code());
    POOL.claimed_slots.add_n(slots as u64);
    Some(Run { slot, content })
}

/// [`take_over`] for the tenant of `set`, told as of `stage`, which claimed the run after `retries` failed attempts.
fn take_over_for(set: &mut SlabSet, stage: Stage, slot: u32, kind: RunKind, retries: u32) -> Option<Run> {
    let run = take_over(slot, kind, &mut set.commit_step);
    super::told(set, stage, kind, run, retries)
}

/// Counts those of the slots that were purged too soon.
fn account_refault(superslab: usize, purged: u32) {
    if purged == 0 {
        return;
    }
    let (now, delay) = (os::now_ms(), config::get().purge_delay_ms());
    let mut soon = 0;
    for place in bits::places_of(purged) {
        let purged_ms = registry::header(superslab).records[place].released_ms();
        soon += usize::from(now.wrapping_sub(purged_ms) < delay);
    }
    if soon > 0 {
        refault::account(soon * SLOT_BYTES);
    }
}

/// Claimed -> UNUSED: gives back a run of which nothing is counted any more. Returns the slots of its
/// SuperSlab that are claimed still, as bits.
pub(super) fn unclaim(slot: u32, slots: usize) -> u32 {
    let (superslab, first) = registry::split_slot(slot as usize);
    registry::record(slot as usize).transition_unused();
    let claimed = registry::header(superslab).claimed.transition_unclaim(first, slots);
    correct_hints(superslab);
    claimed
}

/// Claims slots that a huge page has brought and no slab has used yet, and which `is_old` chooses by when that
/// was; hands each to `take`, whose it is then.
pub(super) fn claim_brought(is_old: impl Fn(u32) -> bool, mut take: impl FnMut(u32)) {
    for superslab in shown(row_of(0, Packing::Dense)) {
        let header = registry::header(superslab);
        let brought = bits::places_of(header.brought());
        for place in brought.filter(|&place| is_old(header.records[place].released_ms())) {
            if header.claimed.transition_claim_at(place, 1) {
                header.forget_brought(run_mask(place, 1));
                POOL.claimed_slots.add();
                take((superslab * SLOTS_PER_SUPERSLAB + place) as u32);
            }
        }
        correct_hints(superslab);
    }
}

/// Claims the slots right behind a span, so that it can grow in place; all or nothing.
pub fn claim_behind(set: &mut SlabSet, slot: u32, slots: usize) -> Option<Run> {
    let (superslab, first) = registry::split_slot(slot as usize);
    if first + slots > SLOTS_PER_SUPERSLAB || first == 0 || !budget::has_room(slots * SLOT_BYTES) {
        return None;
    }
    if !registry::header(superslab).claimed.transition_claim_at(first, slots) {
        return None;
    }
    correct_hints(superslab);
    let kind = RunKind::span(slots);
    take_over_for(set, Stage::Claim, slot, kind, 0)
}

/// Claims a span of `slots` slots whose first slot is a multiple of `align_slots`, a power of two
/// of at most a SuperSlab; for large alignments.
pub fn claim_aligned(set: &mut SlabSet, slots: usize, align_slots: usize) -> Option<Run> {
    if !budget::has_room(slots * SLOT_BYTES) {
        return None;
    }
    let kind = RunKind::span(slots);
    let try_in = |superslab: usize| {
        let (first, _) = registry::header(superslab).claimed.transition_claim(slots, align_slots);
        let first = first?;
        correct_hints(superslab);
        Some((superslab * SLOTS_PER_SUPERSLAB + first) as u32)
    };
    for superslab in shown(row_of(0, Packing::Mixed)) {
        if let Some(slot) = try_in(superslab) {
            return take_over_for(set, Stage::Claim, slot, kind, 0);
        }
    }
    grow_with_new_superslab(set, kind, Packing::Mixed)
}
