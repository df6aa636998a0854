//! Visiting a heap in its owner's place: draining its queue when the owner sleeps or is gone.
#![allow(unsafe_code)] // the visitor becomes the tenant of another heap

use super::bin::Bin;
use super::bind::abandon_slabs;
use super::confirm::bin_holds;
use super::depot::Depot;
use super::elsewhere::Elsewhere;
use super::heap::{FrontCache, Heap};
use super::orphan;
use crate::geometry::*;
use crate::magazine::Magazine;
use crate::policy;
use crate::remote::drain::{Receiver, drain, settle_class};
use crate::remote::outbox::Posted;
use crate::shared_pool;
use crate::slab::directory::{self, HeapRecord};
use crate::slab::set::SlabSet;
use crate::sync::tenancy::{Ended, Visit};

/// Helps the owner that a post asked for.
#[inline]
pub fn after(posted: Posted) {
    if let Posted::OwnerNeedsHelp(owner) = posted {
        help(owner);
    }
}

/// Drains the queue of heap `owner` if nobody is inside it: blocks go back to their slabs, whole
/// slabs to the pool. Where the heap has no owner its depot is emptied too, and its slabs are listed
/// for adoption; an owner's depot is emptied of classes that shrink. Then visits the heaps that blocks
/// were forwarded to.
#[cold]
pub fn help(owner: u32) {
    if let Some(record) = directory::find(owner) {
        visit(record, Depth::Queue);
    }
    help_wanted();
}

/// Visits the heaps that somebody wanted visited while it was inside another one itself.
#[inline]
pub fn help_wanted() {
    for _ in 0..policy::VISIT_CHAIN {
        let Some(record) = directory::take_wanted().and_then(directory::find) else { return };
        visit(record, Depth::Queue);
    }
}

/// Empties a heap without an owner; if it has one by now, what was sent to it.
pub(super) fn visit_parked(record: &'static HeapRecord) {
    visit(record, Depth::Queue);
}

/// How far a visit to a heap with an owner goes; in one without, everything goes home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    /// What was sent to it.
    Queue,
    /// Its depot as well.
    Depot,
}

/// One visit, and more of them as long as others go on sending to a heap that they find visited.
#[cold]
fn visit(record: &'static HeapRecord, depth: Depth) {
    let _visit = Elsewhere::enter();
    for _ in 0..policy::VISIT_ROUNDS {
        let Some(visit) = record.shared.tenancy.transition_visit() else { return };
        record.shared.stats.visits.add();
        tidy(record, visit, depth);
        if !leave(record, visit) {
            return;
        }
    }
    // others send faster than this thread takes: whoever comes by next goes on
    directory::want_visit(owner_of(record));
}

/// A visitor's work, as the tenant of the heap; an owner's bins and outbox are left alone.
fn tidy(record: &'static HeapRecord, visit: Visit, depth: Depth) {
    let heap = Heap::of_record(record);
    // SAFETY: [I-TENANT] the visit made this thread the tenant.
    let (set, depot) = unsafe { (&mut *record.set.get(), &mut *(*heap).depot.get()) };
    if visit == Visit::Parked {
        orphan::empty_left_behind(set.owner(), heap, set, depot);
    }
    drain(set, &mut Arrivals::to_slabs(heap, depot));
    if visit == Visit::Parked || depth == Depth::Depot {
        empty_depot(set, depot);
    } else {
        empty_shrinking_depot(set, depot);
    }
    if visit == Visit::Parked {
        abandon_slabs(set);
    } else if depth == Depth::Depot {
        (0..NUM_CLASSES).for_each(|class| shared_pool::release_attached(set, class));
    }
    debug_assert_eq!(set.check_rep(), 0, "a visit leaves contradictions behind");
}

/// Ends a visit. A heap that its owner has given away meanwhile is emptied as a parked one first.
/// Returns whether the heap is to be visited again: others have sent something and, since somebody
/// was inside, left it at that.
#[must_use = "the heap is to be helped"]
pub fn leave(record: &'static HeapRecord, visit: Visit) -> bool {
    let tenancy = &record.shared.tenancy;
    let mut ended = tenancy.transition_end_visit(visit);
    if ended == Ended::Given {
        tidy(record, Visit::Parked, Depth::Depot);
        ended = tenancy.transition_end_visit(Visit::Parked);
    }
    if ended == Ended::Idle {
        return record.shared.has_backlog(); // what is below the bound waits for the owner
    }
    directory::note_parked(owner_of(record));
    record.shared.has_mail() // [PARK]
}

