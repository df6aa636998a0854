//! In the child of a fork: the heaps of threads that do not exist there are used again.
//!
//! What other threads were doing is cut off at some instruction of theirs, each in the order of its
//! writes. A heap that nobody was inside is whole: its bins are good at every instruction. In a
//! heap that somebody was inside, lists and counts may be torn; but no block that a slow path moves is
//! in the program's hands before the path ends, so that bitmaps and slot table tell all that matters:
//!
//! ```text
//! adopt_orphans  with all signals blocked
//!   seize        every heap without a thread; the slab sets of torn ones are forgotten
//!   recover      huge blocks (large/recover.rs), then one walk over the slot table (shared_pool/recover.rs): each
//!                slab goes back to its set, counted anew; runs in nobody's hands become UNUSED
//!   finish       blocks in bins and depot go to their slabs, unless they are there already
//!   want_mail    heaps with mail that nobody is to fetch
//! ```
//!
//! What a whole heap has in bins and outbox stays there, since most children end, or run another program, soon:
//! `empty_next` and `empty_left_behind` empty it before the child takes fresh memory.
//!
//! Lost are the blocks and magazines that were in no list at that instruction, and mappings that no record led to.
//!
//! A signal handler may fork while its own thread is inside a heap or the pool, and goes on there in the child. So what
//! is torn is left alone unless the forking thread is known to be in neither: the owner's tenancy tells of its own
//! heap, `elsewhere.rs` of all else.
#![allow(unsafe_code)] // becomes the tenant of other heaps

use super::depot::Depot;
use super::heap::Heap;
use super::{bind, elsewhere, tls, visit};
use crate::geometry::*;
use crate::large;
use crate::magazine::stock;
use crate::mark;
use crate::os;
use crate::remote::forward::Forward;
use crate::shared_pool;
use crate::slab::directory::{self, HeapRecord, left_behind};
use crate::slab::owned::{head_slot, seems_free};
use crate::slab::set::{Put, SlabSet};
use crate::superslab::registry;
use crate::sync::tenancy::{Ended, Orphan, Visit};

/// Parks the heaps of threads that do not exist here; what these had in their hands is put right first, if this thread
/// is inside no heap and not in the pool.
///
/// No signal handler runs meanwhile: one that allocates would be in the midst of a pool that is not right yet.
pub fn adopt_orphans() {
    os::without_signals(adopt);
}

fn adopt() {
    let mine = tls::current();
    let may_repair = is_outside(mine);
    let mut is_cut = elsewhere::forget_others();
    directory::for_each(|id, record| {
        if Heap::of_record(record) != mine {
            is_cut |= times_elsewhere(record) > 0;
            is_cut |= seize(id, record, may_repair);
        } else if may_repair && record.shared.tenancy.is_visited() {
            // a visitor that is gone: this thread comes in its place
            set_of(record).forget();
            is_cut = true;
        }
    });
    if is_cut && may_repair {
        large::recover::recover();
        shared_pool::recover(take_slab, large::recover::superslabs_at);
        directory::for_each(|id, record| finish(id, record, mine));
        shared_pool::recount_advertised();
    }
    directory::for_each(want_mail);
    directory::recount_parked();
}

/// Empties an orphan, for a thread inside its own heap that is about to take fresh memory. `false`: there is none that
/// nobody is inside.
pub(super) fn empty_next() -> bool {
    let mut from = 0;
    while let Some(id) = left_behind().next(from, directory::ids()) {
        if let Some(record) = directory::find(id).filter(|record| record.shared.tenancy.is_parked()) {
            visit::visit_parked(record);
            if !left_behind().contains(id) {
                return true;
            }
        }
        from = id + 1;
    }
    false
}

/// Takes over what was left behind in heap `id`, by its tenant. `false`: nothing was.
pub(super) fn take_over(id: u32) -> bool {
    left_behind().contains(id) && left_behind().remove(id)
}

/// Notes that what was left behind is in heap `id`, which is about to have no owner.
pub(super) fn leave_behind(id: u32) {
    let _ = left_behind().insert(id);
}

/// Moves what an owner that does not exist here has left in bins and outbox into the depot and on its way; by the
/// tenant of heap `id`, which has no owner.
pub(super) fn empty_left_behind(id: u32, heap: *mut Heap, set: &mut SlabSet, depot: &mut Depot) {
    if !take_over(id) {
        return;
    }
    // SAFETY: [I-BIN] [I-OUTBOX] the heap has no owner, and the tenant is in its place.
    let front = unsafe { &mut (*heap).front };
    front.outbox.post_all(set.stats(), directory::want_visit);
    front.outbox.give_stock();
    bind::empty_bins(front, depot, set);
}

/// Whether the thread with this heap was not interrupted inside of it, of another one or of the pool.
fn is_outside(mine: *mut Heap) -> bool {
    // SAFETY: [I-HEAP] the thread's own heap.
    !elsewhere::is_heapless_inside()
        && (tls::is_shim(mine)
            || unsafe {
                !Heap::shared(mine).tenancy.is_busy() && (&raw const (*mine).front.times_elsewhere).read() == 0
            })
}

/// How many calls of the owner of a heap were elsewhere.
fn times_elsewhere(record: &'static HeapRecord) -> u32 {
    // SAFETY: [I-HEAP] its owner does not exist here.
    unsafe { (&raw const (*Heap::of_record(record)).front.times_elsewhere).read() }
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

/// Somebody may have been on the way to what was sent to the heap.
fn want_mail(id: u32, record: &'static HeapRecord) {
    if record.shared.tenancy.is_parked() && record.shared.has_mail() {
        directory::want_visit(id);
    }
}

fn park(id: u32, record: &'static HeapRecord) {
    leave_behind(id);
    // SAFETY: [I-OUTBOX] its owner does not exist here.
    let front = unsafe { &mut (*Heap::of_record(record)).front };
    front.outbox.recover();
    front.times_elsewhere = 0;
    shared_pool::give_up_empty_runs(set_of(record));
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

/// A slab that the slot table knows: it goes to its set, where that was forgotten. `false`: there is no such heap.
fn take_slab(slot: u32, class: usize, owner: u32) -> bool {
    let record = directory::find(owner);
    if let Some(record) = record.filter(|record| is_in_repair(record)) {
        set_of(record).recover(slot, class);
    }
    record.is_some()
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

/// Puts blocks of a torn heap into their slabs; what is there already is left. Blocks of another heap, which has
/// adopted their slab, are forwarded, unless their mark says that they were sent before.
fn put_back(set: &mut SlabSet, blocks: &[*mut u8]) {
    let mut forward = Forward::new();
    for &block in blocks {
        let Some(slot) = registry::slot_of(block as usize) else { continue };
        let entry = registry::entry(slot);
        let Some(class) = entry_class(entry) else { continue };
        if !CLASSES[class].is_block_start(block as usize) {
            continue;
        }
        let head = head_slot(slot, class);
        if entry_owner(entry) != set.owner() {
            // SAFETY: the start of a block of an ACTIVE slab.
            if unsafe { mark::is_local(block) } && !seems_free(head, block as usize) {
                // SAFETY: free, since a bin or the depot had it, and sent by nobody: that would have changed its mark.
                unsafe { forward.add(entry_owner(entry), class, block) };
            }
        } else if let (_, Put::Whole) = set.put_leading(head, class, &[block]) {
            shared_pool::release_slab(set, head, class);
        }
    }
    forward.post();
}
