//! EMPTY runs that stand with the heap whose slab has left them: first for that heap, and before a search for memory
//! that was not in use for all others.
//!
//! A heap that may have some is shown by a bit, which who pushes sets, and who finds nothing clears
//! (`sync/hint_word.rs`). The owner itself asks no bit, so that a heap whose runs go to and fro writes to no line
//! that all threads share: neither for the runs nor, mostly, for their number (`policy::empty_slots_to_tell`).
//!
//! That memory stays with the thread that used it last is the idea of the caches of pages by thread of mimalloc and
//! snmalloc; that all others may take it without its owner's help is that of the stacks here.

use super::{Run, control_lock, empty};
use crate::bits;
use crate::config;
use crate::geometry::*;
use crate::os;
use crate::policy;
use crate::slab::directory;
use crate::slab::empty_runs::EmptyRuns;
use crate::slab::set::SlabSet;
use crate::slab::shared::HeapShared;
use crate::stats::{POOL, Stage};
use crate::superslab::registry::{self, SlotLinks};
use crate::sync::census;
use crate::sync::hint_word::HintWord;
use crate::sync::tagged_stack::{END, Links};

/// The heaps that may have some.
static SHOWN: [HintWord; MAX_HEAPS / 64] = [const { HintWord::new() }; MAX_HEAPS / 64];

/// Shows a heap, to which something was pushed.
fn show(id: u32) {
    SHOWN[id as usize / 64].set(id as usize % 64); // [HINT]: behind the fence of the push
}

/// Hides a heap that has nothing.
fn hide_if_empty(id: u32, runs: &EmptyRuns) {
    if runs.is_empty() {
        SHOWN[id as usize / 64].clear(id as usize % 64, || !runs.is_empty());
    }
}

/// Whether a heap may have some: a hint.
pub(super) fn may_be_some() -> bool {
    SHOWN[..directory::ids().div_ceil(64)].iter().any(|word| word.bits() != 0)
}

/// The heaps that are shown, from `from` on, and then those before it.
fn shown_from(from: u32) -> impl Iterator<Item = (u32, &'static EmptyRuns)> {
    let (first, place, words) = (from as usize / 64, from % 64, directory::ids().div_ceil(64));
    let ids = (0..=words).flat_map(move |step| {
        let (word, at_or_behind) = ((first + step) % words, u64::MAX << place);
        let mask = match step {
            0 => at_or_behind,
            _ if step == words => !at_or_behind,
            _ => u64::MAX,
        };
        bits::places_of(SHOWN[word].bits() & mask).map(move |place| (word * 64 + place) as u32)
    });
    ids.filter_map(|id| directory::find(id).map(|record| (id, &record.shared.empty_runs)))
}

/// The tenant has put slots there, or taken them if they are below zero, from there or anywhere else.
fn count(shared: &HeapShared, slots: i64) {
    let untold = shared.untold_empty_slots.get() as i64 + slots;
    let told = policy::empty_slots_to_tell(untold, directory::in_use());
    // numbers below zero wrap, here and below, as the sums do
    shared.untold_empty_slots.add_n((slots - told) as u64);
    if told != 0 {
        POOL.empty_slots.add_n(told as u64);
    }
}

/// Notes a read-modify-write on the words of `set`, if it is the owner's.
fn note_own(set: &SlabSet) {
    census::note_own(|| set.shared().tenancy.is_busy());
}

/// ACTIVE -> EMPTY: a run of a slab, by the tenant of `set`, whose entry words are unused already. Returns failed
/// attempts.
pub(super) fn put(set: &SlabSet, slot: u32, kind: RunKind) -> u32 {
    registry::record(slot as usize).transition_empty(kind.code(), os::now_ms());
    count(set.shared(), kind.slots() as i64);
    note_own(set);
    let retries = set.shared().empty_runs.push(kind.code(), slot, slot);
    show(set.owner());
    retries
}

/// Counts slots that the tenant of `set` has taken from a stack.
pub(super) fn note_taken(set: &SlabSet, slots: usize) {
    count(set.shared(), -(slots as i64));
}

/// Stages 1 and 1b of a slab, as far as its own heap has an EMPTY run of so many slots.
pub(super) fn reuse_own(set: &SlabSet, kind: RunKind) -> Option<Run> {
    if kind.is_span() || !config::get().stage1() {
        return None;
    }
    let (slot, stage, retries) = take_own(set, kind)?;
    super::told(set, stage, kind, Some(Run { slot, content: Content::Unknown }), retries)
}

/// Such a run, ACTIVE, the stage that it came from, and the failed attempts.
fn take_own(set: &SlabSet, kind: RunKind) -> Option<(u32, Stage, u32)> {
    let _control = control_lock::for_acquire();
    let (runs, mut retries) = (&set.shared().empty_runs, 0);
    let (same_size, _) = empty::candidates(kind);
    let mut pop = |code| {
        let (slot, failed) = runs.pop(code);
        retries += failed;
        slot
    };
    let same = pop(kind.code()).map(|slot| (slot, Stage::ReuseSame));
    let (slot, stage) = same.or_else(|| {
        let other = bits::places_of(runs.codes() & same_size).find_map(pop);
        other.map(|slot| (slot, Stage::ReuseOther))
    })?;
    note_own(set);
    note_taken(set, kind.slots());
    registry::record(slot as usize).transition_activate(kind.code());
    Some((slot, stage, retries))
}

