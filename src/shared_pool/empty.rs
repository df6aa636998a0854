//! EMPTY runs: stages 1 and 1b of an acquire, but for what a heap takes back itself.
//!
//! A run leaves EMPTY only by being popped, or detached with its whole stack. What slabs have left stands with their heaps
//! (`empty_of_heaps.rs`); what spans have left, and what a cut or a join has made, stands here, for all.

use super::{Run, control_lock, empty_of_heaps, join, release};
use crate::bits;
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::slab::set::SlabSet;
use crate::slab::shared::EmptyRuns;
use crate::stats::{POOL, Stage};
use crate::superslab::extent;
use crate::superslab::header::SlotState;
use crate::superslab::registry::{self, SlotLinks};
use crate::sync::tagged_stack::{END, Links};

static SHARED: EmptyRuns = EmptyRuns::new();

/// The codes whose stacks may hold something.
pub(super) fn nonempty_codes() -> u128 {
    SHARED.shown()
}

/// ACTIVE -> EMPTY: the caller's run, whose entry words are unused already. Returns failed attempts.
pub(super) fn push(slot: u32, kind: RunKind) -> u32 {
    registry::record(slot as usize).transition_empty(kind.code(), os::now_ms());
    POOL.empty_slots.add_n(kind.slots() as u64);
    push_back(slot, slot, kind.code())
}

/// Pushes a chain of EMPTY runs that was detached. Returns failed attempts.
pub(super) fn push_back(first: u32, last: u32, code: usize) -> u32 {
    SHARED.push(&SlotLinks, code, first, last)
}

/// Takes the whole stack of a code. Returns its first run.
pub(super) fn detach(code: usize) -> u32 {
    SHARED.detach_and_hide(code).first
}

fn pop(code: usize) -> (Option<u32>, u32) {
    SHARED.pop_or_hide(&SlotLinks, code)
}

/// Stage 1.
pub(super) fn reuse_empty_slot(set: &SlabSet, kind: RunKind) -> Option<Run> {
    if !config::get().stage1() {
        return None;
    }
    let (slot, retries) = take_same(kind);
    super::told(set, Stage::ReuseSame, kind, slot.map(|slot| Run { slot, content: Content::Unknown }), retries)
}

/// A run of the code, ACTIVE, and the failed attempts.
fn take_same(kind: RunKind) -> (Option<u32>, u32) {
    let _control = control_lock::for_acquire();
    let (slot, retries) = pop(kind.code());
    if let Some(slot) = slot {
        POOL.empty_slots.sub_n(kind.slots() as u64);
        registry::record(slot as usize).transition_activate(kind.code());
    }
    (slot, retries)
}

/// Stage 1b.
pub(super) fn reuse_other_empty_slot(set: &SlabSet, kind: RunKind) -> Option<Run> {
    if !config::get().stage1() {
        return None;
    }
    let (slot, retries) = take_other(set, kind);
    super::told(set, Stage::ReuseOther, kind, slot.map(|slot| Run { slot, content: Content::Unknown }), retries)
}

/// A run of another code or of a heap, cut to measure, or several joined; ACTIVE, and the failed attempts.
fn take_other(set: &SlabSet, kind: RunKind) -> (Option<u32>, u32) {
    let _control = control_lock::for_acquire();
    let mut retries = 0;
    let (same_size, larger) = candidates(kind);
    // a heap may have the very code: another one than that of `set`
    for (codes, of_heaps) in [(same_size, same_size | 1 << kind.code()), (larger, larger)] {
        let shared = bits::places_of(nonempty_codes() & codes).find_map(|code| {
            let (slot, failed) = pop(code);
            retries += failed;
            slot.map(|slot| (slot, code))
        });
        if let Some((slot, code)) = shared.or_else(|| empty_of_heaps::pop_any(set, of_heaps, &mut retries)) {
            cut(set, slot, RunKind::from_code(code), kind);
            return (Some(slot), retries);
        }
    }
    let joined = join::join_for(set, kind);
    if let Some(slot) = joined {
        registry::record(slot as usize).transition_activate(kind.code());
    }
    (joined, retries)
}

/// Makes the start of a popped run a run of `want`; what is left behind it stays EMPTY: behind a slab
/// as aligned runs, which serve slabs again, behind a span as one run.
fn cut(set: &SlabSet, slot: u32, have: RunKind, want: RunKind) {
    registry::record(slot as usize).transition_activate(want.code());
    let rest = have.slots() - want.slots();
    if rest > 0 {
        let behind = slot + want.slots() as u32;
        if want.align_slots() > 1 || have.align_slots() > 1 && !want.is_span() {
            release::push_aligned(behind, rest);
        } else {
            release::push_span(behind, rest);
        }
    }
    // at the end: what is pushed back never counts as in use
    empty_of_heaps::note_taken(set, have.slots());
}

