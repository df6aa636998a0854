//! EMPTY runs that stand with the heap whose slab has left them: first for that heap, and before a search for memory
//! that was not in use for all others.
//!
//! A heap that may have some is shown by a bit, which who pushes sets, and who finds nothing clears
//! (`sync/hint_word.rs`). The owner clears it only when it leaves the heap, so that a heap whose runs go to and fro writes to no
//! line that all threads share: neither for the runs nor, mostly, for their number (`policy::empty_slots_to_tell`).
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
use crate::slab::set::SlabSet;
use crate::slab::shared::{EmptyRuns, HeapShared};
use crate::stats::{POOL, Stage};
use crate::superslab::registry::{self, SlotLinks};
use crate::sync::census;
use crate::sync::hint_word::HintWord;
use crate::sync::tagged_stack::END;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// What heaps had untold when a purge looked last, as their own sums: may be below zero.
static UNTOLD_SEEN: AtomicU64 = AtomicU64::new(0);
/// The heap at which the next search begins, and the next walk over all.
static CURSOR: AtomicU32 = AtomicU32::new(0);
/// The heaps that may have some.
static SHOWN: [HintWord; MAX_HEAPS / 64] = [const { HintWord::new() }; MAX_HEAPS / 64];

/// Shows a heap, to which something was pushed.
fn show(id: u32) {
    SHOWN[id as usize / 64].set(id as usize % 64); // [HINT]: behind the fence of the push
}

fn is_shown(id: u32) -> bool {
    SHOWN[id as usize / 64].shows(id as usize % 64)
}

