//! Adopting slabs of parked heaps: ABANDONED -> ATTACHED. (Those of owners that rest: `front_cache/surplus.rs`.)
//!
//! A thread that exits parks its heap with its partial slabs. The next thread that starts binds the
//! heap whole; until then, threads that need a slab borrow it and take one of its partial slabs.
//! A counter for each class tells how many parked heaps have one, so that nobody searches in vain.
#![allow(unsafe_code)] // the borrower becomes the tenant of another heap's set

use super::trace;
use crate::bits;
use crate::geometry::*;
use crate::policy::ADOPT_PROBES;
use crate::slab::directory;
use crate::slab::set::SlabSet;
use crate::stats::Stage;
use crate::sync::counter::SharedCounter;
use crate::sync::tenancy::Ended;
use crate::sync::{AtomicU32, Ordering};

/// Parked heaps with a partial slab, by class.
static ADVERTISED: [SharedCounter; NUM_CLASSES] = [const { SharedCounter::new() }; NUM_CLASSES];
const _: () = assert!(NUM_CLASSES <= u128::BITS as usize); // `SlabSet::advertised`: a bit for each class

/// Where the next search begins.
static CURSOR: AtomicU32 = AtomicU32::new(0);

/// Counts the classes of which the parked heap has partial slabs; by its tenant, before it leaves.
pub fn advertise(set: &mut SlabSet) {
    for (class, heaps) in ADVERTISED.iter().enumerate() {
        let (partial, shown) = (set.first_partial(class), set.advertised >> class & 1 == 1);
        if let Some(slot) = partial.filter(|_| !shown) {
            trace::event(trace::Event::Abandoned, RunKind::slab(class), slot);
            heaps.add();
            set.advertised |= 1 << class;
        } else if partial.is_none() && shown {
            heaps.sub_n(1);
            set.advertised &= !(1 << class);
        }
    }
}

/// Takes back what [`advertise`] counted; by the tenant, when the heap is bound.
pub fn unadvertise(set: &mut SlabSet) {
    for class in bits::places_of(core::mem::take(&mut set.advertised)) {
        ADVERTISED[class].sub_n(1);
    }
}

/// Parked heaps that are counted as having a partial slab of the class: for checks.
pub fn advertised(class: usize) -> u64 {
    ADVERTISED[class].get()
}

/// Sets the number of such heaps of each class, in the child of a fork: counted anew.
pub(super) fn reset_advertised(heaps: &[u64; NUM_CLASSES]) {
    ADVERTISED.iter().zip(heaps).for_each(|(advertised, &heaps)| advertised.reset(heaps));
}

/// Counts so many heaps more: for the test of the checks.
#[cfg(test)]
pub fn damage_advertised(class: usize, heaps: u64) {
    ADVERTISED[class].add_n(heaps);
}

/// Attaches a partial slab of a parked heap to `set`.
pub(super) fn adopt_abandoned(set: &mut SlabSet, class: usize) -> bool {
    if ADVERTISED[class].get() == 0 {
        return false;
    }
    // relaxed, here and below: only spreads the searches
    let mut from = CURSOR.load(Ordering::Relaxed);
    for _ in 0..ADOPT_PROBES {
        let Some(id) = directory::next_parked(from).or_else(|| directory::next_parked(0)) else { break };
        from = id + 1;
        if take_over(set, id, class) {
            CURSOR.store(id, Ordering::Relaxed);
            return true;
        }
    }
    CURSOR.store(from, Ordering::Relaxed);
    set.stats().account_stage_miss(Stage::Adopt, 0);
    false
}

/// Borrows heap `id`, if it is parked, and moves a partial slab of the class from it to `set`, all
/// before the visit ends: the next tenant of `id` must find the entry words changed.
fn take_over(set: &mut SlabSet, id: u32, class: usize) -> bool {
    let Some(heap) = directory::find(id) else { return false };
    let Some(visit) = heap.shared.tenancy.transition_visit_parked() else { return false };
    // SAFETY: [I-TENANT] the transition made this thread the heap's tenant until it ends the visit.
    let theirs = unsafe { &mut *heap.set.get() };
    let is_taken = adopt_partial(set, theirs, class);
    advertise(theirs);
    let ended = heap.shared.tenancy.transition_end_visit(visit);
    debug_assert_eq!(ended, Ended::Parked);
    // [PARK]: who posted meanwhile saw the heap borrowed and has left the batch to us
    if heap.shared.has_mail() {
        directory::want_visit(id);
    }
    is_taken
}

/// Moves a partial slab of the class from one set to another, both of which the caller is the tenant of. `false`: there
/// is none.
pub fn adopt_partial(set: &mut SlabSet, theirs: &mut SlabSet, class: usize) -> bool {
    let Some(slot) = theirs.give_up_partial(class) else { return false };
    set.attach_adopted(slot, class, theirs.owner());
    let slots = RunKind::slab(class).slots();
    theirs.stats().released_slots.add_n(slots as u64);
    set.stats().account_acquired(slots);
    set.stats().account_stage_hit(Stage::Adopt, 0);
    trace::line(Stage::Adopt, RunKind::slab(class), slot);
    true
}
