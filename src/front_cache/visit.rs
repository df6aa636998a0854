//! Visiting a heap in its owner's place: draining its queue when the owner sleeps or is gone.
#![allow(unsafe_code)] // the visitor becomes the tenant of another heap

use super::bind::abandon_slabs;
use super::confirm::bin_holds;
use super::depot::Depot;
use super::heap::Heap;
use crate::geometry::*;
use crate::magazine::{self, Magazine};
use crate::policy;
use crate::remote::drain::{Receiver, drain, settle};
use crate::remote::outbox::Posted;
use crate::shared_pool;
use crate::slab::directory::{self, HeapRecord};
use crate::slab::set::SlabSet;
use crate::sync::tenancy::Visit;

/// Helps the owner that a post asked for.
#[inline]
pub fn after(posted: Posted) {
    if let Posted::OwnerNeedsHelp(owner) = posted {
        help(owner);
    }
}

/// Drains the queue of heap `owner` if nobody is inside it: blocks go back to their slabs, whole
/// slabs to the pool. Where the heap has no owner its depot is emptied too, and its slabs are listed
/// for adoption.
#[cold]
pub fn help(owner: u32) {
    let mut next = Some(owner);
    for _ in 0..policy::VISIT_CHAIN {
        let Some(record) = next.and_then(directory::find) else { return };
        next = visit_once(record);
    }
}

/// One visit. Returns another owner that needs help now.
fn visit_once(record: &'static HeapRecord) -> Option<u32> {
    let mut forward = None;
    loop {
        let Some(visit) = record.shared.tenancy.transition_visit() else { return forward };
        // SAFETY: [I-TENANT] the visit made this thread the tenant; bins and outbox are left alone.
        let (set, depot) = unsafe { (&mut *record.set.get(), &mut *(*Heap::of_record(record)).depot.get()) };
        set.stats().visits.add();
        if let Posted::OwnerNeedsHelp(other) = drain(set, &mut Arrivals::to_slabs(Heap::of_record(record), depot)) {
            forward = Some(other);
        }
        if visit == Visit::Parked {
            empty_depot(set, depot);
            abandon_slabs(set);
        }
        let owner = set.owner();
        if !record.shared.tenancy.transition_end_visit() {
            return forward; // the owner is back in its own heap
        }
        directory::note_parked(owner);
        // [PARK]: somebody may have posted while this thread was inside; and a heap that was given
        // away during the visit still has to be emptied as a parked one
        if visit == Visit::Parked && record.shared.queue.is_empty() {
            return forward;
        }
    }
}

/// Bin and depot of a heap as a drain of its queue sees them.
pub(super) struct Arrivals<'a> {
    heap: *mut Heap,
    depot: &'a mut Depot,
    keeps: bool,
}

impl<'a> Arrivals<'a> {
    /// Batches of one class go to the depot, as far as it has room.
    pub(super) fn to_depot(heap: *mut Heap, depot: &'a mut Depot) -> Self {
        Self { heap, depot, keeps: true }
    }

    /// Everything goes back to the slabs.
    pub(super) fn to_slabs(heap: *mut Heap, depot: &'a mut Depot) -> Self {
        Self { heap, depot, keeps: false }
    }
}

impl Receiver for Arrivals<'_> {
    fn keep(&mut self, class: usize, batch: *mut Magazine) -> bool {
        // SAFETY: [I-MAGAZINE] the drain hands the batch over when this returns true.
        unsafe {
            let room = self.keeps && self.depot.has_room(class, (*batch).count as usize);
            if room {
                self.depot.put(class, batch);
            }
            room
        }
    }

    fn holds(&self, class: usize, block: *mut u8) -> bool {
        bin_holds(self.heap, class, block) || self.depot.holds(class, block)
    }
}

/// Gives the blocks of a depot back to their slabs and recycles its magazines.
pub(super) fn empty_depot(set: &mut SlabSet, depot: &mut Depot) {
    for class in 0..NUM_CLASSES {
        while let Some(full) = depot.take(class) {
            // SAFETY: [I-MAGAZINE] taken out of the depot, it is this thread's.
            let posted = settle(set, unsafe { (*full).blocks() });
            // SAFETY: [I-MAGAZINE] its blocks are settled.
            unsafe { magazine::recycle(full) };
            after(posted);
        }
    }
    depot.recycle_spares();
}

/// Visits every heap that can be entered and purges all warm memory: what malloc_trim does. Returns
/// the bytes given back.
pub fn trim_all() -> usize {
    directory::for_each(|id, _| help(id));
    shared_pool::purge_all()
}