/// The codes whose runs can serve `kind`: those of as many slots, and larger ones. The run of a
/// slab starts at a multiple of its slots, so that it serves every slab of fewer slots; a span's
/// run starts anywhere, so that it serves spans and slabs of one slot.
pub(super) fn candidates(kind: RunKind) -> (u128, u128) {
    let (same, larger) = CANDIDATES[kind.code()];
    (same & !(1 << kind.code()), larger)
}

static CANDIDATES: [(u128, u128); NUM_RUN_CODES] = make_candidates();

const fn make_candidates() -> [(u128, u128); NUM_RUN_CODES] {
    let mut all = [(0, 0); NUM_RUN_CODES];
    let mut want = 0;
    while want < NUM_RUN_CODES {
        let (slots, needs_alignment) = code_slots(want);
        let mut have = 0;
        while have < NUM_RUN_CODES {
            let (have_slots, have_alignment) = code_slots(have);
            let fits = !needs_alignment || slots == 1 || have_alignment;
            if fits && have_slots == slots {
                all[want].0 |= 1u128 << have;
            } else if fits && have_slots > slots {
                all[want].1 |= 1u128 << have;
            }
            have += 1;
        }
        want += 1;
    }
    all
}

/// Slots of a run code, and whether its runs start at a multiple of them.
const fn code_slots(code: usize) -> (usize, bool) {
    if code < NUM_CLASSES {
        (1 << class_order(code), true)
    } else {
        (code - NUM_CLASSES, code - NUM_CLASSES == SLOTS_PER_SUPERSLAB)
    }
}

/// Every run that stands here and its slots, in the child of a fork.
pub(super) fn for_each_run(mut visit: impl FnMut(u32, usize)) {
    for_each_run_of(&SHARED, &mut visit);
}

/// The same of any stacks.
pub(super) fn for_each_run_of(runs: &EmptyRuns, visit: &mut impl FnMut(u32, usize)) {
    for code in codes() {
        chain(runs.top(code)).for_each(|run| visit(run, RunKind::from_code(code).slots()));
    }
}

/// The runs of a chain that nobody changes: of a stack that was detached, or while all threads rest. What is done to a run
/// that was given may change its link.
pub(super) fn chain(first: u32) -> impl Iterator<Item = u32> {
    let some = |run| Some(run).filter(|&run| run != END);
    core::iter::successors(some(first), move |&run| some(SlotLinks.next(run)))
}

/// Shows every stack that has runs, in the child of a fork.
pub(super) fn show_stacks() {
    SHARED.show();
}

/// Every run code.
fn codes() -> impl Iterator<Item = usize> {
    (0..NUM_RUN_CODES).filter(|code| *code != NUM_CLASSES)
}

/// Faults of the stacks that stand here, and the slots on them: for checks, exact while all threads rest.
pub(super) fn check_rep() -> (usize, u64) {
    check_rep_of(&SHARED)
}

/// The same of any stacks.
pub(super) fn check_rep_of(runs: &EmptyRuns) -> (usize, u64) {
    let end = (extent::superslabs_made() * SLOTS_PER_SUPERSLAB) as u32;
    let (mut faults, mut slots) = (0, 0);
    for code in codes() {
        let (mut at, mut count) = (runs.top(code), 0);
        faults += usize::from(at != END && runs.shown() >> code & 1 == 0); // [HINT]
        // not by `chain`: a link is followed only where it can be one
        while at != END {
            if at >= end || count == end {
                faults += 1; // no slot, or a circle
                break;
            }
            let record = registry::record(at as usize);
            let is_as_pushed = record.state() == SlotState::Empty && record.code() == code;
            faults += usize::from(!is_as_pushed || registry::entry(at as usize) != ENTRY_UNUSED);
            count += 1;
            at = SlotLinks.next(at);
        }
        slots += u64::from(count) * RunKind::from_code(code).slots() as u64;
    }
    (faults, slots)
}

/// Hides the stack of a code from searches, or shows it again: for the test of the checks.
#[cfg(test)]
pub fn damage_hint(code: usize) {
    SHARED.damage_hint(code);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_large_enough_and_aligned() {
        for want in (0..NUM_RUN_CODES).filter(|c| *c != NUM_CLASSES) {
            let kind = RunKind::from_code(want);
            let (same, larger) = candidates(kind);
            assert_eq!(same & larger, 0);
            assert_eq!((same | larger) >> want & 1, 0);
            for have in (0..NUM_RUN_CODES).filter(|c| *c != NUM_CLASSES) {
                let run = RunKind::from_code(have);
                if (same | larger) >> have & 1 == 1 {
                    assert!(run.slots() >= kind.slots());
                    assert!(run.align_slots().is_multiple_of(kind.align_slots()));
                }
            }
        }
    }
}
