//! Joining EMPTY runs that lie side by side, when stage 1b has none that is long enough.
//!
//! A run leaves its stack only from the top, so a join takes every stack whole, notes the runs as bits
//! of their SuperSlabs, and pushes what lies together back as aligned runs as long as can be. It
//! looks at every EMPTY run; releases pay for it (`policy::joining_pays`). One thread at a time
//! joins, others go on to stage 2.

use super::{empty, empty_of_heaps, release};
use crate::bits;
use crate::geometry::*;
use crate::policy;
use crate::slab::set::SlabSet;
use crate::stats::POOL;
use crate::superslab::extent;
use crate::superslab::header::{free_run_starts, run_mask};
use crate::superslab::registry;
use crate::sync::election::Election;
use crate::sync::tagged_stack::END;
use crate::sync::{AtomicU64, Ordering};

static JOINER: Election = Election::new();
/// Runs that had been released when somebody joined last.
static RELEASED_BEFORE: AtomicU64 = AtomicU64::new(0);
/// EMPTY slots that the joiner may have in its hands, which count as no EMPTY ones meanwhile.
static GATHERED_SLOTS: AtomicU64 = AtomicU64::new(0);

/// The most bytes of EMPTY runs that the joiner has in its hands.
pub(super) fn gathered_bytes() -> usize {
    // relaxed, here and below: like every sum of counters, a little behind
    GATHERED_SLOTS.load(Ordering::Relaxed) as usize * SLOT_BYTES
}

/// An EMPTY run of `kind` made of shorter ones; the caller owns it.
pub(super) fn join_for(set: &SlabSet, kind: RunKind) -> Option<u32> {
    let (warm, released) = (empty_of_heaps::slots_known_to(set), POOL.released_runs.get());
    // relaxed, here and below: a threshold
    let new = released.wrapping_sub(RELEASED_BEFORE.load(Ordering::Relaxed));
    if kind.slots() == 1 || !policy::joining_pays(kind.slots() as u64, warm, new) || !JOINER.transition_elect() {
        return None;
    }
    RELEASED_BEFORE.store(released, Ordering::Relaxed);
    let joined = push_joined(gather_all(), kind);
    GATHERED_SLOTS.store(0, Ordering::Relaxed);
    JOINER.transition_resign();
    joined
}

/// Takes every stack and notes its runs in their SuperSlabs. Returns the first of these; each leads to
/// the next.
fn gather_all() -> u32 {
    let (mut touched, mut slots) = (END, 0);
    for code in bits::places_of(empty::nonempty_codes()) {
        slots += gather(empty::detach(code), code, &mut touched);
    }
    empty_of_heaps::for_each_stack(|stack| {
        slots += gather(stack.detach(), stack.code, &mut touched);
        true
    });
    GATHERED_SLOTS.store(slots, Ordering::Relaxed);
    POOL.empty_slots.sub_n(slots);
    touched
}

/// Notes the runs of a stack of a code, of which `first` is the first. Returns their slots.
fn gather(first: u32, code: usize, touched: &mut u32) -> u64 {
    let run_slots = RunKind::from_code(code).slots();
    let mut slots = 0;
    for run in empty::chain(first) {
        let (superslab, place) = registry::split_slot(run as usize);
        if registry::header(superslab).gather(run_mask(place, run_slots), *touched) {
            *touched = superslab as u32;
        }
        slots += run_slots as u64;
    }
    slots
}

/// Pushes what was gathered, but for the first run that can be `kind`: that one is returned.
fn push_joined(mut superslab: u32, kind: RunKind) -> Option<u32> {
    let mut served = None;
    while superslab != END {
        let first_slot = superslab * SLOTS_PER_SUPERSLAB as u32;
        let (mut bits, next) = registry::header(superslab as usize).take_gathered();
        let starts = free_run_starts(!bits, kind.slots(), kind.align_slots());
        if served.is_none() && starts != 0 {
            let first = starts.trailing_zeros();
            bits &= !run_mask(first as usize, kind.slots());
            served = Some(first_slot + first);
        }
        while bits != 0 {
            let first = bits.trailing_zeros();
            let slots = (bits >> first).trailing_ones() as usize;
            bits &= !run_mask(first as usize, slots);
            if kind.is_span() || slots == SLOTS_PER_SUPERSLAB {
                release::push_span(first_slot + first, slots);
            } else {
                release::push_aligned(first_slot + first, slots);
            }
        }
        superslab = next;
    }
    served
}

/// In the child of a fork: what a thread that does not exist here was joining is lost to the child.
pub(super) fn reset_after_fork() {
    if JOINER.is_taken() {
        (0..extent::superslabs_made()).for_each(|superslab| _ = registry::header(superslab).take_gathered());
        GATHERED_SLOTS.store(0, Ordering::Relaxed);
        JOINER.transition_resign();
    }
}