/// A run of one of `codes`, of any heap, that of `set` first. Adds failed attempts.
#[cold]
#[inline(never)]
pub(super) fn pop_any(set: &SlabSet, codes: u128, retries: &mut u32) -> Option<(u32, usize)> {
    for (id, runs) in shown_from(set.owner()).take(policy::EMPTY_RUNS_PROBES) {
        for code in bits::places_of(runs.codes() & codes) {
            let (slot, failed) = runs.pop(code);
            *retries += failed;
            if let Some(slot) = slot {
                return Some((slot, code));
            }
        }
        hide_if_empty(id, runs);
    }
    None
}

/// Hands all that stands with the heap to all, by its tenant, before it leaves it without an owner: a thread that
/// comes gets what is warmest, whichever heap it binds.
pub fn give_up_empty_runs(set: &SlabSet) {
    let runs = &set.shared().empty_runs;
    for code in bits::places_of(runs.codes()) {
        let first = runs.detach(code).first;
        if first != END {
            empty::push_back(first, last_of(first), code);
        }
    }
    let untold = &set.shared().untold_empty_slots;
    if untold.get() != 0 {
        POOL.empty_slots.add_n(untold.get()); // wrapping, as above
        untold.sub_n(untold.get());
    }
}

fn last_of(first: u32) -> u32 {
    core::iter::successors(Some(first), |&at| Some(SlotLinks.next(at)).filter(|&next| next != END))
        .last()
        .unwrap_or(first)
}

/// A stack of a heap that may hold something.
#[derive(Clone, Copy)]
pub(super) struct StackOfHeap {
    id: u32,
    runs: &'static EmptyRuns,
    /// The code of its runs.
    pub code: usize,
}

impl StackOfHeap {
    /// Takes the whole stack. Returns its first run.
    pub fn detach(self) -> u32 {
        self.runs.detach(self.code).first
    }

    /// Pushes a chain of runs back that was detached.
    pub fn push_back(self, first: u32, last: u32) {
        self.runs.push(self.code, first, last);
        show(self.id);
    }
}

/// Every stack of heaps that may hold something, of each heap that of the longest runs first: for who detaches it.
/// Heaps that have nothing afterwards are hidden.
pub(super) fn for_each_stack(mut visit: impl FnMut(StackOfHeap)) {
    for (id, runs) in shown_from(0) {
        let mut codes = runs.codes();
        while codes != 0 {
            let code = 127 - codes.leading_zeros() as usize;
            codes &= !(1 << code);
            visit(StackOfHeap { id, runs, code });
        }
        hide_if_empty(id, runs);
    }
}

/// Slots of EMPTY runs, here and on the stacks that all heaps share: exact while all threads rest.
pub fn empty_slots() -> u64 {
    let mut slots = POOL.empty_slots.get();
    directory::for_each(|_, record| slots = slots.wrapping_add(record.shared.untold_empty_slots.get()));
    (slots as i64).max(0) as u64
}

/// The same, but for a few slots of each heap that it has not told of.
#[inline]
pub(super) fn told_slots() -> u64 {
    (POOL.empty_slots.get() as i64).max(0) as u64
}

/// Every run and its slots, in the child of a fork.
pub(super) fn for_each_run(mut visit: impl FnMut(u32, usize)) {
    directory::for_each(|_, record| empty::for_each_run_of(&record.shared.empty_runs, &mut visit));
}

/// In the child of a fork, where the slots are counted anew: the push may have come, and its hint not.
pub(super) fn recover() {
    directory::for_each(|id, record| {
        let untold = &record.shared.untold_empty_slots;
        untold.sub_n(untold.get());
        record.shared.empty_runs.show();
        if !record.shared.empty_runs.is_empty() {
            show(id);
        }
    });
}

/// Faults of the stacks, and the slots that stand on them: for checks, exact while all threads rest.
pub(super) fn check_rep() -> (usize, u64) {
    let (mut faults, mut slots) = (0, 0);
    directory::for_each(|id, record| {
        let runs = &record.shared.empty_runs;
        let found = empty::check_rep_of(runs);
        let is_shown = SHOWN[id as usize / 64].shows(id as usize % 64);
        faults += found.0 + usize::from(!runs.is_empty() && !is_shown); // [HINT]
        slots += found.1;
    });
    (faults, slots)
}

/// Hides a heap from searches, or shows it again: for the test of the checks.
#[cfg(test)]
pub fn damage_shown(id: u32) {
    SHOWN[id as usize / 64].damage(id as usize % 64);
}
