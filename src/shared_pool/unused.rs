//! UNUSED runs: claimed by one compare-and-swap on their SuperSlab's word.
//!
//! For each order there is a bit for each SuperSlab that may have an aligned free run of that many
//! slots: a hint, corrected after the truth in the SuperSlab's word. A claimer that finds the truth
//! otherwise clears the bit and then looks at the word again [HINT]: an unclaim that came in
//! between changed the word before it set the bit, so one of the two leaves the bit set.

use super::{Run, budget, control_lock, refault};
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::slab::set::SlabSet;
use crate::stats::{POOL, Stage};
use crate::superslab::extent::{self, CommitStep};
use crate::superslab::header::{free_run_starts, run_mask};
use crate::superslab::registry;
use crate::sync::{AtomicU64, AtomicUsize, Ordering};

const ORDERS: usize = 5;
const WORDS: usize = MAX_SUPERSLABS / 64;
static HINTS: [[AtomicU64; WORDS]; ORDERS] = [const { [const { AtomicU64::new(0) }; WORDS] }; ORDERS];
/// Words below this one had no bit when somebody looked last.
static LOWEST: [AtomicUsize; ORDERS] = [const { AtomicUsize::new(0) }; ORDERS];

/// Whether all slots of a SuperSlab may be UNUSED: a hint.
pub(super) fn may_be_whole(superslab: usize) -> bool {
    // relaxed: a hint
    HINTS[ORDERS - 1][superslab / 64].load(Ordering::Relaxed) >> (superslab % 64) & 1 == 1
}

/// Makes the hints of a SuperSlab agree with its word.
pub(super) fn correct_hints(superslab: usize) {
    let (word, bit) = (superslab / 64, 1u64 << (superslab % 64));
    let header = registry::header(superslab);
    for order in 0..ORDERS {
        let available = || free_run_starts(header.claimed(), 1 << order, 1 << order) != 0;
        let hint = &HINTS[order][word];
        // relaxed: a bit that is seen late is corrected by whoever set it
        let shown = hint.load(Ordering::Relaxed) & bit != 0;
        if shown && !available() {
            // seqcst [HINT]
            hint.fetch_and(!bit, Ordering::SeqCst);
        }
        // seqcst [HINT]: the look at the word, inside `available`, comes first
        if available() && hint.load(Ordering::SeqCst) & bit == 0 {
            // seqcst [HINT]
            hint.fetch_or(bit, Ordering::SeqCst);
            // relaxed, here and below: a place to begin at; a search that finds nothing begins anew at 0
            LOWEST[order].fetch_min(word, Ordering::Relaxed);
        }
    }
}

/// Orders of which a SuperSlab has a free run that no search finds: for checks, exact while all threads rest
/// [HINT]. A hint without a run is no fault: who follows it corrects it. Holes of the reservation have none.
pub fn check_hints(superslab: usize) -> usize {
    let header = registry::header(superslab);
    let is_hidden = |order: &usize| {
        // relaxed: all threads rest
        let shown = HINTS[*order][superslab / 64].load(Ordering::Relaxed) >> (superslab % 64) & 1 == 1;
        !shown && free_run_starts(header.claimed(), 1 << order, 1 << order) != 0
    };
    if header.is_untouched() { 0 } else { (0..ORDERS).filter(is_hidden).count() }
}

/// Takes the hints of a SuperSlab away, or gives them back: for the test of the checks.
#[cfg(test)]
pub fn damage_hints(superslab: usize) {
    for hint in HINTS.iter().map(|hints| &hints[superslab / 64]) {
        // relaxed, both: nobody else is there
        hint.store(hint.load(Ordering::Relaxed) ^ 1 << (superslab % 64), Ordering::Relaxed);
    }
}

/// The order whose hint a run of this kind looks at: for a slab its own; a span may start anywhere,
/// and a free run of n slots contains an aligned one of more than a quarter of n.
fn hint_order(kind: RunKind) -> usize {
    let slots = kind.slots();
    if kind.align_slots() == slots { slots.ilog2() as usize } else { slots.div_ceil(2).ilog2() as usize }
}

/// Claims a run in one SuperSlab.
fn claim_in(superslab: usize, kind: RunKind, retries: &mut u32) -> Option<u32> {
    let header = registry::header(superslab);
    let (first, failed) = header.transition_claim(kind.slots(), kind.align_slots());
    *retries += failed;
    correct_hints(superslab);
    first.map(|first| (superslab * SLOTS_PER_SUPERSLAB + first) as u32)
}

/// Claims a run in the lowest SuperSlab whose hint is set, from word `from` on.
fn claim_from(from: usize, kind: RunKind, retries: &mut u32) -> Option<u32> {
    let order = hint_order(kind);
    let words = extent::superslabs_made().div_ceil(64);
    for (word, hints) in HINTS[order].iter().enumerate().take(words).skip(from) {
        // relaxed: hints
        let mut bits = hints.load(Ordering::Relaxed);
        while bits != 0 {
            let superslab = word * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            if let Some(slot) = claim_in(superslab, kind, retries) {
                if from < word {
                    let _ = LOWEST[order].compare_exchange(from, word, Ordering::Relaxed, Ordering::Relaxed);
                }
                return Some(slot);
            }
        }
    }
    None
}

