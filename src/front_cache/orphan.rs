//! In the child of a fork: the heaps of threads that do not exist there are used again.
//!
//! What other threads were doing is cut off at some instruction of theirs, each in the order of its
//! writes. A heap that nobody was inside is whole: its bins are good at every instruction. In a
//! heap that somebody was inside, lists and counts may be torn; but no block that a slow path moves is
//! in the program's hands before the path ends, so that bitmaps and slot table tell all that matters:
//!
//! ```text
//! adopt_orphans
//!   seize        every heap without a thread; the slab sets of torn ones are forgotten
//!   recover      one walk over the slot table: each slab goes back to its set, counted anew
//!   put_back     blocks in bins and depot go to their slabs, unless they are there already
//! ```
//!
//! Lost are the blocks and a magazine or two, a run at most, that were in no list at that instruction.
//!
//! A signal handler may fork while its own thread is inside a heap, and goes on there in the child.
//! So torn heaps are left alone unless the forking thread is known to be in none.
#![allow(unsafe_code)] // becomes the tenant of other heaps

use super::heap::Heap;
use super::tls;
use crate::geometry::*;
use crate::magazine::stock;
use crate::shared_pool;
use crate::slab::directory::{self, HeapRecord};
use crate::slab::owned::head_slot;
use crate::slab::set::{Put, SlabSet};
use crate::superslab::{extent, registry};
use crate::sync::tenancy::{Ended, Orphan, Visit};

/// While it lives, the thread may be inside another heap than its own. A shim has no count.
#[derive(Debug)]
pub struct Elsewhere(*mut Heap);

impl Elsewhere {
    /// Before the first visit.
    #[inline]
    pub fn enter() -> Self {
        let heap = tls::current();
        if !tls::is_shim(heap) {
            count_visits(heap, 1);
        }
        Self(heap)
    }
}

impl Drop for Elsewhere {
    #[inline]
    fn drop(&mut self) {
        if !tls::is_shim(self.0) {
            count_visits(self.0, -1);
        }
    }
}

#[inline]
fn count_visits(heap: *mut Heap, change: i32) {
    // SAFETY: [I-HEAP] the count is the owner thread's; volatile, so that it stands in memory whenever
    // a signal comes. Should the thread have moved to another heap meanwhile, nobody asks this one.
    unsafe {
        let visits = &raw mut (*heap).front.visits;
        visits.write_volatile(visits.read_volatile().wrapping_add_signed(change));
    }
}

/// Parks the heaps of threads that do not exist here; torn ones are put right first, if this thread
/// is inside no heap.
pub fn adopt_orphans() {
    let mine = tls::current();
    let may_repair = is_outside(mine);
    let mut torn = false;
    directory::for_each(|id, record| {
        if Heap::of_record(record) != mine {
            torn |= seize(id, record, may_repair);
        } else if may_repair && record.shared.tenancy.is_visited() {
            // a visitor that is gone: this thread comes in its place
            set_of(record).forget();
            torn = true;
        }
    });
    if torn {
        recover();
        directory::for_each(|id, record| finish(id, record, mine));
    }
    directory::recount_parked();
}

/// Whether the thread with this heap was not interrupted inside of it or of another one.
fn is_outside(mine: *mut Heap) -> bool {
    // SAFETY: [I-HEAP] the thread's own heap.
    !tls::is_shim(mine)
        && unsafe { !Heap::shared(mine).tenancy.is_busy() && (&raw const (*mine).front.visits).read() == 0 }
}

/// Takes an orphan, and parks it if it is whole. `true`: it is torn, and still taken.
fn seize(id: u32, record: &'static HeapRecord, may_repair: bool) -> bool {
    let tenancy = &record.shared.tenancy;
    if !may_repair && !tenancy.is_idle() {
        return false;
    }
    match tenancy.transition_seize() {
        Some(Orphan::Torn) => {
            set_of(record).forget();
            return true;
        }
        Some(Orphan::Whole) => park(id, record),
        None => directory::note_parked(id), // its owner may have been about to
    }
    false
}

fn park(id: u32, record: &'static HeapRecord) {
    // SAFETY: [I-OUTBOX] its owner does not exist here.
    let front = unsafe { &mut (*Heap::of_record(record)).front };
    front.outbox.recover();
    front.visits = 0;
    shared_pool::advertise(set_of(record));
    let ended = record.shared.tenancy.transition_end_visit(Visit::Parked);
    debug_assert_eq!(ended, Ended::Parked);
    directory::note_parked(id);
}

#[allow(clippy::mut_from_ref)] // the record's cell; no two live at a time
fn set_of(record: &'static HeapRecord) -> &'static mut SlabSet {
    // SAFETY: [I-TENANT] the heap was seized, or its visitor is gone, and there is no other thread.
    unsafe { &mut *record.set.get() }
}

/// Whether a heap waits for its slabs: nothing else is seized or visited by now.
fn is_in_repair(record: &'static HeapRecord) -> bool {
    !record.shared.tenancy.is_parked() && !record.shared.tenancy.is_idle()
}

fn recover() {
    let mut slot = 0;
    let slots = extent::superslabs_made() * SLOTS_PER_SUPERSLAB;
    while slot < slots {
        let entry = registry::entry(slot);
        let class = entry_class(entry).filter(|class| head_slot(slot, *class) as usize == slot);
        if let Some((class, record)) = class.zip(directory::find(entry_owner(entry)))
            && is_in_repair(record)
        {
            set_of(record).recover(slot as u32, class);
        }
        slot += class.map_or(1, |class| RunKind::slab(class).slots());
    }
}

/// Ends the repair of one heap. What this thread keeps at hand in its own stays there.
fn finish(id: u32, record: &'static HeapRecord, mine: *mut Heap) {
    if !is_in_repair(record) {
        return;
    }
    let heap = Heap::of_record(record);
    if heap == mine {
        let ended = record.shared.tenancy.transition_end_visit(Visit::Owned);
        debug_assert_eq!(ended, Ended::Idle);
        return;
    }
    let set = set_of(record);
    // SAFETY: [I-TENANT] [I-BIN] seized, and the owner does not exist here.
    let (front, depot) = unsafe { (&mut (*heap).front, &mut *(*heap).depot.get()) };
    depot.abandon(|blocks| put_back(set, blocks));
    for bin in &mut front.bins {
        let magazine = bin.magazine();
        put_back(set, bin.abandon());
        // SAFETY: the child of a fork.
        let _ = unsafe { stock::give_up(magazine, |_| {}) };
    }
    park(id, record);
}

/// Puts blocks of a torn heap into their slabs; what is there already, or another heap's, is left.
fn put_back(set: &mut SlabSet, blocks: &[*mut u8]) {
    for &block in blocks {
        let Some(slot) = registry::slot_of(block as usize) else { continue };
        let entry = registry::entry(slot);
        let Some(class) = entry_class(entry).filter(|_| entry_owner(entry) == set.owner()) else { continue };
        let info = &CLASSES[class];
        if !is_block_start(block as usize & info.slab_mask as usize, info.inverse) {
            continue;
        }
        let head = head_slot(slot, class);
        if let (_, Put::Whole) = set.put_leading(head, class, &[block]) {
            shared_pool::release_slab(set, head, class);
        }
    }
}
