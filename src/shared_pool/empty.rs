//! EMPTY runs: one stack for each run code, last in first out, so that the warmest is reused first.
//!
//! A run leaves EMPTY only by being popped, or detached with its whole stack by a purge. Hint
//! bits tell which stacks may hold something, so that no stage asks an empty stack; whoever finds a
//! stack empty clears its bit and looks once more, so no push is overlooked (`sync/hint_word.rs`).

use super::{Run, control_lock, join, release};
use crate::bits;
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::slab::set::SlabSet;
use crate::stats::{POOL, Stage};
use crate::superslab::extent;
use crate::superslab::header::SlotState;
use crate::superslab::registry::{self, SlotLinks};
use crate::sync::hint_word::HintWord;
use crate::sync::tagged_stack::{Chain, END, Links, TaggedStack};
use crate::sync::{Ordering, fence};

static STACKS: [TaggedStack<SLOT_INDEX_BITS>; NUM_RUN_CODES] = [const { TaggedStack::new() }; NUM_RUN_CODES];
static NONEMPTY: [HintWord; 2] = [const { HintWord::new() }; 2];

const _: () = assert!(NUM_RUN_CODES <= 128);

/// The codes whose stacks may hold something: hints; one that is seen late costs a fresh run, no more.
pub(super) fn nonempty_codes() -> u128 {
    u128::from(NONEMPTY[0].bits()) | u128::from(NONEMPTY[1].bits()) << 64
}

fn clear_hint(code: usize) {
    NONEMPTY[code / 64].clear(code % 64, || !STACKS[code].is_empty());
}

/// ACTIVE -> EMPTY: the caller's run, whose entry words are unused already. Returns failed attempts.
pub(super) fn push(slot: u32, kind: RunKind) -> u32 {
    registry::record(slot as usize).transition_empty(kind.code(), os::now_ms());
    POOL.empty_slots.add_n(kind.slots() as u64);
    push_back(slot, slot, kind.code())
}

/// Pushes a chain of EMPTY runs that was detached. Returns failed attempts.
pub(super) fn push_back(first: u32, last: u32, code: usize) -> u32 {
    let retries = STACKS[code].push_chain(&SlotLinks, first, last);
    fence(Ordering::SeqCst); // [HINT]: before the look at the hint
    NONEMPTY[code / 64].set(code % 64);
    retries
}

/// Takes the whole stack of a code.
pub(super) fn detach(code: usize) -> Chain {
    let chain = STACKS[code].detach();
    clear_hint(code);
    chain
}

fn pop(code: usize) -> (Option<u32>, u32) {
    if nonempty_codes() >> code & 1 == 0 {
        return (None, 0);
    }
    let popped = STACKS[code].pop(&SlotLinks);
    if popped.0.is_none() {
        clear_hint(code);
    }
    popped
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
    let (slot, retries) = take_other(kind);
    super::told(set, Stage::ReuseOther, kind, slot.map(|slot| Run { slot, content: Content::Unknown }), retries)
}

/// A run of another code, cut to measure, or several joined; ACTIVE, and the failed attempts.
fn take_other(kind: RunKind) -> (Option<u32>, u32) {
    let _control = control_lock::for_acquire();
    let mut retries = 0;
    let (same_size, larger) = candidates(kind);
    for group in [same_size, larger] {
        for code in bits::places_of(nonempty_codes() & group) {
            let (slot, failed) = pop(code);
            retries += failed;
            if let Some(slot) = slot {
                cut(slot, RunKind::from_code(code), kind);
                return (Some(slot), retries);
            }
        }
    }
    let joined = join::join_for(kind);
    if let Some(slot) = joined {
        registry::record(slot as usize).transition_activate(kind.code());
    }
    (joined, retries)
}

/// Makes the start of a popped run a run of `want`; what is left behind it stays EMPTY: behind a slab
/// as aligned runs, which serve slabs again, behind a span as one run.
fn cut(slot: u32, have: RunKind, want: RunKind) {
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
    POOL.empty_slots.sub_n(have.slots() as u64);
}

/// The codes whose runs can serve `kind`: those of as many slots, and larger ones. The run of a
/// slab starts at a multiple of its slots, so that it serves every slab of fewer slots; a span's
/// run starts anywhere, so that it serves spans and slabs of one slot.
fn candidates(kind: RunKind) -> (u128, u128) {
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

/// Every EMPTY run and its slots, in the child of a fork, whose stacks are whole at every instruction.
pub(super) fn for_each_run(mut visit: impl FnMut(u32, usize)) {
    for code in (0..NUM_RUN_CODES).filter(|code| *code != NUM_CLASSES) {
        let mut at = STACKS[code].top();
        while at != END {
            visit(at, RunKind::from_code(code).slots());
            at = SlotLinks.next(at);
        }
    }
}

/// Shows every stack that has runs, in the child of a fork: the push may have come, and its hint not.
pub(super) fn show_stacks() {
    for code in (0..NUM_RUN_CODES).filter(|code| !STACKS[*code].is_empty()) {
        NONEMPTY[code / 64].set(code % 64);
    }
}

/// Faults of the stacks, and the slots that stand on them: for checks, exact while all threads rest.
pub fn check_rep() -> (usize, u64) {
    let end = (extent::superslabs_made() * SLOTS_PER_SUPERSLAB) as u32;
    let (mut faults, mut slots) = (0, 0);
    for code in (0..NUM_RUN_CODES).filter(|code| *code != NUM_CLASSES) {
        let (mut at, mut runs) = (STACKS[code].top(), 0);
        faults += usize::from(at != END && nonempty_codes() >> code & 1 == 0); // [HINT]
        while at != END {
            if at >= end || runs == end {
                faults += 1; // no slot, or a circle
                break;
            }
            let record = registry::record(at as usize);
            let is_as_pushed = record.state() == SlotState::Empty && record.code() == code;
            faults += usize::from(!is_as_pushed || registry::entry(at as usize) != ENTRY_UNUSED);
            runs += 1;
            at = SlotLinks.next(at);
        }
        slots += u64::from(runs) * RunKind::from_code(code).slots() as u64;
    }
    (faults, slots)
}

/// Hides the stack of a code from searches, or shows it again: for the test of the checks.
#[cfg(test)]
pub fn damage_hint(code: usize) {
    NONEMPTY[code / 64].damage(code % 64);
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