/// Stage 2.
pub(super) fn claim_unused_slot(set: &mut SlabSet, kind: RunKind) -> Option<Run> {
    let (slot, retries) = claim_near_or_lowest(set.superslab_hint as usize, kind);
    let run = slot.and_then(|slot| {
        set.superslab_hint = registry::split_slot(slot as usize).0 as u32;
        take_over(slot, kind, &mut set.commit_step)
    });
    super::told(Stage::Claim, kind, run, retries)
}

/// Claims a run in the SuperSlab that served last, or in the lowest with a hint. Returns the failed attempts too.
fn claim_near_or_lowest(near: usize, kind: RunKind) -> (Option<u32>, u32) {
    let _control = control_lock::for_acquire();
    let (order, mut retries) = (hint_order(kind), 0);
    // relaxed, here and below: hints
    let near_may_fit =
        near < extent::superslabs_made() && HINTS[order][near / 64].load(Ordering::Relaxed) >> (near % 64) & 1 == 1;
    let slot = if near_may_fit { claim_in(near, kind, &mut retries) } else { None };
    let lowest = LOWEST[order].load(Ordering::Relaxed);
    let slot = slot
        .or_else(|| claim_from(lowest, kind, &mut retries))
        // before the heap grows, what the cursor may have passed by
        .or_else(|| if lowest > 0 { claim_from(0, kind, &mut retries) } else { None });
    (slot, retries)
}

/// Stage 3.
pub(super) fn grow_with_new_superslab(set: &mut SlabSet, kind: RunKind) -> Option<Run> {
    let (superslab, retries) = extent::make_superslab(&mut set.commit_step);
    let Some(superslab) = superslab else {
        return super::told(Stage::Grow, kind, None, retries);
    };
    // nobody has seen the SuperSlab: its first slots are this thread's
    let claimed = registry::header(superslab).transition_claim_at(0, kind.slots());
    debug_assert!(claimed);
    correct_hints(superslab);
    set.superslab_hint = superslab as u32;
    let slot = (superslab * SLOTS_PER_SUPERSLAB) as u32;
    super::told(Stage::Grow, kind, take_over(slot, kind, &mut set.commit_step), retries)
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
    let zeroed = !header.is_dirty(mask);
    header.mark_dirty(mask);
    account_refault(superslab, header.take_purged(mask));
    registry::record(slot as usize).transition_activate(kind.code());
    POOL.claimed_slots.add_n(slots as u64);
    Some(Run { slot, zeroed })
}

/// Counts those of the slots that were purged too soon.
fn account_refault(superslab: usize, mut purged: u32) {
    if purged == 0 {
        return;
    }
    let (now, delay) = (os::now_ms(), config::get().purge_delay_ms());
    let mut soon = 0;
    while purged != 0 {
        let place = purged.trailing_zeros() as usize;
        purged &= purged - 1;
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
    let claimed = registry::header(superslab).transition_unclaim(first, slots);
    correct_hints(superslab);
    claimed
}

/// Claims the slots right behind a span, so that it can grow in place; all or nothing. The flag
/// says that they read as zero.
pub fn claim_behind(set: &mut SlabSet, slot: u32, slots: usize) -> Option<Run> {
    let (superslab, first) = registry::split_slot(slot as usize);
    if first + slots > SLOTS_PER_SUPERSLAB || first == 0 || !budget::has_room(slots * SLOT_BYTES) {
        return None;
    }
    if !registry::header(superslab).transition_claim_at(first, slots) {
        return None;
    }
    correct_hints(superslab);
    take_over(slot, RunKind::span(slots), &mut set.commit_step)
}

/// Claims a span of `slots` slots whose first slot is a multiple of `align_slots`, a power of two
/// of at most a SuperSlab; for large alignments.
pub fn claim_aligned(set: &mut SlabSet, slots: usize, align_slots: usize) -> Option<Run> {
    if !budget::has_room(slots * SLOT_BYTES) {
        return None;
    }
    let kind = RunKind::span(slots);
    let made = extent::superslabs_made();
    let try_in = |superslab: usize| {
        let (first, _) = registry::header(superslab).transition_claim(slots, align_slots);
        let first = first?;
        correct_hints(superslab);
        Some((superslab * SLOTS_PER_SUPERSLAB + first) as u32)
    };
    let words = HINTS[0][..made.div_ceil(64)].iter().enumerate();
    let found = words.flat_map(|(word, hint)| {
        // relaxed: hints
        let bits = hint.load(Ordering::Relaxed);
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
    });
    for superslab in found {
        if let Some(slot) = try_in(superslab) {
            return take_over(slot, kind, &mut set.commit_step);
        }
    }
    grow_with_new_superslab(set, kind)
}