/// The id of the heap of a record.
pub(super) fn owner_of(record: &'static HeapRecord) -> u32 {
    // SAFETY: [I-HEAP]
    unsafe { Heap::id(Heap::of_record(record)) }
}

/// Bins and depot of a heap as a drain of its queue sees them.
pub(super) struct Arrivals<'a> {
    heap: *mut Heap,
    /// The owner's, when it drains itself.
    front: Option<&'a mut FrontCache>,
    depot: &'a mut Depot,
    /// Slabs that the heap has acquired.
    acquired_slabs: u64,
}

impl<'a> Arrivals<'a> {
    /// Batches of one class go to the depot, as far as it has room; of the others the bins take what they
    /// can hold.
    pub(super) fn to_front_cache(heap: *mut Heap, front: &'a mut FrontCache, depot: &'a mut Depot) -> Self {
        // SAFETY: [I-HEAP]
        let acquired_slabs = unsafe { Heap::shared(heap) }.stats.acquires.get();
        Self { heap, front: Some(front), depot, acquired_slabs }
    }

    /// Everything goes back to the slabs.
    pub(super) fn to_slabs(heap: *mut Heap, depot: &'a mut Depot) -> Self {
        Self { heap, front: None, depot, acquired_slabs: 0 }
    }
}

impl Receiver for Arrivals<'_> {
    fn admits(&mut self, class: usize, blocks: usize) -> bool {
        self.front.is_some() && self.depot.admits(class, blocks, self.acquired_slabs)
    }

    fn keep(&mut self, class: usize, batch: *mut Magazine) {
        // SAFETY: [I-MAGAZINE] the drain hands the batch over.
        unsafe { self.depot.put(class, batch) }
    }

    fn keep_empty(&mut self, batch: *mut Magazine) {
        // SAFETY: [I-MAGAZINE] as above.
        unsafe { self.depot.keep_empty(batch) }
    }

    #[inline]
    fn keep_block(&mut self, class: usize, block: *mut u8) -> bool {
        // SAFETY: [I-BIN] the thread's own bins.
        self.front.as_mut().is_some_and(|front| unsafe { Bin::push(&mut front.bins[class], block) })
    }

    fn holds(&self, class: usize, block: *mut u8) -> bool {
        bin_holds(self.heap, class, block) || self.depot.holds(class, block)
    }
}

/// Gives the blocks of a depot back to their slabs and recycles its magazines. [`help_wanted`] is to
/// follow when the heap has been left, as after every drain and every settling.
pub(super) fn empty_depot(set: &mut SlabSet, depot: &mut Depot) {
    for class in 0..NUM_CLASSES {
        if depot.blocks(class) > 0 {
            empty_depot_class(set, depot, class);
        }
    }
    depot.recycle_spares();
}

/// A sleeping owner's depot keeps no slabs from being given back.
fn empty_shrinking_depot(set: &mut SlabSet, depot: &mut Depot) {
    if depot.is_empty() {
        return;
    }
    for class in 0..NUM_CLASSES {
        if depot.blocks(class) > 0 && set.is_shrinking(class) {
            empty_depot_class(set, depot, class);
        }
    }
}

fn empty_depot_class(set: &mut SlabSet, depot: &mut Depot, class: usize) {
    while let Some(full) = depot.take(class) {
        // SAFETY: [I-MAGAZINE] taken out of the depot, it is this thread's.
        settle_class(set, class, unsafe { (*full).blocks() });
        // SAFETY: [I-MAGAZINE] its blocks are settled.
        unsafe { depot.keep_empty(full) };
    }
}

/// Visits every heap that can be entered and gives up its depot, and the whole slabs that it keeps.
pub(super) fn empty_all() {
    directory::for_each(|_, record| visit(record, Depth::Depot));
    help_wanted();
}