/// Hides a heap that has nothing.
fn hide_if_empty(id: u32, runs: &EmptyRuns) {
    if is_shown(id) && runs.is_empty() {
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

/// Where a limit is to be kept exactly nothing is untold.
fn most_untold() -> u64 {
    let config = config::get();
    if config.purge_delay_ms() == 0 || config.memory_limit_mib() != 0 {
        return 0;
    }
    policy::most_untold_empty_slots(directory::in_use())
}

/// The tenant has put slots there, or taken them if they are below zero, from there or anywhere else.
fn count(shared: &HeapShared, slots: i64) {
    let untold = shared.untold_empty_slots.get() as i64 + slots;
    let told = policy::empty_slots_to_tell(untold, most_untold());
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
    let retries = set.shared().empty_runs.push(&SlotLinks, kind.code(), slot, slot);
    show(set.owner());
    retries
}

/// Counts slots that the tenant of `set` has taken from a stack.
pub(super) fn note_taken(set: &SlabSet, slots: usize) {
    count(set.shared(), -(slots as i64));
}

/// Stages 1 and 1b of a slab, as far as its own heap has an EMPTY run of so many slots.
pub(super) fn reuse_own(set: &SlabSet, kind: RunKind) -> Option<Run> {
    // the bit is asked first: a heap that has used many classes has as many stacks to look at
    if kind.is_span() || !config::get().stage1() || !is_shown(set.owner()) {
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
        let (slot, failed) = runs.pop(&SlotLinks, code);
        retries += failed;
        slot
    };
    let same = pop(kind.code()).map(|slot| (slot, Stage::ReuseSame));
    let (slot, stage) = same.or_else(|| {
        let other = bits::places_of(runs.shown() & same_size).find_map(pop);
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
    let own = (set.owner(), &set.shared().empty_runs);
    // relaxed, here and below: only spreads the searches
    let others = shown_from(CURSOR.load(Ordering::Relaxed)).filter(|&(id, _)| id != own.0);
    for (id, runs) in core::iter::once(own).chain(others.take(policy::EMPTY_RUNS_PROBES)) {
        for code in bits::places_of(runs.shown() & codes) {
            let (slot, failed) = runs.pop(&SlotLinks, code);
            *retries += failed;
            if let Some(slot) = slot {
                CURSOR.store(id, Ordering::Relaxed); // it may have more of them
                return Some((slot, code));
            }
        }
        hide_if_empty(id, runs);
        CURSOR.store(id + 1, Ordering::Relaxed);
    }
    None
}

/// Hands all that stands with the heap to all, by its tenant, before it leaves it without an owner: a thread that
/// comes gets what is warmest, whichever heap it binds.
pub fn give_up_empty_runs(set: &SlabSet) {
    let runs = &set.shared().empty_runs;
    for code in bits::places_of(runs.shown()) {
        let first = runs.detach(code).first;
        if first != END {
            empty::push_back(first, empty::chain(first).last().unwrap_or(first), code);
        }
    }
    hide_if_empty(set.owner(), runs);
    let untold = &set.shared().untold_empty_slots;
    if untold.get() != 0 {
        POOL.empty_slots.add_n(untold.get()); // wrapping, as above
        untold.sub_n(untold.get());
    }
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
        self.runs.push(&SlotLinks, self.code, first, last);
        show(self.id);
    }
}

/// Every stack of heaps that may hold something, of each heap that of the longest runs first: for who detaches it; until
/// `visit` says `false`. Heaps that have nothing afterwards are hidden.
pub(super) fn for_each_stack(mut visit: impl FnMut(StackOfHeap) -> bool) {
    for (id, runs) in shown_from(CURSOR.load(Ordering::Relaxed)) {
        CURSOR.store(id, Ordering::Relaxed);
        let mut codes = runs.shown();
        while codes != 0 {
            let code = 127 - codes.leading_zeros() as usize;
            codes &= !(1 << code);
            if !visit(StackOfHeap { id, runs, code }) {
                return;
            }
        }
        hide_if_empty(id, runs);
    }
}

/// What heaps have untold, as a sum that wraps.
fn untold() -> u64 {
    let mut slots = 0u64;
    directory::for_each(|_, record| slots = slots.wrapping_add(record.shared.untold_empty_slots.get()));
    slots
}

/// A sum that may be below zero for a moment.
fn above_zero(slots: u64) -> u64 {
    (slots as i64).max(0) as u64
}

/// Slots of EMPTY runs, here and on the stacks that all heaps share: exact while all threads rest.
pub fn empty_slots() -> u64 {
    above_zero(POOL.empty_slots.get().wrapping_add(untold()))
}

/// The same, but that what heaps have untold is as it was when [`look_at_untold`] looked.
#[inline]
pub(super) fn told_slots() -> u64 {
    // relaxed: part of a sum that is behind
    above_zero(POOL.empty_slots.get().wrapping_add(UNTOLD_SEEN.load(Ordering::Relaxed)))
}

/// The same, and what the heap of `set` has untold.
pub(super) fn slots_known_to(set: &SlabSet) -> u64 {
    above_zero(POOL.empty_slots.get().wrapping_add(set.shared().untold_empty_slots.get())).max(told_slots())
}

/// Looks what heaps have untold.
pub(super) fn look_at_untold() {
    UNTOLD_SEEN.store(untold(), Ordering::Relaxed); // relaxed: as above
}

/// Every run and its slots, in the child of a fork.
pub(super) fn for_each_run(mut visit: impl FnMut(u32, usize)) {
    directory::for_each(|_, record| empty::for_each_run_of(&record.shared.empty_runs, &mut visit));
}

/// In the child of a fork, where the slots are counted anew: the push may have come, and its hint not.
pub(super) fn recover() {
    UNTOLD_SEEN.store(0, Ordering::Relaxed); // relaxed: there is one thread
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
        faults += found.0 + usize::from(!runs.is_empty() && !is_shown(id)); // [HINT]
        slots += found.1;
    });
    (faults, slots)
}

/// Hides a heap from searches, or shows it again: for the test of the checks.
#[cfg(test)]
pub fn damage_shown(id: u32) {
    SHOWN[id as usize / 64].damage(id as usize % 64);
}
